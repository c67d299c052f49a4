//! What was written in a soak, and what of it must be there at the end.
//!
//! A write that a hub answered is promised. When a hub is put back, only those of its records stay promised that some
//! other hub shows at that moment. Writes without an answer may be there or not.

use std::collections::{BTreeMap, BTreeSet};

/// What a hub shows: each record's revision and title, by its global id.
pub type Shown = BTreeMap<String, (u64, String)>;

/// An innovation that was published.
#[derive(Clone, Debug)]
pub struct Written {
    /// The number of its hub.
    pub hub: usize,
    /// Its global id.
    pub id: String,
    /// The newest revision that was answered.
    pub revision: u64,
    /// What that revision is called.
    pub title: String,
    /// Every write to it was answered, and its hub was never put back since the first.
    pub is_sure: bool,
}

/// All writes of a soak.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Innovations that may be revised.
    pub written: Vec<Written>,
    /// Records that must be shown, with the least revision.
    promised: BTreeMap<String, u64>,
    /// Records of which somebody tried to take back.
    taken_back: BTreeSet<String>,
    /// Of them, those that must not be shown.
    gone: BTreeSet<String>,
}

impl Ledger {
    /// Notes a new innovation or revision that was answered.
    pub fn note(&mut self, written: Written) {
        self.promised.insert(written.id.clone(), written.revision);
        match self.written.iter_mut().find(|known| known.id == written.id) {
            Some(known) => *known = written,
            None => self.written.push(written),
        }
    }

    /// Notes that a write to a record was tried, and what came of it is not known.
    pub fn doubt(&mut self, id: &str) {
        let known = self.written.iter_mut().filter(|known| known.id == id);
        known.for_each(|known| known.is_sure = false);
    }

    /// Notes that taking a record back was tried, and whether it was answered.
    pub fn take_back(&mut self, id: &str, is_answered: bool) {
        self.taken_back.insert(id.to_owned());
        let is_sure = self
            .written
            .iter()
            .any(|known| known.id == id && known.is_sure);
        if is_answered && is_sure {
            self.gone.insert(id.to_owned());
        }
        self.written.retain(|known| known.id != id);
    }

    /// Notes that a hub is put back, while others show this. `is_of` tells a hub's records by their ids.
    pub fn put_back(&mut self, hub: usize, is_of: impl Fn(&str) -> bool, others: &[Shown]) {
        for known in self.written.iter_mut().filter(|known| known.hub == hub) {
            known.is_sure = false;
        }
        self.gone.retain(|id| !is_of(id));
        self.promised.retain(|id, _| !is_of(id));
        for (id, (revision, _)) in others.iter().flatten().filter(|(id, _)| is_of(id)) {
            let least = self.promised.entry(id.clone()).or_default();
            *least = (*least).max(*revision);
        }
    }

    /// Notes that a hub of those that were put back before lost what only it showed of another one's records.
    pub fn lose(&mut self, is_of: impl Fn(&str) -> bool, others: &[Shown]) {
        self.promised.retain(|id, least| {
            let seen = others.iter().filter_map(|shown| shown.get(id));
            let newest = seen.map(|(revision, _)| *revision).max();
            if is_of(id) {
                *least = (*least).min(newest.unwrap_or_default());
            }
            *least > 0
        });
    }

    /// How many records are promised.
    pub fn promises(&self) -> usize {
        self.promised.len()
    }

    /// What does not hold of what a hub shows, in words.
    pub fn faults(&self, shown: &Shown) -> Vec<String> {
        let mut faults = Vec::new();
        for (id, least) in &self.promised {
            let found = shown.get(id).map(|(revision, _)| *revision);
            if !self.taken_back.contains(id) && found.is_none_or(|found| found < *least) {
                faults.push(format!(
                    "{id} is to be shown at revision {least}, and is at {found:?}"
                ));
            }
        }
        for id in self.gone.iter().filter(|id| shown.contains_key(*id)) {
            faults.push(format!("{id} was taken back, and is shown"));
        }
        for known in self.written.iter().filter(|known| known.is_sure) {
            let expected = (known.revision, known.title.clone());
            if shown.get(&known.id).is_some_and(|found| *found != expected) {
                faults.push(format!(
                    "{} is not {expected:?}, but {:?}",
                    known.id, shown[&known.id]
                ));
            }
        }
        faults
    }
}
