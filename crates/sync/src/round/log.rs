//! What is done about one log: pulled, frozen, set aside, or listed as a stranger's. What to do is [`plan`]'s to say.

use std::time::Duration;

use domain::identity::LogId;
use domain::log::{LogState, SignedCheckpoint};
use domain::trust::Trust;
use storage::StorageError;

use super::fork::{self, Fork};
use super::{Round, RoundError, pull};
use crate::peer::Peer;
use crate::plan::{self, Extent, Owner, Step};
use crate::store::Store;

/// Why a log is set aside that is larger than the settings allow. It is taken up again when they allow it.
const OVER_QUOTA: &str = "the hub's log is over its quota";

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
        let head = db.find_head(log).await?;
        let is_closed = head
            .as_ref()
            .is_some_and(|head| head.state == LogState::Forked);
        if is_closed {
            return Ok(());
        }
        let ours = head.as_ref().map_or(0, |head| head.size);
        let bytes = head.as_ref().map_or(0, |head| head.bytes);
        // What is held beyond the newest proved checkpoint cannot be shown against anybody.
        let proved = head.as_ref().map_or(0, |head| head.proved_size);
        let edge = if theirs.size() <= proved {
            db.edge_at(log, theirs.size()).await?
        } else {
            None
        };
        let ours_there = edge.map(|edge| edge.root());
        let owner = if log.hub == *db.hub() {
            Owner::Ours
        } else {
            Owner::Theirs
        };
        let extent = Extent {
            size: theirs.size(),
            root: *theirs.root(),
        };
        match plan::step(owner, ours, bytes, &extent, ours_there, self.puller.quota) {
            Step::Nothing => Ok(()),
            Step::Pull { .. } => {
                if head.is_some_and(|head| head.parked.as_deref() == Some(OVER_QUOTA)) {
                    db.park(log, None).await?;
                }
                self.pull(trust, theirs).await
            }
            Step::Freeze => self.freeze(log, theirs, None).await,
            Step::Behind { theirs: size } => self.stop_writing(log, ours, size).await,
            Step::Park => {
                db.note_seen(log, theirs.size(), self.puller.clock.now())
                    .await?;
                Ok(db.park(log, Some(OVER_QUOTA)).await?)
            }
        }
    }

    async fn pull(&mut self, trust: &Trust, theirs: &SignedCheckpoint) -> Result<(), RoundError> {
        let puller = self.puller;
        let log = theirs.log();
        let occupied = puller
            .occupy(log)
            .ok_or_else(|| RoundError::Busy(log.clone()))?;
        let pull = pull::Pull {
            db: &puller.db,
            clock: &*puller.clock,
            remote: self.remote,
            trust,
            log,
            target: theirs.size(),
            time: puller.log_time,
        };
        // Noted while the first page is on its way.
        let noted = async {
            let now = puller.clock.now();
            puller.db.note_seen(log, theirs.size(), now).await?;
            puller.db.note_hope(log).await
        };
        let (noted, pulled) = tokio::join!(noted, pull.run(self.progress));
        self.result.entries += pulled.entries;
        // What follows only asks, so others may pull the log meanwhile.
        drop(occupied);
        if let Some(error) = pulled.error {
            if matches!(error, RoundError::False { .. })
                && let Some(fork) = self.find_fork(trust, log).await?
            {
                return self.freeze(log, &fork.theirs, Some(fork.differs_at)).await;
            }
            puller.db.note_unproved(log, puller.clock.now()).await?;
            return Err(error);
        }
        Ok(noted?)
    }

    /// A page did not verify: the supplier lies, or the hub signed two histories. That a supplier does not answer the
    /// question shows nothing.
    async fn find_fork(&self, trust: &Trust, log: &LogId) -> Result<Option<Fork>, StorageError> {
        let search = fork::Search {
            db: &self.puller.db,
            remote: self.remote,
            trust,
            log,
        };
        match tokio::time::timeout(MOST_SEARCH_TIME, search.run()).await {
            Ok(Err(RoundError::Storage(error))) => Err(error),
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }

    async fn freeze(
        &mut self,
        log: &LogId,
        theirs: &SignedCheckpoint,
        differs_at: Option<u64>,
    ) -> Result<(), RoundError> {
        let (db, peer) = (&self.puller.db, &self.peer.hub);
        let now = self.puller.clock.now();
        db.freeze(theirs, differs_at, peer, now).await?;
        tracing::error!(%log, %peer, size = theirs.size(), differs_at, "log is forked");
        Ok(())
    }

    async fn stop_writing(
        &mut self,
        log: &LogId,
        ours: u64,
        theirs: u64,
    ) -> Result<(), RoundError> {
        let reason = "a peer holds more of this log than this database does";
        self.puller.db.park(log, Some(reason)).await?;
        Err(RoundError::Behind { theirs, ours })
    }
}
