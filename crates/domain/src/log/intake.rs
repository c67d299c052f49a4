//! What becomes of entries that a log takes in, decided before anything is written.
//!
//! Within a log a record's revisions grow. A hub's later log speaks before its earlier ones (docs/protocol.md, section
//! 8), so what is shown does not depend on the order in which logs arrive.

use std::collections::HashMap;

use super::VerifiedEntry;
use crate::entry::{Header, Operation};
use crate::identity::RecordId;
use crate::rules::Rule;

/// What is held of a record from before; `K` names an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<K> {
    /// Its entries in this log and in earlier ones of the hub, as far as they may still have a payload.
    pub entries: Vec<K>,
    /// Its newest revision in this log.
    pub newest_here: Option<u64>,
    /// A later log of the hub has the record, so nothing of this log is shown.
    pub is_in_later: bool,
}

/// What is to become of each entry, by its place among those taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake<K> {
    /// Whether the entry's payload is stored.
    pub kept: Vec<bool>,
    /// The entries that speak for their records from now on, in order.
    pub winners: Vec<usize>,
    /// Held entries whose payloads go.
    pub superseded: Vec<K>,
    /// Entries whose payloads this hub may have and did not get.
    pub missing: Vec<usize>,
    /// Entries whose revision is not above one before it in the log, with that one.
    pub out_of_order: Vec<(usize, u64)>,
}

impl<K: Copy> Intake<K> {
    /// Decides. `held` tells what is held of a record; `is_entitled` whether this hub may have a payload.
    pub fn of<'a>(
        entries: &[VerifiedEntry],
        held: impl Fn(RecordId) -> Option<&'a Held<K>>,
        is_entitled: impl Fn(&Header) -> bool,
    ) -> Self
    where
        K: 'a,
    {
        let mut intake = Self {
            kept: vec![false; entries.len()],
            winners: Vec::new(),
            superseded: Vec::new(),
            missing: Vec::new(),
            out_of_order: Vec::new(),
        };
        let mut newest: HashMap<RecordId, (u64, usize)> = HashMap::new();
        for (place, header) in readable(entries) {
            let here = held(header.record).and_then(|held| held.newest_here);
            let in_batch = newest.get(&header.record).map(|(revision, _)| *revision);
            match in_batch.max(here) {
                Some(before) if before >= header.revision && Rule::RevisionsGrow.holds() => {
                    intake.out_of_order.push((place, before));
                }
                _ => drop(newest.insert(header.record, (header.revision, place))),
            }
        }
        let mut winners: Vec<_> = newest
            .into_iter()
            .map(|(id, (_, place))| (place, id))
            .collect();
        winners.sort_unstable_by_key(|(place, _)| *place);
        for (place, record) in winners {
            let held = held(record);
            let is_dropping = Rule::SupersededDropped.holds();
            if !held.is_some_and(|held| held.is_in_later) {
                intake.superseded.extend(
                    held.iter()
                        .filter(|_| is_dropping)
                        .flat_map(|held| &held.entries),
                );
                intake.keep(place, &entries[place], &is_entitled);
            }
        }
        intake
    }

    fn keep(&mut self, place: usize, entry: &VerifiedEntry, is_entitled: impl Fn(&Header) -> bool) {
        let Ok(header) = &entry.header else { return };
        self.winners.push(place);
        let is_entitled = is_entitled(header) || !Rule::AudienceKept.holds();
        let is_put = matches!(header.operation, Operation::Put { .. });
        self.kept[place] = is_entitled && entry.payload.is_some();
        let is_missing = is_entitled && is_put && entry.payload.is_none();
        if is_missing && Rule::MissingNoted.holds() {
            self.missing.push(place);
        }
    }
}

fn readable(entries: &[VerifiedEntry]) -> impl Iterator<Item = (usize, &Header)> {
    let headers = entries.iter().map(|entry| entry.header.as_ref().ok());
    headers
        .enumerate()
        .filter_map(|(place, header)| Some((place, header?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Audience;

    /// Entries such as `a1 a2 b1-`: record, revision, and `-` for one without its payload, `!` for one of another audience.
    fn entries(text: &str) -> Vec<VerifiedEntry> {
        let entry = |word: &str| {
            let (name, rest) = word.split_at(1);
            let revision: String = rest.chars().filter(char::is_ascii_digit).collect();
            let audience = if rest.ends_with('!') {
                "network"
            } else {
                "public"
            };
            let text = format!(
                r#"{{"v":1,"record":"{}","revision":{revision},"kind":"innovation","op":"put","audience":"{audience}","at":"2026-08-20T03:06:05Z","payload":"{}","size":2}}"#,
                record(name),
                crate::log::Hash::of(b"{}")
            );
            VerifiedEntry {
                header: Header::parse(&text),
                header_text: text,
                payload: (!rest.ends_with('-')).then(|| "{}".to_owned()),
            }
        };
        text.split_whitespace().map(entry).collect()
    }

    fn record(name: &str) -> RecordId {
        let uuid = format!(
            "01a01d20-4040-7303-8303-0303030303{:02x}",
            name.as_bytes()[0]
        );
        RecordId::parse(&uuid).unwrap()
    }

    /// What becomes of entries: `held` has lines `a 3 here`, `a 3 earlier` or `a 3 later`.
    #[track_caller]
    fn check(
        held: &str,
        text: &str,
        winners: &[usize],
        kept: &str,
        rest: (&[u64], &[usize], &[usize]),
    ) {
        let mut facts: HashMap<RecordId, Held<u64>> = HashMap::new();
        for line in held.lines() {
            let [name, revision, whose] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let revision: u64 = revision.parse().unwrap();
            let fact = facts.entry(record(name)).or_insert(Held {
                entries: Vec::new(),
                newest_here: None,
                is_in_later: false,
            });
            match whose {
                "later" => fact.is_in_later = true,
                "here" => fact.newest_here = fact.newest_here.max(Some(revision)),
                _ => {}
            }
            if whose != "later" {
                fact.entries.push(revision);
            }
        }
        let intake = Intake::of(
            &entries(text),
            |record| facts.get(&record),
            |header| header.audience == Audience::Public,
        );
        let (superseded, missing, out_of_order) = rest;
        let stored: String = intake
            .kept
            .iter()
            .map(|kept| if *kept { 'x' } else { '.' })
            .collect();
        assert_eq!(
            (&intake.winners[..], &stored[..]),
            (winners, kept),
            "{text}"
        );
        assert_eq!(
            (&intake.superseded[..], &intake.missing[..]),
            (superseded, missing),
            "{text}"
        );
        let places: Vec<_> = intake
            .out_of_order
            .iter()
            .map(|(place, _)| *place)
            .collect();
        assert_eq!(places, out_of_order, "{text}");
    }

    #[test]
    fn the_newest_revision_speaks_and_older_payloads_go() {
        check("", "a1 b1", &[0, 1], "xx", (&[], &[], &[]));
        check("", "a1 a2", &[1], ".x", (&[], &[], &[]));
        check("a 1 here\na 2 here", "a3", &[0], "x", (&[1, 2], &[], &[]));
        check("", "a1- b1", &[0, 1], ".x", (&[], &[0], &[]));
        check("", "a1- a2", &[1], ".x", (&[], &[], &[]));
        check("", "a1! b1", &[0, 1], ".x", (&[], &[], &[]));
        check("a 1 here", "a2!", &[0], ".", (&[1], &[], &[]));
    }

    #[test]
    fn revisions_that_do_not_grow_show_nothing() {
        check("a 2 here", "a2 a3", &[1], ".x", (&[2], &[], &[0]));
        check("", "a2 a1 a2", &[0], "x..", (&[], &[], &[1, 2]));
    }

    #[test]
    fn a_later_log_speaks_before_an_earlier_one() {
        check("a 7 earlier", "a3", &[0], "x", (&[7], &[], &[]));
        check("a 1 later", "a3 b1", &[1], ".x", (&[], &[], &[]));
        check("a 1 later\na 2 here", "a2", &[], ".", (&[], &[], &[0]));
    }
}
