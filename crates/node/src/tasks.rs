//! When work happens: a pull loop for each peer, and a look at what other processes committed.
//!
//! - [`pull_peers`] keeps a loop for each peer; `hints` beside it ends the loop's pause when the peer tells of a change.
//! - [`watch_commits`] looks for what other processes committed.
//! - [`upgrade`] tries again what an older program could not read.

mod hints;
pub mod upgrade;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use storage::peers::{self, Peer};
use sync::peer::HttpPeer;
use sync::plan;
use sync::round::{Occasion, Puller};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

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
            () = sleep(LOOK_INTERVAL) => {}
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
                tokio::spawn(follow_peer(
                    hub.clone(),
                    Arc::clone(puller),
                    peer,
                    closing.clone(),
                )),
            )
        });
    }
}

/// Pulls one peer and hears its hints. A round that runs when the program is told to stop is given up between two pages,
/// which loses nothing.
async fn follow_peer(hub: Hub, puller: Arc<Puller>, peer: Peer, closing: CancellationToken) {
    let wake = Arc::new(Notify::new());
    // A task of its own, so that whatever becomes of it the pulling goes on.
    let _hints = hub.config.sync.hints.then(|| {
        let hearing = hints::hear(
            hub.clone(),
            Arc::clone(&puller),
            peer.clone(),
            Arc::clone(&wake),
        );
        AbortOnDropHandle::new(tokio::spawn(hearing))
    });
    tokio::select! {
        () = closing.cancelled() => {}
        () = pull_peer(&hub, &puller, peer, &wake) => {}
    }
}

/// Pulls one peer again and again: at its interval, and when it is woken.
async fn pull_peer(hub: &Hub, puller: &Puller, mut peer: Peer, wake: &Notify) {
    let remote = match HttpPeer::client(SOFTWARE).map(|client| HttpPeer::new(client, &peer.url)) {
        Ok(Ok(remote)) => remote,
        Ok(Err(error)) => return tracing::error!(peer = %peer.hub, %error, "peer cannot be asked"),
        Err(error) => return tracing::error!(peer = %peer.hub, %error, "no client can be made"),
    };
    let mut occasion = Occasion::Turn;
    loop {
        let brought = match puller.run(&peer, &remote, occasion, &|_| {}).await {
            Ok(result) => result.entries,
            Err(error) => {
                tracing::error!(peer = %peer.hub, error = &error as &dyn std::error::Error, "round cannot be noted");
                0
            }
        };
        let failures = peers::find(&hub.db, peer.id).await;
        let failures = failures
            .ok()
            .flatten()
            .map_or(0, |found| found.record.failures);
        occasion = rest(hub, failures, brought, wake).await;
        // Read after the rest: trust may have widened meanwhile, so that all heads are looked at again.
        match peers::find(&hub.db, peer.id).await {
            Ok(Some(found)) => peer = found,
            Ok(None) => return,
            Err(_) => {}
        }
    }
}

/// Waits until the next round is due or somebody wakes. Waking during a round counts for the next, however often.
async fn rest(hub: &Hub, failures: u64, brought: u64, wake: &Notify) -> Occasion {
    let fraction = SystemEntropy.fraction();
    let pause = plan::pause(hub.config.sync.interval(), failures, fraction);
    let woken = async {
        sleep(plan::least_pause(failures, brought)).await;
        wake.notified().await;
    };
    tokio::select! {
        () = sleep(pause) => Occasion::Turn,
        () = woken => Occasion::Hint,
    }
}

/// Looks for commits of other processes, so that subscribers here hear of them.
pub async fn watch_commits(hub: Hub, closing: CancellationToken) {
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            () = sleep(LOOK_INTERVAL) => {}
        }
        if let Err(error) = hub.db.refresh().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "commits cannot be looked for"
            );
        }
    }
}
