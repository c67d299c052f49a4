//! One pull from one peer.
//!
//! - [`Puller`] holds what rounds share: the database, the clock, the quota, and which logs are being pulled just now.
//! - [`Puller::run`] asks who the peer is, what changed, pulls each log that grew, fills what is missing, and notes how it
//!   went.
//! - `log` is what is done about one log, `pull` brings one forward, `fill` asks for its missing payloads,
//!   `fork` tells a forked one from a lying supplier, `branch` brings home other histories of our own, and `enforce` takes out
//!   what closed keys signed.
//!
//! One log's failure changes no other's. The peer's cursor moves on only when everything before it was dealt with.

mod branch;
mod enforce;
mod fill;
mod fork;
mod log;
mod pull;

use enforce::Enforced;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::identity::{HubId, LogId};
use domain::log::{Checkpoint, LogState, PublicKey, SignedCheckpoint};
use domain::rules::Rule;
use domain::trust::{Standing, Trust, TrustError};
use storage::leases::Lease;
use storage::logs::heads::Head;
use storage::peers::{self, RoundResult};
use storage::{Database, StorageError};

use crate::hint::Hint;
use crate::peer::{Greeting, HeadsPage, Peer, PeerError};
use crate::plan::{self, PageLimits, Quota};
use crate::store::Store;

/// The most pages of heads that one round reads; the next goes on where this one stopped.
const MOST_HEADS_PAGES: usize = 50;
/// How long one log may take in one round. A supplier that is slow is then left, so that another may bring the log.
const MOST_LOG_TIME: Duration = Duration::from_mins(10);
/// How often one round looks at all heads again because it brought new trust.
const MOST_NEW_TRUSTS: usize = 3;
/// What is reckoned with before the peer has stated anything.
const UNSTATED: PageLimits = PageLimits {
    entries: usize::MAX,
    bytes: usize::MAX,
};

/// Why a round or a part of it stopped.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The peer gave no usable answer.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The peer gave something that does not verify.
    #[error("it gave something of {log} that does not verify: {why}")]
    False {
        /// The log.
        log: LogId,
        /// What is wrong.
        why: String,
    },
    /// The peer gives a log in pages that are shorter than they need be.
    #[error(
        "it gives {0} in pages of a few entries, though the log goes on; what came is kept, and another peer may give the rest"
    )]
    Dripping(LogId),
    /// The log did not come within the time that one log may take.
    #[error("{log} did not come within {seconds} s; what came is kept, and the next round goes on")]
    OutOfTime {
        /// The log.
        log: LogId,
        /// The time.
        seconds: u64,
    },
    /// Another round is at this log.
    #[error("another round is pulling {0}")]
    Busy(LogId),
}

/// Why a round is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is the peer's turn. Mostly nothing changed, and then one question is enough.
    Turn,
    /// The peer told of a change, so it is asked at once what changed, too.
    Hint,
}

/// How far a round has come, for people who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The log that grew.
    pub log: LogId,
    /// Its size now.
    pub size: u64,
    /// The size that is aimed at.
    pub target: u64,
}

/// How fast pages are stored, so that a pull leaves something for whoever reads at the same time.
pub trait Pace: Send + Sync {
    /// How long to rest after so much work.
    fn rest(&self, worked: Duration) -> Duration;
}

/// What all rounds of a node share.
pub struct Puller<S = Database> {
    db: S,
    own_key: PublicKey,
    clock: Arc<dyn Clock>,
    quota: Quota,
    log_time: Duration,
    pace: Option<Arc<dyn Pace>>,
    busy: Mutex<HashSet<LogId>>,
    enforced: Mutex<Option<Enforced>>,
}

impl<S: Store> Puller<S> {
    /// Makes a puller into this database. With the hub's own key it recognises its own log at a peer, which may be
    /// ahead of a database that was put back.
    pub fn new(db: S, own_key: PublicKey, clock: Arc<dyn Clock>, quota: Quota) -> Self {
        Self {
            db,
            own_key,
            clock,
            quota,
            log_time: MOST_LOG_TIME,
            pace: None,
            busy: Mutex::default(),
            enforced: Mutex::default(),
        }
    }

    /// Lets one log take so long in one round.
    #[must_use]
    pub fn with_log_time(self, log_time: Duration) -> Self {
        Self { log_time, ..self }
    }

    /// Rests after pages as long as somebody says.
    #[must_use]
    pub fn at_pace(self, pace: Arc<dyn Pace>) -> Self {
        let pace = Some(pace);
        Self { pace, ..self }
    }

    /// Runs one round with a peer and notes how it went, if the lease is still held under which it is run; without one
    /// nobody else may pull the peer. `progress` is told of every page that was stored.
    pub async fn run(
        &self,
        peer: &peers::Peer,
        remote: &impl Peer,
        occasion: Occasion,
        lease: Option<&Lease>,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<RoundResult, StorageError> {
        let before = remote.bytes_received();
        let began = self.clock.now();
        let mut round = Round {
            puller: self,
            peer,
            remote,
            progress,
            result: RoundResult {
                store: peer.store,
                cursor: peer.cursor.clone(),
                trust_mark: peer.trust_mark,
                ..RoundResult::default()
            },
            own_failed: false,
            has_begun_log: false,
            limits: UNSTATED,
            trust_mark: 0,
        };
        if let Err(error) = round.go(occasion).await {
            round.note_error(&error);
        }
        let mut result = round.result;
        result.bytes_received = remote.bytes_received() - before;
        self.db.note_round(peer.id, lease, &result, began).await?;
        tracing::info!(
            peer = %peer.hub,
            entries = result.entries,
            bytes = result.bytes_received,
            error = result.error.as_deref(),
            "round ended"
        );
        Ok(result)
    }

    /// The trust of this moment, with the hub's own key.
    async fn trust(&self) -> Result<Trust, StorageError> {
        self.db.trust(self.own_key).await
    }

    /// Judges a checkpoint anew if trust changed since the mark, and gives the mark of the trust by which it counts. The
    /// mark is read first, so that it is never newer than the trust.
    async fn judge(&self, theirs: &SignedCheckpoint, mark: i64) -> Result<i64, RoundError> {
        let now = self.db.trust_mark().await?;
        if now != mark && self.trust().await?.open(theirs.text()).is_err() {
            return Err(RoundError::Busy(theirs.log().clone()));
        }
        Ok(now)
    }

    /// Says whether a hint is worth a round.
    pub async fn is_news(&self, hint: &Hint) -> Result<bool, StorageError> {
        let log = LogId {
            network: self.db.network().clone(),
            hub: hint.hub.clone(),
            epoch: hint.epoch,
        };
        let head = self.db.find_head(&log).await?;
        Ok(head.is_none_or(|head| plan::is_news(head.state, head.size, hint.size)))
    }

    /// Marks a log as being pulled until the guard is dropped.
    fn occupy(&self, log: &LogId) -> Option<Occupied<'_, S>> {
        let fresh = self
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(log.clone());
        fresh.then(|| Occupied {
            puller: self,
            log: log.clone(),
        })
    }
}

struct Occupied<'a, S> {
    puller: &'a Puller<S>,
    log: LogId,
}

impl<S> Drop for Occupied<'_, S> {
    fn drop(&mut self) {
        self.puller
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.log);
    }
}

struct Round<'a, S, P> {
    puller: &'a Puller<S>,
    peer: &'a peers::Peer,
    remote: &'a P,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
    result: RoundResult,
    /// Something of this hub's own logs did not come as it should.
    own_failed: bool,
    /// The round stored the first entries of a log, which may speak of an earlier one.
    has_begun_log: bool,
    /// How much the peer states to give at a time.
    limits: PageLimits,
    /// The mark of the trust by which heads are looked at.
    trust_mark: i64,
}

impl<S: Store, P: Peer> Round<'_, S, P> {
    async fn go(&mut self, occasion: Occasion) -> Result<(), RoundError> {
        let db = &self.puller.db;
        self.puller.follow_trust().await?;
        let (greeting, early) = self.ask(occasion).await?;
        if let Err(mismatch) =
            plan::check_introduction(db.network(), &self.peer.hub, &greeting.introduction)
        {
            self.result.parked = Some(mismatch.to_string());
            self.result.error.clone_from(&self.result.parked);
            return Ok(());
        }
        let is_same_store = self.peer.store == Some(greeting.store) || !Rule::CursorOfStore.holds();
        self.result.store = Some(greeting.store);
        self.limits = greeting.limits;
        if !is_same_store {
            // Another store counts its commits anew: what it changed since would be passed over. It may hold less, too.
            self.result.cursor = None;
            db.forget_holdings(self.peer.id).await?;
        }
        let heads = db.list_heads().await?;
        let is_admitted = self.has_admitted(&heads);
        let is_open = is_admitted || self.has_left_out(&greeting.left_out).await?;
        if !is_open
            && self
                .is_done(&greeting.heads_token, is_same_store, heads)
                .await?
        {
            self.result.heads_token = Some(greeting.heads_token);
            self.result.has_answered = true;
            return Ok(());
        }
        // Its head may lie before the cursor.
        let is_same_store = is_same_store && !is_admitted;
        let mut trust = self.read_trust().await?;
        self.puller.enforce(&trust, self.trust_mark).await?;
        let early = early.filter(|_| is_same_store);
        // The token may be of a later time than heads that were asked for beside it, so the one before it is kept: it
        // says as well that nothing is left undone before the cursor.
        let token = match early {
            Some(_) if Rule::TokenOfHeads.holds() => self.peer.heads_token.clone(),
            _ => Some(greeting.heads_token),
        };
        let mut is_complete = self.follow_heads(&trust, is_same_store, early).await?;
        for _ in 0..MOST_NEW_TRUSTS {
            let mark = self.trust_mark;
            let now = self.read_trust().await?;
            let has_begun_next = std::mem::take(&mut self.has_begun_log) && self.has_next().await?;
            if now == trust && !has_begun_next {
                break;
            }
            // Pages that were on their way were judged by the trust of before.
            self.puller.judge_anew(&trust, mark);
            self.puller.enforce(&now, self.trust_mark).await?;
            self.puller.adopt_accepted(&now, self.trust_mark).await?;
            // What the authority's log brought may make a log followed that was passed over before, or a checkpoint
            // believed that was not, so only the last look counts.
            trust = now;
            db.settle().await?;
            (self.result.error, self.result.strikes) = (None, 0);
            self.own_failed = false;
            is_complete = self.follow_heads(&trust, false, None).await?;
        }
        self.result.has_answered = !self.own_failed;
        self.fetch_left_out(&trust, &greeting.left_out).await?;
        if Rule::MissingAskedFor.holds() {
            self.fill_missing(&trust).await?;
        }
        let is_settled = self.puller.trust().await? == trust || !Rule::TokenWaitsForTrust.holds();
        if is_complete && is_settled {
            self.result.heads_token = token;
        }
        Ok(())
    }

    async fn read_trust(&mut self) -> Result<Trust, StorageError> {
        self.trust_mark = self.puller.db.trust_mark().await?;
        self.puller.trust().await
    }

    /// Whether a log is set aside that the quota admits by now.
    fn has_admitted(&self, heads: &[Head]) -> bool {
        let quota = self.puller.quota;
        heads.iter().any(|head| {
            head.parked.as_deref() == Some(log::OVER_QUOTA)
                && quota.admits(head.newest_seen, head.bytes)
        })
    }

    /// Whether a hub has several logs here, so that the first entry of one may say what counts of another.
    async fn has_next(&self) -> Result<bool, StorageError> {
        let heads = self.puller.db.list_heads().await?;
        Ok(heads.iter().any(|head| head.accepted.is_some()))
    }

    /// Asks who the peer is and, after a hint, at the same time what changed since the remembered cursor. That counts only
    /// if the greeting says that the peer is the one who gave the cursor.
    async fn ask(
        &self,
        occasion: Occasion,
    ) -> Result<(Greeting, Option<Result<HeadsPage, PeerError>>), PeerError> {
        let cursor = self.peer.cursor.as_deref();
        let is_due = occasion == Occasion::Hint && self.peer.heads_token.is_some();
        match cursor.filter(|_| is_due) {
            Some(cursor) => {
                let heads = self.remote.heads(Some(cursor));
                let (greeting, heads) = tokio::join!(self.remote.greet(), heads);
                Ok((greeting?, Some(heads)))
            }
            None => Ok((self.remote.greet().await?, None)),
        }
    }

    /// Nothing is left to do when the peer holds what we hold, or what it held when nothing was left to do, and nothing
    /// is unfinished here but what is not followed.
    async fn is_done(
        &self,
        token: &str,
        is_same_store: bool,
        mut open: Vec<Head>,
    ) -> Result<bool, StorageError> {
        let db = &self.puller.db;
        let is_known = is_same_store && self.peer.heads_token.as_deref() == Some(token);
        if !is_known {
            if db.heads_token().await? != token {
                return Ok(false);
            }
            let now = self.puller.clock.now();
            db.note_holding(self.peer.id, None, now).await?;
        }
        open.retain(|head| {
            matches!(
                head.state,
                LogState::CatchingUp | LogState::Unproved | LogState::Incomplete
            )
        });
        if open.is_empty() || !Rule::UnfinishedIsPulled.holds() {
            return Ok(true);
        }
        let trust = self.puller.trust().await?;
        Ok(!open.iter().any(|head| is_followed(&trust, &head.log.hub)))
    }

    /// Deals with every head that changed at the peer, and says whether all went well.
    async fn follow_heads(
        &mut self,
        trust: &Trust,
        is_same_store: bool,
        mut early: Option<Result<HeadsPage, PeerError>>,
    ) -> Result<bool, RoundError> {
        // A log that was left unfinished may not have changed at the peer since, so everything is looked at again.
        let is_settled = self.peer.heads_token.is_some() || !Rule::CursorWaits.holds();
        let was_complete = is_settled && is_same_store;
        let mut cursor = self.peer.cursor.clone().filter(|_| was_complete);
        let mut is_complete = true;
        for _ in 0..MOST_HEADS_PAGES {
            let page = match early.take() {
                Some(page) => page?,
                None => self.remote.heads(cursor.as_deref()).await?,
            };
            for head in &page.heads {
                is_complete &= self.follow_head(trust, &head.checkpoint).await;
            }
            let is_stuck = page.cursor.is_none() || page.cursor == cursor;
            cursor = page.cursor.or(cursor);
            if !page.has_more || is_stuck {
                break;
            }
        }
        if is_complete || !Rule::CursorWaits.holds() {
            self.result.cursor = cursor;
        }
        Ok(is_complete)
    }

    /// Deals with one head; what goes wrong is noted and stops no other.
    async fn follow_head(&mut self, trust: &Trust, checkpoint: &str) -> bool {
        let followed = match trust.open(checkpoint) {
            Ok(theirs) => self.follow_log(trust, &theirs).await,
            Err(TrustError::Stranger { .. }) => self.note_stranger(checkpoint).await,
            Err(TrustError::NotFollowed { .. }) => Ok(()),
            // An earlier log of ours, signed by an earlier key: nobody's fault, and not to be judged.
            Err(error) if self.is_ours(checkpoint) => {
                tracing::warn!(%error, "a checkpoint of our own log is of no key that is trusted here");
                Ok(())
            }
            Err(error) => {
                self.result.strikes += 1;
                self.result.error = Some(error.to_string());
                return false;
            }
        };
        match followed {
            Ok(()) => true,
            Err(error) => {
                self.own_failed |= self.is_ours(checkpoint);
                if !matches!(error, RoundError::Busy(_)) {
                    self.note_error(&error);
                }
                false
            }
        }
    }

    fn is_ours(&self, checkpoint: &str) -> bool {
        let claimed = Checkpoint::parse(checkpoint);
        claimed.is_ok_and(|claimed| claimed.log.hub == *self.puller.db.hub())
    }

    fn note_error(&mut self, error: &RoundError) {
        if matches!(error, RoundError::False { .. } | RoundError::Dripping(_)) {
            self.result.strikes += 1;
        }
        self.result.error = Some(with_causes(error));
    }
}

/// A hub that nobody vouches for any more, or that is closed or denied, is not followed.
fn is_followed(trust: &Trust, hub: &HubId) -> bool {
    trust.standing(hub) == Some(Standing::Trusted)
}

/// An error's text with those of its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
