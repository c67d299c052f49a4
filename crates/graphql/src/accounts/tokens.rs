//! Tokens by which programs ask for an account.

use async_graphql::{Context, ID, Object, SimpleObject};
use credentials::secret::{Secret, SecretKind};
use domain::catalog::Line;
use domain::role::Forbidden;
use storage::accounts::tokens::{self, AccountToken, MOST_TOKENS};
use time::Duration;
use uuid::Uuid;

use super::signing::id;
use super::{id_of, in_person, parse_id};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::scalars::DateTime;
use crate::vocabulary::TokenScope;

/// The longest that a token lasts, in days.
const MOST_DAYS: i32 = 366;

/// A token by which a program asks for an account.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Token {
    /// The token's id; the token itself is told once, when it is made.
    id: ID,
    /// What it is for.
    name: String,
    /// How it begins.
    hint: String,
    /// How far it reaches of what the account may.
    scope: TokenScope,
    /// When it was made.
    created_at: DateTime,
    /// When it ends.
    expires_at: DateTime,
    /// When it was used last, to the minute; null while it never was.
    used_at: Option<DateTime>,
}

impl From<AccountToken> for Token {
    fn from(token: AccountToken) -> Self {
        Self {
            id: id_of(token.id),
            name: token.name.to_string(),
            hint: token.hint,
            scope: token.scope.into(),
            created_at: DateTime(token.created),
            expires_at: DateTime(token.expires),
            used_at: token.seen.map(DateTime),
        }
    }
}

/// A token that was just made.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct NewToken {
    /// The token itself, to be sent as `Authorization: Bearer …`. It is not told again.
    secret: String,
    /// What is kept of it.
    token: Token,
}

/// The tokens of an account.
pub(super) async fn of(ctx: &Context<'_>, account: Uuid) -> Result<Vec<Token>, ApiError> {
    let found = tokens::list(ctx.db(), account).await?;
    Ok(found.into_iter().map(Token::from).collect())
}

/// What can be done with tokens.
#[derive(Default)]
pub(crate) struct TokenMutation;

/// What can be done with tokens.
#[Object(serial)]
impl TokenMutation {
    /// Makes a token of one's own account, for a program. It may do what the account may, as far as its scope reaches.
    async fn create_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is for, 1 to 100 characters.")] name: String,
        #[graphql(desc = "How far it reaches; READ when left out.")] scope: Option<TokenScope>,
        #[graphql(desc = "How many days it lasts, up to 366; 90 when left out.")] days: Option<i32>,
    ) -> Result<NewToken, ApiError> {
        let (account, _) = in_person(ctx)?;
        if account.rights.lacks_factor() {
            return Err(Forbidden::Factor.into());
        }
        let hub = ctx.hub();
        let name = Line::parse(&name).map_err(|error| ApiError::invalid("name", error))?;
        let days = days.unwrap_or(90);
        if !(1..=MOST_DAYS).contains(&days) {
            let reason = format!("is {days}; 1 to {MOST_DAYS} are possible");
            return Err(ApiError::invalid("days", reason));
        }
        let secret = Secret::make(SecretKind::Token, &*hub.entropy);
        let now = hub.clock.now();
        let token = AccountToken {
            id: id(ctx),
            account: account.account,
            name,
            hint: secret.hint().to_owned(),
            scope: scope.map_or(domain::role::TokenScope::Read, |scope| scope.0),
            created: now,
            expires: now + Duration::days(days.into()),
            seen: None,
        };
        if !tokens::add(&hub.db, &token, secret.hash().as_bytes(), Some(&ctx.deed())).await? {
            let reason =
                format!("an account has {MOST_TOKENS} tokens at most; take one back first");
            return Err(ApiError::invalid("name", reason));
        }
        Ok(NewToken {
            secret: secret.reveal().to_owned(),
            token: token.into(),
        })
    }

    /// Takes a token of one's own account back. Says whether it was there.
    async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token's id.")] id: ID,
    ) -> Result<bool, ApiError> {
        let (account, _) = in_person(ctx)?;
        let id = parse_id("id", &id)?;
        Ok(tokens::remove(ctx.db(), account.account, id, Some(&ctx.deed())).await?)
    }
}
