//! Finding entries that are not as they were when they were stored, and putting the right bytes back.
//!
//! The stored tree tells which header was changed, a header which payload. What is put back is believed for one reason
//! only: it is in the tree whose root this hub's own signed checkpoint states. Each entry is proved by itself, so a log is
//! mended page by page, whatever else of it was changed.

use std::collections::BTreeSet;
use std::ops::Range;

use domain::entry::Header;
use domain::identity::LogId;
use domain::log::{Checkpoint, Hash, RawEntry, TILE_WIDTH, TileId, Tiles, proof};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use super::heads::{self, LogRow};
use super::{EntryKey, tiles};
use crate::following::Changed;
use crate::{Database, StorageError, sql};

/// The most entries that are found at a time: a page.
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

/// The first entries of a log from a place on, up to [`MOST_BROKEN`], whose bytes were changed. A log that is not held has
/// none. `progress` is told how far it has looked.
pub async fn list_broken(
    db: &Database,
    log: &LogId,
    from: u64,
    mut progress: impl FnMut(u64),
) -> Result<Vec<Broken>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(Vec::new());
    };
    let mut broken = Vec::new();
    let proved = sql::unsigned(row.proved_size);
    for from in (from..proved).step_by(1000) {
        let places = from..proved.min(from + STRETCH);
        let wanted = (places.start / TILE_WIDTH..=places.end / TILE_WIDTH)
            .map(|index| TileId { level: 0, index });
        let leaves = tiles::load(db.reader(), row.id, wanted).await?;
        for entry in rows(db.reader(), row.id, places.clone()).await? {
            let place = EntryKey::from(entry.id).place();
            let leaf = leaves.range_root(&(place..place + 1));
            if let Some(part) = broken_part(&entry, leaf) {
                broken.push(Broken { place, part });
            }
            if broken.len() == MOST_BROKEN {
                return Ok(broken);
            }
        }
        progress(places.end);
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

/// Puts the right bytes of entries back, in one transaction: those that are proved to be in the tree of the log's own
/// checkpoint. The caller has verified the signature of that checkpoint. A payload that is no longer kept here stays away.
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
    let tree = StatedTree::read(&tx, &row, right.iter().map(|(place, _)| *place)).await?;
    for (place, entry) in right {
        if tree.has(place, &entry.header) && mend_one(&tx, &row, place, entry).await? {
            mended.places.push(place);
        } else {
            mended.left.push(place);
        }
    }
    let keys = mended.places.iter().chain(&mended.left);
    let keys: Vec<EntryKey> = keys.map(|place| EntryKey::new(row.id, *place)).collect();
    // What was read from the changed bytes is forgotten, here and in other processes.
    let changed = Changed::keys(&row, &keys);
    db.commit(tx, row.id, &keys, changed).await?;
    Ok(mended)
}

/// The tree whose root a log's own checkpoint states, as far as it proves some of its entries.
struct StatedTree {
    stated: Checkpoint,
    tiles: Tiles,
}

impl StatedTree {
    async fn read(
        tx: &DatabaseTransaction,
        row: &LogRow,
        places: impl Iterator<Item = u64>,
    ) -> Result<Self, StorageError> {
        let text = row.checkpoint.as_deref().unwrap_or_default();
        let stated =
            Checkpoint::parse(text).map_err(|error| StorageError::corrupt("log", row.id, error))?;
        let places = places.filter(|place| *place < stated.size);
        let wanted: BTreeSet<TileId> = places
            .flat_map(|place| proof::tiles(&proof::inclusion(place, stated.size)))
            .collect();
        let tiles = tiles::load(tx, row.id, wanted).await?;
        Ok(Self { stated, tiles })
    }

    /// Whether this header stands at this place of the tree.
    fn has(&self, place: u64, header: &str) -> bool {
        let (size, leaf) = (self.stated.size, Hash::of_leaf(header.as_bytes()));
        if place >= size {
            return false;
        }
        let path = proof::hashes(&proof::inclusion(place, size), &self.tiles);
        path.is_some_and(|path| proof::includes(&leaf, place, size, &self.stated.root, &path))
    }
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
