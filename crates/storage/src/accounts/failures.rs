//! Wrong passwords: who guesses has to wait.

use domain::account::pause_after;
use domain::audit::Deed;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// Notes that somebody failed to sign in, and says how often that was in a row.
pub async fn note(db: &Database, account: Uuid, now: OffsetDateTime) -> Result<u32, StorageError> {
    let tx = db.begin().await?;
    let text = "UPDATE account SET failures = failures + 1 WHERE id = $1";
    sql::execute(&tx, text, vec![account.into()]).await?;
    let text = "SELECT failures FROM account WHERE id = $1";
    let failures = sql::number(&tx, text, vec![account.into()]).await?;
    let failures = u32::try_from(failures).unwrap_or(u32::MAX);
    let until = millis(now + pause_after(failures));
    let text = "UPDATE account SET paused_until = $2 WHERE id = $1 AND paused_until < $2";
    sql::execute(&tx, text, vec![account.into(), until.into()]).await?;
    tx.commit().await?;
    Ok(failures)
}

/// Forgets failures: somebody signed in, or an operator says so.
pub async fn forget(
    db: &Database,
    account: Uuid,
    signed_in: Option<OffsetDateTime>,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let text = "UPDATE account SET failures = 0, paused_until = 0, seen = COALESCE($2, seen) WHERE id = $1";
    let values = vec![account.into(), signed_in.map(millis).into()];
    sql::execute(&tx, text, values).await?;
    let told = match by {
        Some(deed) => Some(deed.done(super::object_of(&tx, account).await?)),
        None => None,
    };
    audit::commit(tx, told).await
}
