//! `simpul serve`

use serde_json::json;

use crate::aside::Aside;
use crate::cli::{Common, Outcome};
use crate::config::{Flags, HttpFlags};
use crate::hub::Hub;
use crate::serving::{self, Pulling};
use crate::{output, telemetry};

/// Answer queries and pull peers, until Ctrl-C
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where to listen, instead of the address in the settings
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

impl Serve {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let http = self.listen.map(|listen| HttpFlags { listen });
        let config = common.read_config(Flags {
            http,
            ..Flags::default()
        })?;
        telemetry::start(&config.log)?;
        let aside = Aside::start()?;
        let hub = Hub {
            aside: aside.handle(),
            ..Hub::open(config).await?
        };
        hub.db.renew_store().await?;
        let running = serving::start(&hub, Pulling::ByItself).await?;
        announce(&hub, &running.url(), common)?;
        serving::until_told_to_stop().await;
        tracing::info!("stopping");
        running.stop().await?;
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

fn announce(hub: &Hub, url: &str, common: &Common) -> anyhow::Result<()> {
    if let web::Status::Missing { reason } = web::status() {
        tracing::warn!(reason, "GraphiQL is not built in");
    }
    if common.json {
        return output::json(
            &json!({ "hub": hub.config.hub.id, "url": url, "database": hub.db.backend() }),
        );
    }
    output::say(format!(
        "hub {} answers at {url}/graphql ({})",
        hub.config.hub.id,
        hub.db.backend()
    ));
    output::say(format!("  GraphiQL  {url}/graphiql/"));
    output::say(format!("  health    {url}/readyz"));
    Ok(())
}
