//! What resolvers have at hand: the hub they speak for, and who asks.

use std::sync::Arc;

use async_graphql::Context;
use domain::account::AccountName;
use domain::audit::Deed;
use domain::catalog::latest_day;
use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use domain::log::SigningKey;
use domain::role::{Action, Reach, Rights};
use domain::trust::Trust;
use storage::audit::Refusals;
use storage::logs::desk::Desk;
use storage::{Database, StorageError};
use time::Date;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::accounts::rules::AccountRules;
use crate::audit::asking::{self, AskedBy};
use crate::dependence::{Beside, Dependence};
use crate::error::{ApiError, RETRY_AFTER_SECONDS};
use crate::importing::Importing;
use crate::statistics::StatisticsHub;
use crate::turns::{OperationTurn, Turns};

/// The hub that a schema speaks for.
pub struct Hub {
    /// What it remembers.
    pub db: Database,
    /// The key with which it signs its log; without it nothing can be written.
    pub key: Option<SigningKey>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The program and its version, for people.
    pub software: String,
    /// What this process is called among those that share the database.
    pub process: Uuid,
    /// Whose turn it is among the hubs that pull.
    pub turns: Arc<Turns>,
    /// What statistics are made of.
    pub statistics: Arc<StatisticsHub>,
    /// Where the search index is found.
    pub search: search::Handle,
    /// How accounts are signed in.
    pub accounts: Arc<AccountRules>,
    /// Where it is noted what was refused.
    pub refusals: Arc<Refusals>,
    /// Where writes of the log are handed in.
    pub desk: Arc<Desk>,
    /// Where the log is written: a runtime whose steps do not wait for those that answer others.
    pub aside: Handle,
    /// What brings innovations in from files, where there is something that does.
    pub importing: Option<Arc<dyn Importing>>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Viewer {
    /// Somebody unknown, who may read what is public.
    #[default]
    Anyone,
    /// A hub that showed who it is. What it may see is what trust says at the time of each operation.
    Hub(HubId),
    /// The holder of the operator's token, who may do all, and says in whose name.
    Operator,
    /// Somebody with an account of this hub.
    Account(Arc<SignedIn>),
}

/// Somebody who showed whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Which account it is.
    pub account: Uuid,
    /// Its name, which stands where it acts.
    pub name: AccountName,
    /// What it may do, as far as its means reach.
    pub rights: Rights,
    /// How it was shown.
    pub means: Means,
}

/// How somebody showed whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// By a session, in a browser.
    Session(Uuid),
    /// By a token, in a program.
    Token(Uuid),
}

/// The trust by which one operation of a hub is answered, read when it is first needed.
#[derive(Debug, Default)]
pub struct OperationTrust(OnceCell<Trust>);

impl Viewer {
    /// What whoever asks may see of the records of all hubs, outside an operation of the schema.
    pub async fn sight(&self, db: &Database) -> Result<Sight, StorageError> {
        Ok(match self {
            Self::Anyone | Self::Operator | Self::Account(_) => self.own_sight(),
            Self::Hub(hub) => storage::trust::load(db).await?.sight_of_others(hub),
        })
    }

    /// What somebody of this hub, or anyone, may see of the records of all hubs.
    fn own_sight(&self) -> Sight {
        if self.may(Action::ReadLocal) {
            Sight::All
        } else if self.may(Action::ReadNetwork) {
            Sight::Network
        } else {
            Sight::Public
        }
    }

    /// How far an action reaches for whoever asks.
    pub fn reach(&self, action: Action) -> Reach {
        match self {
            Self::Operator => Reach::Everywhere,
            Self::Account(account) => account.rights.reach(action),
            Self::Anyone | Self::Hub(_) => Reach::Nowhere,
        }
    }

    /// Whether whoever asks may do something with all that is the hub's.
    pub fn may(&self, action: Action) -> bool {
        self.reach(action) == Reach::Everywhere
    }

    /// Refuses those who may do something nowhere.
    pub fn require(&self, action: Action) -> Result<(), ApiError> {
        match self {
            Self::Operator => Ok(()),
            Self::Account(account) => Ok(account.rights.permit_somewhere(action)?),
            Self::Anyone | Self::Hub(_) => Err(ApiError::Unauthenticated),
        }
    }

    /// Refuses those who may not do something with what belongs to an agency of this hub, or to none.
    pub fn require_of(&self, action: Action, agency: Option<RecordId>) -> Result<(), ApiError> {
        match self {
            Self::Operator => Ok(()),
            Self::Account(account) => Ok(account.rights.permit(action, agency)?),
            Self::Anyone | Self::Hub(_) => Err(ApiError::Unauthenticated),
        }
    }
}

/// Short ways to what a resolver needs.
pub(crate) trait ContextExt {
    fn hub(&self) -> &Hub;
    fn db(&self) -> &Database;
    fn viewer(&self) -> &Viewer;

    /// The latest day that it is anywhere in Indonesia: what is said of the past is not after it.
    fn latest_day(&self) -> Date;

    /// What whoever asks may see of the records of all hubs.
    async fn sight(&self) -> Result<Sight, ApiError>;

    /// What whoever asks may see of one hub's log.
    async fn sight_on(&self, origin: &HubId) -> Result<Sight, ApiError>;

    /// Notes on what the answer depends beside a commit of the store.
    fn depends(&self, note: impl FnOnce(&mut Beside));

    /// That whoever asks does what the mutation says: for the audit, which tells of it together with the change.
    fn deed(&self) -> Deed;

    /// Says what a mutation is about, so that the audit tells it if it fails. Nothing that somebody typed.
    fn is_about(&self, object: String);

    /// Waits until the hub that asks may pull: one operation of each hub at a time. Anybody else may at once.
    async fn take_turn(&self) -> Result<(), ApiError>;
}

impl ContextExt for Context<'_> {
    fn hub(&self) -> &Hub {
        self.data_unchecked::<Arc<Hub>>()
    }

    fn db(&self) -> &Database {
        &self.hub().db
    }

    fn viewer(&self) -> &Viewer {
        self.data_opt().unwrap_or(&Viewer::Anyone)
    }

    fn latest_day(&self) -> Date {
        latest_day(self.hub().clock.now())
    }

    async fn sight(&self) -> Result<Sight, ApiError> {
        Ok(match self.viewer() {
            Viewer::Anyone | Viewer::Operator | Viewer::Account(_) => self.viewer().own_sight(),
            Viewer::Hub(hub) => trust(self).await?.sight_of_others(hub),
        })
    }

    async fn sight_on(&self, origin: &HubId) -> Result<Sight, ApiError> {
        Ok(match self.viewer() {
            Viewer::Anyone | Viewer::Operator | Viewer::Account(_) => self.viewer().own_sight(),
            Viewer::Hub(hub) => trust(self).await?.sight_of(hub, origin),
        })
    }

    fn depends(&self, note: impl FnOnce(&mut Beside)) {
        if let Some(dependence) = self.data_opt::<Dependence>() {
            dependence.note(note);
        }
    }

    fn deed(&self) -> Deed {
        let (hub, field) = (self.hub(), self.field());
        let asked = self.data_opt::<AskedBy>();
        asking::deed(
            self.viewer(),
            asked,
            field.name(),
            &*hub.clock,
            &*hub.entropy,
        )
    }

    fn is_about(&self, object: String) {
        if let Some(asked) = self.data_opt::<AskedBy>() {
            asked.say_about(self.item.node.response_key().node.as_str(), object);
        }
    }

    async fn take_turn(&self) -> Result<(), ApiError> {
        let Viewer::Hub(hub) = self.viewer() else {
            return Ok(());
        };
        let of_operation: &OperationTurn = self.data_unchecked();
        let turn = of_operation.0.get_or_try_init(async || {
            let turn = self.hub().turns.take(hub).await;
            turn.ok_or_else(|| ApiError::RateLimited(hub.clone()))
        });
        turn.await.map(drop).inspect_err(|_| {
            self.insert_http_header("retry-after", RETRY_AFTER_SECONDS.to_string());
        })
    }
}

async fn trust<'a>(ctx: &'a Context<'_>) -> Result<&'a Trust, ApiError> {
    let of_operation: &OperationTrust = ctx.data_unchecked();
    let load = || storage::trust::load(ctx.db());
    Ok(of_operation.0.get_or_try_init(load).await?)
}
