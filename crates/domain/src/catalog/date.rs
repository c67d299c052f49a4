//! Dates as exact as their source: a year, a month or a day.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use time::{Date, Month};

/// Why a date was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// The text is not a date of the calendar in one of the three forms.
    #[error("{0} is not a date such as 2012, 2012-05 or 2012-05-04")]
    Form(String),
    /// The year is before those that records are about.
    #[error("the year {0} is before {first}", first = PartialDate::FIRST_YEAR)]
    Year(u16),
}

/// A date of reduced precision (ISO 8601-1:2019, 5.2.2): `2012`, `2012-05` or `2012-05-04`, from 1945 to 9999.
///
/// Sources often give a year only, and inventing its day would be false. Two such dates can be compared as far as both
/// go, which is no order in the strict sense: 2012 is neither before nor after 2012-05.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    year: u16,
    month: u8,
    day: u8,
}

impl PartialDate {
    /// The first year that records may be about.
    pub const FIRST_YEAR: u16 = 1945;

    /// Parses one of the three forms.
    pub fn parse(raw: &str) -> Result<Self, DateError> {
        let date = from_digits(raw.trim()).filter(|date| date.in_calendar());
        let date = date.ok_or_else(|| DateError::Form(super::form::quoted(raw)))?;
        if date.year < Self::FIRST_YEAR {
            return Err(DateError::Year(date.year));
        }
        Ok(date)
    }

    /// A date of which only the year is known.
    pub const fn of_year(year: u16) -> Option<Self> {
        if year < Self::FIRST_YEAR || year > 9999 {
            return None;
        }
        Some(Self {
            year,
            month: 0,
            day: 0,
        })
    }

    /// The first day that the date may mean.
    ///
    /// # Panics
    /// Never: a date is one of the calendar.
    pub fn first_day(self) -> Date {
        let month = self.month().unwrap_or(Month::January);
        let day = self.day().unwrap_or(1);
        Date::from_calendar_date(self.year.into(), month, day)
            .expect("the date was found in the calendar")
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, if the source gives it.
    pub fn month(self) -> Option<Month> {
        Month::try_from(self.month).ok()
    }

    /// The day of the month, from 1, if the source gives it.
    pub const fn day(self) -> Option<u8> {
        if self.day == 0 { None } else { Some(self.day) }
    }

    /// Whether this date is after another, as far as both go.
    pub fn is_after(self, other: Self) -> bool {
        let shared = self.precision().min(other.precision());
        self.parts()[..shared] > other.parts()[..shared]
    }

    /// Whether this date is after a day, as far as it goes.
    pub fn is_after_day(self, day: Date) -> bool {
        let parts = [day.year(), u8::from(day.month()).into(), day.day().into()];
        let shared = self.precision();
        self.parts()[..shared] > parts[..shared]
    }

    /// The whole months from this date to a day, at least: what the source does not say is taken as late as can be.
    pub fn months_until(self, day: Date) -> u32 {
        let month = self.month().unwrap_or(Month::December);
        let last = month.length(self.year.into());
        let since_day = self.day().unwrap_or(last);
        let months = |year: i32, month: Month| year * 12 + i32::from(u8::from(month));
        let whole = months(day.year(), day.month()) - months(self.year.into(), month);
        let is_short = day.day() < since_day;
        u32::try_from(whole - i32::from(is_short)).unwrap_or(0)
    }

    /// The whole months from this date to another, at most: this one is taken as early, the other as late as can be.
    pub fn most_months_until(self, other: Self) -> u32 {
        let month = other.month().unwrap_or(Month::December);
        let day = other.day().unwrap_or(month.length(other.year.into()));
        let last = Date::from_calendar_date(other.year.into(), month, day)
            .expect("the date was found in the calendar");
        let first = Self {
            month: self.month.max(1),
            day: self.day.max(1),
            ..self
        };
        first.months_until(last)
    }

    /// A total order for lists: by year, month and day, a date without a part before those with one.
    pub const fn sort_key(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Whether this date comes before another in that order.
    pub fn comes_before(self, other: Self) -> bool {
        self.sort_key() < other.sort_key()
    }

    const fn precision(self) -> usize {
        1 + (self.month != 0) as usize + (self.day != 0) as usize
    }

    fn parts(self) -> [i32; 3] {
        [self.year.into(), self.month.into(), self.day.into()]
    }

    fn in_calendar(self) -> bool {
        match (self.month(), self.day()) {
            (month, None) => month.is_some() || self.month == 0,
            (None, Some(_)) => false,
            (Some(month), Some(day)) => {
                Date::from_calendar_date(self.year.into(), month, day).is_ok()
            }
        }
    }
}

/// Reads the digits of the three forms; a month or day of zero is refused, since zero stands for "not given" here.
fn from_digits(raw: &str) -> Option<PartialDate> {
    let (month, day) = match raw.len() {
        4 => (0, 0),
        7 => (two_digits(raw, 5)?, 0),
        10 => (two_digits(raw, 5)?, two_digits(raw, 8)?),
        _ => return None,
    };
    let year = digits(raw.get(..4)?)?;
    Some(PartialDate { year, month, day })
}

fn two_digits(raw: &str, at: usize) -> Option<u8> {
    if raw.as_bytes()[at - 1] != b'-' {
        return None;
    }
    let number = digits(raw.get(at..at + 2)?)?;
    u8::try_from(number).ok().filter(|&number| number > 0)
}

fn digits(raw: &str) -> Option<u16> {
    let clean = raw.bytes().all(|byte| byte.is_ascii_digit());
    raw.parse().ok().filter(|_| clean)
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month != 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day != 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    fn from_str(raw: &str) -> Result<Self, DateError> {
        Self::parse(raw)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn day(raw: &str) -> PartialDate {
        raw.parse().unwrap()
    }

    #[test]
    fn a_date_reads_back() {
        for good in [
            "1945",
            "9999",
            "2012-01",
            "2012-12",
            "2012-02-29",
            "2013-12-31",
        ] {
            assert_eq!(day(good).to_string(), good);
        }
        assert_eq!(day(" 2012 ").to_string(), "2012");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "",
            "12",
            "20120",
            "+201",
            "2012-",
            "2012-5",
            "2012-00",
            "2012-13",
            "2012/05",
            "2012-+5",
            "2012-05-00",
            "2012-05-32",
            "2013-02-29",
            "2012-05-4",
            "2012-05-04T",
            "2012-éé",
            "éé12-05",
        ] {
            let error = DateError::Form(format!("{bad:?}"));
            assert_eq!(PartialDate::parse(bad), Err(error), "{bad}");
        }
        assert_eq!(PartialDate::parse("1944-12"), Err(DateError::Year(1944)));
    }

    #[test]
    fn only_what_both_give_is_compared() {
        let check = |a: &str, b: &str, after: bool| {
            assert_eq!(day(a).is_after(day(b)), after, "{a} after {b}");
        };
        check("2013", "2012", true);
        check("2012", "2013", false);
        check("2012", "2012-05", false);
        check("2012-05", "2012", false);
        check("2012-06", "2012-05-31", true);
        check("2012-05", "2012-05-31", false);
        check("2012-05-31", "2012-05", false);
        check("2012-05-04", "2012-05-04", false);
        check("2012-05-05", "2012-05-04", true);
        check("2012-05-05", "2012-06-04", false);
    }

    #[test]
    fn a_year_lasts_until_its_end() {
        let today = date!(2026 - 11 - 24);
        for (raw, after) in [
            ("2026", false),
            ("2027", true),
            ("2026-11", false),
            ("2026-12", true),
            ("2026-11-24", false),
            ("2026-11-25", true),
            ("2025-12-31", false),
        ] {
            assert_eq!(day(raw).is_after_day(today), after, "{raw}");
        }
    }

    #[test]
    fn parts_are_given_as_far_as_known() {
        let parts = |raw| (day(raw).year(), day(raw).month(), day(raw).day());
        assert_eq!(parts("2012"), (2012, None, None));
        assert_eq!(parts("2012-05"), (2012, Some(Month::May), None));
        assert_eq!(parts("2012-05-04"), (2012, Some(Month::May), Some(4)));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_reads_back(raw in "[0-9-]{4,10}|\\PC{0,12}") {
            if let Ok(date) = PartialDate::parse(&raw) {
                prop_assert_eq!(date.to_string(), raw.trim());
            }
        }
    }

    #[test]
    fn months_are_counted_from_the_latest_day_that_a_date_may_mean() {
        let until = time::macros::date!(2026 - 08 - 20);
        let check =
            |since: &str, months| assert_eq!(day(since).months_until(until), months, "{since}");
        check("2025-08-20", 12);
        check("2025-08-21", 11);
        check("2025-08", 11);
        check("2025-07", 12);
        check("2024", 19);
        check("2027", 0);
    }
}
