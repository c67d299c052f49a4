//! Writing what was refused, and letting go of what the audit keeps for a time only.

use std::time::Duration;

use domain::clock::Clock as _;
use storage::{StorageError, audit};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// How often what was refused is written.
const WRITTEN_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked what may go.
const SWEPT_EVERY: Duration = Duration::from_hours(1);

/// Keeps the audit until `closing` is cancelled, and then writes what is left.
pub async fn keep(hub: Hub, closing: CancellationToken) {
    let mut swept: Option<Instant> = None;
    loop {
        let is_closing = tokio::select! {
            () = closing.cancelled() => true,
            () = sleep(WRITTEN_EVERY) => false,
        };
        warn(
            write(&hub).await,
            "what was refused cannot be told to the audit",
        );
        if is_closing {
            return;
        }
        if swept.is_none_or(|at| at.elapsed() >= SWEPT_EVERY) {
            swept = Some(Instant::now());
            warn(sweep(&hub).await, "the audit cannot let go of what is old");
        }
    }
}

async fn write(hub: &Hub) -> Result<(), StorageError> {
    let now = SystemClock.now();
    hub.refusals.write(&hub.db, now, &SystemEntropy).await?;
    Ok(())
}

async fn sweep(hub: &Hub) -> Result<(), StorageError> {
    let (config, now) = (&hub.config.audit, SystemClock.now());
    audit::forget_origins(&hub.db, now - config.keeps_addresses()).await?;
    if let Some(kept) = config.keeps_events() {
        while audit::cut(&hub.db, now - kept, now).await? > 0 {}
    }
    Ok(())
}

fn warn(done: Result<(), StorageError>, message: &'static str) {
    if let Err(error) = done {
        tracing::warn!(error = &error as &dyn std::error::Error, "{message}");
    }
}
