//! Taking entries out of a log that do not count any more: another history of it counts, or their key was closed before.
//!
//! What is taken out of the hub's own logs is set aside, to be issued again; what is proved of others' is kept for them
//! ([`left_out`]). What the records showed before is shown again, as far as its payload is still here.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use domain::entry::{Header, Operation};
use domain::identity::{LogId, RecordId};
use domain::log::{Hash, TILE_WIDTH, TreeEdge};
use sea_orm::{DatabaseTransaction, Value};
use time::OffsetDateTime;

use super::aside::{self, Reason};
use super::heads::{self, LogRow};
use super::{EntryKey, door, left_out, read, succession, tiles};
use crate::following::Changed;
use crate::projection::{self, Change};
use crate::{Database, StorageError, members, sql};

const STRETCH: u64 = 1000;

/// Takes out what a log holds from a size on, if it still is `held`, by which that was decided. Nothing happens if it holds
/// no more.
pub async fn cut(
    db: &Database,
    log: &LogId,
    held: &TreeEdge,
    size: u64,
    now: OffsetDateTime,
) -> Result<u64, StorageError> {
    take_out(db, log, held, size, None, now).await
}

/// The same because the key was closed before that vouches for what is taken out. It is not kept: its hub believes it as little,
/// and a thief's logs are not to take the place of what the hub lost.
pub async fn cut_doubtful(
    db: &Database,
    log: &LogId,
    held: &TreeEdge,
    size: u64,
    now: OffsetDateTime,
) -> Result<u64, StorageError> {
    take_out(db, log, held, size, Some(Reason::Doubtful), now).await
}

async fn take_out(
    db: &Database,
    log: &LogId,
    held: &TreeEdge,
    size: u64,
    reason: Option<Reason>,
    now: OffsetDateTime,
) -> Result<u64, StorageError> {
    let tx = db.begin().await?;
    let Some(row) = heads::lock_row(&tx, log).await? else {
        return Ok(0);
    };
    if row.size() <= size {
        return Ok(0);
    }
    let edge = tiles::edge(&tx, row.id, row.size()).await?;
    if edge != *held {
        return Err(StorageError::Moved {
            held: row.size(),
            from: held.size(),
        });
    }
    let taken = cut_in(db, &tx, &row, size, reason, now).await?;
    db.commit(tx, row.id, &[], Changed::Hub(row.hub_id)).await?;
    Ok(taken)
}

/// The same within a transaction that holds the log's row. Without a reason, this hub's own entries were written here.
pub(super) async fn cut_in(
    db: &Database,
    tx: &DatabaseTransaction,
    row: &LogRow,
    size: u64,
    reason: Option<Reason>,
    now: OffsetDateTime,
) -> Result<u64, StorageError> {
    let taken = row.size().saturating_sub(size);
    if taken == 0 {
        return Ok(0);
    }
    let is_ours = row.slug == db.hub().as_str();
    let reason = reason.unwrap_or(Reason::Local);
    let mut gone = Gone::default();
    for from in (size..row.size()).step_by(1000) {
        let until = row.size().min(from + STRETCH);
        let entries = read::stretch_in(tx, row.id, from..until).await?;
        for (place, entry) in (from..).zip(&entries) {
            gone.note(EntryKey::new(row.id, place), entry.bytes(), &entry.header);
        }
        if is_ours {
            aside::keep(tx, row.id, from, entries, reason, now).await?;
        }
    }
    if !is_ours && reason != Reason::Doubtful {
        left_out::keep(tx, row, size, now).await?;
    }
    for (table, column) in [
        ("entry", "id"),
        ("missing_payload", "entry"),
        ("unprojected", "entry"),
    ] {
        let text = format!("DELETE FROM {table} WHERE {column} >= $1 AND {column} < $2");
        let (first, end) = (
            EntryKey::new(row.id, size),
            EntryKey::new(row.id, row.size()),
        );
        sql::execute(tx, &text, vec![first.into(), end.into()]).await?;
    }
    cut_tiles(tx, row.id, size).await?;
    show_before(db, tx, row, gone.firsts).await?;
    set_back(tx, row, size, gone.bytes).await?;
    members::note_change(tx, row.hub_id).await?;
    if size == 0 {
        succession::take_back(db, tx, row, now).await?;
    }
    // Places are taken anew, so nothing that was read of them may be remembered, in other processes neither.
    sql::execute(tx, "UPDATE store SET drops = drops + 1", vec![]).await?;
    Ok(taken)
}

/// What is taken out: how much, and the first entry of each record among it.
#[derive(Default)]
struct Gone {
    bytes: u64,
    firsts: HashMap<RecordId, (EntryKey, Header)>,
}

impl Gone {
    fn note(&mut self, key: EntryKey, bytes: usize, header: &str) {
        self.bytes += bytes as u64;
        if let Ok(header) = Header::parse(header) {
            self.firsts.entry(header.record).or_insert((key, header));
        }
    }
}

async fn cut_tiles(tx: &DatabaseTransaction, log_id: i64, size: u64) -> Result<(), StorageError> {
    let width = TILE_WIDTH;
    let mut hashes = size;
    for level in 0..8_i32 {
        let (whole, rest) = (hashes / width, hashes % width);
        let values = |place: u64| vec![log_id.into(), level.into(), sql::signed(place).into()];
        let beyond = "DELETE FROM tile WHERE log_id = $1 AND level = $2 AND place >= $3";
        sql::execute(tx, beyond, values(whole + u64::from(rest > 0))).await?;
        if rest > 0 {
            let bytes = rest * Hash::LEN as u64;
            let text = format!(
                "UPDATE tile SET hashes = substr(hashes, 1, {bytes}) WHERE log_id = $1 AND level = $2 AND place = $3"
            );
            sql::execute(tx, &text, values(whole)).await?;
        }
        hashes = whole;
    }
    Ok(())
}

/// Shows of each record what the hub's logs still say of it.
async fn show_before(
    db: &Database,
    tx: &DatabaseTransaction,
    row: &LogRow,
    gone: HashMap<RecordId, (EntryKey, Header)>,
) -> Result<(), StorageError> {
    let ranks: HashMap<i64, usize> = heads::ids_of_hub(tx, row.hub_id)
        .await?
        .into_iter()
        .enumerate()
        .map(|(rank, id)| (id, rank))
        .collect();
    let records: BTreeSet<RecordId> = gone.keys().copied().collect();
    for some in records.into_iter().collect::<Vec<_>>().chunks(256) {
        let mut left = left_of(tx, &ranks, some).await?;
        let mut speaking = Vec::new();
        for record in some {
            let (key, header) = &gone[record];
            let left = left.remove(record).unwrap_or_default();
            speaking.push(Speaking::of(*key, header, left, &ranks));
        }
        // A hub that was named only by records of which nothing is left counts as never named: a pin for it may count again.
        let nothing_left = speaking.iter().filter(|record| record.now.is_none());
        members::forget_names(tx, nothing_left.map(|record| record.before)).await?;
        let changes = speaking.iter().flat_map(Speaking::changes).collect();
        let applied = projection::apply(tx, row.hub_id, changes).await?;
        projection::note_unprojected(tx, applied.unreadable.into_iter()).await?;
        let is_ours = row.slug == db.hub().as_str();
        let missing = speaking.iter().filter_map(|now| now.missing(row, is_ours));
        door::note_missing(tx, missing).await?;
    }
    Ok(())
}

/// An entry that is left of a record.
struct Left {
    key: EntryKey,
    header: Header,
    payload: Option<String>,
}

async fn left_of(
    tx: &DatabaseTransaction,
    ranks: &HashMap<i64, usize>,
    records: &[RecordId],
) -> Result<HashMap<RecordId, Vec<Left>>, StorageError> {
    let ids = records.iter().map(|record| Value::from(record.as_uuid()));
    let (text, values) = sql::entries_of("header, payload", ids.collect());
    let mut left: HashMap<RecordId, Vec<Left>> = HashMap::new();
    for row in sql::rows(tx, &text, values).await? {
        let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
        let raw = read::raw_at(&row, 1, key)?;
        let header = Header::parse(&raw.header);
        if let Ok(header) = header
            && ranks.contains_key(&key.log_id())
        {
            left.entry(header.record).or_default().push(Left {
                key,
                header,
                payload: raw.payload,
            });
        }
    }
    Ok(left)
}

/// A record's first key before, and what speaks for it now.
struct Speaking<'a> {
    before: EntryKey,
    gone: &'a Header,
    first: Option<(EntryKey, OffsetDateTime)>,
    now: Option<Left>,
}

impl<'a> Speaking<'a> {
    fn of(
        gone_key: EntryKey,
        gone: &'a Header,
        mut left: Vec<Left>,
        ranks: &HashMap<i64, usize>,
    ) -> Self {
        let rank = |key: EntryKey| (ranks.get(&key.log_id()).copied(), key);
        left.sort_unstable_by_key(|entry| rank(entry.key));
        let first = left.first().map(|entry| (entry.key, entry.header.at));
        let before = first
            .map(|(key, _)| key)
            .filter(|key| rank(*key) < rank(gone_key))
            .unwrap_or(gone_key);
        // Within a log the first of the highest revision speaks; a later log speaks before an earlier one.
        let speaks = |entry: &Left| (rank(entry.key).0, entry.header.revision, Reverse(entry.key));
        let now = left.into_iter().max_by_key(speaks);
        Self {
            before,
            gone,
            first,
            now,
        }
    }

    fn changes(&self) -> Vec<Change<'_>> {
        let removal = Change {
            key: self.before,
            entry: self.before,
            is_known: true,
            header: self.gone,
            published: self.gone.at,
            payload: None,
        };
        let (Some(now), Some((first, published))) = (&self.now, self.first) else {
            return vec![removal];
        };
        let shown = Change {
            key: first,
            entry: now.key,
            is_known: true,
            header: &now.header,
            published,
            payload: now.payload.as_deref(),
        };
        if first == self.before {
            vec![shown]
        } else {
            vec![removal, shown]
        }
    }

    fn missing(&self, row: &LogRow, is_ours: bool) -> Option<EntryKey> {
        let now = self.now.as_ref()?;
        let is_put = matches!(now.header.operation, Operation::Put { .. });
        let is_entitled = door::is_entitled(row, is_ours, &now.header);
        (is_put && is_entitled && now.payload.is_none()).then_some(now.key)
    }
}

/// The log's row, as if what is gone had never come. What proved more proves nothing of the rest.
async fn set_back(
    tx: &DatabaseTransaction,
    row: &LogRow,
    size: u64,
    bytes: u64,
) -> Result<(), StorageError> {
    let text =
        "UPDATE log SET size = $1, newest_seen = $1, bytes = bytes - $2, behind_since = NULL,
        unproved_since = NULL, forked_at = NULL, tail = CASE WHEN proved_size < $1 THEN tail END WHERE id = $3";
    let bytes = sql::signed(bytes).min(row.bytes);
    let values = vec![sql::signed(size).into(), bytes.into(), row.id.into()];
    sql::execute(tx, text, values).await?;
    // What peers hold of another history confirms nothing of what comes in its place.
    let text = "UPDATE peer_head SET size = $1 WHERE log = $2 AND size > $1";
    let values = vec![sql::signed(size).into(), row.id.into()];
    sql::execute(tx, text, values).await?;
    if sql::unsigned(row.proved_size) > size {
        let text =
            "UPDATE log SET proved_size = 0, checkpoint = NULL, proved_at = NULL WHERE id = $1";
        sql::execute(tx, text, vec![row.id.into()]).await?;
    }
    Ok(())
}
