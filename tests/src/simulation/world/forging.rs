//! What liars make up: logs that nobody wrote, old states, and second histories.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::entry::{Audience, Change, Kind};
use domain::identity::LogId;
use domain::log::{SigningKey, VerifiedEntry};
use serde_json::json;

use super::{World, hub_of, peer_row};
use crate::simulation::faults::Fault;
use crate::simulation::memory::{Memory, MemoryLog};
use crate::simulation::network::Pretence;

impl World {
    /// The liar pretends to hold something of another hub that nobody wrote, or that is old.
    pub(super) fn make_up(&mut self, liar: usize) -> bool {
        let about = self.random.place(self.nodes.len());
        if about == liar || self.two_faced == Some(about) {
            return false;
        }
        let memory = self.nodes[liar].store.memory().clone();
        let log = memory.log_id(&hub_of(about), 1);
        let held = memory.logs.get(&log).cloned().unwrap_or_default();
        let own_key = self.nodes[liar].key.clone();
        let mut told: BTreeSet<usize> = (0..self.nodes.len()).collect();
        let (log, forged) = match self.random.below(6) {
            // An old state, with its genuine checkpoint.
            0 => (log, held),
            // A log of another network in which the same hub has a part.
            1 => {
                let elsewhere = LogId {
                    network: "elsewhere".parse().expect("it is a name"),
                    ..log
                };
                let key = self.nodes[about].key.clone();
                let forged = self.forge(&MemoryLog::default(), 0, &elsewhere, &key);
                (elsewhere, forged)
            }
            // What a stolen key signed, told to those who know that it counts no more.
            2..4 => {
                let Some((member, knowing)) = self.closed_key() else {
                    return false;
                };
                told = knowing;
                let log = memory.log_id(&hub_of(member), 1);
                let held = memory.logs.get(&log).cloned().unwrap_or_default();
                let Some((old, until)) = self.nodes[member].old_key.clone() else {
                    return false;
                };
                // A key that ended in a later log still counts in this one.
                let ends_here = self.ends_in(member, &old.public(), log.epoch);
                if held.proved_size < until || member == liar || !ends_here {
                    return false;
                }
                self.forget_backups();
                (log.clone(), self.forge(&held, until, &log, &old))
            }
            // Entries that nobody wrote, signed by the liar itself.
            _ => {
                let keep = self.random.below(held.proved_size + 1);
                let keep = if self.random.chance(500) {
                    keep
                } else {
                    held.proved_size
                };
                (log.clone(), self.forge(&held, keep, &log, &own_key))
            }
        };
        let line = format_args!("{liar} makes up {} entries of {log}", forged.size());
        self.judge.state().trace.note(line);
        self.pretend(liar, &memory, log, forged, told);
        true
    }

    /// The liar has an old key, and tells everybody of another beginning of its hub's log, below the key's end. All honest
    /// nodes know that the key was closed.
    pub(super) fn begin_otherwise(&mut self, honest: &[usize]) -> bool {
        let (Some(liar), Some((member, knowing))) = (self.liar, self.closed_key()) else {
            return false;
        };
        let Some((old, until)) = self.nodes[member].old_key.clone() else {
            return false;
        };
        if member == liar || honest.iter().any(|node| !knowing.contains(node)) {
            return false;
        }
        let memory = self.nodes[member].store.memory().clone();
        let log = memory.log_id(&hub_of(member), 1);
        let held = memory.logs.get(&log).cloned().unwrap_or_default();
        let keep = self.random.below(until.max(1));
        let forged = self.forge(&held, keep, &log, &old);
        let line = format_args!("{liar} begins {log} otherwise from {keep} on, with an old key");
        self.judge.state().trace.note(line);
        let texts = forged.entries.iter().map(|entry| Arc::clone(&entry.text));
        self.judge.state().wrote_otherwise(&log, texts.collect());
        self.begun_otherwise.insert(log.clone());
        let memory = self.nodes[liar].store.memory().clone();
        self.pretend(liar, &memory, log, forged, honest.iter().copied().collect());
        for number in honest {
            let mut memory = self.nodes[*number].store.memory();
            if memory.peers.iter().all(|peer| peer.id != peer_row(liar).id) {
                memory.peers.push(peer_row(liar));
            }
        }
        true
    }

    /// Backups from before a key was known to be stolen would believe it.
    fn forget_backups(&mut self) {
        for node in &mut self.nodes {
            node.backups.clear();
        }
    }

    pub(super) fn pretend(
        &self,
        liar: usize,
        memory: &Memory,
        log: LogId,
        mut held: Arc<MemoryLog>,
        told: BTreeSet<usize>,
    ) {
        Arc::make_mut(&mut held).position = memory.position + 1;
        let mut road = self.network.road();
        let pretences = road.pretences.entry(liar).or_default();
        pretences.retain(|pretence| pretence.log != log);
        pretences.push(Pretence { log, held, told });
    }

    /// The first entries of a log with others behind them, signed by a key.
    pub(super) fn forge(
        &self,
        held: &MemoryLog,
        keep: u64,
        log: &LogId,
        key: &SigningKey,
    ) -> Arc<MemoryLog> {
        let number = 1 + self.random.below(3);
        let entries: Vec<_> = (0..number).map(|_| self.made_up(held)).collect();
        Arc::new(held.first(keep).continued(log, entries, key))
    }

    fn made_up(&self, held: &MemoryLog) -> VerifiedEntry {
        let body = json!({"number": "made up"}).to_string();
        let (mut record, mut revision) = (self.new_record(), 1);
        if self.faults.contains(Fault::OldRecords) && self.random.chance(500) {
            let mut known = held.speaking_in_order();
            known.retain(|(_, header)| header.kind.as_str() == Kind::INNOVATION);
            if !known.is_empty() {
                self.network.tally.count(Fault::OldRecords);
                let (_, header) = self.random.pick(&known);
                (record, revision) = (header.record, header.revision + 1);
            }
        }
        let change = Change::Put(body);
        self.seal(record, revision, Kind::INNOVATION, Audience::Public, change)
    }

    /// A hub signs a second history of its log, which some are told.
    pub(super) fn write_otherwise(&mut self) -> bool {
        let Some(number) = self.two_faced else {
            return false;
        };
        let memory = self.nodes[number].store.memory().clone();
        let Some(log) = memory.own_log().cloned() else {
            return false;
        };
        let key = self.nodes[number].key.clone();
        let before = self
            .network
            .road()
            .pretences
            .get(&number)
            .and_then(|pretences| pretences.iter().find(|pretence| pretence.log == log))
            .map(|pretence| Arc::clone(&pretence.held));
        let (base, keep) = if let Some(before) = before {
            (Arc::clone(&before), before.size())
        } else {
            let held = Arc::clone(&memory.logs[&log]);
            let keep = self.random.below(held.size() + 1);
            (held, keep)
        };
        let forged = self.forge(&base, keep, &log, &key);
        let texts = forged.entries.iter().map(|entry| Arc::clone(&entry.text));
        self.judge.state().wrote_otherwise(&log, texts.collect());
        let odd = (0..self.nodes.len()).filter(|number| number % 2 == 1);
        self.pretend(number, &memory, log, forged, odd.collect());
        true
    }
}
