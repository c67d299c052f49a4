//! What was deleted stays deleted: what the judge asks of a memory.

use std::collections::BTreeSet;

use domain::entry::Operation;
use domain::identity::{LogId, RecordId};

use super::{Kept, Memory, SetAside};

impl Memory {
    /// A record that an entry of the hub's own log shows, from a place on, though an entry before it deleted it.
    pub fn brought_back(&self, log: &LogId, from: usize) -> Option<RecordId> {
        let own = self.logs_of(&self.hub).take_while(|own| *own != log);
        let earlier = own.flat_map(|own| &self.logs[own].entries);
        let (before, now) = self.logs[log].entries.split_at(from);
        let headers = |entry: &'_ Kept| entry.header.clone();
        let mut deleted: BTreeSet<RecordId> = BTreeSet::new();
        for header in earlier.chain(before).filter_map(headers) {
            if matches!(header.operation, Operation::Delete { .. }) {
                deleted.insert(header.record);
            }
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
            record.is_some_and(|record| self.newest_of(&held.log.hub, record).1)
        })
    }
}
