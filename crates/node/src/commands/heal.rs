//! `simpul heal`

use anyhow::bail;
use storage::{halt, peers};
use sync::healing::Ended;

use super::sync::pull as pull_peer;
use crate::cli::{Common, Outcome};
use crate::guard;
use crate::hub::Hub;
use crate::{output, tasks, tls};

/// How often all peers are asked: once for what they hold, and once more to see that nothing changed.
const PASSES: usize = 4;

/// Bring a hub back to writing whose database is older than what it published
#[derive(Debug, clap::Args)]
pub struct Heal {
    /// Go on with what this database holds, in a new log: no peer holds more, or none will come back
    #[arg(long)]
    as_it_is: bool,
}

impl Heal {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let outcome = heal(&hub, self.as_it_is).await?;
        hub.close().await?;
        Ok(outcome)
    }
}

/// Pulls the hub's own log back and ends its halt; says how it went.
pub async fn heal(hub: &Hub, as_it_is: bool) -> anyhow::Result<Outcome> {
    let Some(halted) = halt::read(&hub.db).await? else {
        output::say("nothing is to be healed: the hub writes");
        return Ok(Outcome::Well);
    };
    output::remark(halted.why.to_string());
    let healer = hub.healer();
    let ended = if as_it_is {
        healer
            .reopen(None, crate::guard::read(hub).as_ref())
            .await?
    } else {
        pull(hub).await?
    };
    let Some(ended) = ended else {
        output::say(
            "not healed yet: not every peer was asked, or none answered; `simpul status` shows which. `simpul heal --as-it-is` goes on without them",
        );
        return Ok(Outcome::Amiss);
    };
    let again = healer.reissue().await?;
    output::say(match ended {
        Ended::Resumed => "healed: the hub's log is whole and is written again".to_owned(),
        Ended::Reopened(log) => {
            format!("healed: the hub goes on in a new log, epoch {}", log.epoch)
        }
    });
    if again.issued + again.conflicts > 0 {
        output::say(format!(
            "{} entries of another history were issued again; {} are of records that were changed in both and are kept as evidence (`simpul evidence {}`)",
            again.issued,
            again.conflicts,
            hub.db.hub()
        ));
    }
    Ok(Outcome::Well)
}

async fn pull(hub: &Hub) -> anyhow::Result<Option<Ended>> {
    let listed = peers::list(&hub.db).await?;
    if listed.is_empty() {
        bail!(
            "there is no peer to ask; add one with `simpul peer add URL`, or go on with --as-it-is"
        );
    }
    let client = tls::client(&hub.config)?;
    let (puller, healer) = (hub.puller(), hub.healer());
    for _ in 0..PASSES {
        for peer in peers::list(&hub.db).await? {
            let remote = hub.remote(client.clone(), &peer)?;
            let round = async |lease| pull_peer(hub, &puller, &peer, &remote, &lease).await;
            let result = tasks::borrowed(hub, peer.id, round).await??;
            if let Some(error) = result.error {
                output::remark(format!("{}: {error}", peer.hub));
            }
        }
        let guard = guard::read(hub);
        if let Some(ended) = healer.end(guard.as_ref()).await? {
            return Ok(Some(ended));
        }
    }
    Ok(None)
}
