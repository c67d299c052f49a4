//! Trying again, after an upgrade, what an older program could not read.
//!
//! Every entry that shows nothing bears the number of the rules under which it was last tried. One of a lower number is
//! projected again at its own place, by the code that projects what is pulled. A page of them is one transaction under the
//! log's lock, so it may stop anywhere, and several processes may do it at once. An older program on the same database
//! notes its own number, so that what it could not read is tried again as well.
//!
//! An entry that is unprojected because of what it says is its record's newest: else it would be superseded and no longer
//! be noted. So what comes after it in its log does not matter here.

use std::collections::BTreeSet;
use std::ops::Range;

use sea_orm::{DatabaseTransaction, Value};

use super::door::OUT_OF_ORDER;
use super::heads::{self, LogRow};
use super::unprojected::HEADER;
use super::{EntryKey, rebuild};
use crate::following::Changed;
use crate::projection::{self, RULES};
use crate::{Database, StorageError, sql};

/// How many entries are tried in one transaction.
const PAGE: i64 = 250;

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Entries that were tried.
    pub tried: u64,
    /// Those among them that are no longer unprojected.
    pub mended: u64,
}

/// How many entries wait to be tried under the rules of this program.
pub async fn count_waiting(db: &Database) -> Result<u64, StorageError> {
    let text = "SELECT COUNT(*) FROM unprojected WHERE rules < $1";
    let number = sql::number(db.reader(), text, vec![RULES.into()]).await?;
    Ok(sql::unsigned(number))
}

/// Tries the next page of what an older program could not read; nothing when nothing waits.
pub async fn next_page(db: &Database) -> Result<Option<Tried>, StorageError> {
    match next_waiting(db).await? {
        Some(first) => Ok(Some(page_from(db, first).await?)),
        None => Ok(None),
    }
}

/// Tries all that waits, page by page. `progress` is told after each.
pub async fn run(db: &Database, mut progress: impl FnMut(Tried)) -> Result<Tried, StorageError> {
    let mut all = Tried::default();
    let mut last = None;
    while let Some(first) = next_waiting(db).await? {
        // It ends: each page brings it forward.
        if last.replace(first) == Some(first) {
            let rule = "it waits although it was tried";
            return Err(StorageError::corrupt("unprojected", first.get(), rule));
        }
        let page = page_from(db, first).await?;
        all.tried += page.tried;
        all.mended += page.mended;
        progress(all);
    }
    Ok(all)
}

async fn next_waiting(db: &Database) -> Result<Option<EntryKey>, StorageError> {
    let text = "SELECT entry FROM unprojected WHERE rules < $1 ORDER BY rules, entry LIMIT 1";
    let rows = sql::rows(db.reader(), text, vec![RULES.into()]).await?;
    let key = |row: &sea_orm::QueryResult| Ok(row.try_get_by_index::<i64>(0)?.into());
    rows.first().map(key).transpose()
}

async fn page_from(db: &Database, first: EntryKey) -> Result<Tried, StorageError> {
    let tx = db.begin().await?;
    let log = heads::lock_row_of(&tx, first.log_id()).await?;
    let (tried, changed) = match log {
        Some(log) => {
            let page = waiting(&tx, &log, first).await?;
            let keys: Vec<EntryKey> = page.iter().map(|(key, _)| *key).collect();
            let tried = try_page(db, &tx, &log, &page).await?;
            (tried, Changed::keys(&log, &keys))
        }
        None => (pass_over(&tx, &[first]).await?, Changed::Nothing),
    };
    db.commit_shown(tx, changed, &[]).await?;
    Ok(tried)
}

/// What waits in a log from a place on, and whether a newer program may read it.
async fn waiting(
    tx: &DatabaseTransaction,
    log: &LogRow,
    first: EntryKey,
) -> Result<Vec<(EntryKey, bool)>, StorageError> {
    let text =
        "SELECT entry, reason FROM unprojected WHERE rules < $1 AND entry >= $2 AND entry < $3
        ORDER BY entry LIMIT $4";
    let end = EntryKey::range_of(log.id).end;
    let values = vec![RULES.into(), first.into(), end.into(), PAGE.into()];
    let read = |row: &sea_orm::QueryResult| {
        let reason: String = row.try_get_by_index(1)?;
        let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
        Ok((key, !matches!(reason.as_str(), OUT_OF_ORDER | HEADER)))
    };
    sql::rows(tx, text, values)
        .await?
        .iter()
        .map(read)
        .collect()
}

async fn try_page(
    db: &Database,
    tx: &DatabaseTransaction,
    log: &LogRow,
    page: &[(EntryKey, bool)],
) -> Result<Tried, StorageError> {
    let mut left: BTreeSet<EntryKey> = page.iter().map(|(key, _)| *key).collect();
    let mut mended = Vec::new();
    for places in runs(page) {
        let unreadable = match rebuild::project_places(db, tx, log, places.clone()).await {
            Ok(unreadable) => unreadable,
            Err(error @ StorageError::Corrupt { table: "entry", .. }) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "entries cannot be read"
                );
                continue;
            }
            Err(error) => return Err(error),
        };
        let still: BTreeSet<EntryKey> = unreadable.iter().map(|(key, _)| *key).collect();
        for key in places.map(|place| EntryKey::new(log.id, place)) {
            left.remove(&key);
            if !still.contains(&key) {
                mended.push(key);
            }
        }
        projection::note_unprojected(tx, unreadable.into_iter()).await?;
    }
    in_chunks(tx, "DELETE FROM unprojected WHERE entry IN", &mended).await?;
    let passed_over: Vec<EntryKey> = left.into_iter().collect();
    pass_over(tx, &passed_over).await?;
    Ok(Tried {
        tried: page.len() as u64,
        mended: mended.len() as u64,
    })
}

/// Notes that these are not to be tried under these rules.
async fn pass_over(tx: &DatabaseTransaction, keys: &[EntryKey]) -> Result<Tried, StorageError> {
    let text = format!("UPDATE unprojected SET rules = {RULES} WHERE entry IN");
    in_chunks(tx, &text, keys).await?;
    Ok(Tried {
        tried: keys.len() as u64,
        mended: 0,
    })
}

/// The places of entries that may be mended, those that follow one another together.
fn runs(page: &[(EntryKey, bool)]) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for (key, _) in page.iter().filter(|(_, is_mendable)| *is_mendable) {
        let place = key.place();
        match runs.last_mut() {
            Some(run) if run.end == place => run.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    runs
}

async fn in_chunks(
    tx: &DatabaseTransaction,
    statement: &str,
    keys: &[EntryKey],
) -> Result<(), StorageError> {
    for some in keys.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|key| Value::from(*key)).collect());
        sql::execute(tx, &format!("{statement} ({marks})"), values).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_one_another_is_tried_together() {
        let check = |places: &[(u64, bool)], expected: &[Range<u64>]| {
            let page: Vec<_> = places
                .iter()
                .map(|(place, is_mendable)| (EntryKey::new(3, *place), *is_mendable))
                .collect();
            assert_eq!(runs(&page), expected);
        };
        check(&[], &[]);
        check(&[(7, true), (9, true)], &[7..8, 9..10]);
        check(&[(7, true), (8, true), (10, true)], &[7..9, 10..11]);
        check(&[(7, true), (8, false), (9, true)], &[7..8, 9..10]);
        check(&[(7, false)], &[]);
    }
}
