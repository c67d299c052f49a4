//! Pulling gives way to reading: while people read much, a pull rests after each page, so that they are served as well as
//! before. What it brings comes later then, but nobody waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sync::round::Pace;

/// With so much time for each answer or less, people read much.
const BUSY: Duration = Duration::from_millis(2);
/// A pull rests so many times as long as it worked.
const TIMES: u32 = 2;
/// The longest rest.
const LONGEST: Duration = Duration::from_secs(1);

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
        assert_eq!(reading.rest(page), 2 * page, "many read");
        assert_eq!(reading.rest(page), Duration::ZERO, "they are gone");
        read(5000);
        assert_eq!(reading.rest(Duration::from_secs(9)), LONGEST);
    }
}
