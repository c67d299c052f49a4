//! `simpul search`

use clap::Subcommand;

use crate::cli::{Common, Outcome};
use crate::indexing::follow;
use crate::output;

/// Look after the index by which records are found by their words
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the struct says it")]
pub enum Search {
    Rebuild(Rebuild),
}

/// Make the search index anew from what readers see, while the node is stopped
#[derive(Debug, clap::Args)]
pub struct Rebuild {}

impl Search {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        match self {
            Self::Rebuild(command) => command.run(common).await,
        }
    }
}

impl Rebuild {
    async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let mut follower = follow::open_first(&hub).await?;
        follower.clear().await?;
        let bar = output::bar(0, "indexing");
        follower
            .look_at_all(|progress| {
                bar.set_length(progress.total);
                bar.set_position(progress.done);
            })
            .await?;
        bar.finish_and_clear();
        let status = follower.index().status();
        follower.close().await?;
        hub.close().await?;
        let (documents, position) = (status.documents, status.mark.position);
        if common.json {
            output::json(&serde_json::json!({ "innovations": documents, "position": position }))?;
        } else {
            output::say(format!(
                "indexed {documents} innovations, as of commit {position}"
            ));
        }
        Ok(Outcome::Well)
    }
}
