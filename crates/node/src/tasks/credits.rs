//! Writing anew what innovations tell of people, when those agree to something else.

use storage::{StorageError, credits};
use tokio_util::sync::CancellationToken;

use super::settling::keep_settled;
use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// How many innovations are written before it is looked whether the hub is to stop.
const AT_ONCE: u32 = 100;

/// Writes what is due until `closing` is cancelled.
pub async fn keep_told(hub: Hub, closing: CancellationToken) {
    let settle = |hub: Hub| async move { settle_all(&hub).await };
    keep_settled(hub, closing, "credits", settle).await;
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
