//! How requests, bytes and time grow with the number of hubs, each of which pulls five others.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::RecordId;
use domain::log::{LogState, VerifiedEntry};
use domain::trust::TrustedKey;
use sync::plan;
use sync::round::{Occasion, Puller};

use crate::fleet::chart::pairs;
use crate::network::chart;

use super::judge::Judge;
use super::memory::{Memory, MemoryStore};
use super::network::{Network, Road, SimPeer};
use super::random::Random;
use super::time::{self, Beside, VirtualClock, begin, sleep};
use super::world::{QUOTA, hub_of, key_of, network_id, peer_row, uuid_of};

/// How many others each hub pulls.
const PEERS: usize = 5;
/// The usual pause between two rounds with a peer.
const INTERVAL: Duration = Duration::from_mins(1);
/// More virtual time than any network needs.
const MOST_TIME: Duration = Duration::from_hours(2);

/// What it took until everybody had proved everything, and then for nothing to change.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// How many hubs there are.
    pub hubs: usize,
    /// Requests until all is proved everywhere.
    pub requests: u64,
    /// Bytes of answers, before compression.
    pub bytes: u64,
    /// Virtual seconds.
    pub seconds: u64,
    /// Requests of the minute after that, in which nobody writes.
    pub quiet_requests: u64,
    /// Bytes of that minute.
    pub quiet_bytes: u64,
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>5} {:>10} {:>12} {:>8} {:>10} {:>12} {:>8} {:>12}",
            self.hubs,
            self.requests,
            self.bytes,
            self.seconds,
            self.of_hub(self.requests),
            self.of_hub(self.bytes),
            self.of_hub(self.quiet_requests),
            self.of_hub(self.quiet_bytes),
        )
    }
}

/// A figure of growth: what it is called, and which it is.
type Figure = (&'static str, fn(&Growth) -> u64);

const FIGURES: [Figure; 7] = [
    ("requests", |growth| growth.requests),
    ("KB of answers", |growth| growth.bytes / 1000),
    ("virtual seconds", |growth| growth.seconds),
    ("requests of a hub", |growth| growth.of_hub(growth.requests)),
    ("KB of answers to a hub", |growth| {
        growth.of_hub(growth.bytes) / 1000
    }),
    ("quiet minute, requests of a hub", |growth| {
        growth.of_hub(growth.quiet_requests)
    }),
    ("quiet minute, bytes to a hub", |growth| {
        growth.of_hub(growth.quiet_bytes)
    }),
];

/// Draws one small chart for each figure into an SVG file.
pub fn draw(measured: &[Growth], file: &Path) -> anyhow::Result<()> {
    let charts = FIGURES.map(|(name, figure)| {
        let points = measured
            .iter()
            .map(|growth| (number(growth.hubs as u64), number(figure(growth))));
        (name, points.collect())
    });
    chart::draw_charts(&charts, file)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn number(count: u64) -> f64 {
    count as f64
}

impl Growth {
    const fn of_hub(&self, sum: u64) -> u64 {
        sum / self.hubs as u64
    }

    /// What the columns are.
    pub const COLUMNS: &str =
        " hubs   requests        bytes  seconds   requests        bytes  minute:        bytes
                                                 a hub        a hub    a hub        a hub";
}

/// Measures a network of so many hubs, each with one entry of its own.
pub fn measure(hubs: usize, seed: u64) -> Growth {
    time::in_virtual_time(grow(hubs, seed))
}

async fn grow(hubs: usize, seed: u64) -> Growth {
    let random = Random::new(seed);
    let judge = Arc::new(Judge::of_nothing());
    let stores = stores(hubs, &random, &judge);
    let road = Road {
        entries_per_page: 1000,
        heads_per_page: 200,
        ..Road::default()
    };
    let network = Arc::new(Network::new(random.clone(), judge, stores.clone(), road));
    let rounds: Vec<Beside> = stores
        .iter()
        .enumerate()
        .flat_map(|(number, store)| {
            let clock = Arc::new(VirtualClock);
            let key = key_of(&Random::new(number as u64)).public();
            let puller = Arc::new(Puller::new(store.clone(), key, clock, QUOTA));
            let peers = store.memory().peers.clone();
            peers
                .into_iter()
                .map(move |peer| (number, peer.id, Arc::clone(&puller)))
        })
        .map(|(number, peer, puller)| {
            begin(rounds_with(
                number,
                peer,
                puller,
                Arc::clone(&network),
                stores[number].clone(),
            ))
        })
        .collect();
    while !are_settled(&stores, hubs) && Duration::from_millis(time::millis()) < MOST_TIME {
        sleep(Duration::from_secs(1)).await;
    }
    let (requests, bytes) = (network.questions(), network.bytes());
    let seconds = time::millis() / 1000;
    // One more pause with each peer, in which the last news is taken note of.
    sleep(INTERVAL * 2).await;
    let before = (network.questions(), network.bytes());
    sleep(INTERVAL).await;
    for round in rounds {
        round.cut_off();
    }
    Growth {
        hubs,
        requests,
        bytes,
        seconds,
        quiet_requests: network.questions() - before.0,
        quiet_bytes: network.bytes() - before.1,
    }
}

fn stores(hubs: usize, random: &Random, judge: &Arc<Judge>) -> Vec<MemoryStore> {
    let keys: Vec<_> = (0..hubs)
        .map(|number| key_of(&Random::new(number as u64)))
        .collect();
    let pins: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| (hub_of(number), TrustedKey::always(key.public())))
        .collect();
    // As hubs that run are wired: who is pulled by nobody would never be heard of.
    let pairs = pairs(hubs, PEERS, &mut fastrand::Rng::with_seed(1));
    let store = |number: usize| {
        let mut memory = Memory::new(network_id(), hub_of(number), uuid_of(random));
        memory.open_own(1, &keys[number]);
        memory.pins.clone_from(&pins);
        let entry = entry(random);
        memory
            .issue(&keys[number], vec![entry])
            .expect("an open log takes entries");
        let peers = pairs.iter().filter(|(puller, _)| *puller == number);
        memory.peers = peers.map(|(_, supplier)| peer_row(*supplier)).collect();
        MemoryStore::new(number, memory, Arc::clone(judge) as Arc<_>)
    };
    (0..hubs).map(store).collect()
}

/// An entry of a usual length.
fn entry(random: &Random) -> VerifiedEntry {
    let at = domain::clock::Clock::now(&VirtualClock);
    let text = "x".repeat(1000);
    let draft = EntryDraft {
        record: RecordId::generate(at, random),
        revision: 1,
        kind: Kind::parse(Kind::INNOVATION).expect("it is a word"),
        audience: Audience::Public,
        at,
        change: Change::Put(format!("{{\"text\":\"{text}\"}}")),
    };
    let sealed = draft.seal(random).expect("it is short JSON");
    VerifiedEntry {
        header_text: sealed.header_text,
        header: Ok(sealed.header),
        payload: sealed.payload,
    }
}

/// A node's rounds with one peer, with the product's own pauses.
async fn rounds_with(
    number: usize,
    peer: i64,
    puller: Arc<Puller<MemoryStore>>,
    network: Arc<Network>,
    store: MemoryStore,
) {
    let to = usize::try_from(peer).expect("ids are numbers of nodes");
    loop {
        let fraction =
            |random: &Random| f64::from(u32::try_from(random.below(1000)).unwrap_or(0)) / 1000.0;
        let pause = plan::pause(INTERVAL, 0, fraction(&network.random));
        sleep(pause).await;
        let row = store
            .memory()
            .peers
            .iter()
            .find(|row| row.id == peer)
            .cloned();
        let Some(row) = row else { return };
        let remote = SimPeer::new(Arc::clone(&network), number, to);
        let run = puller.run(&row, &remote, Occasion::Turn, None, &|_| {});
        drop(run.await.expect("a memory does not fail"));
    }
}

fn are_settled(stores: &[MemoryStore], hubs: usize) -> bool {
    stores.iter().all(|store| {
        let memory = store.memory();
        memory.logs.len() == hubs
            && memory
                .logs
                .values()
                .all(|log| log.state() == LogState::Proved)
    })
}
