//! `simpul status`

use domain::clock::Clock as _;
use domain::standing::words::{self, duration};
use domain::standing::{LogStanding, PeerStanding, Standing, elapsed};
use serde_json::{Value, json};
use storage::standing;

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::output;
use crate::system::SystemClock;

/// Tell whether this hub holds what the others hold, and if not, why, since when and what to do
#[derive(Debug, clap::Args)]
pub struct Status {}

impl Status {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let standing = standing::read(&hub.db, SystemClock.now()).await?;
        if common.json {
            print_json(&hub, &standing)?;
        } else {
            print_text(&hub, &standing);
        }
        hub.close().await?;
        Ok(if standing.is_in_sync() {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

fn print_text(hub: &Hub, standing: &Standing) {
    output::say(standing.summary());
    for problem in standing.problems() {
        output::say(format!("  {problem}"));
    }
    output::say(format!(
        "hub {} of network {}, {}",
        hub.db.hub(),
        hub.db.network(),
        hub.db.backend()
    ));
    output::say(logs(standing));
    if standing.peers.is_empty() {
        output::say("no peers yet; add one with `simpul peer add URL`");
    } else {
        output::say(peers(standing));
    }
}

/// A time since a moment, or that there was none.
fn ago(at: Option<i64>, now: i64) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| format!("{} ago", duration(elapsed(at, now))),
    )
}

fn logs(standing: &Standing) -> String {
    let mut table = output::table([
        "log of", "epoch", "entries", "seen", "behind", "for", "missing", "unread", "proved",
        "state",
    ]);
    for log in &standing.logs {
        let behind_for = match log.lag() {
            0 => String::new(),
            _ => duration(log.behind_for(standing.at)),
        };
        table.add_row([
            log.log.hub.to_string(),
            log.log.epoch.to_string(),
            log.size.to_string(),
            log.newest_seen.to_string(),
            log.lag().to_string(),
            behind_for,
            log.missing.to_string(),
            log.unprojected.to_string(),
            ago(log.proved_at, standing.at),
            words::state(log.state).to_owned(),
        ]);
    }
    table.to_string()
}

fn peers(standing: &Standing) -> String {
    let mut table = output::table([
        "peer",
        "url",
        "answered",
        "failures",
        "strikes",
        "pulled by",
        "trouble",
    ]);
    for peer in &standing.peers {
        table.add_row([
            peer.hub.to_string(),
            peer.url.clone(),
            ago(peer.last_success_at, standing.at),
            peer.failures.to_string(),
            peer.strikes.to_string(),
            pulled_by(peer),
            peer.trouble().unwrap_or_default().to_owned(),
        ]);
    }
    table.to_string()
}

/// The beginning of the name with which the process that pulls the peer opens its log.
fn pulled_by(peer: &PeerStanding) -> String {
    peer.puller.map_or_else(
        || "nobody".to_owned(),
        |process| process.to_string().chars().take(8).collect(),
    )
}

fn print_json(hub: &Hub, standing: &Standing) -> anyhow::Result<()> {
    let log = |log: &LogStanding| log_json(log, standing.at);
    let peer = |peer: &PeerStanding| peer_json(peer, standing.at);
    output::json(&json!({
        "hub": hub.db.hub(),
        "network": hub.db.network(),
        "database": hub.db.backend(),
        "asOf": standing.at,
        "inSync": standing.is_in_sync(),
        "mode": standing.mode.code(),
        "haltReason": standing.halted.map(|(halt, _)| halt.to_string()),
        "haltedAt": standing.halted.map(|(_, at)| at),
        "waitingEntries": standing.waiting,
        "summary": standing.summary(),
        "problems": standing.problems(),
        "logs": standing.logs.iter().map(log).collect::<Vec<_>>(),
        "peers": standing.peers.iter().map(peer).collect::<Vec<_>>(),
    }))
}

fn log_json(log: &LogStanding, now: i64) -> Value {
    json!({
        "hub": log.log.hub,
        "epoch": log.log.epoch,
        "state": format!("{:?}", log.state),
        "size": log.size,
        "provedSize": log.proved_size,
        "newestSeen": log.newest_seen,
        "lagEntries": log.lag(),
        "lagSeconds": log.behind_for(now) / 1000,
        "behindSince": log.behind_since,
        "missing": log.missing,
        "unprojected": log.unprojected,
        "bytes": log.bytes,
        "provedAt": log.proved_at,
        "forkedAt": log.forked_at,
        "parked": log.parked,
        "problem": log.problem(now),
    })
}

fn peer_json(peer: &PeerStanding, now: i64) -> Value {
    json!({
        "hub": peer.hub,
        "url": peer.url,
        "lastRoundAt": peer.last_round_at,
        "lastSuccessAt": peer.last_success_at,
        "lagSeconds": peer.silent_for(now).map(|silent| silent / 1000),
        "failures": peer.failures,
        "strikes": peer.strikes,
        "parked": peer.parked,
        "lastError": peer.last_error,
        "rounds": peer.rounds,
        "entries": peer.entries,
        "bytesReceived": peer.bytes_received,
        "pulledBy": peer.puller,
        "problem": peer.problem(now),
    })
}
