//! Stretches of other hubs' logs that their next logs leave out, kept for the hubs that wrote them.
//!
//! A hub that was put back begins its next log with what it and its peers hold. Whoever holds more cuts its copy then, and
//! keeps here what it cut, with payloads, tree and the hub's own checkpoint: the hub may fetch it like any other history of
//! its log, and nobody else sees it. Only what is proved is kept.

use std::ops::Range;

use domain::identity::{HubId, LogId};
use domain::log::left_out::{Stretch, gives_way, has_room, reach, unsettled};
use domain::log::{Checkpoint, Frontier, TILE_WIDTH, TileId, Tiles, TreeEdge, proof};
use domain::trust::Trust;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};
use time::OffsetDateTime;

use super::heads::{self, LogRow};
use super::read::{self, LogPage, PageBounds, Source};
use super::{EntryKey, millis, succession, tiles};
use crate::{Database, StorageError, sql};

/// A tree of 2^64 entries has so many levels of tiles.
const LEVELS: i32 = 8;

/// A stretch of a log that its hub's next log leaves out.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct LeftOut {
    /// Its number in this database.
    pub id: i64,
    /// The log, in this database.
    pub log_id: i64,
    /// The place of its first entry.
    pub start: i64,
    /// The place behind its last entry.
    pub size: i64,
    /// The hub's signed checkpoint at that size.
    pub checkpoint: String,
}

const COLUMNS: &str = "left_out.id, log_id, start, left_out.size, left_out.checkpoint";
const OF_HUB: &str = "FROM left_out JOIN log ON log.id = left_out.log_id";

/// Lists what is kept of a hub's logs, the newest first.
pub async fn list(db: &Database, hub: &HubId) -> Result<Vec<LeftOut>, StorageError> {
    let text = format!(
        "SELECT {COLUMNS} {OF_HUB}
         JOIN hub ON hub.id = log.hub_id WHERE slug = $1 ORDER BY left_out.id DESC"
    );
    Ok(sql::all(db.reader(), &text, vec![hub.as_str().into()]).await?)
}

/// The tree of the log before a stretch: its hub may hold another history there, or nothing. Nothing comes back if a tile is
/// missing or short, or the stretch is kept no more.
pub async fn before(db: &Database, kept: &LeftOut) -> Result<Option<Frontier>, StorageError> {
    let start = sql::unsigned(kept.start);
    let tiles = tiles_of(db, kept, TreeEdge::tiles(start)).await?;
    Ok(TreeEdge::read(start, &tiles).map(|edge| Frontier::from(&edge)))
}

/// Keeps what is proved of a log from a size on, before it is cut there. What was kept before reaches down to there too, and no
/// further if the log still is what it was.
pub(super) async fn keep(
    tx: &DatabaseTransaction,
    log: &LogRow,
    size: u64,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    for kept in of_log(tx, log).await? {
        if !is_of(tx, log, &kept).await? {
            reach_down(tx, log, &kept, size).await?;
        } else if sql::unsigned(kept.size) <= size {
            remove(tx, kept.id).await?;
        } else {
            take_payloads(tx, log, &kept).await?;
            reach_down(tx, log, &kept, size).await?;
            shorten(tx, &kept, size).await?;
        }
    }
    keep_from(tx, log, size, now).await
}

/// Keeps what is superseded in earlier logs of which it is not known yet how much counts, before it is dropped.
pub(super) async fn keep_unsettled(
    tx: &DatabaseTransaction,
    log: &LogRow,
    superseded: &[EntryKey],
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let earlier = superseded.iter().filter(|key| key.log_id() != log.id);
    let held = with_payload(tx, earlier.map(|key| Value::from(*key)).collect()).await?;
    if held.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::new();
    for id in heads::ids_of_hub(tx, log.hub_id).await? {
        rows.extend(heads::find_by_id(tx, id).await?);
    }
    let mut logs = Vec::new();
    for row in &rows {
        logs.push(succession::chained(tx, row).await?);
    }
    let own = succession::chained(tx, log).await?.epoch;
    let unsettled = unsettled(&logs, own);
    let rows = rows.iter().zip(&logs);
    for (row, _) in rows.filter(|(_, log)| unsettled.contains(&log.epoch)) {
        let proved = sql::unsigned(row.proved_size);
        let of_row = held.iter().filter(|key| key.log_id() == row.id);
        if let Some(first) = of_row.map(|key| key.place()).min() {
            keep_from(tx, row, reach(first, proved), now).await?;
        }
    }
    Ok(())
}

/// Those of some entries of which the payload is held.
async fn with_payload(
    tx: &DatabaseTransaction,
    keys: Vec<Value>,
) -> Result<Vec<EntryKey>, StorageError> {
    let mut held = Vec::new();
    for some in keys.chunks(256) {
        let (marks, values) = sql::list(1, some.to_vec());
        let text = format!("SELECT id FROM entry WHERE id IN ({marks}) AND payload IS NOT NULL");
        for row in sql::rows(tx, &text, values).await? {
            held.push(EntryKey::from(row.try_get_by_index::<i64>(0)?));
        }
    }
    Ok(held)
}

/// What counts of a log is left out no more.
pub(super) async fn release(tx: &DatabaseTransaction, log: &LogRow) -> Result<(), StorageError> {
    for kept in of_log(tx, log).await? {
        if is_of(tx, log, &kept).await? {
            remove(tx, kept.id).await?;
        }
    }
    Ok(())
}

/// Lets go what only keys vouch for that were closed before: its hub does not believe it.
pub async fn forget_doubtful(db: &Database, trust: &Trust) -> Result<(), StorageError> {
    let text = format!("SELECT {COLUMNS} FROM left_out ORDER BY id");
    let kept: Vec<LeftOut> = sql::all(db.reader(), &text, vec![]).await?;
    let is_doubtful = |kept: &&LeftOut| {
        let bound = trust.bound(&kept.checkpoint);
        bound.is_some_and(|bound| bound < sql::unsigned(kept.size))
    };
    let doubtful: Vec<_> = kept.iter().filter(is_doubtful).collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let tx = db.begin().await?;
    for kept in doubtful {
        remove(&tx, kept.id).await?;
    }
    Ok(tx.commit().await?)
}

async fn of_log(tx: &DatabaseTransaction, log: &LogRow) -> Result<Vec<LeftOut>, StorageError> {
    let text = format!("SELECT {COLUMNS} FROM left_out WHERE log_id = $1 ORDER BY id");
    Ok(sql::all(tx, &text, vec![log.id.into()]).await?)
}

/// Whether a log has all of a stretch.
async fn is_of(
    tx: &DatabaseTransaction,
    log: &LogRow,
    kept: &LeftOut,
) -> Result<bool, StorageError> {
    let size = sql::unsigned(kept.size);
    if size > log.size() {
        return Ok(false);
    }
    let stated = Checkpoint::parse(&kept.checkpoint)
        .map_err(|error| StorageError::corrupt("left_out", kept.id, error))?;
    Ok(tiles::edge(tx, log.id, size).await?.root() == stated.root)
}

/// Keeps what is proved of a log from a place on: beside what is kept under the same checkpoint, if there is such.
async fn keep_from(
    tx: &DatabaseTransaction,
    log: &LogRow,
    from: u64,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let proved = sql::unsigned(log.proved_size);
    let Some(checkpoint) = log.checkpoint.as_ref().filter(|_| proved > from) else {
        return Ok(());
    };
    let mut kept = of_log(tx, log).await?.into_iter();
    if let Some(kept) = kept.find(|kept| kept.checkpoint == *checkpoint) {
        take_payloads(tx, log, &kept).await?;
        return reach_down(tx, log, &kept, from).await;
    }
    if !has_room(0, proved - from) {
        tracing::warn!(
            log = log.id,
            from,
            proved,
            "a hub's next log leaves out more than is kept"
        );
        return Ok(());
    }
    let text = "INSERT INTO left_out (log_id, start, size, checkpoint, at) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let values = vec![
        log.id.into(),
        sql::signed(from).into(),
        log.proved_size.into(),
        checkpoint.as_str().into(),
        millis(now).into(),
    ];
    let id = sql::number(tx, text, values).await?;
    copy(tx, log.id, id, from, proved).await?;
    bound(tx, log.hub_id, now).await
}

/// Lets a stretch begin further down, if it does not and there is room. Without, it stays as it is: what comes to it is not to
/// push others out.
async fn reach_down(
    tx: &DatabaseTransaction,
    log: &LogRow,
    kept: &LeftOut,
    from: u64,
) -> Result<(), StorageError> {
    let start = sql::unsigned(kept.start);
    if start <= from {
        return Ok(());
    }
    let text = format!(
        "SELECT CAST(COALESCE(SUM(left_out.size - start), 0) AS BIGINT) {OF_HUB} WHERE hub_id = $1"
    );
    let entries = sql::unsigned(sql::number(tx, &text, vec![log.hub_id.into()]).await?);
    if !has_room(entries, start - from) {
        return Ok(());
    }
    copy(tx, log.id, kept.id, from, start).await?;
    set_start(tx, kept.id, from).await
}

/// Lets a stretch begin further up, if it does not.
async fn shorten(tx: &DatabaseTransaction, kept: &LeftOut, from: u64) -> Result<(), StorageError> {
    if sql::unsigned(kept.start) >= from {
        return Ok(());
    }
    let text = "DELETE FROM left_out_entry WHERE left_out = $1 AND place < $2";
    sql::execute(tx, text, vec![kept.id.into(), sql::signed(from).into()]).await?;
    set_start(tx, kept.id, from).await
}

async fn set_start(tx: &DatabaseTransaction, id: i64, start: u64) -> Result<(), StorageError> {
    let text = "UPDATE left_out SET start = $1 WHERE id = $2";
    sql::execute(tx, text, vec![sql::signed(start).into(), id.into()]).await?;
    Ok(())
}

/// Takes payloads that came into the log since.
async fn take_payloads(
    tx: &DatabaseTransaction,
    log: &LogRow,
    kept: &LeftOut,
) -> Result<(), StorageError> {
    let text = "UPDATE left_out_entry SET payload = (SELECT held.payload FROM entry AS held WHERE held.id = $1 + place)
        WHERE left_out = $2 AND payload IS NULL AND place < $3";
    let first = EntryKey::new(log.id, 0).into();
    let values = vec![first, kept.id.into(), log.size.into()];
    sql::execute(tx, text, values).await?;
    Ok(())
}

async fn remove(tx: &DatabaseTransaction, id: i64) -> Result<(), StorageError> {
    for table in ["left_out_entry", "left_out_tile"] {
        let text = format!("DELETE FROM {table} WHERE left_out = $1");
        sql::execute(tx, &text, vec![id.into()]).await?;
    }
    let text = "DELETE FROM left_out WHERE id = $1";
    sql::execute(tx, text, vec![id.into()]).await?;
    Ok(())
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
async fn bound(
    tx: &DatabaseTransaction,
    hub: i64,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let text = format!(
        "SELECT left_out.id, start, left_out.size, at {OF_HUB} WHERE hub_id = $1 ORDER BY left_out.id"
    );
    let rows = sql::rows(tx, &text, vec![hub.into()]).await?;
    let (mut ids, mut stretches) = (Vec::new(), Vec::new());
    for row in rows {
        let (start, size): (i64, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        ids.push(row.try_get_by_index(0)?);
        stretches.push(Stretch {
            entries: sql::unsigned(size - start),
            at: row.try_get_by_index(3)?,
        });
    }
    for place in gives_way(&stretches, millis(now)) {
        let entries = stretches[place].entries;
        tracing::warn!(
            entries,
            "entries that a hub's next log leaves out are more than are kept for it; these are not"
        );
        remove(tx, ids[place]).await?;
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
        "SELECT {COLUMNS} {OF_HUB}
         JOIN hub ON hub.id = log.hub_id WHERE left_out.id = $1 AND slug = $2"
    );
    let found = sql::all(db.reader(), &text, vec![id.into(), hub.as_str().into()]).await?;
    let Some::<LeftOut>(kept) = found.into_iter().next() else {
        return Ok(None);
    };
    let (start, size) = (sql::unsigned(kept.start), sql::unsigned(kept.size));
    if !(start..=size).contains(&from) {
        return Ok(None);
    }
    let places = from..size.min(from.saturating_add(bounds.entries));
    let entries = read::gather(db, Source::LeftOut(id), places, bounds.bytes).await?;
    let ranges = proof::consistency(from + entries.len() as u64, size);
    let proof = proof::hashes(&ranges, &tiles_of(db, &kept, proof::tiles(&ranges)).await?)
        .ok_or_else(|| StorageError::corrupt("left_out_tile", id, "a tile is missing or short"))?;
    Ok(Some(LogPage {
        entries,
        proof,
        checkpoint: kept.checkpoint,
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
    kept: &LeftOut,
    wanted: impl IntoIterator<Item = TileId> + Clone,
) -> Result<Tiles, StorageError> {
    let mut found = tiles::load(db.reader(), kept.log_id, wanted.clone()).await?;
    tiles::load_kept(db.reader(), kept.id, wanted, &mut found).await?;
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
