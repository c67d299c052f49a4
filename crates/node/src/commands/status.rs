//! `simpul status`

use domain::log::LogState;
use serde_json::json;
use storage::logs::heads::{self, Head};
use storage::peers;

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::output;

/// Tell which logs are held, how far they are proved, and how the peers are
#[derive(Debug, clap::Args)]
pub struct Status {}

impl Status {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let heads = heads::list(&hub.db).await?;
        let peers = peers::list(&hub.db).await?;
        if common.json {
            print_json(&hub, &heads, &peers)?;
        } else {
            print_text(&hub, &heads, &peers);
        }
        hub.db.close().await?;
        let is_well = heads
            .iter()
            .all(|head| matches!(head.state, LogState::Proved | LogState::Empty));
        Ok(if is_well {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

fn print_text(hub: &Hub, heads: &[Head], listed: &[peers::Peer]) {
    output::say(format!(
        "hub {} of network {}, {}",
        hub.db.hub(),
        hub.db.network(),
        hub.db.backend()
    ));
    let mut table = output::table([
        "log of", "epoch", "entries", "proved", "seen", "missing", "unread", "state",
    ]);
    for head in heads {
        table.add_row([
            head.log.hub.to_string(),
            head.log.epoch.to_string(),
            head.size.to_string(),
            head.proved_size.to_string(),
            head.newest_seen.max(head.size).to_string(),
            head.missing.to_string(),
            head.unprojected.to_string(),
            words(head),
        ]);
    }
    output::say(table.to_string());
    for peer in listed {
        let record = &peer.record;
        let since = record.last_success_at.map_or_else(
            || "never pulled".to_owned(),
            |at| format!("pulled {}", output::moment(at)),
        );
        let trouble = record.parked.as_ref().or(record.last_error.as_ref());
        let trouble = trouble
            .map(|trouble| format!("; {trouble} ({} times)", record.failures))
            .unwrap_or_default();
        output::say(format!(
            "peer {} at {}: {since}{trouble}",
            peer.hub, peer.url
        ));
    }
}

/// A log's state in words that say what it means.
fn words(head: &Head) -> String {
    match head.state {
        LogState::Empty => "empty".to_owned(),
        LogState::CatchingUp => format!(
            "catching up, {} to go",
            head.newest_seen.saturating_sub(head.size)
        ),
        LogState::Proved => "proved".to_owned(),
        LogState::Incomplete => "proved, payloads missing".to_owned(),
        LogState::Unproved => "no peer proves the newest head".to_owned(),
        LogState::Forked => "FORKED: its hub signed two histories".to_owned(),
        LogState::Parked => format!(
            "set aside: {}",
            head.parked.as_deref().unwrap_or("no reason noted")
        ),
    }
}

fn print_json(hub: &Hub, heads: &[Head], listed: &[peers::Peer]) -> anyhow::Result<()> {
    let log = |head: &Head| {
        json!({
            "hub": head.log.hub,
            "epoch": head.log.epoch,
            "size": head.size,
            "provedSize": head.proved_size,
            "newestSeen": head.newest_seen.max(head.size),
            "missing": head.missing,
            "unprojected": head.unprojected,
            "bytes": head.bytes,
            "state": format!("{:?}", head.state),
            "provedAt": head.proved_at,
        })
    };
    let peer = |peer: &peers::Peer| {
        json!({
            "hub": peer.hub,
            "url": peer.url,
            "lastSuccessAt": peer.record.last_success_at,
            "failures": peer.record.failures,
            "lastError": peer.record.last_error,
        })
    };
    output::json(&json!({
        "hub": hub.db.hub(),
        "network": hub.db.network(),
        "database": hub.db.backend(),
        "logs": heads.iter().map(log).collect::<Vec<_>>(),
        "peers": listed.iter().map(peer).collect::<Vec<_>>(),
    }))
}
