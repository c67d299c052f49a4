//! `simpul import`

mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::entry::Audience;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use crate::cli::{Common, Outcome};
use crate::import::mapping::{Mapping, RowAudience};
use crate::import::rows::{Format, Source};
use crate::import::{self, Order, Step};
use crate::output;

/// Bring innovations in from a CSV, XLSX or JSON Lines file
///
/// Without --mapping the file is one that `simpul export` wrote, or has the columns of data/innovations.csv. Every row is
/// checked before anything is written, beside what the hub holds of its innovation. Rows that were imported before are known
/// by their id or external id; of rows that name the same record the first without faults counts.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file: .csv, .xlsx or .jsonl
    file: PathBuf,
    /// What the file is, if its ending does not say it: csv, xlsx or jsonl
    #[arg(long)]
    format: Option<Format>,
    /// A file that says which column is which field (TOML; examples in data/mappings, rules in docs/in-and-out.md)
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Only check every row, and say what would be written
    #[arg(long)]
    dry_run: bool,
    /// Import the good rows of a file that has bad ones
    #[arg(long)]
    skip_bad_rows: bool,
    /// Write the bad rows to this file, to be mended and imported again
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Write texts for everybody although they hold what looks like a NIK, NIP, telephone number or e-mail address
    #[arg(long)]
    acknowledge_personal_data: bool,
    /// For whom innovations are whose row has no audience: public (everybody) or network (hubs of the network). Without it
    /// a new one is for everybody, and one that was there stays for whom it is. Agencies are always for everybody
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<RowAudience>,
}

impl Import {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let format = self.format.map_or_else(|| Format::of(&self.file), Ok)?;
        if !self.file.is_file() {
            bail!("{} cannot be read", self.file.display());
        }
        let hub = if self.dry_run {
            common.open_hub().await?
        } else {
            common.open_hub_to_write().await?
        };
        let order = self.order(format)?;
        let mut bar: Option<ProgressBar> = None;
        let mut show = |step| match step {
            Step::Checked(rows) => bar = Some(output::bar(rows, "importing")),
            Step::Written(rows) => bar.iter().for_each(|bar| bar.inc(rows)),
        };
        let found = import::whole(&hub, &order, &mut show).await?;
        bar.iter().for_each(ProgressBar::finish_and_clear);
        if self.dry_run {
            hub.db.close().await?;
        } else {
            hub.close().await?;
        }
        report::tell(&self, common, &found)?;
        Ok(if found.is_well(&order) {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }

    fn order(&self, format: Format) -> anyhow::Result<Order> {
        let mapping = self.mapping.as_deref().map(mapping_of).transpose()?;
        Ok(Order {
            source: Arc::new(Source::Named(self.file.clone())),
            format,
            mapping,
            audience: self.audience.clone().map(Audience::from),
            dry_run: self.dry_run,
            skip_bad_rows: self.skip_bad_rows,
            acknowledge_personal_data: self.acknowledge_personal_data,
            refused: self.refused.clone(),
            by: None,
            stop: CancellationToken::new(),
        })
    }
}

/// The mapping of a file.
fn mapping_of(given: &Path) -> anyhow::Result<Mapping> {
    let text = std::fs::read_to_string(given)
        .with_context(|| format!("{} cannot be read", given.display()))?;
    Mapping::parse(&text).with_context(|| format!("{} is not a mapping", given.display()))
}
