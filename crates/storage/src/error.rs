//! Every way storing or reading can fail.

use domain::entry::SealError;
use domain::identity::{HubId, NetworkId, RecordId};
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::leases;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database refused or could not be reached.
    #[error("the database failed")]
    Database(#[source] DbErr),
    /// Other writes were in the way, and nothing was changed.
    #[error("the database is busy with other writes, so nothing was changed; try again")]
    Busy(#[source] DbErr),
    /// A row breaks a rule that writing had kept: the file was changed from outside, or the disk failed.
    #[error("table {table}, row {row}: {rule}; run `simpul verify` to see how far it goes")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Which row of it.
        row: String,
        /// What is wrong with it.
        rule: String,
    },
    /// The database belongs to another hub or network.
    #[error(
        "the database belongs to hub {found_hub} of network {found_network}, not to {hub} of {network}; check [hub] in the settings"
    )]
    OtherHub {
        /// The hub named in the database.
        found_hub: String,
        /// The network named in the database.
        found_network: String,
        /// The hub of the settings.
        hub: HubId,
        /// The network of the settings.
        network: NetworkId,
    },
    /// A newer program used the database; this one would not keep its rules.
    #[error(
        "the database was used by a newer version of this program ({}), and this version left it unchanged; install the newer version again, or restore a backup of before the upgrade",
        steps.join(", ")
    )]
    NewerSchema {
        /// Steps of the schema that this program does not know.
        steps: Vec<String>,
    },
    /// PostgreSQL would tell of commits that a crash can take back.
    #[error(
        "PostgreSQL has synchronous_commit = off, so a crash could take back what peers have seen; set it to on for this database"
    )]
    NotDurable,
    /// The hub has no log of its own yet.
    #[error("hub {0} has no log of its own yet; run `simpul init`")]
    NoLog(HubId),
    /// Someone else wrote the record in the meantime.
    #[error(
        "record {record} is at revision {held}, not {expected}; read it again and repeat the change"
    )]
    Conflict {
        /// The record.
        record: RecordId,
        /// The revision that the change was made from.
        expected: u64,
        /// The revision that is held.
        held: u64,
    },
    /// The log moved on while a page was on its way, or while it was decided what to take out of it; nothing was changed and
    /// nothing is lost.
    #[error(
        "the log was changed meanwhile: it has {held} entries, and what was to be done was meant for another {from}; pull again"
    )]
    Moved {
        /// The size of the log here.
        held: u64,
        /// The size for which it was meant.
        from: u64,
    },
    /// Whom this hub trusts changed since what was to be stored was judged.
    #[error("whom this hub trusts changed meanwhile; pull again")]
    TrustMoved,
    /// The log is frozen or set aside, so nothing is added to it.
    #[error("log of {hub} is not open for entries: {why}")]
    Closed {
        /// The log's hub.
        hub: HubId,
        /// Why.
        why: String,
    },
    /// Another process took over what this one was doing.
    #[error(
        "another process took over {name}, so what this one did last is not noted; nothing is lost"
    )]
    LeaseLost {
        /// What was taken over.
        name: leases::Name,
    },
    /// An entry could not be made.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The blocking work was cut off by the end of the program.
    #[error("the program is ending")]
    Ending,
}

/// Where a database's refusal becomes an error: one that is over when others have finished is told apart.
impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        if is_busy(&error) {
            Self::Busy(error)
        } else {
            Self::Database(error)
        }
    }
}

/// PostgreSQL: a transaction that cannot be put in an order with others, a deadlock, a lock that is not to be had, a
/// statement that waited for locks until its time was up.
const POSTGRES_BUSY: [&str; 4] = ["40001", "40P01", "55P03", "57014"];
/// SQLite: another process writes, or another connection of this one. Extended codes have these in their lowest byte.
const SQLITE_BUSY: [u32; 2] = [5, 6];

fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Exec(cause) | DbErr::Query(cause) | DbErr::Conn(cause)) = error else {
        return false;
    };
    let RuntimeErr::SqlxError(cause) = cause else {
        return false;
    };
    let told = cause.as_database_error();
    let Some(code) = told.and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    // A code of PostgreSQL has five characters, and one of SQLite that is as long is none of these.
    let is_sqlite = |code: u32| code < 10_000 && SQLITE_BUSY.contains(&(code & 0xff));
    POSTGRES_BUSY.contains(&&*code) || code.parse().is_ok_and(is_sqlite)
}

impl StorageError {
    pub(crate) fn corrupt(table: &'static str, row: impl ToString, rule: impl ToString) -> Self {
        Self::Corrupt {
            table,
            row: row.to_string(),
            rule: rule.to_string(),
        }
    }
}
