//! Pulling gives way to reading: while people read much, a pull rests after each page, so that they are served as well as
//! before. What it brings comes later then, but nobody waits for it. Indexing gives way to pulls, and to imports, in the same way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use storage::Database;
use storage::traffic::is_much;
use sync::round::Pace;
use tokio::time::{Instant, sleep};

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

/// How a pull goes on beside those who read.
#[derive(Debug)]
pub struct Pulling {
    db: Database,
    /// How many requests there were when a pull was last told to rest, or not.
    requests: AtomicU64,
}

impl Pulling {
    /// By what is asked of a store in this process.
    pub const fn new(db: Database) -> Self {
        Self {
            db,
            requests: AtomicU64::new(0),
        }
    }
}

impl Pace for Pulling {
    fn rest(&self, worked: Duration) -> Duration {
        let requests = self.db.traffic().requests();
        let before = self.requests.swap(requests, Ordering::Relaxed);
        rest(requests.saturating_sub(before), worked)
    }
}

/// How long to rest after so much work and so many requests meanwhile.
fn rest(requests: u64, worked: Duration) -> Duration {
    if is_much(requests, worked) {
        worked.saturating_mul(TIMES).min(LONGEST)
    } else {
        Duration::ZERO
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
        let page = Duration::from_millis(40);
        assert_eq!(rest(0, page), Duration::ZERO, "nobody reads");
        assert_eq!(rest(10, page), Duration::ZERO, "a few read");
        assert_eq!(rest(20, page), TIMES * page, "many read");
        assert_eq!(rest(5000, Duration::from_secs(9)), LONGEST);
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
