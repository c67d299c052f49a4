//! Forms: many raw fields become one value, or every fault among them is told at once.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use time::Date;

use super::date::PartialDate;
use super::text::Words;
use super::vocabulary::{UnknownCode, Vocabulary};
use crate::identity::RecordRef;

/// One field that was refused, or that deserves a second look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path in the draft, for example `externalIds[1].value`.
    pub field: String,
    /// What is wrong with it, to be read after the path.
    pub reason: String,
}

impl Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Every fault of one form; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormErrors(Vec<FieldError>);

impl FormErrors {
    /// The faults, in the order of the form's fields.
    pub fn fields(&self) -> &[FieldError] {
        &self.0
    }
}

impl From<FieldError> for FormErrors {
    fn from(error: FieldError) -> Self {
        Self(vec![error])
    }
}

impl Display for FormErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().enumerate() {
            let separator = if nth == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FormErrors {}

/// Where a draft comes from, which decides what happens to values this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// A person or program at this hub wrote it: unknown values are faults.
    Typed,
    /// Another hub published it, perhaps with a newer version: unknown values are kept, as far as that is possible.
    Received,
}

impl Provenance {
    fn choose<V: Vocabulary>(self, raw: &str) -> Result<V, UnknownCode> {
        match self {
            Self::Typed => V::parse(raw),
            Self::Received => Ok(V::read(raw)),
        }
    }
}

/// Collects the faults of a form while its fields are parsed one after the other.
///
/// Every method gives `None` for what was refused. [`FormCheck::finish`] answers with all the faults, or builds the value.
///
/// ```
/// use domain::catalog::{FormCheck, PartialDate, Provenance, Title};
///
/// let mut form = FormCheck::new(Provenance::Typed);
/// let title = form.required("title", "Jempol Pelanduk", Title::parse);
/// let started = form.optional("startedOn", Some("2019-05"), PartialDate::parse);
/// let (title, started) = form.finish(|| Some((title?, started)))?;
/// # Ok::<(), domain::catalog::FormErrors>(())
/// ```
#[derive(Debug)]
pub struct FormCheck {
    provenance: Provenance,
    errors: Vec<FieldError>,
}

impl FormCheck {
    /// Opens a form.
    pub const fn new(provenance: Provenance) -> Self {
        Self {
            provenance,
            errors: Vec::new(),
        }
    }

    /// Tells where the draft comes from.
    pub const fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Whether a person or program at this hub wrote the draft.
    pub fn is_typed(&self) -> bool {
        self.provenance == Provenance::Typed
    }

    /// Notes a fault.
    pub fn refuse(&mut self, field: impl Display, reason: impl Display) {
        self.errors.push(FieldError {
            field: field.to_string(),
            reason: reason.to_string(),
        });
    }

    /// Takes the value of a parsed field, or notes why there is none.
    pub fn take<T, E: Display>(&mut self, field: impl Display, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.refuse(field, error)).ok()
    }

    /// Parses a field that must be filled; blank counts as left out.
    pub fn required<T, E: Display>(
        &mut self,
        field: impl Display,
        raw: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if is_blank(raw) {
            self.refuse(field, "is required");
            return None;
        }
        self.take(field, parse(raw))
    }

    /// Parses a field that may be left out; blank counts as left out.
    pub fn optional<T, E: Display>(
        &mut self,
        field: impl Display,
        raw: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let raw = raw.filter(|raw| !is_blank(raw))?;
        self.take(field, parse(raw))
    }

    /// Takes a whole number that may be left out.
    pub fn number(
        &mut self,
        field: impl Display,
        raw: Option<i64>,
        allowed: RangeInclusive<u64>,
    ) -> Option<u64> {
        let raw = raw?;
        let number = u64::try_from(raw)
            .ok()
            .filter(|number| allowed.contains(number));
        if number.is_none() {
            let (first, last) = (allowed.start(), allowed.end());
            self.refuse(
                field,
                format_args!("{raw} is not between {first} and {last}"),
            );
        }
        number
    }

    /// Takes a year that records may be about.
    pub fn year(&mut self, field: impl Display, raw: i64) -> Option<u16> {
        let first = u64::from(PartialDate::FIRST_YEAR);
        let year = self.number(field, Some(raw), first..=9999)?;
        u16::try_from(year).ok()
    }

    /// Parses prose that may be left out.
    pub fn prose<const LIMIT: usize>(
        &mut self,
        field: impl Display,
        raw: Option<&str>,
    ) -> Option<Words<LIMIT>> {
        self.optional(field, raw, Words::parse)
    }

    /// Parses a date that must be given and is not after `today`, where that is asked.
    pub fn day(
        &mut self,
        field: impl Display,
        raw: &str,
        today: Option<Date>,
    ) -> Option<PartialDate> {
        if is_blank(raw) {
            self.refuse(field, "is required");
            return None;
        }
        self.past(field, Some(raw), today)
    }

    /// Parses a date that may be left out and is not after `today`, where that is asked: the clock of another hub may be
    /// ahead of ours.
    pub fn past(
        &mut self,
        field: impl Display,
        raw: Option<&str>,
        today: Option<Date>,
    ) -> Option<PartialDate> {
        let date = self.optional(&field, raw, PartialDate::parse)?;
        if let Some(today) = today
            && date.is_after_day(today)
        {
            self.refuse(field, format_args!("{date} is after today, {today}"));
        }
        Some(date)
    }

    /// Takes a term of a vocabulary that must be given.
    pub fn choice<V: Vocabulary>(&mut self, field: impl Display, raw: &str) -> Option<V> {
        let provenance = self.provenance;
        self.required(field, raw, |raw| provenance.choose(raw))
    }

    /// Takes a term of a vocabulary that may be left out.
    pub fn optional_choice<V: Vocabulary>(
        &mut self,
        field: impl Display,
        raw: Option<&str>,
    ) -> Option<V> {
        let provenance = self.provenance;
        self.optional(field, raw, |raw| provenance.choose(raw))
    }

    /// Parses a group of fields that may be left out; their paths begin with the group's.
    pub fn part<R, T>(
        &mut self,
        field: impl Display,
        raw: Option<&R>,
        check: impl FnOnce(&mut Self, &R) -> Option<T>,
    ) -> Option<T> {
        self.within(field, |form| check(form, raw?))
    }

    /// Parses the items of a list; their paths are the list's with their index. A list with more than `most` items is
    /// refused unread, so that its length costs nothing.
    pub fn list<R, T>(
        &mut self,
        field: impl Display,
        raw: &[R],
        most: usize,
        mut check: impl FnMut(&mut Self, &R) -> Option<T>,
    ) -> Vec<T> {
        if raw.len() > most {
            let items = raw.len();
            self.refuse(field, format_args!("has {items} items; {most} are allowed"));
            return Vec::new();
        }
        let mut item = |form: &mut Self, (nth, raw)| {
            form.within(format_args!("[{nth}]"), |form| check(form, raw))
        };
        let mut items = Vec::with_capacity(raw.len());
        self.within(field, |form| {
            items.extend(raw.iter().enumerate().filter_map(|raw| item(form, raw)));
        });
        items
    }

    /// Parses references to records of any hub, without repeats.
    pub fn references(
        &mut self,
        field: impl Display,
        raw: &[String],
        most: usize,
    ) -> Vec<RecordRef> {
        let references = self.list(&field, raw, most, |form, raw| {
            form.take("", RecordRef::parse(raw))
        });
        self.distinct(field, &references);
        references
    }

    /// Notes a fault for every item that stands in the list already.
    pub fn distinct<T: PartialEq + Display>(&mut self, field: impl Display, items: &[T]) {
        for (nth, item) in items.iter().enumerate() {
            if items[..nth].contains(item) {
                self.refuse(&field, format_args!("repeats {item}"));
            }
        }
    }

    /// Closes the form: all its faults, or the value.
    ///
    /// # Panics
    /// When `build` gives `None` although no field was refused, which is a mistake in the caller's code.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, FormErrors> {
        if self.errors.is_empty() {
            Ok(build().expect("a form without faults has every required value"))
        } else {
            Err(FormErrors(self.errors))
        }
    }

    fn within<T>(&mut self, path: impl Display, check: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.errors.len();
        let value = check(self);
        for error in &mut self.errors[before..] {
            let direct = error.field.is_empty() || error.field.starts_with('[');
            let dot = if direct { "" } else { "." };
            error.field = format!("{path}{dot}{}", error.field);
        }
        value
    }
}

/// Quotes what was given for an error's text, cut so that a long value does not fill the screen.
pub(super) fn quoted(raw: &str) -> String {
    const MOST: usize = 40;
    match raw.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &raw[..end]),
        None => format!("{raw:?}"),
    }
}

fn is_blank(raw: &str) -> bool {
    raw.trim_start().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(raw: &str) -> Result<u8, std::num::ParseIntError> {
        raw.parse()
    }

    fn faults<T: fmt::Debug>(form: FormCheck, value: Option<T>) -> String {
        form.finish(|| value).unwrap_err().to_string()
    }

    #[test]
    fn all_faults_are_told_at_once_and_in_order() {
        let mut form = FormCheck::new(Provenance::Typed);
        let first = form.required("first", " ", number);
        form.optional("second", Some("x"), number);
        form.list("third", &["1", "y", "z"], 3, |form, raw| {
            form.take("", number(raw))
        });
        form.distinct("fourth", &[7, 8, 7]);
        form.list("fifth", &["1", "y"], 1, |form, raw| {
            form.take("", number(raw))
        });
        assert_eq!(
            faults(form, first),
            "first: is required; second: invalid digit found in string; \
             third[1]: invalid digit found in string; third[2]: invalid digit found in string; \
             fourth: repeats 7; fifth: has 2 items; 1 are allowed"
        );
    }

    #[test]
    fn a_part_of_a_list_item_has_a_path() {
        let mut form = FormCheck::new(Provenance::Typed);
        let items = form.list("items", &[Some("1"), Some("x"), None], 3, |form, raw| {
            form.part("part", raw.as_ref(), |form, raw| {
                form.take("size", number(raw))
            })
        });
        assert_eq!(items, [1]);
        assert_eq!(
            faults(form, Some(())),
            "items[1].part.size: invalid digit found in string"
        );
    }

    #[test]
    fn what_was_left_out_is_no_fault() {
        let mut form = FormCheck::new(Provenance::Typed);
        assert_eq!(form.optional("a", None, number), None);
        assert_eq!(form.optional("b", Some(" \n"), number), None);
        assert_eq!(form.part("c", None::<&()>, |_, ()| Some(1)), None);
        assert_eq!(form.finish(|| Some(1)), Ok(1));
    }

    #[test]
    fn a_long_value_is_quoted_in_part() {
        assert_eq!(quoted("a\n"), r#""a\n""#);
        assert_eq!(quoted(&"é".repeat(40)).chars().count(), 42);
        assert_eq!(quoted(&"é".repeat(41)).chars().count(), 43);
    }
}
