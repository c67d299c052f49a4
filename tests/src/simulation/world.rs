//! The nodes and what happens to them, step by step.
//!
//! - [`World::run`] lets things happen, then ends all faults and looks whether everybody comes to hold the same.
//! - `acts` are what nodes do and what befalls them; `writing` is what hubs say; `members` is what the authority says and
//!   what becomes of keys; `healing` is what hubs do that were put back; `forging` is what liars make up; `end` is the quiet
//!   time after the faults, `quiet` and `keeping` what must hold then; `theft` is of stolen keys.

mod acts;
mod end;
mod forging;
mod healing;
mod keeping;
mod members;
mod quiet;
mod theft;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::healing::Guard;
use domain::identity::{HubId, LogId, NetworkId};
use domain::log::SigningKey;
use domain::trust::TrustedKey;
use storage::peers;
use sync::plan::Quota;
use sync::round::Puller;
use uuid::Uuid;

use self::members::Word;
use super::faults::{Fault, Faults};
use super::judge::{Judge, QUOTA_ENTRIES};
use super::memory::{Memory, MemoryStore, Watch};
use super::network::{Network, Road, Weather};
use super::random::Random;
use super::time::{self, Beside, VirtualClock};
use super::{Outcome, Settings};

/// The number of the authority's node.
const AUTHORITY: usize = 0;

/// How much of one hub's log a node takes.
pub(super) const QUOTA: Quota = Quota {
    entries: QUOTA_ENTRIES,
    bytes: 64 * 1024 * 1024,
};

/// A node.
struct Node {
    hub: HubId,
    key: SigningKey,
    /// The key that comes next, while it is announced.
    next_key: Option<SigningKey>,
    /// An old key, and the last size that it may sign.
    old_key: Option<(SigningKey, u64)>,
    store: MemoryStore,
    puller: Arc<Puller<MemoryStore>>,
    /// The rounds that run, by peer.
    rounds: Vec<(usize, Beside)>,
    backups: Vec<Memory>,
    /// How far its log had come, noted outside the database.
    guard: Option<Guard>,
    /// While it asks its peers before it writes.
    boot: Option<Beside>,
    /// The step at which it runs again, if it is down.
    up_at: Option<u64>,
}

/// Everything.
pub(crate) struct World {
    settings: Settings,
    random: Random,
    judge: Arc<Judge>,
    network: Arc<Network>,
    nodes: Vec<Node>,
    faults: Faults,
    has_authority: bool,
    words: BTreeMap<HubId, Word>,
    liar: Option<usize>,
    two_faced: Option<usize>,
    theft: Option<theft::Theft>,
    /// Logs of which a closed key signed another beginning.
    begun_otherwise: BTreeSet<LogId>,
    lost: BTreeSet<usize>,
    step: u64,
    rounds: u64,
    entries: u64,
}

pub(super) fn hub_of(number: usize) -> HubId {
    HubId::parse(&format!("hub-{number}")).expect("it is a slug")
}

pub(super) fn network_id() -> NetworkId {
    NetworkId::parse("jipp-sim").expect("it is a name")
}

pub(super) fn key_of(random: &Random) -> SigningKey {
    let mut seed = [0; 32];
    domain::entropy::Entropy::fill(random, &mut seed);
    SigningKey::from_seed(&seed)
}

pub(super) fn uuid_of(random: &Random) -> Uuid {
    let mut bytes = [0; 16];
    domain::entropy::Entropy::fill(random, &mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// A peer that was just added.
pub(super) fn peer_row(number: usize) -> peers::Peer {
    peers::Peer {
        id: i64::try_from(number).expect("nodes are few"),
        url: format!("node {number}"),
        hub: hub_of(number),
        store: None,
        cursor: None,
        heads_token: None,
        trust_mark: 0,
        record: peers::Record::default(),
    }
}

impl World {
    /// Runs one seed to its end.
    pub(crate) async fn run(settings: Settings) -> Outcome {
        let mut world = Self::new(settings);
        world.begin();
        while world.step < settings.steps && !world.is_over() {
            world.step += 1;
            world.act();
            world.pass_time().await;
            world.look_after_nodes();
        }
        if !world.is_over() {
            world.end().await;
        }
        world.outcome()
    }

    fn new(settings: Settings) -> Self {
        let random = Random::new(settings.seed);
        let judge = Arc::new(Judge::default());
        judge.state().trace.keep(settings.lines);
        let nodes: Vec<Node> = (0..settings.nodes)
            .map(|number| Node::new(number, &random, &judge))
            .collect();
        // What came later is drawn beside the others, so that seeds keep what they bring.
        let (later, beside) = (Fault::OldRecords, Random::new(!settings.seed));
        let is_drawn = |fault: &Fault| match *fault {
            fault if fault == later => beside.chance(250),
            _ => random.chance(500),
        };
        let by_chance = Fault::ALL.into_iter().filter(is_drawn).collect();
        let faults = settings.faults.unwrap_or(by_chance);
        let last = settings.nodes - 1;
        let has_liar = faults.contains(Fault::Lie) || faults.contains(Fault::StolenKey);
        let liar = has_liar.then_some(last);
        let two_faced = faults.contains(Fault::TwoHistories).then_some(last - 1);
        let road = Road {
            weather: weather(faults, &random),
            entries_per_page: 1 + random.below(8),
            heads_per_page: 1 + random.place(8),
            ..Road::default()
        };
        let stores = nodes.iter().map(|node| node.store.clone()).collect();
        let network = Network::new(random.clone(), Arc::clone(&judge), stores, road);
        Self {
            settings,
            has_authority: random.chance(750),
            network: Arc::new(network),
            random,
            judge,
            nodes,
            faults,
            words: BTreeMap::new(),
            liar,
            two_faced,
            theft: None,
            begun_otherwise: BTreeSet::new(),
            lost: BTreeSet::new(),
            step: 0,
            rounds: 0,
            entries: 0,
        }
    }

    /// Who knows whom at the beginning.
    fn begin(&mut self) {
        let keys: Vec<_> = self.nodes.iter().map(|node| node.key.public()).collect();
        for (number, node) in self.nodes.iter().enumerate() {
            let mut memory = node.store.memory();
            memory.open_own(1, &node.key);
            for (other, key) in keys.iter().enumerate() {
                let is_needed = !self.has_authority || other == AUTHORITY;
                if other != number && (is_needed || self.random.chance(250)) {
                    memory.pin(hub_of(other), TrustedKey::always(*key));
                }
            }
            memory.authority = self.has_authority.then(|| hub_of(AUTHORITY));
            let mut others: Vec<usize> = (0..keys.len()).filter(|other| *other != number).collect();
            self.random.shuffle(&mut others);
            let pulled = 1 + self.random.place(3.min(others.len()));
            memory.peers = others[..pulled]
                .iter()
                .map(|other| peer_row(*other))
                .collect();
            self.judge.state().believes(number, &memory);
        }
        for node in &mut self.nodes {
            node.renew_guard();
        }
        if self.has_authority {
            self.admit_first_members();
        }
    }

    fn is_over(&self) -> bool {
        self.judge.state().violation().is_some()
    }

    fn outcome(self) -> Outcome {
        let state = self.judge.state();
        Outcome {
            settings: self.settings,
            violation: state.violation().cloned(),
            hash: state.trace.hash(),
            last: state.trace.last(),
            faults: self.network.tally.counts(),
            questions: self.network.questions(),
            rounds: self.rounds,
            entries: self.entries,
            millis: time::millis(),
        }
    }
}

impl Node {
    fn new(number: usize, random: &Random, judge: &Arc<Judge>) -> Self {
        let (hub, key) = (hub_of(number), key_of(random));
        let memory = Memory::new(network_id(), hub.clone(), uuid_of(random));
        let watch = Arc::clone(judge) as Arc<dyn Watch>;
        let store = MemoryStore::new(number, memory, watch);
        Self {
            puller: Self::puller(&store, &key),
            hub,
            key,
            next_key: None,
            old_key: None,
            store,
            rounds: Vec::new(),
            backups: Vec::new(),
            guard: None,
            boot: None,
            up_at: None,
        }
    }

    fn puller(store: &MemoryStore, key: &SigningKey) -> Arc<Puller<MemoryStore>> {
        let clock = Arc::new(VirtualClock);
        Arc::new(Puller::new(store.clone(), key.public(), clock, QUOTA))
    }
}

fn weather(faults: Faults, random: &Random) -> Weather {
    let often = |fault, most| {
        if faults.contains(fault) {
            1 + random.below(most)
        } else {
            0
        }
    };
    Weather {
        lost_questions: often(Fault::LostQuestion, 100),
        lost_answers: often(Fault::LostAnswer, 100),
        repeated: often(Fault::Repeated, 200),
        delayed: often(Fault::Delayed, 200),
        cut: often(Fault::CutAnswer, 100),
    }
}
