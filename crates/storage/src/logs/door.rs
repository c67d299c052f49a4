//! The door itself: what every entry passes on its way into the database.

use std::collections::{HashMap, HashSet};

use domain::entry::{Header, Operation};
use domain::identity::RecordId;
use domain::log::{Append, Intake, SignedCheckpoint, VerifiedEntry};
use domain::rules::Rule;
use sea_orm::{DatabaseTransaction, Value};
use time::OffsetDateTime;

use super::heads::LogRow;
use super::held::{self, HeldRecord};
use super::{EntryKey, aside, left_out, succession, tiles};
use crate::bulk::Insert;
use crate::content::Unreadable;
use crate::projection::{self, Change};
use crate::{Database, StorageError, members, sql};

const ENTRIES: Insert<6> = Insert {
    table: "entry",
    columns: ["id", "record", "revision", "header", "payload", "audience"],
    conflict: "",
};
pub(super) const MISSING: Insert<1> = Insert {
    table: "missing_payload",
    columns: ["entry"],
    conflict: "ON CONFLICT DO NOTHING",
};

/// The rank of an entry whose header says nothing, and which has no payload.
const UNREAD: i32 = 2;

/// The reason of an entry whose revision is not above those before it.
pub(super) const OUT_OF_ORDER: &str = "revision";

/// Entries that continue a log, with all that proves them.
pub(super) struct Batch {
    pub(super) entries: Vec<VerifiedEntry>,
    pub(super) append: Append,
    pub(super) checkpoint: SignedCheckpoint,
}

/// What a batch did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stored {
    /// How many entries were added.
    pub entries: u64,
    /// How many payloads are missing that this hub may have.
    pub missing: u64,
    /// The log's size now.
    pub size: u64,
    /// Entries whose payloads were dropped: superseded or deleted.
    pub(crate) dropped: Vec<EntryKey>,
}

/// Whose log it is: the hub's own payloads are all kept, another's only those it may see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Written here just now.
    Here,
    /// The hub's own, as a peer or this database has it.
    Own,
    /// Another hub's.
    Elsewhere,
}

impl Origin {
    pub(super) fn of(db: &Database, log: &LogRow) -> Self {
        if log.slug == db.hub().as_str() {
            Self::Own
        } else {
            Self::Elsewhere
        }
    }
}

/// Adds a batch to a locked log. The caller commits.
pub(super) async fn pass(
    db: &Database,
    tx: &DatabaseTransaction,
    log: &LogRow,
    origin: Origin,
    batch: Batch,
    now: OffsetDateTime,
) -> Result<Stored, StorageError> {
    db.traffic().note(batch.entries.len());
    let mut held = held::read(tx, log, &batch.entries).await?;
    if origin == Origin::Here {
        check_revisions(&batch.entries, &held)?;
    }
    let mut intake = decide(log, origin, &batch.entries, &held);
    if cut_first(db, tx, log, &intake, &batch.entries, &held).await? {
        held = held::read(tx, log, &batch.entries).await?;
        intake = decide(log, origin, &batch.entries, &held);
    }
    if origin == Origin::Elsewhere && Rule::KeptBeforeDropped.holds() {
        left_out::keep_unsettled(tx, log, &intake.superseded, now).await?;
    }
    forget_aside(tx, log, origin, &batch.entries).await?;
    move_firsts(tx, log, &batch.entries, &held).await?;
    let changes = changes_of(log, &intake, &batch.entries, &held);
    if drop_payloads(tx, &intake.superseded).await? > 0 {
        members::note_change(tx, log.hub_id).await?;
    }
    let applied = projection::apply(tx, log.hub_id, changes).await?;
    let mut unreadable = unreadable_of(log, &intake, &batch.entries);
    unreadable.extend(applied.unreadable);
    let stored = Stored {
        entries: batch.entries.len() as u64,
        missing: intake.missing.len() as u64,
        size: batch.append.edge.size(),
        dropped: intake.superseded,
    };
    note_missing(tx, intake.missing.iter().map(|place| log.key(*place))).await?;
    tiles::write(tx, log.id, &batch.append.tiles).await?;
    let bytes = batch.entries.iter().map(entry_bytes).sum();
    let records = records_of(&batch.entries);
    insert_entries(tx, log, batch.entries, &intake.kept).await?;
    if origin == Origin::Own {
        aside::keep_overlooked(tx, log, stored.size, &records, now).await?;
    }
    advance(tx, log, stored.size, bytes, &batch.checkpoint, now).await?;
    unreadable.extend(succession::project(db, tx, &applied.openings).await?);
    succession::release(tx, log, stored.size).await?;
    projection::note_unprojected(tx, unreadable.into_iter()).await?;
    Ok(stored)
}

/// Cuts an earlier log to what a batch that begins a log accepts of it, before the batch supersedes anything there: what the
/// hub did not know of is kept for it with its payload. Says whether the batch begins with such a word.
async fn cut_first(
    db: &Database,
    tx: &DatabaseTransaction,
    log: &LogRow,
    intake: &Intake<EntryKey>,
    entries: &[VerifiedEntry],
    held: &HashMap<RecordId, HeldRecord>,
) -> Result<bool, StorageError> {
    if log.size > 0 || !Rule::KeptBeforeDropped.holds() {
        return Ok(false);
    }
    let changes = changes_of(log, intake, entries, held);
    let said: Vec<_> = changes.iter().filter_map(projection::opening_of).collect();
    succession::project(db, tx, &said).await?;
    Ok(!said.is_empty())
}

/// What is kept beside the logs goes with them: of this hub's own when the record is deleted, of others' also when it is not
/// for this hub any more.
async fn forget_aside(
    tx: &DatabaseTransaction,
    log: &LogRow,
    origin: Origin,
    entries: &[VerifiedEntry],
) -> Result<(), StorageError> {
    let is_ours = origin != Origin::Elsewhere;
    let headers = entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok());
    let is_gone = |header: &&Header| {
        matches!(header.operation, Operation::Delete { .. }) || !is_entitled(log, is_ours, header)
    };
    let gone = headers.filter(is_gone);
    let gone = gone.map(|header| header.record.as_uuid().into()).collect();
    if is_ours {
        aside::forget(tx, gone).await
    } else {
        left_out::forget(tx, log.hub_id, gone).await
    }
}

/// Refuses an entry of this hub that is not its record's next revision: somebody else was faster. A batch that says
/// several things of one record says them in order.
fn check_revisions(
    entries: &[VerifiedEntry],
    held: &HashMap<RecordId, HeldRecord>,
) -> Result<(), StorageError> {
    let mut newest: HashMap<RecordId, u64> = HashMap::new();
    for header in entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok())
    {
        let record = header.record;
        let stored = held.get(&record).map_or(0, |held| held.newest);
        let held = newest.insert(record, header.revision).unwrap_or(stored);
        let expected = header.revision - 1;
        if held != expected {
            return Err(StorageError::Conflict {
                record,
                expected,
                held,
            });
        }
    }
    Ok(())
}

/// Projects entries that are already stored at the log's size on, and says which show nothing. For filling and rebuilding.
pub(super) async fn project(
    db: &Database,
    tx: &DatabaseTransaction,
    log: &LogRow,
    origin: Origin,
    entries: &[VerifiedEntry],
) -> Result<Vec<(EntryKey, Unreadable)>, StorageError> {
    let held = held::read(tx, log, entries).await?;
    move_firsts(tx, log, entries, &held).await?;
    let intake = decide(log, origin, entries, &held);
    forget_unreadable(tx, &intake.superseded).await?;
    let changes = changes_of(log, &intake, entries, &held);
    let applied = projection::apply(tx, log.hub_id, changes).await?;
    let mut unreadable = applied.unreadable;
    unreadable.extend(unreadable_of(log, &intake, entries));
    unreadable.extend(succession::project(db, tx, &applied.openings).await?);
    Ok(unreadable)
}

/// A record's key is that of its first entry. An earlier log may come after a later one.
async fn move_firsts(
    tx: &DatabaseTransaction,
    log: &LogRow,
    entries: &[VerifiedEntry],
    held: &HashMap<RecordId, HeldRecord>,
) -> Result<(), StorageError> {
    let mut moved = HashSet::new();
    for (place, entry) in entries.iter().enumerate() {
        let Ok(header) = &entry.header else { continue };
        let later = held.get(&header.record).filter(|held| held.is_first_later);
        if let Some(later) = later
            && moved.insert(header.record)
        {
            projection::move_key(tx, later.first, log.key(place), header.at).await?;
        }
    }
    Ok(())
}

fn decide(
    log: &LogRow,
    origin: Origin,
    entries: &[VerifiedEntry],
    held: &HashMap<RecordId, HeldRecord>,
) -> Intake<EntryKey> {
    let entitled = |header: &Header| is_entitled(log, origin != Origin::Elsewhere, header);
    let held = |record| held.get(&record).map(|held| &held.revisions);
    Intake::of(entries, held, entitled)
}

/// Whether this hub may have an entry's payload.
pub(super) fn is_entitled(log: &LogRow, is_ours: bool, header: &Header) -> bool {
    is_ours || rank(header) <= log.sight
}

/// Notes payloads that are missing.
pub(super) async fn note_missing(
    tx: &DatabaseTransaction,
    keys: impl Iterator<Item = EntryKey>,
) -> Result<(), StorageError> {
    Ok(MISSING
        .all(tx, keys.map(|key| [key.into()]).collect())
        .await?)
}

/// The entries that show nothing, and why.
fn unreadable_of(
    log: &LogRow,
    intake: &Intake<EntryKey>,
    entries: &[VerifiedEntry],
) -> Vec<(EntryKey, Unreadable)> {
    let headers = entries.iter().enumerate().filter_map(|(place, entry)| {
        let error = entry.header.as_ref().err()?;
        Some((log.key(place), Unreadable::new("header", error)))
    });
    let out_of_order = intake.out_of_order.iter().map(|(place, before)| {
        let revision = entries[*place]
            .header
            .as_ref()
            .map_or(0, |header| header.revision);
        let detail = format!("revision {revision} follows revision {before}");
        (log.key(*place), Unreadable::new(OUT_OF_ORDER, detail))
    });
    headers.chain(out_of_order).collect()
}

/// What each touched record shows from now on.
fn changes_of<'a>(
    log: &LogRow,
    intake: &Intake<EntryKey>,
    entries: &'a [VerifiedEntry],
    held: &HashMap<RecordId, HeldRecord>,
) -> Vec<Change<'a>> {
    let mut firsts: HashMap<RecordId, (EntryKey, OffsetDateTime)> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        if let Ok(header) = &entry.header {
            let opening = (log.key(place), header.at);
            firsts.entry(header.record).or_insert(opening);
        }
    }
    let change = |place: &usize| {
        let header = entries[*place].header.as_ref().ok()?;
        let before = held.get(&header.record);
        let (first, opened) = firsts[&header.record];
        Some(Change {
            key: before.map_or(first, |held| held.first),
            entry: log.key(*place),
            is_known: before.is_some(),
            header,
            published: before.map_or(opened, |held| held.published),
            payload: entries[*place]
                .payload
                .as_deref()
                .filter(|_| intake.kept[*place]),
        })
    };
    intake.winners.iter().filter_map(change).collect()
}

/// Drops payloads that are superseded, and says how many of them were missing.
async fn drop_payloads(
    tx: &DatabaseTransaction,
    superseded: &[EntryKey],
) -> Result<u64, StorageError> {
    let mut were_missing = 0;
    for some in superseded.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|key| Value::from(*key)).collect());
        let drop = format!(
            "UPDATE entry SET payload = NULL WHERE id IN ({marks}) AND payload IS NOT NULL"
        );
        sql::execute(tx, &drop, values.clone()).await?;
        let forget = format!("DELETE FROM missing_payload WHERE entry IN ({marks})");
        were_missing += sql::execute(tx, &forget, values).await?;
    }
    forget_unreadable(tx, superseded).await?;
    Ok(were_missing)
}

/// What a superseded entry's content lacked matters no more. That an entry came out of order stays told.
async fn forget_unreadable(
    tx: &DatabaseTransaction,
    superseded: &[EntryKey],
) -> Result<(), StorageError> {
    for some in superseded.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|key| Value::from(*key)).collect());
        let text = format!(
            "DELETE FROM unprojected WHERE entry IN ({marks}) AND reason <> '{OUT_OF_ORDER}'"
        );
        sql::execute(tx, &text, values).await?;
    }
    Ok(())
}

/// The rank of the audience that a header names.
pub(super) fn rank(header: &Header) -> i32 {
    header.audience.rank().into()
}

fn records_of(entries: &[VerifiedEntry]) -> HashSet<RecordId> {
    let headers = entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok());
    headers.map(|header| header.record).collect()
}

fn entry_bytes(entry: &VerifiedEntry) -> u64 {
    (entry.header_text.len() + entry.payload.as_ref().map_or(0, String::len)) as u64
}

async fn insert_entries(
    tx: &DatabaseTransaction,
    log: &LogRow,
    entries: Vec<VerifiedEntry>,
    kept: &[bool],
) -> Result<(), StorageError> {
    let rows = (log.size()..)
        .zip(entries)
        .zip(kept)
        .map(|((place, entry), kept)| {
            let header = entry.header.ok();
            let payload = entry.payload.filter(|_| *kept).map(String::into_bytes);
            let audience = header.as_ref().map_or(UNREAD, rank);
            [
                EntryKey::new(log.id, place).into(),
                header.as_ref().map(|header| header.record.as_uuid()).into(),
                header.map(|header| sql::signed(header.revision)).into(),
                entry.header_text.into_bytes().into(),
                payload.into(),
                audience.into(),
            ]
        });
    Ok(ENTRIES.all(tx, rows.collect()).await?)
}

/// Moves the log's row to its new size; the checkpoint becomes the log's own once its size is reached.
async fn advance(
    tx: &DatabaseTransaction,
    log: &LogRow,
    size: u64,
    bytes: u64,
    checkpoint: &SignedCheckpoint,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let seen = checkpoint.size().max(sql::unsigned(log.newest_seen));
    let behind_since = (size < seen).then(|| log.behind_since.unwrap_or(millis(now)));
    let tail = (size < checkpoint.size()).then(|| checkpoint.text());
    let is_proved = size == checkpoint.size() || !Rule::ProvedWhenReached.holds();
    let proved = if is_proved {
        ", proved_size = $1, checkpoint = $7, proved_at = $8, unproved_since = NULL"
    } else {
        ""
    };
    let text = format!(
        "UPDATE log SET size = $1, bytes = bytes + $2, newest_seen = $3, behind_since = $4, tail = $5{proved} WHERE id = $6"
    );
    let mut values: Vec<Value> = vec![
        sql::signed(size).into(),
        sql::signed(bytes).into(),
        sql::signed(seen).into(),
        behind_since.into(),
        tail.into(),
        log.id.into(),
    ];
    if is_proved {
        values.push(checkpoint.text().into());
        values.push(millis(now).into());
    }
    sql::execute(tx, &text, values).await?;
    Ok(())
}

/// A moment as the databases hold it.
pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
