//! `simpul receipt`

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};

use crate::cli::{Common, Outcome};
use crate::output;

/// Write a receipt that proves a record to anybody, offline
#[derive(Debug, clap::Args)]
pub struct Receipt {
    /// The record's global id: Innovation:id-13:0198f2c4-…
    id: String,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Receipt {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let (owner, record) = parse(&self.id)?;
        let hub = common.open_hub().await?;
        let Some(mut receipt) = storage::logs::receipt(&hub.db, &owner, record, Sight::All).await?
        else {
            bail!("{} is not held and proved here", self.id);
        };
        let key = hub.trust().await?.key_of(&receipt.checkpoint);
        receipt.public_key = key.map(|key| key.to_string()).unwrap_or_default();
        match &self.out {
            Some(file) => std::fs::write(file, serde_json::to_string_pretty(&receipt)? + "\n")
                .with_context(|| format!("{} cannot be written", file.display()))?,
            None => output::json(&receipt)?,
        }
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

pub(crate) fn parse(id: &str) -> anyhow::Result<(HubId, RecordId)> {
    match id.split(':').collect::<Vec<_>>()[..] {
        ["Innovation" | "Agency", hub, record] => {
            Ok((HubId::parse(hub)?, RecordId::parse(record)?))
        }
        _ => bail!(
            "{id:?} is not a record's id such as Innovation:id-13:0198f2c4-…; queries give it as `id`"
        ),
    }
}
