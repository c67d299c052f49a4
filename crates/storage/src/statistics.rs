//! The columns of the statistics: made of the store when somebody first asks, and following it from then on.
//!
//! They are read at one moment of the store and belong to that moment's commit. What changed since is read record by
//! record ([`crate::following`]); after too much, or when it is not known, everything is read anew. Readers see the columns
//! of one commit or of another, never something between. They live in memory only, and belong to this process.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use domain::identity::{HubId, RecordId, RecordRef};
use domain::statistics::{Columns, Fact, Told};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::following::{Changes, RecordRow, Snapshot};
use crate::{Database, StorageError};
use read::Names;

/// More changed entries than this are not followed one by one, unless the store is larger still.
const MOST_FOLLOWED: u64 = 50_000;

/// Columns of so many records rest for a millisecond after they were brought up to date: what was counted before is of no use
/// afterwards, and to count again takes the longer the more records there are.
const RECORDS_PER_REST: usize = 1000;

/// The columns, shared by all who count.
#[derive(Debug, Default)]
pub struct Statistics {
    kept: RwLock<Option<Kept>>,
    /// One brings them up to date at a time.
    following: Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    columns: Columns,
    as_of: AsOf,
}

/// Which commit the columns belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The commit's position.
    pub position: u64,
    /// When the columns reached it.
    pub at: OffsetDateTime,
}

impl Statistics {
    /// Counts by the columns, with the commit to which they belong; nothing before [`Self::catch_up`] was called.
    pub fn count<T>(&self, count: impl FnOnce(&Columns) -> T) -> Option<(AsOf, T)> {
        self.count_at(|columns, _| count(columns))
    }

    /// The same for whoever looks at the commit.
    pub fn count_at<T>(&self, count: impl FnOnce(&Columns, AsOf) -> T) -> Option<(AsOf, T)> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let Kept { columns, as_of } = kept.as_ref()?;
        Some((*as_of, count(columns, *as_of)))
    }

    /// Whether the columns are here and belong to an earlier commit than the newest.
    pub fn is_behind(&self, db: &Database) -> bool {
        let newest = *db.watch().borrow();
        self.as_of().is_some_and(|as_of| as_of.position < newest)
    }

    /// Whether the columns were brought up to date just now, for as many records as they have.
    fn is_resting(&self, now: OffsetDateTime) -> bool {
        let since = self.count_at(|columns, as_of| {
            let rest = i64::try_from(columns.len() / RECORDS_PER_REST).unwrap_or(i64::MAX);
            let since = (now - as_of.at).whole_milliseconds();
            (0..i128::from(rest)).contains(&since)
        });
        since.is_some_and(|(_, is_resting)| is_resting)
    }

    /// The commit to which the columns belong, once they were read.
    pub fn as_of(&self) -> Option<AsOf> {
        self.count(|_| ()).map(|(as_of, ())| as_of)
    }

    /// Brings the columns to the newest commit, and reads them first if they are not here. Whoever finds somebody else at
    /// it goes on with the columns as they are, if they are here; and so does everybody for a moment afterwards, which is
    /// the longer the more records there are, a second for a million.
    pub async fn catch_up(&self, db: &Database, now: OffsetDateTime) -> Result<(), StorageError> {
        let turn = match (self.following.try_lock(), self.as_of()) {
            (Ok(turn), _) => turn,
            (Err(_), Some(_)) => return Ok(()),
            (Err(_), None) => self.following.lock().await,
        };
        let is_wanted = self.as_of().is_none() || self.is_behind(db);
        if is_wanted && !self.is_resting(now) {
            let snapshot = db.snapshot().await?;
            self.follow(&snapshot, now).await?;
            snapshot.end().await?;
        }
        drop(turn);
        Ok(())
    }

    async fn follow(&self, snapshot: &Snapshot, now: OffsetDateTime) -> Result<(), StorageError> {
        let as_of = AsOf {
            position: snapshot.position(),
            at: now,
        };
        let changes = match self.as_of() {
            Some(before) => snapshot.changes_since(before.position).await?,
            None => Changes::All,
        };
        let names = Names::read(snapshot).await?;
        let news = match changes {
            Changes::All => None,
            Changes::Some { hubs, entries } => self.news(snapshot, &names, hubs, entries).await?,
        };
        if let Some(news) = news {
            self.apply(&news, as_of);
        } else {
            let columns = read::all(snapshot, &names).await?;
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            *kept = Some(Kept { columns, as_of });
        }
        Ok(())
    }

    fn apply(&self, news: &BTreeMap<RecordKey, Option<Told>>, as_of: AsOf) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.as_mut() else { return };
        for ((hub, record), told) in news {
            match told {
                Some(told) => kept.columns.set(told),
                None => kept.columns.remove(hub, *record),
            }
        }
        kept.columns.settle();
        kept.as_of = as_of;
    }

    /// What the changed records are now; nothing when that is too much to be read one by one.
    async fn news(
        &self,
        snapshot: &Snapshot,
        names: &Names,
        hubs: BTreeSet<i64>,
        mut entries: Vec<std::ops::Range<crate::logs::EntryKey>>,
    ) -> Result<Option<BTreeMap<RecordKey, Option<Told>>>, StorageError> {
        let mut news = BTreeMap::new();
        for hub_id in hubs {
            entries.extend(snapshot.entries_of(hub_id).await?);
            let hub = names.hub(hub_id)?;
            let held = self.count(|columns| columns.records_of(hub));
            let held = held.map(|(_, held)| held).unwrap_or_default();
            if held.len() as u64 > MOST_FOLLOWED {
                return Ok(None);
            }
            let held = held.into_iter().map(|record| (hub_id, record)).collect();
            self.look(snapshot, names, held, &mut news).await?;
        }
        loop {
            let records = snapshot.records(&mut entries).await?;
            if records.is_empty() {
                return Ok(Some(news));
            }
            self.look(snapshot, names, records, &mut news).await?;
            if news.len() as u64 > MOST_FOLLOWED {
                return Ok(None);
            }
        }
    }

    /// Reads what some records are now, and those that count otherwise because of them.
    async fn look(
        &self,
        snapshot: &Snapshot,
        names: &Names,
        records: BTreeSet<RecordRow>,
        news: &mut BTreeMap<RecordKey, Option<Told>>,
    ) -> Result<(), StorageError> {
        let mut asked = BTreeSet::new();
        for (hub_id, record) in records {
            asked.insert((names.hub(hub_id)?.clone(), record));
        }
        let before = self.count(|columns| {
            let of = |(hub, record): &RecordKey| columns.counts_by(hub, *record);
            asked.iter().filter_map(of).collect::<Vec<RecordRef>>()
        });
        let mut related: BTreeSet<RecordKey> = BTreeSet::new();
        related.extend(before.into_iter().flat_map(|(_, of)| of).map(key_of));
        let told = read::some(snapshot, names, &asked).await?;
        related.extend(told.iter().filter_map(|told| match &told.fact {
            Fact::Confirmation(of) | Fact::Answer(of) => Some(key_of(of.clone())),
            _ => None,
        }));
        note(asked.clone(), told, news);
        let related: BTreeSet<RecordKey> = related.difference(&asked).cloned().collect();
        let told = read::some(snapshot, names, &related).await?;
        note(related, told, news);
        Ok(())
    }
}

/// A record by its hub and id.
type RecordKey = (HubId, RecordId);

fn key_of(of: RecordRef) -> RecordKey {
    (of.hub, of.record)
}

fn note(asked: BTreeSet<RecordKey>, told: Vec<Told>, news: &mut BTreeMap<RecordKey, Option<Told>>) {
    news.extend(asked.into_iter().map(|key| (key, None)));
    let told = told.into_iter();
    news.extend(told.map(|told| ((told.hub.clone(), told.record), Some(told))));
}
