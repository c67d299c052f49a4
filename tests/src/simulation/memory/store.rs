//! How rounds use a node's memory: each call is one transaction, and a crash may come between any two.

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::healing::Halt;
use domain::identity::{Epoch, HubId, LogId, NetworkId};
use domain::log::{
    Opening, PublicKey, RawEntry, SignedCheckpoint, SigningKey, TreeEdge, VerifiedPage,
};
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

use super::handle::Commit;
use super::healing::opening_of;
use super::{Kept, Memory, MemoryLog, MemoryStore, Reason};

pub(super) type Answer<T> = Result<T, StorageError>;

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

    async fn trust_mark(&self) -> Answer<i64> {
        self.live().await;
        Ok(self.memory().trust_mark)
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

    async fn opening(&self, log: &LogId) -> Answer<Option<Opening>> {
        self.live().await;
        let memory = self.memory();
        let first = memory.logs.get(log).and_then(|held| held.entry(0));
        let payload = first.and_then(|first| first.payload.as_deref());
        Ok(payload.and_then(opening_of))
    }

    async fn apply(
        &self,
        page: VerifiedPage,
        trust_mark: Option<i64>,
        _: &dyn Clock,
    ) -> Answer<Stored> {
        self.live().await;
        let log = page.checkpoint.log().clone();
        let mut memory = self.memory();
        if trust_mark.is_some_and(|judged| judged != memory.trust_mark) {
            return Err(StorageError::TrustMoved);
        }
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

    async fn adopt(
        &self,
        checkpoint: &SignedCheckpoint,
        trust_mark: i64,
        _: &dyn Clock,
    ) -> Answer<bool> {
        self.live().await;
        let mut memory = self.memory();
        if memory.trust_mark != trust_mark {
            return Err(StorageError::TrustMoved);
        }
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
        let begun = memory.reopen(key, noted, &[], clock, entropy)?;
        for log in &begun {
            self.tell_written(&memory, log, 0);
        }
        Ok(begun.last().cloned())
    }

    async fn has_contested(&self) -> Answer<bool> {
        self.live().await;
        let memory = self.memory();
        let open = memory.own_log().cloned();
        Ok(open.is_some_and(|open| !memory.contested(&open).is_empty()))
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
