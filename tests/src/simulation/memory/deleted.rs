//! What was deleted stays deleted: how a memory says again what a later log overlooks, and what the judge asks of it.

use std::collections::BTreeSet;

use domain::entry::{Header, Operation};
use domain::healing::Deletion;
use domain::identity::{HubId, LogId, RecordId};
use domain::log::VerifiedEntry;
use domain::rules::Rule;

use super::{Kept, Memory, Place, Reason, SetAside, WithEpoch};

/// The records that entries speak of.
pub(super) fn records_of(entries: &[VerifiedEntry]) -> BTreeSet<RecordId> {
    let headers = entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok());
    headers.map(|header| header.record).collect()
}

impl Memory {
    /// A record's newest revision in the hub's own logs, and whether they say that the record is gone.
    pub fn newest(&self, record: RecordId) -> (u64, Deletion) {
        let said = self.said_of(&self.hub, record);
        let said: Vec<_> = said
            .iter()
            .map(|(log, _, header)| (*log, *header))
            .collect();
        let newest = said.iter().map(|(_, header)| header.revision).max();
        (newest.unwrap_or_default(), Deletion::of(&said))
    }

    /// All that a hub's logs say of a record: the number of the log among the hub's, the place there, and the header.
    fn said_of(&self, hub: &HubId, record: RecordId) -> Vec<(usize, Place, &Header)> {
        let logs = self.logs.iter().filter(|(id, _)| id.hub == *hub);
        let said = logs.enumerate().flat_map(|(number, (id, log))| {
            let entries = (0..).zip(&log.entries);
            entries.filter_map(move |(place, entry)| {
                let header = entry.header.as_deref()?;
                Some((number, (id.epoch, place), header))
            })
        });
        said.filter(|(_, _, header)| header.record == record)
            .collect()
    }

    /// What a hub's logs say of whether a record is gone, and where, if a later one overlooks it.
    pub(super) fn deletion_of(&self, hub: &HubId, record: RecordId) -> (Deletion, Option<Place>) {
        let said = self.said_of(hub, record);
        let of: Vec<_> = said
            .iter()
            .map(|(log, _, header)| (*log, *header))
            .collect();
        let deletion = Deletion::of(&of);
        let overlooked = match deletion {
            Deletion::Overlooked(place) => Some(said[place].1),
            Deletion::None | Deletion::Stands => None,
        };
        (deletion, overlooked)
    }

    /// Lets the hub say again what it deleted in one of its logs while a later one, of which it did not know then, says more.
    pub(super) fn keep_overlooked(&mut self, log: &LogId, records: BTreeSet<RecordId>) {
        for record in records {
            let (_, overlooked) = self.deletion_of(&log.hub, record);
            let overlooked = overlooked.filter(|_| Rule::DeletionSaidAgain.holds());
            let Some((epoch, place)) = overlooked else {
                continue;
            };
            let log = log.with(epoch);
            let entry = self.logs.get(&log).and_then(|held| held.entry(place));
            let entry = entry.cloned().into_iter().collect();
            self.set_aside(&log, place, entry, Reason::Branch);
        }
    }

    /// A record that an entry of the hub's own log shows, from a place on, though the last entry before it deleted it.
    pub fn brought_back(&self, log: &LogId, from: usize) -> Option<RecordId> {
        let own = self.logs_of(&self.hub).take_while(|own| *own != log);
        let earlier = own.flat_map(|own| &self.logs[own].entries);
        let (before, now) = self.logs[log].entries.split_at(from);
        let headers = |entry: &'_ Kept| entry.header.clone();
        let mut deleted: BTreeSet<RecordId> = BTreeSet::new();
        for header in earlier.chain(before).filter_map(headers) {
            // What a thief brought back with the hub's key is there; the hub may go on with it.
            match header.operation {
                Operation::Delete { .. } => deleted.insert(header.record),
                Operation::Put { .. } => deleted.remove(&header.record),
            };
        }
        let mut now = now.iter().filter_map(headers);
        let back = now.find(|header| {
            let is_put = matches!(header.operation, Operation::Put { .. });
            is_put && deleted.contains(&header.record)
        });
        back.map(|header| header.record)
    }

    /// An entry set aside whose payload is kept though its record is deleted. This hub's own may be kept until it is decided
    /// whether they are issued again.
    pub fn kept_of_deleted(&self) -> Option<&SetAside> {
        let kept = self
            .aside
            .iter()
            .filter(|held| held.entry.payload.is_some());
        let mut kept = kept.filter(|held| !held.waits());
        kept.find(|held| {
            let record = held.record();
            record.is_some_and(|record| self.deletion_of(&held.log.hub, record).0 != Deletion::None)
        })
    }

    /// A record of the hub's own that is shown though one of its logs deletes it: those who write here bring nothing back.
    pub fn shown_of_deleted(&self) -> Option<RecordId> {
        let own = self.logs_of(&self.hub).map(|log| &self.logs[log]);
        let headers =
            own.flat_map(|log| log.entries.iter().filter_map(|entry| entry.header.as_ref()));
        let deleted = headers.filter(|header| matches!(header.operation, Operation::Delete { .. }));
        let mut deleted = deleted.map(|header| header.record);
        deleted.find(|record| self.shown.contains_key(&(self.hub.clone(), *record)))
    }
}
