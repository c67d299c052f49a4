//! A hub, opened from its settings.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use domain::catalog::{HubProfile, HubProfileDraft};
use domain::clock::Clock as _;
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::{Epoch, LogId, RecordId};
use domain::log::SigningKey;
use domain::trust::{Trust, TrustedKey};
use storage::{Database, Owner, logs, pins};
use sync::round::Puller;

use crate::config::Config;
use crate::keys::{self, OperatorToken};
use crate::system::{SystemClock, SystemEntropy};

/// The program and its version, as peers and people see it.
pub const SOFTWARE: &str = concat!("simpul ", env!("CARGO_PKG_VERSION"));

/// A hub with its database and key.
#[derive(Clone)]
pub struct Hub {
    /// The settings.
    pub config: Arc<Config>,
    /// What it remembers.
    pub db: Database,
    /// The key with which it signs.
    pub key: SigningKey,
    /// The operator's token.
    pub token: OperatorToken,
}

impl Hub {
    /// Opens the hub that the settings describe.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let key = keys::read_key(&config.path(&config.hub.key_file))?;
        let token = OperatorToken::read(&config.path(&config.hub.token_file))?;
        let db = open_database(&config).await?;
        Ok(Self {
            config: Arc::new(config),
            db,
            key,
            token,
        })
    }

    /// Makes a new hub: its key, its token, its database, and a log whose first entry says who it is.
    pub async fn create(config: Config, profile: &HubProfileDraft) -> anyhow::Result<Self> {
        let parsed = HubProfile::parse(profile)?;
        let key = keys::create_key(&config.path(&config.hub.key_file), &SystemEntropy)?;
        keys::create_token(&config.path(&config.hub.token_file), &SystemEntropy)?;
        let token = OperatorToken::read(&config.path(&config.hub.token_file))?;
        let db = open_database(&config).await?;
        let hub = Self {
            config: Arc::new(config),
            db,
            key,
            token,
        };
        let second = u64::try_from(SystemClock.now().unix_timestamp())
            .context("the clock is before 1970")?;
        logs::open_own(&hub.db, Epoch::new(second)?, &hub.key, &SystemClock).await?;
        hub.introduce(&HubProfileDraft::from(&parsed)).await?;
        Ok(hub)
    }

    async fn introduce(&self, profile: &HubProfileDraft) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let draft = EntryDraft {
            record: RecordId::generate(now, &SystemEntropy),
            revision: 1,
            kind: Kind::parse(Kind::HUB)?,
            audience: Audience::Public,
            at: now,
            change: Change::Put(serde_json::to_string(profile)?),
        };
        self.issue(vec![draft]).await?;
        Ok(())
    }

    /// Appends entries to the hub's log.
    pub async fn issue(
        &self,
        drafts: Vec<EntryDraft>,
    ) -> Result<logs::Issued, storage::StorageError> {
        logs::issue(&self.db, &self.key, drafts, &SystemClock, &SystemEntropy).await
    }

    /// The keys that the hub trusts, its own among them.
    pub async fn trust(&self) -> anyhow::Result<Trust> {
        let mut trust = pins::trust(&self.db, self.db.network()).await?;
        trust.add(self.db.hub().clone(), TrustedKey::always(self.key.public()));
        Ok(trust)
    }

    /// What pulls this hub's peers.
    pub fn puller(&self) -> Puller {
        Puller::new(
            self.db.clone(),
            self.key.public(),
            Arc::new(SystemClock),
            self.config.sync.quota(),
        )
    }

    /// What resolvers have at hand.
    pub fn context(&self) -> graphql::HubContext {
        graphql::HubContext {
            db: self.db.clone(),
            key: Some(self.key.clone()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            software: SOFTWARE.to_owned(),
        }
    }

    /// The hub's own log.
    pub async fn own_log(&self) -> anyhow::Result<LogId> {
        let log = logs::own_log(&self.db).await?;
        log.with_context(|| {
            format!(
                "hub {} has no log of its own yet; run `simpul init`",
                self.db.hub()
            )
        })
    }
}

pub(crate) async fn open_database(config: &Config) -> anyhow::Result<Database> {
    let location = config.database.url.location(&config.folder);
    if let storage::Location::Sqlite(file) = &location
        && let Some(folder) = file.parent().filter(|folder| *folder != Path::new(""))
    {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let owner = Owner {
        network: config.hub.network.clone(),
        hub: config.hub.id.clone(),
    };
    let db = Database::open(&location, owner, SystemEntropy.uuid()).await;
    db.with_context(|| format!("the database {:?} cannot be opened", config.database.url))
}
