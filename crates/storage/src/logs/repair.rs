//! Finding entries that are not as they were when they were stored, and putting the right bytes back.
//!
//! The stored tree tells which header was changed, a header which payload. What is put back is believed for one reason
//! only: with it, the headers lead to the root that this hub's own signed checkpoint states.

use std::ops::Range;

use domain::entry::Header;
use domain::identity::LogId;
use domain::log::{Checkpoint, Hash, RawEntry, TILE_WIDTH, TileId, TreeEdge};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use super::heads::{self, LogRow};
use super::{EntryKey, tiles};
use crate::{Database, StorageError, sql};

/// The most entries that are found and mended at a time.
pub const MOST_BROKEN: usize = 1000;
const STRETCH: u64 = 1000;

/// Which part of an entry was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header; whether the payload is right can only be said once the header is.
    Header,
    /// The payload.
    Payload,
}

/// An entry that is not as it was when it was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its place in the log, counted from 0.
    pub place: u64,
    /// What was changed.
    pub part: Part,
}

/// An entry's row as it is, whatever its bytes have become.
#[derive(FromQueryResult)]
struct EntryRow {
    id: i64,
    header: Vec<u8>,
    payload: Option<Vec<u8>>,
}

async fn rows(
    db: &impl ConnectionTrait,
    log_id: i64,
    places: Range<u64>,
) -> Result<Vec<EntryRow>, StorageError> {
    let text = "SELECT id, header, payload FROM entry WHERE id >= $1 AND id < $2 ORDER BY id";
    let (first, last) = (
        EntryKey::new(log_id, places.start),
        EntryKey::new(log_id, places.end),
    );
    Ok(sql::all(db, text, vec![first.into(), last.into()]).await?)
}

/// The first entries of a log, up to [`MOST_BROKEN`], whose bytes were changed. A log that is not held has none.
pub async fn list_broken(db: &Database, log: &LogId) -> Result<Vec<Broken>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(Vec::new());
    };
    let mut broken = Vec::new();
    let proved = sql::unsigned(row.proved_size);
    for from in (0..proved).step_by(1000) {
        let places = from..proved.min(from + STRETCH);
        let wanted = (places.start / TILE_WIDTH..=places.end / TILE_WIDTH)
            .map(|index| TileId { level: 0, index });
        let leaves = tiles::load(db.reader(), row.id, wanted).await?;
        for entry in rows(db.reader(), row.id, places).await? {
            let place = EntryKey::from(entry.id).place();
            let leaf = leaves.range_root(&(place..place + 1));
            if let Some(part) = broken_part(&entry, leaf)
                && broken.len() < MOST_BROKEN
            {
                broken.push(Broken { place, part });
            }
        }
    }
    Ok(broken)
}

fn broken_part(entry: &EntryRow, leaf: Option<Hash>) -> Option<Part> {
    if leaf.is_some_and(|leaf| leaf != Hash::of_leaf(&entry.header)) {
        return Some(Part::Header);
    }
    let payload = entry.payload.as_ref()?;
    // A header that this version cannot read names no payload that it could compare.
    let header = std::str::from_utf8(&entry.header).ok()?;
    let header = Header::parse(header).ok()?;
    (!commits_to(&header, payload)).then_some(Part::Payload)
}

fn commits_to(header: &Header, payload: &[u8]) -> bool {
    std::str::from_utf8(payload).is_ok_and(|payload| header.commits_to(payload))
}

/// What mending came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// The places of entries that have their right bytes again.
    pub places: Vec<u64>,
    /// The places of entries for which nothing better was given.
    pub left: Vec<u64>,
}

/// Puts the right bytes of entries back, in one transaction: all that lead to the log's own checkpoint, or none. The
/// caller has verified the signature of that checkpoint. A payload that is no longer kept here stays away.
pub async fn mend(
    db: &Database,
    log: &LogId,
    right: Vec<(u64, RawEntry)>,
) -> Result<Mended, StorageError> {
    let mut mended = Mended::default();
    let tx = db.begin().await?;
    let Some(row) = heads::lock_row(&tx, log).await? else {
        return Ok(mended);
    };
    for (place, entry) in right {
        if mend_one(&tx, &row, place, entry).await? {
            mended.places.push(place);
        } else {
            mended.left.push(place);
        }
    }
    if !leads_to_checkpoint(&tx, &row).await? {
        return Err(StorageError::NotMended { log: log.clone() });
    }
    let keys = mended.places.iter().chain(&mended.left);
    let keys: Vec<EntryKey> = keys.map(|place| EntryKey::new(row.id, *place)).collect();
    // What was read from the changed bytes is forgotten, here and in other processes.
    db.commit(tx, row.id, &keys).await?;
    Ok(mended)
}

/// Writes one entry, and says whether it was changed and all of it is right now. When the peer's bytes are our own, it is
/// the stored tree that was changed.
async fn mend_one(
    tx: &DatabaseTransaction,
    row: &LogRow,
    place: u64,
    right: RawEntry,
) -> Result<bool, StorageError> {
    let Some(held) = rows(tx, row.id, place..place + 1).await?.pop() else {
        return Ok(false);
    };
    let header = Header::parse(&right.header).ok();
    let is_named = |payload: &Vec<u8>| {
        header
            .as_ref()
            .is_none_or(|header| commits_to(header, payload))
    };
    let kept = held.payload.clone();
    let (payload, is_whole) = match held.payload {
        None => (None, true),
        Some(payload) if is_named(&payload) => (Some(payload), true),
        Some(wrong) => match right.payload.map(String::into_bytes).filter(is_named) {
            Some(payload) => (Some(payload), true),
            None => (Some(wrong), false),
        },
    };
    let is_ours = held.header == right.header.as_bytes() && payload == kept;
    let text = "UPDATE entry SET header = $1, payload = $2 WHERE id = $3";
    let values = vec![
        right.header.into_bytes().into(),
        payload.into(),
        held.id.into(),
    ];
    sql::execute(tx, text, values).await?;
    Ok(is_whole && !is_ours)
}

/// Recomputes the tree over the headers as they are now in the transaction.
async fn leads_to_checkpoint(tx: &DatabaseTransaction, row: &LogRow) -> Result<bool, StorageError> {
    let Some(Ok(stated)) = row.checkpoint.as_deref().map(Checkpoint::parse) else {
        return Ok(false);
    };
    let mut edge = TreeEdge::default();
    for from in (0..stated.size).step_by(1000) {
        let entries = rows(tx, row.id, from..stated.size.min(from + STRETCH)).await?;
        let leaves = entries.iter().map(|entry| Hash::of_leaf(&entry.header));
        edge = edge.append(leaves).edge;
    }
    Ok(edge.size() == stated.size && edge.root() == stated.root)
}
