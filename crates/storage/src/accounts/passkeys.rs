//! Passkeys of accounts. What is right of an answer is `passkeys`' to say; that each counts up, and is one account's only, is held
//! here.

use domain::audit::Deed;
use domain::catalog::Line;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Account, object_of};
use crate::drafts::moment;
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// The most passkeys of one account.
pub const MOST_PASSKEYS: u64 = 20;

/// A passkey of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// What it is called here.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// What the device calls it.
    pub credential: Vec<u8>,
    /// Its public key with its counter, as a text.
    pub passkey: String,
    /// What people call it.
    pub name: Line<1, 100>,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When somebody signed in with it last.
    pub seen: Option<OffsetDateTime>,
}

/// Why a passkey is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// It is known here.
    #[error("this passkey is known here already")]
    Taken,
    /// The account has as many as it can.
    #[error("an account has {MOST_PASSKEYS} passkeys at most; remove one first")]
    TooMany,
}

#[derive(FromQueryResult)]
struct PasskeyRow {
    id: Uuid,
    account: Uuid,
    credential: Vec<u8>,
    passkey: String,
    name: String,
    created: i64,
    seen: Option<i64>,
}

const COLUMNS: &str = "id, account, credential, passkey, name, created, seen";

impl TryFrom<PasskeyRow> for Passkey {
    type Error = StorageError;

    fn try_from(row: PasskeyRow) -> Result<Self, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("account_passkey", row.id, rule);
        Ok(Self {
            name: Line::parse(&row.name).map_err(|error| corrupt(error.to_string()))?,
            id: row.id,
            account: row.account,
            credential: row.credential,
            passkey: row.passkey,
            created: moment(row.created),
            seen: row.seen.map(moment),
        })
    }
}

/// Keeps a new passkey.
pub async fn add(
    db: &Database,
    passkey: &Passkey,
    by: Option<&Deed>,
) -> Result<Result<(), NotKept>, StorageError> {
    let tx = db.begin().await?;
    let text = "SELECT COUNT(*) FROM account_passkey WHERE account = $1";
    let count = sql::number(&tx, text, vec![passkey.account.into()]).await?;
    if sql::unsigned(count) >= MOST_PASSKEYS {
        return Ok(Err(NotKept::TooMany));
    }
    let text = "INSERT INTO account_passkey (id, account, credential, passkey, name, created)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values = vec![
        passkey.id.into(),
        passkey.account.into(),
        passkey.credential.clone().into(),
        passkey.passkey.as_str().into(),
        passkey.name.as_str().into(),
        millis(passkey.created).into(),
    ];
    if sql::execute(&tx, text, values).await? != 1 {
        return Ok(Err(NotKept::Taken));
    }
    tell(tx, (passkey.account, passkey.id), by).await?;
    Ok(Ok(()))
}

/// The passkey of a device's name for it, with its account, unless that is disabled.
pub async fn find(
    db: &Database,
    credential: &[u8],
) -> Result<Option<(Passkey, Account)>, StorageError> {
    let text = format!("SELECT {COLUMNS} FROM account_passkey WHERE credential = $1");
    let row: Option<PasskeyRow> =
        sql::one(db.reader(), &text, vec![credential.to_vec().into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let passkey = Passkey::try_from(row)?;
    let account = super::find(db, passkey.account).await?;
    let account = account.filter(|account| !account.is_disabled);
    Ok(account.map(|account| (passkey, account)))
}

/// Notes that somebody signed in with a passkey, and keeps what it is from now on. Says whether it was still what was read: of two
/// answers with one counter the second is not taken.
pub async fn note_use(
    db: &Database,
    read: &Passkey,
    passkey: &str,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "UPDATE account_passkey SET passkey = $2, seen = $3 WHERE id = $1 AND passkey = $4";
    let at = millis(now);
    let held = read.passkey.as_str();
    let values = vec![read.id.into(), passkey.into(), at.into(), held.into()];
    if sql::execute(&tx, text, values).await? != 1 {
        return Ok(false);
    }
    let text = "UPDATE account SET seen = $2 WHERE id = $1";
    sql::execute(&tx, text, vec![read.account.into(), at.into()]).await?;
    tx.commit().await?;
    Ok(true)
}

/// The passkeys of an account, the oldest first.
pub async fn list(db: &Database, account: Uuid) -> Result<Vec<Passkey>, StorageError> {
    let text =
        format!("SELECT {COLUMNS} FROM account_passkey WHERE account = $1 ORDER BY created, id");
    let rows: Vec<PasskeyRow> = sql::all(db.reader(), &text, vec![account.into()]).await?;
    rows.into_iter().map(Passkey::try_from).collect()
}

/// Calls a passkey of an account otherwise, and says whether it was there.
pub async fn rename(
    db: &Database,
    (account, id): (Uuid, Uuid),
    name: &Line<1, 100>,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "UPDATE account_passkey SET name = $3 WHERE account = $1 AND id = $2";
    let values = vec![account.into(), id.into(), name.as_str().into()];
    let was_there = sql::execute(&tx, text, values).await? == 1;
    tell(tx, (account, id), by.filter(|_| was_there)).await?;
    Ok(was_there)
}

/// Forgets a passkey of an account, and says whether it was there.
pub async fn remove(
    db: &Database,
    (account, id): (Uuid, Uuid),
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_passkey WHERE account = $1 AND id = $2";
    let values = vec![account.into(), id.into()];
    let was_there = sql::execute(&tx, text, values).await? == 1;
    tell(tx, (account, id), by.filter(|_| was_there)).await?;
    Ok(was_there)
}

/// Commits, and tells the audit which passkey of which account it was: by its id, since its name is somebody's words.
async fn tell(
    tx: DatabaseTransaction,
    (account, id): (Uuid, Uuid),
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let told = audit::told(by, object_of(&tx, account).await?);
    let after = serde_json::json!({ "passkey": id });
    audit::commit(tx, told.map(|told| told.changing(None, after))).await
}
