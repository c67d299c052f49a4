//! Writing anew what innovations tell of people, when those agree to something else.

use std::time::Duration;

use storage::{StorageError, credits};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// How often it is looked whether something is due: what a mutation began and did not end, or a crash left.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// How many innovations are written before it is looked whether the hub is to stop.
const AT_ONCE: u32 = 100;

/// Writes what is due until `closing` is cancelled. Cut off anywhere, it loses nothing.
pub async fn keep_told(hub: Hub, closing: CancellationToken) {
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            settled = settle_all(&hub) => match settled {
                Ok(0) => {}
                Ok(settled) => tracing::info!(settled, "credits were written anew"),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "credits cannot be written anew yet"
                ),
            }
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// Writes all that is due, and says of how many innovations.
pub async fn settle_all(hub: &Hub) -> Result<u64, StorageError> {
    let mut all = 0;
    while credits::is_due(&hub.db).await? {
        let (clock, entropy) = (&SystemClock, &SystemEntropy);
        let settled = credits::settle(&hub.db, &hub.key, AT_ONCE, clock, entropy).await?;
        if settled == 0 {
            break;
        }
        all += u64::from(settled);
    }
    Ok(all)
}
