//! Pulling a peer once, though another process may be pulling it.

use std::time::Duration;

use anyhow::bail;
use domain::lease::{LASTS, RENEWED_EVERY};
use storage::leases::{self, Lease, Name};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::hub::Hub;

/// How often it is looked whether the holder gave the lease.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How long is waited for it: a process that runs gives it within seconds, that of one that was killed lapses.
const MOST_WAITING: Duration = LASTS.saturating_mul(2);

/// Does something under the lease of pulling a peer: asks the process that holds it for it, and gives it back.
pub async fn borrowed<T>(
    hub: &Hub,
    peer: i64,
    work: impl AsyncFnOnce(Lease) -> T,
) -> anyhow::Result<T> {
    let lease = obtain(hub, Name::Pull(peer)).await?;
    let keeping = AbortOnDropHandle::new(tokio::spawn(keep(hub.clone())));
    let done = work(lease).await;
    drop(keeping);
    leases::give(&hub.db, hub.process, &[lease.name]).await?;
    Ok(done)
}

async fn obtain(hub: &Hub, name: Name) -> anyhow::Result<Lease> {
    let end = Instant::now() + MOST_WAITING;
    loop {
        if let Some(lease) = leases::take(&hub.db, hub.process, &[name]).await?.pop() {
            return Ok(lease);
        }
        if Instant::now() > end {
            bail!(
                "another process pulls this peer and does not let go of it; is it hanging? `simpul status` names it"
            );
        }
        leases::ask(&hub.db, hub.process, name).await?;
        sleep(LOOK_INTERVAL).await;
    }
}

/// Renews again and again. Whether the lease was lost all the same is told when the round is noted.
async fn keep(hub: Hub) {
    loop {
        sleep(RENEWED_EVERY).await;
        if let Err(error) = leases::renew(&hub.db, hub.process).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the lease cannot be renewed"
            );
        }
    }
}
