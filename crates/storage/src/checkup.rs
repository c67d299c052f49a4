//! Looking at a database without changing anything: for `simpul doctor`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sea_orm::{ConnectionTrait, FromQueryResult};
use sea_orm_migration::MigratorTrait as _;

use crate::database::{Location, connect, schema};
use crate::{StorageError, sql};

/// The most faults of a SQLite file that are told.
const MOST_FAULTS: usize = 20;

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// Steps of the schema that were not yet taken; opening the database takes them.
    pub pending: Vec<String>,
    /// How the database writes, as this program's writing connection has it.
    pub settings: Settings,
}

/// How a database writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// SQLite.
    Sqlite {
        /// `wal` when readers do not wait for the writer.
        journal_mode: String,
        /// 2 (FULL) or 3 (EXTRA) when a commit waits for the disk.
        synchronous: i64,
        /// What `quick_check` found wrong with the file.
        faults: Vec<String>,
    },
    /// PostgreSQL.
    Postgres {
        /// The server's version as a number: 160004 is 16.4.
        version: i64,
        /// `on` when a commit waits for the disk.
        synchronous_commit: String,
        /// `off` when the server never waits for the disk.
        fsync: String,
    },
}

/// Connects as a hub does, and asks. The schema is left as it is.
pub async fn examine(location: &Location) -> Result<Checkup, StorageError> {
    let connections = connect::open(location, &Arc::new(AtomicU64::new(0))).await?;
    let db = &connections.writer;
    schema::refuse_newer(db).await?;
    let pending = migrations::Migrator::get_pending_migrations_read_only(db).await?;
    let settings = match location {
        Location::Sqlite(_) => sqlite(db).await?,
        Location::Postgres(_) => postgres(db).await?,
    };
    connections.reader.close().await;
    connections.snapshots.close_by_ref().await?;
    db.close_by_ref().await?;
    Ok(Checkup {
        pending: pending.iter().map(|step| step.name().to_owned()).collect(),
        settings,
    })
}

async fn sqlite(db: &impl ConnectionTrait) -> Result<Settings, StorageError> {
    let texts = async |pragma: &str| {
        let rows = sql::rows(db, pragma, vec![]).await?;
        let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0);
        rows.iter().map(text).collect::<Result<Vec<_>, _>>()
    };
    let mut faults = texts(&format!("PRAGMA quick_check({MOST_FAULTS})")).await?;
    faults.retain(|line| line != "ok");
    Ok(Settings::Sqlite {
        journal_mode: texts("PRAGMA journal_mode").await?.concat(),
        synchronous: sql::number(db, "PRAGMA synchronous", vec![]).await?,
        faults,
    })
}

#[derive(FromQueryResult)]
struct ServerRow {
    version: String,
    synchronous_commit: String,
    fsync: String,
}

async fn postgres(db: &impl ConnectionTrait) -> Result<Settings, StorageError> {
    let text = "SELECT current_setting('server_version_num') AS version,
        current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync";
    let row: Option<ServerRow> = sql::one(db, text, vec![]).await?;
    let row = row.ok_or_else(|| StorageError::corrupt("pg_settings", 1, "the row is missing"))?;
    Ok(Settings::Postgres {
        version: row.version.parse().unwrap_or_default(),
        synchronous_commit: row.synchronous_commit,
        fsync: row.fsync,
    })
}
