//! The rows of innovations, agencies and items in memory, so that lists and relations are answered without asking the
//! database: to ask it takes longer than everything else of a short answer.
//!
//! They belong to one commit, and are used only while that is the newest, which the database is asked for
//! ([`Database::newest_position`]); whoever finds them behind asks the database for the rows as well, and has them follow
//! ([`Resident::keep_up`]). So nobody sees anything but what the database would answer at that moment. Nothing is read
//! before somebody asks for a list. They are made anew when too much changed, and not at all for a larger store
//! than is allowed.
//!
//! # Memory
//! About 150 bytes for an innovation, and 250 for an item with two references.
//!
//! - [`rows`] are the rows, [`wanted`] compares them with a filter; [`read`] reads them, as [`told`]. Not here: what records say ([`crate::bodies`]).

mod read;
mod rows;
mod told;
mod wanted;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use domain::identity::{HubId, RecordId};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::following::{Changes, RecordRow, Snapshot};
use crate::{Database, StorageError};
use read::Hubs;
use told::{Told, What};

pub(crate) use rows::Rows;

/// More changed records than this are not read one by one.
const MOST_FOLLOWED: usize = 20_000;
/// Everything is read anew only after so many times the time that this took before.
const PAUSE_TIMES: u32 = 10;
/// The pause after rows could not be brought up to date.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// The pause after the store was found too large.
const LONG_PAUSE: Duration = Duration::from_mins(10);

/// The rows, and how far they have come.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    kept: RwLock<Option<Kept>>,
    wanted: Notify,
}

#[derive(Debug)]
struct Kept {
    position: u64,
    store: Uuid,
    rows: Rows,
}

impl Resident {
    /// Answers by the rows, if they are those of the newest commit.
    pub(crate) async fn ask<T>(
        &self,
        db: &Database,
        question: impl FnOnce(&Rows) -> Option<T>,
    ) -> Result<Option<T>, StorageError> {
        let Some((position, answer)) = self.answer(db, question) else {
            return Ok(None);
        };
        let is_so = self.is_newest(db, position, None).await?;
        Ok(answer.filter(|_| is_so))
    }

    /// Whether a commit is the newest: by what was `read` of the store after the answer, or by asking. If it is not, the rows
    /// have to follow.
    pub(crate) async fn is_newest(
        &self,
        db: &Database,
        position: u64,
        read: Option<u64>,
    ) -> Result<bool, StorageError> {
        let newest = match read {
            Some(newest) => newest,
            None => db.newest_position().await?,
        };
        if newest != position {
            self.wanted.notify_one();
        }
        Ok(newest == position)
    }

    /// Answers by the rows that are here, with their commit, which is for [`Self::is_newest`] to look at.
    pub(crate) fn answer<T>(
        &self,
        db: &Database,
        question: impl FnOnce(&Rows) -> Option<T>,
    ) -> Option<(u64, Option<T>)> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let newest = *db.watch().borrow();
        let current = kept.as_ref();
        let current = current.filter(|kept| kept.position >= newest && kept.store == db.store());
        let Some(kept) = current else {
            self.wanted.notify_one();
            return None;
        };
        Some((kept.position, question(&kept.rows)))
    }

    /// Brings the rows to the newest commit whenever somebody found them behind.
    pub(crate) async fn keep_up(&self, db: &Database, most: usize) {
        let mut not_before = Instant::now();
        loop {
            self.wanted.notified().await;
            let started = Instant::now();
            let may_begin_anew = started >= not_before;
            let reached = self
                .catch_up(db, most, may_begin_anew)
                .await
                .unwrap_or_else(|error| {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "rows cannot be kept in memory; the database is asked"
                    );
                    Reached::Nothing
                });
            match reached {
                Reached::Newest => {}
                Reached::MadeAnew => {
                    not_before = Instant::now() + started.elapsed() * PAUSE_TIMES;
                }
                Reached::Nothing => tokio::time::sleep(LEAST_PAUSE).await,
                Reached::TooLarge => {
                    tracing::info!(
                        most,
                        "more records than are kept in memory; the database is asked"
                    );
                    not_before = Instant::now() + LONG_PAUSE;
                }
            }
        }
    }

    /// Follows, or reads everything anew if need be and that is allowed; up to so many records.
    async fn catch_up(
        &self,
        db: &Database,
        most: usize,
        may_begin_anew: bool,
    ) -> Result<Reached, StorageError> {
        let snapshot = db.snapshot().await?;
        let reached = self.follow(&snapshot, most, may_begin_anew).await?;
        snapshot.end().await?;
        Ok(reached)
    }

    async fn follow(
        &self,
        snapshot: &Snapshot,
        most: usize,
        may_begin_anew: bool,
    ) -> Result<Reached, StorageError> {
        let changes = match self.position_in(snapshot.store()) {
            Some(position) => snapshot.changes_since(position).await?,
            None => Changes::All,
        };
        let (hubs, hub_rows) = Hubs::read(snapshot).await?;
        let news = match changes {
            Changes::All => None,
            Changes::Some { hubs: of, entries } => self.news(snapshot, &hubs, of, entries).await?,
        };
        if let Some(news) = news {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(Kept { position, rows, .. }) = kept.as_mut() {
                rows.set_hubs(&hub_rows);
                for ((hub, record), told) in news {
                    match told {
                        Some(told) => rows.set(told),
                        None => rows.remove(&hub, record.as_uuid()),
                    }
                }
                *position = snapshot.position();
                if rows.len() > most {
                    *kept = None;
                    return Ok(Reached::TooLarge);
                }
            }
            return Ok(Reached::Newest);
        }
        if !may_begin_anew {
            return Ok(Reached::Nothing);
        }
        // Two of them would take twice the memory, and those that are here are behind.
        self.put(None);
        let Some(rows) = read::all(snapshot, most).await? else {
            return Ok(Reached::TooLarge);
        };
        self.put(Some(Kept {
            position: snapshot.position(),
            store: snapshot.store(),
            rows,
        }));
        Ok(Reached::MadeAnew)
    }

    fn put(&self, made: Option<Kept>) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = made;
    }

    fn position_in(&self, store: Uuid) -> Option<u64> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|kept| kept.store == store);
        kept.map(|kept| kept.position)
    }

    fn look<T: Default>(&self, look: impl FnOnce(&Rows) -> T) -> T {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .map(|kept| look(&kept.rows))
            .unwrap_or_default()
    }

    /// What the changed records and those that they affect are now; nothing when that is too much.
    async fn news(
        &self,
        snapshot: &Snapshot,
        hubs: &Hubs,
        of_hubs: BTreeSet<i64>,
        mut entries: Vec<std::ops::Range<crate::logs::EntryKey>>,
    ) -> Result<Option<News>, StorageError> {
        let mut news = News::new();
        for hub_id in of_hubs {
            entries.extend(snapshot.entries_of(hub_id).await?);
            let held = self.look(|rows| {
                hubs.hub(hub_id)
                    .map(|hub| rows.records_of(hub))
                    .unwrap_or_default()
            });
            if held.len() > MOST_FOLLOWED {
                return Ok(None);
            }
            let held = held.into_iter().map(|record| (hub_id, record)).collect();
            self.read(snapshot, hubs, held, &mut news).await?;
        }
        loop {
            let records = snapshot.records(&mut entries).await?;
            if records.is_empty() {
                return Ok(Some(news));
            }
            self.read(snapshot, hubs, records, &mut news).await?;
            if news.len() > MOST_FOLLOWED {
                return Ok(None);
            }
        }
    }

    /// Reads the rows of some records, and of those that they affect, by what was known of them and by what they are now.
    async fn read(
        &self,
        snapshot: &Snapshot,
        hubs: &Hubs,
        records: BTreeSet<RecordRow>,
        news: &mut News,
    ) -> Result<(), StorageError> {
        let mut asked = BTreeSet::new();
        for (hub_id, record) in records {
            asked.insert((hubs.hub(hub_id)?.clone(), record));
        }
        let told = read::some(snapshot, hubs, &asked).await?;
        let mut affected = self.look(|rows| {
            let before = asked.iter();
            let before = before.flat_map(|(hub, record)| rows.affected_by(hub, record.as_uuid()));
            let mut affected: BTreeSet<RecordKey> = before.collect();
            let is_agency = |(hub, record): &&RecordKey| rows.is_agency(hub, record.as_uuid());
            let mut agencies: BTreeSet<RecordKey> =
                asked.iter().filter(is_agency).cloned().collect();
            for told in &told {
                match &told.what {
                    What::Agency { .. } => drop(agencies.insert(told.key())),
                    What::Item(item) => {
                        for (_, hub, record) in &item.links {
                            affected.insert((hub.clone(), RecordId::from(*record)));
                            affected.extend(rows.named_by(hub, *record));
                        }
                    }
                    What::Innovation(_) => {}
                }
            }
            affected.extend(rows.of_agencies(&agencies));
            affected
        });
        note(asked.clone(), told, news);
        affected.retain(|record| !asked.contains(record));
        let told = read::some(snapshot, hubs, &affected).await?;
        note(affected, told, news);
        Ok(())
    }
}

/// How far the rows came.
enum Reached {
    /// To the newest commit.
    Newest,
    /// There too, by reading everything.
    MadeAnew,
    /// Nowhere: everything is to be read and was read not long ago, or the database does not answer.
    Nothing,
    /// Nowhere: there is too much.
    TooLarge,
}

type RecordKey = (HubId, RecordId);
/// What records are now; nothing for those that are gone.
type News = BTreeMap<RecordKey, Option<Told>>;

fn note(asked: BTreeSet<RecordKey>, told: Vec<Told>, news: &mut News) {
    news.extend(asked.into_iter().map(|key| (key, None)));
    let told = told.into_iter();
    news.extend(told.map(|told| (told.key(), Some(told))));
}

impl Database {
    /// Keeps what lists and relations are answered by at the newest commit, from when somebody first asks for one, if that is
    /// no more than `most` records. Without it the database is asked each time.
    pub async fn keep_rows(&self, most: usize) {
        self.resident().keep_up(self, most).await;
    }

    /// The commit of the rows in memory, if there are any.
    pub fn rows_as_of(&self) -> Option<u64> {
        self.resident().position_in(self.store())
    }
}
