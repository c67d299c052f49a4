//! Accounts of other systems, each of which is an account here: by issuer and subject, and by nothing else. Names and addresses
//! of mail are given to others some day.

use domain::account::AccountName;
use domain::audit::{Action, Actor, Deed, Told};
use domain::catalog::Line;
use domain::log::Hash;
use domain::role::Grant;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    Account, MOST_GRANTS, begun, changed, find_by, insert, object_of, put_grants, sessions,
};
use crate::drafts::moment;
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// How many names are tried for somebody who was never here.
const MOST_NAMES: u32 = 100;
/// How long it is remembered that an answer was taken: longer than anybody may take to come back with it.
const ANSWER_KEPT: Duration = Duration::hours(1);

/// An account of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which system.
    pub issuer: String,
    /// Whose account it is there, by that system's own name.
    pub subject: String,
    /// When it became an account here.
    pub created: OffsetDateTime,
    /// When somebody signed in with it last.
    pub seen: Option<OffsetDateTime>,
}

/// Somebody who came from another system.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// Which system.
    pub issuer: &'a str,
    /// Whose account it is there.
    pub subject: &'a str,
    /// The hash of what the browser brought back; it counts once.
    pub answer: &'a [u8],
    /// What the account is called here, if it is new and the name was never given; else with a number behind.
    pub name: &'a AccountName,
    /// What people read, if it is new.
    pub display: &'a Line<2, 200>,
    /// The roles by what the other system says.
    pub grants: &'a [Grant],
    /// Whether the other system decides about roles, so that those of an account that is here become these.
    pub decides: bool,
    /// The id of the account, if it is new.
    pub id: Uuid,
}

/// Why somebody who came from another system is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Turned {
    /// The answer was taken before.
    #[error("this sign-in was used already; begin again")]
    Again,
    /// They have no role here.
    #[error("your account has no role at this hub; ask its operator")]
    NoRole,
    /// The account is disabled.
    #[error("your account is disabled at this hub; ask its operator")]
    Disabled,
    /// There is no place, or no name, for another account.
    #[error("this hub takes no further accounts; ask its operator")]
    Full,
}

#[derive(FromQueryResult)]
struct IdentityRow {
    issuer: String,
    subject: String,
    created: i64,
    seen: Option<i64>,
}

impl From<IdentityRow> for Identity {
    fn from(row: IdentityRow) -> Self {
        Self {
            issuer: row.issuer,
            subject: row.subject,
            created: moment(row.created),
            seen: row.seen.map(moment),
        }
    }
}

/// The account of somebody who came from another system. One is made for those who were never here and have a role.
pub async fn enter(
    db: &Database,
    arrival: &Arrival<'_>,
    now: OffsetDateTime,
) -> Result<Result<Account, Turned>, StorageError> {
    let tx = db.begin().await?;
    if !take_answer(&tx, arrival.answer, now).await? {
        return Ok(Err(Turned::Again));
    }
    let mut told = Vec::new();
    let entered = match account_of(&tx, arrival.issuer, arrival.subject).await? {
        Some(account) => come_back(&tx, arrival, account, now, &mut told).await?,
        None => begin(&tx, arrival, now, &mut told).await?,
    };
    if let Ok(id) = entered {
        let text = "UPDATE account_identity SET seen = $3 WHERE issuer = $1 AND subject = $2";
        let seen = millis(now);
        let values = vec![arrival.issuer.into(), arrival.subject.into(), seen.into()];
        sql::execute(&tx, text, values).await?;
        let text = "UPDATE account SET seen = $2 WHERE id = $1";
        sql::execute(&tx, text, vec![id.into(), seen.into()]).await?;
    }
    // What was decided of roles stays, also where nobody is signed in.
    audit::append(&tx, &told).await?;
    tx.commit().await?;
    match entered {
        Ok(id) => Ok(super::find(db, id).await?.ok_or(Turned::Disabled)),
        Err(turned) => Ok(Err(turned)),
    }
}

async fn take_answer(
    tx: &DatabaseTransaction,
    hash: &[u8],
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let text = "DELETE FROM account_answer WHERE expires <= $1";
    sql::execute(tx, text, vec![millis(now).into()]).await?;
    let text = "INSERT INTO account_answer (hash, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let values = vec![hash.to_vec().into(), millis(now + ANSWER_KEPT).into()];
    Ok(sql::execute(tx, text, values).await? == 1)
}

async fn account_of(
    tx: &DatabaseTransaction,
    issuer: &str,
    subject: &str,
) -> Result<Option<Account>, StorageError> {
    let text = "SELECT account FROM account_identity WHERE issuer = $1 AND subject = $2";
    let rows = sql::rows(tx, text, vec![issuer.into(), subject.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    find_by(tx, row.try_get_by_index(0)?).await
}

/// Whoever was here before. That nobody is an operator any more is the other system's to decide: the command line still is.
async fn come_back(
    tx: &DatabaseTransaction,
    arrival: &Arrival<'_>,
    before: Account,
    now: OffsetDateTime,
    told: &mut Vec<Told>,
) -> Result<Result<Uuid, Turned>, StorageError> {
    let mut account = before.clone();
    if account.is_disabled {
        return Ok(Err(Turned::Disabled));
    }
    let id = account.id;
    if arrival.decides && !is_same(&account.grants, arrival.grants) {
        account.grants = arrival.grants.to_vec();
        let text = "UPDATE account SET revision = revision + 1 WHERE id = $1";
        sql::execute(tx, text, vec![id.into()]).await?;
        let text = "DELETE FROM account_grant WHERE account = $1";
        sql::execute(tx, text, vec![id.into()]).await?;
        put_grants(tx, &account).await?;
        told.push(changed(
            &by_itself(Action::ChangeAccount, now),
            &before,
            &account,
        ));
    }
    if arrival.decides && account.grants.is_empty() {
        sessions::end_all(tx, id, None).await?;
        return Ok(Err(Turned::NoRole));
    }
    Ok(Ok(id))
}

fn is_same(held: &[Grant], said: &[Grant]) -> bool {
    held.len() == said.len() && said.iter().all(|grant| held.contains(grant))
}

/// Whoever was never here.
async fn begin(
    tx: &DatabaseTransaction,
    arrival: &Arrival<'_>,
    now: OffsetDateTime,
    told: &mut Vec<Told>,
) -> Result<Result<Uuid, Turned>, StorageError> {
    if arrival.grants.is_empty() {
        return Ok(Err(Turned::NoRole));
    }
    if arrival.grants.len() > MOST_GRANTS {
        return Ok(Err(Turned::Full));
    }
    for number in 1..=MOST_NAMES {
        let account = Account {
            id: arrival.id,
            revision: 1,
            name: arrival.name.numbered(number),
            display: arrival.display.clone(),
            grants: arrival.grants.to_vec(),
            password: None,
            is_disabled: false,
            failures: 0,
            paused_until: OffsetDateTime::UNIX_EPOCH,
            created: now,
            seen: None,
        };
        match insert(tx, &account).await? {
            Ok(()) => {
                put(tx, (arrival.issuer, arrival.subject), account.id, now).await?;
                told.push(begun(&by_itself(Action::AddAccount, now), &account));
                return Ok(Ok(account.id));
            }
            Err(super::AccountError::Taken(_)) => {}
            Err(_) => return Ok(Err(Turned::Full)),
        }
    }
    Ok(Err(Turned::Full))
}

/// That this hub does something since another system says so.
fn by_itself(action: Action, now: OffsetDateTime) -> Deed {
    Deed {
        at: now,
        actor: Actor::Itself,
        token: None,
        action,
        origin: None,
    }
}

/// What the audit tells of an account of another system: which system, and a hash instead of what somebody is called there.
fn of_identity(deed: &Deed, account: String, (issuer, subject): (&str, &str)) -> Told {
    let subject = Hash::of(subject.as_bytes()).to_string();
    let after = serde_json::json!({"issuer": issuer, "subjectHash": subject});
    deed.done(account).changing(None, after)
}

async fn put(
    tx: &DatabaseTransaction,
    (issuer, subject): (&str, &str),
    account: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let text =
        "INSERT INTO account_identity (issuer, subject, account, created) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let values = vec![
        issuer.into(),
        subject.into(),
        account.into(),
        millis(now).into(),
    ];
    Ok(sql::execute(tx, text, values).await? == 1)
}

/// Lets somebody sign in to an account that is here with one of another system. Says whether that one was free.
pub async fn link(
    db: &Database,
    identity: (&str, &str),
    account: Uuid,
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let is_free = put(&tx, identity, account, now).await?;
    let object = object_of(&tx, account).await?;
    let told = by.filter(|_| is_free);
    audit::commit(tx, told.map(|deed| of_identity(deed, object, identity))).await?;
    Ok(is_free)
}

/// Lets nobody sign in to an account with one of another system any more, and signs it out. Says whether anybody could.
pub async fn unlink(
    db: &Database,
    identity: (&str, &str),
    account: Uuid,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let (issuer, subject) = identity;
    let tx = db.begin().await?;
    let text = "DELETE FROM account_identity WHERE issuer = $1 AND subject = $2 AND account = $3";
    let values = vec![issuer.into(), subject.into(), account.into()];
    let was_there = sql::execute(&tx, text, values).await? == 1;
    if was_there {
        sessions::end_all(&tx, account, None).await?;
    }
    let object = object_of(&tx, account).await?;
    let told = by.filter(|_| was_there);
    audit::commit(tx, told.map(|deed| of_identity(deed, object, identity))).await?;
    Ok(was_there)
}

/// The accounts of other systems with which somebody signs in to an account.
pub async fn list(db: &Database, account: Uuid) -> Result<Vec<Identity>, StorageError> {
    let text = "SELECT issuer, subject, created, seen FROM account_identity
        WHERE account = $1 ORDER BY created, issuer, subject";
    let rows: Vec<IdentityRow> = sql::all(db.reader(), text, vec![account.into()]).await?;
    Ok(rows.into_iter().map(Identity::from).collect())
}
