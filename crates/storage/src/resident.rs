//! The rows of innovations, agencies and items in memory, so that lists and relations are answered without asking the
//! database: to ask it takes longer than everything else of a short answer.
//!
//! They belong to one commit, which is the newest that anybody was told of when somebody asks, or a later one: the database
//! is asked for its newest ([`Database::newest_position`]), and commits of this process that are [`pending`] are passed over.
//! Whoever finds the rows behind has them follow ([`Resident::keep_up`]), waits a little for that, and asks the database for
//! the rows where it takes longer. So who has written sees it at once, as everybody does who is asked later; what is pulled
//! may be seen up to a second after it came. Nothing is read before somebody asks for a list. The rows are made anew when too
//! much changed, and not at all for a larger store than is allowed.
//!
//! # Memory
//! About 150 bytes for an innovation, and 250 for an item with two references.
//!
//! - [`pending`] tells which commits need not be shown yet.
//! - [`rows`] are the rows, [`wanted`] compares them with a filter; [`read`] reads them, as [`told`]. Not here: what records say ([`crate::bodies`]).

mod pending;
mod read;
mod rows;
mod told;
mod wanted;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use domain::identity::{HubId, RecordId};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::following::{Changes, RecordRow, Snapshot};
use crate::{Database, StorageError};
use pending::Pending;
use read::Hubs;
use told::{Told, What};

pub(crate) use rows::Rows;

/// More changed records than this are not read one by one.
const MOST_FOLLOWED: usize = 20_000;
/// Everything is read anew only after so many times the time that this took before.
const PAUSE_TIMES: u32 = 10;
/// The pause after rows could not be brought up to date.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// How long is waited for rows to follow: to ask the database takes a request about as long while others do.
const PATIENCE: Duration = Duration::from_millis(25);
/// So long after somebody asked for a list the next one is to be expected.
const IN_USE: Duration = Duration::from_secs(5);
/// The pause after the store was found too large.
const LONG_PAUSE: Duration = Duration::from_mins(10);

/// The rows, and how far they have come.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    kept: RwLock<Option<Kept>>,
    wanted: Notify,
    /// The commit of the rows, if there are any.
    reached: watch::Sender<Option<u64>>,
    pending: Pending,
    asked: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Kept {
    position: u64,
    store: Uuid,
    rows: Rows,
}

/// A commit that is being made; it is none any more if this is dropped.
pub(crate) struct Begun<'a> {
    resident: &'a Resident,
    position: u64,
    is_made: bool,
}

impl Begun<'_> {
    /// It was made: whoever waits for the rows need not ask.
    pub(crate) fn made(mut self) {
        self.is_made = true;
        if self.resident.pending.has(self.position) {
            self.resident.wanted.notify_one();
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.is_made {
            self.resident.pending.end(self.position);
        }
    }
}

/// An answer by the rows of a commit.
pub(crate) struct Answered<T> {
    pub(crate) position: u64,
    pub(crate) answer: T,
}

impl Resident {
    /// Answers by the rows, if they show all that must be shown or do so soon.
    pub(crate) async fn ask<T>(
        &self,
        db: &Database,
        question: impl Fn(&Rows) -> Option<T>,
    ) -> Result<Option<T>, StorageError> {
        if !self.is_here() {
            return Ok(None);
        }
        let answered = self.answer(db, db.heard_of(), &question);
        let least = db.shown_position().await?;
        if let Some(Answered { position, answer }) = answered
            && position >= least
        {
            return Ok(answer);
        }
        let answered = self.answer_later(db, least, &question).await;
        Ok(answered.and_then(|answered| answered.answer))
    }

    /// The commit that lists must show at least when this one is the newest.
    pub(crate) fn least(&self, newest: u64) -> u64 {
        self.pending.least(newest)
    }

    /// A commit is about to be made. If nobody is told of it before [`Self::show`], it need not be shown until then, while the
    /// rows are in use: they follow it.
    pub(crate) fn begin(&self, position: u64, is_untold: bool) -> Begun<'_> {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_in_use = asked.is_some_and(|asked| asked.elapsed() < IN_USE);
        if is_untold && is_in_use && self.reached.borrow().is_some() {
            self.pending.begin(position);
        } else {
            // One that was not made may have had this number.
            self.pending.end(position);
        }
        Begun {
            resident: self,
            position,
            is_made: false,
        }
    }

    /// Waits a little until the rows have a commit of whose writer is told next.
    pub(crate) async fn show(&self, position: u64) {
        if self.pending.has(position) {
            self.follows_to(position).await;
            self.pending.end(position);
        }
    }

    /// Whether there are any rows; if there are none, they are wanted.
    pub(crate) fn is_here(&self) -> bool {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let is_here = self.reached.borrow().is_some();
        if !is_here {
            self.wanted.notify_one();
        }
        is_here
    }

    /// Answers by the rows that are here, if they have all that must be shown when this commit is the newest. Whether it is,
    /// is for the caller to look at.
    pub(crate) fn answer<T>(
        &self,
        db: &Database,
        newest: u64,
        question: impl FnOnce(&Rows) -> T,
    ) -> Option<Answered<T>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let least = self.least(newest);
        let current = kept.as_ref();
        let kept = current.filter(|kept| kept.position >= least && kept.store == db.store())?;
        Some(Answered {
            position: kept.position,
            answer: question(&kept.rows),
        })
    }

    /// Has the rows follow to a commit, and answers then; nothing where that takes long.
    pub(crate) async fn answer_later<T>(
        &self,
        db: &Database,
        least: u64,
        question: impl FnOnce(&Rows) -> T,
    ) -> Option<Answered<T>> {
        self.follows_to(least).await;
        self.answer(db, least, question)
    }

    /// Has the rows follow to a commit, and waits a little for that.
    async fn follows_to(&self, position: u64) {
        self.wanted.notify_one();
        let mut reached = self.reached.subscribe();
        let has_come = |reached: &Option<u64>| reached.is_none_or(|reached| reached >= position);
        // Whether they did is seen by where they are.
        drop(timeout(PATIENCE, reached.wait_for(has_come)).await);
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
                }
            }
            let is_kept = kept.is_some();
            self.tell(kept.as_ref());
            if !is_kept {
                return Ok(Reached::TooLarge);
            }
            return Ok(Reached::Newest);
        }
        // Nobody is to wait for those that are here: they do not follow, and two of them would take twice the memory.
        self.put(None);
        if !may_begin_anew {
            return Ok(Reached::Nothing);
        }
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
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = made;
        self.tell(kept.as_ref());
    }

    /// Tells those who wait how far the rows have come.
    fn tell(&self, kept: Option<&Kept>) {
        let reached = kept.map(|kept| kept.position);
        if let Some(position) = reached {
            self.pending.reach(position);
        }
        self.reached.send_replace(reached);
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
