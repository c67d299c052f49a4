//! Signing in and out, and choosing a password.

use async_graphql::{Context, ID, Object};
use credentials::password::Password;
use credentials::secret::{Secret, SecretHash, SecretKind};
use domain::account::AccountName;
use domain::audit::{Actor, Deed};
use storage::accounts::{self, failures, invitations, sessions};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::rules::Answered;
use super::{Account, in_person, parse_id, signed_in};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::scalars::Long;

/// The longest name of a program that is kept of a session, in characters.
const MOST_CLIENT: usize = 200;

/// The program by which somebody asks, as it calls itself.
#[derive(Clone, Debug, Default)]
pub struct ClientName(pub Option<String>);

/// What can be done to sign in and out.
#[derive(Default)]
pub(crate) struct SigningMutation;

/// What can be done to sign in and out.
#[Object(serial)]
impl SigningMutation {
    /// Signs in with an account. The session is kept in a cookie that scripts cannot read; over a WebSocket nobody signs in.
    /// After several wrong passwords the account waits, longer each time, up to fifteen minutes.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's name.")] name: String,
        #[graphql(desc = "The password.")] password: String,
    ) -> Result<Account, ApiError> {
        let password = Password::given(Zeroizing::new(password));
        let account = compare(ctx, &name, password).await?;
        let deed = by(ctx, &account);
        begin_session(ctx, account, Some(&deed)).await
    }

    /// Signs out: the session by which this is asked ends.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<bool, ApiError> {
        let (account, session) = in_person(ctx)?;
        let ended = sessions::end(ctx.db(), account.account, session, Some(&ctx.deed())).await?;
        keep_cookie(ctx, None);
        Ok(ended)
    }

    /// Chooses the first password of an account, or another one instead of one that was lost, by a link that an operator gave,
    /// and signs in. The link is worth nothing then.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The secret of the link.")] invitation: String,
        #[graphql(desc = "The password: 12 characters or more.")] password: String,
    ) -> Result<Account, ApiError> {
        let password = Zeroizing::new(password);
        let (db, now) = (ctx.db(), ctx.hub().clock.now());
        let gone = || {
            let reason = "is worth nothing: it was used, it is older than it may be, or a newer one was made; ask an operator for another";
            ApiError::invalid("invitation", reason)
        };
        let hash = SecretHash::of(SecretKind::Invitation, invitation.trim()).ok_or_else(gone)?;
        let found = invitations::find(db, hash.as_bytes(), now).await?;
        let account = found.ok_or_else(gone)?;
        ctx.is_about(format!("account:{}", account.name));
        let deed = by(ctx, &account);
        let hashed = choose(ctx, password, &account.name).await?;
        let accepted =
            invitations::accept(db, hash.as_bytes(), account.id, &hashed, now, Some(&deed)).await?;
        if !accepted {
            return Err(gone());
        }
        // That the link was used is told; signing in is part of it.
        begin_session(ctx, account, None).await
    }

    /// Changes the password. Whoever else is signed in with the account is signed out.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password until now.")] current: String,
        #[graphql(desc = "The password from now on: 12 characters or more.")] password: String,
    ) -> Result<Account, ApiError> {
        let (account, session) = in_person(ctx)?;
        let current = Password::given(Zeroizing::new(current));
        let password = Zeroizing::new(password);
        let known = compare(ctx, account.name.as_str(), current).await?;
        let hashed = choose(ctx, password, &account.name).await?;
        let deed = ctx.deed();
        accounts::set_password(ctx.db(), known.id, &hashed, Some(session), Some(&deed)).await?;
        let secret = Secret::make(SecretKind::Session, &*ctx.hub().entropy);
        sessions::renew(ctx.db(), session, secret.hash().as_bytes()).await?;
        keep_cookie(ctx, Some(secret.reveal()));
        read(ctx, known.id).await
    }

    /// Ends a session of one's own account. Says whether it was there.
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session's id.")] id: ID,
    ) -> Result<bool, ApiError> {
        let account = signed_in(ctx)?.account;
        let id = parse_id("id", &id)?;
        Ok(sessions::end(ctx.db(), account, id, Some(&ctx.deed())).await?)
    }

    /// Ends all sessions of one's own account but the one by which this is asked, and says how many they were.
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<Long, ApiError> {
        let (account, session) = in_person(ctx)?;
        let ended =
            sessions::end_others(ctx.db(), account.account, Some(session), Some(&ctx.deed()))
                .await?;
        Ok(Long(ended))
    }
}

/// The account of a name and its password. Nothing tells which of them was wrong, nor that the account waits.
async fn compare(
    ctx: &Context<'_>,
    name: &str,
    password: Password,
) -> Result<accounts::Account, ApiError> {
    let (db, now) = (ctx.db(), ctx.hub().clock.now());
    let found = match AccountName::parse(name) {
        Ok(name) => accounts::by_name(db, &name).await?,
        Err(_) => None,
    };
    if let Some(account) = &found {
        // A name that is no account's may be a password that was typed in the wrong place.
        ctx.is_about(format!("account:{}", account.name));
    }
    let may = |account: &accounts::Account| !account.is_disabled && account.paused_until <= now;
    let kept = found.as_ref().filter(|account| may(account));
    let kept = kept.and_then(|account| account.password.clone());
    let hub = ctx.hub();
    let entropy = hub.entropy.clone();
    let answered = hub.accounts.compare(password, kept, entropy).await?;
    let Some(account) = found else {
        return Err(ApiError::SigningInFailed);
    };
    let Answered::Right(renewed) = answered else {
        if may(&account) {
            failures::note(db, account.id, now).await?;
        }
        return Err(ApiError::SigningInFailed);
    };
    // Many who guess at the same time fail together with those before them.
    let account = accounts::find(db, account.id).await?;
    let account = account.filter(&may);
    let account = account.ok_or(ApiError::SigningInFailed)?;
    if let Some(renewed) = renewed {
        accounts::rehash(db, account.id, renewed.as_str()).await?;
    }
    failures::forget(db, account.id, Some(now), None).await?;
    Ok(account)
}

/// Takes a password that somebody chose, and gives what is kept of it.
async fn choose(
    ctx: &Context<'_>,
    password: Zeroizing<String>,
    name: &AccountName,
) -> Result<String, ApiError> {
    let chosen = Password::choose(password, name.as_str())
        .map_err(|error| ApiError::invalid("password", error))?;
    let hub = ctx.hub();
    let hashed = hub.accounts.hash(chosen, hub.entropy.clone()).await?;
    Ok(hashed.as_str().to_owned())
}

/// That the owner of an account does it, who has just shown that it is theirs.
fn by(ctx: &Context<'_>, account: &accounts::Account) -> Deed {
    Deed {
        actor: Actor::Account(account.name.clone()),
        token: None,
        ..ctx.deed()
    }
}

async fn begin_session(
    ctx: &Context<'_>,
    account: accounts::Account,
    by: Option<&Deed>,
) -> Result<Account, ApiError> {
    let hub = ctx.hub();
    let now = hub.clock.now();
    let client = ctx.data_opt::<ClientName>().and_then(|name| name.0.clone());
    let client = client.unwrap_or_else(|| "unknown".to_owned());
    let session = sessions::Session {
        id: id(ctx),
        account: account.id,
        created: now,
        seen: now,
        expires: now + hub.accounts.longest,
        client: client.chars().take(MOST_CLIENT).collect(),
    };
    let secret = Secret::make(SecretKind::Session, &*hub.entropy);
    sessions::begin(&hub.db, &session, secret.hash().as_bytes(), by).await?;
    keep_cookie(ctx, Some(secret.reveal()));
    read(ctx, account.id).await
}

fn keep_cookie(ctx: &Context<'_>, session: Option<&str>) {
    ctx.append_http_header("set-cookie", ctx.hub().accounts.set_cookie(session));
}

async fn read(ctx: &Context<'_>, account: Uuid) -> Result<Account, ApiError> {
    super::managing::get(ctx, account).await
}

/// A random id.
pub(super) fn id(ctx: &Context<'_>) -> Uuid {
    let mut bytes = [0; 16];
    ctx.hub().entropy.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
