//! Commits of this process that lists need not show yet: nobody was told of them so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After so long a commit is shown at once, by asking the database, even if the rows did not follow.
const LONGEST: Duration = Duration::from_secs(1);

/// The commits, and since when they are made.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<BTreeMap<u64, Instant>>);

impl Pending {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit with this number is about to be made.
    pub(super) fn begin(&self, position: u64) {
        self.held().insert(position, Instant::now());
    }

    /// Its writer is told of it, or it was not made.
    pub(super) fn end(&self, position: u64) {
        self.held().remove(&position);
    }

    /// Whether a commit is pending.
    pub(super) fn has(&self, position: u64) -> bool {
        self.held().contains_key(&position)
    }

    /// The rows have come to a commit.
    pub(super) fn reach(&self, position: u64) {
        self.held().retain(|pending, _| *pending > position);
    }

    /// The commit that lists must show at least when this one is the newest: commits of other processes, and those that
    /// somebody was told of.
    pub(super) fn least(&self, newest: u64) -> u64 {
        let mut held = self.held();
        held.retain(|_, since| since.elapsed() < LONGEST);
        let mut least = newest;
        while held.contains_key(&least) {
            least -= 1;
        }
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_was_told_of_need_not_be_shown_for_a_while() {
        let pending = Pending::default();
        assert_eq!(pending.least(7), 7, "nothing is pending");
        for position in [6, 7, 9] {
            pending.begin(position);
        }
        assert_eq!(pending.least(7), 5);
        assert_eq!(pending.least(8), 8, "another process made it");
        assert_eq!(pending.least(9), 8);
        pending.end(9);
        assert_eq!(pending.least(9), 9, "its writer was told");
        pending.reach(6);
        assert_eq!(pending.least(7), 6, "the rows have the one before");
        tokio::time::advance(LONGEST).await;
        assert_eq!(pending.least(7), 7, "it took too long");
        assert!(pending.held().is_empty());
    }
}
