//! Asking a peer for entries whose bytes were changed here.
//!
//! The peer must prove them as it proves any page. Whether they are put back is decided by this hub's own checkpoint, in
//! `storage::logs::repair`.

use domain::identity::LogId;
use domain::log::{MAX_PAGE_ENTRIES, RawEntry};
use domain::trust::Trust;
use storage::Database;
use storage::logs::heads;

use crate::peer::Peer;
use crate::round::RoundError;

/// Asks for the entries at these places, which are in ascending order, and gives those that the peer proves.
pub async fn fetch(
    db: &Database,
    trust: &Trust,
    remote: &impl Peer,
    log: &LogId,
    places: &[u64],
) -> Result<Vec<(u64, RawEntry)>, RoundError> {
    let mut found = Vec::with_capacity(places.len());
    let mut wanted = places.iter().copied().peekable();
    while let Some(from) = wanted.peek().copied() {
        let entries = page(db, trust, remote, log, from).await?;
        for (place, entry) in (from..).zip(entries) {
            if wanted.next_if_eq(&place).is_some() {
                found.push((place, entry));
            }
        }
    }
    Ok(found)
}

/// A page that begins at a place and is proved by the hub's checkpoint; it has one entry or more.
async fn page(
    db: &Database,
    trust: &Trust,
    remote: &impl Peer,
    log: &LogId,
    from: u64,
) -> Result<Vec<RawEntry>, RoundError> {
    let refused = |why: String| RoundError::False {
        log: log.clone(),
        why,
    };
    let stated = remote.page(log, from, MAX_PAGE_ENTRIES).await?;
    let checkpoint = trust
        .open_held(&stated.checkpoint)
        .map_err(|error| refused(error.to_string()))?;
    if checkpoint.log() != log {
        return Err(refused(format!(
            "its checkpoint is of {}",
            checkpoint.log()
        )));
    }
    let edge = heads::edge_at(db, log, from).await?.unwrap_or_default();
    let entries = stated.page.entries.clone();
    let verified = stated.page.verify(&edge, checkpoint);
    verified.map_err(|error| refused(error.to_string()))?;
    Ok(entries)
}
