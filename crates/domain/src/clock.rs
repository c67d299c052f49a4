//! Time as an input: the program brings the real clock, the tests a movable one.

use time::OffsetDateTime;

/// Tells the time. Times are shown to people; nothing is ordered or decided by them.
pub trait Clock: Send + Sync {
    /// The present moment in UTC.
    fn now(&self) -> OffsetDateTime;
}
