//! Time that stands until a test moves it.

use std::sync::{Mutex, PoisonError};

use domain::clock::Clock;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// A clock that stands until it is moved. It begins at 2026-01-01 00:00 UTC.
#[derive(Debug)]
pub struct TestClock(Mutex<OffsetDateTime>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Mutex::new(datetime!(2026-01-01 00:00 UTC)))
    }
}

impl TestClock {
    /// Lets some seconds pass and gives the moment after them.
    pub fn pass(&self, seconds: i64) -> OffsetDateTime {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += Duration::seconds(seconds);
        *now
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
