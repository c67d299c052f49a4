//! Filling payloads that were missing when their entries came.

use domain::entry::Header;
use domain::identity::LogId;
use domain::log::{RawEntry, VerifiedEntry};
use sea_orm::DatabaseTransaction;

use super::door::{self, Origin};
use super::heads::{self, LogRow};
use super::{EntryKey, read};
use crate::following::Changed;
use crate::{Database, StorageError, members, projection, sql};

/// The places in a log whose payloads this hub may have and lacks: first those that any peer gives, each sort in order.
pub async fn list_missing(
    db: &Database,
    log: &LogId,
    limit: u32,
) -> Result<Vec<u64>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(Vec::new());
    };
    let keys = EntryKey::range_of(row.id);
    let text = "SELECT entry FROM missing_payload JOIN entry AS held ON held.id = entry
        WHERE missing_payload.entry >= $1 AND missing_payload.entry < $2 ORDER BY held.audience, entry LIMIT $3";
    let values = vec![keys.start.into(), keys.end.into(), i64::from(limit).into()];
    let rows = sql::rows(db.reader(), text, values).await?;
    let place =
        |row: &sea_orm::QueryResult| Ok(EntryKey::from(row.try_get_by_index::<i64>(0)?).place());
    rows.iter().map(place).collect()
}

/// What became of payloads that a peer gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Payloads that were missing and are now held.
    pub filled: u64,
    /// Payloads that are not the ones their headers name.
    pub false_ones: u64,
}

/// Stores payloads that are still missing and match their headers, in one transaction with what they show.
pub async fn fill(
    db: &Database,
    log: &LogId,
    payloads: Vec<(u64, String)>,
) -> Result<Filled, StorageError> {
    let mut filled = Filled::default();
    let mut keys = Vec::new();
    let tx = db.begin().await?;
    let Some(row) = heads::lock_row(&tx, log).await? else {
        return Ok(filled);
    };
    for (place, payload) in payloads
        .into_iter()
        .filter(|(place, _)| *place < row.size())
    {
        match fill_one(db, &tx, &row, place, payload).await? {
            Outcome::Filled => {
                filled.filled += 1;
                keys.push(EntryKey::new(row.id, place));
            }
            Outcome::False => filled.false_ones += 1,
            Outcome::NotMissing => {}
        }
    }
    if filled.filled > 0 {
        members::note_change(&tx, row.hub_id).await?;
        db.commit(tx, row.id, &[], Changed::keys(&row, &keys))
            .await?;
    }
    Ok(filled)
}

enum Outcome {
    Filled,
    False,
    NotMissing,
}

async fn fill_one(
    db: &Database,
    tx: &DatabaseTransaction,
    row: &LogRow,
    place: u64,
    payload: String,
) -> Result<Outcome, StorageError> {
    let key = EntryKey::new(row.id, place);
    let Some(RawEntry {
        header: header_text,
        ..
    }) = read::stretch(db, row.id, place..place + 1).await?.pop()
    else {
        return Ok(Outcome::NotMissing);
    };
    let header = Header::parse(&header_text);
    if !header
        .as_ref()
        .is_ok_and(|header| header.commits_to(&payload))
    {
        return Ok(Outcome::False);
    }
    let missing = sql::execute(
        tx,
        "DELETE FROM missing_payload WHERE entry = $1",
        vec![key.into()],
    )
    .await?;
    if missing == 0 {
        return Ok(Outcome::NotMissing);
    }
    let text = "UPDATE entry SET payload = $1 WHERE id = $2";
    sql::execute(
        tx,
        text,
        vec![payload.clone().into_bytes().into(), key.into()],
    )
    .await?;
    let entry = VerifiedEntry {
        header_text,
        header,
        payload: Some(payload),
    };
    let at_place = LogRow {
        size: sql::signed(place),
        ..row.clone()
    };
    let unreadable = door::project(db, tx, &at_place, Origin::of(db, row), &[entry]).await?;
    projection::note_unprojected(tx, unreadable.into_iter()).await?;
    Ok(Outcome::Filled)
}
