//! Other histories of our own logs: what a peer holds of one is fetched and set aside, to be issued again.
//!
//! A peer may hold such a history as its log, or keep a stretch that our next log left out beside it.

use domain::healing::Halt;
use domain::identity::LogId;
use domain::log::{Frontier, SignedCheckpoint};
use domain::rules::Rule;
use domain::trust::{Trust, Weight};
use storage::StorageError;
use storage::logs::aside::Reason;

use super::log::weigh;
use super::{Round, RoundError, pull};
use crate::peer::{Peer, StatedLeftOut};
use crate::plan::{self, Extent, Given};
use crate::store::Store;

/// A stretch of a log of ours that our next log leaves out and a peer holds.
pub(super) struct LeftOut {
    number: u64,
    before: Frontier,
    checkpoint: SignedCheckpoint,
}

impl<S: Store, P: Peer> Round<'_, S, P> {
    /// Whether a peer keeps something of our logs that we know nothing of.
    pub(super) async fn has_left_out(
        &self,
        stated: &[StatedLeftOut],
    ) -> Result<bool, StorageError> {
        if stated.is_empty() {
            return Ok(false);
        }
        let trust = self.puller.trust().await?;
        Ok(!self.unknown_of(&trust, stated).await?.is_empty())
    }

    /// Which of the stretches that a peer keeps of our logs are not here and were not dealt with.
    async fn unknown_of(
        &self,
        trust: &Trust,
        stated: &[StatedLeftOut],
    ) -> Result<Vec<LeftOut>, StorageError> {
        let db = &self.puller.db;
        let mut unknown = Vec::new();
        for stated in stated.iter().filter(|_| Rule::LeftOutAskedFor.holds()) {
            let Ok(checkpoint) = trust.open(&stated.checkpoint) else {
                continue;
            };
            let log = checkpoint.log();
            let extent = Extent::of(&checkpoint);
            let ours = db.edge_at(log, extent.size).await?;
            let given = self.beside(stated.before.size());
            let is_news = plan::is_ahead(ours.map(|edge| edge.root()), &extent)
                && !self.is_dealt_with(log, &extent, given).await?;
            // A stretch has an entry at least. Where it begins is the peer's word alone, up to here.
            let has_entries = stated.before.size() < extent.size;
            if log.hub == *db.hub() && is_news && has_entries {
                unknown.push(LeftOut {
                    number: stated.number,
                    before: stated.before.clone(),
                    checkpoint,
                });
            }
        }
        Ok(unknown)
    }

    /// Whether another history of a log of ours was dealt with: all of it came, or what this peer has of it.
    pub(super) async fn is_dealt_with(
        &self,
        log: &LogId,
        theirs: &Extent,
        given: Given<'_>,
    ) -> Result<bool, StorageError> {
        let db = &self.puller.db;
        if !Rule::BranchAskedOfAll.holds() {
            return db.is_known_branch(log, theirs).await;
        }
        let is_whole = db.is_known_branch(log, &theirs.given(Given::Whole)).await?;
        Ok(is_whole || db.is_known_branch(log, &theirs.given(given)).await?)
    }

    /// Fetches what a peer keeps of our logs, each stretch for itself.
    pub(super) async fn fetch_left_out(
        &mut self,
        trust: &Trust,
        stated: &[StatedLeftOut],
    ) -> Result<(), StorageError> {
        for LeftOut {
            number,
            before,
            checkpoint,
        } in self.unknown_of(trust, stated).await?
        {
            let log = checkpoint.log();
            tracing::warn!(%log, from = before.size(), size = checkpoint.size(), peer = %self.peer.hub, "a peer keeps entries that our next log left out");
            let reason = self.reason(trust, &checkpoint).await?;
            let kept = self
                .keep_branch(trust, &checkpoint, before, Some(number), reason)
                .await;
            if let Err(error) = kept {
                self.note_error(&error);
            }
        }
        Ok(())
    }

    /// Why another history of a log of ours is kept. If an open key vouches for ours and only closed ones for that, it may be a
    /// thief's.
    pub(super) async fn reason(
        &self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<Reason, StorageError> {
        let head = self.puller.db.find_head(theirs.log()).await?;
        Ok(match weigh(trust, head.as_ref(), theirs) {
            Weight::Ours => Reason::Doubtful,
            Weight::Equal | Weight::Theirs | Weight::Neither => Reason::Branch,
        })
    }

    /// Halts if it is our open log of which there is another history, and says whether it is.
    async fn halt_if_open(&self, log: &LogId) -> Result<bool, StorageError> {
        let db = &self.puller.db;
        let ours = db.list_heads().await?.into_iter().map(|head| head.log);
        let ours = ours.filter(|held| held.hub == log.hub);
        let is_open = ours.max_by_key(|held| held.epoch).as_ref() == Some(log);
        // Said again each time, a peer that shows another history and gives nothing of it would put off the end for ever.
        let halted = db.halted().await?;
        if is_open && halted.is_none_or(|halted| halted.why < Halt::Forked) {
            db.halt(Halt::Forked, self.puller.clock.now()).await?;
        }
        Ok(is_open)
    }

    /// What this peer keeps beside its log, from a place on.
    const fn beside(&self, from: u64) -> Given<'_> {
        let peer = &self.peer.hub;
        Given::BesideLog { peer, from }
    }

    /// Whether our own log begins with this tree. Else what stands behind it is a part only of what is not ours.
    async fn holds(&self, log: &LogId, before: &Frontier) -> Result<bool, StorageError> {
        let ours = self.puller.db.edge_at(log, before.size()).await?;
        let ours = ours.as_ref().map(Frontier::from).unwrap_or_default();
        Ok(ours == *before)
    }

    /// Sets aside what a peer proves of another history behind what is before it, and notes that this was done. The hub halts for
    /// one of its open log, unless that is doubtful.
    pub(super) async fn keep_branch(
        &self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
        before: Frontier,
        left_out: Option<u64>,
        reason: Reason,
    ) -> Result<(), RoundError> {
        let (db, log) = (&self.puller.db, theirs.log());
        let is_open = reason != Reason::Doubtful && self.halt_if_open(log).await?;
        let branch = pull::Branch {
            db,
            clock: &*self.puller.clock,
            remote: self.remote,
            trust,
            log,
            reason,
            limits: self.limits,
            time: self.puller.log_time,
        };
        let (from, is_joined) = (before.size(), self.holds(log, &before).await?);
        let fetched = branch.fetch(before, theirs.size(), left_out).await?;
        let given = match left_out {
            _ if fetched.is_whole && is_joined => Given::Whole,
            Some(_) => self.beside(from),
            None => Given::ByLog(&self.peer.hub),
        };
        if is_open {
            // Peers are asked once more: another may hold still more.
            db.halt(Halt::Forked, self.puller.clock.now()).await?;
        }
        for head in [fetched.head, Extent::of(theirs)] {
            if is_joined {
                db.note_branch(log, &head).await?;
            }
            db.note_branch(log, &head.given(given)).await?;
        }
        Ok(())
    }
}
