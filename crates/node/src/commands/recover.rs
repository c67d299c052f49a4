//! `simpul recover`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::clock::Clock as _;
use domain::healing::Halt;
use domain::identity::LogId;
use domain::log::{SignedCheckpoint, SigningKey};
use storage::{halt, peers, pins, trust};
use sync::outgoing::{Client, Reach};
use sync::peer::{HttpPeer, Peer as _};

use super::{heal, init};
use crate::cli::{Common, Outcome};
use crate::config::{Config, Network};
use crate::hub::{Hub, SOFTWARE};
use crate::keys::Passphrase;
use crate::system::SystemClock;
use crate::{introduction, keys, output};

/// The most pages of heads that are looked through for the hub's own log.
const MOST_PAGES: usize = 50;

/// Get a lost hub back on an empty machine: its log and its peers' logs, from its peers, with the hub's key
#[derive(Debug, clap::Args)]
pub struct Recover {
    /// The hub's private key: the copy that was kept in a safe place
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where a hub answers that pulled this one, such as `https://jipp.example.go.id`. Name all of them: what only one that
    /// is not asked holds is lost
    #[arg(long, value_name = "URL", required = true)]
    from: Vec<String>,
    /// The fingerprint that its operator told you; without it you are asked. With several hubs, one for each, in their order
    #[arg(long, value_name = "HEX")]
    fingerprint: Vec<String>,
    /// The first of these hubs is the network's authority, and is followed again
    #[arg(long)]
    authority: bool,
    /// A network, such as `10.0.0.0/8`, in which hubs may be asked though it is not of the public internet; it is written into
    /// the settings. May be given several times
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    private_network: Vec<Network>,
    /// The file with the passphrase that protects the key, if one does
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8013")]
    listen: String,
}

impl Recover {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let file = &common.config;
        if file.exists() {
            bail!(
                "{} is there already: this machine has a hub. `simpul heal` brings a hub back that has its settings",
                file.display()
            );
        }
        let (hubs, told) = (self.from.len(), self.fingerprint.len());
        if told > 0 && told != hubs {
            bail!(
                "{hubs} hubs are named, and {told} fingerprints; give one for each, in their order"
            );
        }
        let passphrase = self.passphrase_file.as_deref().map(Passphrase::read);
        let key = keys::read_key(&self.key, passphrase.transpose()?.as_ref())?;
        let log = find_newest(&self.from, &key, &self.private_network).await?;
        output::remark(format!(
            "the key is that of hub {} of network {}",
            log.hub, log.network
        ));
        let database = common.database.as_deref();
        let passphrase = self.passphrase_file.as_deref();
        let mut text = init::settings(&log.network, &log.hub, database, &self.listen, passphrase)?;
        if !self.private_network.is_empty() {
            let private = toml::Value::try_from(&self.private_network)?;
            text.push_str("\n[sync]\nprivate_networks = ");
            text.push_str(&private.to_string());
            text.push('\n');
        }
        let hub = self.make(file, &text).await?;
        if let Err(error) = self.meet(&hub).await {
            hub.db.close().await?;
            return Err(error.context(
                "the settings are made; go on with `simpul peer add URL` and `simpul heal`",
            ));
        }
        let outcome = heal::heal(&hub, false).await?;
        report(&hub, &log).await?;
        hub.close().await?;
        Ok(outcome)
    }

    /// Adds the hubs that are asked as peers.
    async fn meet(&self, hub: &Hub) -> anyhow::Result<()> {
        for (place, url) in self.from.iter().enumerate() {
            let fingerprint = self.fingerprint.get(place).map(String::as_str);
            let found = introduction::introduce(hub, url, fingerprint).await?;
            let now = SystemClock.now();
            pins::add(&hub.db, &found.hub, &found.key, now).await?;
            peers::add(&hub.db, &found.url, &found.hub, now).await?;
            if self.authority && place == 0 {
                trust::follow(&hub.db, &found.hub).await?;
            }
        }
        Ok(())
    }

    /// Makes settings, key, token and an empty database that waits for its log.
    async fn make(&self, file: &Path, text: &str) -> anyhow::Result<Hub> {
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let mut config = Config::parse(text)?;
        config.folder = folder.unwrap_or(Path::new(".")).to_owned();
        let key_file = config.path(&config.hub.key_file);
        if !key_file.exists() {
            keys::write_secret(&key_file, &keys::read_secret(&self.key)?)?;
        }
        let token_file = config.path(&config.hub.token_file);
        if !token_file.exists() {
            keys::create_token(&token_file, &crate::system::SystemEntropy)?;
        }
        keys::write_secret(file, text)?;
        let hub = Hub::open(config).await?;
        halt::set(&hub.db, Halt::Behind, SystemClock.now()).await?;
        Ok(hub)
    }
}

fn network(text: &str) -> Result<Network, String> {
    Network::try_from(text.to_owned())
}

/// Finds the newest log that this key signed at some hubs, of which one at least must hold one.
async fn find_newest(
    urls: &[String],
    key: &SigningKey,
    private: &[Network],
) -> anyhow::Result<LogId> {
    let client = HttpPeer::client(SOFTWARE, Reach::with(private.iter().map(Network::net)))?;
    let mut found: Option<LogId> = None;
    let mut failed = None;
    for url in urls {
        match find_log(client.clone(), url, key).await {
            Ok(log) => found = found.into_iter().chain([log]).max_by_key(|log| log.epoch),
            Err(error) => failed = Some(error),
        }
    }
    match (found, failed) {
        (Some(log), _) => Ok(log),
        (None, Some(error)) => Err(error),
        (None, None) => bail!("no hub is named that could be asked"),
    }
}

/// Finds the newest log at a hub that this key signed.
async fn find_log(client: Client, url: &str, key: &SigningKey) -> anyhow::Result<LogId> {
    let remote = HttpPeer::new(client, url.trim_end_matches('/'))?;
    let mut cursor = None;
    let mut found: Option<LogId> = None;
    for _ in 0..MOST_PAGES {
        let page = remote.heads(cursor.as_deref()).await?;
        let signed = page.heads.iter().filter_map(|head| {
            let signed = SignedCheckpoint::open(&head.checkpoint, &key.public()).ok()?;
            Some(signed.log().clone())
        });
        found = found.into_iter().chain(signed).max_by_key(|log| log.epoch);
        if !page.has_more || page.cursor == cursor {
            break;
        }
        cursor = page.cursor;
    }
    found.with_context(|| {
        format!(
            "the hub at {} holds no log that this key signed; ask another hub, or use the hub's newest key ({} is the fingerprint of this one)",
            domain::standing::without_user_info(url),
            key.public().fingerprint()
        )
    })
}

/// Says what came back: entries up to the newest log that was found, not those of the one that was begun since.
async fn report(hub: &Hub, newest: &LogId) -> anyhow::Result<()> {
    let heads = storage::logs::heads::list(&hub.db).await?;
    let (own, others): (Vec<_>, Vec<_>) = heads.iter().partition(|head| head.log.hub == newest.hub);
    let came_back = own.iter().filter(|head| head.log.epoch <= newest.epoch);
    output::say(format!(
        "{} entries of the hub's own came back, and {} entries of {} other logs",
        came_back.map(|head| head.size).sum::<u64>(),
        others.iter().map(|head| head.size).sum::<u64>(),
        others.len()
    ));
    if let Some(authority) = trust::authority(&hub.db).await? {
        for member in storage::members::list(&hub.db, &authority).await? {
            let member = member.membership;
            if member.hub != *hub.db.hub() {
                let endpoints: Vec<_> = member.endpoints.iter().map(ToString::to_string).collect();
                output::say(format!("  member {}  {}", member.hub, endpoints.join(" ")));
            }
        }
    }
    output::say(
        "next: `simpul peer add URL` for the other hubs that were pulled, then `simpul serve`",
    );
    Ok(())
}
