//! Passkeys: a device shows whose account it is.
//!
//! Each is asked and answered in two steps, and what is asked is JSON for a page: `PublicKeyCredential.parseCreationOptionsFromJSON`
//! and `parseRequestOptionsFromJSON` take its `publicKey`, and what `toJSON()` of the answer gives comes back.

#![expect(
    clippy::unused_async,
    reason = "resolvers are async by the library's rule"
)]

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::catalog::Line;
use passkeys::{Answered, Asked, Kept, Owner, PasskeyError, Passkeys};
use storage::accounts::passkeys as kept;
use storage::accounts::sessions::Began;
use uuid::Uuid;

use super::{Account, factors, id_of, in_person, parse_id, signing};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::scalars::DateTime;

/// A passkey of an account.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Passkey {
    /// The passkey's id.
    id: ID,
    /// What people call it.
    name: String,
    /// When it was made.
    created_at: DateTime,
    /// When somebody signed in with it last; null while nobody did.
    used_at: Option<DateTime>,
}

impl From<kept::Passkey> for Passkey {
    fn from(passkey: kept::Passkey) -> Self {
        Self {
            id: id_of(passkey.id),
            name: passkey.name.to_string(),
            created_at: DateTime(passkey.created),
            used_at: passkey.seen.map(DateTime),
        }
    }
}

/// What a browser is asked. It is answered within five minutes, once, and to the process that asked.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PasskeyQuestion {
    /// With what the answer is given back.
    id: ID,
    /// The options of `navigator.credentials.create` or `get`, as JSON.
    options: String,
}

impl From<Asked> for PasskeyQuestion {
    fn from(asked: Asked) -> Self {
        Self {
            id: ID(asked.id),
            options: asked.options,
        }
    }
}

/// The passkeys of an account.
pub(super) async fn of(ctx: &Context<'_>, account: Uuid) -> Result<Vec<Passkey>, ApiError> {
    let found = kept::list(ctx.db(), account).await?;
    Ok(found.into_iter().map(Passkey::from).collect())
}

/// What can be done with passkeys.
#[derive(Default)]
pub(crate) struct PasskeyMutation;

/// What can be done with passkeys.
#[Object(serial)]
impl PasskeyMutation {
    /// Asks for a new passkey of one's own account. Whoever signed in within the last ten minutes need not give the password again.
    async fn begin_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password, unless one signed in within the last ten minutes.")]
        password: Option<String>,
        #[graphql(desc = "The code of the account's app beside the password, if it has one.")]
        code: Option<String>,
    ) -> Result<PasskeyQuestion, ApiError> {
        let account = factors::fresh(ctx, password, code).await?;
        let hub = ctx.hub();
        let known = kept::list(&hub.db, account.id).await?;
        let known: Vec<Kept> = known.iter().map(held).collect();
        let owner = Owner {
            id: account.id,
            name: account.name.as_str(),
            display: account.display.as_str(),
        };
        let asked = asking(ctx)?.ask_new(owner, &known, &*hub.entropy, hub.clock.now());
        Ok(asked.map_err(refused)?.into())
    }

    /// Keeps a new passkey of one's own account.
    async fn add_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the question.")] id: ID,
        #[graphql(desc = "What people call it, 1 to 100 characters, such as the device's name.")]
        name: String,
        #[graphql(desc = "What `toJSON()` of the new credential gives, as JSON.")] answer: String,
    ) -> Result<Passkey, ApiError> {
        let (account, _) = in_person(ctx)?;
        let name = Line::parse(&name).map_err(|error| ApiError::invalid("name", error))?;
        let now = ctx.hub().clock.now();
        let taken = asking(ctx)?.take_new(account.account, &id, &answer, now);
        let taken = taken.map_err(refused)?;
        let passkey = kept::Passkey {
            id: signing::id(ctx),
            account: account.account,
            credential: taken.credential,
            passkey: taken.passkey,
            name,
            created: now,
            seen: None,
        };
        let added = kept::add(ctx.db(), &passkey, Some(&ctx.deed())).await?;
        added.map_err(|error| ApiError::invalid("answer", error))?;
        Ok(passkey.into())
    }

    /// Calls a passkey of one's own account otherwise. Says whether it was there.
    async fn rename_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The passkey's id.")] id: ID,
        #[graphql(desc = "What people call it, 1 to 100 characters.")] name: String,
    ) -> Result<bool, ApiError> {
        let (account, _) = in_person(ctx)?;
        let name = Line::parse(&name).map_err(|error| ApiError::invalid("name", error))?;
        let id = parse_id("id", &id)?;
        let of = (account.account, id);
        Ok(kept::rename(ctx.db(), of, &name, Some(&ctx.deed())).await?)
    }

    /// Forgets a passkey of one's own account. Says whether it was there.
    async fn remove_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The passkey's id.")] id: ID,
        #[graphql(desc = "The password, unless one signed in within the last ten minutes.")]
        password: Option<String>,
        #[graphql(desc = "The code of the account's app beside the password, if it has one.")]
        code: Option<String>,
    ) -> Result<bool, ApiError> {
        let account = factors::fresh(ctx, password, code).await?;
        let of = (account.id, parse_id("id", &id)?);
        Ok(kept::remove(ctx.db(), of, Some(&ctx.deed())).await?)
    }

    /// Asks for any passkey of this hub. It does not tell which accounts there are.
    async fn begin_passkey_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The account's name, if it was typed: a passkey of another is not taken."
        )]
        name: Option<String>,
    ) -> Result<PasskeyQuestion, ApiError> {
        let hub = ctx.hub();
        // The longest name that there is has 40 characters.
        let name = name.map(|name| name.trim().to_lowercase().chars().take(41).collect());
        let asked = asking(ctx)?.ask(name, &*hub.entropy, hub.clock.now());
        Ok(asked.map_err(refused)?.into())
    }

    /// Signs in with a passkey. Its device asked for a finger or a number, so no code is asked for beside it.
    async fn sign_in_with_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the question.")] id: ID,
        #[graphql(desc = "What `toJSON()` of the credential gives, as JSON.")] answer: String,
    ) -> Result<Account, ApiError> {
        let asking = asking(ctx)?;
        let now = ctx.hub().clock.now();
        let answered = Answered::read(&answer).map_err(refused)?;
        let found = kept::find(ctx.db(), answered.credential()).await?;
        let (passkey, account) = found.ok_or(ApiError::SigningInFailed)?;
        ctx.is_about(format!("account:{}", account.name));
        let shown = asking.take(&id, &answered, (account.id, &held(&passkey)), now);
        let shown = shown.map_err(|error| match error {
            PasskeyError::Wrong => ApiError::SigningInFailed,
            error => refused(error),
        })?;
        let is_named = shown.name.is_none_or(|name| name == account.name.as_str());
        let is_noted =
            is_named && kept::note_use(ctx.db(), &passkey, &shown.kept.passkey, now).await?;
        if !is_noted {
            return Err(ApiError::SigningInFailed);
        }
        let deed = signing::by(ctx, &account);
        signing::begin_session(ctx, account, Began::Passkey, Some(&deed)).await
    }
}

fn held(passkey: &kept::Passkey) -> Kept {
    Kept {
        credential: passkey.credential.clone(),
        passkey: passkey.passkey.clone(),
    }
}

fn asking<'a>(ctx: &'a Context<'_>) -> Result<&'a Passkeys, ApiError> {
    let asking = ctx.hub().accounts.passkeys.as_ref();
    asking.ok_or_else(|| {
        let reason = "are not possible here: public_url of [http] must be set to an address with a host's name, by https or on this machine (http://localhost:8013)";
        ApiError::invalid("passkeys", reason)
    })
}

fn refused(error: PasskeyError) -> ApiError {
    let field = match error {
        PasskeyError::NotAsked => "id",
        PasskeyError::Form(_) | PasskeyError::Wrong => "answer",
    };
    ApiError::invalid(field, error)
}
