//! When work happens: a pull loop for each peer, and a look at what other processes committed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use storage::peers::{self, Peer};
use sync::peer::HttpPeer;
use sync::plan;
use sync::round::Puller;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, SOFTWARE};
use crate::system::SystemEntropy;

/// How often the list of peers is read again and commits of other processes are looked for.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Pulls all peers until `closing` is cancelled. Peers that are added or removed meanwhile are noticed.
pub async fn pull_peers(hub: Hub, closing: CancellationToken) {
    let puller = Arc::new(hub.puller());
    let mut loops: HashMap<i64, (String, JoinHandle<()>)> = HashMap::new();
    loop {
        match peers::list(&hub.db).await {
            Ok(listed) => reconcile(&hub, &puller, &closing, listed, &mut loops),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "peers cannot be read"
            ),
        }
        tokio::select! {
            () = closing.cancelled() => break,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
    for (_, (_, task)) in loops {
        drop(task.await);
    }
}

fn reconcile(
    hub: &Hub,
    puller: &Arc<Puller>,
    closing: &CancellationToken,
    listed: Vec<Peer>,
    loops: &mut HashMap<i64, (String, JoinHandle<()>)>,
) {
    loops.retain(|id, (url, task)| {
        let stays = listed.iter().any(|peer| peer.id == *id && peer.url == *url);
        if !stays {
            task.abort();
        }
        stays
    });
    for peer in listed {
        loops.entry(peer.id).or_insert_with(|| {
            let url = peer.url.clone();
            (
                url,
                tokio::spawn(pull_peer(
                    hub.clone(),
                    Arc::clone(puller),
                    peer,
                    closing.clone(),
                )),
            )
        });
    }
}

/// Pulls one peer again and again. A round that runs when the program is told to stop is given up between two pages,
/// which loses nothing.
async fn pull_peer(hub: Hub, puller: Arc<Puller>, mut peer: Peer, closing: CancellationToken) {
    let remote = match HttpPeer::client(SOFTWARE).map(|client| HttpPeer::new(client, &peer.url)) {
        Ok(Ok(remote)) => remote,
        Ok(Err(error)) => return tracing::error!(peer = %peer.hub, %error, "peer cannot be asked"),
        Err(error) => return tracing::error!(peer = %peer.hub, %error, "no client can be made"),
    };
    loop {
        let round = puller.run(&peer, &remote, &|_| {});
        tokio::select! {
            () = closing.cancelled() => return,
            result = round => {
                if let Err(error) = result {
                    tracing::error!(peer = %peer.hub, error = &error as &dyn std::error::Error, "round cannot be noted");
                }
            }
        }
        match peers::find(&hub.db, peer.id).await {
            Ok(Some(found)) => peer = found,
            Ok(None) => return,
            Err(_) => {}
        }
        let pause = plan::pause(
            hub.config.sync.interval(),
            peer.record.failures,
            SystemEntropy.fraction(),
        );
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Looks for commits of other processes, so that subscribers here hear of them.
pub async fn watch_commits(hub: Hub, closing: CancellationToken) {
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        if let Err(error) = hub.db.refresh().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "commits cannot be looked for"
            );
        }
    }
}
