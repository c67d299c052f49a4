//! What rounds need of a node's memory. [`Database`] is the real one; the simulator in `tests` has another, so that the
//! rounds it runs are those of the product.
//!
//! Each call that writes is one transaction: it happens whole or not at all.

use std::future::Future;

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::healing::Halt;
use domain::identity::{Epoch, HubId, LogId, NetworkId};
use domain::log::{
    Opening, PublicKey, RawEntry, SignedCheckpoint, SigningKey, TreeEdge, VerifiedPage,
};
use domain::trust::Trust;
use storage::halt::{self, Halted};
use storage::leases::Lease;
use storage::logs::aside::{self, Reason};
use storage::logs::fill::{self, Filled};
use storage::logs::heads::{self, Head};
use storage::logs::reopening::{self, Occasion, Reissued};
use storage::logs::watching::{self, Consequence};
use storage::logs::{self, Stored, cutting, left_out, read, succession};
use storage::peers::{self, Peer, RoundResult};
use storage::{Database, StorageError, holders};

use crate::plan::Extent;
use time::OffsetDateTime;

type Answer<T> = Result<T, StorageError>;

/// A node's memory.
pub trait Store: Send + Sync {
    /// The network.
    fn network(&self) -> &NetworkId;
    /// The hub whose node it is.
    fn hub(&self) -> &HubId;
    /// The trust of this moment, with the hub's own key.
    fn trust(&self, own_key: PublicKey) -> impl Future<Output = Answer<Trust>> + Send;
    /// A number that grows with every change of trust.
    fn trust_mark(&self) -> impl Future<Output = Answer<i64>> + Send;

    /// The hash over all proved heads.
    fn heads_token(&self) -> impl Future<Output = Answer<String>> + Send;
    /// All logs.
    fn list_heads(&self) -> impl Future<Output = Answer<Vec<Head>>> + Send;
    /// One log.
    fn find_head(&self, log: &LogId) -> impl Future<Output = Answer<Option<Head>>> + Send;
    /// The right edge of a log's tree; an unknown log is empty.
    fn edge(&self, log: &LogId) -> impl Future<Output = Answer<TreeEdge>> + Send;
    /// The right edge as it was at an earlier size.
    fn edge_at(
        &self,
        log: &LogId,
        size: u64,
    ) -> impl Future<Output = Answer<Option<TreeEdge>>> + Send;
    /// A header's text.
    fn header(
        &self,
        log: &LogId,
        place: u64,
    ) -> impl Future<Output = Answer<Option<String>>> + Send;

    /// What the first entry of a log says of the log before it.
    fn opening(&self, log: &LogId) -> impl Future<Output = Answer<Option<Opening>>> + Send;

    /// Stores a page, if the log still is what it continues, and the trust by which its checkpoint counts is that of now.
    fn apply(
        &self,
        page: VerifiedPage,
        trust_mark: Option<i64>,
        clock: &dyn Clock,
    ) -> impl Future<Output = Answer<Stored>> + Send;
    /// The first places whose payloads are missing.
    fn list_missing(
        &self,
        log: &LogId,
        limit: u32,
    ) -> impl Future<Output = Answer<Vec<u64>>> + Send;
    /// Stores payloads that were missing.
    fn fill(
        &self,
        log: &LogId,
        payloads: Vec<(u64, String)>,
    ) -> impl Future<Output = Answer<Filled>> + Send;

    /// Notes that a trusted checkpoint states this size.
    fn note_seen(
        &self,
        log: &LogId,
        size: u64,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// The checkpoints that peers gave of other histories of a log.
    fn evidence(&self, log: &LogId) -> impl Future<Output = Answer<Vec<String>>> + Send;
    /// Freezes a log no more, if there still are as many pieces of evidence as were looked at.
    fn thaw(&self, log: &LogId, judged: usize) -> impl Future<Output = Answer<()>> + Send;
    /// Waits no more for what was seen of a log and is not held.
    fn forget_seen(&self, log: &LogId) -> impl Future<Output = Answer<()>> + Send;
    /// Notes that pulling begins again.
    fn note_hope(&self, log: &LogId) -> impl Future<Output = Answer<()>> + Send;
    /// Notes that no supplier proves the newest head.
    fn note_unproved(
        &self,
        log: &LogId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Sets a log aside, or takes it up again when there is no reason left.
    fn park(&self, log: &LogId, reason: Option<&str>) -> impl Future<Output = Answer<()>> + Send;
    /// Takes a newer checkpoint of what is held; says whether it is of that.
    fn adopt(
        &self,
        checkpoint: &SignedCheckpoint,
        trust_mark: i64,
        clock: &dyn Clock,
    ) -> impl Future<Output = Answer<bool>> + Send;
    /// Takes out what a log holds from a size on, if it still is `held`, and says how much that was.
    fn cut(
        &self,
        log: &LogId,
        held: &TreeEdge,
        size: u64,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<u64>> + Send;
    /// The same because a closed key vouches for it, so that it is not kept for its hub.
    fn cut_doubtful(
        &self,
        log: &LogId,
        held: &TreeEdge,
        size: u64,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<u64>> + Send;
    /// Lets go what is kept for hubs that lost it, and only closed keys vouch for.
    fn forget_doubtful(&self, trust: &Trust) -> impl Future<Output = Answer<()>> + Send;
    /// Keeps two checkpoints that cannot both be true. Another hub's log may be frozen by it.
    fn note_fork(
        &self,
        theirs: &SignedCheckpoint,
        differs_at: Option<u64>,
        peer: &HubId,
        consequence: Consequence,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;

    /// Lists a log that no trusted key speaks for.
    fn note_stranger(
        &self,
        log: &LogId,
        size: u64,
        peer: &HubId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Brings what is kept of each log into line with a trust that changed.
    fn settle(&self) -> impl Future<Output = Answer<()>> + Send;
    /// Notes that a peer holds a log up to a size; of all logs what is held here if none is named.
    fn note_holding(
        &self,
        peer: i64,
        held: Option<(&LogId, u64)>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Forgets what a peer was noted to hold: its database is another, perhaps an older one.
    fn forget_holdings(&self, peer: i64) -> impl Future<Output = Answer<()>> + Send;
    /// Why the hub writes nothing to its own log, if so.
    fn halted(&self) -> impl Future<Output = Answer<Option<Halted>>> + Send;
    /// Writes nothing from now on; counts the time anew.
    fn halt(&self, why: Halt, now: OffsetDateTime) -> impl Future<Output = Answer<()>> + Send;
    /// Writes again, if the halt is still the one that was judged; says whether it is.
    fn lift_halt(&self, judged: &Halted) -> impl Future<Output = Answer<bool>> + Send;
    /// Keeps entries of another history of the hub's own log, from the place on where it parts: to be issued
    /// again, unless it is doubtful.
    fn keep_branch(
        &self,
        log: &LogId,
        from: u64,
        entries: Vec<RawEntry>,
        reason: Reason,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Notes that a head of another history of the hub's own log was dealt with.
    fn note_branch(&self, log: &LogId, head: &Extent) -> impl Future<Output = Answer<()>> + Send;
    /// Whether it was.
    fn is_known_branch(
        &self,
        log: &LogId,
        head: &Extent,
    ) -> impl Future<Output = Answer<bool>> + Send;
    /// Begins the hub's next log, which accepts all that is held of the open one, if the halt is still the one that was
    /// judged, or any halt if none is given. It is later than the log that was noted outside the database.
    fn reopen(
        &self,
        key: &SigningKey,
        judged: Option<&Halted>,
        noted: Option<Epoch>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> impl Future<Output = Answer<Option<LogId>>> + Send;
    /// Whether two histories are out of an earlier log of the hub's own, and no later one says how much of it counts.
    fn has_contested(&self) -> impl Future<Output = Answer<bool>> + Send;
    /// Issues again what was set aside of the hub's own, unless it is halted.
    fn reissue(
        &self,
        key: &SigningKey,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> impl Future<Output = Answer<Reissued>> + Send;
    /// The hubs that are pulled, and how that went.
    fn list_peers(&self) -> impl Future<Output = Answer<Vec<Peer>>> + Send;

    /// Notes how a round with a peer went, unless the lease was lost under which it ran.
    fn note_round(
        &self,
        peer: i64,
        lease: Option<&Lease>,
        result: &RoundResult,
        now: OffsetDateTime,
    ) -> impl Future<Output = Answer<()>> + Send;
}

impl Store for Database {
    fn network(&self) -> &NetworkId {
        Self::network(self)
    }

    fn hub(&self) -> &HubId {
        Self::hub(self)
    }

    async fn trust(&self, own_key: PublicKey) -> Answer<Trust> {
        storage::trust::load_with(self, own_key).await
    }

    async fn trust_mark(&self) -> Answer<i64> {
        storage::trust::mark_now(self).await
    }

    async fn heads_token(&self) -> Answer<String> {
        heads::token(self).await
    }

    async fn list_heads(&self) -> Answer<Vec<Head>> {
        heads::list(self).await
    }

    async fn find_head(&self, log: &LogId) -> Answer<Option<Head>> {
        heads::find(self, log).await
    }

    async fn edge(&self, log: &LogId) -> Answer<TreeEdge> {
        heads::edge(self, log).await
    }

    async fn edge_at(&self, log: &LogId, size: u64) -> Answer<Option<TreeEdge>> {
        heads::edge_at(self, log, size).await
    }

    async fn header(&self, log: &LogId, place: u64) -> Answer<Option<String>> {
        read::header(self, log, place).await
    }

    async fn opening(&self, log: &LogId) -> Answer<Option<Opening>> {
        succession::opening(self, log).await
    }

    async fn apply(
        &self,
        page: VerifiedPage,
        trust_mark: Option<i64>,
        clock: &dyn Clock,
    ) -> Answer<Stored> {
        logs::apply(self, page, trust_mark, clock).await
    }

    async fn list_missing(&self, log: &LogId, limit: u32) -> Answer<Vec<u64>> {
        fill::list_missing(self, log, limit).await
    }

    async fn fill(&self, log: &LogId, payloads: Vec<(u64, String)>) -> Answer<Filled> {
        fill::fill(self, log, payloads).await
    }

    async fn note_seen(&self, log: &LogId, size: u64, now: OffsetDateTime) -> Answer<()> {
        watching::note_seen(self, log, size, now).await
    }

    async fn evidence(&self, log: &LogId) -> Answer<Vec<String>> {
        let evidence = watching::all_evidence(self, log).await?;
        Ok(evidence.into_iter().map(|piece| piece.theirs).collect())
    }

    async fn thaw(&self, log: &LogId, judged: usize) -> Answer<()> {
        watching::thaw(self, log, judged).await
    }

    async fn forget_seen(&self, log: &LogId) -> Answer<()> {
        watching::forget_seen(self, log).await
    }

    async fn note_hope(&self, log: &LogId) -> Answer<()> {
        watching::note_hope(self, log).await
    }

    async fn note_unproved(&self, log: &LogId, now: OffsetDateTime) -> Answer<()> {
        watching::note_unproved(self, log, now).await
    }

    async fn park(&self, log: &LogId, reason: Option<&str>) -> Answer<()> {
        watching::park(self, log, reason).await
    }

    async fn adopt(
        &self,
        checkpoint: &SignedCheckpoint,
        trust_mark: i64,
        clock: &dyn Clock,
    ) -> Answer<bool> {
        logs::adopt(self, checkpoint, trust_mark, clock).await
    }

    async fn cut(
        &self,
        log: &LogId,
        held: &TreeEdge,
        size: u64,
        now: OffsetDateTime,
    ) -> Answer<u64> {
        cutting::cut(self, log, held, size, now).await
    }

    async fn cut_doubtful(
        &self,
        log: &LogId,
        held: &TreeEdge,
        size: u64,
        now: OffsetDateTime,
    ) -> Answer<u64> {
        cutting::cut_doubtful(self, log, held, size, now).await
    }

    async fn forget_doubtful(&self, trust: &Trust) -> Answer<()> {
        left_out::forget_doubtful(self, trust).await
    }

    async fn note_fork(
        &self,
        theirs: &SignedCheckpoint,
        differs_at: Option<u64>,
        peer: &HubId,
        consequence: Consequence,
        now: OffsetDateTime,
    ) -> Answer<()> {
        watching::note_fork(self, theirs, differs_at, peer, consequence, now).await
    }

    async fn note_stranger(
        &self,
        log: &LogId,
        size: u64,
        peer: &HubId,
        now: OffsetDateTime,
    ) -> Answer<()> {
        peers::note_stranger(self, log, size, peer, now).await
    }

    async fn settle(&self) -> Answer<()> {
        logs::audience::settle(self).await
    }

    async fn note_holding(
        &self,
        peer: i64,
        held: Option<(&LogId, u64)>,
        now: OffsetDateTime,
    ) -> Answer<()> {
        match held {
            Some((log, size)) => holders::note(self, peer, log, size, now).await,
            None => holders::note_all(self, peer, now).await,
        }
    }

    async fn forget_holdings(&self, peer: i64) -> Answer<()> {
        holders::forget(self, peer).await
    }

    async fn halted(&self) -> Answer<Option<Halted>> {
        halt::read(self).await
    }

    async fn halt(&self, why: Halt, now: OffsetDateTime) -> Answer<()> {
        halt::set(self, why, now).await
    }

    async fn lift_halt(&self, judged: &Halted) -> Answer<bool> {
        halt::lift(self, judged).await
    }

    async fn keep_branch(
        &self,
        log: &LogId,
        from: u64,
        entries: Vec<RawEntry>,
        reason: Reason,
        now: OffsetDateTime,
    ) -> Answer<()> {
        aside::keep_branch(self, log, from, entries, reason, now).await
    }

    async fn note_branch(&self, log: &LogId, head: &Extent) -> Answer<()> {
        aside::note_branch(self, log, head.size, &head.root).await
    }

    async fn is_known_branch(&self, log: &LogId, head: &Extent) -> Answer<bool> {
        aside::is_known_branch(self, log, head.size, &head.root).await
    }

    async fn reopen(
        &self,
        key: &SigningKey,
        judged: Option<&Halted>,
        noted: Option<Epoch>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Answer<Option<LogId>> {
        let occasion = Occasion::Halted { judged, noted };
        reopening::reopen(self, key, occasion, clock, entropy).await
    }

    async fn has_contested(&self) -> Answer<bool> {
        Ok(!reopening::contested(self).await?.is_empty())
    }

    async fn reissue(
        &self,
        key: &SigningKey,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Answer<Reissued> {
        reopening::reissue(self, key, clock, entropy).await
    }

    async fn list_peers(&self) -> Answer<Vec<Peer>> {
        peers::list(self).await
    }

    async fn note_round(
        &self,
        peer: i64,
        lease: Option<&Lease>,
        result: &RoundResult,
        now: OffsetDateTime,
    ) -> Answer<()> {
        peers::note_round(self, peer, lease, result, now).await
    }
}
