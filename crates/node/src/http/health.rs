//! For machines that watch over the node: does it live, and is it ready?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::log::LogState;
use serde::Serialize;
use storage::StorageError;
use storage::logs::heads;
use storage::peers;

use crate::hub::Hub;

/// Says that the program runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// What readiness is made of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    ready: bool,
    database: Check,
    log: Check,
    logs: Vec<LogReadiness>,
    peers: Vec<PeerReadiness>,
}

/// One thing that must work.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
enum Check {
    Ok,
    Failed { reason: String },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogReadiness {
    hub: String,
    size: u64,
    state: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PeerReadiness {
    hub: String,
    failures: u64,
    last_success_at: Option<i64>,
}

/// Says whether the database answers and the hub's own log can be written. Peers that are away are told and change nothing:
/// a hub works alone. What exactly went wrong with them is for the operator (`simpul status`): it may tell of addresses.
pub async fn ready(State(hub): State<Hub>) -> (StatusCode, Json<Readiness>) {
    let readiness = match look(&hub).await {
        Ok(readiness) => readiness,
        Err(error) => Readiness {
            ready: false,
            database: Check::Failed {
                reason: error.to_string(),
            },
            log: Check::Failed {
                reason: "unknown while the database fails".to_owned(),
            },
            logs: Vec::new(),
            peers: Vec::new(),
        },
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}

async fn look(hub: &Hub) -> Result<Readiness, StorageError> {
    hub.db.ping().await?;
    let heads = heads::list(&hub.db).await?;
    let own = heads.iter().rfind(|head| head.log.hub == *hub.db.hub());
    let log = match own.map(|head| head.state) {
        Some(LogState::Proved | LogState::Empty) => Check::Ok,
        Some(state) => Check::Failed {
            reason: format!("the hub's own log is {state:?}"),
        },
        None => Check::Failed {
            reason: "the hub has no log yet".to_owned(),
        },
    };
    let log_readiness = |head: &heads::Head| LogReadiness {
        hub: head.log.hub.to_string(),
        size: head.size,
        state: format!("{:?}", head.state),
    };
    let peer_readiness = |peer: peers::Peer| PeerReadiness {
        hub: peer.hub.to_string(),
        failures: peer.record.failures,
        last_success_at: peer.record.last_success_at,
    };
    Ok(Readiness {
        ready: matches!(log, Check::Ok),
        database: Check::Ok,
        log,
        logs: heads.iter().map(log_readiness).collect(),
        peers: peers::list(&hub.db)
            .await?
            .into_iter()
            .map(peer_readiness)
            .collect(),
    })
}
