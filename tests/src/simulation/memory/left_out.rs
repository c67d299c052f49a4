//! What hubs' next logs leave out, kept for the hubs that wrote it, and what is dropped beside the logs.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::entry::{Header, Operation};
use domain::identity::{HubId, LogId, RecordId};
use domain::log::VerifiedEntry;

use super::{Memory, MemoryLog, Origin};

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

impl Memory {
    /// What is kept of a hub's logs, the newest first.
    pub fn left_out_of(&self, hub: &HubId) -> impl Iterator<Item = &LeftOut> {
        let kept = self.left_out.iter().rev();
        kept.filter(move |kept| kept.log.hub == *hub)
    }

    /// Keeps what is proved of a log from a size on, before it is cut there.
    pub(super) fn keep_left_out(&mut self, log: &LogId, size: u64) {
        for kept in self.left_out.iter_mut().filter(|kept| kept.log == *log) {
            kept.start = kept.start.min(size);
        }
        let held = &self.logs[log];
        if held.proved_size > size {
            self.left_out.push(LeftOut {
                number: self.left_out.len() as u64,
                log: log.clone(),
                start: size,
                held: Arc::clone(held),
            });
        }
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
