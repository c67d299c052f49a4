//! Whether logs move in bulk just now, so that what can wait gives way to them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many entries at a time are a page of a first pull or of an import, and not what people write.
const BULK: usize = 64;
/// How long after a page the next one is near, on a slow machine too.
const NEAR: Duration = Duration::from_millis(500);

/// When entries were last stored or given to another hub in bulk, by this process.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<Option<Instant>>);

impl Traffic {
    /// Notes that so many entries were stored or given at a time.
    pub(crate) fn note(&self, entries: usize) {
        if entries >= BULK {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }

    /// Whether more of that is to be expected at any moment.
    pub fn is_heavy(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < NEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_heavy_only_while_pages_come() {
        let traffic = Traffic::default();
        assert!(!traffic.is_heavy(), "nothing moved yet");
        traffic.note(BULK - 1);
        assert!(!traffic.is_heavy(), "people write so much");
        traffic.note(BULK);
        tokio::time::advance(NEAR - Duration::from_millis(1)).await;
        assert!(traffic.is_heavy(), "the next page is near");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!traffic.is_heavy(), "no page came any more");
    }
}
