//! Nothing is lost that a reachable peer held (I14).
//!
//! Still allowed is the gap that ARCHITECTURE.md names, and no more: the hub had begun its next log before the quiet, which
//! does not accept the entry; it did not pull then who held it; and that one has cut it since, as the next log says.

use std::collections::BTreeMap;

use domain::identity::LogId;
use domain::log::Hash;

use super::World;
use crate::simulation::memory::MemoryLog;

/// An entry of a hub's own that one of its peers held when the quiet began.
pub(super) struct HeldEntry {
    hub: usize,
    peer: usize,
    log: LogId,
    place: u64,
    text: std::sync::Arc<str>,
    is_with_payload: bool,
    /// The hub did not pull the peer before the quiet, and its next log, begun by then, does not accept the entry.
    is_out_of_sight: bool,
}

/// Whom each node pulls.
pub(super) type Pulled = BTreeMap<usize, Vec<usize>>;

impl World {
    /// Whom each of these nodes pulls now.
    pub(super) fn pulled(&self, nodes: &[usize]) -> Pulled {
        let each = nodes.iter().map(|number| (*number, self.peers_of(*number)));
        each.collect()
    }

    /// What the honest peers of each honest hub hold of its own logs, and can prove. A log that a thief wrote into too is left
    /// out: what of it counts, its hub's operator says. `before` is whom the hubs pulled before the quiet.
    pub(super) fn held_at_peers(&self, honest: &[usize], before: &Pulled) -> Vec<HeldEntry> {
        let mut held = Vec::new();
        for hub in honest {
            let peers = self.peers_of(*hub).into_iter();
            for peer in peers.filter(|peer| honest.contains(peer)) {
                let memory = self.nodes[peer].store.memory().clone();
                for log in memory.logs_of(&self.nodes[*hub].hub) {
                    if !self.is_stolen(log) {
                        let is_new = before.get(hub).is_none_or(|known| !known.contains(&peer));
                        let accepted = self.accepted(*hub, log).filter(|_| is_new);
                        let mut entries = held_of(*hub, peer, log, &memory.logs[log]);
                        for entry in &mut entries {
                            entry.is_out_of_sight =
                                accepted.is_some_and(|size| entry.place >= size);
                        }
                        held.extend(entries);
                    }
                }
            }
        }
        held
    }

    /// How much of its own log a hub's next log accepts, if it has begun one.
    fn accepted(&self, hub: usize, log: &LogId) -> Option<u64> {
        let memory = self.nodes[hub].store.memory();
        let (accepted, _) = memory.logs.get(log)?.accepted?;
        Some(accepted.size)
    }

    /// Whether a node holds an entry of a hub's log.
    fn holds(&self, node: usize, entry: &HeldEntry) -> bool {
        let memory = self.nodes[node].store.memory();
        let log = memory.logs.get(&entry.log);
        let kept = log.and_then(|log| log.entry(entry.place));
        kept.is_some_and(|kept| kept.text == entry.text)
    }

    /// Whether an entry went where the hub could not see it, because of what the hub's next log accepts.
    fn went_out_of_sight(&self, entry: &HeldEntry) -> bool {
        entry.is_out_of_sight
            && !self.holds(entry.peer, entry)
            && self
                .accepted(entry.peer, &entry.log)
                .is_some_and(|size| entry.place >= size)
    }

    /// An entry that a peer held and that its hub has neither in a log nor among what it set aside, or has set aside as
    /// missing though the peer had its payload for everyone.
    pub(super) fn lost_entry(&self, held: &[HeldEntry]) -> Option<(&'static str, String)> {
        let lost = held.iter().find(|entry| {
            if self.holds(entry.hub, entry) || self.went_out_of_sight(entry) {
                return false;
            }
            let memory = self.nodes[entry.hub].store.memory();
            !memory.has_dealt_with(&entry.log, entry.place, &entry.text, entry.is_with_payload)
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

fn held_of(hub: usize, peer: usize, id: &LogId, log: &MemoryLog) -> Vec<HeldEntry> {
    let proved = usize::try_from(log.proved_size).expect("logs are short");
    let entries = (0..).zip(&log.entries[..proved]);
    let held = entries.map(|(place, entry)| HeldEntry {
        hub,
        peer,
        log: id.clone(),
        place,
        text: std::sync::Arc::clone(&entry.text),
        is_out_of_sight: false,
        is_with_payload: entry.payload.is_some()
            && entry
                .header
                .as_deref()
                .is_some_and(crate::simulation::memory::is_for_everyone),
    });
    held.collect()
}
