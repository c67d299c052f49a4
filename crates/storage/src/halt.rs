//! Why this hub writes nothing to its own log, if so. It is kept in the database, so that every process heeds it.

use domain::healing::Halt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};
use time::OffsetDateTime;

use crate::logs::millis;
use crate::{Database, StorageError, sql, trust};

/// A halt, and since when nothing about it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halted {
    /// Why nothing is written.
    pub why: Halt,
    /// When anything about it last changed, in Unix milliseconds.
    pub at: i64,
}

/// The halt of this moment.
pub async fn read(db: &Database) -> Result<Option<Halted>, StorageError> {
    read_in(db.reader()).await
}

pub(crate) async fn read_in(db: &impl ConnectionTrait) -> Result<Option<Halted>, StorageError> {
    read_with(db, "").await
}

/// The same, so that it stays as it is until the transaction ends.
pub(crate) async fn lock(db: &impl ConnectionTrait) -> Result<Option<Halted>, StorageError> {
    let lock = match db.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    read_with(db, lock).await
}

async fn read_with(db: &impl ConnectionTrait, lock: &str) -> Result<Option<Halted>, StorageError> {
    let text = format!("SELECT halt, halted_at FROM store{lock}");
    let rows = sql::rows(db, &text, vec![]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let code: Option<String> = row.try_get_by_index(0)?;
    let at: Option<i64> = row.try_get_by_index(1)?;
    // A word of a newer version stops writing as well.
    Ok(code.map(|code| Halted {
        why: Halt::parse(&code).unwrap_or(Halt::Forked),
        at: at.unwrap_or_default(),
    }))
}

/// Writes nothing from now on, for this reason or a graver one that is known already, and counts the time anew.
pub async fn set(db: &Database, why: Halt, now: OffsetDateTime) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    set_in(&tx, why, now).await?;
    tx.commit().await?;
    db.refresh().await?;
    Ok(())
}

pub(crate) async fn set_in(
    db: &DatabaseTransaction,
    why: Halt,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let known = lock(db).await?;
    if known.is_none() {
        begin(db).await?;
    }
    let why = known.map_or(why, |known| known.why.max(why));
    // Each change is told by a later time, so that who judged by an earlier one is found out.
    let at = known.map_or(millis(now), |known| millis(now).max(known.at + 1));
    let text = "UPDATE store SET halt = $1, halted_at = $2";
    sql::execute(db, text, vec![why.code().into(), at.into()]).await?;
    Ok(())
}

/// A database that may be an older one is another store to its peers, and all that they hold is looked at anew.
async fn begin(db: &DatabaseTransaction) -> Result<(), StorageError> {
    trust::look_again(db).await?;
    renew_store(db).await
}

/// Gives the store another id, so that no cursor of before counts.
pub(crate) async fn renew_store(db: &impl ConnectionTrait) -> Result<(), StorageError> {
    let fresh = match db.get_database_backend() {
        DbBackend::Postgres => "gen_random_uuid()",
        _ => "randomblob(16)",
    };
    sql::execute(db, &format!("UPDATE store SET store = {fresh}"), vec![]).await?;
    Ok(())
}

/// Writes again, if the halt is still the one that was judged; says whether it is.
pub async fn lift(db: &Database, judged: &Halted) -> Result<bool, StorageError> {
    let text = "UPDATE store SET halt = NULL, halted_at = NULL WHERE halt = $1 AND halted_at = $2";
    let values = vec![judged.why.code().into(), judged.at.into()];
    Ok(sql::execute(db.writer(), text, values).await? > 0)
}

pub(crate) async fn lift_in(db: &impl ConnectionTrait) -> Result<(), StorageError> {
    let text = "UPDATE store SET halt = NULL, halted_at = NULL";
    sql::execute(db, text, vec![]).await?;
    Ok(())
}
