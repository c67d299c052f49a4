//! Links by which somebody chooses a password, once: those who are new, and those who lost theirs.

use domain::audit::Deed;
use sea_orm::DatabaseTransaction;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Account, keep_password, object_of, sessions};
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// Makes a link for an account; earlier ones are worth nothing any more.
pub async fn put(
    db: &Database,
    account: Uuid,
    hash: &[u8],
    expires: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    take_back(&tx, account).await?;
    let text = "INSERT INTO account_invitation (hash, account, expires) VALUES ($1, $2, $3)";
    let values = vec![hash.to_vec().into(), account.into(), millis(expires).into()];
    sql::execute(&tx, text, values).await?;
    let told = audit::told(by, object_of(&tx, account).await?);
    let until = serde_json::json!({"linkUntil": millis(expires)});
    audit::commit(tx, told.map(|told| told.changing(None, until))).await
}

/// Takes an account's links back.
pub(super) async fn take_back(tx: &DatabaseTransaction, account: Uuid) -> Result<(), StorageError> {
    let text = "DELETE FROM account_invitation WHERE account = $1";
    sql::execute(tx, text, vec![account.into()]).await?;
    Ok(())
}

/// The account of a link that is worth something.
pub async fn find(
    db: &Database,
    hash: &[u8],
    now: OffsetDateTime,
) -> Result<Option<Account>, StorageError> {
    let text = "SELECT account FROM account_invitation WHERE hash = $1 AND expires > $2";
    let values = vec![hash.to_vec().into(), millis(now).into()];
    let rows = sql::rows(db.reader(), text, values).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let account = super::find(db, row.try_get_by_index(0)?).await?;
    Ok(account.filter(|account| !account.is_disabled))
}

/// Takes a link and keeps the password that was chosen by it. Whoever was signed in with the account is signed out.
/// Says whether the link was worth something still.
pub async fn accept(
    db: &Database,
    hash: &[u8],
    account: Uuid,
    password: &str,
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_invitation WHERE hash = $1 AND account = $2 AND expires > $3";
    let values = vec![hash.to_vec().into(), account.into(), millis(now).into()];
    if sql::execute(&tx, text, values).await? != 1 {
        return Ok(false);
    }
    keep_password(&tx, account, password).await?;
    sessions::end_all(&tx, account, None).await?;
    take_back(&tx, account).await?;
    let told = audit::told(by, object_of(&tx, account).await?);
    audit::commit(tx, told).await?;
    Ok(true)
}
