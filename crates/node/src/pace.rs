//! Pulling gives way to reading: while people read much, a pull rests after each page, so that they are served as well as
//! before. What it brings comes later then, but nobody waits for it. Indexing gives way to pulls, and to imports, in the same way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sync::round::Pace;
use tokio::time::{Instant, sleep};

/// With so much time for each answer or less, people read much.
const BUSY: Duration = Duration::from_millis(2);
/// A pull rests so many times as long as it worked.
const TIMES: u32 = 6;
/// The longest rest of a pull.
const LONGEST: Duration = Duration::from_secs(1);
/// Indexing rests so many times as long as it worked, up to a second.
const TIMES_FOR_BULK: u32 = 19;
/// The longest rest of indexing.
const LONGEST_FOR_BULK: Duration = Duration::from_secs(1);
/// How soon indexing sees that nothing moves any more.
const LOOK: Duration = Duration::from_millis(50);

/// How much is read, and by it how a pull goes on.
#[derive(Debug, Default)]
pub struct Reading {
    /// How many requests came that are no pull's, since a pull was last told to rest, or not.
    requests: AtomicU64,
}

impl Reading {
    /// Notes a request of anybody but a hub.
    pub fn note(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl Pace for Reading {
    fn rest(&self, worked: Duration) -> Duration {
        let meanwhile = self.requests.swap(0, Ordering::Relaxed);
        let meanwhile = u32::try_from(meanwhile).unwrap_or(u32::MAX);
        if meanwhile == 0 || BUSY.saturating_mul(meanwhile) < worked {
            return Duration::ZERO;
        }
        worked.saturating_mul(TIMES).min(LONGEST)
    }
}

/// Rests after some work, longer than that took, while logs move in bulk.
pub async fn give_way(worked: Duration, is_heavy: impl Fn() -> bool) {
    let until = Instant::now() + worked.saturating_mul(TIMES_FOR_BULK).min(LONGEST_FOR_BULK);
    while is_heavy() && Instant::now() < until {
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_rests_only_while_much_is_read() {
        let reading = Reading::default();
        let page = Duration::from_millis(40);
        assert_eq!(reading.rest(page), Duration::ZERO, "nobody reads");
        let read = |many: u32| (0..many).for_each(|_| reading.note());
        read(10);
        assert_eq!(reading.rest(page), Duration::ZERO, "a few read");
        read(20);
        assert_eq!(reading.rest(page), TIMES * page, "many read");
        assert_eq!(reading.rest(page), Duration::ZERO, "they are gone");
        read(5000);
        assert_eq!(reading.rest(Duration::from_secs(9)), LONGEST);
    }
    #[tokio::test(start_paused = true)]
    async fn work_gives_way_as_long_as_logs_move_and_not_for_ever() {
        let rested = async |worked: u64, moving: u64| {
            let started = Instant::now();
            let is_heavy = || started.elapsed() < Duration::from_millis(moving);
            give_way(Duration::from_millis(worked), is_heavy).await;
            started.elapsed().as_millis()
        };
        assert_eq!(rested(10, 0).await, 0, "nothing moves");
        assert_eq!(rested(10, 100).await, 100, "until nothing moves");
        assert_eq!(rested(10, 10_000).await, 200, "for nineteen times as long");
        assert_eq!(rested(1000, 10_000).await, 1000, "for a second at most");
    }
}
