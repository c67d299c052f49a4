//! Entries of histories that do not count, and other histories of the hub's own log that were dealt with.

use std::collections::HashSet;

use domain::entry::Header;
use domain::identity::{LogId, RecordId};
use domain::log::{Hash, RawEntry};
use domain::rules::Rule;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use time::OffsetDateTime;

use super::{EntryKey, heads, held, millis};
use crate::bulk::Insert;
use crate::{Database, StorageError, sql};

/// What was doubtful may be vouched for later, and not the other way round.
const ASIDE: Insert<9> = Insert {
    table: "set_aside",
    columns: [
        "log_id", "place", "leaf", "record", "header", "payload", "reason", "at", "outcome",
    ],
    conflict: "ON CONFLICT (log_id, place, leaf) DO UPDATE SET payload = COALESCE(set_aside.payload, excluded.payload),
        reason = CASE WHEN set_aside.outcome = 'doubtful' THEN excluded.reason ELSE set_aside.reason END,
        outcome = CASE WHEN excluded.payload IS NULL OR set_aside.outcome IS NULL THEN set_aside.outcome
            ELSE excluded.outcome END
        WHERE set_aside.outcome IS NULL OR set_aside.outcome = 'missing'
            OR (set_aside.outcome = 'doubtful' AND excluded.outcome IS NULL)",
};

/// The most doubtful entries that are kept: whoever has an old key of this hub may make up any number.
const MOST_DOUBTFUL: i64 = 10_000;

/// Whose entries were set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// This hub wrote them here; the network knows another history.
    Local,
    /// This hub wrote them, and a peer held them.
    Branch,
    /// A peer held them, and only a key that is closed vouches for them: this hub wrote them, or a thief. They are kept for
    /// the operator, and never issued again.
    Doubtful,
}

impl Reason {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Branch => "branch",
            Self::Doubtful => "doubtful",
        }
    }

    /// What became of them when they were set aside; nothing while they wait to be issued again.
    pub const fn outcome(self) -> Option<&'static str> {
        match self {
            Self::Local | Self::Branch => None,
            Self::Doubtful => Some("doubtful"),
        }
    }
}

/// Keeps entries of this hub's that stood from a place on.
pub(super) async fn keep(
    tx: &DatabaseTransaction,
    log_id: i64,
    from: u64,
    entries: Vec<RawEntry>,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let rows = (from..).zip(entries).map(|(place, entry)| {
        let record = Header::parse(&entry.header)
            .ok()
            .map(|header| header.record.as_uuid());
        [
            log_id.into(),
            sql::signed(place).into(),
            Hash::of_leaf(entry.header.as_bytes())
                .as_bytes()
                .to_vec()
                .into(),
            record.into(),
            entry.header.into_bytes().into(),
            entry.payload.map(String::into_bytes).into(),
            reason.code().into(),
            millis(now).into(),
            reason.outcome().into(),
        ]
    });
    Ok(ASIDE.all(tx, rows.collect()).await?)
}

/// Keeps what a peer holds of another history of this hub's own log, from the place on where it parts: to be issued again,
/// unless it is doubtful.
pub async fn keep_branch(
    db: &Database,
    log: &LogId,
    from: u64,
    entries: Vec<RawEntry>,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, log).await?;
    if reason == Reason::Doubtful {
        let text = "SELECT COUNT(*) FROM set_aside WHERE outcome = 'doubtful'";
        if sql::number(&tx, text, vec![]).await? >= MOST_DOUBTFUL {
            tracing::warn!(%log, from, "more is of a closed key than is kept for the operator; these entries are not");
            return Ok(());
        }
    }
    let headers = entries.iter().map(|entry| Header::parse(&entry.header));
    let records: HashSet<_> = headers.flatten().map(|header| header.record).collect();
    keep(&tx, row.id, from, entries, reason, now).await?;
    if reason.outcome().is_some() && Rule::DeletedNotKept.holds() {
        // Nobody looks at them again, so what was deleted goes at once.
        let gone = held::deleted(&tx, &row, row.size(), &records).await?;
        let gone = gone.iter().map(|(record, _)| record.as_uuid().into());
        forget(&tx, gone.collect()).await?;
    }
    Ok(tx.commit().await?)
}

/// Lets the hub say again what it deleted in one of its logs while a later one, of which it did not know then, says more of
/// the record. Looks at the records of entries that were just added, up to the log's size.
pub(super) async fn keep_overlooked(
    tx: &DatabaseTransaction,
    row: &heads::LogRow,
    size: u64,
    records: &HashSet<RecordId>,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    if !Rule::DeletionSaidAgain.holds() {
        return Ok(());
    }
    let gone = held::deleted(tx, row, size, records).await?;
    for key in gone.into_iter().filter_map(|(_, overlooked)| overlooked) {
        let text = "SELECT header FROM entry WHERE id = $1";
        for row in sql::rows(tx, text, vec![key.into()]).await? {
            let header: Vec<u8> = row.try_get_by_index(0)?;
            let entry = RawEntry {
                header: String::from_utf8_lossy(&header).into_owned(),
                payload: None,
            };
            let (log_id, place) = (key.log_id(), key.place());
            keep(tx, log_id, place, vec![entry], Reason::Branch, now).await?;
        }
    }
    Ok(())
}

/// Notes that a head of another history was dealt with.
pub async fn note_branch(
    db: &Database,
    log: &LogId,
    size: u64,
    root: &Hash,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, log).await?;
    let text = "INSERT INTO branch (log_id, size, root) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    sql::execute(&tx, text, branch(&row, size, root)).await?;
    Ok(tx.commit().await?)
}

/// Says whether a head of another history was dealt with.
pub async fn is_known_branch(
    db: &Database,
    log: &LogId,
    size: u64,
    root: &Hash,
) -> Result<bool, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(false);
    };
    let text = "SELECT COUNT(*) FROM branch WHERE log_id = $1 AND size = $2 AND root = $3";
    Ok(sql::number(db.reader(), text, branch(&row, size, root)).await? > 0)
}

fn branch(row: &heads::LogRow, size: u64, root: &Hash) -> Vec<sea_orm::Value> {
    vec![
        row.id.into(),
        sql::signed(size).into(),
        root.as_bytes().to_vec().into(),
    ]
}

/// An entry that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct SetAside {
    /// Its row.
    pub id: i64,
    /// The row of its log.
    pub log_id: i64,
    /// Where it stood.
    pub place: i64,
    /// Its header's text.
    pub header: Vec<u8>,
    /// Its payload's text, while it is kept.
    pub payload: Option<Vec<u8>>,
    /// Why: `local`, `branch` or `doubtful`.
    pub reason: String,
    /// What became of it; nothing while it waits to be issued again.
    pub outcome: Option<String>,
}

const SET_ASIDE: &str = "SELECT id, log_id, place, header, payload, reason, outcome FROM set_aside";

/// How many entries of a log [`list_open`] would list without a limit.
pub async fn count_open(db: &Database, log: &LogId) -> Result<u64, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(0);
    };
    let text = format!("SELECT COUNT(*) FROM set_aside WHERE log_id = $1 AND {OPEN}");
    let number = sql::number(db.reader(), &text, vec![row.id.into()]).await?;
    Ok(sql::unsigned(number))
}

const OPEN: &str = "outcome IN ('conflict', 'missing', 'doubtful')";

/// The first entries set aside of a log that were not issued again, in order: both histories changed their records, nobody
/// had their payloads, or only a closed key vouches for them.
pub async fn list_open(
    db: &Database,
    log: &LogId,
    limit: u32,
) -> Result<Vec<SetAside>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(Vec::new());
    };
    let text = format!("{SET_ASIDE} WHERE log_id = $1 AND {OPEN} ORDER BY place, id LIMIT $2");
    Ok(sql::all(
        db.reader(),
        &text,
        vec![row.id.into(), i64::from(limit).into()],
    )
    .await?)
}

/// How many of this hub's entries wait to be issued again.
pub async fn count_waiting(db: &Database) -> Result<u64, StorageError> {
    let text = "SELECT COUNT(*) FROM set_aside WHERE outcome IS NULL";
    Ok(sql::unsigned(sql::number(db.reader(), text, vec![]).await?))
}

/// The first of this hub's entries that wait to be issued again.
pub(super) async fn waiting(
    tx: &impl ConnectionTrait,
    limit: u32,
) -> Result<Vec<SetAside>, StorageError> {
    let text = format!("{SET_ASIDE} WHERE outcome IS NULL ORDER BY log_id, place, id LIMIT $1");
    Ok(sql::all(tx, &text, vec![i64::from(limit).into()]).await?)
}

/// The other entries of a record that were set aside of one history of the hub's own log, by the headers' texts.
pub(super) async fn of_record(
    tx: &impl ConnectionTrait,
    record: uuid::Uuid,
    reason: &str,
) -> Result<Vec<Header>, StorageError> {
    let text = "SELECT header FROM set_aside WHERE record = $1 AND reason = $2";
    let rows = sql::rows(tx, text, vec![record.into(), reason.into()]).await?;
    let mut headers = Vec::with_capacity(rows.len());
    for row in rows {
        let header: Vec<u8> = row.try_get_by_index(0)?;
        headers.extend(Header::parse(&String::from_utf8_lossy(&header)).ok());
    }
    Ok(headers)
}

/// The first entry of a log that was set aside for a reason: there, or behind, the history parts from what is held.
pub(super) async fn first(
    tx: &impl ConnectionTrait,
    log_id: i64,
    reason: &str,
) -> Result<EntryKey, StorageError> {
    let text = "SELECT COALESCE(MIN(place), 0) FROM set_aside WHERE log_id = $1 AND reason = $2";
    let place = sql::number(tx, text, vec![log_id.into(), reason.into()]).await?;
    Ok(EntryKey::new(log_id, sql::unsigned(place)))
}

/// Notes what became of an entry; its payload goes unless it waits for its operator.
pub(super) async fn settle(
    tx: &DatabaseTransaction,
    id: i64,
    outcome: &str,
    keeps_payload: bool,
) -> Result<(), StorageError> {
    let drop = if keeps_payload {
        ""
    } else {
        ", payload = NULL"
    };
    let text = format!("UPDATE set_aside SET outcome = $1{drop} WHERE id = $2");
    sql::execute(tx, &text, vec![outcome.into(), id.into()]).await?;
    Ok(())
}

/// Drops what is kept of records that were deleted.
pub(super) async fn forget(
    tx: &DatabaseTransaction,
    records: Vec<sea_orm::Value>,
) -> Result<(), StorageError> {
    for some in records.chunks(256) {
        let (marks, values) = sql::list(1, some.to_vec());
        let text = format!("UPDATE set_aside SET payload = NULL WHERE record IN ({marks})");
        sql::execute(tx, &text, values).await?;
    }
    Ok(())
}
