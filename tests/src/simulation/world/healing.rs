//! Hubs that are put back: to an older database, with or without the note of how far the log had come, and what they do
//! before they write again.

use std::sync::Arc;

use domain::identity::HubId;
use domain::log::PublicKey;
use domain::trust::Membership;
use futures_util::FutureExt as _;
use sync::healing::Healer;

use super::{AUTHORITY, Node, World, uuid_of};
use crate::simulation::memory::{Memory, MemoryStore, SetAside};
use crate::simulation::network::SimPeer;
use crate::simulation::random::Random;
use crate::simulation::time::{VirtualClock, begin};

/// What becomes of the guard when a database is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GuardThen {
    /// It stays.
    Kept,
    /// It is put back as well.
    PutBack,
    /// It is lost.
    Lost,
}

/// A member of which a key is open by what is said now, and was closed by what was said before.
fn opened(before: &[Membership], now: &[Membership]) -> Option<HubId> {
    let is_open = |hub: &HubId, key: &PublicKey| {
        let keys = now.iter().filter(|word| word.hub == *hub);
        let mut keys = keys.flat_map(|word| &word.keys);
        keys.any(|now| now.key == *key && now.until.is_none())
    };
    let closed = before.iter().find(|word| {
        let mut closed = word.keys.iter().filter(|key| key.until.is_some());
        closed.any(|closed| is_open(&word.hub, &closed.key))
    });
    closed.map(|word| word.hub.clone())
}

impl Node {
    fn healer(&self, random: &Random) -> Healer<MemoryStore> {
        let (clock, entropy) = (Arc::new(VirtualClock), Arc::new(random.clone()));
        Healer::new(self.store.clone(), self.key.clone(), clock, entropy)
    }

    /// Notes how far the log has come, unless the hub is halted.
    pub(super) fn renew_guard(&mut self) {
        let memory = self.store.memory();
        if memory.halted.is_none() {
            self.guard = memory.guard();
        }
    }

    /// Whether the hub writes.
    pub(super) fn writes(&self) -> bool {
        self.up_at.is_none() && self.boot.is_none() && self.store.memory().halted.is_none()
    }
}

impl World {
    /// Whether a hub's node runs and writes.
    pub(super) fn is_writing(&self, number: usize) -> bool {
        !self.lost.contains(&number) && self.nodes[number].writes()
    }

    /// Puts a node's memory back to one in which its own log is older than what it wrote since.
    pub(super) fn restore_behind(&mut self, number: usize, guard: GuardThen) -> bool {
        let own = |memory: &Memory| memory.guard().map(|guard| (guard.epoch, guard.size));
        let now = own(&self.nodes[number].store.memory());
        let node = &self.nodes[number];
        let is_fit = self.two_faced != Some(number)
            && self.liar != Some(number)
            && !self.lost.contains(&number)
            && !self.is_victim(number)
            && node.next_key.is_none()
            && node.old_key.is_none();
        let older: Vec<_> = node
            .backups
            .iter()
            .filter(|backup| own(backup) < now && backup.halted.is_none())
            .collect();
        if !is_fit || older.is_empty() {
            return false;
        }
        let mut memory = (*self.random.pick(&older)).clone();
        memory.store = uuid_of(&self.random);
        self.kill_rounds(number);
        let node = &mut self.nodes[number];
        match guard {
            GuardThen::Kept => {}
            GuardThen::PutBack => node.guard = memory.guard(),
            GuardThen::Lost => node.guard = None,
        }
        let is_excused = node.guard.is_none() || node.guard == memory.guard();
        if is_excused {
            self.judge.state().excuse(&node.hub);
        }
        *node.store.memory() = memory.clone();
        self.judge.state().restored(number, &memory);
        self.start(number);
        true
    }

    /// A node that has just begun to run compares its database with the guard, and asks its peers.
    pub(super) fn boot(&mut self, number: usize) {
        let random = self.random.clone();
        let node = &mut self.nodes[number];
        let healer = node.healer(&random);
        let checked = healer.check(node.guard.as_ref()).now_or_never();
        if let Some(Err(error)) = checked {
            let line = format_args!("{number} could not compare its guard: {error}");
            self.judge.state().trace.note(line);
        }
        let network = Arc::clone(&self.network);
        let judge = Arc::clone(&self.judge);
        let (store, key) = (node.store.clone(), node.key.public());
        let peers = self.peers_of(number);
        let boot = begin(async move {
            for peer in peers {
                let remote = SimPeer::new(Arc::clone(&network), number, peer);
                if matches!(healer.probe(&remote).await, Ok(Ok(()))) {
                    // What only a closed key vouches for tells the hub nothing.
                    let trust = store.memory().trust(key);
                    let shown = remote.shown().into_iter();
                    for shown in shown.filter(|shown| trust.open(&shown.checkpoint).is_ok()) {
                        judge.state().told(shown.log, shown.texts);
                    }
                }
            }
        });
        if let Some(before) = self.nodes[number].boot.replace(boot) {
            before.cut_off();
        }
    }

    /// Ends what can be ended of a halt, and issues again what waits for it.
    pub(super) fn heal(&mut self, number: usize) {
        let random = self.random.clone();
        let node = &mut self.nodes[number];
        if node.boot.as_ref().is_some_and(|boot| boot.goes_on()) {
            return;
        }
        node.boot = None;
        if node.store.has_crashed() || node.up_at.is_some() {
            return;
        }
        node.puller.follow_trust().now_or_never();
        let is_halted = node.store.memory().halted.is_some();
        let has_waiting = node.store.memory().aside.iter().any(SetAside::waits);
        if !is_halted && !has_waiting {
            return;
        }
        let healer = node.healer(&random);
        let guard = node.guard;
        if is_halted {
            match healer.end(guard.as_ref()).now_or_never() {
                Some(Ok(Some(ended))) => {
                    let line = format_args!("{number} heals: {ended:?}");
                    self.judge.state().trace.note(line);
                }
                _ => return,
            }
        }
        let words = node.store.memory().words();
        if let Some(Ok(done)) = healer.reissue().now_or_never() {
            let line = format_args!("{number} issues again: {done:?}");
            self.judge.state().trace.note(line);
        }
        let node = &mut self.nodes[number];
        node.renew_guard();
        if let Some(hub) = opened(&words, &node.store.memory().words()) {
            let object =
                || format!("{number} opened a key of {hub} that was closed by saying again");
            self.judge.state().object("I15", object);
        }
    }

    /// Honest hubs that do not write though all is quiet. One that has nobody to ask waits for its operator.
    pub(super) fn unhealed(&self, honest: &[usize]) -> Option<String> {
        let is_alone = honest.len() == 1;
        honest.iter().filter(|_| !is_alone).find_map(|number| {
            let memory = self.nodes[*number].store.memory();
            let halted = memory
                .halted
                .map(|halted| format!("node {number} is halted: {:?}", halted.why));
            let waits = memory.aside.iter().any(SetAside::waits);
            halted.or_else(|| waits.then(|| format!("node {number} has entries to issue again")))
        })
    }

    /// Whether the authority's node is there to write.
    pub(super) fn is_authority_writing(&self) -> bool {
        self.has_authority && self.is_writing(AUTHORITY)
    }
}
