//! Numbers for machines that watch over many nodes, in the text format of Prometheus.
//!
//! They say what `simpul status` says, from the same facts, and nothing that is only for the operator: labels are hub ids,
//! epochs and states, never addresses. Everything is read anew for each scrape, so there is nothing to keep up to date.
//! Several addresses of one hub count together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::clock::Clock as _;
use domain::healing::Mode;
use domain::log::LogState;
use domain::standing::{LogStanding, PeerStanding, Standing};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use storage::standing;

use super::load::{Load, Tally};
use crate::hub::Hub;
use crate::system::SystemClock;

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<u64, AtomicU64>>;
type Counters = Family<Labels, Counter>;

const STATES: [(LogState, &str); 7] = [
    (LogState::Forked, "FORKED"),
    (LogState::Parked, "PARKED"),
    (LogState::Unproved, "UNPROVED"),
    (LogState::CatchingUp, "CATCHING_UP"),
    (LogState::Incomplete, "INCOMPLETE"),
    (LogState::Empty, "EMPTY"),
    (LogState::Proved, "PROVED"),
];

#[derive(Clone)]
struct Source {
    hub: Hub,
    /// When the node began to answer, in Unix seconds.
    started: u64,
    load: Arc<Load>,
}

/// The route of the numbers.
pub fn routes(hub: &Hub, load: &Arc<Load>) -> Router {
    let source = Source {
        hub: hub.clone(),
        started: seconds(SystemClock.now().unix_timestamp()),
        load: Arc::clone(load),
    };
    Router::new().route("/metrics", get(scrape).with_state(source))
}

async fn scrape(State(source): State<Source>) -> Response {
    let db = &source.hub.db;
    let standing = match standing::read(db, SystemClock.now()).await {
        Ok(standing) => standing,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "metrics cannot be read"
            );
            return (StatusCode::SERVICE_UNAVAILABLE, "the database failed\n").into_response();
        }
    };
    let mut registry = Registry::default();
    of_process(&mut registry, &source, &standing);
    of_logs(&mut registry, &standing);
    of_peers(&mut registry, &standing.peers);
    of_leases(&mut registry, &source, &standing.peers);
    of_load(&mut registry, source.load.tally());
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("a string takes all that is written");
    (
        [(header::CONTENT_TYPE, prometheus_text::CONTENT_TYPE)],
        text,
    )
        .into_response()
}

fn gauges(registry: &mut Registry, name: &str, help: &str) -> Gauges {
    let family = Gauges::default();
    registry.register(name, help, family.clone());
    family
}

fn counters(registry: &mut Registry, name: &str, help: &str) -> Counters {
    let family = Counters::default();
    registry.register(name, help, family.clone());
    family
}

fn seconds(stamp: i64) -> u64 {
    u64::try_from(stamp).unwrap_or(0)
}

fn of_process(registry: &mut Registry, source: &Source, standing: &Standing) {
    let mut one = |name, help, labels: Labels, value| {
        gauges(registry, name, help)
            .get_or_create(&labels)
            .set(value);
    };
    let db = &source.hub.db;
    let build = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("hub", db.hub().to_string()),
        ("network", db.network().to_string()),
        ("database", db.backend().to_owned()),
    ];
    one(
        "simpul_build_info",
        "The program, and whose node it is",
        build,
        1,
    );
    one(
        "simpul_start_timestamp_seconds",
        "When the node began to answer",
        vec![],
        source.started,
    );
    one(
        "simpul_store_position",
        "The position of the newest commit",
        vec![],
        *db.watch().borrow(),
    );
    one(
        "simpul_in_sync",
        "Whether every log is proved up to the newest head seen",
        vec![],
        standing.is_in_sync().into(),
    );
    one(
        "simpul_waiting_entries",
        "Own entries of another history that wait to be issued again",
        vec![],
        standing.waiting,
    );
    let modes = gauges(
        registry,
        "simpul_mode",
        "1 for the mode that the node is in",
    );
    for mode in [Mode::Boot, Mode::Healing, Mode::Ok, Mode::ReadOnly] {
        let labels = vec![("mode", mode.code().to_owned())];
        modes
            .get_or_create(&labels)
            .set((standing.mode == mode).into());
    }
}

fn of_logs(registry: &mut Registry, standing: &Standing) {
    let labels = |log: &LogStanding| {
        vec![
            ("hub", log.log.hub.to_string()),
            ("epoch", log.log.epoch.to_string()),
        ]
    };
    let mut each = |name, help, value: &dyn Fn(&LogStanding) -> Option<u64>| {
        let family = gauges(registry, name, help);
        for log in &standing.logs {
            if let Some(value) = value(log) {
                family.get_or_create(&labels(log)).set(value);
            }
        }
    };
    each("simpul_log_size", "Entries held", &|log| Some(log.size));
    each(
        "simpul_log_newest_seen",
        "The largest size that a trusted checkpoint stated",
        &|log| Some(log.newest_seen),
    );
    each(
        "simpul_log_missing_payloads",
        "Payloads that are missing",
        &|log| Some(log.missing),
    );
    each(
        "simpul_log_unprojected",
        "Entries that this version cannot read",
        &|log| Some(log.unprojected),
    );
    each(
        "simpul_log_behind_seconds",
        "For how long less has been held than was seen",
        &|log| Some(log.behind_for(standing.at) / 1000),
    );
    each(
        "simpul_log_proved_timestamp_seconds",
        "When the newest head held was proved",
        &|log| log.proved_at.map(|at| seconds(at / 1000)),
    );
    let family = gauges(
        registry,
        "simpul_log_state",
        "1 for the state that the log is in",
    );
    for log in &standing.logs {
        for (state, name) in STATES {
            let mut labels = labels(log);
            labels.push(("state", name.to_owned()));
            family
                .get_or_create(&labels)
                .set((log.state == state).into());
        }
    }
}

fn of_peers(registry: &mut Registry, peers: &[PeerStanding]) {
    let labels = |peer: &PeerStanding| vec![("hub", peer.hub.to_string())];
    let mut count = |name, help, value: fn(&PeerStanding) -> u64| {
        let family = counters(registry, name, help);
        for peer in peers {
            family.get_or_create(&labels(peer)).inc_by(value(peer));
        }
    };
    count("simpul_peer_rounds", "Rounds with the peer", |peer| {
        peer.rounds
    });
    count(
        "simpul_peer_strikes",
        "Times it gave what does not verify",
        |peer| peer.strikes,
    );
    count("simpul_peer_entries", "Entries stored from it", |peer| {
        peer.entries
    });
    count(
        "simpul_peer_received_bytes",
        "Bytes received from it",
        |peer| peer.bytes_received,
    );
    let failures = gauges(
        registry,
        "simpul_peer_failures",
        "Rounds that failed since the last good one",
    );
    let success = gauges(
        registry,
        "simpul_peer_last_success_timestamp_seconds",
        "When a round last went through",
    );
    for peer in peers {
        failures.get_or_create(&labels(peer)).inc_by(peer.failures);
        if let Some(at) = peer.last_success_at {
            let gauge = success.get_or_create_owned(&labels(peer));
            gauge.set(gauge.get().max(seconds(at / 1000)));
        }
    }
}

fn of_leases(registry: &mut Registry, source: &Source, peers: &[PeerStanding]) {
    let here = gauges(
        registry,
        "simpul_peer_pulled_here",
        "At how many addresses this process pulls the peer; others on the same database may pull it at the rest",
    );
    for peer in peers {
        let is_here = peer.puller == Some(source.hub.process);
        here.get_or_create(&vec![("hub", peer.hub.to_string())])
            .inc_by(is_here.into());
    }
}

fn of_load(registry: &mut Registry, tally: &Tally) {
    let refused = counters(
        registry,
        "simpul_refused",
        "What was refused since the node began to answer, since it was too much",
    );
    for (what, count) in [
        ("connection", &tally.connections),
        ("rate", &tally.by_rate),
        ("load", &tally.by_load),
        ("stream", &tally.streams),
    ] {
        refused
            .get_or_create(&vec![("what", what.to_owned())])
            .inc_by(count.load(Ordering::Relaxed));
    }
}
