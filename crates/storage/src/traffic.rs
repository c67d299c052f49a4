//! How much the store is used just now, so that what can wait gives way: whether logs move in bulk, and how much people ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many entries at a time are a page of a first pull or of an import, and not what people write.
const BULK: usize = 64;
/// How long after a page the next one is near, on a slow machine too.
const NEAR: Duration = Duration::from_millis(500);
/// After so long nothing gives way any more until there was a pause: anybody may ask for pages without end.
const LONGEST: Duration = Duration::from_mins(5);
/// With so much time for each request or less, people ask much.
const MUCH: Duration = Duration::from_millis(2);
/// With so much time for each request or less, they ask all the time.
const STEADILY: Duration = Duration::from_millis(10);

/// What this process does for others.
#[derive(Debug, Default)]
pub struct Traffic {
    /// When entries were stored or given to another hub in bulk.
    moving: Mutex<Option<Moving>>,
    requests: AtomicU64,
}

/// Pages that came one close after the other.
#[derive(Clone, Copy, Debug)]
struct Moving {
    first: Instant,
    last: Instant,
}

impl Traffic {
    /// Notes that so many entries were stored or given at a time.
    pub(crate) fn note(&self, entries: usize) {
        if entries >= BULK {
            let now = Instant::now();
            let mut held = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
            let moving = held.filter(|moving| now - moving.last < NEAR);
            let first = moving.map_or(now, |moving| moving.first);
            *held = Some(Moving { first, last: now });
        }
    }

    /// Notes a request of anybody but a hub.
    pub fn note_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests there were of anybody but hubs.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether more entries are to be expected at any moment.
    pub fn is_heavy(&self) -> bool {
        let held = *self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        held.is_some_and(|moving| moving.last.elapsed() < NEAR && moving.first.elapsed() < LONGEST)
    }
}

/// Whether so many requests in so much time are many, so that a pull gives way.
pub fn is_much(requests: u64, time: Duration) -> bool {
    comes_each(MUCH, requests, time)
}

/// Whether so many requests in so much time are a steady stream, so that what is done for each commit is done for several at
/// once. On a slow machine fewer are answered, and the more it matters.
pub fn is_steady(requests: u64, time: Duration) -> bool {
    comes_each(STEADILY, requests, time)
}

fn comes_each(time_for_one: Duration, requests: u64, time: Duration) -> bool {
    let requests = u32::try_from(requests).unwrap_or(u32::MAX);
    requests > 0 && time_for_one.saturating_mul(requests) >= time
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
        tokio::time::advance(NEAR / 2).await;
        assert!(traffic.is_heavy(), "the next page is near");
        tokio::time::advance(NEAR / 2).await;
        assert!(!traffic.is_heavy(), "no page came any more");
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            traffic.note(BULK);
            assert!(traffic.is_heavy(), "after {:?}", begun.elapsed());
            tokio::time::advance(NEAR / 2).await;
        }
        traffic.note(BULK);
        assert!(!traffic.is_heavy(), "not for ever");
        tokio::time::advance(NEAR).await;
        traffic.note(BULK);
        assert!(traffic.is_heavy(), "after a pause");
    }
}
