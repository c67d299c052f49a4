//! Which day it is, in a country with three time zones.

use time::macros::offset;
use time::{Date, OffsetDateTime, UtcOffset};

/// Indonesia's easternmost zone (WIT), where a day begins first.
const FIRST: UtcOffset = offset!(+9);
/// The zone in which most of Indonesia's people live (WIB).
const USUAL: UtcOffset = offset!(+7);

/// The latest day that it is anywhere in Indonesia: no date of what has happened is after it.
pub fn latest_day(now: OffsetDateTime) -> Date {
    now.to_offset(FIRST).date()
}

/// The day that is meant where none is given: that of the zone in which most people live.
pub fn usual_day(now: OffsetDateTime) -> Date {
    now.to_offset(USUAL).date()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_day_begins_in_the_east() {
        let check = |now: OffsetDateTime, latest: Date, usual: Date| {
            assert_eq!((latest_day(now), usual_day(now)), (latest, usual), "{now}");
        };
        let (before, day) = (date!(2026 - 08 - 19), date!(2026 - 08 - 20));
        check(datetime!(2026-08-19 14:59 UTC), before, before);
        check(datetime!(2026-08-19 15:00 UTC), day, before);
        check(datetime!(2026-08-19 17:00 UTC), day, day);
        check(datetime!(2026-08-20 06:59 +7), day, day);
        check(datetime!(2026-08-20 14:59 UTC), day, day);
    }
}
