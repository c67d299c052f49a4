//! Asking for payloads that were missing when their entries came.

use domain::identity::LogId;
use domain::log::LogState;
use domain::trust::Trust;
use storage::StorageError;
use storage::logs::heads::Head;

use super::{Round, RoundError, is_followed};
use crate::peer::Peer;
use crate::store::Store;

/// How many payloads are asked for at a time (docs/protocol.md, section 11).
const PAYLOADS_PER_REQUEST: u32 = 200;

impl<S: Store, P: Peer> Round<'_, S, P> {
    /// Asks for payloads that are missing, log by log.
    pub(super) async fn fill_missing(&mut self, trust: &Trust) -> Result<(), StorageError> {
        let heads = self.puller.db.list_heads().await?;
        let is_wanted = |head: &Head| {
            head.missing > 0 && head.state != LogState::Forked && is_followed(trust, &head.log.hub)
        };
        for head in heads.into_iter().filter(is_wanted) {
            match self.fill_log(&head.log).await {
                Err(RoundError::Storage(error)) => return Err(error),
                Err(error) => self.note_error(&error),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    async fn fill_log(&mut self, log: &LogId) -> Result<(), RoundError> {
        let db = &self.puller.db;
        let places = db.list_missing(log, PAYLOADS_PER_REQUEST).await?;
        let mut payloads = self.remote.payloads(log, &places).await?;
        payloads.retain(|(place, _)| places.contains(place));
        let filled = db.fill(log, payloads).await?;
        self.result.strikes += filled.false_ones;
        Ok(())
    }
}
