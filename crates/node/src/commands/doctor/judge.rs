//! What the answers mean, and what to do: from values alone.

use std::path::Path;

use domain::identity::{HubId, NetworkId};
use domain::standing::without_user_info;
use domain::standing::words::duration;
use storage::Location;
use storage::checkup::{Checkup, Settings};
use storage::peers::Peer;
use sync::peer::PeerError;
use sync::plan::{self, Introduction};
use time::Duration;

use super::Finding;
use crate::output;

/// Below this a disk is soon full.
const LEAST_FREE_BYTES: u64 = 1 << 30;
/// The oldest PostgreSQL that is kept up by its makers and known to work.
const LEAST_POSTGRES: i64 = 130_000;
/// What two clocks may be apart.
const MOST_SKEW: Duration = Duration::seconds(60);
/// SQLite's number for `synchronous=FULL`.
const FULL: i64 = 2;

/// A file that only its owner may read.
pub(super) fn secret(check: &str, file: &Path, read: anyhow::Result<()>) -> Finding {
    match read {
        Ok(()) => Finding::ok(check, format!("only its owner can read {}", file.display())),
        Err(error) => Finding::fault(check, format!("{error:#}")),
    }
}

/// The space that is left for the database.
pub(super) fn disk(location: &Location, folder: &Path, free: anyhow::Result<u64>) -> Finding {
    let free = match free {
        Ok(free) => free,
        Err(error) => return Finding::fault("disk", format!("{error:#}")),
    };
    let elsewhere = match location {
        Location::Sqlite(_) => "",
        Location::Postgres(_) => "; look after the disk of the PostgreSQL server there",
    };
    let says = format!("{} are free at {}", output::bytes(free), folder.display());
    if free < LEAST_FREE_BYTES {
        return Finding::warning(
            "disk",
            format!("only {says}; make room before writing and pulling stop{elsewhere}"),
        );
    }
    Finding::ok("disk", format!("{says}{elsewhere}"))
}

/// A SQLite file that is not there.
pub(super) fn no_file(file: &Path) -> Finding {
    Finding::fault(
        "database",
        format!(
            "{} is not there; name the right one in [database], or make the hub with `simpul init`",
            file.display()
        ),
    )
}

/// How the database writes, and whether its schema is this program's.
pub(super) fn database(found: &Checkup) -> Vec<Finding> {
    let mut findings = match &found.settings {
        Settings::Sqlite {
            journal_mode,
            synchronous,
            faults,
        } => sqlite(journal_mode, *synchronous, faults),
        Settings::Postgres {
            version,
            synchronous_commit,
            fsync,
        } => postgres(*version, synchronous_commit, fsync),
    };
    findings.push(match found.pending.as_slice() {
        [] => Finding::ok("schema", "the database has the schema of this program"),
        pending => Finding::warning(
            "schema",
            format!(
                "{} not yet taken; copy the database, then let `simpul serve` or `simpul status` take them. Peers were not looked at",
                steps(pending)
            ),
        ),
    });
    findings
}

fn steps(pending: &[String]) -> String {
    let verb = if pending.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", pending.join(", "))
}

fn sqlite(journal_mode: &str, synchronous: i64, faults: &[String]) -> Vec<Finding> {
    vec![
        if journal_mode.eq_ignore_ascii_case("wal") {
            Finding::ok(
                "journal",
                "SQLite keeps a write-ahead log, so readers and the writer do not wait for each other",
            )
        } else {
            Finding::fault(
                "journal",
                format!(
                    "SQLite's journal_mode is {journal_mode}, not wal; keep the file on a local disk, not on a network share"
                ),
            )
        },
        if synchronous >= FULL {
            Finding::ok("durability", "SQLite waits for the disk at every commit")
        } else {
            Finding::fault(
                "durability",
                format!(
                    "SQLite's synchronous is {synchronous}, below 2 (FULL), so a power cut can take back what peers have seen; please report this"
                ),
            )
        },
        match faults {
            [] => Finding::ok("file", "SQLite's quick_check found nothing wrong"),
            faults => Finding::fault(
                "file",
                format!(
                    "SQLite's quick_check found: {}; stop the node and restore the newest copy of the database",
                    faults.join("; ")
                ),
            ),
        },
    ]
}

fn postgres(version: i64, synchronous_commit: &str, fsync: &str) -> Vec<Finding> {
    let shown = format!("{}.{}", version / 10_000, version % 10_000);
    vec![
        if version >= LEAST_POSTGRES {
            Finding::ok("server", format!("PostgreSQL is {shown}"))
        } else {
            Finding::fault(
                "server",
                format!("PostgreSQL is {shown}; update it to 13 or newer"),
            )
        },
        if synchronous_commit == "off" || fsync == "off" {
            Finding::fault(
                "durability",
                format!(
                    "PostgreSQL has synchronous_commit = {synchronous_commit} and fsync = {fsync}, so a crash can take back what peers have seen; set both to on"
                ),
            )
        } else {
            Finding::ok(
                "durability",
                "PostgreSQL waits for the disk at every commit",
            )
        },
    ]
}

/// Whether a peer answers, and is the hub that was added.
pub(super) fn peer(
    network: &NetworkId,
    peer: &Peer,
    answer: Result<&Introduction, &PeerError>,
) -> Finding {
    let check = format!("peer {}", peer.hub);
    let url = without_user_info(&peer.url);
    match answer {
        Ok(introduction) => match plan::check_introduction(network, &peer.hub, introduction) {
            Ok(()) => Finding::ok(check, format!("it answers at {url}")),
            Err(mismatch) => Finding::fault(check, format!("at {url}: {mismatch}")),
        },
        Err(error) => {
            let next = if error.is_certificate() {
                "its TLS certificate is not one that this machine trusts: let its operator renew it, or check the address and this machine's clock; if the network has a certificate authority of its own, name its certificate in sync.ca_file"
            } else {
                "check that its node runs, that the address is right, and that no firewall stands between"
            };
            Finding::fault(check, format!("{}; {next}", with_causes(error)))
        }
    }
}

fn with_causes(error: &PeerError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A hub that pulls nobody.
pub(super) fn no_peers() -> Finding {
    Finding::ok(
        "peers",
        "there are none yet; add one with `simpul peer add URL`",
    )
}

/// How far this machine's clock is from those of the peers that told theirs, each as theirs less ours.
pub(super) fn clock(peers: usize, apart: &[(HubId, Duration)]) -> Finding {
    let Some((hub, skew)) = apart.iter().max_by_key(|(_, skew)| skew.abs()) else {
        let says = "no peer told its time, so the clock was compared with nobody";
        return if peers == 0 {
            Finding::ok("clock", says)
        } else {
            Finding::warning("clock", says)
        };
    };
    let millis = u64::try_from(skew.whole_milliseconds().abs()).unwrap_or(u64::MAX);
    if skew.abs() <= MOST_SKEW {
        return Finding::ok(
            "clock",
            format!(
                "within {} of all peers that told theirs",
                duration(millis.max(1000))
            ),
        );
    }
    let side = if skew.is_positive() {
        "behind"
    } else {
        "ahead of"
    };
    Finding::fault(
        "clock",
        format!(
            "it is {} {side} that of {hub}; let both machines take their time from a time server",
            duration(millis)
        ),
    )
}

/// Whether the pages are in this build.
pub(super) fn pages(status: web::Status) -> Finding {
    match status {
        web::Status::Built => Finding::ok("pages", "GraphiQL is built in"),
        web::Status::Missing { reason } => Finding::warning(
            "pages",
            format!("GraphiQL is not built in: {reason}; the API works without it"),
        ),
    }
}

#[cfg(test)]
mod tests;
