//! What hubs' next logs leave out, kept for the hubs that wrote it, and what is dropped beside the logs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::entry::{Header, Operation};
use domain::identity::{Epoch, HubId, LogId, RecordId};
use domain::log::left_out::{self, Chained};
use domain::log::{Frontier, TreeEdge, VerifiedEntry};
use domain::trust::Trust;
use storage::StorageError;

use super::log::WithEpoch;
use super::{Commit, Memory, MemoryLog, MemoryStore, Origin, Place, Reason};

/// A stretch of another hub's log that its next log leaves out.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// Its number at this hub.
    pub number: u64,
    /// The log.
    pub log: LogId,
    /// The place of its first entry.
    pub start: u64,
    /// The log as it was before it was cut.
    pub held: Arc<MemoryLog>,
}

impl LeftOut {
    /// Whether a log has all of the stretch.
    fn is_of(&self, log: &MemoryLog) -> bool {
        let size = self.held.proved_size;
        let root = |log: &MemoryLog| log.edge_at(size).map(|edge| edge.root());
        root(log).is_some() && root(log) == root(&self.held)
    }

    /// The tree of the log before it.
    pub fn before(&self) -> Frontier {
        let edge = self.held.edge_at(self.start);
        Frontier::from(&edge.expect("the log was longer"))
    }

    /// Takes payloads that came since.
    fn take_payloads(&mut self, log: &MemoryLog) {
        let held = Arc::make_mut(&mut self.held);
        for (kept, now) in held.entries.iter_mut().zip(&log.entries) {
            if kept.text == now.text && kept.payload.is_none() {
                kept.payload.clone_from(&now.payload);
            }
        }
    }
}

impl Memory {
    /// What is kept of a hub's logs, the newest first.
    pub fn left_out_of(&self, hub: &HubId) -> impl Iterator<Item = &LeftOut> {
        let kept = self.left_out.iter().rev();
        kept.filter(move |kept| kept.log.hub == *hub)
    }

    /// Keeps what is proved of a log from a size on, before it is cut there. What was kept before reaches down to there, and no
    /// further if the log still is what it was.
    pub(super) fn keep_left_out(&mut self, log: &LogId, size: u64) {
        let held = Arc::clone(&self.logs[log]);
        let of_log = self.left_out.iter_mut().filter(|kept| kept.log == *log);
        for kept in of_log {
            if kept.is_of(&held) {
                kept.take_payloads(&held);
                kept.start = size;
            }
            kept.start = kept.start.min(size);
        }
        let is_empty = |kept: &LeftOut| kept.log == *log && kept.start >= kept.held.proved_size;
        self.left_out.retain(|kept| !is_empty(kept));
        self.keep_stretch(log, size);
    }

    /// Keeps what is superseded in earlier logs of which it is not known yet how much counts, before it is dropped.
    pub(super) fn keep_unsettled(&mut self, log: &LogId, superseded: &[Place]) {
        let mut firsts: BTreeMap<Epoch, u64> = BTreeMap::new();
        for (epoch, place) in superseded {
            let held = &self.logs[&log.with(*epoch)];
            let entry = held.entry(*place);
            let is_held = entry.is_some_and(|entry| entry.payload.is_some());
            if *epoch != log.epoch && is_held && *place < held.proved_size {
                let first = firsts.entry(*epoch).or_insert(*place);
                *first = (*first).min(*place);
            }
        }
        if firsts.is_empty() {
            return;
        }
        let chained = |id: &LogId| Chained {
            epoch: id.epoch,
            accepted_by: self.logs[id].accepted.map(|(_, by)| by),
            is_settled: self.is_settled(id),
        };
        let logs: Vec<_> = self.logs_of(&log.hub).map(chained).collect();
        for epoch in left_out::unsettled(&logs, log.epoch) {
            if let Some(first) = firsts.get(&epoch) {
                let earlier = log.with(epoch);
                let from = left_out::reach(*first, self.logs[&earlier].proved_size);
                self.keep_stretch(&earlier, from);
            }
        }
    }

    /// Lets go what only keys vouch for that were closed before.
    pub(super) fn forget_doubtful(&mut self, trust: &Trust) {
        self.left_out.retain(|kept| {
            let checkpoint = kept.held.checkpoint.as_ref();
            let bound = checkpoint.and_then(|checkpoint| trust.bound(checkpoint.text()));
            bound.is_none_or(|bound| bound >= kept.held.proved_size)
        });
    }

    fn keep_stretch(&mut self, log: &LogId, from: u64) {
        let held = Arc::clone(&self.logs[log]);
        let Some(checkpoint) = held.checkpoint.clone().filter(|_| held.proved_size > from) else {
            return;
        };
        let of_log = self.left_out.iter_mut().filter(|kept| kept.log == *log);
        for kept in of_log {
            let proved = kept.held.checkpoint.as_ref();
            if proved.is_some_and(|proved| proved.text() == checkpoint.text()) {
                kept.take_payloads(&held);
                kept.start = kept.start.min(from);
                return;
            }
        }
        let number = self.left_out.last().map_or(0, |kept| kept.number + 1);
        self.left_out.push(LeftOut {
            number,
            log: log.clone(),
            start: from,
            held,
        });
    }

    /// Whether what is held of a log is what its next log accepts.
    pub(super) fn is_settled(&self, log: &LogId) -> bool {
        let held = &self.logs[log];
        held.accepted.is_some_and(|(accepted, _)| {
            let there = held.edge_at(accepted.size).map(|edge| edge.root());
            there == Some(accepted.root)
        })
    }

    /// What counts of a log is left out no more.
    pub(super) fn release_left_out(&mut self, log: &LogId) {
        let held = Arc::clone(&self.logs[log]);
        self.left_out
            .retain(|kept| kept.log != *log || !kept.is_of(&held));
    }

    /// What is kept beside the logs of records goes that were deleted, or that are not for this hub any more.
    pub(super) fn forget_aside(&mut self, log: &LogId, origin: Origin, entries: &[VerifiedEntry]) {
        let sight = self.logs[log].sight;
        let is_ours = origin != Origin::Elsewhere;
        let headers = entries
            .iter()
            .filter_map(|entry| entry.header.as_ref().ok());
        let is_gone = |header: &&Header| {
            let is_deleted = matches!(header.operation, Operation::Delete { .. });
            is_deleted || !is_ours && !sight.sees(&header.audience)
        };
        let gone: BTreeSet<RecordId> = headers
            .filter(is_gone)
            .map(|header| header.record)
            .collect();
        if gone.is_empty() {
            return;
        }
        if !is_ours {
            self.drop_left_out(|id, header| id.hub == log.hub && gone.contains(&header.record));
            return;
        }
        for held in &mut self.aside {
            if held.record().is_some_and(|record| gone.contains(&record)) {
                held.entry.payload = None;
            }
        }
    }

    /// Drops payloads of what was left out.
    pub(super) fn drop_left_out(&mut self, is_gone: impl Fn(&LogId, &Header) -> bool) {
        for kept in &mut self.left_out {
            let entries = &kept.held.entries;
            let held = |entry: &super::Kept| {
                let header = entry.header.as_deref();
                entry.payload.is_some() && header.is_some_and(|header| is_gone(&kept.log, header))
            };
            if !entries.iter().any(held) {
                continue;
            }
            for entry in &mut Arc::make_mut(&mut kept.held).entries {
                let header = entry.header.as_deref();
                if header.is_some_and(|header| is_gone(&kept.log, header)) {
                    entry.payload = None;
                }
            }
        }
    }
}

impl MemoryStore {
    /// Takes out what a log holds from a size on, if it still is `held`.
    pub(super) async fn take_out(
        &self,
        log: &LogId,
        held: &TreeEdge,
        size: u64,
        reason: Option<Reason>,
    ) -> Result<u64, StorageError> {
        self.live().await;
        let mut memory = self.memory();
        let edge = memory.logs.get(log).map(|log| &log.edge);
        if let Some(edge) = edge.filter(|edge| edge.size() > size && *edge != held) {
            let (held, from) = (edge.size(), held.size());
            return Err(StorageError::Moved { held, from });
        }
        let taken = memory.cut(log, size, reason);
        if taken > 0 {
            memory.stamp(log);
            self.tell(&memory, log, Commit::Cut);
        }
        Ok(taken)
    }
}
