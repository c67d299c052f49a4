//! How a hub that halted comes back to writing, and what it asks before it writes at all.
//!
//! - [`Healer::probe`] asks one peer, before anything is written, whether it holds more of our own log.
//! - [`Healer::end`] looks whether all peers were asked, and goes on with the log or begins the next one.
//! - [`Healer::reissue`] says again what another history of the log held.
//!
//! Pulling our own log back is done by the rounds ([`crate::round`]).

use std::sync::Arc;

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::healing::{Ending, Guard, Halt, HealingFacts, Verdict};
use domain::identity::LogId;
use domain::log::SigningKey;
use storage::halt::Halted;
use storage::logs::heads::Head;
use storage::logs::reopening::Reissued;
use storage::peers::Record;
use storage::{Database, StorageError};

use crate::peer::{Peer, PeerError};
use crate::plan::{self, Extent};
use crate::store::Store;

/// Brings one hub back to writing.
pub struct Healer<S = Database> {
    db: S,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// How healing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The open log is gone on with.
    Resumed,
    /// A new log was begun.
    Reopened(LogId),
}

impl<S: Store> Healer<S> {
    /// Makes a healer of the hub that signs with this key.
    pub fn new(db: S, key: SigningKey, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            db,
            key,
            clock,
            entropy,
        }
    }

    /// What the guard says of the database, if there is one.
    pub async fn judge(&self, guard: Option<&Guard>) -> Result<Option<Verdict>, StorageError> {
        let Some(guard) = guard else {
            return Ok(None);
        };
        let newest = self.newest().await?;
        let log = LogId {
            network: self.db.network().clone(),
            hub: self.db.hub().clone(),
            epoch: guard.epoch,
        };
        let root = match &newest {
            Some(_) => self.db.edge_at(&log, guard.size).await?,
            None => None,
        };
        let root = root.map(|edge| edge.root());
        let newest = newest.map(|head| (head.log.epoch, head.size));
        Ok(Some(guard.judge(newest, root)))
    }

    async fn newest(&self) -> Result<Option<Head>, StorageError> {
        let heads = self.db.list_heads().await?.into_iter();
        let own = heads.filter(|head| head.log.hub == *self.db.hub());
        Ok(own.max_by_key(|head| head.log.epoch))
    }

    /// Halts at once if the guard knows more of the log than the database, or if there is none, or if a peer had shown more
    /// before the program ended.
    pub async fn check(&self, guard: Option<&Guard>) -> Result<(), StorageError> {
        let newest = self.newest().await?;
        let is_whole = newest.as_ref().is_none_or(is_whole);
        let why = match self.judge(guard).await? {
            Some(Verdict::Met | Verdict::Passed) if is_whole => return Ok(()),
            Some(_) => Halt::Behind,
            // Without a log there is nothing that could be behind.
            None if newest.is_none() => return Ok(()),
            None => Halt::Unguarded,
        };
        if self
            .db
            .halted()
            .await?
            .is_none_or(|halted| halted.why < why)
        {
            self.db.halt(why, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Asks a peer what it holds of our own logs, and halts if that is more than we do, or something else.
    pub async fn probe(&self, remote: &impl Peer) -> Result<Result<(), PeerError>, StorageError> {
        let stated = match remote.heads_of(self.db.hub()).await {
            Ok(stated) => stated,
            Err(error) => return Ok(Err(error)),
        };
        let trust = self.db.trust(self.key.public()).await?;
        let newest = self.newest().await?.map(|head| head.log.epoch);
        for checkpoint in stated.iter().filter_map(|text| trust.open(text).ok()) {
            if checkpoint.log().hub != *self.db.hub() {
                continue;
            }
            let extent = Extent::of(&checkpoint);
            let ours = self.db.edge_at(checkpoint.log(), extent.size).await?;
            let is_known = self.db.is_known_branch(checkpoint.log(), &extent).await?;
            let ours = ours.map(|edge| edge.root());
            if plan::is_ahead(ours, &extent) && !is_known {
                let is_open = plan::may_be_open(newest, checkpoint.log().epoch);
                self.heed(checkpoint.log(), &extent, is_open, ours.is_some())
                    .await?;
            }
        }
        Ok(Ok(()))
    }

    /// Halts because a peer states more of one of our own logs than is held, or something else.
    async fn heed(
        &self,
        log: &LogId,
        stated: &Extent,
        is_open: bool,
        is_other: bool,
    ) -> Result<(), StorageError> {
        let now = self.clock.now();
        if is_open {
            // The guard may have been put back as well. Whatever it says then, the log is not gone on with before so much of
            // it is held: the peer may be gone, or put back itself, when it is asked for it.
            self.db.note_seen(log, stated.size, now).await?;
        }
        let why = if is_open && is_other {
            Halt::Forked
        } else {
            Halt::Behind
        };
        self.db.halt(why, now).await
    }

    /// Ends the halt if all peers were asked since anything last changed.
    pub async fn end(&self, guard: Option<&Guard>) -> Result<Option<Ended>, StorageError> {
        let Some(halted) = self.db.halted().await? else {
            return Ok(None);
        };
        let peers = self.db.list_peers().await?;
        let newest = self.newest().await?;
        let since = |moment: fn(&Record) -> Option<i64>| {
            let moments = peers.iter().filter_map(|peer| moment(&peer.record));
            moments.filter(|moment| *moment >= halted.at).count()
        };
        let facts = HealingFacts {
            halt: halted.why,
            peers: peers.len(),
            asked: since(|record| record.last_round_at),
            answered: since(|record| record.last_answer_at),
            is_whole: newest.as_ref().is_some_and(is_whole),
            guard: self.judge(guard).await?,
            has_log: newest.is_some(),
            has_contested: self.db.has_contested().await?,
        };
        match Ending::of(&facts) {
            Ending::NotYet => Ok(None),
            Ending::Resume => {
                if !self.db.lift_halt(&halted).await? {
                    return Ok(None);
                }
                tracing::info!("the hub's log is whole; it is written again");
                Ok(Some(Ended::Resumed))
            }
            Ending::NewLog => self.reopen(Some(&halted), guard).await,
        }
    }

    /// Begins a new log with what is held: if the halt is still the one that was judged, or whatever it is.
    pub async fn reopen(
        &self,
        judged: Option<&Halted>,
        guard: Option<&Guard>,
    ) -> Result<Option<Ended>, StorageError> {
        let noted = guard.map(|guard| guard.epoch);
        let reopened = self
            .db
            .reopen(&self.key, judged, noted, &*self.clock, &*self.entropy);
        let Some(log) = reopened.await? else {
            return Ok(None);
        };
        tracing::warn!(%log, "the hub goes on in a new log");
        Ok(Some(Ended::Reopened(log)))
    }

    /// Issues again what was set aside.
    pub async fn reissue(&self) -> Result<Reissued, StorageError> {
        let done = self
            .db
            .reissue(&self.key, &*self.clock, &*self.entropy)
            .await?;
        if done != Reissued::default() {
            tracing::warn!(
                issued = done.issued,
                settled = done.settled,
                conflicts = done.conflicts,
                "entries of another history were issued again"
            );
        }
        Ok(done)
    }
}

/// Whether everything that was seen of a log is held.
const fn is_whole(head: &Head) -> bool {
    head.newest_seen <= head.size
}
