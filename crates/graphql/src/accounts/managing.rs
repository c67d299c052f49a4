//! What operators do with accounts.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use credentials::secret::{Secret, SecretKind};
use domain::account::AccountName;
use domain::audit::Deed;
use domain::catalog::Line;
use domain::role::{Action, Grant};
use storage::accounts::{self, AccountError, factors, failures, invitations, sessions};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::signing::id;
use super::{Account, parse_id};
use crate::ApiError;
use crate::agencies::own_agency;
use crate::context::ContextExt as _;
use crate::paging::bounded;
use crate::scalars::{DateTime, Long};
use crate::vocabulary::Role;

/// How long a link to choose a password is worth something.
const INVITATION: Duration = Duration::days(7);

/// A role that is given to an account.
#[derive(InputObject)]
pub(crate) struct RoleInput {
    /// The role.
    role: Role,
    /// The global id of the agency of this hub to which it is limited; for CONTRIBUTOR, and for no other role.
    agency: Option<ID>,
}

/// A link by which somebody chooses a password.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Invitation {
    /// Whose password it is.
    account: Account,
    /// The secret, for `acceptInvitation`. It is not told again; give it to the person and to nobody else.
    secret: String,
    /// The link with the secret, `…/invitation#simpul_i_…`; null if it is not said where browsers reach the hub. The page behind it
    /// comes with the portal.
    url: Option<String>,
    /// When it ends.
    expires_at: DateTime,
}

/// What can be done with others' accounts.
#[derive(Default)]
pub(crate) struct ManagingMutation;

/// What can be done with others' accounts.
#[Object(serial)]
impl ManagingMutation {
    /// Adds an account, and makes the link by which its owner chooses a password. For operators.
    async fn add_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "What is typed to sign in: 2 to 40 characters of a-z, 0-9, `.`, `_` and `-`. It is never given twice."
        )]
        name: String,
        #[graphql(desc = "What people read, 2 to 200 characters.")] display: String,
        #[graphql(desc = "What it may do.")] roles: Vec<RoleInput>,
    ) -> Result<Invitation, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let name = AccountName::parse(&name).map_err(|error| ApiError::invalid("name", error))?;
        let account = accounts::Account {
            id: id(ctx),
            revision: 1,
            name,
            display: shown(&display)?,
            grants: grants(ctx, roles)?,
            password: None,
            is_disabled: false,
            failures: 0,
            paused_until: OffsetDateTime::UNIX_EPOCH,
            created: ctx.hub().clock.now(),
            seen: None,
        };
        let added = accounts::add(ctx.db(), &account, Some(&ctx.deed())).await?;
        added.map_err(refused)?;
        // That it was added is told; the link is part of it.
        invite(ctx, account.id, None).await
    }

    /// Changes an account: what people read, its roles, and whether it is disabled. Whoever is signed in with one that is
    /// disabled is signed out. For operators.
    async fn change_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "What people read; the same as before when left out.")] display: Option<
            String,
        >,
        #[graphql(desc = "What it may do from now on; the same as before when left out.")]
        roles: Option<Vec<RoleInput>>,
        #[graphql(desc = "Whether it is disabled; the same as before when left out.")]
        is_disabled: Option<bool>,
    ) -> Result<Account, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let Account(mut account) = get(ctx, parse_id("id", &id)?).await?;
        if let Some(display) = display {
            account.display = shown(&display)?;
        }
        if let Some(roles) = roles {
            account.grants = grants(ctx, roles)?;
        }
        account.is_disabled = is_disabled.unwrap_or(account.is_disabled);
        account.revision = revision.0.saturating_add(1);
        accounts::change(ctx.db(), &account, Some(&ctx.deed()))
            .await?
            .map_err(refused)?;
        get(ctx, account.id).await
    }

    /// Makes a link by which the owner of an account chooses another password: for those who lost theirs. An earlier link is
    /// worth nothing then; the password is kept until the link is used. For operators.
    async fn invite_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's id.")] id: ID,
    ) -> Result<Invitation, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let Account(account) = get(ctx, parse_id("id", &id)?).await?;
        if account.is_disabled {
            return Err(ApiError::invalid("id", "is of an account that is disabled"));
        }
        invite(ctx, account.id, Some(&ctx.deed())).await
    }

    /// Lets somebody sign in at once who gave wrong passwords. For operators.
    async fn unlock_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's id.")] id: ID,
    ) -> Result<Account, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let Account(account) = get(ctx, parse_id("id", &id)?).await?;
        failures::forget(ctx.db(), account.id, None, Some(&ctx.deed())).await?;
        get(ctx, account.id).await
    }

    /// Forgets all second factors of an account, passkeys too, and signs it out: for those who lost their devices. Make sure who
    /// asks for it; then a password is enough. For operators.
    async fn reset_second_factors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's id.")] id: ID,
    ) -> Result<Account, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let Account(account) = get(ctx, parse_id("id", &id)?).await?;
        factors::reset(ctx.db(), account.id, Some(&ctx.deed())).await?;
        get(ctx, account.id).await
    }

    /// Signs an account out everywhere, and says how many sessions there were. For operators.
    async fn sign_account_out(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account's id.")] id: ID,
    ) -> Result<Long, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let Account(account) = get(ctx, parse_id("id", &id)?).await?;
        Ok(Long(
            sessions::end_others(ctx.db(), account.id, None, Some(&ctx.deed())).await?,
        ))
    }
}

async fn invite(
    ctx: &Context<'_>,
    account: Uuid,
    by: Option<&Deed>,
) -> Result<Invitation, ApiError> {
    let hub = ctx.hub();
    let secret = Secret::make(SecretKind::Invitation, &*hub.entropy);
    let expires = hub.clock.now() + INVITATION;
    invitations::put(&hub.db, account, secret.hash().as_bytes(), expires, by).await?;
    Ok(Invitation {
        account: get(ctx, account).await?,
        url: hub.accounts.invitation_link(secret.reveal()),
        secret: secret.reveal().to_owned(),
        expires_at: DateTime(expires),
    })
}

/// An account that must be there.
pub(super) async fn get(ctx: &Context<'_>, id: Uuid) -> Result<Account, ApiError> {
    let found = accounts::find(ctx.db(), id).await?;
    found.map(Account).ok_or_else(|| ApiError::NotFound {
        what: "account",
        id: id.to_string(),
    })
}

fn shown(display: &str) -> Result<Line<2, 200>, ApiError> {
    Line::parse(display).map_err(|error| ApiError::invalid("display", error))
}

fn grants(ctx: &Context<'_>, roles: Vec<RoleInput>) -> Result<Vec<Grant>, ApiError> {
    let grant = |input: RoleInput| {
        let agency = input.agency.as_ref();
        let agency = agency.map(|id| own_agency("roles.agency", id, ctx.db().hub()));
        let grant = Grant::new(input.role.0, agency.transpose()?);
        grant.map_err(|error| ApiError::invalid("roles", error))
    };
    bounded("roles", Some(roles))?
        .into_iter()
        .map(grant)
        .collect()
}

fn refused(error: AccountError) -> ApiError {
    let field = match error {
        AccountError::Taken(_) | AccountError::TooMany => "name",
        AccountError::TooManyGrants | AccountError::LastOperator => "roles",
        AccountError::Changed { .. } => return ApiError::AccountChanged(error),
    };
    ApiError::invalid(field, error)
}
