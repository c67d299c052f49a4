//! Every way storing or reading can fail.

use domain::entry::SealError;
use domain::identity::{HubId, LogId, NetworkId, RecordId};
use sea_orm::DbErr;

use crate::leases;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database refused or could not be reached.
    #[error("the database failed")]
    Database(#[from] DbErr),
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
    /// The log moved on while a page was on its way; the page was not stored and nothing is lost.
    #[error("the log is at {held}, the page continues {from}; pull again")]
    Moved {
        /// The size of the log here.
        held: u64,
        /// Where the page begins.
        from: u64,
    },
    /// Entries that were to be put back do not lead to what this hub had proved.
    #[error("{log} does not lead to our own checkpoint with these entries, so nothing was changed")]
    NotMended {
        /// The log.
        log: LogId,
    },
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

impl StorageError {
    pub(crate) fn corrupt(table: &'static str, row: impl ToString, rule: impl ToString) -> Self {
        Self::Corrupt {
            table,
            row: row.to_string(),
            rule: rule.to_string(),
        }
    }
}
