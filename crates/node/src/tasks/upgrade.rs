//! Trying again what an older program could not read.

use std::time::Duration;

use storage::logs::reproject::{self, Tried};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;

/// How often it is looked whether an older process on the same database noted something meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);
/// How often progress is told.
const TELL_INTERVAL: Duration = Duration::from_secs(10);

/// Tries again what waits, beside everything else, until `closing` is cancelled. Cut off anywhere, it loses nothing.
pub async fn try_unprojected(hub: Hub, closing: CancellationToken) {
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            tried = try_all(&hub) => if let Err(error) = tried {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "entries of before the upgrade cannot be tried"
                );
            }
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// Tries again all that waits, and tells how far it is.
pub async fn try_all(hub: &Hub) -> Result<Tried, storage::StorageError> {
    let mut told = Instant::now();
    let tried = reproject::run(&hub.db, |tried| {
        if told.elapsed() >= TELL_INTERVAL {
            told = Instant::now();
            tracing::info!(
                tried = tried.tried,
                mended = tried.mended,
                "trying what an older version could not read"
            );
        }
    })
    .await?;
    if tried.tried > 0 {
        tracing::info!(
            tried = tried.tried,
            mended = tried.mended,
            "tried what an older version could not read"
        );
    }
    Ok(tried)
}
