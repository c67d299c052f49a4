//! Bringing the schema up to date, and leaving alone one that is newer than this program.

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, DbBackend, TransactionTrait as _};
use sea_orm_migration::MigratorTrait as _;

use crate::{StorageError, sql};

/// The lock under which processes that share a PostgreSQL take the steps one after another; the number is arbitrary.
const STEPS_LOCK: &str = "SELECT pg_advisory_xact_lock(7391184025)";

/// Takes the steps that are not yet taken. A database with steps that this program does not know is refused unchanged.
pub(super) async fn bring_up_to_date(db: &DatabaseConnection) -> Result<(), StorageError> {
    let lock = match db.get_database_backend() {
        DbBackend::Postgres => {
            let lock = db.begin().await?;
            sql::execute(&lock, STEPS_LOCK, vec![]).await?;
            Some(lock)
        }
        _ => None,
    };
    refuse_newer(db).await?;
    migrations::Migrator::up(db, None).await?;
    match lock {
        Some(lock) => Ok(lock.commit().await?),
        None => Ok(()),
    }
}

/// Refuses a database in which a newer program took steps that this one does not know.
pub(crate) async fn refuse_newer(db: &DatabaseConnection) -> Result<(), StorageError> {
    if !has_steps(db).await? {
        return Ok(());
    }
    let known = migrations::Migrator::migrations();
    let known: BTreeSet<String> = known.iter().map(|step| step.name().to_owned()).collect();
    let text = "SELECT version FROM seaql_migrations ORDER BY version";
    let mut unknown = Vec::new();
    for row in sql::rows(db, text, vec![]).await? {
        let step: String = row.try_get_by_index(0)?;
        if !known.contains(&step) {
            unknown.push(step);
        }
    }
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(StorageError::NewerSchema { steps: unknown })
    }
}

/// Whether any step was ever taken. Asked without naming the table, which a fresh database does not have.
async fn has_steps(db: &DatabaseConnection) -> Result<bool, StorageError> {
    let text = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
        _ => {
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'seaql_migrations'"
        }
    };
    Ok(sql::number(db, text, vec![]).await? > 0)
}
