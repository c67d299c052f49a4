//! What was done at a hub, through its public API and the real program. `every`: each mutation is told of once. `refused`: what was
//! not done, and who may read of it. `program`: commands, exports, and what the log lines hold.

mod every;
mod program;
mod refused;

use storage::audit::{Filter, Listed};
use testkit::Federation;

/// The events of a hub behind a place, the oldest first.
pub(crate) async fn events_after(hubs: &Federation, hub: &str, after: u64) -> Vec<Listed> {
    let listed = storage::audit::list(&hubs.hub(hub).db, &Filter::default(), None, 200).await;
    let mut listed = listed.unwrap();
    listed.retain(|listed| listed.event.sequence > after);
    listed.reverse();
    listed
}

async fn end(hubs: &Federation, hub: &str) -> u64 {
    let ends = storage::audit::ends(&hubs.hub(hub).db).await.unwrap();
    ends.head.sequence
}
