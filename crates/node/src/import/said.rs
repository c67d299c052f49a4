//! Which records the rows of a file named so far.
//!
//! Names are kept as hashes of eight bytes, each with the line that said it first, so a million rows take some 40 MB. Two names
//! of a million have the same hash by chance once in thirty million files.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::identity::RecordId;

/// The most names that are kept; rows behind them that name a record are refused.
pub(super) const MOST_NAMES: usize = 5_000_000;

/// A name by which a row tells what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name<'a> {
    /// A record.
    Record(RecordId),
    /// A number of a register, with the register's name before it.
    Number(&'a str, &'a str),
}

/// What rows said, for the whole file.
#[derive(Debug)]
pub(super) struct Said {
    lines: HashMap<u64, u64>,
    most: usize,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            most: MOST_NAMES,
        }
    }
}

impl Said {
    /// The line that said one of these names before.
    pub(super) fn find(&self, names: &[Name<'_>]) -> Option<u64> {
        names
            .iter()
            .find_map(|name| self.lines.get(&hash(name)).copied())
    }

    /// Whether there is no room for another name.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= self.most
    }

    /// Notes what a line says.
    pub(super) fn note(&mut self, line: u64, names: &[Name<'_>]) {
        for name in names {
            self.lines.entry(hash(name)).or_insert(line);
        }
    }
}

fn hash(name: &Name<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_name_counts_and_there_is_a_bound() {
        let mut said = Said {
            most: 2,
            ..Said::default()
        };
        let one = Name::Number("LAN", "1");
        assert_eq!(said.find(&[one]), None);
        said.note(2, &[one]);
        said.note(3, &[one]);
        assert_eq!(said.find(&[Name::Number("IGA", "1"), one]), Some(2));
        assert_eq!(said.find(&[Name::Number("LAN1", "")]), None);
        assert!(!said.is_full());
        said.note(4, &[Name::Number("LAN", "2")]);
        assert!(said.is_full());
    }
}
