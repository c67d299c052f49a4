//! Tokens by which programs ask for an account: dashboards, scripts, other services.

use domain::audit::Deed;
use domain::catalog::{Line, Vocabulary as _};
use domain::role::TokenScope;
use sea_orm::FromQueryResult;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Account;
use super::sessions::NOTED_EVERY;
use crate::drafts::moment;
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql};

/// The most tokens of one account.
pub const MOST_TOKENS: u64 = 100;

/// A token of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountToken {
    /// What it is called here; the token itself is not kept.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// What it is for.
    pub name: Line<1, 100>,
    /// How it begins.
    pub hint: String,
    /// How far it reaches of what the account may.
    pub scope: TokenScope,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it ends.
    pub expires: OffsetDateTime,
    /// When it was used last, to the minute.
    pub seen: Option<OffsetDateTime>,
}

#[derive(FromQueryResult)]
struct TokenRow {
    id: Uuid,
    account: Uuid,
    name: String,
    hint: String,
    scope: String,
    created: i64,
    expires: i64,
    seen: Option<i64>,
}

const COLUMNS: &str = "id, account, name, hint, scope, created, expires, seen";

impl TryFrom<TokenRow> for AccountToken {
    type Error = StorageError;

    fn try_from(row: TokenRow) -> Result<Self, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("account_token", row.id, rule);
        Ok(Self {
            id: row.id,
            account: row.account,
            name: Line::parse(&row.name).map_err(|error| corrupt(error.to_string()))?,
            hint: row.hint,
            // One that only a newer program knows reaches no further than the least.
            scope: TokenScope::find(&row.scope).unwrap_or(TokenScope::Read),
            created: moment(row.created),
            expires: moment(row.expires),
            seen: row.seen.map(moment),
        })
    }
}

/// Keeps a new token, and says whether there was room for it.
pub async fn add(
    db: &Database,
    token: &AccountToken,
    hash: &[u8],
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_token WHERE account = $1 AND expires <= $2";
    let values = vec![token.account.into(), millis(token.created).into()];
    sql::execute(&tx, text, values).await?;
    let text = "SELECT COUNT(*) FROM account_token WHERE account = $1";
    let count = sql::number(&tx, text, vec![token.account.into()]).await?;
    if sql::unsigned(count) >= MOST_TOKENS {
        return Ok(false);
    }
    let text = "INSERT INTO account_token (hash, id, account, name, hint, scope, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vec![
        hash.to_vec().into(),
        token.id.into(),
        token.account.into(),
        token.name.as_str().into(),
        token.hint.as_str().into(),
        token.scope.code().into(),
        millis(token.created).into(),
        millis(token.expires).into(),
    ];
    sql::execute(&tx, text, values).await?;
    let told = audit::told(by, super::object_of(&tx, token.account).await?);
    let after =
        json!({"token": token.id, "scope": token.scope.code(), "expires": millis(token.expires)});
    audit::commit(tx, told.map(|told| told.changing(None, after))).await?;
    Ok(true)
}

/// What a token is, with its account, if it is worth something. That it is used is noted once a minute.
pub async fn find(
    db: &Database,
    hash: &[u8],
    now: OffsetDateTime,
) -> Result<Option<(AccountToken, Account)>, StorageError> {
    let text = format!("SELECT {COLUMNS} FROM account_token WHERE hash = $1 AND expires > $2");
    let values = vec![hash.to_vec().into(), millis(now).into()];
    let row: Option<TokenRow> = sql::one(db.reader(), &text, values).await?;
    let Some(row) = row else { return Ok(None) };
    let token = AccountToken::try_from(row)?;
    let account = super::find(db, token.account).await?;
    let Some(account) = account.filter(|account| !account.is_disabled) else {
        return Ok(None);
    };
    if token.seen.is_none_or(|seen| now - seen >= NOTED_EVERY) {
        let text = "UPDATE account_token SET seen = $2 WHERE id = $1";
        let values = vec![token.id.into(), millis(now).into()];
        sql::execute(db.writer(), text, values).await?;
    }
    Ok(Some((token, account)))
}

/// The tokens of an account, the newest first.
pub async fn list(db: &Database, account: Uuid) -> Result<Vec<AccountToken>, StorageError> {
    let text = format!(
        "SELECT {COLUMNS} FROM account_token WHERE account = $1 ORDER BY created DESC, id DESC"
    );
    let rows: Vec<TokenRow> = sql::all(db.reader(), &text, vec![account.into()]).await?;
    rows.into_iter().map(AccountToken::try_from).collect()
}

/// Takes a token of an account back, and says whether it was there.
pub async fn remove(
    db: &Database,
    account: Uuid,
    id: Uuid,
    by: Option<&Deed>,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM account_token WHERE account = $1 AND id = $2";
    let values = vec![account.into(), id.into()];
    let removed = sql::execute(&tx, text, values).await?;
    let told = audit::told(by, super::object_of(&tx, account).await?);
    let before = json!({"token": id, "wasThere": removed == 1});
    let told = told.map(|told| told.changing(Some(before), json!({})));
    audit::commit(tx, told).await?;
    Ok(removed == 1)
}
