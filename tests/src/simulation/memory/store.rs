//! The memory of a running node, as rounds use it: each call is one transaction, and a crash may come between any two.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::healing::Halt;
use domain::identity::{Epoch, HubId, LogId, NetworkId};
use domain::log::{PublicKey, RawEntry, SignedCheckpoint, SigningKey, TreeEdge, VerifiedPage};
use domain::rules::Rule;
use domain::trust::Trust;
use storage::StorageError;
use storage::halt::Halted;
use storage::leases::Lease;
use storage::logs::Stored;
use storage::logs::fill::Filled;
use storage::logs::heads::Head;
use storage::logs::reopening::Reissued;
use storage::logs::watching::Consequence;
use storage::peers::{Peer, RoundResult};
use sync::plan::Extent;
use sync::store::Store;
use time::OffsetDateTime;

use super::{Kept, Memory, MemoryLog, Reason, Renewed};

type Answer<T> = Result<T, StorageError>;

/// A commit, as the judge is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Entries came in, from this place on.
    Entries {
        /// The size before.
        from: u64,
    },
    /// Entries went, so that sizes may be smaller.
    Cut,
    /// Payloads came in.
    Payloads,
    /// Something else was noted of the log.
    Note,
}

/// Who is told of each commit.
pub trait Watch: Send + Sync {
    /// A log was changed at a node.
    fn committed(&self, node: usize, memory: &Memory, log: &LogId, commit: Commit);

    /// A node wrote to its own log, from this place on.
    fn wrote(&self, node: usize, memory: &Memory, log: &LogId, from: u64);

    /// A node wrote again what it had set aside.
    fn renewed(&self, entries: Vec<Renewed>);
}

/// A node's memory. Clones are the same memory.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    node: usize,
    network: NetworkId,
    hub: HubId,
    memory: Mutex<Memory>,
    watch: Arc<dyn Watch>,
    /// How many more calls are answered before the node crashes; 0 for no crash.
    calls_left: AtomicU64,
    has_crashed: AtomicBool,
}

impl MemoryStore {
    /// Holds a memory for a node.
    pub fn new(node: usize, memory: Memory, watch: Arc<dyn Watch>) -> Self {
        Self(Arc::new(Inner {
            node,
            network: memory.network.clone(),
            hub: memory.hub.clone(),
            memory: Mutex::new(memory),
            watch,
            calls_left: AtomicU64::new(0),
            has_crashed: AtomicBool::new(false),
        }))
    }

    /// The memory, for as long as the guard lives.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        let memory = self.0.memory.try_lock();
        memory.expect("one thread takes one memory at a time")
    }

    /// Lets the node crash before its so many-th call from now.
    pub fn crash_in(&self, calls: u64) {
        self.0.calls_left.store(calls, Ordering::Relaxed);
    }

    /// Whether the node has crashed: none of its rounds goes on.
    pub fn has_crashed(&self) -> bool {
        self.0.has_crashed.load(Ordering::Relaxed)
    }

    /// The node runs again.
    pub fn start(&self) {
        self.0.calls_left.store(0, Ordering::Relaxed);
        self.0.has_crashed.store(false, Ordering::Relaxed);
    }

    /// Ends here if the node crashes now. A crashed node does nothing until it is started anew.
    pub(super) async fn live(&self) {
        let left = self.0.calls_left.load(Ordering::Relaxed);
        if left > 0 {
            self.0.calls_left.store(left - 1, Ordering::Relaxed);
            if left == 1 {
                self.0.has_crashed.store(true, Ordering::Relaxed);
            }
        }
        if self.has_crashed() {
            pending::<()>().await;
        }
    }

    /// Tells of a commit.
    pub fn tell(&self, memory: &Memory, log: &LogId, commit: Commit) {
        self.0.watch.committed(self.0.node, memory, log, commit);
    }

    /// Tells of what the node wrote to its own log since it had so many entries.
    pub fn tell_written(&self, memory: &Memory, log: &LogId, from: u64) {
        self.0.watch.wrote(self.0.node, memory, log, from);
        self.tell(memory, log, Commit::Entries { from });
    }

    /// The first entry of a log may have cut the hub's others.
    fn tell_cut(&self, memory: &Memory, log: &LogId) {
        for other in memory.logs_of(&log.hub).filter(|other| *other != log) {
            self.tell(memory, other, Commit::Cut);
        }
    }

    async fn note(&self, log: &LogId, note: impl FnOnce(&mut MemoryLog)) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        note(memory.log_mut(log));
        self.tell(&memory, log, Commit::Note);
        Ok(())
    }

    /// The same for a log that is held; of another nothing is noted.
    async fn note_held(&self, log: &LogId, note: impl FnOnce(&mut MemoryLog)) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        if memory.logs.contains_key(log) {
            note(memory.log_mut(log));
            self.tell(&memory, log, Commit::Note);
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn network(&self) -> &NetworkId {
        &self.0.network
    }

    fn hub(&self) -> &HubId {
        &self.0.hub
    }

    async fn trust(&self, own_key: PublicKey) -> Answer<Trust> {
        self.live().await;
        Ok(self.memory().trust(own_key))
    }

    async fn heads_token(&self) -> Answer<String> {
        self.live().await;
        Ok(self.memory().token())
    }

    async fn list_heads(&self) -> Answer<Vec<Head>> {
        self.live().await;
        let memory = self.memory();
        let heads = memory.logs.iter().map(|(id, log)| log.head(id));
        Ok(heads.collect())
    }

    async fn find_head(&self, log: &LogId) -> Answer<Option<Head>> {
        self.live().await;
        let memory = self.memory();
        Ok(memory.logs.get(log).map(|held| held.head(log)))
    }

    async fn edge(&self, log: &LogId) -> Answer<TreeEdge> {
        self.live().await;
        let memory = self.memory();
        let edge = memory.logs.get(log).map(|held| held.edge.clone());
        Ok(edge.unwrap_or_default())
    }

    async fn edge_at(&self, log: &LogId, size: u64) -> Answer<Option<TreeEdge>> {
        self.live().await;
        let memory = self.memory();
        Ok(memory.logs.get(log).and_then(|held| held.edge_at(size)))
    }

    async fn header(&self, log: &LogId, place: u64) -> Answer<Option<String>> {
        self.live().await;
        let memory = self.memory();
        let entry = memory.logs.get(log).and_then(|held| held.entry(place));
        Ok(entry.map(|entry| entry.text.to_string()))
    }

    async fn apply(&self, page: VerifiedPage, _: &dyn Clock) -> Answer<Stored> {
        self.live().await;
        let log = page.checkpoint.log().clone();
        let mut memory = self.memory();
        let from = memory.logs.get(&log).map_or(0, |held| held.size());
        let stored = memory.apply(page)?;
        self.tell_cut(&memory, &log);
        self.tell(&memory, &log, Commit::Entries { from });
        Ok(stored)
    }

    async fn list_missing(&self, log: &LogId, limit: u32) -> Answer<Vec<u64>> {
        self.live().await;
        let memory = self.memory();
        let missing = memory.logs.get(log).into_iter();
        let missing = missing.flat_map(|held| held.missing.iter().copied());
        Ok(missing.take(limit as usize).collect())
    }

    async fn fill(&self, log: &LogId, payloads: Vec<(u64, String)>) -> Answer<Filled> {
        self.live().await;
        let mut memory = self.memory();
        let filled = memory.fill(log, payloads);
        if filled.filled > 0 {
            self.tell_cut(&memory, log);
            self.tell(&memory, log, Commit::Payloads);
        }
        Ok(filled)
    }

    async fn note_seen(&self, log: &LogId, size: u64, _: OffsetDateTime) -> Answer<()> {
        let seen = |held: &mut MemoryLog| held.newest_seen = held.newest_seen.max(size);
        self.note(log, seen).await
    }

    async fn evidence(&self, log: &LogId) -> Answer<Vec<String>> {
        self.live().await;
        let memory = self.memory();
        Ok(memory
            .logs
            .get(log)
            .map_or_else(Vec::new, |held| held.evidence.clone()))
    }

    async fn thaw(&self, log: &LogId, judged: usize) -> Answer<()> {
        let thaw = |held: &mut MemoryLog| {
            if held.evidence.len() == judged {
                held.is_forked = false;
            }
        };
        self.note_held(log, thaw).await
    }

    async fn forget_seen(&self, log: &LogId) -> Answer<()> {
        let forget = |held: &mut MemoryLog| {
            if held.newest_seen > held.size() {
                held.newest_seen = held.size();
                held.is_unproved = false;
            }
        };
        self.note_held(log, forget).await
    }

    async fn note_hope(&self, log: &LogId) -> Answer<()> {
        self.note_held(log, |held| held.is_unproved = false).await
    }

    async fn note_unproved(&self, log: &LogId, _: OffsetDateTime) -> Answer<()> {
        self.note_held(log, |held| held.is_unproved = true).await
    }

    async fn park(&self, log: &LogId, reason: Option<&str>) -> Answer<()> {
        let reason = reason.map(str::to_owned);
        self.note(log, |held| held.parked = reason).await
    }

    async fn adopt(&self, checkpoint: &SignedCheckpoint, _: &dyn Clock) -> Answer<bool> {
        self.live().await;
        let mut memory = self.memory();
        let is_of_held = memory.adopt(checkpoint);
        self.tell(&memory, checkpoint.log(), Commit::Note);
        Ok(is_of_held)
    }

    async fn cut(&self, log: &LogId, held: &TreeEdge, size: u64, _: OffsetDateTime) -> Answer<u64> {
        self.take_out(log, held, size, None).await
    }

    async fn cut_doubtful(
        &self,
        log: &LogId,
        held: &TreeEdge,
        size: u64,
        _: OffsetDateTime,
    ) -> Answer<u64> {
        let reason = Some(Reason::Doubtful);
        self.take_out(log, held, size, reason).await
    }

    async fn forget_doubtful(&self, trust: &Trust) -> Answer<()> {
        self.live().await;
        self.memory().forget_doubtful(trust);
        Ok(())
    }

    async fn note_fork(
        &self,
        theirs: &SignedCheckpoint,
        _: Option<u64>,
        _: &HubId,
        consequence: Consequence,
        _: OffsetDateTime,
    ) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        let is_ours = theirs.log().hub == memory.hub;
        let held = memory.log_mut(theirs.log());
        if !held.evidence.iter().any(|text| text == theirs.text()) {
            held.evidence.push(theirs.text().to_owned());
        }
        if consequence == Consequence::Noted {
            return Ok(());
        }
        held.is_forked |= !is_ours && held.accepted.is_none();
        memory.stamp(theirs.log());
        self.tell(&memory, theirs.log(), Commit::Note);
        Ok(())
    }

    async fn settle(&self) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        for log in memory.settle() {
            self.tell(&memory, &log, Commit::Note);
        }
        Ok(())
    }

    async fn note_holding(
        &self,
        peer: i64,
        held: Option<(&LogId, u64)>,
        _: OffsetDateTime,
    ) -> Answer<()> {
        self.live().await;
        self.memory().note_holding(peer, held);
        Ok(())
    }

    async fn forget_holdings(&self, peer: i64) -> Answer<()> {
        self.live().await;
        self.memory().holdings.retain(|(of, _), _| *of != peer);
        Ok(())
    }

    async fn halted(&self) -> Answer<Option<Halted>> {
        self.live().await;
        Ok(self.memory().halted)
    }

    async fn halt(&self, why: Halt, now: OffsetDateTime) -> Answer<()> {
        self.live().await;
        self.memory().halt(why, now);
        Ok(())
    }

    async fn lift_halt(&self, judged: &Halted) -> Answer<bool> {
        self.live().await;
        let mut memory = self.memory();
        let is_same = memory.halted.as_ref() == Some(judged);
        if is_same {
            memory.halted = None;
        }
        Ok(is_same)
    }

    async fn keep_branch(
        &self,
        log: &LogId,
        from: u64,
        entries: Vec<RawEntry>,
        reason: Reason,
        _: OffsetDateTime,
    ) -> Answer<()> {
        self.live().await;
        let entries = entries.into_iter().map(Kept::from).collect();
        self.memory().keep_branch(log, from, entries, reason);
        Ok(())
    }

    async fn note_branch(&self, log: &LogId, head: &Extent) -> Answer<()> {
        self.live().await;
        let branch = (log.clone(), head.size, head.root.to_string());
        self.memory().branches.insert(branch);
        Ok(())
    }

    async fn is_known_branch(&self, log: &LogId, head: &Extent) -> Answer<bool> {
        self.live().await;
        let branch = (log.clone(), head.size, head.root.to_string());
        Ok(self.memory().branches.contains(&branch))
    }

    async fn reopen(
        &self,
        key: &SigningKey,
        judged: Option<&Halted>,
        noted: Option<Epoch>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Answer<Option<LogId>> {
        self.live().await;
        let mut memory = self.memory();
        if memory.halted.is_none() || judged.is_some_and(|judged| memory.halted != Some(*judged)) {
            return Ok(None);
        }
        let log = memory.reopen(key, noted, u64::MAX, clock, entropy)?;
        self.tell_written(&memory, &log, 0);
        Ok(Some(log))
    }

    async fn reissue(
        &self,
        key: &SigningKey,
        _: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Answer<Reissued> {
        self.live().await;
        let mut memory = self.memory();
        let size = |memory: &Memory| memory.guard().map_or(0, |guard| guard.size);
        let from = size(&memory);
        let (done, renewed) = memory.reissue(key, entropy)?;
        self.0.watch.renewed(renewed);
        let log = memory.own_log().cloned();
        if let Some(log) = log.filter(|_| size(&memory) > from) {
            self.tell_written(&memory, &log, from);
        }
        Ok(done)
    }

    async fn list_peers(&self) -> Answer<Vec<Peer>> {
        self.live().await;
        Ok(self.memory().peers.clone())
    }

    async fn note_stranger(&self, log: &LogId, _: u64, _: &HubId, _: OffsetDateTime) -> Answer<()> {
        self.live().await;
        self.memory().strangers.insert(log.clone());
        Ok(())
    }

    async fn note_round(
        &self,
        peer: i64,
        _: Option<&Lease>,
        result: &RoundResult,
        now: OffsetDateTime,
    ) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        let Some(peer) = memory.peers.iter_mut().find(|held| held.id == peer) else {
            return Ok(());
        };
        let now = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        peer.record.last_round_at = Some(now);
        if result.has_answered {
            peer.record.last_answer_at = Some(now);
        }
        peer.record.rounds += 1;
        peer.record.strikes += result.strikes;
        peer.record.parked.clone_from(&result.parked);
        if let Some(error) = &result.error {
            peer.record.failures += 1;
            peer.record.last_error = Some(error.clone());
            peer.heads_token = None;
        } else {
            peer.record.failures = 0;
            peer.record.last_success_at = Some(now);
            peer.record.last_error = None;
            peer.store = result.store;
            peer.cursor.clone_from(&result.cursor);
            let is_kept = peer.trust_mark == result.trust_mark || !Rule::TokenWaitsForTrust.holds();
            peer.heads_token = result.heads_token.clone().filter(|_| is_kept);
        }
        Ok(())
    }
}
