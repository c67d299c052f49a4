//! Opening the database: one writer and several readers on SQLite, one pool on PostgreSQL.
//!
//! # The order of locks
//! On PostgreSQL several transactions write at once, here and in other processes. None may wait for one that waits for it,
//! so each takes what it needs in this order, and never goes back:
//!
//! 1. rows of `lease`, by name, in one statement;
//! 2. where all logs are locked, and where a hub is new, the lock for newcomers (`logs::heads`);
//! 3. the row of a hub, before any of its logs: it guards all logs of the hub and all that they show. Of several hubs, by id;
//! 4. rows of `log` and whatever belongs to them, in any order; then what stays at this hub (`local`);
//! 5. the row of `store`: marks of trust, halts, what is counted across hubs, and last of all the next position;
//! 6. rows of `peer`, by id;
//! 7. at the very end the row of `audit_chain`, which whoever tells the audit of a change holds until the commit.
//!
//! Whoever changes one row in a transaction of its own need not care. A statement that changes several rows of `lease` or
//! `peer` locks them in order first. On SQLite a transaction that may write holds everything from its beginning. What is
//! refused all the same, because the database is busy, is [`StorageError::Busy`].

pub(crate) mod connect;
mod hearing;
mod readers;
pub(crate) mod schema;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::audit::Told;
use domain::identity::{HubId, NetworkId};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::bodies::Bodies;
use crate::following::{self, Changed};
use crate::hubs::Slugs;
use crate::logs::EntryKey;
use crate::resident::Resident;
use crate::traffic::Traffic;
use crate::{StorageError, audit, halt, sql};
use readers::{Readers, SHRINK};

/// How long a write waits for the hub to have asked its peers.
const MOST_BOOT_TIME: Duration = Duration::from_secs(10);
/// How long closing waits for those who read.
const MOST_CLOSING: Duration = Duration::from_secs(10);
/// With so many statements or more since it was last asked, a database is not at rest.
const STATEMENTS_AT_REST: u64 = 6000;

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file, made if it is not there.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its URL.
    Postgres(String),
}

/// Whose database it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The network.
    pub network: NetworkId,
    /// The hub.
    pub hub: HubId,
}

/// A hub's database. Cloning is cheap and shares the connections.
#[derive(Clone, Debug)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: DatabaseConnection,
    reader: Readers,
    snapshots: DatabaseConnection,
    owner: Owner,
    store: Mutex<Uuid>,
    position: watch::Sender<u64>,
    newest: Newest,
    /// How many commits dropped payloads, as far as this process knows.
    drops: AtomicI64,
    statements: Arc<AtomicU64>,
    /// How many statements had been sent when [`Database::rest`] was last called.
    statements_before: AtomicU64,
    bodies: Bodies,
    resident: Resident,
    slugs: Slugs,
    traffic: Traffic,
    /// Nothing is written to the hub's own log yet.
    is_booting: watch::Sender<bool>,
}

/// What is asked of the newest commit.
#[derive(Debug, Default)]
struct Newest {
    /// How many questions were begun.
    begun: AtomicU64,
    /// One asks at a time.
    turn: tokio::sync::Mutex<()>,
    /// The number of the last question that was answered, and the answer.
    answered: Mutex<(u64, u64)>,
}

#[derive(FromQueryResult)]
struct StoreRow {
    store: Uuid,
    network: String,
    hub: String,
    position: i64,
    drops: i64,
}

/// How far the store has come.
#[derive(FromQueryResult)]
pub(crate) struct Mark {
    pub(crate) store: Uuid,
    pub(crate) position: i64,
    pub(crate) drops: i64,
}

impl Database {
    /// Opens the database, brings its schema up to date, and makes it the owner's if it is new. `new_store` becomes the
    /// id of a new store: peers use it to notice a restore.
    pub async fn open(
        location: &Location,
        owner: Owner,
        new_store: Uuid,
    ) -> Result<Self, StorageError> {
        let statements = Arc::new(AtomicU64::new(0));
        let connect::Connections {
            writer,
            reader,
            snapshots,
        } = connect::open(location, &statements).await?;
        schema::bring_up_to_date(&writer).await?;
        connect::check_durability(&writer).await?;
        let row = claim(&writer, &owner, new_store).await?;
        audit::begin(&writer, &owner).await?;
        if row.network != owner.network.as_str() || row.hub != owner.hub.as_str() {
            return Err(StorageError::OtherHub {
                found_hub: row.hub,
                found_network: row.network,
                hub: owner.hub,
                network: owner.network,
            });
        }
        Ok(Self(Arc::new(Inner {
            writer,
            reader,
            snapshots,
            owner,
            store: Mutex::new(row.store),
            position: watch::Sender::new(sql::unsigned(row.position)),
            newest: Newest::default(),
            drops: AtomicI64::new(row.drops),
            statements,
            statements_before: AtomicU64::new(0),
            bodies: Bodies::default(),
            resident: Resident::default(),
            slugs: Slugs::default(),
            traffic: Traffic::default(),
            is_booting: watch::Sender::new(false),
        })))
    }

    /// The network that the database belongs to.
    pub fn network(&self) -> &NetworkId {
        &self.0.owner.network
    }

    /// The hub that the database belongs to.
    pub fn hub(&self) -> &HubId {
        &self.0.owner.hub
    }

    /// The id of this store, made new at every creation, start and restore.
    pub fn store(&self) -> Uuid {
        *self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the database program.
    pub fn backend(&self) -> &'static str {
        match self.0.writer.get_database_backend() {
            DbBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        }
    }

    /// Gives the store another id, so that peers look at everything anew: who starts a node may have put its whole machine
    /// back, and then the cursors that peers hold skip what is written next.
    pub async fn renew_store(&self) -> Result<(), StorageError> {
        halt::renew_store(self.writer()).await?;
        self.refresh().await?;
        Ok(())
    }

    /// Holds back writing to the hub's own log until [`Database::end_boot`]: peers are asked first whether they hold more of it.
    pub fn begin_boot(&self) {
        self.0.is_booting.send_replace(true);
    }

    /// Lets the hub write.
    pub fn end_boot(&self) {
        self.0.is_booting.send_replace(false);
    }

    /// Whether peers are still being asked.
    pub fn is_booting(&self) -> bool {
        *self.0.is_booting.borrow()
    }

    /// Waits until the hub may write, not for ever; says whether it may.
    pub(crate) async fn booted(&self) -> bool {
        let mut booting = self.0.is_booting.subscribe();
        let ended = booting.wait_for(|is_booting| !is_booting);
        tokio::time::timeout(MOST_BOOT_TIME, ended).await.is_ok()
    }

    /// Tells the position of the newest commit, and of each that follows. Several commits may come as one.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.position.subscribe()
    }

    /// The newest commit that this process has heard of.
    pub(crate) fn heard_of(&self) -> u64 {
        *self.0.position.borrow()
    }

    /// How many statements were sent since the database was opened: for tests that hold their number.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// Empties SQLite's journal, where what was erased would lie until something else is written over it; and gives back the pages
    /// that SQLite keeps in memory, which is up to 16 MB for each connection, unless much was asked since this was last called. To
    /// be called about once a minute. What is read next comes from the system's memory for files.
    pub async fn rest(&self) -> Result<(), StorageError> {
        let statements = self.statements();
        let before = self.0.statements_before.swap(statements, Ordering::Relaxed);
        if self.writer().get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        self.writer()
            .execute_unprepared(&connect::empty_journal())
            .await?;
        if statements - before >= STATEMENTS_AT_REST {
            return Ok(());
        }
        self.writer().execute_unprepared(SHRINK).await?;
        Ok(self.reader().shrink().await?)
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StorageError> {
        Ok(self.0.reader.ping().await?)
    }

    /// Reads the position of the newest commit, also of other processes, and tells those who watch.
    pub async fn refresh(&self) -> Result<u64, StorageError> {
        let text = "SELECT store, position, drops FROM store";
        let mark = sql::one(self.reader(), text, vec![]).await?;
        Ok(self.announce(&mark.ok_or_else(no_store)?, 0))
    }

    /// The position of the newest commit, of whichever process, at this moment or a later one. Those who ask while the
    /// database is being asked share the next question.
    pub async fn newest_position(&self) -> Result<u64, StorageError> {
        let Newest {
            begun,
            turn,
            answered,
        } = &self.0.newest;
        // Only a question that begins from now on will do.
        let needed = begun.load(Ordering::SeqCst) + 1;
        let _turn = turn.lock().await;
        let answer = |(question, position): (u64, u64)| (question >= needed).then_some(position);
        if let Some(position) = answer(*answered.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(position);
        }
        let question = begun.fetch_add(1, Ordering::SeqCst) + 1;
        let position = self.refresh().await?;
        *answered.lock().unwrap_or_else(PoisonError::into_inner) = (question, position);
        Ok(position)
    }

    /// The commit that every list shows at least that is asked for from now on. Later ones are of this process, and nobody was
    /// told of them yet.
    pub async fn shown_position(&self) -> Result<u64, StorageError> {
        let newest = self.newest_position().await?;
        Ok(self.resident().least(newest))
    }

    /// Whether every list that is asked for from now on shows a commit that was the newest.
    pub fn is_shown(&self, position: u64) -> bool {
        self.resident().least(position) == position
    }

    /// Waits a little until lists that are kept in memory show a commit of this process, whose writer is told next.
    pub(crate) async fn show(&self, position: u64) {
        self.resident().show(position).await;
    }

    /// Closes the connections; SQLite folds its write-ahead log into the file. Who still reads is waited for, but not for ever.
    pub async fn close(&self) -> Result<(), StorageError> {
        self.close_within(MOST_CLOSING).await
    }

    /// The same with another patience. What is not closed by then is left to the end of the process: SQLite's log stands beside the
    /// file and is folded in when that is next opened.
    pub async fn close_within(&self, patience: Duration) -> Result<(), StorageError> {
        let closing = async {
            self.0.reader.close().await;
            self.0.snapshots.close_by_ref().await?;
            Ok(self.0.writer.close_by_ref().await?)
        };
        let closed = tokio::time::timeout(patience, closing).await;
        closed.unwrap_or_else(|_| {
            tracing::warn!(
                seconds = patience.as_secs(),
                "the database is not closed: somebody reads it still"
            );
            Ok(())
        })
    }

    /// Whether logs move in bulk.
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    pub(crate) fn reader(&self) -> &Readers {
        &self.0.reader
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    /// Connections for those who read long, so that nobody else waits for them.
    pub(crate) fn snapshots(&self) -> &DatabaseConnection {
        &self.0.snapshots
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.0.bodies
    }

    pub(crate) fn resident(&self) -> &Resident {
        &self.0.resident
    }

    pub(crate) fn slugs(&self) -> &Slugs {
        &self.0.slugs
    }

    /// Opens a transaction that may write. On SQLite it takes the write lock at once, so it cannot fail half-way.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StorageError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.0.writer.begin_with_options(options).await?)
    }

    /// Commits, with the next position as the last statement before it, so that positions grow in commit order, and
    /// notifies other processes of it. `dropped` are the entries whose payloads are gone by it.
    pub(crate) async fn commit(
        &self,
        tx: DatabaseTransaction,
        log_id: i64,
        dropped: &[EntryKey],
        changed: Changed,
    ) -> Result<u64, StorageError> {
        self.commit_as(tx, log_id, dropped, changed, (false, &[]))
            .await
    }

    async fn commit_as(
        &self,
        tx: DatabaseTransaction,
        log_id: i64,
        dropped: &[EntryKey],
        changed: Changed,
        (is_untold, audit): (bool, &[Told]),
    ) -> Result<u64, StorageError> {
        let drops = i64::from(!dropped.is_empty());
        let mark = following::next_position(&tx, Some(log_id), drops, &changed).await?;
        let position = sql::unsigned(mark.position);
        // Payloads may be dropped by what was cut in this transaction, too.
        let is_untold = is_untold && mark.drops == self.0.drops.load(Ordering::SeqCst);
        audit::append(&tx, audit).await?;
        // Whoever asks the database may hear of it before the commit returns.
        let begun = self.resident().begin(position, is_untold);
        tx.commit().await?;
        begun.made();
        self.bodies().forget(dropped);
        Ok(self.announce(&mark, drops))
    }

    /// The same where lists need not show it before [`Database::show`], or for a second if nobody calls that: nobody was told of
    /// it yet. What drops payloads is shown at once all the same, since what lists showed before is gone.
    pub(crate) async fn commit_untold(
        &self,
        tx: DatabaseTransaction,
        log_id: i64,
        dropped: &[EntryKey],
        changed: Changed,
    ) -> Result<u64, StorageError> {
        self.commit_audited(tx, log_id, dropped, changed, &[]).await
    }

    /// The same with events of the audit that tell of it.
    pub(crate) async fn commit_audited(
        &self,
        tx: DatabaseTransaction,
        log_id: i64,
        dropped: &[EntryKey],
        changed: Changed,
        audit: &[Told],
    ) -> Result<u64, StorageError> {
        self.commit_as(tx, log_id, dropped, changed, (true, audit))
            .await
    }

    /// Commits what changes for readers only, with events of the audit that tell of it: no log has changed, so no peer needs to look.
    pub(crate) async fn commit_shown(
        &self,
        tx: DatabaseTransaction,
        changed: Changed,
        audit: &[Told],
    ) -> Result<u64, StorageError> {
        let mark = following::next_position(&tx, None, 0, &changed).await?;
        audit::append(&tx, audit).await?;
        let begun = self.resident().begin(sql::unsigned(mark.position), false);
        tx.commit().await?;
        begun.made();
        self.refresh().await
    }

    /// Tells those who watch. When more payloads were dropped than by `own_drops`, another process dropped them, and
    /// all that is in memory is forgotten.
    fn announce(&self, mark: &Mark, own_drops: i64) -> u64 {
        *self.0.store.lock().unwrap_or_else(PoisonError::into_inner) = mark.store;
        let known = self.0.drops.fetch_max(mark.drops, Ordering::SeqCst);
        if known + own_drops < mark.drops {
            self.bodies().clear();
        }
        let position = sql::unsigned(mark.position);
        self.0.position.send_if_modified(|held| {
            let newer = position > *held;
            *held = position.max(*held);
            newer
        });
        position
    }
}

async fn claim(
    db: &DatabaseConnection,
    owner: &Owner,
    new_store: Uuid,
) -> Result<StoreRow, StorageError> {
    let insert = "INSERT INTO store (id, store, network, hub, position) VALUES (1, $1, $2, $3, 0)
                  ON CONFLICT DO NOTHING";
    let network = owner.network.as_str().into();
    let values = vec![new_store.into(), network, owner.hub.as_str().into()];
    sql::execute(db, insert, values).await?;
    let select = "SELECT store, network, hub, position, drops FROM store";
    let row = sql::one(db, select, vec![]).await?;
    row.ok_or_else(no_store)
}

pub(crate) fn no_store() -> StorageError {
    StorageError::corrupt("store", 1, "the row is missing")
}
