//! The door itself: what every entry passes on its way into the database.

use std::collections::HashMap;

use domain::entry::{Audience, Header, Operation};
use domain::identity::RecordId;
use domain::log::{Append, SignedCheckpoint, VerifiedEntry};
use sea_orm::{DatabaseTransaction, Value};
use time::OffsetDateTime;

use super::heads::LogRow;
use super::{EntryKey, tiles};
use crate::bodies::Unreadable;
use crate::bulk::Insert;
use crate::projection::{self, Change};
use crate::{StorageError, sql};

const ENTRIES: Insert<5> = Insert {
    table: "entry",
    columns: ["id", "record", "revision", "header", "payload"],
    conflict: "",
};
const MISSING: Insert<1> = Insert {
    table: "missing_payload",
    columns: ["entry"],
    conflict: "ON CONFLICT DO NOTHING",
};

/// The reason of an entry whose revision is not above those before it.
const OUT_OF_ORDER: &str = "revision";

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
    Here,
    Elsewhere,
}

/// Adds a batch to a locked log. The caller commits.
pub(super) async fn pass(
    tx: &DatabaseTransaction,
    log: &LogRow,
    origin: Origin,
    batch: Batch,
    now: OffsetDateTime,
) -> Result<Stored, StorageError> {
    let held = held_revisions(tx, log, &batch.entries).await?;
    if origin == Origin::Here {
        check_revisions(&batch.entries, &held)?;
    }
    let plan = Plan::of(log, origin, &batch.entries, &held);
    let changes = changes_of(&plan, &batch.entries, &held);
    drop_payloads(tx, &plan.superseded).await?;
    let unreadable = projection::apply(tx, log.hub_id, changes).await?;
    projection::note_unprojected(tx, plan.unreadable.into_iter().chain(unreadable)).await?;
    let missing = plan
        .missing
        .iter()
        .map(|key| [Value::from(*key)])
        .collect::<Vec<_>>();
    let stored = Stored {
        entries: batch.entries.len() as u64,
        missing: missing.len() as u64,
        size: batch.append.edge.size(),
        dropped: plan.superseded,
    };
    MISSING.all(tx, missing).await?;
    tiles::write(tx, log.id, &batch.append.tiles).await?;
    let bytes = batch.entries.iter().map(entry_bytes).sum();
    insert_entries(tx, log, batch.entries, &plan.kept).await?;
    advance(tx, log, stored.size, bytes, &batch.checkpoint, now).await?;
    Ok(stored)
}

/// Refuses an entry of this hub that is not its record's next revision: somebody else was faster. A batch that says
/// several things of one record says them in order.
fn check_revisions(
    entries: &[VerifiedEntry],
    held: &HashMap<RecordId, Vec<(EntryKey, Held)>>,
) -> Result<(), StorageError> {
    let mut newest: HashMap<RecordId, u64> = HashMap::new();
    for header in entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok())
    {
        let record = header.record;
        let stored = held.get(&record).and_then(|revisions| revisions.first());
        let stored = stored.map_or(0, |(_, held)| held.newest);
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
    tx: &DatabaseTransaction,
    log: &LogRow,
    origin: Origin,
    entries: &[VerifiedEntry],
) -> Result<Vec<(EntryKey, Unreadable)>, StorageError> {
    let held = held_revisions(tx, log, entries).await?;
    let plan = Plan::of(log, origin, entries, &held);
    let changes = changes_of(&plan, entries, &held);
    forget_unreadable(tx, &plan.superseded).await?;
    let mut unreadable = projection::apply(tx, log.hub_id, changes).await?;
    unreadable.extend(plan.unreadable);
    Ok(unreadable)
}

/// A record's revisions that are held from before the batch.
#[derive(Clone, Copy)]
struct Held {
    first: EntryKey,
    newest: u64,
    published: OffsetDateTime,
}

/// What is to become of each entry, decided before anything is written.
struct Plan {
    /// Whether the entry's payload is stored, by the entry's place in the batch.
    kept: Vec<bool>,
    /// The entry that now speaks for each touched record, by its place in the batch.
    winners: Vec<usize>,
    keys: Vec<EntryKey>,
    superseded: Vec<EntryKey>,
    missing: Vec<EntryKey>,
    unreadable: Vec<(EntryKey, Unreadable)>,
}

impl Plan {
    fn of(
        log: &LogRow,
        origin: Origin,
        entries: &[VerifiedEntry],
        held: &HashMap<RecordId, Vec<(EntryKey, Held)>>,
    ) -> Self {
        let keys: Vec<_> = (log.size()..)
            .take(entries.len())
            .map(|place| EntryKey::new(log.id, place))
            .collect();
        let mut plan = Self {
            kept: vec![false; entries.len()],
            winners: Vec::new(),
            keys,
            superseded: Vec::new(),
            missing: Vec::new(),
            unreadable: Vec::new(),
        };
        let mut newest: HashMap<RecordId, (u64, usize)> = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            match readable(entry) {
                Ok(header) => plan.contend(place, header, &mut newest, held),
                Err(why) => plan.unreadable.push((plan.keys[place], why)),
            }
        }
        plan.winners = newest.into_values().map(|(_, place)| place).collect();
        plan.winners.sort_unstable();
        for place in plan.winners.clone() {
            let header = entries[place]
                .header
                .as_ref()
                .expect("winners are readable");
            plan.keep(place, header, &entries[place], origin, held);
        }
        plan
    }

    /// Notes an entry as its record's newest, unless a newer or equal one is there already.
    fn contend(
        &mut self,
        place: usize,
        header: &Header,
        newest: &mut HashMap<RecordId, (u64, usize)>,
        held: &HashMap<RecordId, Vec<(EntryKey, Held)>>,
    ) {
        let before = held
            .get(&header.record)
            .and_then(|revisions| revisions.first());
        let beaten = newest
            .get(&header.record)
            .map(|(revision, _)| *revision)
            .max(before.map(|(_, held)| held.newest));
        match beaten {
            Some(revision) if revision >= header.revision => {
                let detail = format!("revision {} follows revision {revision}", header.revision);
                self.unreadable
                    .push((self.keys[place], Unreadable::new(OUT_OF_ORDER, detail)));
            }
            _ => drop(newest.insert(header.record, (header.revision, place))),
        }
    }

    fn keep(
        &mut self,
        place: usize,
        header: &Header,
        entry: &VerifiedEntry,
        origin: Origin,
        held: &HashMap<RecordId, Vec<(EntryKey, Held)>>,
    ) {
        let older = held.get(&header.record).into_iter().flatten();
        self.superseded.extend(older.map(|(key, _)| *key));
        let entitled = origin == Origin::Here || header.audience == Audience::Public;
        let is_put = matches!(header.operation, Operation::Put { .. });
        self.kept[place] = entitled && entry.payload.is_some();
        if entitled && is_put && entry.payload.is_none() {
            self.missing.push(self.keys[place]);
        }
    }
}

fn readable(entry: &VerifiedEntry) -> Result<&Header, Unreadable> {
    let header = entry.header.as_ref();
    header.map_err(|error| Unreadable::new("header", error))
}

/// Reads which revisions of the batch's records are held, all of a record's with the same facts.
async fn held_revisions(
    tx: &DatabaseTransaction,
    log: &LogRow,
    entries: &[VerifiedEntry],
) -> Result<HashMap<RecordId, Vec<(EntryKey, Held)>>, StorageError> {
    let mut held: HashMap<RecordId, Vec<(EntryKey, Held)>> = HashMap::new();
    if log.size == 0 {
        return Ok(held);
    }
    let records = entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok());
    let ids: Vec<Value> = records
        .map(|header| header.record.as_uuid().into())
        .collect();
    let held_keys = EntryKey::new(log.id, 0)..EntryKey::new(log.id, log.size());
    for some in ids.chunks(256) {
        let (wanted, values) = sql::wanted(1, some.to_vec());
        let text = format!(
            "{wanted} SELECT entry.id, entry.header FROM wanted CROSS JOIN entry
             WHERE entry.record = wanted.value ORDER BY entry.id"
        );
        for row in sql::rows(tx, &text, values).await? {
            let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
            // Another hub's record may bear the same id, by ill will; it is another record.
            if held_keys.contains(&key) {
                note_held(&mut held, key, &row.try_get_by_index::<Vec<u8>>(1)?);
            }
        }
    }
    Ok(held)
}

fn note_held(held: &mut HashMap<RecordId, Vec<(EntryKey, Held)>>, key: EntryKey, header: &[u8]) {
    let header = std::str::from_utf8(header)
        .ok()
        .and_then(|text| Header::parse(text).ok());
    let Some(header) = header else { return };
    let revisions = held.entry(header.record).or_default();
    let fresh = Held {
        first: key,
        newest: 0,
        published: header.at,
    };
    let mut facts = revisions.first().map_or(fresh, |(_, facts)| *facts);
    facts.newest = facts.newest.max(header.revision);
    revisions.push((key, facts));
    for (_, each) in revisions {
        *each = facts;
    }
}

/// What each touched record shows from now on.
fn changes_of<'a>(
    plan: &Plan,
    entries: &'a [VerifiedEntry],
    held: &HashMap<RecordId, Vec<(EntryKey, Held)>>,
) -> Vec<Change<'a>> {
    let mut firsts: HashMap<RecordId, usize> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        if let Ok(header) = readable(entry) {
            firsts.entry(header.record).or_insert(place);
        }
    }
    let change = |place: &usize| {
        let header = readable(&entries[*place]).expect("winners are readable");
        let before = held
            .get(&header.record)
            .and_then(|revisions| revisions.first());
        let first = firsts[&header.record];
        let opening = readable(&entries[first]).expect("firsts are readable");
        Change {
            key: before.map_or(plan.keys[first], |(_, held)| held.first),
            entry: plan.keys[*place],
            is_known: before.is_some(),
            header,
            published: before.map_or(opening.at, |(_, held)| held.published),
            payload: entries[*place]
                .payload
                .as_deref()
                .filter(|_| plan.kept[*place]),
        }
    };
    plan.winners.iter().map(change).collect()
}

async fn drop_payloads(
    tx: &DatabaseTransaction,
    superseded: &[EntryKey],
) -> Result<(), StorageError> {
    for some in superseded.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|key| Value::from(*key)).collect());
        let drop = format!(
            "UPDATE entry SET payload = NULL WHERE id IN ({marks}) AND payload IS NOT NULL"
        );
        sql::execute(tx, &drop, values.clone()).await?;
        let forget = format!("DELETE FROM missing_payload WHERE entry IN ({marks})");
        sql::execute(tx, &forget, values).await?;
    }
    forget_unreadable(tx, superseded).await
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
            [
                EntryKey::new(log.id, place).into(),
                header.as_ref().map(|header| header.record.as_uuid()).into(),
                header.map(|header| sql::signed(header.revision)).into(),
                entry.header_text.into_bytes().into(),
                payload.into(),
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
    let moved = "UPDATE log SET size = $1, bytes = bytes + $2, newest_seen = $3, behind_since = $4 WHERE id = $5";
    sql::execute(
        tx,
        moved,
        vec![
            sql::signed(size).into(),
            sql::signed(bytes).into(),
            sql::signed(seen).into(),
            behind_since.into(),
            log.id.into(),
        ],
    )
    .await?;
    if size == checkpoint.size() {
        let proved = "UPDATE log SET proved_size = $1, checkpoint = $2, proved_at = $3, unproved_since = NULL WHERE id = $4";
        let values = vec![
            sql::signed(size).into(),
            checkpoint.text().into(),
            millis(now).into(),
            log.id.into(),
        ];
        sql::execute(tx, proved, values).await?;
    }
    Ok(())
}

/// A moment as the databases hold it.
pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
