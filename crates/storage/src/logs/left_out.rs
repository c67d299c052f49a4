//! Stretches of other hubs' logs that their next logs leave out, kept for the hubs that wrote them.
//!
//! A hub that was put back begins its next log with what it and its peers hold. Whoever holds more cuts its copy then, and
//! keeps here what it cut, with payloads, tree and the hub's own checkpoint: the hub may fetch it like any other history of
//! its log, and nobody else sees it. Only what is proved is kept.

use std::ops::Range;

use domain::identity::{HubId, LogId};
use domain::log::{TILE_WIDTH, Tiles, proof};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};
use time::OffsetDateTime;

use super::heads::LogRow;
use super::read::{self, LogPage, PageBounds, Source};
use super::{EntryKey, millis, tiles};
use crate::{Database, StorageError, sql};

/// How many stretches of one hub's logs are kept, and how many entries in all; the oldest give way.
const MOST_STRETCHES: usize = 8;
const MOST_ENTRIES: u64 = 100_000;
/// A tree of 2^64 entries has so many levels of tiles.
const LEVELS: i32 = 8;

/// A stretch of a log that its hub's next log leaves out.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct LeftOut {
    /// Its number in this database.
    pub id: i64,
    /// The place of its first entry.
    pub start: i64,
    /// The place behind its last entry.
    pub size: i64,
    /// The hub's signed checkpoint at that size.
    pub checkpoint: String,
}

const OF_HUB: &str = "FROM left_out JOIN log ON log.id = left_out.log_id";

/// Lists what is kept of a hub's logs, the newest first.
pub async fn list(db: &Database, hub: &HubId) -> Result<Vec<LeftOut>, StorageError> {
    let text = format!(
        "SELECT left_out.id, start, left_out.size, left_out.checkpoint {OF_HUB}
         JOIN hub ON hub.id = log.hub_id WHERE slug = $1 ORDER BY left_out.id DESC"
    );
    Ok(sql::all(db.reader(), &text, vec![hub.as_str().into()]).await?)
}

/// Keeps what is proved of a log from a size on, before it is cut there. What was kept before reaches down to there too.
pub(super) async fn keep(
    tx: &DatabaseTransaction,
    log: &LogRow,
    size: u64,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let text = "SELECT id, start, size, checkpoint FROM left_out WHERE log_id = $1 AND start > $2";
    let values = vec![log.id.into(), sql::signed(size).into()];
    for kept in sql::all::<LeftOut>(tx, text, values).await? {
        copy(tx, log.id, kept.id, size, sql::unsigned(kept.start)).await?;
        let text = "UPDATE left_out SET start = $1 WHERE id = $2";
        let values = vec![sql::signed(size).into(), kept.id.into()];
        sql::execute(tx, text, values).await?;
    }
    let proved = sql::unsigned(log.proved_size);
    if let Some(checkpoint) = log.checkpoint.as_ref().filter(|_| proved > size) {
        let text = "INSERT INTO left_out (log_id, start, size, checkpoint, at) VALUES ($1, $2, $3, $4, $5) RETURNING id";
        let values = vec![
            log.id.into(),
            sql::signed(size).into(),
            log.proved_size.into(),
            checkpoint.as_str().into(),
            millis(now).into(),
        ];
        let id = sql::number(tx, text, values).await?;
        copy(tx, log.id, id, size, proved).await?;
    }
    bound(tx, log.hub_id).await
}

/// Copies entries of a log, and the tiles of its tree from there on that are not kept yet.
async fn copy(
    tx: &DatabaseTransaction,
    log_id: i64,
    id: i64,
    from: u64,
    until: u64,
) -> Result<(), StorageError> {
    let first = EntryKey::new(log_id, 0);
    let text = "INSERT INTO left_out_entry (left_out, place, record, audience, header, payload)
        SELECT CAST($1 AS BIGINT), id - $2, record, audience, header, payload FROM entry WHERE id >= $3 AND id < $4";
    let places = [from, until].map(|place| Value::from(EntryKey::new(log_id, place)));
    let [from_key, until_key] = places;
    let values = vec![id.into(), first.into(), from_key, until_key];
    sql::execute(tx, text, values).await?;
    let mut place = from;
    for level in 0..LEVELS {
        place /= TILE_WIDTH;
        let text = "INSERT INTO left_out_tile (left_out, level, place, hashes)
            SELECT CAST($1 AS BIGINT), level, place, hashes FROM tile WHERE log_id = $2 AND level = $3 AND place >= $4
            ON CONFLICT DO NOTHING";
        let place = sql::signed(place).into();
        sql::execute(
            tx,
            text,
            vec![id.into(), log_id.into(), level.into(), place],
        )
        .await?;
    }
    Ok(())
}

/// Keeps no more of a hub than is allowed.
async fn bound(tx: &DatabaseTransaction, hub: i64) -> Result<(), StorageError> {
    let text = format!(
        "SELECT left_out.id, start, left_out.size, left_out.checkpoint {OF_HUB} WHERE hub_id = $1 ORDER BY left_out.id DESC"
    );
    let kept: Vec<LeftOut> = sql::all(tx, &text, vec![hub.into()]).await?;
    let mut entries = 0;
    for (number, stretch) in kept.into_iter().enumerate() {
        entries += sql::unsigned(stretch.size - stretch.start);
        if number < MOST_STRETCHES && entries <= MOST_ENTRIES {
            continue;
        }
        tracing::warn!(
            entries = stretch.size - stretch.start,
            "entries that a hub's next log leaves out are more than are kept for it; the oldest go"
        );
        for table in ["left_out_entry", "left_out_tile"] {
            let text = format!("DELETE FROM {table} WHERE left_out = $1");
            sql::execute(tx, &text, vec![stretch.id.into()]).await?;
        }
        let text = "DELETE FROM left_out WHERE id = $1";
        sql::execute(tx, text, vec![stretch.id.into()]).await?;
    }
    Ok(())
}

/// Reads a page of a stretch from a place on, with the proof that leads to its checkpoint, for the hub that wrote it. Nothing
/// comes back for a stretch of another hub, or for a place outside.
pub async fn page(
    db: &Database,
    hub: &HubId,
    id: i64,
    from: u64,
    bounds: PageBounds,
) -> Result<Option<LogPage>, StorageError> {
    let text = format!(
        "SELECT log_id, start, left_out.size, left_out.checkpoint {OF_HUB}
         JOIN hub ON hub.id = log.hub_id WHERE left_out.id = $1 AND slug = $2"
    );
    let found = sql::rows(db.reader(), &text, vec![id.into(), hub.as_str().into()]).await?;
    let Some(row) = found.into_iter().next() else {
        return Ok(None);
    };
    let log_id: i64 = row.try_get_by_index(0)?;
    let start = sql::unsigned(row.try_get_by_index(1)?);
    let size = sql::unsigned(row.try_get_by_index(2)?);
    if !(start..=size).contains(&from) {
        return Ok(None);
    }
    let places = from..size.min(from.saturating_add(bounds.entries));
    let entries = read::gather(db, Source::LeftOut(id), places, bounds.bytes).await?;
    let ranges = proof::consistency(from + entries.len() as u64, size);
    let proof = proof::hashes(&ranges, &tiles_of(db, id, log_id, &ranges).await?)
        .ok_or_else(|| StorageError::corrupt("left_out_tile", id, "a tile is missing or short"))?;
    Ok(Some(LogPage {
        entries,
        proof,
        checkpoint: row.try_get_by_index(3)?,
    }))
}

/// Reads entries of a stretch, in order.
pub(super) async fn stretch(
    db: &Database,
    id: i64,
    places: Range<u64>,
) -> Result<Vec<domain::log::RawEntry>, StorageError> {
    let text = "SELECT header, payload FROM left_out_entry WHERE left_out = $1 AND place >= $2 AND place < $3 ORDER BY place";
    let values = vec![
        id.into(),
        sql::signed(places.start).into(),
        sql::signed(places.end).into(),
    ];
    let rows = sql::rows(db.reader(), text, values).await?;
    let near = EntryKey::new(0, places.start);
    rows.iter().map(|row| read::raw_at(row, 0, near)).collect()
}

/// The tiles of the stretch's tree: the log's own up to where it was cut, and beyond it those that were kept.
async fn tiles_of(
    db: &Database,
    id: i64,
    log_id: i64,
    ranges: &[Range<u64>],
) -> Result<Tiles, StorageError> {
    let mut found = tiles::load(db.reader(), log_id, proof::tiles(ranges)).await?;
    tiles::load_kept(db.reader(), id, proof::tiles(ranges), &mut found).await?;
    Ok(found)
}

/// Drops the payloads of a hub's records that were deleted, or are not for this hub any more.
pub(super) async fn forget(
    tx: &DatabaseTransaction,
    hub: i64,
    records: Vec<Value>,
) -> Result<(), StorageError> {
    if records.is_empty() {
        return Ok(());
    }
    let text = format!("SELECT COUNT(*) {OF_HUB} WHERE hub_id = $1");
    if sql::number(tx, &text, vec![hub.into()]).await? == 0 {
        return Ok(());
    }
    for some in records.chunks(256) {
        let (marks, mut values) = sql::list(2, some.to_vec());
        values.insert(0, hub.into());
        let text = format!(
            "UPDATE left_out_entry SET payload = NULL WHERE record IN ({marks})
             AND left_out IN (SELECT left_out.id {OF_HUB} WHERE hub_id = $1)"
        );
        sql::execute(tx, &text, values).await?;
    }
    Ok(())
}

/// Drops the payloads of a log that this hub may not have any more.
pub(super) async fn let_go(
    tx: &impl ConnectionTrait,
    log_id: i64,
    sight: i32,
) -> Result<(), StorageError> {
    let text = "UPDATE left_out_entry SET payload = NULL WHERE audience <> 0 AND audience > $1
        AND left_out IN (SELECT id FROM left_out WHERE log_id = $2)";
    sql::execute(tx, text, vec![sight.into(), log_id.into()]).await?;
    Ok(())
}

/// How many entries of a log are kept.
pub async fn count(db: &Database, log: &LogId) -> Result<u64, StorageError> {
    let text = format!(
        "SELECT COUNT(*) FROM left_out_entry WHERE left_out IN (SELECT left_out.id {OF_HUB}
         JOIN hub ON hub.id = log.hub_id WHERE slug = $1 AND epoch = $2)"
    );
    let values = vec![log.hub.as_str().into(), sql::signed(log.epoch.get()).into()];
    Ok(sql::unsigned(
        sql::number(db.reader(), &text, values).await?,
    ))
}
