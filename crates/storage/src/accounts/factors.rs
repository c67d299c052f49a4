//! Second factors: codes of an app (TOTP), and codes on paper for those who lost the device.
//!
//! Whether a code has the right form and value is `credentials`' to say; that none counts twice, and that who guesses waits, is
//! held here, in one transaction.

use domain::account::pause_after;
use domain::audit::Deed;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{object_of, sessions};
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// The app of an account.
#[derive(Clone)]
pub struct Totp {
    /// What the app and this hub both know.
    pub secret: Zeroizing<Vec<u8>>,
    /// Whether a code of it was given, so that it is asked for.
    pub is_confirmed: bool,
}

/// Shows nothing of the secret.
impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Totp");
        shown.field("is_confirmed", &self.is_confirmed);
        shown.finish_non_exhaustive()
    }
}

/// What somebody gave as their second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<'a> {
    /// The code of this step of the app.
    Step(u64),
    /// A code on paper, by its hash.
    Paper(&'a [u8]),
    /// Something that is neither.
    Wrong,
}

/// The second factors that an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// An app's codes are asked for when its password is given.
    pub has_totp: bool,
    /// How many codes on paper are left.
    pub papers: u64,
    /// How many passkeys it has.
    pub passkeys: u64,
}

#[derive(FromQueryResult)]
struct TotpRow {
    secret: Vec<u8>,
    confirmed: i32,
}

#[derive(FromQueryResult)]
struct FactorsRow {
    totp: i64,
    papers: i64,
    passkeys: i64,
}

/// The app of an account, whether it was confirmed or not.
pub async fn totp(db: &Database, account: Uuid) -> Result<Option<Totp>, StorageError> {
    let text = "SELECT secret, confirmed FROM account_totp WHERE account = $1";
    let row: Option<TotpRow> = sql::one(db.reader(), text, vec![account.into()]).await?;
    Ok(row.map(|row| Totp {
        secret: Zeroizing::new(row.secret),
        is_confirmed: row.confirmed != 0,
    }))
}

/// The second factors of an account.
pub async fn of(db: &Database, account: Uuid) -> Result<Factors, StorageError> {
    let text = "SELECT
        (SELECT COUNT(*) FROM account_totp WHERE account = $1 AND confirmed = 1) AS totp,
        (SELECT COUNT(*) FROM account_recovery WHERE account = $2) AS papers,
        (SELECT COUNT(*) FROM account_passkey WHERE account = $3) AS passkeys";
    let values = vec![account.into(), account.into(), account.into()];
    let row: Option<FactorsRow> = sql::one(db.reader(), text, values).await?;
    Ok(row.map_or_else(Factors::default, |row| Factors {
        has_totp: row.totp > 0,
        papers: sql::unsigned(row.papers),
        passkeys: sql::unsigned(row.passkeys),
    }))
}

/// Keeps the secret of an app that is not asked for yet, instead of an earlier such one. Says whether it is kept: not while
/// another app is asked for.
pub async fn begin_totp(
    db: &Database,
    account: Uuid,
    secret: &[u8],
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_totp WHERE account = $1 AND confirmed = 0";
    sql::execute(&tx, text, vec![account.into()]).await?;
    let text = "INSERT INTO account_totp (account, secret, created) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let values = vec![account.into(), secret.to_vec().into(), millis(now).into()];
    let is_kept = sql::execute(&tx, text, values).await? == 1;
    commit(tx, account, by.filter(|_| is_kept)).await?;
    Ok(is_kept)
}

/// From now on codes of the app are asked for; the one of this step is taken. Codes on paper are those of these hashes. Whoever
/// else is signed in with the account is signed out; the session by which this is done counts as begun with both. Says whether this
/// secret waited for its first code.
pub async fn confirm_totp(
    db: &Database,
    (account, but_for): (Uuid, Uuid),
    (secret, step): (&[u8], u64),
    papers: &[Vec<u8>],
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "UPDATE account_totp SET confirmed = 1, step = $2 WHERE account = $1 AND confirmed = 0 AND secret = $3";
    let values = vec![
        account.into(),
        sql::signed(step).into(),
        secret.to_vec().into(),
    ];
    if sql::execute(&tx, text, values).await? != 1 {
        return Ok(false);
    }
    put_papers(&tx, account, papers).await?;
    sessions::end_all(&tx, account, Some(but_for)).await?;
    sessions::strengthen(&tx, but_for).await?;
    commit(tx, account, by).await?;
    Ok(true)
}

/// Keeps other codes on paper; earlier ones are worth nothing any more.
pub async fn renew_papers(
    db: &Database,
    account: Uuid,
    papers: &[Vec<u8>],
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    put_papers(&tx, account, papers).await?;
    commit(tx, account, by).await
}

async fn put_papers(
    tx: &DatabaseTransaction,
    account: Uuid,
    papers: &[Vec<u8>],
) -> Result<(), StorageError> {
    let text = "DELETE FROM account_recovery WHERE account = $1";
    sql::execute(tx, text, vec![account.into()]).await?;
    for hash in papers {
        let text =
            "INSERT INTO account_recovery (account, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        sql::execute(tx, text, vec![account.into(), hash.clone().into()]).await?;
    }
    Ok(())
}

/// Takes a second factor, and says whether it was right; what was given does not count again. One that is wrong counts like a
/// wrong password, before it is looked at: of many who guess at once, the account lets no more through than of those one after
/// another. Where it is right, failures are forgotten.
pub async fn take(
    db: &Database,
    account: Uuid,
    given: Given<'_>,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "UPDATE account SET failures = failures + 1
        WHERE id = $1 AND disabled = 0 AND paused_until <= $2";
    let values = vec![account.into(), millis(now).into()];
    if sql::execute(&tx, text, values).await? != 1 {
        return Ok(false);
    }
    let is_right = spend(&tx, account, given).await?;
    let (failures, until) = if is_right {
        (0, 0)
    } else {
        let text = "SELECT failures FROM account WHERE id = $1";
        let failures = sql::number(&tx, text, vec![account.into()]).await?;
        let pause = pause_after(u32::try_from(failures).unwrap_or(u32::MAX));
        (failures, millis(now + pause))
    };
    let text = "UPDATE account SET failures = $2, paused_until = $3 WHERE id = $1";
    let values = vec![account.into(), failures.into(), until.into()];
    sql::execute(&tx, text, values).await?;
    tx.commit().await?;
    Ok(is_right)
}

async fn spend(
    tx: &DatabaseTransaction,
    account: Uuid,
    given: Given<'_>,
) -> Result<bool, StorageError> {
    let (text, value) = match given {
        Given::Step(step) => (
            "UPDATE account_totp SET step = $2 WHERE account = $1 AND confirmed = 1 AND step < $2",
            sql::signed(step).into(),
        ),
        Given::Paper(hash) => (
            "DELETE FROM account_recovery WHERE account = $1 AND hash = $2",
            hash.to_vec().into(),
        ),
        Given::Wrong => return Ok(false),
    };
    Ok(sql::execute(tx, text, vec![account.into(), value]).await? == 1)
}

/// Forgets the app of an account and its codes on paper, and says whether there were any.
pub async fn remove_totp(
    db: &Database,
    account: Uuid,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let removed = forget_totp(&tx, account).await?;
    commit(tx, account, by).await?;
    Ok(removed)
}

async fn commit(
    tx: DatabaseTransaction,
    account: Uuid,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let told = audit::told(by, object_of(&tx, account).await?);
    audit::commit(tx, told).await
}

/// Forgets all second factors of an account, passkeys too, and signs it out: for those who lost their devices. Says whether
/// there were any.
pub async fn reset(db: &Database, account: Uuid, by: Option<&Deed>) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let removed = forget_totp(&tx, account).await?;
    let text = "DELETE FROM account_passkey WHERE account = $1";
    let passkeys = sql::execute(&tx, text, vec![account.into()]).await?;
    sessions::end_all(&tx, account, None).await?;
    commit(tx, account, by).await?;
    Ok(removed || passkeys > 0)
}

async fn forget_totp(tx: &impl ConnectionTrait, account: Uuid) -> Result<bool, StorageError> {
    let text = "DELETE FROM account_recovery WHERE account = $1";
    sql::execute(tx, text, vec![account.into()]).await?;
    let text = "DELETE FROM account_totp WHERE account = $1";
    Ok(sql::execute(tx, text, vec![account.into()]).await? > 0)
}
