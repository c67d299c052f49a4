//! `simpul deny` and `simpul allow`

use domain::audit::Action;
use domain::clock::Clock as _;
use domain::identity::HubId;
use storage::trust;

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::output;
use crate::system::SystemClock;

/// Take nothing new of a hub, whoever vouches for it; what is held stays
#[derive(Debug, clap::Args)]
pub struct Deny {
    /// The hub's id
    hub: HubId,
}

/// Take a denial back
#[derive(Debug, clap::Args)]
pub struct Allow {
    /// The hub's id
    hub: HubId,
}

impl Deny {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let deed = by_program(Action::DenyHub);
        trust::deny(&hub.db, &self.hub, SystemClock.now(), Some(&deed)).await?;
        output::say(format!(
            "{} is denied; `simpul allow {}` takes that back",
            self.hub, self.hub
        ));
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

impl Allow {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let was_denied =
            trust::allow(&hub.db, &self.hub, Some(&by_program(Action::AllowHub))).await?;
        output::say(if was_denied {
            format!("{} is no longer denied", self.hub)
        } else {
            format!("{} was not denied", self.hub)
        });
        hub.close().await?;
        Ok(Outcome::Well)
    }
}
