//! `simpul who-holds`

use anyhow::bail;
use domain::clock::Clock as _;
use domain::entry::{DeletionReason, Operation};
use domain::holding::{Holding, PeerHolding};
use domain::standing::elapsed;
use domain::standing::words::duration;
use serde_json::{Value, json};

use super::receipt;
use crate::cli::{Common, Outcome};
use crate::output;
use crate::system::SystemClock;

/// Tell which peers confirmed a record's newest revision, or its erasure
#[derive(Debug, clap::Args)]
pub struct WhoHolds {
    /// The record's global id: Innovation:id-13:0198f2c4-…
    id: String,
}

impl WhoHolds {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let (owner, record) = receipt::parse(&self.id)?;
        let hub = common.open_hub().await?;
        let Some(holding) = storage::holders::find(&hub.db, &owner, record).await? else {
            bail!("{} was never here", self.id);
        };
        if common.json {
            output::json(&as_json(&self.id, &holding))?;
        } else {
            print_text(&self.id, &holding);
        }
        hub.db.close().await?;
        Ok(if holding.is_everywhere() {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

fn print_text(id: &str, holding: &Holding) {
    for sentence in holding.sentences(id) {
        output::say(sentence);
    }
    let now = i64::try_from(SystemClock.now().unix_timestamp_nanos() / 1_000_000);
    let now = now.unwrap_or(i64::MAX);
    let mut table = output::table(["peer", "entries", "since", "confirmed"]);
    for peer in &holding.peers {
        let seen = peer.seen_at.map(|at| duration(elapsed(at, now)));
        table.add_row([
            peer.hub.to_string(),
            peer.size.to_string(),
            seen.unwrap_or_else(|| "never".to_owned()),
            if holding.is_confirmed_by(peer) {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ]);
    }
    if !holding.peers.is_empty() {
        output::say(table.to_string());
    }
}

fn as_json(id: &str, holding: &Holding) -> Value {
    let reason = match holding.newest.operation {
        Operation::Delete { reason } => Some(reason.code()),
        Operation::Put { .. } => None,
    };
    let peer = |peer: &PeerHolding| {
        json!({
            "hub": peer.hub,
            "size": peer.size,
            "seenAt": peer.seen_at,
            "confirmed": holding.is_confirmed_by(peer),
        })
    };
    json!({
        "record": id,
        "revision": holding.newest.revision,
        "deleted": reason,
        "erased": reason == Some(DeletionReason::Erasure.code()),
        "neededSize": holding.newest.needed(),
        "everywhere": holding.is_everywhere(),
        "summary": holding.sentences(id),
        "peers": holding.peers.iter().map(peer).collect::<Vec<_>>(),
    })
}
