//! Those who signed in. A session ends when it was not used for some time, at a fixed time in any case, and when somebody ends it.

use domain::audit::Deed;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Account;
use crate::drafts::moment;
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// The most sessions of one account; a further one ends the oldest.
pub const MOST_SESSIONS: u64 = 20;

/// How seldom it is noted that a session or token is used.
pub(super) const NOTED_EVERY: Duration = Duration::minutes(1);

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// With a password alone.
    Password,
    /// With a password and a second factor.
    SecondFactor,
    /// With a passkey, whose device asked for a finger or a number.
    Passkey,
    /// With an account of another system.
    Provider,
}

impl Began {
    const ALL: [Self; 4] = [
        Self::Password,
        Self::SecondFactor,
        Self::Passkey,
        Self::Provider,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Password => "PASSWORD",
            Self::SecondFactor => "SECOND_FACTOR",
            Self::Passkey => "PASSKEY",
            Self::Provider => "PROVIDER",
        }
    }

    /// One that only a newer program knows counts as the weakest.
    fn find(code: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|began| began.code() == code)
            .unwrap_or(Self::Password)
    }
}

/// A session of somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it is called; the secret itself is not kept.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// When somebody signed in.
    pub created: OffsetDateTime,
    /// When it was used last, to the minute.
    pub seen: OffsetDateTime,
    /// When it ends in any case.
    pub expires: OffsetDateTime,
    /// The program that was used, as it calls itself.
    pub client: String,
    /// How somebody signed in.
    pub began: Began,
}

#[derive(FromQueryResult)]
struct SessionRow {
    id: Uuid,
    account: Uuid,
    created: i64,
    seen: i64,
    expires: i64,
    client: String,
    means: String,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            account: row.account,
            created: moment(row.created),
            seen: moment(row.seen),
            expires: moment(row.expires),
            client: row.client,
            began: Began::find(&row.means),
        }
    }
}

const COLUMNS: &str = "id, account, created, seen, expires, client, means";

/// Begins a session. Those that are over are forgotten.
pub async fn begin(
    db: &Database,
    session: &Session,
    hash: &[u8],
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_session WHERE expires <= $1";
    sql::execute(&tx, text, vec![millis(session.created).into()]).await?;
    let text =
        "INSERT INTO account_session (hash, id, account, created, seen, expires, client, means)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vec![
        hash.to_vec().into(),
        session.id.into(),
        session.account.into(),
        millis(session.created).into(),
        millis(session.seen).into(),
        millis(session.expires).into(),
        session.client.as_str().into(),
        session.began.code().into(),
    ];
    sql::execute(&tx, text, values).await?;
    let text = "DELETE FROM account_session WHERE account = $1 AND id NOT IN
        (SELECT id FROM account_session WHERE account = $1 ORDER BY created DESC, id DESC LIMIT $2)";
    let values = vec![session.account.into(), sql::signed(MOST_SESSIONS).into()];
    sql::execute(&tx, text, values).await?;
    let told = audit::told(by, super::object_of(&tx, session.account).await?);
    audit::commit(tx, told).await
}

/// The session of a secret, with its account, if it goes on: it was used within `idle`, and its account is not disabled.
/// That it is used is noted once a minute.
pub async fn find(
    db: &Database,
    hash: &[u8],
    now: OffsetDateTime,
    idle: Duration,
) -> Result<Option<(Session, Account)>, StorageError> {
    let text = format!(
        "SELECT {COLUMNS} FROM account_session WHERE hash = $1 AND expires > $2 AND seen > $3"
    );
    let values = vec![
        hash.to_vec().into(),
        millis(now).into(),
        millis(now - idle).into(),
    ];
    let row: Option<SessionRow> = sql::one(db.reader(), &text, values).await?;
    let Some(session) = row.map(Session::from) else {
        return Ok(None);
    };
    let account = super::find(db, session.account).await?;
    let Some(account) = account.filter(|account| !account.is_disabled) else {
        return Ok(None);
    };
    if now - session.seen >= NOTED_EVERY {
        let text = "UPDATE account_session SET seen = $2 WHERE id = $1 AND seen < $2";
        let values = vec![session.id.into(), millis(now).into()];
        sql::execute(db.writer(), text, values).await?;
    }
    Ok(Some((session, account)))
}

/// The sessions of an account, the newest first.
pub async fn list(db: &Database, account: Uuid) -> Result<Vec<Session>, StorageError> {
    let text = format!(
        "SELECT {COLUMNS} FROM account_session WHERE account = $1 ORDER BY created DESC, id DESC"
    );
    let rows: Vec<SessionRow> = sql::all(db.reader(), &text, vec![account.into()]).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Gives a session another secret, so that an earlier one is worth nothing. Says whether the session was there.
pub async fn renew(db: &Database, id: Uuid, hash: &[u8]) -> Result<bool, StorageError> {
    let text = "UPDATE account_session SET hash = $2 WHERE id = $1";
    let values = vec![id.into(), hash.to_vec().into()];
    Ok(sql::execute(db.writer(), text, values).await? == 1)
}

/// Notes that somebody who signed in with a password gave a second factor since.
pub(super) async fn strengthen(db: &impl ConnectionTrait, id: Uuid) -> Result<(), StorageError> {
    let text = "UPDATE account_session SET means = $2 WHERE id = $1 AND means = $3";
    let (to, from) = (Began::SecondFactor.code(), Began::Password.code());
    sql::execute(db, text, vec![id.into(), to.into(), from.into()]).await?;
    Ok(())
}

/// Ends one session of an account, and says whether it was there.
pub async fn end(
    db: &Database,
    account: Uuid,
    id: Uuid,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_session WHERE account = $1 AND id = $2";
    let values = vec![account.into(), id.into()];
    let ended = sql::execute(&tx, text, values).await?;
    tell(tx, account, ended, by).await?;
    Ok(ended == 1)
}

/// Ends the sessions of an account, but for one.
pub(super) async fn end_all(
    db: &impl ConnectionTrait,
    account: Uuid,
    but_for: Option<Uuid>,
) -> Result<u64, StorageError> {
    let text = "DELETE FROM account_session WHERE account = $1 AND id <> $2";
    let values = vec![account.into(), but_for.unwrap_or_default().into()];
    Ok(sql::execute(db, text, values).await?)
}

/// Ends the sessions of an account, but for one, and says how many they were.
pub async fn end_others(
    db: &Database,
    account: Uuid,
    but_for: Option<Uuid>,
    by: Option<&Deed>,
) -> Result<u64, StorageError> {
    let tx = db.begin().await?;
    let ended = end_all(&tx, account, but_for).await?;
    tell(tx, account, ended, by).await?;
    Ok(ended)
}

/// Commits, and tells the audit how many sessions of an account were ended.
async fn tell(
    tx: DatabaseTransaction,
    account: Uuid,
    ended: u64,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let told = audit::told(by, super::object_of(&tx, account).await?);
    let after = serde_json::json!({"sessionsEnded": ended});
    audit::commit(tx, told.map(|told| told.changing(None, after))).await
}
