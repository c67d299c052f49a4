//! Who knows what really happened, and looks at every commit of every node.
//!
//! What hubs wrote is told to the judge when they write it. So it can say of any node whether what it holds is true, without
//! asking the code that is judged. The first invariant that is broken ends the simulation.

mod oracle;
mod stolen;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::entry::{Audience, Operation};
use domain::identity::{HubId, LogId};
use domain::log::{Hash, LogState, TreeEdge};
use domain::rules;

use super::memory::{Commit, Memory, MemoryLog, Renewed, Watch};
use oracle::Oracle;
pub use stolen::Stolen;
pub use trace::Trace;

/// The most entries of one log that a node takes.
pub const QUOTA_ENTRIES: u64 = 2000;

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its number in ARCHITECTURE.md, or `trust` for what section 9 of docs/protocol.md says.
    pub invariant: &'static str,
    /// What happened.
    pub what: String,
}

/// What a hub wrote: one history, or two if it is a hub that lies.
#[derive(Debug, Default)]
struct Truth(Vec<Vec<Arc<str>>>);

/// The judge.
#[derive(Debug, Default)]
pub struct Judge(Mutex<State>);

/// What the judge knows.
#[derive(Debug, Default)]
pub struct State {
    truths: BTreeMap<LogId, Truth>,
    sizes: BTreeMap<(usize, LogId), (u64, u64)>,
    beliefs: BTreeMap<usize, Vec<Oracle>>,
    excused: BTreeSet<HubId>,
    told: BTreeMap<LogId, Vec<Vec<Arc<str>>>>,
    renewed: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    stolen: Option<Stolen>,
    violation: Option<Violation>,
    is_idle: bool,
    /// What happened so far.
    pub trace: Trace,
}

tokio::task_local! {
    /// How many beliefs the node had gone through when the round of this task began.
    static BELIEFS_BEFORE: usize;
}

impl Judge {
    /// One that looks at nothing, for measuring.
    pub fn of_nothing() -> Self {
        let judge = Self::default();
        judge.state().is_idle = true;
        judge
    }

    /// What it knows, for as long as the guard lives.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let state = self.0.try_lock();
        state.expect("one thread asks the judge one thing at a time")
    }

    /// Runs a round of a node; what it may take depends on what the node believed from its beginning on.
    pub async fn round<T>(&self, node: usize, round: impl Future<Output = T>) -> T {
        let beliefs = self.state().beliefs.get(&node).map_or(0, Vec::len);
        BELIEFS_BEFORE.scope(beliefs.saturating_sub(1), round).await
    }
}

impl Watch for Judge {
    fn committed(&self, node: usize, memory: &Memory, log: &LogId, commit: Commit) {
        let mut state = self.state();
        if !state.is_idle {
            state.look(node, memory, log, commit);
        }
    }

    fn wrote(&self, _: usize, memory: &Memory, log: &LogId, from: u64) {
        let mut state = self.state();
        if !state.is_idle {
            let entries = memory.logs[log].entries.iter();
            let texts: Vec<_> = entries.map(|entry| Arc::clone(&entry.text)).collect();
            let from = usize::try_from(from).expect("logs are short");
            if let Some(record) = memory.brought_back(log, from) {
                let hub = &log.hub;
                state.object("I8", || {
                    format!("{hub} wrote {record} again, which it had deleted")
                });
            }
            state.wrote(log, &texts[..from], &texts[from..]);
        }
    }

    fn renewed(&self, entries: Vec<Renewed>) {
        let mut state = self.state();
        for (before, now) in entries {
            state.renewed.entry(before).or_default().push(now);
        }
    }
}

impl State {
    /// The first invariant that was broken.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Says that an invariant is broken. Only the first counts: what comes after may follow from it.
    pub fn object(&mut self, invariant: &'static str, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            let what = what();
            self.trace.note(format_args!("BROKEN {invariant}: {what}"));
            self.violation = Some(Violation { invariant, what });
        }
    }

    /// A hub wrote entries into its log behind those that it held. Places that it had written before it may only write
    /// again if nothing outside its database could tell.
    fn wrote(&mut self, log: &LogId, before: &[Arc<str>], texts: &[Arc<str>]) {
        if self.was_told_otherwise(log, before, texts) {
            let place = before.len();
            self.object("I14", || {
                format!("{log} was written anew from {place} on, though a peer had shown what stood there")
            });
        }
        let is_excused = self.is_excused(&log.hub);
        let truth = self.truths.entry(log.clone()).or_default();
        if let Some(history) = truth.0.iter_mut().find(|history| *history == before) {
            history.extend_from_slice(texts);
            return;
        }
        let is_first = truth.0.is_empty() && before.is_empty();
        truth.0.push([before, texts].concat());
        if !is_first && !is_excused {
            let places = before.len();
            self.object("I14", || format!("{log} was written anew from {places} on"));
        }
    }

    /// A hub that began to run was shown by a peer what that one holds of its log.
    pub fn told(&mut self, log: LogId, texts: Vec<Arc<str>>) {
        let is_true = |history: &Vec<Arc<str>>| history.starts_with(&texts);
        let truth = self.truths.get(&log);
        // What a liar makes up is no reason to write nothing.
        if truth.is_some_and(|truth| truth.0.iter().any(is_true)) {
            self.told.entry(log).or_default().push(texts);
        }
    }

    fn was_told_otherwise(&self, log: &LogId, before: &[Arc<str>], texts: &[Arc<str>]) -> bool {
        let mut told = self.told.get(log).into_iter().flatten();
        told.any(|told| {
            let there = told.get(before.len());
            there.is_some_and(|there| texts.first().is_some_and(|now| now != there))
        })
    }

    /// The headers' texts under which a hub said again what an entry says that it had set aside.
    pub fn said_again(&self, entry: &Arc<str>) -> BTreeSet<Arc<str>> {
        let mut said = BTreeSet::new();
        let mut waiting = vec![entry];
        // A deletion may be said again in the same words as before.
        while let Some(text) = waiting.pop() {
            let again = self.renewed.get(text).into_iter().flatten();
            waiting.extend(again.filter(|text| said.insert(Arc::clone(text))));
        }
        said
    }

    /// A hub lost what could tell it how far its log had come.
    pub fn excuse(&mut self, hub: &HubId) {
        self.excused.insert(hub.clone());
    }

    /// Whether it did.
    pub fn is_excused(&self, hub: &HubId) -> bool {
        self.excused.contains(hub)
    }

    /// A hub that lies wrote another history of its log.
    pub fn wrote_otherwise(&mut self, log: &LogId, texts: Vec<Arc<str>>) {
        let truth = self.truths.entry(log.clone()).or_default();
        if truth.0.is_empty() {
            truth.0.push(Vec::new());
        }
        let continued = truth
            .0
            .iter_mut()
            .skip(1)
            .find(|held| texts.starts_with(held));
        match continued {
            Some(history) => *history = texts,
            None => truth.0.push(texts),
        }
    }

    /// Whether a hub wrote two histories of its log.
    pub fn has_two_histories(&self, log: &LogId) -> bool {
        self.truths.get(log).is_some_and(|truth| truth.0.len() > 1)
    }

    /// A node was put back, so its sizes begin anew, and what it believes changed.
    pub fn restored(&mut self, node: usize, memory: &Memory) {
        self.sizes.retain(|(other, _), _| *other != node);
        self.told.retain(|log, _| log.hub != memory.hub);
        for (id, log) in &memory.logs {
            let sizes = (log.size(), log.proved_size);
            self.sizes.insert((node, id.clone()), sizes);
        }
        self.believes(node, memory);
    }

    /// What a node believes may have changed.
    pub fn believes(&mut self, node: usize, memory: &Memory) {
        let now = Oracle::of(memory);
        let beliefs = self.beliefs.entry(node).or_default();
        if beliefs.last() != Some(&now) {
            beliefs.push(now);
        }
    }

    /// Whether a node believes what it holds or is offered of a hub at a size, by the judge's own reckoning.
    pub fn may_take(&self, node: usize, hub: &HubId, checkpoint: &str, size: u64) -> bool {
        let before = BELIEFS_BEFORE.try_with(|before| *before).unwrap_or(0);
        let beliefs = self.beliefs.get(&node).map_or(&[][..], Vec::as_slice);
        let mut since = beliefs[before.min(beliefs.len())..].iter();
        since.any(|oracle| oracle.believes(hub, checkpoint, size))
    }

    /// The same, with what the node believes now.
    pub fn believes_now(&self, node: usize, hub: &HubId, checkpoint: &str, size: u64) -> bool {
        let now = self.belief(node);
        now.is_some_and(|oracle| oracle.believes(hub, checkpoint, size))
    }

    fn belief(&self, node: usize) -> Option<&Oracle> {
        self.beliefs.get(&node).and_then(|beliefs| beliefs.last())
    }

    /// Whether a node hears a hub, by the judge's own reckoning.
    pub fn hears(&self, node: usize, hub: &HubId) -> bool {
        self.belief(node).is_some_and(|oracle| oracle.hears(hub))
    }

    /// Whether a node, which is of a hub, may keep a payload of another, likewise.
    pub fn may_keep(&self, node: usize, us: &HubId, origin: &HubId, audience: &Audience) -> bool {
        let belief = self.belief(node);
        belief.is_some_and(|oracle| oracle.may_keep(us, origin, audience))
    }

    /// How many beliefs a node has gone through before the one of now.
    pub fn beliefs_of(&self, node: usize) -> usize {
        let beliefs = self.beliefs.get(&node).map_or(0, Vec::len);
        beliefs.saturating_sub(1)
    }

    /// Whether a node, which is of a hub, had to drop at some time since what is of such an audience, likewise.
    pub fn had_to_drop(
        &self,
        node: usize,
        since: usize,
        us: &HubId,
        origin: &HubId,
        audience: &Audience,
    ) -> bool {
        let beliefs = self.beliefs.get(&node).into_iter().flatten();
        let mut since = beliefs.skip(since);
        since.any(|oracle| !oracle.may_keep(us, origin, audience))
    }

    /// Whether a node may give a payload of a hub to another, likewise. That one `is_known` if it can show who it is.
    pub fn gives(
        &self,
        node: usize,
        viewer: &HubId,
        origin: &HubId,
        audience: &Audience,
        is_known: bool,
    ) -> bool {
        let gives = |oracle: &Oracle| oracle.gives(viewer, origin, audience);
        *audience == Audience::Public || is_known && self.belief(node).is_some_and(gives)
    }

    /// How many entries the longest history of a log has that was written.
    pub fn longest(&self, log: &LogId) -> u64 {
        let histories = self.truths.get(log).map_or(&[][..], |truth| &truth.0);
        let sizes = histories.iter().map(|history| history.len() as u64);
        sizes.max().unwrap_or_default()
    }

    fn look(&mut self, node: usize, memory: &Memory, id: &LogId, commit: Commit) {
        let Some(log) = memory.logs.get(id) else {
            return;
        };
        if commit != Commit::Note {
            let (hub, size) = (&memory.hub, log.size());
            self.trace
                .note(format_args!("{hub} holds {size} of {id} after {commit:?}"));
        }
        rules::without(None, || {
            if commit == Commit::Cut {
                let sizes = (log.size(), log.proved_size);
                self.sizes.insert((node, id.clone()), sizes);
            }
            if let Commit::Entries { from } = commit {
                self.look_at_entries(node, memory, id, from);
            }
            if memory.authority.as_ref() == Some(&id.hub) {
                self.believes(node, memory);
            }
            self.look_at_log(memory, id, log);
        });
    }

    fn look_at_entries(&mut self, node: usize, memory: &Memory, id: &LogId, from: u64) {
        let log = &memory.logs[id];
        let now = (log.size(), log.proved_size);
        let before = self.sizes.insert((node, id.clone()), now);
        let before = before.unwrap_or_default();
        if now.0 < before.0 || now.1 < before.1 || from != before.0 {
            self.object("I6", || {
                format!("{} went from {before:?} to {now:?} with {id}", memory.hub)
            });
        }
        self.look_at_stolen(memory, id, from);
        if !self.is_true(id, log) {
            self.object("I3", || {
                format!("{} holds of {id} what its hub did not write", memory.hub)
            });
        }
        if id.network != memory.network {
            self.object("trust", || format!("{} holds {id}", memory.hub));
        }
        if log.size() > QUOTA_ENTRIES {
            self.object("I10", || format!("{id} grew over its quota"));
        }
        let checkpoint = log
            .checkpoint
            .as_ref()
            .filter(|checkpoint| checkpoint.size() == log.size() && id.hub != memory.hub);
        if let Some(checkpoint) = checkpoint
            && !self.may_take(node, &id.hub, checkpoint.text(), checkpoint.size())
        {
            self.object("trust", || {
                format!(
                    "{} took {id} up to {}, and believes no key that signed it",
                    memory.hub,
                    checkpoint.size()
                )
            });
        }
    }

    /// Whether a log is what its hub wrote, as far as it goes.
    fn is_true(&self, id: &LogId, log: &MemoryLog) -> bool {
        let histories = self.truths.get(id).map_or(&[][..], |truth| &truth.0);
        log.entries.is_empty()
            || histories.iter().any(|history| {
                log.entries.len() <= history.len()
                    && log
                        .entries
                        .iter()
                        .zip(history)
                        .all(|(entry, text)| entry.text == *text)
            })
    }

    /// What holds of a log whatever happened before.
    pub fn look_at_log(&mut self, memory: &Memory, id: &LogId, log: &MemoryLog) {
        let hub = &memory.hub;
        if log.is_forked && !self.has_two_histories(id) {
            self.object("I13", || format!("{hub} froze {id}, which has one history"));
        }
        if let Some(checkpoint) = &log.checkpoint {
            let root = log.edge_at(log.proved_size).map(|edge| edge.root());
            if checkpoint.size() != log.proved_size || root.as_ref() != Some(checkpoint.root()) {
                self.object("I4", || {
                    format!("{hub} has a checkpoint of {id} that its entries do not lead to")
                });
            }
        }
        self.look_at_payloads(memory, id, log);
    }

    fn look_at_payloads(&mut self, memory: &Memory, id: &LogId, log: &MemoryLog) {
        let hub = &memory.hub;
        let speaking = memory.speaking(id);
        for (place, entry) in (0..).zip(&log.entries) {
            let Some(payload) = &entry.payload else {
                continue;
            };
            let header = entry.header.as_deref();
            let speaks = speaking.iter().any(|(speaker, _)| *speaker == place);
            if !speaks {
                self.object("I8", || {
                    format!("{hub} holds the payload of entry {place} of {id}, which is superseded")
                });
            }
            if id.hub != *hub && !header.is_some_and(|header| log.sight.sees(&header.audience)) {
                self.object("I7", || {
                    format!("{hub} holds the payload of entry {place} of {id}, which is not for it")
                });
            }
            let is_named = header.is_some_and(|header| match &header.operation {
                Operation::Put { payload: hash, .. } => *hash == Hash::of(payload.as_bytes()),
                Operation::Delete { .. } => false,
            });
            if !is_named {
                self.object("I13", || {
                    format!("{hub} holds another payload than entry {place} of {id} names")
                });
            }
        }
        if log.state() != LogState::Proved {
            return;
        }
        let is_absent = |place: &u64| {
            log.entry(*place)
                .is_some_and(|entry| entry.payload.is_none())
        };
        let lacking = speaking.iter().find(|(place, header)| {
            let is_put = matches!(header.operation, Operation::Put { .. });
            let is_entitled = id.hub == *hub || log.sight.sees(&header.audience);
            is_put && is_entitled && is_absent(place)
        });
        if let Some((place, _)) = lacking {
            self.object("I5", || {
                format!("{hub} calls {id} PROVED and lacks the payload of entry {place}")
            });
        }
    }

    /// Recomputes all of a node's memory from its entries.
    pub fn recompute(&mut self, memory: &Memory) {
        for (id, log) in &memory.logs {
            let leaves = log
                .entries
                .iter()
                .map(|entry| Hash::of_leaf(entry.text.as_bytes()));
            if TreeEdge::default().append(leaves).edge != log.edge {
                self.object("I4", || {
                    format!(
                        "{} has a tree of {id} that is not of its entries",
                        memory.hub
                    )
                });
            }
            if !self.is_true(id, log) {
                self.object("I3", || {
                    format!("{} holds of {id} what its hub did not write", memory.hub)
                });
            }
            self.look_at_log(memory, id, log);
        }
        if let Some(kept) = memory.kept_of_deleted() {
            let (hub, place, log) = (&memory.hub, kept.place, &kept.log);
            self.object("I8", || {
                format!("{hub} keeps the payload of entry {place} of {log}, set aside, whose record is deleted")
            });
        }
        let anew = memory.projection_from_entries();
        if anew != *memory.shown {
            let differs = anew
                .iter()
                .find(|(key, shown)| memory.shown.get(*key) != Some(*shown))
                .map(|(key, _)| key)
                .or_else(|| memory.shown.keys().find(|key| !anew.contains_key(*key)))
                .cloned();
            self.object("I17", || {
                format!(
                    "{} shows {differs:?} otherwise than its entries say",
                    memory.hub
                )
            });
        }
    }
}
