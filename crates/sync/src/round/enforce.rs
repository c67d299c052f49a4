//! What new words about keys do to logs that are held: what keys signed beyond their ends is taken out, and a log is frozen no
//! more by what only a closed key signed.

use std::sync::{MutexGuard, PoisonError};

use domain::log::LogState;
use domain::trust::{Trust, Weight};
use storage::StorageError;
use storage::logs::heads::Head;

use super::Puller;
use crate::store::Store;

impl<S: Store> Puller<S> {
    /// Takes out of logs what keys signed beyond their ends, and thaws those that only closed keys froze. This hub's own goes on
    /// in a new log instead.
    pub async fn enforce(&self, trust: &Trust) -> Result<(), StorageError> {
        let before = self.enforced().clone();
        if before.as_ref() == Some(trust) {
            return Ok(());
        }
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
                .as_ref()
                .is_some_and(|before| before.keys(&head.log.hub) != trust.keys(&head.log.hub));
            let is_void = !trust.counts_at(&head.log, head.newest_seen);
            let may_be_void = is_news && trust.is_closed(&head.log, head.newest_seen);
            if head.newest_seen > head.size && (is_void || may_be_void) {
                self.db.forget_seen(&head.log).await?;
            }
        }
        self.db.forget_doubtful(trust).await?;
        *self.enforced() = Some(trust.clone());
        Ok(())
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
    pub(super) fn judge_anew(&self, before: &Trust) {
        *self.enforced() = Some(before.clone());
    }

    fn enforced(&self) -> MutexGuard<'_, Option<Trust>> {
        self.enforced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From where on a log is of keys that were closed before.
fn excess(trust: &Trust, head: &Head) -> Option<u64> {
    let (checkpoint, tail) = (head.checkpoint.as_deref(), head.tail.as_deref());
    let bound = trust.bound_of(head.proved_size, checkpoint, tail);
    bound.filter(|size| *size < head.size)
}
