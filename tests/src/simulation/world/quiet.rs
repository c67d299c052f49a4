//! What must hold when all is quiet, looked at edge by edge: whoever pulls another holds what that one shows.
//!
//! Still allowed, because no invariant asks for more:
//! - Of a log whose hub's next log is held here, what a peer shows otherwise than that accepts: the peer has not seen the
//!   next log, or believes no key of it (I12 asks only for what one is entitled to).
//! - A log that stays `CATCHING_UP` or `UNPROVED` while no peer has as much as was seen once: who had it is gone or put back.
//!   The same for entries beyond the newest checkpoint.
//! - A payload that is missing while no peer has it to give, or none hears that this hub may have it: `INCOMPLETE`.
//! - That a peer was noted to hold what it has cut since, because a next log or the end of a stolen key says so.
//! - Another history, made up with a key that was replaced, at peers whom nobody shows the one that counts: who holds that keeps
//!   the other's checkpoint as evidence.
//! - A hub that is not believed: nothing of it is taken, so nothing of it is missed.

use domain::entry::Operation;
use domain::identity::LogId;
use domain::log::{LogState, SignedCheckpoint};

use super::{World, peer_row};
use crate::simulation::memory::{Memory, MemoryLog};

/// An invariant, and what breaks it.
type Amiss = Option<(&'static str, String)>;

/// One that pulls, and all that it pulls.
struct Puller<'a> {
    number: usize,
    memory: &'a Memory,
    peers: Vec<(usize, &'a Memory)>,
}

impl World {
    /// The first thing that is amiss.
    pub(super) fn amiss(&self, honest: &[usize]) -> Amiss {
        if let Some(what) = self.unhealed(honest) {
            return Some(("I14", what));
        }
        let memories: Vec<Memory> = self
            .nodes
            .iter()
            .map(|node| node.store.memory().clone())
            .collect();
        honest.iter().find_map(|number| {
            if let Some(what) = self.still_stolen(*number) {
                return Some(("I15", what));
            }
            if let Some(record) = memories[*number].shown_of_deleted()
                && !self.is_victim(*number)
            {
                let what = format!("node {number} shows {record} of its own, which it had deleted");
                return Some(("I8", what));
            }
            let peers = self.peers_of(*number).into_iter();
            let peers = peers.filter(|peer| honest.contains(peer));
            let puller = Puller {
                number: *number,
                memory: &memories[*number],
                peers: peers.map(|peer| (peer, &memories[peer])).collect(),
            };
            self.amiss_at(&puller)
        })
    }

    fn amiss_at(&self, puller: &Puller<'_>) -> Amiss {
        for (peer, theirs) in &puller.peers {
            for (id, log) in &theirs.logs {
                let amiss = self.amiss_between(puller, *peer, id, log);
                if amiss.is_some() {
                    return amiss;
                }
            }
            if let Some(what) = self.false_holding(puller, *peer, theirs) {
                return Some(("I13", what));
            }
        }
        let mut logs = puller.memory.logs.iter();
        logs.find_map(|(id, log)| self.amiss_in(puller, id, log))
    }

    /// Whether a node believes now what a log's checkpoint says.
    fn follows(&self, number: usize, id: &LogId, log: &MemoryLog) -> bool {
        log.checkpoint.as_ref().is_some_and(|checkpoint| {
            let (text, size) = (checkpoint.text(), checkpoint.size());
            let state = self.judge.state();
            state.believes_now(number, &id.hub, text, size)
        })
    }

    /// What a peer shows of a log, and the node does not hold.
    fn amiss_between(
        &self,
        puller: &Puller<'_>,
        peer: usize,
        id: &LogId,
        theirs: &MemoryLog,
    ) -> Amiss {
        let number = puller.number;
        if !self.follows(number, id, theirs) {
            return None;
        }
        let nothing = MemoryLog::default();
        let ours = puller.memory.logs.get(id).map_or(&nothing, AsRef::as_ref);
        let stated = theirs.proved_size;
        if let Some((accepted, _)) = ours.accepted {
            let root = theirs.edge_at(stated).map(|edge| edge.root());
            let is_whole = stated == accepted.size && root == Some(accepted.root);
            let root = ours.edge_at(accepted.size).map(|edge| edge.root());
            let is_settled = ours.proved_size == accepted.size && root == Some(accepted.root);
            return (is_whole && !is_settled).then(|| {
                let what = format!(
                    "node {number} holds {} of {id}, {:?}; its next log accepts {stated}, which {peer} holds",
                    ours.size(),
                    ours.state(),
                );
                ("I12", what)
            });
        }
        let theirs_at = theirs.checkpoint.as_ref().map(SignedCheckpoint::text);
        let mut evidence = ours.evidence.iter().map(String::as_str);
        let is_outweighed =
            self.begun_otherwise.contains(id) && evidence.any(|text| Some(text) == theirs_at);
        if ours.is_forked || is_outweighed {
            return None;
        }
        let parting = ours.parts_from(theirs);
        match parting {
            None if ours.size() >= stated && ours.proved_size >= stated => None,
            None => {
                let what = format!(
                    "node {number} holds {} of {id} and has proved {}, {:?}; {peer} holds {stated}",
                    ours.size(),
                    ours.proved_size,
                    ours.state(),
                );
                Some(("I12", what))
            }
            Some(place) => {
                let what = format!(
                    "nodes {number} and {peer} hold two histories of {id} from {place} on, and {number} has not noticed"
                );
                Some(("I13", what))
            }
        }
    }

    /// What is wrong with what a node holds of a log, whoever shows it.
    fn amiss_in(&self, puller: &Puller<'_>, id: &LogId, log: &MemoryLog) -> Amiss {
        let (number, state) = (puller.number, log.state());
        let of_log = |what: &str| format!("node {number}, {id}, {state:?}: {what}");
        if state == LogState::Parked {
            return Some(("I10", of_log("it is set aside")));
        }
        let is_excused = || self.judge.state().is_excused(&id.hub) || self.is_stolen(id);
        if log.is_forked && self.begun_otherwise.contains(id) && !is_excused() {
            return Some(("I15", of_log("a key that is closed froze it")));
        }
        if let Some((accepted, _)) = log.accepted {
            let there = log.edge_at(accepted.size).map(|edge| edge.root());
            if log.size() > accepted.size && there == Some(accepted.root) {
                return Some(("I3", of_log("more is held than its next log accepts")));
            }
        } else if log.newest_seen > self.judge.state().longest(id) {
            return Some(("I13", of_log("a size was seen that nobody wrote")));
        }
        for place in &log.missing {
            let giver = puller
                .peers
                .iter()
                .find(|(peer, theirs)| self.may_get(puller, *peer, theirs, id, *place));
            if let Some((peer, _)) = giver {
                let what = format!("the payload of entry {place} is missing, and {peer} has it");
                return Some(("I12", of_log(&what)));
            }
        }
        self.amiss_with_payloads(puller, id, log)
    }

    /// Whether a node could get a payload from a peer: it is there, of the same entry, it may be given, and the log is
    /// followed. Where a peer holds another history of the log, it has another entry's payload.
    fn may_get(
        &self,
        puller: &Puller<'_>,
        peer: usize,
        theirs: &Memory,
        id: &LogId,
        place: u64,
    ) -> bool {
        let Some(log) = theirs.logs.get(id).filter(|log| place < log.proved_size) else {
            return false;
        };
        let Some(ours) = puller.memory.logs.get(id).filter(|ours| !ours.is_forked) else {
            return false;
        };
        let Some(entry) = log.entry(place).filter(|entry| entry.payload.is_some()) else {
            return false;
        };
        let is_same = ours
            .entry(place)
            .is_some_and(|ours| ours.text == entry.text);
        let header = entry.header.as_deref();
        let is_known = self.nodes[peer].store.memory().knows(puller.memory);
        let state = self.judge.state();
        let gives = |audience| state.gives(peer, &puller.memory.hub, &id.hub, audience, is_known);
        is_same
            && header.is_some_and(|header| gives(&header.audience))
            && state.hears(puller.number, &id.hub)
    }

    /// Payloads that a node may not have and has, or may have, lacks, and does not miss.
    fn amiss_with_payloads(&self, puller: &Puller<'_>, id: &LogId, log: &MemoryLog) -> Amiss {
        let (number, memory) = (puller.number, puller.memory);
        let state = self.judge.state();
        let may_keep = |audience| state.may_keep(number, &memory.hub, &id.hub, audience);
        for (place, entry) in (0..).zip(&log.entries) {
            let Some(header) = entry.header.as_deref() else {
                continue;
            };
            if entry.payload.is_some() && !may_keep(&header.audience) {
                let what = format!("node {number} keeps entry {place} of {id}, not for it");
                return Some(("I7", what));
            }
        }
        let speaking = memory.speaking(id).into_iter();
        let mut lacking = speaking.filter(|(place, header)| {
            let is_put = matches!(header.operation, Operation::Put { .. });
            let payload = log.entry(*place).and_then(|entry| entry.payload.as_ref());
            is_put && payload.is_none() && !log.missing.contains(place)
        });
        let unasked = lacking.find(|(_, header)| may_keep(&header.audience));
        unasked.map(|(place, _)| {
            let what = format!("node {number} may have entry {place} of {id}, and asks nobody");
            ("I5", what)
        })
    }

    /// What a node says that a peer holds, and that one does not.
    fn false_holding(&self, puller: &Puller<'_>, peer: usize, theirs: &Memory) -> Option<String> {
        let id = peer_row(peer).id;
        let mut noted = puller
            .memory
            .holdings
            .iter()
            .filter(|((of, _), _)| *of == id);
        noted.find_map(|((_, log), size)| {
            let held = theirs.logs.get(log);
            let has = held.map_or(0, |held| held.size());
            let is_cut = held.is_some_and(|held| held.accepted.is_some()) || self.is_stolen(log);
            (has < *size && !is_cut).then(|| {
                format!(
                    "node {} says that {peer} holds {size} of {log}; it has {has}",
                    puller.number
                )
            })
        })
    }
}
