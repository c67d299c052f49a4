//! What hubs write: new records, revisions, deletions, and what only another program would write.

use domain::clock::Clock as _;
use domain::entry::{
    Audience, Change, DeletionReason, EntryDraft, Header, Kind, Operation, SealedEntry,
};
use domain::identity::RecordId;
use domain::log::{Hash, VerifiedEntry};
use serde_json::json;
use storage::StorageError;

use super::World;
use crate::simulation::faults::Fault;
use crate::simulation::time::VirtualClock;

/// A record as its hub last wrote it.
struct Written {
    record: RecordId,
    revision: u64,
    is_word: bool,
    /// It is deleted, or says how a log began.
    is_fixed: bool,
}

impl World {
    /// A hub writes one to four entries, if its node runs.
    pub(super) fn write(&mut self, number: usize) {
        let count = 1 + self.random.below(4);
        for _ in 0..count {
            let is_odd = self.faults.contains(Fault::OddEntries) && self.random.chance(100);
            let entry = if is_odd {
                self.odd_entry(number)
            } else {
                self.entry(number)
            };
            self.issue(number, vec![entry]);
        }
    }

    /// Appends entries to a hub's log, if its node runs and the log is open.
    pub(super) fn issue(&mut self, number: usize, entries: Vec<VerifiedEntry>) {
        if !self.is_writing(number) {
            return;
        }
        let node = &self.nodes[number];
        let mut memory = node.store.memory();
        let own = memory.own_log().and_then(|log| memory.logs.get(log));
        let from = own.map_or(0, |log| log.size());
        let count = entries.len() as u64;
        match memory.issue(&node.key, entries) {
            Ok(log) => {
                self.entries += count;
                node.store.tell_written(&memory, &log, from);
                drop(memory);
                self.nodes[number].renew_guard();
            }
            Err(StorageError::Closed { hub, why }) => {
                let closed = format_args!("{hub} may not write: {why}");
                self.judge.state().trace.note(closed);
            }
            Err(error) => {
                let hub = &node.hub;
                let object = || format!("{hub} could not write: {error}");
                self.judge.state().object("I1", object);
            }
        }
    }

    /// What the hub's records have come to.
    fn written(&self, number: usize) -> Vec<Written> {
        let memory = self.nodes[number].store.memory();
        let logs = memory.logs_of(&memory.hub).map(|log| &memory.logs[log]);
        let mut written: Vec<Written> = Vec::new();
        for (_, header) in logs.flat_map(|log| log.speaking_in_order()) {
            let now = Written {
                record: header.record,
                revision: header.revision,
                is_word: header.kind.as_str() == Kind::MEMBERSHIP,
                is_fixed: header.kind.as_str() == Kind::EPOCH
                    || matches!(header.operation, Operation::Delete { .. }),
            };
            // A later log speaks of its records, whatever their revisions.
            match written.iter_mut().find(|held| held.record == now.record) {
                Some(held) => *held = now,
                None => written.push(now),
            }
        }
        written
    }

    /// The revision that a record's next entry has.
    pub(super) fn next_revision(&self, number: usize, record: RecordId) -> u64 {
        self.nodes[number].store.memory().newest(record).0 + 1
    }

    pub(super) fn new_record(&self) -> RecordId {
        RecordId::generate(VirtualClock.now(), &self.random)
    }

    fn entry(&self, number: usize) -> VerifiedEntry {
        let mut written = self.written(number);
        written.retain(|written| !written.is_word && !written.is_fixed);
        let is_new = written.is_empty() || self.random.chance(400);
        let (record, revision) = if is_new {
            (self.new_record(), 1)
        } else {
            let known = self.random.pick(&written);
            (known.record, self.next_revision(number, known.record))
        };
        let change = if !is_new && self.random.chance(200) {
            let reasons = [
                DeletionReason::Withdrawn,
                DeletionReason::Merged,
                DeletionReason::Erasure,
                DeletionReason::Error,
            ];
            Change::Delete(*self.random.pick(&reasons))
        } else {
            Change::Put(json!({"number": self.random.below(1_000_000)}).to_string())
        };
        self.seal(record, revision, Kind::INNOVATION, self.audience(), change)
    }

    fn audience(&self) -> Audience {
        if !self.faults.contains(Fault::Audience) || self.random.chance(700) {
            return Audience::Public;
        }
        self.network.tally.count(Fault::Audience);
        match self.random.below(3) {
            0 => Audience::Other("group:7".to_owned()),
            _ => Audience::Network,
        }
    }

    /// Makes an entry as the product makes it.
    pub(super) fn seal(
        &self,
        record: RecordId,
        revision: u64,
        kind: &str,
        audience: Audience,
        change: Change,
    ) -> VerifiedEntry {
        let draft = EntryDraft {
            record,
            revision,
            kind: Kind::parse(kind).expect("kinds are words"),
            audience,
            at: VirtualClock.now(),
            change,
        };
        let SealedEntry {
            header_text,
            header,
            payload,
        } = draft
            .seal(&self.random)
            .expect("what the simulator says is short JSON");
        VerifiedEntry {
            header_text,
            header: Ok(header),
            payload,
        }
    }

    /// An entry that this program would not write: of a newer version, an unknown kind, or a revision that does not grow.
    fn odd_entry(&self, number: usize) -> VerifiedEntry {
        self.network.tally.count(Fault::OddEntries);
        let mut written = self.written(number);
        written.retain(|written| !written.is_word && !written.is_fixed);
        let (mut record, mut revision) = (self.new_record(), 1);
        if !written.is_empty() && self.random.chance(700) {
            let known = self.random.pick(&written);
            record = known.record;
            revision = match self.random.below(3) {
                0 => known.revision,
                1 => 1,
                _ => known.revision + 2,
            };
        }
        let number = self.random.below(1_000_000);
        let payload =
            json!({"salt": "AAAAAAAAAAAAAAAAAAAAAA==", "schema": 1, "body": {"number": number}});
        let payload = payload.to_string();
        let header_text = json!({
            "v": 1 + self.random.below(2),
            "record": record.to_string(),
            "revision": revision,
            "kind": self.random.pick(&["innovation", "later-kind"]),
            "op": "put",
            "audience": "public",
            "at": "2026-02-03T04:05:06Z",
            "payload": Hash::of(payload.as_bytes()).to_string(),
            "size": payload.len(),
            "later": [1],
        })
        .to_string();
        VerifiedEntry {
            header: Header::parse(&header_text),
            header_text,
            payload: Some(payload),
        }
    }
}
