//! Saying this hub's answers to replications for whom those are, when their adopters opened them to everybody.

use std::time::Duration;

use storage::{StorageError, answers};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// How often it is looked whether an answer is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// How many answers are read at once.
const AT_ONCE: u32 = 100;

/// Writes what is due until `closing` is cancelled. Cut off anywhere, it loses nothing.
pub async fn follow_replications(hub: Hub, closing: CancellationToken) {
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            settled = settle_all(&hub) => match settled {
                Ok(0) => {}
                Ok(settled) => tracing::info!(settled, "answers are for everybody now, as their replications are"),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "answers cannot be written anew yet"
                ),
            }
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = sleep(LOOK_INTERVAL) => {}
        }
    }
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
