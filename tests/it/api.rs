//! What one hub answers over HTTP and WebSocket, with the real records of the data folder.
//!
//! - `reading`: lists, nodes, entities. `writing`: mutations. `refusals`: every error code and every limit.
//! - `kept`: answers that are given again. `replication`: how the hub stands with all logs and peers, in the schema and as metrics.
//! - `transport`: subscriptions, compression, health, and coming to an end.

mod brief;
mod kept;
mod reading;
mod refusals;
mod replication;
mod transport;
mod writing;

use testkit::Federation;

/// How many innovations of the data folder are imported: one of its 419 rows names no agency.
const RECORDS: u64 = 418;

/// A hub with the real records.
async fn real_hub() -> Federation {
    let hubs = Federation::of(["a"]).await;
    hubs.import("a").await;
    hubs
}
