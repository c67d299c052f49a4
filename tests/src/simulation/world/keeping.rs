//! Nothing is lost that a reachable peer held (I14): in a log, or beside it because the hub's next log leaves it out.
//!
//! What a hub said again in its next log is not lost, even if the hub was put back since and knows no more that it did.
//!
//! Still allowed:
//! - That a peer has cut what only a key vouched for that the authority has closed before, because I15 asks for it. Nobody can
//!   tell what a hub wrote into a history that it lost from what a thief wrote there.
//! - That a peer has dropped a payload because the hub's next log says of its record that it is not for this peer (I7). The
//!   hub has a newer revision of the record then.

use std::sync::Arc;

use domain::entry::Header;
use domain::identity::LogId;
use domain::log::{Hash, SignedCheckpoint};

use super::World;
use crate::simulation::memory::MemoryLog;

/// An entry of a hub's own that one of its peers held when the quiet began.
pub(super) struct HeldEntry {
    hub: usize,
    peer: usize,
    log: LogId,
    place: u64,
    text: Arc<str>,
    header: Option<Arc<Header>>,
    is_with_payload: bool,
    /// How many beliefs the peer had gone through.
    beliefs: usize,
    /// What vouched for it there.
    checkpoint: Arc<SignedCheckpoint>,
}

impl World {
    /// What the honest peers of each honest hub hold of its own logs, and can prove. A log that a thief wrote into too is left
    /// out: what of it counts, its hub's operator says.
    pub(super) fn held_at_peers(&self, honest: &[usize]) -> Vec<HeldEntry> {
        let mut held = Vec::new();
        for hub in honest {
            let peers = self.peers_of(*hub).into_iter();
            for peer in peers.filter(|peer| honest.contains(peer)) {
                let memory = self.nodes[peer].store.memory();
                let own = &self.nodes[*hub].hub;
                let logs = memory.logs_of(own).map(|log| (log, 0, &memory.logs[log]));
                let kept = memory.left_out_of(own);
                let kept = kept.map(|kept| (&kept.log, kept.start, &kept.held));
                for (log, start, entries) in logs.chain(kept) {
                    if !self.is_stolen(log) {
                        let beliefs = self.judge.state().beliefs_of(peer);
                        let of = held_of(*hub, peer, log, start, entries).into_iter();
                        held.extend(of.map(|entry| HeldEntry { beliefs, ..entry }));
                    }
                }
            }
        }
        held
    }

    /// Whether a node holds an entry of a hub's log.
    fn holds(&self, node: usize, entry: &HeldEntry) -> bool {
        let memory = self.nodes[node].store.memory();
        let log = memory.logs.get(&entry.log);
        let kept = log.and_then(|log| log.entry(entry.place));
        kept.is_some_and(|kept| kept.text == entry.text)
    }

    /// Whether an entry went because the key counts no more that had vouched for it.
    fn went_with_its_key(&self, entry: &HeldEntry) -> bool {
        let (text, size) = (entry.checkpoint.text(), entry.checkpoint.size());
        let state = self.judge.state();
        !self.holds(entry.peer, entry)
            && !state.believes_now(entry.peer, &entry.log.hub, text, size)
    }

    /// Whether a later log says of an entry's record, at its peer, that it is not for that peer.
    fn went_with_its_audience(&self, entry: &HeldEntry) -> bool {
        let Some(header) = &entry.header else {
            return false;
        };
        let memory = self.nodes[entry.peer].store.memory();
        let later = memory.logs_of(&entry.log.hub);
        let later = later.filter(|log| log.epoch > entry.log.epoch);
        let said = later.flat_map(|log| &memory.logs[log].entries);
        let mut said = said.filter_map(|said| said.header.as_deref());
        let state = self.judge.state();
        let (peer, since) = (entry.peer, entry.beliefs);
        said.any(|said| {
            let (us, audience) = (&memory.hub, &said.audience);
            said.record == header.record
                && state.had_to_drop(peer, since, us, &entry.log.hub, audience)
        })
    }

    /// An entry that a peer held and that its hub has neither in a log nor among what it set aside, or has set aside as
    /// missing though the peer had its payload for everyone.
    pub(super) fn lost_entry(&self, held: &[HeldEntry]) -> Option<(&'static str, String)> {
        let lost = held.iter().find(|entry| {
            if self.holds(entry.hub, entry) || self.went_with_its_key(entry) {
                return false;
            }
            let said_again = self.judge.state().said_again(&entry.text);
            let memory = self.nodes[entry.hub].store.memory();
            let own = memory.logs_of(&memory.hub).map(|log| &memory.logs[log]);
            let mut held = own.flat_map(|log| &log.entries);
            if held.any(|held| said_again.contains(&held.text)) {
                return false;
            }
            let with_payload = entry.is_with_payload && !self.went_with_its_audience(entry);
            !memory.has_dealt_with(&entry.log, entry.place, &entry.text, with_payload)
        });
        lost.map(|entry| {
            let leaf = Hash::of_leaf(entry.text.as_bytes());
            let what = format!(
                "node {} lost entry {} of {} ({leaf}), which {} held",
                entry.hub, entry.place, entry.log, entry.peer
            );
            ("I14", what)
        })
    }
}

fn held_of(hub: usize, peer: usize, id: &LogId, start: u64, log: &MemoryLog) -> Vec<HeldEntry> {
    let Some(checkpoint) = log.checkpoint.clone().map(Arc::new) else {
        return Vec::new();
    };
    let proved = usize::try_from(log.proved_size).expect("logs are short");
    let entries = (0..).zip(&log.entries[..proved]);
    let entries = entries.filter(|(place, _)| *place >= start);
    let held = entries.map(|(place, entry)| HeldEntry {
        hub,
        peer,
        log: id.clone(),
        place,
        text: Arc::clone(&entry.text),
        header: entry.header.clone(),
        beliefs: 0,
        checkpoint: Arc::clone(&checkpoint),
        is_with_payload: entry.payload.is_some()
            && entry
                .header
                .as_deref()
                .is_some_and(crate::simulation::memory::is_for_everyone),
    });
    held.collect()
}
