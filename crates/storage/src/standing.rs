//! The facts of all logs and peers at a moment, for whoever tells them.

use domain::healing::Mode;
use domain::standing::{LogStanding, PeerStanding, Standing, without_user_info};
use time::OffsetDateTime;

use crate::leases::{self, Name};
use crate::logs::heads::{self, Head};
use crate::logs::{aside, millis};
use crate::peers::{self, Peer};
use crate::{Database, StorageError, halt};

/// Reads how this hub stands with all logs and peers, in as many statements however many there are.
pub async fn read(db: &Database, now: OffsetDateTime) -> Result<Standing, StorageError> {
    let heads = heads::list(db).await?;
    let peers = peers::list(db).await?;
    let halted = halt::read(db).await?;
    let leases = leases::list(db).await?;
    Ok(Standing {
        at: millis(now),
        mode: Mode::of(db.is_booting(), halted.map(|halted| halted.why)),
        halted: halted.map(|halted| (halted.why, halted.at)),
        waiting: aside::count_waiting(db).await?,
        logs: heads.into_iter().map(|head| log(db, head)).collect(),
        peers: peers.into_iter().map(|of| peer(of, &leases)).collect(),
    })
}

fn log(db: &Database, head: Head) -> LogStanding {
    LogStanding {
        is_ours: head.log.hub == *db.hub(),
        log: head.log,
        state: head.state,
        size: head.size,
        bytes: head.bytes,
        proved_size: head.proved_size,
        newest_seen: head.newest_seen.max(head.size),
        missing: head.missing,
        unprojected: head.unprojected,
        proved_at: head.proved_at,
        behind_since: head.behind_since,
        forked_at: head.forked_at,
        parked: head.parked,
    }
}

fn peer(peer: Peer, leases: &[leases::Standing]) -> PeerStanding {
    let mut pulls = leases.iter().filter(|s| s.name == Name::Pull(peer.id));
    let record = peer.record;
    PeerStanding {
        hub: peer.hub,
        url: without_user_info(&peer.url),
        last_round_at: record.last_round_at,
        last_success_at: record.last_success_at,
        failures: record.failures,
        strikes: record.strikes,
        parked: record.parked,
        last_error: record.last_error,
        rounds: record.rounds,
        entries: record.entries,
        bytes_received: record.bytes_received,
        puller: pulls.next().and_then(|lease| lease.holder),
    }
}
