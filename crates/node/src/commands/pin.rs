//! `simpul pin`

use domain::audit::Action;
use domain::clock::Clock as _;
use domain::identity::HubId;
use domain::log::PublicKey;
use serde_json::json;
use storage::{peers, pins};

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::output;
use crate::system::SystemClock;

/// Say which keys speak for which hubs, for hubs whose logs come through a neighbour
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Pin {
    Add(Add),
    /// List the pins, and the logs for which there is none
    List,
    Remove(Remove),
}

/// Trust a key to speak for a hub
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The hub's id
    hub: HubId,
    /// The key, as the hub's operator told you: ed25519:…
    key: String,
}

/// Trust no key of a hub any longer; what was pulled stays
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The hub's id
    hub: HubId,
}

impl Pin {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        match self {
            Self::Add(add) => add.run(&hub).await?,
            Self::List => list(&hub, common).await?,
            Self::Remove(remove) => remove.run(&hub).await?,
        }
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

impl Add {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        let key = PublicKey::parse(&self.key)?;
        let deed = by_program(Action::AddPin);
        pins::add(&hub.db, &self.hub, &key, SystemClock.now(), Some(&deed)).await?;
        output::say(format!("{} is pinned to {key}", self.hub));
        output::say(format!("  fingerprint  {}", key.fingerprint()));
        Ok(())
    }
}

impl Remove {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        let removed =
            pins::remove(&hub.db, &self.hub, Some(&by_program(Action::RemovePin))).await?;
        output::say(format!("{removed} pins of {} are removed", self.hub));
        Ok(())
    }
}

async fn list(hub: &Hub, common: &Common) -> anyhow::Result<()> {
    let listed = pins::list(&hub.db).await?;
    let strangers = peers::list_strangers(&hub.db).await?;
    if common.json {
        let pin = |pin: &pins::Pin| {
            json!({
                "hub": pin.hub,
                "key": pin.trusted.key.to_string(),
                "fingerprint": pin.trusted.key.fingerprint(),
            })
        };
        let stranger = |log: &peers::Stranger| json!({"hub": log.hub, "epoch": log.epoch, "size": log.size, "peer": log.peer});
        return output::json(&json!({
            "pins": listed.iter().map(pin).collect::<Vec<_>>(),
            "strangers": strangers.iter().map(stranger).collect::<Vec<_>>(),
        }));
    }
    let mut table = output::table(["hub", "key", "fingerprint"]);
    for pin in listed {
        table.add_row([
            pin.hub.to_string(),
            pin.trusted.key.to_string(),
            pin.trusted.key.fingerprint(),
        ]);
    }
    output::say(table.to_string());
    for log in strangers {
        output::say(format!(
            "{} is offered by {} with {} entries; no key is pinned for it",
            log.hub, log.peer, log.size
        ));
    }
    Ok(())
}
