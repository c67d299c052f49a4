//! `simpul peer`

use anyhow::bail;
use domain::audit::Action;
use domain::clock::Clock as _;
use domain::standing::without_user_info;
use serde_json::json;
use storage::{peers, pins};

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::system::SystemClock;
use crate::{introduction, output};

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
        hub.close().await?;
        Ok(outcome)
    }
}

impl Add {
    async fn run(self, hub: &Hub) -> anyhow::Result<Outcome> {
        let found = introduction::introduce(hub, &self.url, self.fingerprint.as_deref()).await?;
        let now = SystemClock.now();
        let deed = by_program(Action::AddPin);
        pins::add(&hub.db, &found.hub, &found.key, now, Some(&deed)).await?;
        let deed = by_program(Action::AddPeer);
        peers::add(&hub.db, &found.url, &found.hub, now, Some(&deed)).await?;
        output::say(format!(
            "{} is added; a running node pulls it within two seconds, or run `simpul sync --once`",
            found.hub
        ));
        Ok(Outcome::Well)
    }
}

impl Remove {
    async fn run(self, hub: &Hub) -> anyhow::Result<Outcome> {
        let deed = by_program(Action::RemovePeer);
        if peers::remove(&hub.db, &self.peer, Some(&deed)).await? == 0 {
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
