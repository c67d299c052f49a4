//! Following the store: what its commits changed for readers, one after the other.
//!
//! Whatever is derived from the store and kept beside it (columns in memory, an index) reads the store at one moment,
//! notes that moment's position, and later asks what changed since ([`Snapshot::changes_since`]). Each commit notes the
//! entries that it is about in the table `commit_change`, in the statement that takes its position; the last 65,536 commits are
//! there. Who is further behind, or finds a gap, reads everything anew.
//!
//! A record is told when its own row may have changed. What another row shows because of it is for the follower to know:
//! it holds what it read before.
//!
//! [`table`] reads the rows of tables at that moment. Not here: what is derived, and when it is looked after.

pub(crate) mod table;

use std::collections::BTreeSet;
use std::ops::Range;

use domain::identity::RecordId;
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionTrait as _,
};
use uuid::Uuid;

use crate::database::{Mark, no_store};
use crate::logs::EntryKey;
use crate::logs::heads::LogRow;
use crate::{Database, StorageError, sql};

/// How many commits are remembered.
const SLOTS: u64 = 65_536;
/// How many entries one statement looks at.
const STRETCH: i64 = 5000;

/// What a commit changes for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Nothing that is shown of records.
    Nothing,
    /// The records of these entries, by their keys.
    Entries(Range<i64>),
    /// Any record of a hub, by its row.
    Hub(i64),
    /// Anything.
    All,
}

impl Changed {
    /// The records of entries at these places of a log. A log's first entry may say what counts of the hub's other logs.
    pub(crate) fn places(log: &LogRow, places: Range<u64>) -> Self {
        if places.is_empty() {
            return Self::Nothing;
        }
        if places.start == 0 {
            return Self::Hub(log.hub_id);
        }
        let key = |place| EntryKey::new(log.id, place).get();
        Self::Entries(key(places.start)..key(places.end))
    }

    /// The records of these entries of a log.
    pub(crate) fn keys(log: &LogRow, keys: &[EntryKey]) -> Self {
        let places = || keys.iter().map(|key| key.place());
        match (places().min(), places().max()) {
            (Some(first), Some(last)) => Self::places(log, first..last + 1),
            _ => Self::Nothing,
        }
    }

    const fn columns(&self) -> (i32, i64, i64) {
        match self {
            Self::Nothing => (0, 0, 0),
            Self::Entries(keys) => (1, keys.start, keys.end),
            Self::Hub(hub_id) => (2, *hub_id, 0),
            Self::All => (3, 0, 0),
        }
    }

    fn of_columns(scope: i32, first: i64, until: i64) -> Self {
        match scope {
            0 => Self::Nothing,
            1 => Self::Entries(first..until),
            2 => Self::Hub(first),
            _ => Self::All,
        }
    }
}

/// Takes the next position and notes with it what the commit changes; the log that changed, if one did, is stamped with it. The
/// last statement, or the last three where each has to stand alone.
pub(crate) async fn next_position(
    tx: &DatabaseTransaction,
    log_id: Option<i64>,
    drops: i64,
    changed: &Changed,
) -> Result<Mark, StorageError> {
    let (scope, first, until) = changed.columns();
    let noted =
        "ON CONFLICT (slot) DO UPDATE SET position = excluded.position, scope = excluded.scope,
        first = excluded.first, until = excluded.until";
    if tx.get_database_backend() == DbBackend::Postgres {
        let text = format!(
            "WITH mark AS (UPDATE store SET position = position + 1, drops = drops + $1 RETURNING store, position, drops),
             noted AS (INSERT INTO commit_change (slot, position, scope, first, until)
                SELECT position % {SLOTS}, position, CAST($2 AS INTEGER), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM mark
                {noted}),
             stamped AS (UPDATE log SET position = mark.position FROM mark WHERE log.id = $5)
             SELECT store, position, drops, pg_notify('simpul_commit', CAST(position AS TEXT)) FROM mark"
        );
        let values = vec![
            drops.into(),
            scope.into(),
            first.into(),
            until.into(),
            log_id.into(),
        ];
        return sql::one(tx, &text, values).await?.ok_or_else(no_store);
    }
    let text = "UPDATE store SET position = position + 1, drops = drops + $1 RETURNING store, position, drops";
    let mark: Option<Mark> = sql::one(tx, text, vec![drops.into()]).await?;
    let mark = mark.ok_or_else(no_store)?;
    let text = format!(
        "INSERT INTO commit_change (slot, position, scope, first, until) VALUES ($1, $2, $3, $4, $5) {noted}"
    );
    let slot = mark.position % sql::signed(SLOTS);
    let values = vec![
        slot.into(),
        mark.position.into(),
        scope.into(),
        first.into(),
        until.into(),
    ];
    sql::execute(tx, &text, values).await?;
    if let Some(log_id) = log_id {
        let text = "UPDATE log SET position = $1 WHERE id = $2";
        sql::execute(tx, text, vec![mark.position.into(), log_id.into()]).await?;
    }
    Ok(mark)
}

/// A record and the row of its hub, as the tables of records name it.
pub type RecordRow = (i64, RecordId);

/// What changed for readers between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Anything may have changed, so everything is to be read anew.
    All,
    /// No more than this.
    Some {
        /// Hubs of which any record may have changed, also one of which nothing is left.
        hubs: BTreeSet<i64>,
        /// Where the entries lie whose records changed; [`Snapshot::records`] tells which those are.
        entries: Vec<Range<EntryKey>>,
    },
}

/// The store at one moment: whatever is read of it belongs together, and nobody waits for it. Not to be kept for long,
/// because what was overwritten meanwhile cannot be cleared away.
#[derive(Debug)]
pub struct Snapshot {
    tx: DatabaseTransaction,
    store: Uuid,
    position: u64,
}

impl Database {
    /// The store as it is now.
    pub async fn snapshot(&self) -> Result<Snapshot, StorageError> {
        let db = self.snapshots();
        let tx = match db.get_database_backend() {
            DbBackend::Postgres => {
                let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                db.begin_with_config(Some(isolation), Some(access)).await?
            }
            _ => db.begin().await?,
        };
        // From this first statement on the transaction sees one state.
        let text = "SELECT store, position, drops FROM store";
        let mark: Option<Mark> = sql::one(&tx, text, vec![]).await?;
        let mark = mark.ok_or_else(no_store)?;
        Ok(Snapshot {
            tx,
            store: mark.store,
            position: sql::unsigned(mark.position),
        })
    }
}

impl Snapshot {
    /// The position of the newest commit that is seen.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The id of the store.
    pub const fn store(&self) -> Uuid {
        self.store
    }

    /// Ends it.
    pub async fn end(self) -> Result<(), StorageError> {
        Ok(self.tx.commit().await?)
    }

    pub(crate) const fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// What changed since the commit at a position.
    pub async fn changes_since(&self, position: u64) -> Result<Changes, StorageError> {
        let Some(commits) = self.position.checked_sub(position) else {
            return Ok(Changes::All);
        };
        if commits > SLOTS {
            return Ok(Changes::All);
        }
        let slot = |position: u64| sql::signed(position % SLOTS);
        let (first, last) = (slot(position + 1), slot(self.position));
        let word = if first <= last { "AND" } else { "OR" };
        let text = format!(
            "SELECT position, scope, first, until FROM commit_change WHERE (slot >= $1 {word} slot <= $2)
                AND position > $3 AND position <= $4 ORDER BY position"
        );
        let (after, until) = (sql::signed(position), sql::signed(self.position));
        let values = vec![first.into(), last.into(), after.into(), until.into()];
        let rows = match commits {
            0 => Vec::new(),
            _ => sql::rows(&self.tx, &text, values).await?,
        };
        // An older program on the same database notes nothing.
        if rows.len() as u64 != commits {
            return Ok(Changes::All);
        }
        let read = |row: &sea_orm::QueryResult| {
            let scope = row.try_get_by_index(1)?;
            Ok(Changed::of_columns(
                scope,
                row.try_get_by_index(2)?,
                row.try_get_by_index(3)?,
            ))
        };
        let changed: Result<Vec<Changed>, StorageError> = rows.iter().map(read).collect();
        Ok(together(changed?))
    }

    /// The next records of changed entries, and takes those entries off; at most about 5,000 at a time. Empty when nothing
    /// is left.
    pub async fn records(
        &self,
        entries: &mut Vec<Range<EntryKey>>,
    ) -> Result<BTreeSet<RecordRow>, StorageError> {
        let mut records = BTreeSet::new();
        while records.is_empty()
            && let Some(range) = entries.pop()
        {
            let text = "SELECT entry.id, log.hub_id, entry.record FROM entry
                JOIN log ON log.id = entry.id / 1099511627776
                WHERE entry.id >= $1 AND entry.id < $2 ORDER BY entry.id LIMIT $3";
            let values = vec![range.start.into(), range.end.into(), STRETCH.into()];
            let rows = sql::rows(&self.tx, text, values).await?;
            let mut last = None;
            for row in &rows {
                last = Some(row.try_get_by_index::<i64>(0)?);
                // An entry whose header cannot be read is of no record.
                if let Some(record) = row.try_get_by_index::<Option<Uuid>>(2)? {
                    records.insert((row.try_get_by_index(1)?, record.into()));
                }
            }
            if let Some(last) = last
                && rows.len() as u64 >= sql::unsigned(STRETCH)
            {
                entries.push(EntryKey::from(last + 1)..range.end);
            }
        }
        Ok(records)
    }

    /// Where all entries of a hub's logs lie.
    pub async fn entries_of(&self, hub_id: i64) -> Result<Vec<Range<EntryKey>>, StorageError> {
        let text = "SELECT id FROM log WHERE hub_id = $1 ORDER BY id DESC";
        let rows = sql::rows(&self.tx, text, vec![hub_id.into()]).await?;
        let range = |row: &sea_orm::QueryResult| {
            let keys = EntryKey::range_of(row.try_get_by_index(0)?);
            Ok(keys.start.into()..keys.end.into())
        };
        rows.iter().map(range).collect()
    }
}

/// Brings what several commits changed together: stretches of entries that touch become one.
fn together(commits: Vec<Changed>) -> Changes {
    let mut hubs = BTreeSet::new();
    let mut ranges: Vec<Range<i64>> = Vec::new();
    for changed in commits {
        match changed {
            Changed::Nothing => {}
            Changed::All => return Changes::All,
            Changed::Hub(hub_id) => drop(hubs.insert(hub_id)),
            Changed::Entries(range) => ranges.push(range),
        }
    }
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut entries: Vec<Range<EntryKey>> = Vec::new();
    for range in ranges {
        let (start, end) = (EntryKey::from(range.start), EntryKey::from(range.end));
        match entries.last_mut() {
            Some(before) if start <= before.end => before.end = before.end.max(end),
            _ => entries.push(start..end),
        }
    }
    Changes::Some { hubs, entries }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(commits: &[Changed], hubs: &[i64], entries: &[Range<i64>]) {
        let key = |range: &Range<i64>| range.start.into()..range.end.into();
        let expected = Changes::Some {
            hubs: hubs.iter().copied().collect(),
            entries: entries.iter().map(key).collect(),
        };
        assert_eq!(together(commits.to_vec()), expected);
    }

    #[test]
    fn what_touches_becomes_one() {
        use Changed::{Entries, Hub, Nothing};
        check(&[], &[], &[]);
        check(&[Nothing, Hub(3), Hub(3), Hub(1)], &[1, 3], &[]);
        check(
            &[Entries(5..7), Entries(7..9)],
            &[],
            std::slice::from_ref(&(5..9)),
        );
        check(
            &[Entries(7..9), Entries(1..2), Entries(1..8)],
            &[],
            std::slice::from_ref(&(1..9)),
        );
        check(&[Entries(7..9), Entries(1..2)], &[], &[1..2, 7..9]);
        assert_eq!(together(vec![Hub(1), Changed::All]), Changes::All);
    }

    #[test]
    fn what_a_commit_changes_reads_back_from_its_row() {
        for changed in [
            Changed::Nothing,
            Changed::Entries(3..9),
            Changed::Hub(7),
            Changed::All,
        ] {
            let (scope, first, until) = changed.columns();
            assert_eq!(Changed::of_columns(scope, first, until), changed);
        }
        assert_eq!(Changed::of_columns(9, 1, 2), Changed::All);
    }
}
