//! Issuing again what was set aside of a hub's own log. What becomes of each entry, `domain::healing` decides.

use std::collections::BTreeSet;

use domain::entropy::Entropy;
use domain::entry::{EntryDraft, Kind, Payload};
use domain::healing::{Again, Aside};
use domain::identity::{HubId, LogId, RecordId};
use domain::log::SigningKey;
use domain::trust::named_in;
use storage::StorageError;
use storage::logs::reopening::Reissued;

use super::healing::{Reason, Renewed, SetAside, sealed};
use super::{Memory, read_membership};

impl Memory {
    /// Issues again what was set aside of the hub's own, and says which entry became which.
    pub(super) fn reissue(
        &mut self,
        key: &SigningKey,
        entropy: &dyn Entropy,
    ) -> Result<(Reissued, Vec<Renewed>), StorageError> {
        let mut done = Reissued::default();
        let mut became = Vec::new();
        let Some(own) = self.own_log().cloned() else {
            return Ok((done, became));
        };
        if self.logs[&own].closed().is_some() || self.halted.is_some() {
            return Ok((done, became));
        }
        let mut waiting: Vec<usize> = (0..self.aside.len())
            .filter(|at| self.aside[*at].waits())
            .collect();
        waiting.sort_by_key(|at| (self.aside[*at].log.clone(), self.aside[*at].place));
        let mut of_branches = BTreeSet::new();
        for at in waiting {
            let set_aside = self.aside[at].clone();
            let again = self.again(&set_aside, &of_branches);
            let (outcome, counted) = match &again {
                Again::Issue(_) => ("issued", &mut done.issued),
                Again::Not(outcome) => (*outcome, &mut done.settled),
                Again::Conflict => ("conflict", &mut done.conflicts),
            };
            *counted += 1;
            self.aside[at].outcome = Some(outcome);
            if outcome != "conflict" {
                self.aside[at].entry.payload = None;
            }
            if let (Again::Issue(change), Some(header)) = (again, set_aside.entry.header) {
                let draft = EntryDraft {
                    record: header.record,
                    revision: self.newest(header.record).0 + 1,
                    kind: header.kind.clone(),
                    audience: header.audience.clone(),
                    at: header.at,
                    change,
                };
                if set_aside.reason == Reason::Branch {
                    of_branches.insert(header.record);
                }
                let now = sealed(draft, entropy)?;
                became.push((set_aside.entry.text, now.header_text.as_str().into()));
                self.issue(key, vec![now])?;
            }
        }
        Ok((done, became))
    }

    fn again(&self, set_aside: &SetAside, of_branches: &BTreeSet<RecordId>) -> Again {
        let Some(header) = set_aside.entry.header.as_deref() else {
            return Again::Not("unreadable");
        };
        let (newest, deletion) = self.newest(header.record);
        let same = self.aside.iter().filter(|other| {
            other.reason == set_aside.reason && other.record() == Some(header.record)
        });
        let revisions = same.filter_map(|other| other.entry.header.as_ref());
        let revisions: Vec<u64> = revisions.map(|header| header.revision).collect();
        Again::of(&Aside {
            header,
            payload: set_aside.entry.payload.as_deref(),
            is_of_branch: set_aside.reason == Reason::Branch,
            revisions: (
                revisions.iter().copied().min().unwrap_or(header.revision),
                revisions.iter().copied().max().unwrap_or(header.revision),
            ),
            newest,
            deletion,
            has_word_since: self.has_word_since(set_aside, of_branches),
            opens: self.opens(set_aside),
        })
    }

    /// Whether a word on a member says more in its favour than what is said now.
    fn opens(&self, set_aside: &SetAside) -> bool {
        let payload = set_aside.entry.payload.as_deref();
        let word = payload
            .filter(|_| set_aside.member().is_some())
            .and_then(read_membership);
        let words = self.words_of(&self.hub).into_iter();
        let now = words
            .filter(|(_, _, now)| word.as_ref().is_some_and(|word| word.hub == now.hub))
            .max_by_key(|(_, place, _)| *place);
        word.zip(now)
            .is_some_and(|(word, (_, _, now))| word.opens(&now))
    }

    /// Whether another record has spoken of the member whom an entry names since its history parts from ours. Words of other
    /// histories that were just said again do not count: they come in their order.
    fn has_word_since(&self, set_aside: &SetAside, of_branches: &BTreeSet<RecordId>) -> bool {
        let record = set_aside.record();
        let Some(member) = set_aside.member() else {
            return false;
        };
        let of_log = self
            .aside
            .iter()
            .filter(|other| other.log == set_aside.log && other.reason == set_aside.reason);
        let parted = of_log.map(|other| (other.log.epoch, other.place)).min();
        let mut words = self.words_of(&self.hub).into_iter();
        words.any(|(other, place, word)| {
            word.hub == member
                && record != Some(other)
                && !of_branches.contains(&other)
                && parted.is_none_or(|parted| place >= parted)
        })
    }
}

impl SetAside {
    /// The member of the network on whom it is a word.
    fn member(&self) -> Option<HubId> {
        let header = self.entry.header.as_deref()?;
        let payload = self
            .entry
            .payload
            .as_deref()
            .filter(|_| header.kind.as_str() == Kind::MEMBERSHIP)?;
        named_in(Payload::parse(payload).ok()?.body())
    }
}

impl Memory {
    /// Whether an entry was set aside and something became of it; `missing` is not enough if its payload could be had, unless a
    /// later revision of its record was dealt with or stands in a later log: who held that had dropped the payload by then.
    pub fn has_dealt_with(
        &self,
        log: &LogId,
        place: u64,
        text: &str,
        is_with_payload: bool,
    ) -> bool {
        self.aside.iter().any(|held| {
            let is_it = held.log == *log && held.place == place && &*held.entry.text == text;
            let is_missing = is_with_payload && held.outcome == Some("missing");
            let is_superseded = || self.has_dealt_with_later(held) || self.says_later(held);
            is_it && held.outcome.is_some() && (!is_missing || is_superseded())
        })
    }

    /// Whether a later log of the hub's has a later revision of the record.
    fn says_later(&self, entry: &SetAside) -> bool {
        let Some(header) = &entry.entry.header else {
            return false;
        };
        let later = self
            .logs_of(&self.hub)
            .filter(|log| log.epoch > entry.log.epoch);
        let mut entries = later.flat_map(|log| &self.logs[log].entries);
        entries.any(|held| {
            let held = held.header.as_ref();
            held.is_some_and(|held| held.record == header.record && held.revision > header.revision)
        })
    }

    fn has_dealt_with_later(&self, entry: &SetAside) -> bool {
        let revision = |held: &SetAside| held.entry.header.as_ref().map(|header| header.revision);
        self.aside.iter().any(|held| {
            held.log == entry.log
                && held.place > entry.place
                && held.record() == entry.record()
                && revision(held) > revision(entry)
                && held.outcome.is_some()
        })
    }
}
