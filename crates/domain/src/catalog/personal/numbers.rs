//! Numbers that have the form of personal data: which digits belong together, and what they mean.

use std::ops::Range;

use super::PersonalData;
use crate::catalog::region::{RegionCode, Regions};

/// The numbers in a text that mean something, each with its place.
pub(super) fn numbers(text: &str) -> Vec<(PersonalData, Range<usize>)> {
    let groups = Groups::of(text);
    let mut found = Vec::new();
    let mut nth = 0;
    while nth < groups.groups.len() {
        match groups.number_at(nth) {
            Some((data, last)) => {
                found.push((data, groups.groups[nth].start..groups.groups[last].end));
                nth = last + 1;
            }
            None => nth += 1,
        }
    }
    found
}

/// Words that may stand right before a telephone's number, without a space.
const LABELS: [&str; 24] = [
    "call", "cp", "hp", "hub", "hubungi", "kontak", "mobile", "no", "nohp", "nomor", "notelp",
    "nowa", "phone", "ponsel", "seluler", "sms", "tel", "telepon", "telp", "telpon", "tlp", "wa",
    "whatsapp", "fax",
];

/// What stands right before a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// No letter and no digit.
    Nothing,
    /// A plus.
    Plus,
    /// A word that names telephones.
    Label,
    /// Another word of letters only.
    Word,
    /// A part of a word with digits in it, as ids have.
    Mixture,
}

/// Runs of digits, each with its place; those of one number follow each other with little between.
struct Groups<'a> {
    text: &'a str,
    groups: Vec<Range<usize>>,
}

impl<'a> Groups<'a> {
    fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut groups = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
            if start == at {
                at += 1;
            } else {
                groups.push(start..at);
            }
        }
        Self { text, groups }
    }

    /// The most groups in which people write one number.
    const MOST: usize = 8;
    /// The most when more than a single character stands between some of them.
    const MOST_WIDE: usize = 5;
    /// The most characters between two groups.
    const MOST_BETWEEN: usize = 4;

    /// The number that begins with a group: as many of the groups that follow it as make one.
    fn number_at(&self, first: usize) -> Option<(PersonalData, usize)> {
        let before = self.before(first);
        let mut written = Written::default();
        let mut longest = None;
        for nth in first..self.groups.len().min(first + Self::MOST) {
            if nth > first {
                let Some(is_wide) = self.joint(nth - 1, nth) else {
                    break;
                };
                written.is_wide |= is_wide;
                if written.is_wide && nth - first >= Self::MOST_WIDE {
                    break;
                }
            }
            written.add(&self.text[self.groups[nth].clone()]);
            if nth == first {
                let end = self.groups[nth].end;
                written.is_decimal = self.text[end..].starts_with('.');
            }
            if let Some(data) = written.meaning(before) {
                longest = Some((data, nth));
            }
        }
        longest
    }

    fn before(&self, group: usize) -> Before {
        let text = &self.text[..self.groups[group].start];
        let rest = text.trim_end_matches(char::is_alphabetic);
        let word = &text[rest.len()..];
        if rest.ends_with(char::is_numeric) && !word.is_empty() {
            Before::Mixture
        } else if word.is_empty() {
            if text.ends_with('+') {
                Before::Plus
            } else {
                Before::Nothing
            }
        } else if LABELS.contains(&word.to_lowercase().as_str()) {
            Before::Label
        } else {
            Before::Word
        }
    }

    /// Whether two groups may be of one number, and if so, whether there is more between them than one character.
    fn joint(&self, before: usize, after: usize) -> Option<bool> {
        let between = &self.text[self.groups[before].end..self.groups[after].start];
        let marks = [
            ' ', '-', '.', '(', ')', '\n', '\r', '\t', '\u{2013}', '\u{2011}', '\u{a0}',
        ];
        let length = between.chars().count();
        let is_joint = length <= Self::MOST_BETWEEN && between.chars().all(|c| marks.contains(&c));
        is_joint.then_some(length > 1 || between.contains(['\n', '\r']))
    }
}

/// A number as it is written: its digits, and where its groups end.
#[derive(Default)]
struct Written {
    digits: String,
    ends: Vec<usize>,
    is_wide: bool,
    /// Whether a point follows the first group, as in a figure with decimals.
    is_decimal: bool,
}

impl Written {
    fn add(&mut self, group: &str) {
        self.digits.push_str(group);
        self.ends.push(self.digits.len());
    }

    fn meaning(&self, before: Before) -> Option<PersonalData> {
        let is_telephone = || {
            let is_figure = self.is_decimal && self.ends[0] <= 2;
            let is_named = before != Before::Word && !is_figure && self.ends[0] > 1;
            is_named && (is_mobile(&self.digits) || self.is_landline(before))
        };
        if before == Before::Mixture {
            None
        } else if is_nik(&self.digits) {
            Some(PersonalData::Nik)
        } else if is_nip(&self.digits) {
            Some(PersonalData::Nip)
        } else {
            is_telephone().then_some(PersonalData::Phone)
        }
    }

    /// An area code, set off from what follows unless the number begins with +62, then 5 to 8 digits more.
    fn is_landline(&self, before: Before) -> bool {
        let abroad = self.digits.strip_prefix("62");
        let (national, begin) = match abroad {
            Some(rest) if self.ends[0] == 2 || before == Before::Plus => (rest, 2),
            _ => (self.digits.strip_prefix('0').unwrap_or_default(), 1),
        };
        let is_set_off =
            |length: usize| before == Before::Plus || self.ends.contains(&(begin + length));
        let fits = |length: usize| {
            let parts = national.split_at_checked(length);
            parts.is_some_and(|(area, rest)| {
                is_area(area) && (5..=8).contains(&rest.len()) && is_set_off(length)
            })
        };
        fits(2) || fits(3)
    }
}

/// An area code without the 0 before it: those of the largest cities have two digits.
fn is_area(code: &str) -> bool {
    match code.len() {
        2 => matches!(code, "21" | "22" | "24" | "31" | "61"),
        _ => matches!(code.as_bytes()[0], b'2'..=b'7' | b'9') && !code.ends_with("00"),
    }
}

/// Six digits of the region, day (women's with 40 added), month and year of birth, four of order.
fn is_nik(digits: &str) -> bool {
    digits.len() == 16
        && RegionCode::parse(&digits[..2]).is_ok_and(|code| Regions::get().find(code).is_some())
        && is_within(&digits[6..8], |day| {
            (1..=31).contains(&day) || (41..=71).contains(&day)
        })
        && is_within(&digits[8..10], |month| (1..=12).contains(&month))
}

/// Birth date, year and month of appointment, sex, three of order.
fn is_nip(digits: &str) -> bool {
    digits.len() == 18
        && is_within(&digits[..4], |year| (1900..=2100).contains(&year))
        && is_within(&digits[4..6], |month| (1..=12).contains(&month))
        && is_within(&digits[6..8], |day| (1..=31).contains(&day))
        && is_within(&digits[8..12], |year| (1900..=2100).contains(&year))
        && is_within(&digits[12..14], |month| (1..=12).contains(&month))
        && matches!(&digits[14..15], "1" | "2")
}

/// 08 or 62 8, then 8 to 11 digits more; some write 62 (0)8.
fn is_mobile(digits: &str) -> bool {
    let rest = ["628", "6208", "08"]
        .into_iter()
        .find_map(|begin| digits.strip_prefix(begin));
    rest.is_some_and(|rest| (8..=11).contains(&rest.len()))
}

fn is_within(digits: &str, allowed: impl Fn(u32) -> bool) -> bool {
    digits.parse().is_ok_and(allowed)
}
