//! `simpul join`

use anyhow::bail;
use domain::audit::Action;
use domain::clock::Clock as _;
use domain::identity::HubId;
use storage::{peers, pins, trust};

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::introduction;
use crate::output;
use crate::system::SystemClock;

/// Join the network: follow its authority's word on who is a member, and pull from it
#[derive(Debug, clap::Args)]
pub struct Join {
    /// Where the authority answers, such as `https://jipp.example.go.id`
    url: String,
    /// The fingerprint that the authority's operator told you; without it you are asked
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// The authority that is followed so far, if it is to be left for this one
    #[arg(long, value_name = "HUB")]
    instead_of: Option<HubId>,
}

impl Join {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let found = introduction::introduce(&hub, &self.url, self.fingerprint.as_deref()).await?;
        if let Some(followed) = trust::authority(&hub.db).await?
            && followed != found.hub
            && self.instead_of.as_ref() != Some(&followed)
        {
            bail!(
                "this hub follows the authority {followed}; to leave it for {}, add --instead-of {followed}; to pull {} only, use `simpul peer add`",
                found.hub,
                found.hub
            );
        }
        let now = SystemClock.now();
        let deed = by_program(Action::AddPin);
        pins::add(&hub.db, &found.hub, &found.key, now, Some(&deed)).await?;
        trust::follow(
            &hub.db,
            &found.hub,
            Some(&by_program(Action::FollowAuthority)),
        )
        .await?;
        let deed = by_program(Action::AddPeer);
        peers::add(&hub.db, &found.url, &found.hub, now, Some(&deed)).await?;
        let own = hub.key.public();
        output::say(format!(
            "{} is followed as the network's authority",
            found.hub
        ));
        output::say(format!(
            "tell its operator: hub {}, key {own}, fingerprint {}",
            hub.db.hub(),
            own.fingerprint()
        ));
        hub.close().await?;
        Ok(Outcome::Well)
    }
}
