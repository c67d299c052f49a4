//! `simpul peer`

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::bail;
use domain::clock::Clock as _;
use domain::log::PublicKey;
use domain::standing::without_user_info;
use serde_json::json;
use storage::{peers, pins};
use sync::peer::{Greeting, HttpPeer};
use sync::plan;

use crate::cli::{Common, Outcome};
use crate::hub::{Hub, SOFTWARE};
use crate::output;
use crate::system::SystemClock;

/// Add, list and remove the hubs that this hub pulls
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Peer {
    Add(Add),
    /// List the peers and how the rounds with them went
    List,
    Remove(Remove),
}

/// Add a hub by its address, after comparing the fingerprint of its key
#[derive(Debug, clap::Args)]
pub struct Add {
    /// Where the hub answers, such as `https://jipp.example.go.id`
    url: String,
    /// The fingerprint that the hub's operator told you; without it you are asked
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
}

/// Remove a peer; what was pulled from it stays
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The peer's address or hub id
    peer: String,
}

impl Peer {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let outcome = match self {
            Self::Add(add) => add.run(&hub).await?,
            Self::List => list(&hub, common).await?,
            Self::Remove(remove) => remove.run(&hub).await?,
        };
        hub.db.close().await?;
        Ok(outcome)
    }
}

impl Add {
    async fn run(self, hub: &Hub) -> anyhow::Result<Outcome> {
        let url = self.url.trim_end_matches('/');
        let remote = HttpPeer::new(HttpPeer::client(SOFTWARE)?, url)?;
        let greeting = remote.introduce().await?;
        let introduction = &greeting.introduction;
        if introduction.hub == *hub.db.hub() {
            bail!("{} is this hub itself", without_user_info(url));
        }
        plan::check_introduction(hub.db.network(), &introduction.hub, introduction)?;
        let [key] = &parse_keys(&greeting)?[..] else {
            bail!(
                "{} states {} keys; pin the right one with `simpul pin add`",
                introduction.hub,
                greeting.public_keys.len()
            );
        };
        let name = greeting.name.as_deref().unwrap_or("no name yet");
        output::remark(format!(
            "{} ({name}) states the key {key}",
            introduction.hub
        ));
        output::remark(format!("fingerprint: {}", key.fingerprint()));
        if !self.is_confirmed(key)? {
            bail!("the peer was not added; compare the fingerprint with its operator by telephone");
        }
        let now = SystemClock.now();
        pins::add(&hub.db, &introduction.hub, key, now).await?;
        peers::add(&hub.db, url, &introduction.hub, now).await?;
        output::say(format!(
            "{} is added; a running node pulls it within a second, or run `simpul sync --once`",
            introduction.hub
        ));
        Ok(Outcome::Well)
    }

    /// Compares with the fingerprint that was given, or asks.
    fn is_confirmed(&self, key: &PublicKey) -> anyhow::Result<bool> {
        let hex = |text: &str| {
            text.chars()
                .filter(char::is_ascii_hexdigit)
                .collect::<String>()
                .to_lowercase()
        };
        if let Some(expected) = &self.fingerprint {
            if hex(expected) != hex(&key.fingerprint()) {
                bail!(
                    "the fingerprint is not the one you gave, {expected}: this may not be the hub you mean"
                );
            }
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            bail!("nobody is here to confirm the fingerprint; give it with --fingerprint");
        }
        output::remark("Is this the fingerprint that its operator told you? Type yes:");
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "yes" | "ya"))
    }
}

fn parse_keys(greeting: &Greeting) -> anyhow::Result<Vec<PublicKey>> {
    Ok(greeting
        .public_keys
        .iter()
        .map(|raw| PublicKey::parse(raw))
        .collect::<Result<_, _>>()?)
}

impl Remove {
    async fn run(self, hub: &Hub) -> anyhow::Result<Outcome> {
        if peers::remove(&hub.db, &self.peer).await? == 0 {
            bail!("{} is not a peer; `simpul peer list` shows them", self.peer);
        }
        output::say(format!(
            "{} is removed; its key stays pinned until `simpul pin remove`",
            self.peer
        ));
        Ok(Outcome::Well)
    }
}

async fn list(hub: &Hub, common: &Common) -> anyhow::Result<Outcome> {
    let listed = peers::list(&hub.db).await?;
    if common.json {
        let peer = |peer: &peers::Peer| {
            json!({
                "hub": peer.hub,
                "url": without_user_info(&peer.url),
                "lastSuccessAt": peer.record.last_success_at,
                "failures": peer.record.failures,
                "strikes": peer.record.strikes,
                "parked": peer.record.parked,
                "lastError": peer.record.last_error,
                "rounds": peer.record.rounds,
                "entries": peer.record.entries,
                "bytesReceived": peer.record.bytes_received,
            })
        };
        output::json(&listed.iter().map(peer).collect::<Vec<_>>())?;
        return Ok(Outcome::Well);
    }
    if listed.is_empty() {
        output::say("no peers yet; add one with `simpul peer add URL`");
        return Ok(Outcome::Well);
    }
    let mut table = output::table([
        "hub",
        "url",
        "last success",
        "rounds",
        "entries",
        "received",
        "trouble",
    ]);
    for peer in listed {
        let record = peer.record;
        let never = || "never".to_owned();
        table.add_row([
            peer.hub.to_string(),
            without_user_info(&peer.url),
            record.last_success_at.map_or_else(never, output::moment),
            record.rounds.to_string(),
            record.entries.to_string(),
            output::bytes(record.bytes_received),
            record.parked.or(record.last_error).unwrap_or_default(),
        ]);
    }
    output::say(table.to_string());
    Ok(Outcome::Well)
}
