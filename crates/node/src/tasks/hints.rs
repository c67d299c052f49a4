//! Hearing the hints of one peer, for as long as it is pulled.

use std::sync::Arc;
use std::time::Duration;

use storage::peers::Peer;
use sync::hint::{HintError, Hints};
use sync::plan;
use sync::round::Puller;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::hub::Hub;
use crate::system::SystemEntropy;
use crate::tls;

/// Wakes the peer's pull loop whenever it may have changed. A subscription that is lost is looked for again; until it is
/// back the periodic pull does what it always does.
pub(super) async fn hear(hub: Hub, puller: Arc<Puller>, peer: Peer, wake: Arc<Notify>) {
    let client = match tls::hints_client(&hub.config) {
        Ok(client) => client,
        Err(error) => return tracing::error!(peer = %peer.hub, %error, "no client can be made"),
    };
    let mut losses = 0;
    loop {
        let (held, error) = match Hints::open(&client, &peer.url).await {
            Ok(hints) => follow(hints, &puller, &peer, &wake).await,
            Err(error) => (Duration::ZERO, error),
        };
        losses = plan::losses(losses, held);
        tell_loss(&peer, losses, &error);
        let interval = hub.config.sync.interval();
        sleep(plan::pause(interval, losses, SystemEntropy.fraction())).await;
    }
}

/// Wakes at every hint until the subscription is lost, and says how long it was held.
async fn follow(
    mut hints: Hints,
    puller: &Puller,
    peer: &Peer,
    wake: &Notify,
) -> (Duration, HintError) {
    tracing::info!(peer = %peer.hub, "hints are heard");
    let opened = Instant::now();
    // What changed before the peer listened to us is not told.
    wake.notify_one();
    loop {
        match hints.next().await {
            Ok(hint) => {
                // When it cannot be told, a round does no harm.
                if puller.is_news(&hint).await.unwrap_or(true) {
                    wake.notify_one();
                }
            }
            Err(error) => return (opened.elapsed(), error),
        }
    }
}

/// Tells people once; a peer that has no hints for us is not worth a line at every try.
fn tell_loss(peer: &Peer, losses: u64, error: &HintError) {
    let error = error as &dyn std::error::Error;
    if losses == 1 {
        tracing::info!(peer = %peer.hub, error, "hints are lost");
    } else {
        tracing::debug!(peer = %peer.hub, error, "hints are not to be had");
    }
}
