//! The quiet time: faults stop, nobody writes, and everybody honest is connected. Then all must come to hold the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::identity::LogId;
use domain::log::LogState;
use sync::round::Occasion;

use super::{World, peer_row};
use crate::simulation::memory::MemoryLog;
use crate::simulation::network::Weather;
use crate::simulation::time::{begin, sleep};

/// Whether a log can be given whole. Behind entries that are not yet proved, payloads before them may be superseded and
/// gone, which nobody else can know.
fn is_whole(log: &MemoryLog) -> bool {
    log.lacks_only_hidden() && log.proved_size == log.size()
}

/// What somebody holds of a log and others may come to hold.
struct Best {
    log: LogId,
    size: u64,
    checkpoint: String,
    /// Who holds all of it, payloads too.
    holders: BTreeSet<usize>,
}

impl World {
    /// Ends the faults and looks whether everybody comes to hold the same, in a bounded number of rounds.
    pub(super) async fn end(&mut self) {
        self.calm().await;
        let honest = self.honest();
        self.connect(&honest);
        let most_sweeps = 3 * honest.len() + 8;
        let mut amiss = None;
        for _ in 0..most_sweeps {
            self.sweep(&honest).await;
            for number in &honest {
                self.heal(*number);
            }
            if self.is_over() {
                return;
            }
            amiss = domain::rules::without(None, || self.amiss(&honest));
            if amiss.is_none() {
                break;
            }
        }
        if let Some((invariant, what)) = amiss {
            let what = || format!("after {most_sweeps} quiet sweeps {what}");
            self.judge.state().object(invariant, what);
        }
        for number in 0..self.nodes.len() {
            let memory = self.nodes[number].store.memory();
            domain::rules::without(None, || self.judge.state().recompute(&memory));
        }
    }

    fn amiss(&self, honest: &[usize]) -> Option<(&'static str, String)> {
        if let Some(what) = self.unhealed(honest) {
            return Some(("I14", what));
        }
        let unmet = self.unmet(honest).into_iter().next();
        let unmet = unmet.map(|what| ("I12", what));
        unmet.or_else(|| self.unseen_fork(honest).map(|what| ("I13", what)))
    }

    /// No mishap from now on; rounds that run come to their end. Liars go on lying.
    async fn calm(&mut self) {
        {
            let mut road = self.network.road();
            road.weather = Weather::default();
            road.parted.clear();
            road.slow.clear();
            // Short pages are hashed beside nobody, so what happens depends on the seed alone.
            road.entries_per_page = 32;
        }
        self.judge
            .state()
            .trace
            .note(format_args!("the quiet time begins"));
        for number in 0..self.nodes.len() {
            let store = self.nodes[number].store.clone();
            if store.has_crashed() {
                self.kill_rounds(number);
            }
            if self.nodes[number].up_at.is_some() || store.has_crashed() {
                self.start(number);
            }
            // No crash that was meant for later.
            store.start();
            while self.nodes[number]
                .boot
                .as_ref()
                .is_some_and(|boot| boot.goes_on())
            {
                sleep(Duration::from_millis(10)).await;
            }
            for (_, round) in std::mem::take(&mut self.nodes[number].rounds) {
                while round.goes_on() && !self.is_over() {
                    sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    fn honest(&self) -> Vec<usize> {
        let is_honest = |number: &usize| {
            self.liar != Some(*number)
                && self.two_faced != Some(*number)
                && !self.lost.contains(number)
        };
        (0..self.nodes.len()).filter(is_honest).collect()
    }

    /// A ring of all honest nodes, both ways round, beside the peers that each has. Or a thin one: each pulls one other,
    /// mostly one that it pulled before, so nothing that was missed there comes another way.
    fn connect(&self, honest: &[usize]) {
        let ring = self.ring(honest);
        let is_thin = self.random.chance(500);
        for (place, number) in ring.iter().enumerate() {
            let after = ring[(place + 1) % ring.len()];
            let before = ring[(place + ring.len() - 1) % ring.len()];
            let mut memory = self.nodes[*number].store.memory();
            if is_thin {
                memory.peers.retain(|peer| peer.id == peer_row(after).id);
            }
            let wanted = [Some(after), Some(before).filter(|_| !is_thin)];
            for other in wanted.into_iter().flatten() {
                let row = peer_row(other);
                if memory.peers.iter().all(|peer| peer.id != row.id) {
                    memory.peers.push(row);
                }
            }
        }
    }

    /// The honest nodes in an order in which most pull the next already.
    fn ring(&self, honest: &[usize]) -> Vec<usize> {
        let mut left = honest.to_vec();
        self.random.shuffle(&mut left);
        let mut ring: Vec<usize> = left.pop().into_iter().collect();
        while let Some(last) = ring.last()
            && !left.is_empty()
        {
            let peers = self.peers_of(*last);
            let known = left.iter().position(|number| peers.contains(number));
            ring.push(left.remove(known.unwrap_or(0)));
        }
        ring
    }

    /// Each node has one round with each of its peers; the nodes go on beside one another.
    async fn sweep(&mut self, honest: &[usize]) {
        let mut running = Vec::new();
        for number in honest {
            let mut rounds = Vec::new();
            for peer in self.peers_of(*number) {
                let occasion = if self.random.chance(300) {
                    Occasion::Hint
                } else {
                    Occasion::Turn
                };
                let puller = Arc::clone(&self.nodes[*number].puller);
                rounds.push(self.round(*number, peer, puller, occasion));
            }
            running.push(begin(async {
                for round in rounds {
                    round.await;
                }
            }));
        }
        while running.iter().any(|node| node.goes_on()) && !self.is_over() {
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) fn peers_of(&self, number: usize) -> Vec<usize> {
        let memory = self.nodes[number].store.memory();
        let ids = memory.peers.iter().map(|peer| peer.id);
        ids.map(|id| usize::try_from(id).expect("ids are numbers of nodes"))
            .collect()
    }

    /// What honest nodes hold of each log at most.
    fn best(&self, honest: &[usize]) -> Vec<Best> {
        let mut found: Vec<Best> = Vec::new();
        for number in honest {
            let memory = self.nodes[*number].store.memory().clone();
            for (id, log) in &memory.logs {
                let is_closed = self.accepts_less(honest, id, log.proved_size);
                let is_open = !log.is_forked && !is_closed;
                let Some(checkpoint) = log.checkpoint.as_ref().filter(|_| is_open) else {
                    continue;
                };
                let whole = Some(*number).filter(|_| is_whole(log));
                let best = Best {
                    log: id.clone(),
                    size: log.proved_size,
                    checkpoint: checkpoint.text().to_owned(),
                    holders: whole.into_iter().collect(),
                };
                match found.iter_mut().find(|other| other.log == *id) {
                    Some(other) if other.size == best.size => other.holders.extend(whole),
                    Some(other) if other.size < best.size => *other = best,
                    Some(_) => {}
                    None => found.push(best),
                }
            }
        }
        found
    }

    /// Whether the hub's next log, as somebody honest has it, accepts less of a log.
    fn accepts_less(&self, honest: &[usize], id: &LogId, size: u64) -> bool {
        honest.iter().any(|number| {
            let memory = self.nodes[*number].store.memory();
            let accepted = memory.logs.get(id).and_then(|log| log.accepted);
            accepted.is_some_and(|(accepted, _)| accepted.size < size)
        })
    }

    /// What somebody is entitled to, could get over honest nodes, and does not hold.
    fn unmet(&self, honest: &[usize]) -> Vec<String> {
        let mut unmet = Vec::new();
        for mut best in self.best(honest) {
            let hub = &best.log.hub;
            if self.judge.state().has_two_histories(&best.log) {
                continue;
            }
            let believers: Vec<usize> = honest
                .iter()
                .copied()
                .filter(|number| {
                    let state = self.judge.state();
                    state.believes_now(*number, hub, &best.checkpoint, best.size)
                })
                .collect();
            let mut seen = BTreeSet::new();
            loop {
                let reached = believers.iter().copied().find(|number| {
                    let peers = self.peers_of(*number);
                    !best.holders.contains(number)
                        && !seen.contains(number)
                        && peers.iter().any(|peer| best.holders.contains(peer))
                });
                let Some(number) = reached else { break };
                if let Some(what) = self.lacks(number, &best) {
                    unmet.push(what);
                }
                seen.insert(number);
                if self.can_give(number, &best) {
                    best.holders.insert(number);
                }
            }
        }
        unmet
    }

    /// Whether a node can prove to others what is held of a log at most. One that holds more of it cannot, as long as
    /// nobody proves that to it; who is behind it must wait.
    fn can_give(&self, number: usize, best: &Best) -> bool {
        let memory = self.nodes[number].store.memory();
        let log = memory.logs.get(&best.log);
        log.is_some_and(|log| log.proved_size == best.size && is_whole(log))
    }

    fn lacks(&self, number: usize, best: &Best) -> Option<String> {
        let memory = self.nodes[number].store.memory();
        let log = memory.logs.get(&best.log).map(AsRef::as_ref);
        let (size, state) = log.map_or((0, LogState::Empty), |log| (log.size(), log.state()));
        let is_expected = match state {
            LogState::Proved => true,
            LogState::Empty => best.size == 0,
            // It saw more than anybody has now that can be reached.
            LogState::Unproved | LogState::CatchingUp => {
                log.is_some_and(|log| log.newest_seen > best.size)
            }
            // What was not for everyone, nobody gives back to a hub that was put back.
            LogState::Incomplete => {
                best.log.hub == memory.hub && log.is_some_and(MemoryLog::lacks_only_hidden)
            }
            _ => false,
        };
        (size < best.size || !is_expected).then(|| {
            format!(
                "node {number} holds {size} of {}, {state:?}; others hold {}",
                best.log, best.size
            )
        })
    }

    /// Two nodes that hold different histories, of which one pulls the other and has not noticed.
    fn unseen_fork(&self, honest: &[usize]) -> Option<String> {
        for number in honest {
            let memory = self.nodes[*number].store.memory().clone();
            let peers = self.peers_of(*number);
            for peer in peers.iter().filter(|peer| honest.contains(*peer)) {
                let theirs = self.nodes[*peer].store.memory().clone();
                for (id, log) in memory.logs.iter().filter(|(_, log)| !log.is_forked) {
                    let other = theirs.logs.get(id);
                    let is_closed = |log: &MemoryLog| log.accepted.is_some();
                    if is_closed(log) || other.is_some_and(|other| is_closed(other)) {
                        continue;
                    }
                    let differs = other.is_some_and(|other| !log.shares_history(other));
                    // What is held and not yet proved is compared with nobody.
                    let is_proved = log.proved_size == log.size();
                    if differs && is_proved && self.follows(*number, id, log) {
                        return Some(format!(
                            "nodes {number} and {peer} hold two histories of {id}, and {number} has not noticed"
                        ));
                    }
                }
            }
        }
        None
    }

    fn follows(&self, number: usize, id: &LogId, log: &MemoryLog) -> bool {
        log.checkpoint.as_ref().is_some_and(|checkpoint| {
            let (text, size) = (checkpoint.text(), checkpoint.size());
            let state = self.judge.state();
            state.believes_now(number, &id.hub, text, size)
        })
    }
}
