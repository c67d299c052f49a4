//! What a hub does before it writes: asks its peers what they hold of its log, heals if they hold more, and notes in the
//! guard file how far it has come.

use std::time::Duration;

use futures_util::future::join_all;
use storage::peers;
use sync::healing::Healer;
use sync::peer::HttpPeer;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::LOOK_INTERVAL;
use crate::hub::Hub;
use crate::{guard, tls};

/// How long a peer may take to say what it holds of our log, before anything is written.
const MOST_PROBE_TIME: Duration = Duration::from_secs(3);
/// How often a hub that is well looks though nothing was committed.
const WELL_INTERVAL: Duration = Duration::from_secs(5);
/// The guard file is written at most so often.
const GUARD_PAUSE: Duration = Duration::from_millis(20);

/// Asks all peers at once, then lets the hub write if none knows better. Then looks after every halt, until `closing` is
/// cancelled.
pub async fn keep_well(hub: Hub, closing: CancellationToken) {
    tokio::select! {
        () = closing.cancelled() => {}
        () = become_and_stay_well(&hub) => {}
    }
}

async fn become_and_stay_well(hub: &Hub) {
    probe_until_done(hub).await;
    hub.db.end_boot();
    let (healer, mut commits) = (hub.healer(), hub.db.watch());
    loop {
        commits.mark_unchanged();
        let is_well = heal(hub, &healer).await.unwrap_or_else(|error| {
            tracing::error!(error = %format!("{error:#}"), "healing failed; it is tried again");
            false
        });
        sleep(LOOK_INTERVAL).await;
        if is_well {
            // A halt alone is no commit.
            let changed = timeout(WELL_INTERVAL, commits.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                return;
            }
        }
    }
}

async fn probe_until_done(hub: &Hub) {
    while let Err(error) = probe_all(hub).await {
        tracing::error!(error = %format!("{error:#}"), "peers cannot be asked; nothing is written until they are");
        sleep(LOOK_INTERVAL).await;
    }
}

/// Asks all peers at once what they hold of the hub's own log, and halts if one knows more. Peers that do not answer are
/// passed over.
pub async fn probe_all(hub: &Hub) -> anyhow::Result<()> {
    let (client, healer) = (tls::client(&hub.config)?, hub.healer());
    let probe = async |peer: peers::Peer| -> anyhow::Result<()> {
        let Ok(remote) = HttpPeer::new(client.clone(), &peer.url) else {
            return Ok(());
        };
        let Ok(answered) = timeout(MOST_PROBE_TIME, healer.probe(&remote)).await else {
            tracing::info!(peer = %peer.hub, "peer did not answer in time");
            return Ok(());
        };
        if let Err(error) = answered? {
            tracing::info!(peer = %peer.hub, %error, "peer was not asked");
        }
        Ok(())
    };
    let listed = peers::list(&hub.db).await?;
    let asked = join_all(listed.into_iter().map(probe)).await;
    asked.into_iter().collect()
}

/// Ends a halt if it can be ended, and issues again what waits for it. Says whether the hub is well.
pub async fn heal(hub: &Hub, healer: &Healer) -> anyhow::Result<bool> {
    let guard = guard::read(hub);
    if storage::halt::read(&hub.db).await?.is_some() && healer.end(guard.as_ref()).await?.is_none()
    {
        return Ok(false);
    }
    let is_well = storage::logs::aside::count_waiting(&hub.db).await? == 0;
    if !is_well {
        healer.reissue().await?;
    }
    guard::renew(hub).await?;
    Ok(is_well)
}

/// Renews the guard file after each commit.
pub async fn keep_guard(hub: Hub, closing: CancellationToken) {
    let mut commits = hub.db.watch();
    loop {
        if let Err(error) = guard::renew(&hub).await {
            tracing::error!(error = %format!("{error:#}"), "the guard file is not renewed");
        }
        tokio::select! {
            () = closing.cancelled() => return,
            changed = commits.changed() => if changed.is_err() { return },
        }
        sleep(GUARD_PAUSE).await;
    }
}
