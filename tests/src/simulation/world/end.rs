//! The quiet time: faults stop, nobody writes, and everybody honest is connected. Then all must come to hold the same.

use std::sync::Arc;
use std::time::Duration;

use sync::round::Occasion;

use super::{World, peer_row};
use crate::simulation::network::Weather;
use crate::simulation::time::{begin, sleep};

impl World {
    /// Ends the faults and looks whether everybody comes to hold the same. Then again, after an old key was used by a thief.
    pub(super) async fn end(&mut self) {
        self.calm().await;
        self.close_stolen_key();
        let honest = self.honest();
        self.connect(&honest);
        self.come_together(&honest).await;
        let is_rotating = |number: &usize| self.nodes[*number].next_key.is_some();
        let rotating: Vec<_> = honest.iter().copied().filter(is_rotating).collect();
        if !self.is_over() && !rotating.is_empty() {
            for number in rotating {
                self.use_next_key(number);
            }
            self.come_together(&honest).await;
        }
        if !self.is_over() && self.begin_otherwise(&honest) {
            self.come_together(&honest).await;
        }
        for number in 0..self.nodes.len() {
            let memory = self.nodes[number].store.memory();
            domain::rules::without(None, || self.judge.state().recompute(&memory));
        }
    }

    /// Lets the nodes pull until all hold the same, in a bounded number of rounds.
    async fn come_together(&mut self, honest: &[usize]) {
        let held = self.held_at_peers(honest);
        let most_sweeps = 3 * honest.len() + 8;
        let mut amiss = None;
        for _ in 0..most_sweeps {
            self.sweep(honest).await;
            for number in honest {
                self.heal(*number);
            }
            self.use_new_key();
            if self.is_over() {
                return;
            }
            amiss = domain::rules::without(None, || {
                self.amiss(honest).or_else(|| self.lost_entry(&held))
            });
            if amiss.is_none() {
                break;
            }
        }
        if let Some((invariant, what)) = amiss {
            let what = || format!("after {most_sweeps} quiet sweeps {what}");
            self.judge.state().object(invariant, what);
        }
    }

    /// No mishap from now on; rounds that run come to their end. Liars go on lying.
    async fn calm(&mut self) {
        {
            let mut road = self.network.road();
            road.weather = Weather::default();
            road.parted.clear();
            road.slow.clear();
            // Pages of 32 are still hashed beside nobody, so what happens depends on the seed alone.
            if self.random.chance(500) {
                road.entries_per_page = 32;
            }
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
            // Alone it has nobody to pull.
            for other in wanted.into_iter().flatten().filter(|other| other != number) {
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
            // A hub pulls its peers one beside another; how far one round has come when another ends is left to chance.
            if self.random.chance(500) {
                running.extend(rounds.into_iter().map(begin));
                continue;
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
}
