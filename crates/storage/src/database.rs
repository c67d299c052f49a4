//! Opening the database: one writer and several readers on SQLite, one pool on PostgreSQL.

mod connect;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::identity::{HubId, NetworkId};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::watch;
use uuid::Uuid;

use crate::bodies::Bodies;
use crate::hubs::Slugs;
use crate::{StorageError, sql};

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
    reader: DatabaseConnection,
    owner: Owner,
    store: Uuid,
    position: watch::Sender<u64>,
    statements: Arc<AtomicU64>,
    bodies: Bodies,
    slugs: Slugs,
}

#[derive(FromQueryResult)]
struct StoreRow {
    store: Uuid,
    network: String,
    hub: String,
    position: i64,
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
        let connect::Connections { writer, reader } = connect::open(location, &statements).await?;
        migrations::Migrator::up(&writer, None).await?;
        connect::check_durability(&writer).await?;
        let row = claim(&writer, &owner, new_store).await?;
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
            owner,
            store: row.store,
            position: watch::Sender::new(sql::unsigned(row.position)),
            statements,
            bodies: Bodies::default(),
            slugs: Slugs::default(),
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

    /// The id of this store, made new at every creation and restore.
    pub fn store(&self) -> Uuid {
        self.0.store
    }

    /// The name of the database program.
    pub fn backend(&self) -> &'static str {
        match self.0.writer.get_database_backend() {
            DbBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        }
    }

    /// Tells the position of the newest commit, and of each that follows. Several commits may come as one.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.position.subscribe()
    }

    /// How many statements were sent since the database was opened: for tests that hold their number.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StorageError> {
        Ok(self.0.reader.ping().await?)
    }

    /// Reads the position of the newest commit, also of other processes, and tells those who watch.
    pub async fn refresh(&self) -> Result<u64, StorageError> {
        let text = "SELECT position FROM store";
        let position = sql::unsigned(sql::number(self.reader(), text, vec![]).await?);
        self.announce(position);
        Ok(position)
    }

    /// Closes the connections; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) -> Result<(), StorageError> {
        self.0.reader.close_by_ref().await?;
        Ok(self.0.writer.close_by_ref().await?)
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.0.bodies
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

    /// Commits, with the next position as the very last statement before it, so that positions grow in commit order.
    pub(crate) async fn commit(
        &self,
        tx: DatabaseTransaction,
        log_id: i64,
    ) -> Result<u64, StorageError> {
        let next = "UPDATE store SET position = position + 1 RETURNING position";
        let position = sql::number(&tx, next, vec![]).await?;
        let stamp = "UPDATE log SET position = $1 WHERE id = $2";
        sql::execute(&tx, stamp, vec![position.into(), log_id.into()]).await?;
        tx.commit().await?;
        let position = sql::unsigned(position);
        self.announce(position);
        Ok(position)
    }

    fn announce(&self, position: u64) {
        self.0.position.send_if_modified(|held| {
            let newer = position > *held;
            *held = position.max(*held);
            newer
        });
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
    let select = "SELECT store, network, hub, position FROM store";
    let row = sql::one(db, select, vec![]).await?;
    row.ok_or_else(|| StorageError::corrupt("store", 1, "the row is missing"))
}
