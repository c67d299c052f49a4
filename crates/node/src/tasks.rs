//! When work happens: a pull loop for each peer, and a look at what other processes committed.
//!
//! - [`pull_peers`] keeps a loop for each peer that this process pulls, which `share` decides; `hints` beside it ends the
//!   loop's pause when the peer tells of a change.
//! - [`borrowed`] lets somebody pull a peer once, though another process may be at it.
//! - [`healing`] asks before anything is written, heals, and renews the guard file.
//! - [`watch_commits`] hears of what other processes committed, and looks for it.
//! - [`let_database_rest`] empties its journal, and lets it forget what it keeps in memory while nobody uses it.
//! - [`keep_rows`] keeps what lists are answered by in memory.
//! - [`answers`] says this hub's answers to replications for whom those are.
//! - [`audit`] writes what was refused, and lets go of what is old.
//! - [`credits`] writes anew what innovations tell of people, when those agree to something else.
//! - [`upgrade`] tries again what an older program could not read.
//! - [`statistics`] keeps what is counted near the store.

pub mod answers;
pub mod audit;
mod borrow;
pub mod credits;
pub mod healing;
mod hints;
mod settling;
mod share;
pub mod statistics;
pub mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use storage::leases::Lease;
use storage::peers::{self, Peer};
use sync::plan;
use sync::round::{Occasion, Puller};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::hub::Hub;
use crate::system::SystemEntropy;
use crate::tls;
use share::Share;

pub use borrow::borrowed;

/// How often commits of other processes are looked for.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often peers and leases are read again. With the time that a lease lasts it stays below the 15 seconds within which
/// another process takes over.
const SHARE_INTERVAL: Duration = Duration::from_secs(2);
/// How often a database that is at rest gives memory back.
const REST_INTERVAL: Duration = Duration::from_mins(1);
/// The longest that looking at peers and leases may take, so that lost leases are noticed though the database hangs.
const MOST_LOOKING: Duration = Duration::from_secs(5);
/// The pause before commits are heard again after the connection was lost.
const HEAR_AGAIN: Duration = Duration::from_secs(5);

/// Pulls this process's share of the peers until `closing` is cancelled. Peers and processes that come or go meanwhile are
/// noticed.
pub async fn pull_peers(hub: Hub, closing: CancellationToken) {
    tracing::info!(process = %hub.process, "peers are pulled");
    let mut share = Share::new(hub);
    let _following = AbortOnDropHandle::new(tokio::spawn(follow_trust(share.puller())));
    loop {
        let looked = tokio::select! {
            () = closing.cancelled() => break,
            looked = timeout(MOST_LOOKING, share.look()) => looked,
        };
        match looked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "peers and leases cannot be read or written"
            ),
            Err(_) => tracing::error!("the database does not answer, so peers are not looked at"),
        }
        share.give_up_what_is_lost().await;
        tokio::select! {
            () = closing.cancelled() => break,
            () = sleep(SHARE_INTERVAL) => {}
        }
    }
    if let Err(error) = share.leave().await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "leases cannot be given back; others take them when they lapse"
        );
    }
}

/// Brings what is held into line with whom this hub trusts, soon after that changed: a round may be far off, or there is no
/// peer at all.
async fn follow_trust(puller: Arc<Puller>) {
    loop {
        if let Err(error) = puller.follow_trust().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what is held cannot be brought into line with whom this hub trusts yet"
            );
        }
        sleep(SHARE_INTERVAL).await;
    }
}

/// Pulls one peer and hears its hints, until it is aborted.
async fn follow_peer(hub: Hub, puller: Arc<Puller>, peer: Peer, lease: Lease) {
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
    pull_peer(&hub, &puller, peer, &lease, &wake).await;
}

/// Pulls one peer again and again: at its interval, and when it is woken.
async fn pull_peer(hub: &Hub, puller: &Puller, mut peer: Peer, lease: &Lease, wake: &Notify) {
    let remote = match tls::client(&hub.config).map(|client| hub.remote(client, &peer)) {
        Ok(Ok(remote)) => remote,
        Ok(Err(error)) => return tracing::error!(peer = %peer.hub, %error, "peer cannot be asked"),
        Err(error) => return tracing::error!(peer = %peer.hub, %error, "no client can be made"),
    };
    let mut occasion = Occasion::Turn;
    loop {
        let brought = match puller
            .run(&peer, &remote, occasion, Some(lease), &|_| {})
            .await
        {
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

/// Looks for commits of other processes, so that subscribers here hear of them: at once where the database tells of them,
/// and each second whatever becomes of that.
pub async fn watch_commits(hub: Hub, closing: CancellationToken) {
    tokio::select! {
        () = closing.cancelled() => {}
        () = hear_commits(&hub) => {}
        () = look_for_commits(&hub) => {}
    }
}

/// Lets the database rest once a minute: what was erased leaves its journal, and memory is given back if little was asked.
pub async fn let_database_rest(hub: Hub, closing: CancellationToken) {
    let resting = async {
        loop {
            sleep(REST_INTERVAL).await;
            if let Err(error) = hub.db.rest().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the database cannot empty its journal or give memory back"
                );
            }
        }
    };
    tokio::select! {
        () = closing.cancelled() => {}
        () = resting => {}
    }
}

/// Keeps what lists are answered by in memory, until `closing` is cancelled.
pub async fn keep_rows(hub: Hub, closing: CancellationToken) {
    let most = (hub.config.database).records_in_memory(crate::system::memory());
    if most == 0 {
        return;
    }
    tokio::select! {
        () = closing.cancelled() => {}
        () = hub.db.keep_rows(most) => {}
    }
}

async fn hear_commits(hub: &Hub) {
    loop {
        if let Err(error) = hub.db.hear_commits().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "commits are not heard, so they are looked for each second"
            );
        }
        sleep(HEAR_AGAIN).await;
    }
}

async fn look_for_commits(hub: &Hub) {
    loop {
        sleep(LOOK_INTERVAL).await;
        if let Err(error) = hub.db.refresh().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "commits cannot be looked for"
            );
        }
    }
}
