//! Making the projection anew from the entries.

use domain::entry::Header;
use domain::log::{RawEntry, VerifiedEntry};
use sea_orm::DatabaseTransaction;

use super::door::{self, Origin};
use super::heads::{self, LogRow};
use super::{EntryKey, read};
use crate::content::Unreadable;
use crate::following::Changed;
use crate::{Database, StorageError, projection, sql};

const STRETCH: u64 = 1000;
const TABLES: [&str; 9] = [
    "member",
    "hub_profile",
    "unprojected",
    "external_id",
    "innovation_tag",
    "item_link",
    "item",
    "innovation",
    "agency",
];

/// How far rebuilding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries read.
    pub done: u64,
    /// Entries there are.
    pub total: u64,
}

/// Empties what readers see and fills it again from the entries, in one transaction: readers see the old until the new
/// is whole. `progress` is told after each stretch.
pub async fn rebuild(
    db: &Database,
    mut progress: impl FnMut(Progress),
) -> Result<u64, StorageError> {
    let tx = db.begin().await?;
    let logs = heads::lock_rows(&tx).await?;
    for table in TABLES {
        sql::execute(&tx, &format!("DELETE FROM {table}"), vec![]).await?;
    }
    let forget =
        "UPDATE hub SET record = NULL, entry = NULL, name = NULL, kind = NULL, region = NULL";
    sql::execute(&tx, forget, vec![]).await?;
    let total = logs.iter().map(LogRow::size).sum();
    let mut done = 0;
    for log in &logs {
        for from in (0..log.size()).step_by(1000) {
            let until = log.size().min(from + STRETCH);
            let unreadable = project_places(db, &tx, log, from..until).await?;
            projection::note_unprojected(&tx, unreadable.into_iter()).await?;
            done += until - from;
            progress(Progress { done, total });
        }
    }
    db.commit_shown(tx, Changed::All, &[]).await?;
    Ok(done)
}

/// Projects stored entries of a locked log at their places, and says which show nothing.
pub(super) async fn project_places(
    db: &Database,
    tx: &DatabaseTransaction,
    log: &LogRow,
    places: std::ops::Range<u64>,
) -> Result<Vec<(EntryKey, Unreadable)>, StorageError> {
    let at_place = LogRow {
        size: sql::signed(places.start),
        ..log.clone()
    };
    let expected = places.end - places.start;
    let entries: Vec<_> = read::stretch(db, log.id, places)
        .await?
        .into_iter()
        .map(verified)
        .collect();
    if entries.len() as u64 != expected {
        let rule = format!("of {expected} entries {} are there", entries.len());
        let near = format!("near {}", EntryKey::new(log.id, at_place.size()).get());
        return Err(StorageError::corrupt("entry", near, rule));
    }
    note_audiences(tx, &at_place, &entries).await?;
    door::project(db, tx, &at_place, Origin::of(db, log), &entries).await
}

/// Notes again for whom entries are, of which older versions of this program kept no note.
async fn note_audiences(
    tx: &DatabaseTransaction,
    log: &LogRow,
    entries: &[VerifiedEntry],
) -> Result<(), StorageError> {
    for (place, entry) in entries.iter().enumerate() {
        let rank = entry.header.as_ref().map_or(0, door::rank);
        if rank > 0 {
            let text = "UPDATE entry SET audience = $1 WHERE id = $2 AND audience <> $1";
            sql::execute(tx, text, vec![rank.into(), log.key(place).into()]).await?;
        }
    }
    Ok(())
}

/// What is stored was verified when it came.
fn verified(raw: RawEntry) -> VerifiedEntry {
    VerifiedEntry {
        header: Header::parse(&raw.header),
        header_text: raw.header,
        payload: raw.payload,
    }
}
