//! The accounts of this hub. They are in no log, and no other hub hears of them.
//!
//! - [`Account`] is one with its roles; [`add`], [`change`] and [`list`] keep them.
//! - [`invitations`] let somebody choose a password, once.
//! - [`identities`] are accounts of other systems, with which people sign in to those here.
//! - [`sessions`] are those who signed in; [`tokens`] are for programs.
//! - [`passkeys`] are devices that show whose account it is.
//! - [`failures`] counts those who gave a wrong password; [`factors`] are asked for beside it.
//!
//! An account is never removed, only disabled: its name stands where it acted, and is not given to anybody else.
//! Not here: what passwords and secrets are (`credentials`), what accounts may do (`domain::role`).

pub mod factors;
pub mod failures;
pub mod identities;
pub mod invitations;
pub mod passkeys;
pub mod sessions;
pub mod tokens;

use domain::account::AccountName;
use domain::audit::{Deed, Told};
use domain::catalog::{Line, Vocabulary as _};
use domain::identity::RecordId;
use domain::role::{Grant, Role};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::drafts::moment;
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// The most accounts that a hub has.
pub const MOST_ACCOUNTS: u64 = 10_000;

/// The most roles that an account has.
pub const MOST_GRANTS: usize = 100;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which one it is.
    pub id: Uuid,
    /// Its revision: 1, 2, 3 …
    pub revision: u64,
    /// What is typed to sign in, and what stands where it acted.
    pub name: AccountName,
    /// What people read.
    pub display: Line<2, 200>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// The hash of its password, as a PHC string; nothing while none was chosen.
    pub password: Option<String>,
    /// Nobody signs in with it, and its sessions and tokens are worth nothing.
    pub is_disabled: bool,
    /// How often somebody failed to sign in since the last success.
    pub failures: u32,
    /// Nobody signs in before.
    pub paused_until: OffsetDateTime,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When somebody signed in last.
    pub seen: Option<OffsetDateTime>,
}

#[derive(FromQueryResult)]
struct AccountRow {
    id: Uuid,
    revision: i64,
    name: String,
    display: String,
    password: Option<String>,
    failures: i64,
    paused_until: i64,
    disabled: i32,
    created: i64,
    seen: Option<i64>,
}

#[derive(FromQueryResult)]
struct GrantRow {
    account: Uuid,
    role: String,
    agency: String,
}

const COLUMNS: &str =
    "id, revision, name, display, password, failures, paused_until, disabled, created, seen";

impl AccountRow {
    fn account(self, grants: Vec<Grant>) -> Result<Account, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("account", self.id, rule);
        Ok(Account {
            id: self.id,
            revision: sql::unsigned(self.revision),
            name: AccountName::parse(&self.name).map_err(|error| corrupt(error.to_string()))?,
            display: Line::parse(&self.display).map_err(|error| corrupt(error.to_string()))?,
            grants,
            password: self.password,
            is_disabled: self.disabled != 0,
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            paused_until: moment(self.paused_until),
            created: moment(self.created),
            seen: self.seen.map(moment),
        })
    }
}

impl GrantRow {
    /// A role that only a newer program knows gives no rights here.
    fn grant(&self) -> Result<Option<Grant>, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("account_grant", self.account, rule);
        let Some(role) = Role::find(&self.role) else {
            return Ok(None);
        };
        let agency = Some(self.agency.as_str()).filter(|agency| !agency.is_empty());
        let agency = agency.map(RecordId::parse).transpose();
        let agency = agency.map_err(|error| corrupt(error.to_string()))?;
        let grant = Grant::new(role, agency).map_err(|error| corrupt(error.to_string()))?;
        Ok(Some(grant))
    }
}

/// Why an account cannot be added or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The name was given before.
    #[error("there is an account {0} already; names are not given twice")]
    Taken(AccountName),
    /// The hub has as many as it can.
    #[error("the hub has {MOST_ACCOUNTS} accounts, which is the most")]
    TooMany,
    /// It has as many roles as it can.
    #[error("an account has {MOST_GRANTS} roles at most")]
    TooManyGrants,
    /// Nobody could manage accounts any more.
    #[error("this is the last account with the role OPERATOR; give the role to another one first")]
    LastOperator,
    /// It was changed meanwhile.
    #[error("the account is at revision {held} by now, not at {expected}; read it again")]
    Changed {
        /// The revision that was named.
        expected: u64,
        /// The revision that it has.
        held: u64,
    },
}

/// Adds an account at its first revision.
pub async fn add(
    db: &Database,
    account: &Account,
    by: Option<&Deed>,
) -> Result<Result<(), AccountError>, StorageError> {
    let tx = db.begin().await?;
    let added = insert(&tx, account).await?;
    if added.is_ok() {
        audit::commit(tx, by.map(|deed| begun(deed, account))).await?;
    }
    Ok(added)
}

async fn insert(
    tx: &DatabaseTransaction,
    account: &Account,
) -> Result<Result<(), AccountError>, StorageError> {
    if account.grants.len() > MOST_GRANTS {
        return Ok(Err(AccountError::TooManyGrants));
    }
    let count = sql::number(tx, "SELECT COUNT(*) FROM account", vec![]).await?;
    if sql::unsigned(count) >= MOST_ACCOUNTS {
        return Ok(Err(AccountError::TooMany));
    }
    let text = "INSERT INTO account (id, revision, name, display, password, disabled, created)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let values = vec![
        account.id.into(),
        sql::signed(account.revision).into(),
        account.name.as_str().into(),
        account.display.as_str().into(),
        account.password.as_deref().into(),
        i32::from(account.is_disabled).into(),
        millis(account.created).into(),
    ];
    if sql::execute(tx, text, values).await? != 1 {
        return Ok(Err(AccountError::Taken(account.name.clone())));
    }
    put_grants(tx, account).await?;
    Ok(Ok(()))
}

/// Keeps what an account is from now on: what people read, its roles, and whether it is disabled. Its revision follows the one
/// that is kept. Whoever is signed in with an account that is disabled is signed out.
pub async fn change(
    db: &Database,
    account: &Account,
    by: Option<&Deed>,
) -> Result<Result<(), AccountError>, StorageError> {
    if account.grants.len() > MOST_GRANTS {
        return Ok(Err(AccountError::TooManyGrants));
    }
    let tx = db.begin().await?;
    let before = find_by(&tx, account.id).await?;
    let had = is_there_an_operator(&tx).await?;
    let text = "UPDATE account SET revision = $2, display = $3, disabled = $4 WHERE id = $1 AND revision = $5";
    let values = vec![
        account.id.into(),
        sql::signed(account.revision).into(),
        account.display.as_str().into(),
        i32::from(account.is_disabled).into(),
        sql::signed(account.revision - 1).into(),
    ];
    if sql::execute(&tx, text, values).await? != 1 {
        let text = "SELECT revision FROM account WHERE id = $1";
        let held = sql::number(&tx, text, vec![account.id.into()]).await?;
        return Ok(Err(AccountError::Changed {
            expected: account.revision - 1,
            held: sql::unsigned(held),
        }));
    }
    let text = "DELETE FROM account_grant WHERE account = $1";
    sql::execute(&tx, text, vec![account.id.into()]).await?;
    put_grants(&tx, account).await?;
    if had && !is_there_an_operator(&tx).await? {
        return Ok(Err(AccountError::LastOperator));
    }
    if account.is_disabled {
        sessions::end_all(&tx, account.id, None).await?;
        invitations::take_back(&tx, account.id).await?;
    }
    let told = by
        .zip(before)
        .map(|(deed, before)| changed(deed, &before, account));
    audit::commit(tx, told).await?;
    Ok(Ok(()))
}

/// An account, as the audit names it.
pub(crate) fn object(name: &AccountName) -> String {
    format!("account:{name}")
}

/// What the audit tells of what an account may do.
fn rights_of(account: &Account) -> Value {
    let roles: Vec<_> = account.grants.iter().map(Grant::to_string).collect();
    json!({"roles": roles, "isDisabled": account.is_disabled})
}

/// What the audit tells of an account that is new.
fn begun(deed: &Deed, account: &Account) -> Told {
    let told = deed.done(object(&account.name));
    told.changing(None, rights_of(account))
}

/// What the audit tells of a change: the fields that differ, and that another name is shown, which is a person's.
fn changed(deed: &Deed, before: &Account, after: &Account) -> Told {
    let (mut old, mut new) = (rights_of(before), rights_of(after));
    for field in ["roles", "isDisabled"] {
        if old[field] == new[field] {
            old.as_object_mut().and_then(|fields| fields.remove(field));
            new.as_object_mut().and_then(|fields| fields.remove(field));
        }
    }
    if before.display != after.display {
        new["display"] = "changed".into();
    }
    let told = deed.done(object(&after.name));
    told.changing(Some(old), new)
}

/// The name of an account, as the audit names it.
pub(crate) async fn object_of(
    tx: &DatabaseTransaction,
    account: Uuid,
) -> Result<String, StorageError> {
    let found = find_by(tx, account).await?;
    Ok(found.map_or_else(|| format!("account:{account}"), |it| object(&it.name)))
}

async fn put_grants(tx: &DatabaseTransaction, account: &Account) -> Result<(), StorageError> {
    for grant in &account.grants {
        let agency = grant.agency().map(|agency| agency.to_string());
        let text = "INSERT INTO account_grant (account, role, agency) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let values = vec![
            account.id.into(),
            grant.role().code().into(),
            agency.unwrap_or_default().into(),
        ];
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

async fn is_there_an_operator(tx: &DatabaseTransaction) -> Result<bool, StorageError> {
    let text = "SELECT 1 FROM account_grant CROSS JOIN account
        WHERE account_grant.role = 'OPERATOR' AND account.id = account_grant.account AND account.disabled = 0 LIMIT 1";
    Ok(!sql::rows(tx, text, vec![]).await?.is_empty())
}

/// Finds an account by its name.
pub async fn by_name(db: &Database, name: &AccountName) -> Result<Option<Account>, StorageError> {
    let text = format!("SELECT {COLUMNS} FROM account WHERE name = $1");
    one(db.reader(), &text, name.as_str().into()).await
}

/// Finds an account by its id.
pub async fn find(db: &Database, id: Uuid) -> Result<Option<Account>, StorageError> {
    find_by(db.reader(), id).await
}

async fn find_by(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Account>, StorageError> {
    let text = format!("SELECT {COLUMNS} FROM account WHERE id = $1");
    one(db, &text, id.into()).await
}

async fn one(
    db: &impl ConnectionTrait,
    text: &str,
    value: sea_orm::Value,
) -> Result<Option<Account>, StorageError> {
    let row: Option<AccountRow> = sql::one(db, text, vec![value]).await?;
    let Some(row) = row else { return Ok(None) };
    let grants = grants_of(db, &[row.id]).await?;
    let grants = grants.into_iter().map(|(_, grant)| grant).collect();
    row.account(grants).map(Some)
}

/// Lists accounts by name.
pub async fn list(
    db: &Database,
    after: Option<&AccountName>,
    limit: u32,
) -> Result<Vec<Account>, StorageError> {
    let text = format!("SELECT {COLUMNS} FROM account WHERE name > $1 ORDER BY name LIMIT $2");
    let after = after.map(AccountName::as_str).unwrap_or_default();
    let values = vec![after.into(), i64::from(limit).into()];
    let rows: Vec<AccountRow> = sql::all(db.reader(), &text, values).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let grants = grants_of(db.reader(), &ids).await?;
    let account = |row: AccountRow| {
        let own = grants.iter().filter(|(account, _)| *account == row.id);
        let own = own.map(|(_, grant)| *grant).collect();
        row.account(own)
    };
    rows.into_iter().map(account).collect()
}

async fn grants_of(
    db: &impl ConnectionTrait,
    accounts: &[Uuid],
) -> Result<Vec<(Uuid, Grant)>, StorageError> {
    let mut found = Vec::new();
    for some in accounts.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|id| (*id).into()).collect());
        let text = format!(
            "SELECT account, role, agency FROM account_grant WHERE account IN ({marks})
             ORDER BY account, role, agency"
        );
        for row in sql::all::<GrantRow>(db, &text, values).await? {
            found.extend(row.grant()?.map(|grant| (row.account, grant)));
        }
    }
    Ok(found)
}

/// Keeps the hash of another password. Whoever is signed in with the account is signed out, but for one session; links that
/// were to choose a password are worth nothing any more.
pub async fn set_password(
    db: &Database,
    account: Uuid,
    hash: &str,
    but_for: Option<Uuid>,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    keep_password(&tx, account, hash).await?;
    sessions::end_all(&tx, account, but_for).await?;
    invitations::take_back(&tx, account).await?;
    let told = audit::told(by, object_of(&tx, account).await?);
    audit::commit(tx, told).await
}

async fn keep_password(
    tx: &DatabaseTransaction,
    account: Uuid,
    hash: &str,
) -> Result<(), StorageError> {
    let text = "UPDATE account SET password = $2, failures = 0, paused_until = 0 WHERE id = $1";
    sql::execute(tx, text, vec![account.into(), hash.into()]).await?;
    Ok(())
}

/// Keeps a password's hash that was made anew with more work; nothing else changes.
pub async fn rehash(db: &Database, account: Uuid, hash: &str) -> Result<(), StorageError> {
    let text = "UPDATE account SET password = $2 WHERE id = $1";
    sql::execute(db.writer(), text, vec![account.into(), hash.into()]).await?;
    Ok(())
}
