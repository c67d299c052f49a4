//! The road between nodes, on which everything may go wrong, and the product's [`Peer`] over it.
//!
//! A question takes virtual time there and back. It may be lost, or its answer may; it may be asked twice, come late, or be
//! cut off. What a node answers is read from its memory in the middle of the way, so it may have changed when it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::entry::Sight;
use domain::identity::{HubId, LogId};
use sync::peer::{Greeting, HeadsPage, Peer, PeerError, StatedHead, StatedLeftOut, StatedPage};
use sync::plan::{Introduction, PROTOCOL_VERSION, PageLimits};

use super::faults::{Fault, Tally};
use super::judge::Judge;
use super::lies::{self, Lie};
use super::memory::{LeftOut, Memory, MemoryLog, MemoryStore};
use super::random::Random;
use super::time::sleep;

/// How long a puller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// What a node states to put into a page at most; its entries are short.
const BYTES_PER_PAGE: usize = 4 * 1024 * 1024;
/// More questions than any round needs.
const MOST_QUESTIONS: u64 = 1500;

/// How likely each mishap is, of a thousand questions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// A question is lost.
    pub lost_questions: u64,
    /// An answer is lost.
    pub lost_answers: u64,
    /// A question is answered twice, and the later answer counts.
    pub repeated: u64,
    /// An answer takes long.
    pub delayed: u64,
    /// An answer is cut off.
    pub cut: u64,
}

/// What some nodes give instead of a log that they hold.
#[derive(Clone, Debug)]
pub struct Pretence {
    /// The log.
    pub log: LogId,
    /// What is given.
    pub held: Arc<MemoryLog>,
    /// The nodes that are told it.
    pub told: BTreeSet<usize>,
}

/// What is true of the road just now.
#[derive(Debug, Default)]
pub struct Road {
    /// The mishaps.
    pub weather: Weather,
    /// Pairs of nodes that cannot reach one another.
    pub parted: BTreeSet<(usize, usize)>,
    /// Nodes that do not run.
    pub down: BTreeSet<usize>,
    /// Nodes that answer slowly and with one entry at a time.
    pub slow: BTreeSet<usize>,
    /// How some nodes lie.
    pub lies: BTreeMap<usize, Lie>,
    /// What some nodes pretend to hold.
    pub pretences: BTreeMap<usize, Vec<Pretence>>,
    /// Entries of a page.
    pub entries_per_page: u64,
    /// Heads of a page.
    pub heads_per_page: usize,
}

/// The network.
pub struct Network {
    /// Chance.
    pub random: Random,
    /// Who watches.
    pub judge: Arc<Judge>,
    /// What went wrong, how often.
    pub tally: Tally,
    stores: Vec<MemoryStore>,
    road: Mutex<Road>,
    questions: AtomicU64,
    bytes: AtomicU64,
}

impl Network {
    /// Connects nodes.
    pub fn new(random: Random, judge: Arc<Judge>, stores: Vec<MemoryStore>, road: Road) -> Self {
        Self {
            random,
            judge,
            tally: Tally::default(),
            stores,
            road: Mutex::new(road),
            questions: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// What is true of the road.
    pub fn road(&self) -> MutexGuard<'_, Road> {
        let road = self.road.try_lock();
        road.expect("one thread looks at the road once at a time")
    }

    /// How many questions were asked so far, by all nodes.
    pub fn questions(&self) -> u64 {
        self.questions.load(Ordering::Relaxed)
    }

    /// How many bytes were answered so far, to all nodes, before compression.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn strikes(&self, fault: Fault, of_thousand: u64) -> bool {
        let strikes = of_thousand > 0 && self.random.chance(of_thousand);
        if strikes {
            self.tally.count(fault);
        }
        strikes
    }
}

/// What a node showed of a log when it was asked for the heads of one hub.
pub struct Shown {
    /// The log.
    pub log: LogId,
    /// The checkpoint that it stated.
    pub checkpoint: String,
    /// The headers up to there.
    pub texts: Vec<Arc<str>>,
}

/// A node as another sees it over the network, in one round.
pub struct SimPeer {
    network: Arc<Network>,
    from: usize,
    to: usize,
    questions: AtomicU64,
    bytes: AtomicU64,
    shown: Mutex<Vec<Shown>>,
}

impl SimPeer {
    /// One node seen from another.
    pub fn new(network: Arc<Network>, from: usize, to: usize) -> Self {
        Self {
            network,
            from,
            to,
            questions: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            shown: Mutex::default(),
        }
    }

    /// What stands in the logs whose heads it stated when it was last asked for those of one hub.
    pub fn shown(&self) -> Vec<Shown> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *shown)
    }

    /// How many questions were asked in this round.
    pub fn questions(&self) -> u64 {
        self.questions.load(Ordering::Relaxed)
    }

    fn is_reachable(&self) -> bool {
        let road = self.network.road();
        let pair = (self.from.min(self.to), self.from.max(self.to));
        !road.parted.contains(&pair) && !road.down.contains(&self.to)
    }

    async fn silence<T>(&self) -> Result<T, PeerError> {
        sleep(PATIENCE).await;
        Err(PeerError::TimedOut(format!("node {}", self.to)))
    }

    async fn ask<T>(
        &self,
        what: &str,
        bytes: impl Fn(&T) -> u64,
        answer: impl Fn(&mut Memory, Option<&Lie>) -> Result<T, PeerError>,
    ) -> Result<T, PeerError> {
        let network = &self.network;
        let asked = self.questions.fetch_add(1, Ordering::Relaxed) + 1;
        network.questions.fetch_add(1, Ordering::Relaxed);
        if asked > MOST_QUESTIONS {
            let object = || format!("a round has asked {MOST_QUESTIONS} questions and goes on");
            network.judge.state().object("I10", object);
            return std::future::pending().await;
        }
        let weather = network.road().weather;
        let is_slow = network.road().slow.contains(&self.to);
        let mut way = 1 + network.random.below(20);
        if is_slow || network.strikes(Fault::Delayed, weather.delayed) {
            way += network.random.below(1000);
        }
        sleep(Duration::from_millis(way)).await;
        if !self.is_reachable() || network.strikes(Fault::LostQuestion, weather.lost_questions) {
            return self.silence().await;
        }
        let mut answered = self.answer(&answer);
        if network.strikes(Fault::Repeated, weather.repeated) {
            sleep(Duration::from_millis(network.random.below(50))).await;
            answered = self.answer(&answer);
        }
        sleep(Duration::from_millis(1 + network.random.below(20))).await;
        if !self.is_reachable() || network.strikes(Fault::LostAnswer, weather.lost_answers) {
            return self.silence().await;
        }
        if network.strikes(Fault::CutAnswer, weather.cut) {
            return Err(PeerError::Malformed("it ends in the middle".to_owned()));
        }
        let length = answered.as_ref().map_or(120, |answer| 120 + bytes(answer));
        self.bytes.fetch_add(length, Ordering::Relaxed);
        network.bytes.fetch_add(length, Ordering::Relaxed);
        let (from, to, fault) = (self.from, self.to, answered.as_ref().err());
        network.judge.state().trace.note(format_args!(
            "{from} asked {to} for {what}: {length} bytes{}",
            fault.map_or_else(String::new, |fault| format!(", {fault}"))
        ));
        answered
    }

    /// What the node lets the one that asks see of a log.
    fn sight(&self, memory: &mut Memory, log: &LogId) -> Sight {
        let viewer = self.network.stores[self.from].memory();
        memory.sight_of(&viewer, &log.hub)
    }

    /// What the node answers at this moment.
    fn answer<T>(
        &self,
        answer: impl Fn(&mut Memory, Option<&Lie>) -> Result<T, PeerError>,
    ) -> Result<T, PeerError> {
        let network = &self.network;
        let road = network.road();
        let lie = road.lies.get(&self.to);
        if lie.is_some() {
            network.tally.count(Fault::Lie);
        }
        let mut memory = network.stores[self.to].memory();
        let Some(pretences) = road.pretences.get(&self.to) else {
            return answer(&mut memory, lie);
        };
        let mut pretended = memory.clone();
        for pretence in pretences {
            if pretence.told.contains(&self.from) {
                let held = Arc::clone(&pretence.held);
                pretended.logs.insert(pretence.log.clone(), held);
            }
        }
        answer(&mut pretended, lie)
    }
}

impl Peer for SimPeer {
    async fn greet(&self) -> Result<Greeting, PeerError> {
        let own_token = self.network.stores[self.from].memory().token();
        let entries = self.network.road().entries_per_page;
        let limits = PageLimits {
            entries: usize::try_from(entries).expect("pages are small"),
            bytes: BYTES_PER_PAGE,
        };
        let own = self.network.stores[self.from].memory().hub.clone();
        let greet = |memory: &mut Memory, lie: Option<&Lie>| {
            let token = match lie {
                Some(Lie::NothingNew) => own_token.clone(),
                _ => memory.token(),
            };
            Ok(Greeting {
                introduction: Introduction {
                    hub: memory.hub.clone(),
                    network: memory.network.clone(),
                    protocol_versions: vec![PROTOCOL_VERSION],
                },
                store: memory.store,
                heads_token: token,
                limits,
                left_out: memory.left_out_of(&own).map(stated).collect(),
                name: None,
                public_keys: Vec::new(),
                now: None,
            })
        };
        self.ask(
            "hub",
            |greeting| 250 + 250 * greeting.left_out.len() as u64,
            greet,
        )
        .await
    }

    async fn heads(&self, after: Option<&str>) -> Result<HeadsPage, PeerError> {
        let most = self.network.road().heads_per_page;
        let heads = |memory: &mut Memory, lie: Option<&Lie>| {
            let mut page = heads_after(memory, after, most)?;
            if let Some(lie) = lie {
                lies::about_heads(*lie, &mut page);
            }
            Ok(page)
        };
        let bytes = |page: &HeadsPage| {
            let heads = page.heads.iter().map(|head| head.checkpoint.len() + 30);
            heads.sum::<usize>() as u64 + 60
        };
        self.ask("heads", bytes, heads).await
    }

    async fn heads_of(&self, hub: &HubId) -> Result<Vec<String>, PeerError> {
        let heads = |memory: &mut Memory, _: Option<&Lie>| {
            let logs = memory.logs.iter().filter(|(id, _)| id.hub == *hub);
            let stated = logs.filter_map(|(id, log)| {
                Some(Shown {
                    log: id.clone(),
                    checkpoint: log.checkpoint.as_ref()?.text().to_owned(),
                    texts: log.proved_texts(),
                })
            });
            Ok(stated.collect())
        };
        let bytes = |stated: &Vec<Shown>| {
            let lengths = stated.iter().map(|shown| shown.checkpoint.len());
            lengths.sum::<usize>() as u64
        };
        let stated = self.ask("heads of its own", bytes, heads).await?;
        let heads = stated.iter().map(|shown| shown.checkpoint.clone());
        let heads = heads.collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = stated;
        Ok(heads)
    }

    async fn page(&self, log: &LogId, from: u64, entries: usize) -> Result<StatedPage, PeerError> {
        let is_slow = self.network.road().slow.contains(&self.to);
        let most = self.network.road().entries_per_page.min(entries as u64);
        let most = if is_slow { 1 } else { most };
        let page = |memory: &mut Memory, lie: Option<&Lie>| {
            let held = memory.logs.get(log).map(Arc::clone).ok_or_else(unknown)?;
            let mut page = held.page(from, most).ok_or_else(unknown)?;
            // A liar keeps no secret either.
            if let Some(lie) = lie {
                return Ok(lies::about_page(*lie, memory, &held, from, page));
            }
            let sight = self.sight(memory, log);
            for (place, entry) in (from..).zip(&mut page.page.entries) {
                if !held.may_give(place, sight) {
                    entry.payload = None;
                }
            }
            Ok(page)
        };
        self.ask(&format!("{log} from {from}"), page_bytes, page)
            .await
    }

    async fn left_out_page(
        &self,
        number: u64,
        from: u64,
        entries: usize,
    ) -> Result<StatedPage, PeerError> {
        let most = self.network.road().entries_per_page.min(entries as u64);
        let viewer = self.network.stores[self.from].memory().clone();
        let page = |memory: &mut Memory, lie: Option<&Lie>| {
            let is_known = memory.knows(&viewer);
            let kept = memory
                .left_out_of(&viewer.hub)
                .find(|kept| kept.number == number && kept.start <= from && is_known);
            let held = Arc::clone(&kept.ok_or_else(unknown)?.held);
            let page = held.page(from, most).ok_or_else(unknown)?;
            Ok(match lie {
                Some(lie) => lies::about_page(*lie, memory, &held, from, page),
                None => page,
            })
        };
        self.ask(&format!("what was left out from {from}"), page_bytes, page)
            .await
    }

    async fn payloads(&self, log: &LogId, places: &[u64]) -> Result<Vec<(u64, String)>, PeerError> {
        let payloads = |memory: &mut Memory, lie: Option<&Lie>| {
            let sight = lie.map_or_else(|| self.sight(memory, log), |_| Sight::All);
            let held = memory.logs.get(log);
            let payload = |place: &u64| {
                let log = held.filter(|log| *place < log.proved_size)?;
                let log = Some(log).filter(|log| log.may_give(*place, sight))?;
                Some((*place, log.entry(*place)?.payload.as_deref()?.to_owned()))
            };
            let mut payloads = places.iter().filter_map(payload).collect();
            if let Some(lie) = lie {
                lies::about_payloads(*lie, places, &mut payloads);
            }
            Ok(payloads)
        };
        let bytes = |payloads: &Vec<(u64, String)>| {
            let texts = payloads.iter().map(|(_, text)| text.len() + 30);
            texts.sum::<usize>() as u64
        };
        self.ask(&format!("payloads of {log}"), bytes, payloads)
            .await
    }

    fn bytes_received(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn page_bytes(stated: &StatedPage) -> u64 {
    let entries = stated.page.entries.iter().map(|entry| entry.bytes() + 40);
    (entries.sum::<usize>() + 47 * stated.page.proof.len() + stated.checkpoint.len()) as u64
}

/// What a node states that it keeps of a log that its hub's next log leaves out.
fn stated(kept: &LeftOut) -> StatedLeftOut {
    let checkpoint = kept.held.checkpoint.as_ref();
    StatedLeftOut {
        number: kept.number,
        before: kept.before(),
        checkpoint: checkpoint.map_or_else(String::new, |held| held.text().to_owned()),
    }
}

fn unknown() -> PeerError {
    PeerError::Refused {
        code: "HUB_UNKNOWN".to_owned(),
        message: "no log of this hub is held here".to_owned(),
    }
}

/// The proved heads that changed after a cursor, as a node states them.
fn heads_after(memory: &Memory, after: Option<&str>, most: usize) -> Result<HeadsPage, PeerError> {
    let position: u64 = match after {
        Some(text) => text.parse().map_err(|_| PeerError::Refused {
            code: "BAD_USER_INPUT".to_owned(),
            message: "after: is not a cursor of this node's heads".to_owned(),
        })?,
        None => 0,
    };
    let mut changed: Vec<_> = memory
        .logs
        .values()
        .filter_map(|log| Some((log.position, log.checkpoint.as_ref()?)))
        .filter(|(changed, _)| *changed > position)
        .collect();
    changed.sort_by_key(|(position, _)| *position);
    let has_more = changed.len() > most;
    changed.truncate(most);
    let end = changed.last().map_or(position, |(position, _)| *position);
    let head = |checkpoint: &domain::log::SignedCheckpoint| StatedHead {
        checkpoint: checkpoint.text().to_owned(),
    };
    Ok(HeadsPage {
        heads: changed.into_iter().map(|(_, held)| head(held)).collect(),
        cursor: Some(end.to_string()),
        has_more,
    })
}
