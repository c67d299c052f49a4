//! `simpul demo`

mod federation;
mod screen;

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;

use crate::cli::{Common, Outcome};
use crate::config::LogConfig;
use crate::{output, serving, telemetry};
use federation::Federation;

/// Watch a small federation of real hubs fill, sync and answer, on this machine alone
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// How many hubs
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = RangedU64ValueParser::<usize>::new().range(2..=8))]
    hubs: usize,
    /// The first hub's port; the others take the ports after it
    #[arg(long, default_value_t = 8013)]
    port: u16,
    /// Where the hubs keep their files; a second start takes up what is there
    #[arg(long, value_name = "FOLDER", default_value = "simpul-demo")]
    folder: PathBuf,
    /// End as soon as every hub proves every log
    #[arg(long)]
    exit_when_synced: bool,
}

impl Demo {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        telemetry::start(&LogConfig {
            filter: "error".to_owned(),
            ..LogConfig::default()
        })?;
        output::remark(format!(
            "{} hubs, each a full node with a SQLite file of its own, under {}",
            self.hubs,
            self.folder.display()
        ));
        let federation = Federation::open(&self.folder, self.hubs, self.port).await?;
        let total = federation.import().await?;
        output::remark(format!(
            "{total} real innovations are in; each hub pulls its two neighbours in a ring"
        ));
        let running = federation.start().await?;
        let outcome = tokio::select! {
            synced = screen::watch(&federation) => {
                synced?;
                screen::result(&federation, common).await?;
                if !self.exit_when_synced {
                    output::remark("serving until Ctrl-C");
                    serving::until_told_to_stop().await;
                }
                Outcome::Well
            }
            () = serving::until_told_to_stop() => Outcome::Well,
        };
        for node in running {
            node.stop().await?;
        }
        federation.close().await?;
        Ok(outcome)
    }
}
