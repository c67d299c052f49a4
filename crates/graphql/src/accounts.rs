//! Accounts of this hub: who signs in here, and what they may do.
//!
//! - [`Viewer`] is whoever asks, [`Account`] one of the hub's; [`AccountQuery`] finds them.
//! - [`signing`] is signing in and out, and choosing a password.
//! - [`factors`] are asked for beside a password.
//! - [`passkeys`] are devices that show whose account it is.
//! - [`tokens`] are for programs; [`managing`] is what operators do.
//! - [`rules`] say how much work a password is and how long a session lasts.
//!
//! Not here: what roles may do (`domain::role`), who asks, as the request shows it (`node::http::viewer`).

pub(crate) mod factors;
pub(crate) mod managing;
pub(crate) mod passkeys;
pub(crate) mod rules;
pub(crate) mod signing;
pub(crate) mod tokens;

use async_graphql::{Context, Enum, ID, MergedObject, Object, SimpleObject};
use domain::account::AccountName;
use domain::role::{Action, Grant};
use storage::accounts::{self, identities, sessions};
use uuid::Uuid;

use self::passkeys::Passkey;
use crate::ApiError;
use crate::agencies::{self, Agency};
use crate::context::{ContextExt as _, Means, SignedIn, Viewer as Asking};
use crate::paging::{PageArgs, PageInfo};
use crate::scalars::{DateTime, Long};
use crate::vocabulary::{Role, TokenScope};
use tokens::Token;

/// An account of this hub. No other hub hears of it.
#[derive(Clone)]
pub(crate) struct Account(pub(crate) accounts::Account);

/// An account of this hub. No other hub hears of it.
#[Object(serial)]
impl Account {
    /// The account's id, at this hub only.
    async fn id(&self) -> ID {
        id_of(self.0.id)
    }

    /// The revision, which the next change names: 1, 2, 3 …
    async fn revision(&self) -> Long {
        Long(self.0.revision)
    }

    /// What is typed to sign in, and what stands where the account acted.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// What people read.
    async fn display(&self) -> &str {
        self.0.display.as_str()
    }

    /// What it may do here.
    async fn roles(&self) -> Vec<AccountRole> {
        self.0
            .grants
            .iter()
            .map(|grant| AccountRole(*grant))
            .collect()
    }

    /// Whether a password was chosen; without one nobody signs in.
    async fn has_password(&self) -> bool {
        self.0.password.is_some()
    }

    /// What is asked for beside its password, or instead of it.
    async fn second_factors(&self, ctx: &Context<'_>) -> Result<SecondFactors, ApiError> {
        let found = storage::accounts::factors::of(ctx.db(), self.0.id).await?;
        Ok(SecondFactors {
            has_totp: found.has_totp,
            recovery_codes: Long(found.papers),
        })
    }

    /// Its passkeys, the oldest first.
    #[graphql(complexity = "10 * child_complexity")]
    async fn passkeys(&self, ctx: &Context<'_>) -> Result<Vec<Passkey>, ApiError> {
        passkeys::of(ctx, self.0.id).await
    }

    /// The accounts of other systems with which somebody signs in to it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn identities(&self, ctx: &Context<'_>) -> Result<Vec<Identity>, ApiError> {
        let found = identities::list(ctx.db(), self.0.id).await?;
        let shown = |identity: identities::Identity| Identity {
            issuer: identity.issuer,
            subject: identity.subject,
            created_at: DateTime(identity.created),
            signed_in_at: identity.seen.map(DateTime),
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// Whether it is disabled: nobody signs in with it, and its tokens are worth nothing.
    async fn is_disabled(&self) -> bool {
        self.0.is_disabled
    }

    /// Until when nobody can sign in, since wrong passwords were given; null when somebody can.
    async fn paused_until(&self, ctx: &Context<'_>) -> Option<DateTime> {
        let until = self.0.paused_until;
        (until > ctx.hub().clock.now()).then_some(DateTime(until))
    }

    /// Where it is signed in now, the newest first.
    #[graphql(complexity = "20 * child_complexity")]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>, ApiError> {
        let sessions = sessions::list(ctx.db(), self.0.id).await?;
        let current = match ctx.viewer() {
            Asking::Account(account) => match account.means {
                Means::Session(id) => Some(id),
                Means::Token(_) => None,
            },
            _ => None,
        };
        let shown = |session: sessions::Session| Session {
            is_current: current == Some(session.id),
            began: session.began.into(),
            id: id_of(session.id),
            client: session.client,
            created_at: DateTime(session.created),
            used_at: DateTime(session.seen),
            expires_at: DateTime(session.expires),
        };
        Ok(sessions.into_iter().map(shown).collect())
    }

    /// Its tokens for programs, the newest first.
    #[graphql(complexity = "20 * child_complexity")]
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<Token>, ApiError> {
        tokens::of(ctx, self.0.id).await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created)
    }

    /// When somebody signed in with it last.
    async fn signed_in_at(&self) -> Option<DateTime> {
        self.0.seen.map(DateTime)
    }
}

/// A role that an account has.
#[derive(Clone, Copy)]
pub(crate) struct AccountRole(Grant);

/// A role that an account has.
#[Object(serial)]
impl AccountRole {
    /// The role.
    async fn role(&self) -> Role {
        self.0.role().into()
    }

    /// The agency to which it is limited; null for a role of the whole hub, and while the agency has not arrived.
    async fn agency(&self, ctx: &Context<'_>) -> Result<Option<Agency>, ApiError> {
        match self.0.agency() {
            Some(agency) => agencies::load(ctx, (ctx.db().hub().clone(), agency)).await,
            None => Ok(None),
        }
    }
}

/// A place where an account is signed in.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Session {
    /// The session's id.
    id: ID,
    /// Whether it is the one by which this is asked.
    is_current: bool,
    /// How somebody signed in.
    began: SignInMeans,
    /// The program that was used, as it calls itself.
    client: String,
    /// When somebody signed in.
    created_at: DateTime,
    /// When it was used last, to the minute.
    used_at: DateTime,
    /// When it ends in any case.
    expires_at: DateTime,
}

/// An account of another system with which somebody signs in.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Identity {
    /// The other system.
    issuer: String,
    /// What the account is called there.
    subject: String,
    /// When it became an account here.
    created_at: DateTime,
    /// When somebody signed in with it last.
    signed_in_at: Option<DateTime>,
}

/// How somebody signed in.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sessions::Began")]
pub(crate) enum SignInMeans {
    /// With a password alone.
    Password,
    /// With a password, and the code of an app or one on paper.
    SecondFactor,
    /// With a passkey, whose device asked for a finger or a number.
    Passkey,
    /// With an account of another system.
    Provider,
}

/// What is asked for beside an account's password, or instead of it.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct SecondFactors {
    /// Whether the code of an app is asked for beside the password.
    has_totp: bool,
    /// How many codes on paper are left, each of which is taken once instead of the app's.
    recovery_codes: Long,
}

/// Whoever asks.
pub(crate) struct Viewer;

/// Whoever asks.
#[Object(serial)]
impl Viewer {
    /// The account; null for who did not sign in, for another hub, and for the holder of the operator's token.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>, ApiError> {
        match ctx.viewer() {
            Asking::Account(signed_in) => Ok(accounts::find(ctx.db(), signed_in.account)
                .await?
                .map(Account)),
            _ => Ok(None),
        }
    }

    /// What whoever asks may do at this hub, beside what everybody may: the codes of docs/roles.md.
    async fn actions(&self, ctx: &Context<'_>) -> Vec<ViewerAction> {
        let reach = |action: &Action| {
            let viewer = ctx.viewer();
            viewer.require(*action).ok().map(|()| ViewerAction {
                action: action.code(),
                is_limited: !viewer.may(*action),
            })
        };
        Action::ALL.iter().filter_map(reach).collect()
    }

    /// How far the token reaches by which this is asked; null without one.
    async fn token_scope(&self, ctx: &Context<'_>) -> Option<TokenScope> {
        match ctx.viewer() {
            Asking::Account(account) => match account.means {
                Means::Token(_) => Some(account.rights.scope().into()),
                Means::Session(_) => None,
            },
            _ => None,
        }
    }
}

/// Something that whoever asks may do.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct ViewerAction {
    /// The code, such as `WRITE_DRAFTS`.
    action: &'static str,
    /// Whether they may do it with what belongs to their own agencies only.
    is_limited: bool,
}

/// How somebody can sign in beside name and password.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct SignInOptions {
    /// Whether passkeys are possible: the hub has an address at which browsers know them.
    passkeys: bool,
    /// Other systems with whose accounts people sign in.
    providers: Vec<SignInProvider>,
}

/// Another system with whose accounts people sign in.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct SignInProvider {
    /// What it is called in addresses.
    name: String,
    /// What people read.
    title: String,
    /// The path to which a browser goes; `?to=/path` behind it says where it comes back.
    url: String,
}

/// A page of accounts, by name.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct AccountConnection {
    /// The accounts with their cursors.
    edges: Vec<AccountEdge>,
    /// The accounts.
    nodes: Vec<Account>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// An account in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct AccountEdge {
    /// The account's place in the list.
    cursor: String,
    /// The account.
    node: Account,
}

/// What can be asked of accounts.
#[derive(Default)]
pub(crate) struct AccountQuery;

/// What can be asked of accounts.
#[Object(serial)]
impl AccountQuery {
    /// Whoever asks, and what they may do.
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    /// How somebody can sign in beside name and password.
    async fn sign_in_options(&self, ctx: &Context<'_>) -> SignInOptions {
        let provider = |provider: &rules::SignInProvider| SignInProvider {
            name: provider.name.clone(),
            title: provider.title.clone(),
            url: format!("/auth/{}/start", provider.name),
        };
        let providers = ctx.hub().accounts.providers.iter();
        SignInOptions {
            passkeys: ctx.hub().accounts.passkeys.is_some(),
            providers: providers.map(provider).collect(),
        }
    }

    /// The accounts of this hub, by name. For operators.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<AccountConnection, ApiError> {
        ctx.viewer().require(Action::ManageAccounts)?;
        let read_cursor = |raw: &str| AccountName::parse(raw).ok();
        let write_cursor = |account: &accounts::Account| account.name.to_string();
        let request = PageArgs::forward(first, after).parse(read_cursor)?;
        let read = accounts::list(ctx.db(), request.after.as_ref(), request.limit()).await?;
        let (page, page_info) = request.finish(read, write_cursor);
        let edge = |account: accounts::Account| AccountEdge {
            cursor: write_cursor(&account),
            node: Account(account),
        };
        let edges: Vec<_> = page.into_iter().map(edge).collect();
        Ok(AccountConnection {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            page_info,
        })
    }
}

/// What can be done with accounts.
#[derive(Default, MergedObject)]
pub(crate) struct AccountMutation(
    signing::SigningMutation,
    factors::FactorMutation,
    passkeys::PasskeyMutation,
    tokens::TokenMutation,
    managing::ManagingMutation,
);

fn id_of(id: Uuid) -> ID {
    ID(id.to_string())
}

fn parse_id(field: &'static str, id: &ID) -> Result<Uuid, ApiError> {
    Uuid::try_parse(id).map_err(|_| ApiError::invalid(field, "is not an id"))
}

/// Whoever is signed in with an account.
fn signed_in<'a>(ctx: &'a Context<'_>) -> Result<&'a SignedIn, ApiError> {
    match ctx.viewer() {
        Asking::Account(account) => Ok(account),
        Asking::Operator => Err(ApiError::invalid(
            "authorization",
            "the operator's token is no account; sign in with one",
        )),
        Asking::Anyone | Asking::Hub(_) => Err(ApiError::Unauthenticated),
    }
}

/// Whoever is signed in in person, and by which session: what changes the account itself is not done by tokens.
fn in_person<'a>(ctx: &'a Context<'_>) -> Result<(&'a SignedIn, Uuid), ApiError> {
    let account = signed_in(ctx)?;
    match account.means {
        Means::Session(session) => Ok((account, session)),
        Means::Token(_) => Err(ApiError::invalid(
            "authorization",
            "a token does not change its account; sign in with the password",
        )),
    }
}
