//! How each of the two databases is connected to.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr};

use super::Location;
use super::readers::Readers;
use crate::{StorageError, sql};

const SQLITE_READERS: u32 = 4;
const POSTGRES_READERS: u32 = 8;
const POSTGRES_WRITERS: u32 = 8;
/// As many as there are sorts of things derived from the store that follow it.
const SNAPSHOTS: u32 = 3;
/// Tables are joined in the order in which a statement names them, as SQLite does with `CROSS JOIN`, and statements that
/// take milliseconds are not compiled first.
const AS_WRITTEN: [(&str, &str); 2] = [("join_collapse_limit", "1"), ("jit", "off")];
/// Who writes looks rows up by their keys only. While tables are new and without statistics, PostgreSQL would rather
/// read them whole for each lookup, which makes a first pull or import three times as long.
const BY_KEY: [(&str, &str); 3] = [
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_seqscan", "off"),
];
/// How long a statement may take, and wait for others. SQLite lets nobody queue: who waits looks again every tenth of a
/// second, so that another process that writes without a pause may keep it waiting for long.
const STATEMENT_TIMEOUT: Duration = Duration::from_mins(1);

/// How long emptying the journal waits for those who read; the next time comes soon.
const EMPTYING_TIMEOUT: Duration = Duration::from_secs(1);

/// What makes SQLite write its journal into the database and cut it to nothing. Where others read without a pause, nothing is done.
pub(super) fn empty_journal() -> String {
    let (least, usual) = (EMPTYING_TIMEOUT.as_millis(), STATEMENT_TIMEOUT.as_millis());
    format!(
        "PRAGMA busy_timeout = {least}; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = {usual}"
    )
}

pub(crate) struct Connections {
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: Readers,
    /// For whoever reads long in one transaction.
    pub(crate) snapshots: DatabaseConnection,
}

/// Connects and counts every statement in `statements`.
pub(crate) async fn open(
    location: &Location,
    statements: &Arc<AtomicU64>,
) -> Result<Connections, DbErr> {
    match location {
        Location::Sqlite(path) => {
            keep_private(path).map_err(|error| DbErr::Custom(error.to_string()))?;
            Ok(Connections {
                writer: sqlite(path, Access::Write, statements).await?,
                reader: readers(sqlite(path, Access::Read, statements).await?, statements),
                snapshots: sqlite(path, Access::Snapshot, statements).await?,
            })
        }
        Location::Postgres(url) => Ok(Connections {
            writer: postgres(url, Access::Write, statements).await?,
            reader: readers(postgres(url, Access::Read, statements).await?, statements),
            snapshots: postgres(url, Access::Snapshot, statements).await?,
        }),
    }
}

/// Makes a new database file readable by its owner only, and takes from one that is there what others than its owner and group may
/// do: it holds drafts, people, and what shows whose account it is. SQLite gives its journal the same rights.
#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let file = match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::fs::metadata(path)?,
        // Where there is no folder, SQLite says so.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        made => made?.metadata()?,
    };
    let mut rights = file.permissions();
    if rights.mode() & 0o007 != 0 {
        rights.set_mode(rights.mode() & !0o007);
        std::fs::set_permissions(path, rights)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
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
    Snapshot,
}

impl Access {
    /// How many connections are there from the beginning.
    const fn at_once(self) -> u32 {
        match self {
            Self::Write | Self::Read => 1,
            Self::Snapshot => 0,
        }
    }

    /// What SQLite keeps of pages for each connection, in KB with a minus. Readers need room for what is above the rows; the rows
    /// themselves are in the system's memory. Who reads all from one end to the other needs little.
    const fn page_cache(self) -> &'static str {
        match self {
            Self::Write => "-16384",
            Self::Read => "-8192",
            Self::Snapshot => "-4096",
        }
    }

    /// For how long a connection stays that nobody uses. One that reads long keeps much in memory, and is needed seldom.
    const fn idle_timeout(self) -> Option<Duration> {
        match self {
            Self::Write | Self::Read => None,
            Self::Snapshot => Some(Duration::from_mins(1)),
        }
    }
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
        .max_connections(match access {
            Access::Write => 1,
            Access::Read => SQLITE_READERS,
            Access::Snapshot => SNAPSHOTS,
        })
        .min_connections(access.at_once())
        .acquire_timeout(STATEMENT_TIMEOUT)
        .idle_timeout(access.idle_timeout())
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
                .busy_timeout(STATEMENT_TIMEOUT)
                .pragma("foreign_keys", "ON")
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", access.page_cache())
                .statement_cache_capacity(256);
            match access {
                // What is erased is overwritten, so that no page of the file still holds it.
                // No statistics are kept: what SQLite learns of a table while it is small makes it read the whole of it when it
                // has grown.
                Access::Write => sqlite.pragma("secure_delete", "ON"),
                Access::Read | Access::Snapshot => sqlite.pragma("query_only", "ON"),
            }
        });
    connect(options, statements).await
}

async fn postgres(
    url: &str,
    access: Access,
    statements: &Arc<AtomicU64>,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(match access {
            Access::Write => POSTGRES_WRITERS,
            Access::Read => POSTGRES_READERS,
            Access::Snapshot => SNAPSHOTS,
        })
        .min_connections(access.at_once())
        .acquire_timeout(STATEMENT_TIMEOUT)
        .test_before_acquire(false)
        .statement_timeout(STATEMENT_TIMEOUT)
        .set_application_name("simpul")
        .map_sqlx_postgres_opts(move |postgres| match access {
            Access::Write => postgres.options(AS_WRITTEN).options(BY_KEY),
            Access::Read | Access::Snapshot => postgres.options(AS_WRITTEN),
        })
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    connect(options, statements).await
}

fn readers(db: DatabaseConnection, statements: &Arc<AtomicU64>) -> Readers {
    Readers::new(&db, Arc::clone(statements))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_of_sqlite_waits_for_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("simpul.db"));
        let opened = open(&location, &Arc::default()).await.unwrap();
        let Connections { writer, reader, .. } = opened;
        let text = "PRAGMA busy_timeout";
        assert_eq!(sql::number(&writer, text, vec![]).await.unwrap(), 60_000);
        assert_eq!(sql::number(&reader, text, vec![]).await.unwrap(), 60_000);
    }
}
