//! What is done about one log: pulled, frozen, cut, set aside, or listed as a stranger's. What to do is [`plan`]'s to say.

use std::time::Duration;

use domain::healing::Halt;
use domain::identity::LogId;
use domain::log::{
    Frontier, Hash, LogState, Opening, Page, SignedCheckpoint, TreeEdge, may_begin, needs_opening,
};
use domain::rules::Rule;
use domain::trust::{Trust, Weight};
use storage::StorageError;
use storage::logs::aside::Reason;
use storage::logs::heads::Head;
use storage::logs::watching::Consequence;

use super::fork::{self, Fork};
use super::{Round, RoundError, pull};
use crate::peer::Peer;
use crate::plan::{self, Extent, Given, Owner, Parting, Step, View};
use crate::store::Store;

/// Why a log is set aside that is larger than the settings allow. It is taken up again when they allow it.
pub(super) const OVER_QUOTA: &str = "the hub's log is over its quota";

/// How long one supplier may take to show where two histories part: some twenty small answers.
const MOST_SEARCH_TIME: Duration = Duration::from_secs(30);

impl<S: Store, P: Peer> Round<'_, S, P> {
    pub(super) async fn note_stranger(&self, checkpoint: &str) -> Result<(), RoundError> {
        let Ok(claimed) = domain::log::Checkpoint::parse(checkpoint) else {
            return Ok(());
        };
        let now = self.puller.clock.now();
        let (log, size) = (&claimed.log, claimed.size);
        let noted = self.puller.db.note_stranger(log, size, &self.peer.hub, now);
        Ok(noted.await?)
    }

    pub(super) async fn follow_log(
        &mut self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<(), RoundError> {
        let db = &self.puller.db;
        let log = theirs.log();
        let extent = Extent::of(theirs);
        let head = db.find_head(log).await?;
        if head.as_ref().is_none_or(|head| head.size == 0) && !self.may_begin(trust, log).await? {
            return self.note_stranger(theirs.text()).await;
        }
        let view = self.view(trust, head.as_ref(), theirs).await?;
        match plan::step(&view, &extent, self.puller.quota) {
            Step::Nothing => self.note_holding(theirs).await,
            Step::Adopt => {
                let mark = self.puller.judge(theirs, self.trust_mark).await?;
                db.adopt(theirs, mark, &*self.puller.clock).await?;
                Ok(())
            }
            Step::Pull => {
                if head.is_some_and(|head| head.parked.as_deref() == Some(OVER_QUOTA)) {
                    db.park(log, None).await?;
                }
                self.pull(trust, theirs).await?;
                self.note_holding(theirs).await
            }
            Step::Freeze => self.note_fork(theirs, None).await,
            Step::Outweigh => self.note_outweighed(theirs, None).await,
            Step::Recover => self.recover(trust, theirs).await,
            Step::Approach => match self.pull_pages(trust, theirs).await {
                Err(RoundError::False { .. }) => self.fetch_branch(trust, theirs).await,
                pulled => pulled,
            },
            Step::Branch => self.fetch_branch(trust, theirs).await,
            Step::Part => self.part(trust, theirs).await,
            Step::Park => {
                db.note_seen(log, theirs.size(), self.puller.clock.now())
                    .await?;
                Ok(db.park(log, Some(OVER_QUOTA)).await?)
            }
        }
    }

    /// Whether a log may have its epoch, which only its first entry can tell if it lies far ahead.
    async fn may_begin(&self, trust: &Trust, log: &LogId) -> Result<bool, RoundError> {
        if !needs_opening(log.epoch) {
            return Ok(true);
        }
        let stated = self.remote.page(log, 0, 1).await?;
        let check = |page: Page, checkpoint| page.verify(&TreeEdge::default(), checkpoint);
        let (page, _) = pull::verify(trust, log, stated, check).await?;
        let opening = page.entries.first().and_then(Opening::of);
        Ok(may_begin(log.epoch, opening.as_ref()))
    }

    /// Notes what the peer holds of a log, if that is what is held here.
    async fn note_holding(&self, theirs: &SignedCheckpoint) -> Result<(), RoundError> {
        let (puller, now) = (self.puller, self.puller.clock.now());
        let ours = puller.db.edge_at(theirs.log(), theirs.size()).await?;
        if ours.is_none_or(|edge| edge.root() != *theirs.root()) {
            return Ok(());
        }
        let held = Some((theirs.log(), theirs.size()));
        Ok(puller.db.note_holding(self.peer.id, held, now).await?)
    }

    async fn view(
        &self,
        trust: &Trust,
        head: Option<&Head>,
        theirs: &SignedCheckpoint,
    ) -> Result<View, StorageError> {
        let (db, log) = (&self.puller.db, theirs.log());
        let theirs_there = Extent::of(theirs);
        let root_at = async |size: u64| -> Result<Option<Hash>, StorageError> {
            let edge = db.edge_at(log, size).await?;
            Ok(edge.map(|edge| edge.root()))
        };
        let (owner, is_known_branch) = if log.hub == *db.hub() {
            let given = Given::ByLog(&self.peer.hub);
            let is_known = self.is_dealt_with(log, &theirs_there, given).await?;
            (Owner::Ours, is_known)
        } else {
            (Owner::Theirs, false)
        };
        let accepted = match head.and_then(|head| head.accepted) {
            Some((accepted, _)) => Some((accepted, root_at(accepted.size).await?)),
            None => None,
        };
        let ours_there = match head {
            Some(head) if head.size > 0 || head.checkpoint.is_some() => {
                root_at(theirs.size()).await?
            }
            _ => None,
        };
        let is_other = ours_there.is_some_and(|root| root != *theirs.root());
        Ok(View {
            owner,
            size: head.map_or(0, |head| head.size),
            proved_size: head.map_or(0, |head| head.proved_size),
            bytes: head.map_or(0, |head| head.bytes),
            is_forked: head.is_some_and(|head| head.state == LogState::Forked),
            ours_there,
            accepted,
            is_known_branch,
            // Signatures are verified only where it matters.
            weight: if is_other {
                weigh(trust, head, theirs)
            } else {
                Weight::Equal
            },
        })
    }

    /// Pulls a log. Where it does not go on, the supplier lies, or there are two histories.
    async fn pull(&mut self, trust: &Trust, theirs: &SignedCheckpoint) -> Result<(), RoundError> {
        let log = theirs.log();
        let Err(error) = self.pull_pages(trust, theirs).await else {
            return Ok(());
        };
        if matches!(error, RoundError::Busy(_)) {
            return Err(error);
        }
        if matches!(error, RoundError::False { .. })
            && Rule::ForkLookedFor.holds()
            && self.settle(trust, theirs).await?
        {
            return Ok(());
        }
        let now = self.puller.clock.now();
        self.puller.db.note_unproved(log, now).await?;
        Err(error)
    }

    /// What is held and what a peer states are two histories of a log.
    async fn part(&mut self, trust: &Trust, theirs: &SignedCheckpoint) -> Result<(), RoundError> {
        if self.settle(trust, theirs).await? {
            return Ok(());
        }
        Err(RoundError::False {
            log: theirs.log().clone(),
            why: "it does not show where its history leaves ours".to_owned(),
        })
    }

    /// Finds where what is held of a log and what a peer proves of it part, and does what follows; says whether there is such
    /// a place.
    async fn settle(
        &mut self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<bool, RoundError> {
        let (db, log) = (&self.puller.db, theirs.log());
        let held = db.edge(log).await?;
        let Some(fork) = self.find_fork(trust, log).await? else {
            return Ok(false);
        };
        let Some(head) = db.find_head(log).await? else {
            return Ok(false);
        };
        let size = fork.differs_at;
        let weight = weigh(trust, Some(&head), &fork.theirs);
        let parting = plan::parting(size, head.proved_size, head.accepted.is_some(), weight);
        match parting {
            Parting::Fork => self.note_fork(&fork.theirs, Some(size)).await?,
            Parting::Outweighed => self.note_outweighed(&fork.theirs, Some(size)).await?,
            Parting::Closed | Parting::Tail | Parting::Outweighing => {
                tracing::warn!(%log, size, ?parting, "what is held from here on gives way");
                self.cut(log, &held, size).await?;
                self.pull_pages(trust, theirs).await?;
            }
            Parting::Ignored => return Ok(false),
        }
        Ok(true)
    }

    /// Takes out what is held of a log from a place on, if that still is what was looked at.
    async fn cut(&self, log: &LogId, held: &TreeEdge, size: u64) -> Result<(), RoundError> {
        let now = self.puller.clock.now();
        let cut = self.puller.db.cut(log, held, size, now).await;
        cut.map(drop).map_err(|error| unless_busy(log, error))
    }

    async fn pull_pages(
        &mut self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<(), RoundError> {
        let puller = self.puller;
        let log = theirs.log();
        let _occupied = puller
            .occupy(log)
            .ok_or_else(|| RoundError::Busy(log.clone()))?;
        let pull = pull::Pull {
            puller,
            remote: self.remote,
            trust,
            trust_mark: self.trust_mark,
            log,
            target: theirs.size(),
            limits: self.limits,
        };
        // Noted while the first page is on its way.
        let noted = async {
            let now = puller.clock.now();
            puller.db.note_seen(log, theirs.size(), now).await?;
            puller.db.note_hope(log).await
        };
        let (noted, pulled) = tokio::join!(noted, pull.run(self.progress));
        self.result.entries += pulled.entries;
        self.has_begun_log |= pulled.from == 0 && pulled.entries > 0;
        match pulled.error {
            Some(RoundError::Storage(error)) => Err(unless_busy(log, error)),
            Some(error) => Err(error),
            None => Ok(noted?),
        }
    }

    /// Pulls our own log back. What was written here beyond what the peer's history shares is set aside and issued again.
    async fn recover(
        &mut self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<(), RoundError> {
        let (db, log) = (&self.puller.db, theirs.log());
        // Said again each time, a peer that states more and gives nothing would put off the end of the halt for ever.
        let halted = db.halted().await?;
        let is_forked = halted
            .as_ref()
            .is_some_and(|halted| halted.why == Halt::Forked);
        // What it went on without before halts it again when it comes, not because it is stated once more.
        let is_known = halted.is_none() && self.is_heard_of(theirs).await?;
        if !is_known && halted.is_none_or(|halted| halted.why < Halt::Behind) {
            db.halt(Halt::Behind, self.puller.clock.now()).await?;
        }
        db.note_seen(log, theirs.size(), self.puller.clock.now())
            .await?;
        tracing::warn!(%log, size = theirs.size(), peer = %self.peer.hub, "a peer holds more of our own log");
        let before = self.result.entries;
        let mut pulled = self.pull_pages(trust, theirs).await;
        let held = db.edge(log).await?;
        if matches!(pulled, Err(RoundError::False { .. }))
            && let Some(fork) = self.find_fork(trust, log).await?
        {
            if self.reason(trust, &fork.theirs).await? == Reason::Doubtful {
                return self.fetch_branch(trust, &fork.theirs).await;
            }
            if is_forked && Rule::OneHistoryTakenUp.holds() {
                // Two peers with two histories would have us take up theirs in turn, and halt anew each time.
                return self.fetch_branch(trust, theirs).await;
            }
            self.note_fork(&fork.theirs, Some(fork.differs_at)).await?;
            db.halt(Halt::Forked, self.puller.clock.now()).await?;
            self.cut(log, &held, fork.differs_at).await?;
            pulled = self.pull_pages(trust, theirs).await;
        }
        if self.result.entries > before {
            // Peers are asked once more: another may hold still more.
            db.halt(Halt::Behind, self.puller.clock.now()).await?;
        }
        if pulled
            .as_ref()
            .is_err_and(|error| !matches!(error, RoundError::Busy(_)))
        {
            db.note_unproved(log, self.puller.clock.now()).await?;
        }
        pulled
    }

    /// Whether so much was heard of an earlier log of the hub's own before.
    async fn is_heard_of(&self, theirs: &SignedCheckpoint) -> Result<bool, StorageError> {
        let log = theirs.log();
        let heads = self.puller.db.list_heads().await?;
        let own = || heads.iter().filter(|head| head.log.hub == log.hub);
        let is_earlier = own().any(|head| head.log.epoch > log.epoch && head.size > 0);
        let mut known = own().filter(|head| head.log == *log);
        let is_heard = known.any(|head| head.newest_seen >= theirs.size());
        Ok(is_earlier && is_heard && Rule::HeardHaltsOnce.holds())
    }

    /// Fetches what a peer holds of another history of our own log.
    async fn fetch_branch(
        &mut self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<(), RoundError> {
        let log = theirs.log();
        let Some(fork) = self.find_branch(trust, theirs).await? else {
            return Err(RoundError::False {
                log: log.clone(),
                why: "it does not show where its history of our own log leaves ours".to_owned(),
            });
        };
        let reason = self.reason(trust, theirs).await?;
        if reason == Reason::Doubtful {
            self.note_outweighed(theirs, Some(fork)).await?;
        } else {
            self.note_fork(theirs, Some(fork)).await?;
        }
        let edge = self.puller.db.edge_at(log, fork).await?;
        let before = edge.as_ref().map(Frontier::from).unwrap_or_default();
        self.keep_branch(trust, theirs, before, None, reason).await
    }

    /// Where a peer's history of our own log leaves ours: at our end, or before.
    async fn find_branch(
        &self,
        trust: &Trust,
        theirs: &SignedCheckpoint,
    ) -> Result<Option<u64>, RoundError> {
        let log = theirs.log();
        if let Some(fork) = self.find_fork(trust, log).await? {
            return Ok(Some(fork.differs_at));
        }
        let head = self.puller.db.find_head(log).await?;
        let size = head.map_or(0, |head| head.size);
        Ok((theirs.size() > size).then_some(size))
    }

    /// A page did not verify: the supplier lies, or the hub signed two histories. That a supplier does not answer the
    /// question shows nothing.
    async fn find_fork(&self, trust: &Trust, log: &LogId) -> Result<Option<Fork>, StorageError> {
        in_time(self.search(trust, log).run()).await
    }

    fn search<'s>(&'s self, trust: &'s Trust, log: &'s LogId) -> fork::Search<'s, S, P> {
        fork::Search {
            db: &self.puller.db,
            remote: self.remote,
            trust,
            log,
        }
    }

    async fn note_fork(
        &mut self,
        theirs: &SignedCheckpoint,
        differs_at: Option<u64>,
    ) -> Result<(), RoundError> {
        let (db, peer) = (&self.puller.db, &self.peer.hub);
        // A freeze is not taken back, so what the authority has said since the round began counts already.
        if self.puller.trust().await?.open(theirs.text()).is_err() {
            return Err(RoundError::Busy(theirs.log().clone()));
        }
        let now = self.puller.clock.now();
        db.note_fork(theirs, differs_at, peer, Consequence::Frozen, now)
            .await?;
        tracing::error!(log = %theirs.log(), %peer, size = theirs.size(), differs_at, "log is forked");
        Ok(())
    }

    /// A key that is closed signed another history than ours: shown to the operator, and nothing else comes of it.
    async fn note_outweighed(
        &self,
        theirs: &SignedCheckpoint,
        differs_at: Option<u64>,
    ) -> Result<(), RoundError> {
        let (db, peer, log) = (&self.puller.db, &self.peer.hub, theirs.log());
        let now = self.puller.clock.now();
        db.note_fork(theirs, differs_at, peer, Consequence::Noted, now)
            .await?;
        tracing::warn!(%log, %peer, size = theirs.size(), differs_at, "a closed key signed another history of a log");
        // Its size is nothing to wait for; what counts is stated again.
        let head = db.find_head(log).await?;
        if head.is_some_and(|head| head.newest_seen > head.size) {
            db.forget_seen(log).await?;
        }
        Ok(())
    }
}

/// Which counts for more, what is held of a log or what a peer states of it, if they are two histories.
pub(super) fn weigh(trust: &Trust, head: Option<&Head>, theirs: &SignedCheckpoint) -> Weight {
    let ours = head.and_then(|head| head.checkpoint.as_deref());
    trust.weigh(theirs.log(), ours.unwrap_or_default(), theirs.text())
}

/// Another process on this database may be at the same log: nothing is wrong then.
fn unless_busy(log: &LogId, error: StorageError) -> RoundError {
    match error {
        StorageError::Moved { .. } | StorageError::TrustMoved | StorageError::Busy(_) => {
            RoundError::Busy(log.clone())
        }
        error => error.into(),
    }
}

/// What a search finds in the time that it may take.
async fn in_time(
    search: impl Future<Output = Result<Option<Fork>, RoundError>>,
) -> Result<Option<Fork>, StorageError> {
    match tokio::time::timeout(MOST_SEARCH_TIME, search).await {
        Ok(Err(RoundError::Storage(error))) => Err(error),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(_)) | Err(_) => Ok(None),
    }
}
