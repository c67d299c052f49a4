//! Signing in and out, and choosing a password.

use async_graphql::{Context, ID, Object};
use credentials::password::Password;
use credentials::secret::{Secret, SecretHash, SecretKind};
use domain::account::AccountName;
use domain::audit::{Actor, Deed};
use domain::entropy::Entropy;
use storage::accounts::sessions::Began;
use storage::accounts::{self, failures, invitations, sessions};
use storage::{Database, StorageError};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::rules::{AccountRules, Answered};
use super::{Account, factors, in_person, parse_id};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::scalars::Long;

/// The longest name of a program that is kept of a session, in characters.
const MOST_CLIENT: usize = 200;

/// What a session is begun with, in an operation of the schema or outside of one.
pub struct Opening<'a> {
    /// Where sessions are kept.
    pub db: &'a Database,
    /// How long they last.
    pub rules: &'a AccountRules,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
    /// The time.
    pub now: OffsetDateTime,
    /// The program that somebody uses, as it calls itself.
    pub client: Option<&'a str>,
}

impl Opening<'_> {
    /// Begins a session of an account whose owner showed who they are, and gives the header by which a browser keeps it.
    /// The audit is told of it where somebody did it by that alone.
    pub async fn session(
        &self,
        account: Uuid,
        began: Began,
        by: Option<&Deed>,
    ) -> Result<String, StorageError> {
        let client = self.client.unwrap_or("unknown");
        let session = sessions::Session {
            id: random_id(self.entropy),
            account,
            created: self.now,
            seen: self.now,
            expires: self.now + self.rules.longest,
            client: client.chars().take(MOST_CLIENT).collect(),
            began,
        };
        let secret = Secret::make(SecretKind::Session, self.entropy);
        sessions::begin(self.db, &session, secret.hash().as_bytes(), by).await?;
        Ok(self.rules.set_cookie(Some(secret.reveal())))
    }
}

/// Wrong passwords that came from where somebody asks, for whichever accounts: who tries one password at many is stopped by this.
pub trait Guesses: Send + Sync {
    /// How long nobody there may give another password; nothing if they may.
    fn wait(&self) -> Option<std::time::Duration>;
    /// Notes a wrong one.
    fn note(&self);
}

/// The wrong passwords that came from where somebody asks, in the data of an operation.
pub struct GuessedFrom(pub Box<dyn Guesses>);

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
        #[graphql(
            desc = "The code that the account's app shows, or one of its codes on paper. An account that has an app is asked for it with SECOND_FACTOR_REQUIRED when it is left out."
        )]
        code: Option<String>,
    ) -> Result<Account, ApiError> {
        let password = Password::given(Zeroizing::new(password));
        let code = code.map(Zeroizing::new);
        let account = compare(ctx, &name, password).await?;
        let deed = by(ctx, &account);
        let began = factors::ask(ctx, account.id, code).await?;
        let now = ctx.hub().clock.now();
        failures::forget(ctx.db(), account.id, Some(now), None).await?;
        begin_session(ctx, account, began, Some(&deed)).await
    }

    /// Signs out: the session by which this is asked ends.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<bool, ApiError> {
        let (account, session) = in_person(ctx)?;
        let ended = sessions::end(ctx.db(), account.account, session, Some(&ctx.deed())).await?;
        keep_cookie(ctx, None);
        Ok(ended)
    }

    /// Chooses the first password of an account, or another one instead of one that was lost, by a link that an operator gave,
    /// and signs in. The link is worth nothing then. An account that has an app is asked for its code, too.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The secret of the link.")] invitation: String,
        #[graphql(desc = "The password: 12 characters or more.")] password: String,
        #[graphql(desc = "The code that the account's app shows, or one of its codes on paper.")]
        code: Option<String>,
    ) -> Result<Account, ApiError> {
        let (password, code) = (Zeroizing::new(password), code.map(Zeroizing::new));
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
        let began = factors::ask(ctx, account.id, code).await?;
        let accepted =
            invitations::accept(db, hash.as_bytes(), account.id, &hashed, now, Some(&deed)).await?;
        if !accepted {
            return Err(gone());
        }
        // That the link was used is told; signing in is part of it.
        begin_session(ctx, account, began, None).await
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
        failures::forget(ctx.db(), known.id, None, None).await?;
        let hashed = choose(ctx, password, &account.name).await?;
        let deed = ctx.deed();
        accounts::set_password(ctx.db(), known.id, &hashed, Some(session), Some(&deed)).await?;
        renew_session(ctx, session).await?;
        read(ctx, known.id).await
    }

    /// Ends a session of one's own account. Says whether it was there.
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session's id.")] id: ID,
    ) -> Result<bool, ApiError> {
        let (account, _) = in_person(ctx)?;
        let id = parse_id("id", &id)?;
        Ok(sessions::end(ctx.db(), account.account, id, Some(&ctx.deed())).await?)
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

/// The account of a name and its password. Nothing tells which of them was wrong, nor that the account waits. That somebody
/// failed before is forgotten by who calls this, when all that is asked for is right.
pub(super) async fn compare(
    ctx: &Context<'_>,
    name: &str,
    password: Password,
) -> Result<accounts::Account, ApiError> {
    let guesses = ctx.data_opt::<GuessedFrom>().map(|from| &*from.0);
    if let Some(wait) = guesses.and_then(Guesses::wait) {
        let seconds = wait.as_secs() + 1;
        ctx.insert_http_header("retry-after", seconds.to_string());
        return Err(ApiError::GuessedTooOften(seconds));
    }
    let compared = compare_at_once(ctx, name, password).await;
    if let (Err(ApiError::SigningInFailed), Some(guesses)) = (&compared, guesses) {
        guesses.note();
    }
    compared
}

async fn compare_at_once(
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
pub(super) fn by(ctx: &Context<'_>, account: &accounts::Account) -> Deed {
    Deed {
        actor: Actor::Account(account.name.clone()),
        token: None,
        ..ctx.deed()
    }
}

/// Begins a session of an account, and gives the browser its cookie.
pub(super) async fn begin_session(
    ctx: &Context<'_>,
    account: accounts::Account,
    began: Began,
    by: Option<&Deed>,
) -> Result<Account, ApiError> {
    let hub = ctx.hub();
    let client = ctx.data_opt::<ClientName>();
    let opening = Opening {
        db: &hub.db,
        rules: &hub.accounts,
        entropy: &*hub.entropy,
        now: hub.clock.now(),
        client: client.and_then(|name| name.0.as_deref()),
    };
    let cookie = opening.session(account.id, began, by).await?;
    // The cookie takes the place of an earlier one, whose session nobody would end any more.
    if let Ok((before, session)) = in_person(ctx) {
        sessions::end(ctx.db(), before.account, session, None).await?;
    }
    ctx.append_http_header("set-cookie", cookie);
    read(ctx, account.id).await
}

/// Gives a session another secret: who knew the one before knows nothing any more.
pub(super) async fn renew_session(ctx: &Context<'_>, session: Uuid) -> Result<(), ApiError> {
    let secret = Secret::make(SecretKind::Session, &*ctx.hub().entropy);
    sessions::renew(ctx.db(), session, secret.hash().as_bytes()).await?;
    keep_cookie(ctx, Some(secret.reveal()));
    Ok(())
}

fn keep_cookie(ctx: &Context<'_>, session: Option<&str>) {
    ctx.append_http_header("set-cookie", ctx.hub().accounts.set_cookie(session));
}

/// The account as it is now.
pub(super) async fn read(ctx: &Context<'_>, account: Uuid) -> Result<Account, ApiError> {
    super::managing::get(ctx, account).await
}

/// A random id.
pub(super) fn id(ctx: &Context<'_>) -> Uuid {
    random_id(&*ctx.hub().entropy)
}

fn random_id(entropy: &dyn Entropy) -> Uuid {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
