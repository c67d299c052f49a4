//! Keeping of each log what this hub may have, when what it may have changes.
//!
//! What is kept of a log is noted with it as its sight, and the door keeps to that. A change of trust only leaves a mark,
//! in its own transaction; the next round settles what follows from it, before it asks anybody: payloads that may be had
//! now become holes, and those that may not be had any more go, with all that they show.

use std::collections::HashSet;

use domain::entry::{Header, Operation, Sight};
use domain::identity::{HubId, RecordId};
use domain::log::VerifiedEntry;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::EntryKey;
use super::door::{MISSING, OUT_OF_ORDER};
use super::heads::{self, LogRow};
use super::{held, left_out};
use crate::following::Changed;
use crate::{Database, StorageError, items, sql, trust};

/// How many entries are looked at in one statement.
const STRETCH: i64 = 1000;

/// What this hub may keep of a hub's logs, by the trust of this moment.
pub(super) async fn sight_here(db: &Database, hub: &HubId) -> Result<i32, StorageError> {
    let trust = trust::load(db).await?;
    Ok(trust.sight_here(db.hub(), hub).rank().into())
}

/// Notes what is kept of a log.
pub(super) async fn note(
    tx: &impl ConnectionTrait,
    log: &LogRow,
    sight: i32,
) -> Result<(), StorageError> {
    let text = "UPDATE log SET sight = $1 WHERE id = $2";
    sql::execute(tx, text, vec![sight.into(), log.id.into()]).await?;
    Ok(())
}

/// Brings what is kept into line with the trust of this moment, if trust changed since that was last done.
pub async fn settle(db: &Database) -> Result<(), StorageError> {
    let text = "SELECT trust_mark FROM store WHERE trust_mark <> settled_mark";
    let Some(row) = sql::rows(db.reader(), text, vec![]).await?.pop() else {
        return Ok(());
    };
    let mark: i64 = row.try_get_by_index(0)?;
    let trust = trust::load(db).await?;
    for head in heads::list(db).await? {
        let sight = trust.sight_here(db.hub(), &head.log.hub);
        if head.log.hub != *db.hub() {
            settle_log(db, &head.log, sight).await?;
        }
    }
    let text = "UPDATE store SET settled_mark = $1";
    sql::execute(db.writer(), text, vec![mark.into()]).await?;
    Ok(())
}

async fn settle_log(
    db: &Database,
    log: &domain::identity::LogId,
    sight: Sight,
) -> Result<(), StorageError> {
    let sight = i32::from(sight.rank());
    let tx = db.begin().await?;
    let Some(row) = heads::lock_row(&tx, log).await? else {
        return Ok(());
    };
    let dropped = match sight.cmp(&row.sight) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Greater => {
            ask_for(&tx, &row, sight).await?;
            Vec::new()
        }
        std::cmp::Ordering::Less => let_go(&tx, &row, sight).await?,
    };
    note(&tx, &row, sight).await?;
    let changed = Changed::Hub(row.hub_id);
    db.commit(tx, row.id, &dropped, changed).await.map(drop)
}

/// Notes as missing what may be had from now on: payloads of entries that are their records' newest.
async fn ask_for(tx: &DatabaseTransaction, log: &LogRow, sight: i32) -> Result<(), StorageError> {
    let mut met: HashSet<(RecordId, u64)> = HashSet::new();
    let mut next = EntryKey::new(log.id, 0);
    let end = EntryKey::new(log.id, log.size());
    loop {
        let text = "SELECT id, header FROM entry WHERE audience <> 0 AND audience <= $1
            AND payload IS NULL AND id >= $2 AND id < $3 ORDER BY id LIMIT $4";
        let values = vec![sight.into(), next.into(), end.into(), STRETCH.into()];
        let rows = sql::rows(tx, text, values).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        next = EntryKey::from(last.try_get_by_index::<i64>(0)? + 1);
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
            let text = String::from_utf8(row.try_get_by_index(1)?);
            let header_text =
                text.map_err(|error| StorageError::corrupt("entry", key.get(), error))?;
            let entry = VerifiedEntry {
                header: Header::parse(&header_text),
                header_text,
                payload: None,
            };
            entries.push((key, entry));
        }
        let missing = newest_of(tx, log, entries, &mut met).await?;
        MISSING.all(tx, missing).await?;
    }
}

/// Those entries of a whole log that speak for their records.
async fn newest_of(
    tx: &DatabaseTransaction,
    log: &LogRow,
    entries: Vec<(EntryKey, VerifiedEntry)>,
    met: &mut HashSet<(RecordId, u64)>,
) -> Result<Vec<[Value; 1]>, StorageError> {
    let (keys, entries): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    let held = held::read(tx, log, &entries).await?;
    let is_newest = |header: &Header| {
        let revisions = held.get(&header.record).map(|held| &held.revisions);
        let speaks = revisions
            .is_some_and(|held| !held.is_in_later && held.newest_here == Some(header.revision));
        // Of several that say they are this revision, the first is.
        speaks && met.insert((header.record, header.revision))
    };
    let mut is_newest = is_newest;
    let wanted = keys.into_iter().zip(&entries).filter(|(_, entry)| {
        let header = entry.header.as_ref().ok();
        header.is_some_and(|header| {
            matches!(header.operation, Operation::Put { .. }) && is_newest(header)
        })
    });
    Ok(wanted.map(|(key, _)| [key.into()]).collect())
}

/// Drops the payloads that may not be had any more, and what they show; gives their entries.
async fn let_go(
    tx: &DatabaseTransaction,
    log: &LogRow,
    sight: i32,
) -> Result<Vec<EntryKey>, StorageError> {
    items::one_at_a_time(tx).await?;
    let keys = EntryKey::range_of(log.id);
    let hidden = "audience <> 0 AND audience > $1 AND id >= $2 AND id < $3";
    let values: Vec<Value> = vec![sight.into(), keys.start.into(), keys.end.into()];
    let text = format!("SELECT id FROM entry WHERE {hidden} AND payload IS NOT NULL");
    let rows = sql::rows(tx, &text, values.clone()).await?;
    let dropped = rows
        .iter()
        .map(|row| Ok(EntryKey::from(row.try_get_by_index::<i64>(0)?)))
        .collect::<Result<Vec<_>, StorageError>>()?;
    for text in [
        format!("UPDATE entry SET payload = NULL WHERE {hidden} AND payload IS NOT NULL"),
        format!("DELETE FROM missing_payload WHERE entry IN (SELECT id FROM entry WHERE {hidden})"),
        format!(
            "DELETE FROM unprojected WHERE entry IN (SELECT id FROM entry WHERE {hidden})
             AND reason NOT IN ('header', 'version', 'audience', '{OUT_OF_ORDER}')"
        ),
    ] {
        sql::execute(tx, &text, values.clone()).await?;
    }
    let shown = "audience <> 0 AND audience > $1 AND entry >= $2 AND entry < $3";
    for text in [
        format!(
            "DELETE FROM innovation_tag WHERE innovation IN (SELECT key FROM innovation WHERE {shown})"
        ),
        format!(
            "DELETE FROM external_id WHERE innovation IN (SELECT key FROM innovation WHERE {shown})"
        ),
        format!("DELETE FROM innovation WHERE {shown}"),
        format!("DELETE FROM agency WHERE {shown}"),
    ] {
        sql::execute(tx, &text, values.clone()).await?;
    }
    left_out::let_go(tx, log.id, sight).await?;
    items::drop_where(tx, shown, &values).await?;
    Ok(dropped)
}
