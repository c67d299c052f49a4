//! `simpul rebuild`

use storage::logs::rebuild;

use crate::cli::{Common, Outcome};
use crate::output;

/// Make what readers see anew from the log's entries
#[derive(Debug, clap::Args)]
pub struct Rebuild {}

impl Rebuild {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let bar = output::bar(0, "rebuilding");
        let entries = rebuild::rebuild(&hub.db, |progress| {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        })
        .await?;
        bar.finish_and_clear();
        hub.close().await?;
        output::say(format!("rebuilt from {entries} entries"));
        Ok(Outcome::Well)
    }
}
