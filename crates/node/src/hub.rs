//! A hub, opened from its settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use domain::audit::{Action, Told};
use domain::catalog::{HubProfile, HubProfileDraft};
use domain::clock::Clock as _;
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::{LogId, RecordId};
use domain::log::{SigningKey, first_epoch};
use domain::trust::{MemberKeyDraft, Membership, MembershipDraft, Trust};
use outgoing::Client;
use passkeys::Passkeys;
use serde::Serialize;
use serde_json::json;
use storage::audit::Refusals;
use storage::bodies::{self, Content};
use storage::local::Local;
use storage::logs::{heads, reopening};
use storage::{Database, Owner, hubs, leases, logs, members};
use sync::healing::Healer;
use sync::peer::{HttpPeer, PeerError, Signer};
use sync::round::Puller;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::config::{Config, PublicUrl};
use crate::deed::by_program;
use crate::guard;
use crate::http::auth::Providers;
use crate::import::sent::SentFiles;
use crate::keys::{self, OperatorToken, Passphrase};
use crate::pace::Pulling;
use crate::system::{SystemClock, SystemEntropy};
use crate::tls;

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
    /// What this process is called among those that share the database. Clones are the same process.
    pub process: Uuid,
    /// What statistics are made of; clones share it.
    pub statistics: Arc<graphql::StatisticsHub>,
    /// How accounts are signed in; clones share it.
    pub accounts: Arc<graphql::AccountRules>,
    /// What was refused and is not told to the audit yet; clones share it.
    pub refusals: Arc<Refusals>,
    /// With whose accounts people sign in, too; clones share them.
    pub providers: Arc<Providers>,
    /// Where it is written, see [`crate::aside`].
    pub aside: Handle,
    /// Where its search index is found, while it is served.
    pub search: search::Handle,
}

/// A hub's change to another key.
#[derive(Debug)]
pub struct Rotated {
    /// The key with which it signs now.
    pub key: SigningKey,
    /// Where the old one lies.
    pub old_key_file: PathBuf,
}

impl Hub {
    /// Opens the hub that the settings describe.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let passphrase = Passphrase::of(&config)?;
        let key = keys::read_key(&config.path(&config.hub.key_file), passphrase.as_ref())?;
        let token = OperatorToken::read(&config.path(&config.hub.token_file))?;
        tls::roots(&config)?;
        let providers = Arc::new(Providers::open(&config)?);
        let db = open_database(&config).await?;
        let hub = Self {
            accounts: Arc::new(account_rules(&config, &providers)),
            providers,
            config: Arc::new(config),
            db,
            key,
            token,
            process: SystemEntropy.uuid(),
            statistics: Arc::default(),
            refusals: Arc::default(),
            aside: Handle::current(),
            search: search::Handle::default(),
        };
        // Where another process lives on the same database, it vouches for it.
        let guard = guard::read(&hub);
        if guard.is_some() || !is_shared(&hub).await? {
            hub.healer().check(guard.as_ref()).await?;
        }
        Ok(hub)
    }

    /// Makes a new hub: its key, its token, its database, and a log whose first entry says who it is.
    pub async fn create(config: Config, profile: &HubProfileDraft) -> anyhow::Result<Self> {
        let parsed = HubProfile::parse(profile)?;
        let (file, passphrase) = (config.path(&config.hub.key_file), Passphrase::of(&config)?);
        let key = keys::create_key(&file, passphrase.as_ref(), &SystemEntropy)?;
        let providers = Arc::new(Providers::open(&config)?);
        keys::create_token(&config.path(&config.hub.token_file), &SystemEntropy)?;
        let token = OperatorToken::read(&config.path(&config.hub.token_file))?;
        let db = open_database(&config).await?;
        let hub = Self {
            accounts: Arc::new(account_rules(&config, &providers)),
            providers,
            config: Arc::new(config),
            db,
            key,
            token,
            process: SystemEntropy.uuid(),
            statistics: Arc::default(),
            refusals: Arc::default(),
            aside: Handle::current(),
            search: search::Handle::default(),
        };
        let second = u64::try_from(SystemClock.now().unix_timestamp())
            .context("the clock is before 1970")?;
        logs::open_own(&hub.db, first_epoch(second), &hub.key, &SystemClock).await?;
        hub.introduce(&HubProfileDraft::from(&parsed)).await?;
        guard::renew(&hub).await?;
        Ok(hub)
    }

    async fn introduce(&self, profile: &HubProfileDraft) -> anyhow::Result<()> {
        let record = RecordId::generate(SystemClock.now(), &SystemEntropy);
        let told = by_program(Action::CreateHub).done(format!("hub:{}", self.db.hub()));
        let told = told.changing(None, json!({"key": self.key.public().to_string()}));
        self.put(record, 1, Kind::HUB, profile, told).await
    }

    /// Writes the next revision of a public record, of which the audit is told.
    async fn put(
        &self,
        record: RecordId,
        revision: u64,
        kind: &str,
        body: &impl Serialize,
        told: Told,
    ) -> anyhow::Result<()> {
        let draft = EntryDraft {
            record,
            revision,
            kind: Kind::parse(kind)?,
            audience: Audience::Public,
            at: SystemClock.now(),
            change: Change::Put(serde_json::to_string(body)?),
        };
        let local = Local {
            audit: vec![told],
            ..Local::default()
        };
        self.issue_with(vec![draft], local).await?;
        Ok(())
    }

    /// Says, as the network's authority, what is true of a member from now on: of a new one, or instead of what was said.
    pub async fn say_of_member(
        &self,
        before: Option<&members::Member>,
        member: &Membership,
    ) -> anyhow::Result<()> {
        let draft = MembershipDraft::from(member);
        let told = by_program(Action::SayOfMember).done(format!("hub:{}", member.hub));
        let was = before.map(|before| standing(&MembershipDraft::from(&before.membership)));
        let told = told.changing(was, standing(&draft));
        let Some(before) = before else {
            let record = RecordId::generate(SystemClock.now(), &SystemEntropy);
            return self.put(record, 1, Kind::MEMBERSHIP, &draft, told).await;
        };
        let said = bodies::load(&self.db, [Some(before.entry)])
            .await?
            .remove(0);
        let said = said.context("what was said of the member before is not readable any more")?;
        let revision = said.revision + 1;
        self.put(before.record, revision, Kind::MEMBERSHIP, &draft, told)
            .await
    }

    /// The file of the key to which the hub is going to change over.
    pub fn next_key_file(&self) -> PathBuf {
        let mut file = self.config.path(&self.config.hub.key_file).into_os_string();
        file.push(".next");
        file.into()
    }

    /// The hub's own logs that were signed beyond the end of a key which the authority closed, each with the size up to
    /// which it counts. A thief may have begun some of them.
    async fn closed_logs(&self) -> anyhow::Result<Vec<(LogId, u64)>> {
        let trust = storage::trust::load(&self.db).await?;
        let heads = heads::list(&self.db).await?.into_iter();
        let closed = heads.filter(|head| head.log.hub == *self.db.hub());
        let end = |head: heads::Head| Some((head.log, trust.bound(&head.checkpoint?)?));
        Ok(closed.filter_map(end).collect())
    }

    /// Begins a new log that accepts what counts, and issues again what this database holds beyond.
    async fn begin_next_log(&self, ends: &[(LogId, u64)]) -> anyhow::Result<()> {
        let (clock, entropy) = (SystemClock, SystemEntropy);
        let occasion = reopening::Occasion::KeyClosed(ends);
        reopening::reopen(&self.db, &self.key, occasion, &clock, &entropy).await?;
        reopening::reissue(&self.db, &self.key, &clock, &entropy).await?;
        Ok(())
    }

    /// The record that describes the hub, its revision, and what it says.
    async fn own_profile(&self) -> anyhow::Result<(RecordId, u64, HubProfileDraft)> {
        let record = hubs::own_record(&self.db).await?;
        let record = record.context("the hub has not said who it is; run `simpul init` first")?;
        let found = hubs::find_many(&self.db, &[self.db.hub().clone()]).await?;
        let entry = found.first().and_then(|hub| hub.entry);
        let said = bodies::load(&self.db, [entry]).await?.remove(0);
        let said = said.context("what the hub says of itself is not readable")?;
        let Content::Hub(profile) = &said.content else {
            anyhow::bail!("the hub's own record does not describe a hub");
        };
        Ok((record, said.revision, HubProfileDraft::from(profile)))
    }

    /// Signs with another key from now on. The hub says who it is once more, so that a checkpoint of the new key is there
    /// at once; then its file takes the place of the old one, which is kept. Cut off anywhere, it can be done again.
    pub async fn rotate_key(&self, next: SigningKey) -> anyhow::Result<Rotated> {
        let rotated = Self {
            key: next,
            ..self.clone()
        };
        let closed = self.closed_logs().await?;
        if !closed.is_empty() {
            rotated.begin_next_log(&closed).await?;
        }
        let (record, revision, profile) = self.own_profile().await?;
        let told = by_program(Action::RotateKey).done(format!("hub:{}", self.db.hub()));
        let key = |hub: &Self| json!({"key": hub.key.public().to_string()});
        let told = told.changing(Some(key(self)), key(&rotated));
        rotated
            .put(record, revision + 1, Kind::HUB, &profile, told)
            .await?;
        let file = self.config.path(&self.config.hub.key_file);
        let old_key_file =
            file.with_extension(format!("key.until-{}", SystemClock.now().unix_timestamp()));
        // The old key gets a second name first, so that one step replaces it and there is a key at any time.
        std::fs::hard_link(&file, &old_key_file)
            .with_context(|| format!("{} cannot be kept", file.display()))?;
        std::fs::rename(self.next_key_file(), &file)
            .with_context(|| format!("{} cannot be put in place", file.display()))?;
        Ok(Rotated {
            key: rotated.key,
            old_key_file,
        })
    }

    /// Appends entries to the hub's log.
    pub async fn issue(
        &self,
        drafts: Vec<EntryDraft>,
    ) -> Result<logs::Issued, storage::StorageError> {
        self.issue_with(drafts, Local::default()).await
    }

    /// The same, together with changes of what stays here and with what the audit is told.
    pub async fn issue_with(
        &self,
        drafts: Vec<EntryDraft>,
        local: Local,
    ) -> Result<logs::Issued, storage::StorageError> {
        let (clock, entropy) = (&SystemClock, &SystemEntropy);
        logs::issue_with(&self.db, &self.key, drafts, local, clock, entropy).await
    }

    /// The keys that the hub trusts, its own among them.
    pub async fn trust(&self) -> anyhow::Result<Trust> {
        Ok(storage::trust::load_with(&self.db, self.key.public()).await?)
    }

    /// What brings this hub back to writing.
    pub fn healer(&self) -> Healer {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Healer::new(self.db.clone(), self.key.clone(), clock, entropy)
    }

    /// Notes how far the hub's log has come, and closes the database.
    pub async fn close(&self) -> anyhow::Result<()> {
        guard::renew(self).await?;
        Ok(self.db.close().await?)
    }

    /// What pulls this hub's peers.
    pub fn puller(&self) -> Puller {
        Puller::new(
            self.db.clone(),
            self.key.public(),
            Arc::new(SystemClock),
            self.config.sync.quota(),
        )
        .at_pace(Arc::new(Pulling::new(self.db.clone())))
    }

    /// A peer behind its address, which is shown who asks.
    pub fn remote(
        &self,
        client: Client,
        peer: &storage::peers::Peer,
    ) -> Result<HttpPeer, PeerError> {
        let remote = HttpPeer::new(client, &peer.url)?;
        Ok(remote.signing(Signer {
            network: self.db.network().clone(),
            us: self.db.hub().clone(),
            peer: peer.hub.clone(),
            key: self.key.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }))
    }

    /// What resolvers have at hand.
    pub fn context(&self) -> graphql::HubContext {
        graphql::HubContext {
            db: self.db.clone(),
            key: Some(self.key.clone()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            software: SOFTWARE.to_owned(),
            process: self.process,
            turns: Arc::default(),
            statistics: Arc::clone(&self.statistics),
            search: self.search.clone(),
            accounts: Arc::clone(&self.accounts),
            refusals: Arc::clone(&self.refusals),
            desk: Arc::default(),
            aside: self.aside.clone(),
            importing: Some(Arc::new(SentFiles::to(self))),
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

async fn is_shared(hub: &Hub) -> anyhow::Result<bool> {
    let leases = leases::list(&hub.db).await?;
    Ok(leases
        .iter()
        .any(|lease| lease.holder.is_some_and(|holder| holder != hub.process)))
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

/// What the audit tells of a member.
fn standing(draft: &MembershipDraft) -> serde_json::Value {
    let key = |key: &MemberKeyDraft| json!({"key": key.key, "from": key.from, "until": key.until});
    let keys: Vec<_> = draft.keys.iter().map(key).collect();
    json!({"status": draft.status, "keys": keys, "endpoints": draft.endpoints})
}

fn account_rules(config: &Config, providers: &Providers) -> graphql::AccountRules {
    let public_url = config.http.public_url.as_ref();
    config
        .accounts
        .rules(config.http.is_by_tls())
        .at(public_url.map(|url| url.as_str().to_owned()))
        .offering(providers.listed())
        .with_passkeys(public_url.and_then(|url| passkeys(config, url)))
}

/// What asks for passkeys; nothing where browsers know none, which whoever asks for one is told.
fn passkeys(config: &Config, public_url: &PublicUrl) -> Option<Passkeys> {
    let shown = format!("Simpul {}", config.hub.id);
    Passkeys::at(public_url.as_str(), &shown).ok()
}
