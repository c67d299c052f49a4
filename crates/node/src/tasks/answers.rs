//! Saying this hub's answers to replications for whom those are, when their adopters opened them to everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use storage::{StorageError, answers};
use tokio_util::sync::CancellationToken;

use super::settling::keep_settled;
use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// How many answers are read at once.
const AT_ONCE: u32 = 100;

/// Writes what is due until `closing` is cancelled.
pub async fn follow_replications(hub: Hub, closing: CancellationToken) {
    // The commit at which nothing was due. All answers are looked at, so it is done only when there is another.
    let settled_at = Arc::new(AtomicU64::new(u64::MAX));
    let settle = |hub: Hub| {
        let settled_at = Arc::clone(&settled_at);
        async move {
            let position = hub.db.newest_position().await?;
            if settled_at.load(Ordering::Relaxed) == position {
                return Ok(0);
            }
            let settled = settle_all(&hub).await?;
            settled_at.store(position, Ordering::Relaxed);
            Ok(settled)
        }
    };
    keep_settled(hub, closing, "answers to replications", settle).await;
}

/// Writes all that is due, and says how many answers.
pub async fn settle_all(hub: &Hub) -> Result<u64, StorageError> {
    let mut all = 0;
    loop {
        let (clock, entropy) = (&SystemClock, &SystemEntropy);
        let settled = answers::settle(&hub.db, &hub.key, AT_ONCE, clock, entropy).await?;
        if settled == 0 {
            return Ok(all);
        }
        all += u64::from(settled);
    }
}
