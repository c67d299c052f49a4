//! What nodes do, and what befalls them.

use std::sync::Arc;
use std::time::Duration;

use sync::round::{Occasion, Puller};

use super::healing::GuardThen;
use super::{AUTHORITY, Node, World, uuid_of};
use crate::simulation::faults::Fault;
use crate::simulation::lies::Lie;
use crate::simulation::memory::MemoryStore;
use crate::simulation::network::SimPeer;
use crate::simulation::time::{begin, sleep};

/// The most backups that are kept of a node.
const MOST_BACKUPS: usize = 6;

/// Faults that befall at a step; the others are weather, or part of what is written.
const EVENTS: [Fault; 15] = [
    Fault::Parted,
    Fault::Slow,
    Fault::Crash,
    Fault::Restore,
    Fault::RestoreBehind,
    Fault::RestoreWhole,
    Fault::LostGuard,
    Fault::LostNode,
    Fault::TwoPullers,
    Fault::Lie,
    Fault::TwoHistories,
    Fault::Rotation,
    Fault::StolenKey,
    Fault::Membership,
    Fault::Denial,
];

impl World {
    /// One thing happens.
    pub(super) fn act(&mut self) {
        let number = self.random.place(self.nodes.len());
        match self.random.below(100) {
            0..25 => self.write(number),
            25..75 => self.pull(number),
            75..80 => self.back_up(number),
            _ => {
                let events = EVENTS.iter().filter(|fault| self.faults.contains(**fault));
                let events: Vec<Fault> = events.copied().collect();
                if !events.is_empty() {
                    self.befall(*self.random.pick(&events), number);
                }
            }
        }
    }

    fn befall(&mut self, fault: Fault, number: usize) {
        let is_done = match fault {
            Fault::Parted => self.part(),
            Fault::Slow => self.slow(number),
            Fault::Crash => self.crash(number),
            Fault::Restore => self.restore(number),
            Fault::RestoreBehind => self.restore_behind(number, GuardThen::Kept),
            Fault::RestoreWhole => self.restore_behind(number, GuardThen::PutBack),
            Fault::LostGuard => self.restore_behind(number, GuardThen::Lost),
            Fault::LostNode => self.lose(number),
            Fault::TwoPullers => self.pull_twice(number),
            Fault::Lie => self.change_lie(),
            Fault::TwoHistories => self.write_otherwise(),
            Fault::Rotation => self.announce_key(number),
            Fault::StolenKey => self.steal_key(number),
            Fault::Membership => self.say_of_member(number),
            Fault::Denial => self.deny(number),
            _ => false,
        };
        if is_done {
            self.network.tally.count(fault);
            let line = format_args!("{fault:?} at {number}");
            self.judge.state().trace.note(line);
        }
    }

    /// Lets virtual time pass, in which rounds go on.
    pub(super) async fn pass_time(&self) {
        sleep(Duration::from_millis(1 + self.random.below(80))).await;
    }

    fn is_up(&self, number: usize) -> bool {
        self.nodes[number].up_at.is_none() && !self.lost.contains(&number)
    }

    /// A node begins a round with one of its peers, if none with it runs.
    fn pull(&mut self, number: usize) {
        let peers = self.nodes[number].store.memory().peers.clone();
        let peer = self.random.pick(&peers).id;
        let peer = usize::try_from(peer).expect("ids are numbers of nodes");
        let node = &mut self.nodes[number];
        node.rounds.retain(|(_, round)| round.goes_on());
        let is_running = node.rounds.iter().any(|(other, _)| *other == peer);
        if !is_running && self.is_up(number) {
            let puller = Arc::clone(&self.nodes[number].puller);
            self.begin_round(number, peer, puller);
        }
    }

    /// Another process on the same database begins a round, whatever runs.
    fn pull_twice(&mut self, number: usize) -> bool {
        if !self.is_up(number) {
            return false;
        }
        let peers = self.nodes[number].store.memory().peers.clone();
        let peer = usize::try_from(self.random.pick(&peers).id).expect("ids are numbers of nodes");
        let node = &self.nodes[number];
        let puller = Node::puller(&node.store, &node.key);
        self.begin_round(number, peer, puller);
        true
    }

    fn begin_round(&mut self, number: usize, peer: usize, puller: Arc<Puller<MemoryStore>>) {
        let occasion = if self.random.chance(300) {
            Occasion::Hint
        } else {
            Occasion::Turn
        };
        let round = self.round(number, peer, puller, occasion);
        self.nodes[number].rounds.push((peer, begin(round)));
    }

    /// One round of a node with a peer.
    pub(super) fn round(
        &mut self,
        number: usize,
        peer: usize,
        puller: Arc<Puller<MemoryStore>>,
        occasion: Occasion,
    ) -> impl Future<Output = ()> + use<> {
        self.rounds += 1;
        let remote = SimPeer::new(Arc::clone(&self.network), number, peer);
        let judge = Arc::clone(&self.judge);
        let store = self.nodes[number].store.clone();
        async move {
            let id = i64::try_from(peer).expect("nodes are few");
            let row = store
                .memory()
                .peers
                .iter()
                .find(|row| row.id == id)
                .cloned();
            let Some(row) = row else { return };
            let run = puller.run(&row, &remote, occasion, None, &|_| {});
            let ended = judge.round(number, run).await;
            let error = match &ended {
                Ok(result) => result.error.clone(),
                Err(error) => Some(error.to_string()),
            };
            let error = error.unwrap_or_else(|| "well".to_owned());
            let line = format_args!("{number} ended its round with {peer}: {error}");
            judge.state().trace.note(line);
        }
    }

    fn back_up(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let memory = node.store.memory().clone();
        if node.backups.len() == MOST_BACKUPS {
            node.backups.remove(0);
        }
        node.backups.push(memory);
    }

    /// Ends all rounds of a node, as when its process ends.
    pub(super) fn kill_rounds(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        for (_, round) in node.rounds.drain(..) {
            round.cut_off();
        }
        if let Some(boot) = node.boot.take() {
            boot.cut_off();
        }
        node.puller = Node::puller(&node.store, &node.key);
    }

    /// The node will crash between two calls to its memory.
    fn crash(&mut self, number: usize) -> bool {
        if !self.is_up(number) {
            return false;
        }
        self.nodes[number].store.crash_in(1 + self.random.below(30));
        true
    }

    /// Nodes that have crashed are down for a while, then run again. Keys that came round are used.
    pub(super) fn look_after_nodes(&mut self) {
        for number in 0..self.nodes.len() {
            if self.nodes[number].store.has_crashed() && self.nodes[number].up_at.is_none() {
                self.kill_rounds(number);
                self.network.road().down.insert(number);
                self.nodes[number].up_at = Some(self.step + 1 + self.random.below(10));
                let line = format_args!("{number} crashed");
                self.judge.state().trace.note(line);
            }
            if self.nodes[number].up_at.is_some_and(|at| at <= self.step) {
                self.start(number);
            }
            self.heal(number);
            if self.nodes[number].next_key.is_some() {
                self.use_next_key(number);
            }
        }
        self.use_new_key();
        let is_over = self.random.chance(50);
        if is_over {
            let mut road = self.network.road();
            road.parted.clear();
            road.slow.clear();
        }
    }

    /// The node runs again.
    pub(super) fn start(&mut self, number: usize) {
        if self.lost.contains(&number) {
            return;
        }
        self.nodes[number].store.start();
        self.nodes[number].up_at = None;
        self.network.road().down.remove(&number);
        self.boot(number);
    }

    /// Puts a node's memory back to an earlier one in which its own log is as it is now.
    fn restore(&mut self, number: usize) -> bool {
        let node = &self.nodes[number];
        let size = |memory: &crate::simulation::memory::Memory| {
            let own = memory.own_log().and_then(|log| memory.logs.get(log));
            own.map(|log| (memory.own_log().cloned(), log.size()))
        };
        let now = size(&node.store.memory());
        let whole: Vec<_> = node
            .backups
            .iter()
            .filter(|backup| size(backup) == now && backup.halted.is_none())
            .collect();
        if whole.is_empty() || self.lost.contains(&number) {
            return false;
        }
        let mut memory = (*self.random.pick(&whole)).clone();
        // A database that is put back is another store: cursors that others keep for it count no more.
        memory.store = uuid_of(&self.random);
        self.kill_rounds(number);
        *self.nodes[number].store.memory() = memory.clone();
        self.judge.state().restored(number, &memory);
        self.start(number);
        true
    }

    /// A node is gone for good, but for the authority and those who lie.
    fn lose(&mut self, number: usize) -> bool {
        let is_needed = number == AUTHORITY
            || self.liar == Some(number)
            || self.two_faced == Some(number)
            || !self.lost.is_empty();
        if is_needed || self.random.chance(700) {
            return false;
        }
        self.lose_now(number);
        true
    }

    pub(super) fn lose_now(&mut self, number: usize) {
        self.kill_rounds(number);
        self.lost.insert(number);
        self.network.road().down.insert(number);
    }

    fn part(&mut self) -> bool {
        let mut road = self.network.road();
        road.parted.clear();
        let side: Vec<bool> = self.nodes.iter().map(|_| self.random.chance(500)).collect();
        for (one, is_here) in side.iter().enumerate() {
            for (other, is_there) in side.iter().enumerate().skip(one + 1) {
                if is_here != is_there {
                    road.parted.insert((one, other));
                }
            }
        }
        true
    }

    fn slow(&mut self, number: usize) -> bool {
        self.network.road().slow.insert(number)
    }

    fn change_lie(&mut self) -> bool {
        let Some(liar) = self.liar else { return false };
        if self.random.chance(500) {
            return self.make_up(liar);
        }
        let lie = *self.random.pick(&Lie::ALL);
        self.network.road().lies.insert(liar, lie);
        self.judge
            .state()
            .trace
            .note(format_args!("{liar} lies: {lie:?}"));
        true
    }

    /// An operator denies a hub, or takes the denial back. The program is stopped meanwhile, so no round still runs that
    /// began before.
    fn deny(&mut self, number: usize) -> bool {
        let other = self.random.place(self.nodes.len());
        let is_own = other == number || other == AUTHORITY;
        let is_denied = self
            .nodes
            .iter()
            .any(|node| !node.store.memory().denied.is_empty());
        if is_own || self.lost.contains(&number) {
            return false;
        }
        self.kill_rounds(number);
        let hub = self.nodes[other].hub.clone();
        let mut memory = self.nodes[number].store.memory();
        if memory.denied.contains(&hub) {
            memory.allow(&hub);
        } else if !is_denied {
            memory.deny(hub);
        }
        self.judge.state().believes(number, &memory);
        drop(memory);
        if self.is_up(number) {
            self.boot(number);
        }
        true
    }
}
