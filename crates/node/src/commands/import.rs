//! `simpul import`

mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::catalog::latest_day;
use domain::clock::Clock as _;
use domain::entry::Audience;

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::import::duplicates;
use crate::import::mapping::{Mapping, RowAudience, RowFault};
use crate::import::rows::{self, Format, Rows};
use crate::import::{self, Checked, Importer, Rules, Written};
use crate::output;
use crate::system::SystemClock;

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

/// What importing came to.
struct Found {
    checked: Checked,
    done: Option<Done>,
}

/// What writing came to, or would come to.
#[derive(Default)]
struct Done {
    written: Written,
    /// Why rows were left out that had been good when they were checked.
    late: Vec<RowFault>,
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
        let file = self.file.clone();
        let given = self.mapping.clone();
        let mapping =
            tokio::task::spawn_blocking(move || mapping_of(given.as_deref(), &file, format));
        let rules = Rules {
            mapping: mapping.await.context("reading was cut off")??,
            hub: hub.db.hub().clone(),
            today: latest_day(SystemClock.now()),
            audience: self.audience.clone().map(Audience::from),
        };
        let checked = self.check(&hub, format, &rules).await?;
        let is_whole = checked.bad_rows == 0 || self.skip_bad_rows;
        let is_private = checked.personal_rows == 0 || self.acknowledge_personal_data;
        let done = if self.dry_run {
            let written = checked.forecast;
            let late = Vec::new();
            Some(Done { written, late })
        } else if is_whole && is_private {
            let good = checked.rows - checked.bad_rows;
            Some(self.write(&hub, format, rules, good).await?)
        } else {
            None
        };
        if self.dry_run {
            hub.db.close().await?;
        } else {
            hub.close().await?;
        }
        let left_out = done.as_ref().map_or(0, |done| done.written.left_out);
        let is_well = checked.bad_rows == 0 && is_private && left_out == 0;
        report::tell(&self, common, &Found { checked, done })?;
        Ok(if is_well {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }

    async fn check(&self, hub: &Hub, format: Format, rules: &Rules) -> anyhow::Result<Checked> {
        let duplicates = duplicates::held_titles(&hub.db, duplicates::MOST_HELD).await?;
        let rows = self.open(format, rules).await?;
        import::check(hub, rows, rules, duplicates, self.refused.clone()).await
    }

    async fn open(&self, format: Format, rules: &Rules) -> anyhow::Result<Rows> {
        let (file, layout) = (self.file.clone(), rules.mapping.layout.clone());
        let opening = tokio::task::spawn_blocking(move || rows::open(&file, format, &layout));
        opening.await.context("opening was cut off")?
    }

    async fn write(
        &self,
        hub: &Hub,
        format: Format,
        rules: Rules,
        rows: u64,
    ) -> anyhow::Result<Done> {
        let bar = output::bar(rows, "importing");
        let mut importer = Importer::new(hub, rules.clone()).await?;
        // Reading goes on in a thread of its own while the last batch is written.
        let (batches, mut read) = tokio::sync::mpsc::channel(2);
        let rows = self.open(format, &rules).await?;
        let reading = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            for batch in import::batches(rows, rules, import::BATCH, |_| true) {
                if batches.blocking_send(batch?).is_err() {
                    break;
                }
            }
            Ok(())
        });
        while let Some(batch) = read.recv().await {
            let rows = batch.len() as u64;
            importer.write(batch).await?;
            bar.inc(rows);
        }
        reading.await.context("reading was cut off")??;
        bar.finish_and_clear();
        Ok(Done {
            written: importer.written,
            late: importer.late,
        })
    }
}

/// The mapping that is named, or the one that the file's columns ask for.
fn mapping_of(given: Option<&Path>, file: &Path, format: Format) -> anyhow::Result<Mapping> {
    if let Some(given) = given {
        let text = std::fs::read_to_string(given)
            .with_context(|| format!("{} cannot be read", given.display()))?;
        return Mapping::parse(&text)
            .with_context(|| format!("{} is not a mapping", given.display()));
    }
    let mut rows: Rows = rows::open(file, format, &rows::Layout::default())?;
    if rows.header().is_empty() {
        rows.next();
    }
    if Mapping::is_standard(rows.columns().iter().map(String::as_str)) {
        Ok(Mapping::standard())
    } else {
        Ok(Mapping::of_data())
    }
}
