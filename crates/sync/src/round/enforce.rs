//! What new words about keys do to logs that are held: what keys signed beyond their ends is taken out, and a log is frozen no
//! more by what only a closed key signed.

use std::sync::{MutexGuard, PoisonError};

use domain::identity::LogId;
use domain::log::LogState;
use domain::rules::Rule;
use domain::trust::{Trust, Weight};
use storage::StorageError;
use storage::logs::heads::Head;

use super::Puller;
use crate::store::Store;

/// The trust by which logs were last looked through.
#[derive(Clone)]
pub(super) struct Enforced {
    trust: Trust,
    mark: i64,
}

impl<S: Store> Puller<S> {
    /// Brings what is held into line with the trust of this moment, if that changed since this was last done. No peer is
    /// needed for it.
    pub async fn follow_trust(&self) -> Result<(), StorageError> {
        self.db.settle().await?;
        let mark = self.db.trust_mark().await?;
        let is_followed = |enforced: &Enforced| enforced.mark == mark;
        if self.enforced().as_ref().is_some_and(is_followed) {
            return Ok(());
        }
        let trust = self.trust().await?;
        self.enforce(&trust, mark).await?;
        self.adopt_accepted(&trust, mark).await
    }

    /// Takes for logs that were cut to what their hub's next log accepts the checkpoint of that which came with it.
    pub(super) async fn adopt_accepted(
        &self,
        trust: &Trust,
        mark: i64,
    ) -> Result<(), StorageError> {
        for head in self.db.list_heads().await? {
            let Some((accepted, by)) = head.accepted.filter(|_| Rule::AcceptedProved.holds())
            else {
                continue;
            };
            if head.proved_size >= accepted.size || head.size < accepted.size {
                continue;
            }
            let next = LogId {
                epoch: by,
                ..head.log.clone()
            };
            let opening = self.db.opening(&next).await?;
            let stated = opening.and_then(|opening| opening.checkpoint);
            let checkpoint = stated.and_then(|stated| trust.open(&stated).ok());
            if let Some(checkpoint) = checkpoint.filter(|it| *it.log() == head.log) {
                let adopted = self.db.adopt(&checkpoint, mark, &*self.clock).await;
                if matches!(adopted, Err(StorageError::TrustMoved)) {
                    // Whatever moved it has all logs looked through once more.
                    return Ok(());
                }
                adopted?;
            }
        }
        Ok(())
    }

    /// Takes out of logs what keys signed beyond their ends, and thaws those that only closed keys froze. This hub's own goes on
    /// in a new log instead.
    pub(super) async fn enforce(&self, trust: &Trust, mark: i64) -> Result<(), StorageError> {
        let before = self.enforced().clone().map(|enforced| enforced.trust);
        if before.as_ref() != Some(trust) {
            self.judge_all(before.as_ref(), trust).await?;
        }
        let trust = trust.clone();
        *self.enforced() = Some(Enforced { trust, mark });
        Ok(())
    }

    async fn judge_all(&self, before: Option<&Trust>, trust: &Trust) -> Result<(), StorageError> {
        for head in self.db.list_heads().await? {
            if head.log.hub == *self.db.hub() {
                continue;
            }
            if excess(trust, &head).is_some() {
                // Read anew behind its edge, so that what is judged is what is taken out.
                let (log, held) = (&head.log, self.db.edge(&head.log).await?);
                let judged = self.db.find_head(log).await?;
                if let Some(size) = judged.and_then(|head| excess(trust, &head)) {
                    tracing::warn!(%log, size, "what a closed key signed is taken out");
                    let now = self.clock.now();
                    self.db.cut_doubtful(log, &held, size, now).await?;
                }
            }
            if head.state == LogState::Forked {
                self.thaw(trust, &head).await?;
            }
            // Who stated what was seen and is not held is not known. If it counts, it is stated again in the next look.
            let is_news = before
                .is_some_and(|before| before.keys(&head.log.hub) != trust.keys(&head.log.hub));
            let is_void = !trust.counts_at(&head.log, head.newest_seen);
            let may_be_void = is_news && trust.is_closed(&head.log, head.newest_seen);
            if head.newest_seen > head.size && (is_void || may_be_void) {
                self.db.forget_seen(&head.log).await?;
            }
        }
        self.db.forget_doubtful(trust).await
    }

    /// Freezes a log no more if keys that are closed now signed all histories of it but one.
    async fn thaw(&self, trust: &Trust, head: &Head) -> Result<(), StorageError> {
        let evidence = self.db.evidence(&head.log).await?;
        let ours = head.checkpoint.as_deref().unwrap_or_default();
        let is_equal = |theirs: &String| trust.weigh(&head.log, ours, theirs) == Weight::Equal;
        if evidence.is_empty() || evidence.iter().any(is_equal) {
            return Ok(());
        }
        tracing::info!(log = %head.log, "only a key that is closed froze it, so it is frozen no more");
        self.db.thaw(&head.log, evidence.len()).await
    }

    /// Lets logs be looked through once more, though others may have done so by the trust of now.
    pub(super) fn judge_anew(&self, before: &Trust, mark: i64) {
        let trust = before.clone();
        *self.enforced() = Some(Enforced { trust, mark });
    }

    fn enforced(&self) -> MutexGuard<'_, Option<Enforced>> {
        self.enforced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From where on a log is of keys that were closed before.
fn excess(trust: &Trust, head: &Head) -> Option<u64> {
    let (checkpoint, tail) = (head.checkpoint.as_deref(), head.tail.as_deref());
    let bound = trust.bound_of(head.proved_size, checkpoint, tail);
    bound.filter(|size| *size < head.size)
}
