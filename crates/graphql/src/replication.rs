//! How the hub that answers stands with the logs and peers that it knows: who is behind, why and since when.
//!
//! Everybody may read what is said of logs, and which hubs are pulled with what success. Where peers answer and what
//! their rounds failed with is for the operator.

use async_graphql::{Enum, SimpleObject};
use domain::role::Action;
use domain::standing::{LogStanding, PeerStanding, Standing};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::context::Viewer;
use crate::scalars::{DateTime, HubId, Long};

/// The most logs and the most peers in one answer.
const MOST_ITEMS: usize = 1000;

/// How far the hub that answers has come with a log. The first that holds names the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::log::LogState")]
pub(crate) enum LogState {
    /// Two checkpoints of the log that cannot both be true were seen; nothing is added any more.
    Forked,
    /// The log is over its quota.
    Parked,
    /// A larger head was seen, and the last pull towards it failed.
    Unproved,
    /// A larger head was seen, and pulling goes on.
    CatchingUp,
    /// All headers up to the newest head seen are proved, and payloads are missing.
    Incomplete,
    /// Nothing is held and nothing larger was seen.
    Empty,
    /// Everything up to the newest head seen is held and proved.
    Proved,
}

/// What a hub does at present. It answers in every mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::healing::Mode")]
pub(crate) enum Mode {
    /// It has just started and asks its peers whether they hold more of its log; it writes nothing yet.
    Boot,
    /// Its own log is not whole; it fetches it back from peers, and writes nothing meanwhile.
    Healing,
    /// It answers and writes.
    Ok,
    /// It writes nothing until its operator decides.
    ReadOnly,
}

/// Which process of the node pulls a hub. Several processes may share one database, and each pulls its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum PulledBy {
    /// The process that answers.
    ThisProcess,
    /// Another process on the same database.
    AnotherProcess,
    /// None, or none that still runs.
    Nobody,
}

/// Whether the hub that answers holds what the others hold, and if not, why and since when.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct ReplicationStatus {
    /// The moment of which all this holds.
    as_of: DateTime,
    /// Whether every log is proved up to the newest head that was seen of it. What a peer that is away published since
    /// is not known.
    in_sync: bool,
    /// What the hub that answers does at present.
    mode: Mode,
    /// Why it writes nothing; null when it does.
    halt_reason: Option<String>,
    /// When anything about that last changed; null when it writes.
    halted_at: Option<DateTime>,
    /// How many of its own entries, of another history of its log, wait to be issued again.
    waiting_entries: Long,
    /// The answer in a sentence for people.
    summary: String,
    /// The logs, in the order of hub and epoch, at most 1000.
    logs: Vec<LogReplication>,
    /// The hubs that are pulled, in the order in which they were added, at most 1000.
    peers: Vec<PeerReplication>,
}

/// How the hub that answers stands with one log.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LogReplication {
    /// The hub whose log it is.
    hub: HubId,
    /// Which of the hub's logs it is.
    epoch: Long,
    /// How far the hub that answers has come with it.
    state: LogState,
    /// How many entries are held.
    size: Long,
    /// The size up to which the log is proved to others.
    proved_size: Long,
    /// The largest size that a trusted checkpoint was seen to state.
    newest_seen: Long,
    /// How many entries were seen and are not held.
    lag_entries: Long,
    /// For how many seconds entries have been seen that are not held; 0 when none are.
    lag_seconds: Long,
    /// Since when entries have been seen that are not held; null when none are.
    behind_since: Option<DateTime>,
    /// How many payloads are missing that the hub may have.
    missing_payloads: Long,
    /// How many entries show nothing because the program that answers cannot read them.
    unprojected: Long,
    /// When the newest head held was proved.
    proved_at: Option<DateTime>,
    /// When two histories of the log were found; null when there is one.
    forked_at: Option<DateTime>,
    /// Why the log is set aside; null when it is not.
    parked_reason: Option<String>,
    /// What is wrong with the log, since when, and what to do next, in a sentence for people; null when all is well.
    problem: Option<String>,
}

/// How the hub that answers stands with a hub that it pulls.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PeerReplication {
    /// The hub that is pulled.
    hub: HubId,
    /// When the last round with it began; null before the first.
    last_round_at: Option<DateTime>,
    /// When a round with it last went through; null when none did.
    last_success_at: Option<DateTime>,
    /// How many seconds ago a round with it last went through; null when none did.
    lag_seconds: Option<Long>,
    /// Rounds that failed since then.
    failures: Long,
    /// Times it gave something that does not verify.
    strikes: Long,
    /// Rounds so far.
    rounds: Long,
    /// Entries stored from it.
    entries: Long,
    /// Bytes received from it, as they crossed the wire.
    bytes_received: Long,
    /// Which process pulls it.
    pulled_by: PulledBy,
    /// Where it answers, without name and password. Null for all but the operator.
    url: Option<String>,
    /// What the last round failed with, or why it is not pulled. Null for all but the operator, and when all is well.
    last_error: Option<String>,
}

/// Shows how the hub stands, as much of it as the viewer may see.
pub(crate) fn show(standing: &Standing, viewer: &Viewer, process: Uuid) -> ReplicationStatus {
    let now = standing.at;
    let logs = standing.logs.iter().take(MOST_ITEMS);
    let peers = standing.peers.iter().take(MOST_ITEMS);
    ReplicationStatus {
        as_of: moment(now),
        in_sync: standing.is_in_sync(),
        mode: standing.mode.into(),
        halt_reason: standing.halted.map(|(halt, _)| halt.to_string()),
        halted_at: standing.halted.map(|(_, at)| moment(at)),
        waiting_entries: Long(standing.waiting),
        summary: standing.summary(),
        logs: logs.map(|log| show_log(log, now)).collect(),
        peers: peers
            .map(|peer| show_peer(peer, now, viewer, process))
            .collect(),
    }
}

fn show_log(log: &LogStanding, now: i64) -> LogReplication {
    LogReplication {
        hub: HubId(log.log.hub.clone()),
        epoch: Long(log.log.epoch.get()),
        state: log.state.into(),
        size: Long(log.size),
        proved_size: Long(log.proved_size),
        newest_seen: Long(log.newest_seen),
        lag_entries: Long(log.lag()),
        lag_seconds: Long(log.behind_for(now) / 1000),
        behind_since: log.behind_since.map(moment),
        missing_payloads: Long(log.missing),
        unprojected: Long(log.unprojected),
        proved_at: log.proved_at.map(moment),
        forked_at: log.forked_at.map(moment),
        parked_reason: log.parked.clone(),
        problem: log.problem(now),
    }
}

fn show_peer(peer: &PeerStanding, now: i64, viewer: &Viewer, process: Uuid) -> PeerReplication {
    let may_read = viewer.may(Action::ReadReplication);
    PeerReplication {
        hub: HubId(peer.hub.clone()),
        last_round_at: peer.last_round_at.map(moment),
        last_success_at: peer.last_success_at.map(moment),
        lag_seconds: peer.silent_for(now).map(|silent| Long(silent / 1000)),
        failures: Long(peer.failures),
        strikes: Long(peer.strikes),
        rounds: Long(peer.rounds),
        entries: Long(peer.entries),
        bytes_received: Long(peer.bytes_received),
        pulled_by: match peer.puller {
            Some(puller) if puller == process => PulledBy::ThisProcess,
            Some(_) => PulledBy::AnotherProcess,
            None => PulledBy::Nobody,
        },
        url: may_read.then(|| peer.url.clone()),
        last_error: peer.trouble().filter(|_| may_read).map(str::to_owned),
    }
}

pub(crate) fn moment(millis: i64) -> DateTime {
    let nanos = i128::from(millis) * 1_000_000;
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos);
    DateTime(at.unwrap_or(OffsetDateTime::UNIX_EPOCH))
}
