//! Giving entries and payloads to peers.

use std::collections::HashSet;
use std::ops::Range;

use domain::entry::Sight;
use domain::identity::{LogId, RecordId};
use domain::log::{Hash, RawEntry, proof};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::heads::{self, LogRow};
use super::{EntryKey, left_out, tiles};
use crate::{Database, StorageError, sql};

/// How many entries are read in one statement; between two, the bytes so far are counted.
const STRETCH: u64 = 250;

/// Some entries of a log with the proof that they belong to it.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<RawEntry>,
    /// The consistency proof from the page's end to the checkpoint's size.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// How long a page may be.
#[derive(Clone, Copy, Debug)]
pub struct PageBounds {
    /// At most so many entries.
    pub entries: u64,
    /// No further entry once so many bytes are together.
    pub bytes: usize,
}

/// Reads a page from a place on, up to the log's proved size, with the payloads that whoever asks may see. Nothing comes back for a log that is not held.
pub async fn page(
    db: &Database,
    log: &LogId,
    from: u64,
    bounds: PageBounds,
    sight: Sight,
) -> Result<Option<LogPage>, StorageError> {
    let Some((row, checkpoint)) = proved_row(db, log).await? else {
        return Ok(None);
    };
    let proved = sql::unsigned(row.proved_size);
    let until = proved.min(from.saturating_add(bounds.entries));
    let places = from.min(until)..until;
    let source = Source::Log { id: row.id, sight };
    let entries = gather(db, source, places, bounds.bytes).await?;
    let end = from.min(until) + entries.len() as u64;
    let ranges = proof::consistency(end, proved);
    let tiles = tiles::load(db.reader(), row.id, proof::tiles(&ranges)).await?;
    let proof = proof::hashes(&ranges, &tiles)
        .ok_or_else(|| StorageError::corrupt("tile", log, "a tile is missing or short"))?;
    Ok(Some(LogPage {
        entries,
        proof,
        checkpoint,
    }))
}

async fn proved_row(db: &Database, log: &LogId) -> Result<Option<(LogRow, String)>, StorageError> {
    let row = heads::find_row(db.reader(), log).await?;
    Ok(row.and_then(|row| row.checkpoint.clone().map(|checkpoint| (row, checkpoint))))
}

/// Where entries of a page are read.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// From a log, with the payloads that may be seen.
    Log { id: i64, sight: Sight },
    /// From a stretch that its log's hub left out.
    LeftOut(i64),
}

/// Reads entries a stretch at a time, and no further one once so many bytes are together.
pub(super) async fn gather(
    db: &Database,
    source: Source,
    places: Range<u64>,
    most_bytes: usize,
) -> Result<Vec<RawEntry>, StorageError> {
    let mut entries = Vec::new();
    let mut bytes = 0;
    let mut from = places.start;
    while from < places.end && bytes < most_bytes {
        let until = places.end.min(from + STRETCH);
        let some = match source {
            Source::Log { id, sight } => seen(db.reader(), id, from..until, sight).await?,
            Source::LeftOut(id) => left_out::stretch(db, id, from..until).await?,
        };
        for entry in some {
            if bytes >= most_bytes {
                break;
            }
            bytes += entry.bytes();
            entries.push(entry);
        }
        from = until;
    }
    db.traffic().note(entries.len());
    Ok(entries)
}

/// Reads entries of a log as they are stored, in order.
pub(super) async fn stretch(
    db: &Database,
    log_id: i64,
    places: Range<u64>,
) -> Result<Vec<RawEntry>, StorageError> {
    stretch_in(db.reader(), log_id, places).await
}

/// The same over any connection.
pub(super) async fn stretch_in(
    db: &impl ConnectionTrait,
    log_id: i64,
    places: Range<u64>,
) -> Result<Vec<RawEntry>, StorageError> {
    seen(db, log_id, places, Sight::All).await
}

/// Reads entries of a log in order, with the payloads that may be seen.
async fn seen(
    db: &impl ConnectionTrait,
    log_id: i64,
    places: Range<u64>,
    sight: Sight,
) -> Result<Vec<RawEntry>, StorageError> {
    let text = "SELECT header, CASE WHEN audience <= $1 THEN payload END FROM entry
        WHERE id >= $2 AND id < $3 ORDER BY id";
    let (first, last) = (
        EntryKey::new(log_id, places.start),
        EntryKey::new(log_id, places.end),
    );
    let values = vec![i32::from(sight.rank()).into(), first.into(), last.into()];
    let rows = sql::rows(db, text, values).await?;
    rows.iter().map(|row| raw_at(row, 0, first)).collect()
}

/// Reads an entry of which header and payload stand at this column and the next.
pub(super) fn raw_at(
    row: &QueryResult,
    column: usize,
    near: EntryKey,
) -> Result<RawEntry, StorageError> {
    let payload: Option<Vec<u8>> = row.try_get_by_index(column + 1)?;
    Ok(RawEntry {
        header: utf8(row.try_get_by_index(column)?, near)?,
        payload: payload.map(|bytes| utf8(bytes, near)).transpose()?,
    })
}

fn utf8(bytes: Vec<u8>, near: EntryKey) -> Result<String, StorageError> {
    String::from_utf8(bytes)
        .map_err(|error| StorageError::corrupt("entry", format!("near {}", near.get()), error))
}

/// Reads the header of one entry, if the log holds it.
pub async fn header(
    db: &Database,
    log: &LogId,
    place: u64,
) -> Result<Option<String>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(None);
    };
    let mut found = stretch(db, row.id, place..place.saturating_add(1)).await?;
    Ok(found.pop().map(|entry| entry.header))
}

/// Which of some records this hub's own logs tell of, be it that they were taken back.
pub async fn known_of_own(
    db: &Database,
    records: &[RecordId],
) -> Result<HashSet<RecordId>, StorageError> {
    if records.is_empty() {
        return Ok(HashSet::new());
    }
    let mut own = HashSet::new();
    for log in heads::of_hub(db, db.hub()).await? {
        let row = heads::find_row(db.reader(), &log).await?;
        own.extend(row.map(|row| row.id));
    }
    let mut known = HashSet::new();
    for some in records.chunks(256) {
        let ids = some.iter().map(|record| record.as_uuid().into());
        let (text, values) = sql::entries_of("record", ids.collect());
        for row in sql::rows(db.reader(), &text, values).await? {
            let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
            if own.contains(&key.log_id()) {
                known.insert(row.try_get_by_index::<Uuid>(1)?.into());
            }
        }
    }
    Ok(known)
}

/// Reads the payloads at these places of a log, up to its proved size; what is not held, or may not be seen, is left out.
pub async fn payloads(
    db: &Database,
    log: &LogId,
    places: &[u64],
    sight: Sight,
) -> Result<Vec<(u64, String)>, StorageError> {
    let Some((row, _)) = proved_row(db, log).await? else {
        return Ok(Vec::new());
    };
    let keys: Vec<_> = places
        .iter()
        .filter(|place| **place < sql::unsigned(row.proved_size))
        .map(|place| EntryKey::new(row.id, *place).into())
        .collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (marks, mut values) = sql::list(2, keys);
    values.insert(0, i32::from(sight.rank()).into());
    let text = format!(
        "SELECT id, payload FROM entry WHERE payload IS NOT NULL AND audience <= $1 AND id IN ({marks}) ORDER BY id"
    );
    let mut payloads = Vec::new();
    for found in sql::rows(db.reader(), &text, values).await? {
        let key = EntryKey::from(found.try_get_by_index::<i64>(0)?);
        payloads.push((key.place(), utf8(found.try_get_by_index(1)?, key)?));
    }
    Ok(payloads)
}
