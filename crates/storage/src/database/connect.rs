//! How each of the two databases is connected to.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr};

use super::Location;
use crate::{StorageError, sql};

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const STATEMENT_TIMEOUT: Duration = Duration::from_mins(1);

pub(super) struct Connections {
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
}

/// Connects and counts every statement in `statements`.
pub(super) async fn open(
    location: &Location,
    statements: &Arc<AtomicU64>,
) -> Result<Connections, DbErr> {
    match location {
        Location::Sqlite(path) => Ok(Connections {
            writer: sqlite(path, Access::Write, statements).await?,
            reader: sqlite(path, Access::Read, statements).await?,
        }),
        Location::Postgres(url) => {
            let pool = postgres(url, statements).await?;
            Ok(Connections {
                writer: pool.clone(),
                reader: pool,
            })
        }
    }
}

/// Refuses a PostgreSQL that confirms commits before they are on disk. SQLite is told how to behave when connecting.
pub(super) async fn check_durability(db: &DatabaseConnection) -> Result<(), StorageError> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let text =
        "SELECT COUNT(*) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'";
    match sql::number(db, text, vec![]).await? {
        0 => Ok(()),
        _ => Err(StorageError::NotDurable),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
}

/// One connection writes and waits for the disk at every commit (`synchronous=FULL`); the readers refuse to write.
async fn sqlite(
    path: &Path,
    access: Access,
    statements: &Arc<AtomicU64>,
) -> Result<DatabaseConnection, DbErr> {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(if access == Access::Write { 1 } else { READERS })
        .min_connections(1)
        .acquire_timeout(STATEMENT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .filename(&file)
                .create_if_missing(true)
                .page_size(8192)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("busy_timeout", "5000")
                .pragma("foreign_keys", "ON")
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", "-16384")
                .statement_cache_capacity(256);
            match access {
                Access::Write => sqlite.optimize_on_close(true, None),
                Access::Read => sqlite.pragma("query_only", "ON"),
            }
        });
    connect(options, statements).await
}

async fn postgres(url: &str, statements: &Arc<AtomicU64>) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(POSTGRES_CONNECTIONS)
        .min_connections(1)
        .acquire_timeout(STATEMENT_TIMEOUT)
        .test_before_acquire(false)
        .statement_timeout(STATEMENT_TIMEOUT)
        .set_application_name("simpul")
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    connect(options, statements).await
}

async fn connect(
    options: ConnectOptions,
    statements: &Arc<AtomicU64>,
) -> Result<DatabaseConnection, DbErr> {
    let mut db = sea_orm::Database::connect(options).await?;
    let statements = Arc::clone(statements);
    db.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
    Ok(db)
}
