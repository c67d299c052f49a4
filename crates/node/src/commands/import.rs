//! `simpul import`

mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::catalog::latest_day;
use domain::clock::Clock as _;
use domain::entry::{Audience, Sight};
use storage::bodies::{self, Content};
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::import::duplicates::Duplicates;
use crate::import::mapping::{Mapping, RowAudience};
use crate::import::refused::Refused;
use crate::import::rows::{self, Format, Rows};
use crate::import::{self, Checked, Importer, Rules, Writing, Written};
use crate::output;
use crate::system::SystemClock;

/// Rows that go into the log in one transaction.
const BATCH: usize = 1000;
/// The most innovations of the hub whose titles are compared with those of the file.
const MOST_HELD: u64 = 200_000;

/// Bring innovations in from a CSV, XLSX or JSON Lines file
///
/// Without --mapping the file is one that `simpul export` wrote, or has the columns of data/innovations.csv. Every row is
/// checked before anything is written. Rows that were imported before are known by their id or external id.
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
    written: Option<Written>,
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
        let written = if is_whole && is_private || self.dry_run {
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
        let is_well = checked.bad_rows == 0 && is_private;
        report::tell(&self, common, &Found { checked, written })?;
        Ok(if is_well {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }

    async fn check(&self, hub: &Hub, format: Format, rules: &Rules) -> anyhow::Result<Checked> {
        let duplicates = held_titles(hub).await?;
        let (file, refused) = (self.file.clone(), self.refused.clone());
        let rules = rules.clone();
        let checking = tokio::task::spawn_blocking(move || {
            let rows = rows::open(&file, format, &rules.mapping.layout)?;
            let refused = refused.map(|file| Refused::new(&file, rows.header()));
            import::check(rows, &rules, duplicates, refused)
        });
        checking.await.context("checking was cut off")?
    }

    async fn write(
        &self,
        hub: &Hub,
        format: Format,
        rules: Rules,
        rows: u64,
    ) -> anyhow::Result<Written> {
        let bar = output::bar(rows, "importing");
        let writing = if self.dry_run {
            Writing::DryRun
        } else {
            Writing::Really
        };
        let mut importer = Importer::new(hub)
            .await?
            .for_others(rules.audience.clone())
            .writing(writing);
        // Reading goes on in a thread of its own while the last batch is written.
        let (batches, mut read) = tokio::sync::mpsc::channel(2);
        let file = self.file.clone();
        let reading = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            let rows = rows::open(&file, format, &rules.mapping.layout)?;
            for batch in import::batches(rows, rules, BATCH, |_| true) {
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
        Ok(importer.written)
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

/// The titles of the hub's own innovations, for comparing those of the file with them.
async fn held_titles(hub: &Hub) -> anyhow::Result<Duplicates> {
    let mut titles = Duplicates::default();
    let filter = InnovationFilter {
        hubs: vec![hub.db.hub().clone()],
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    let mut stretch = Stretch {
        order: Order::Title,
        direction: Direction::Ascending,
        after: None,
        before: None,
        limit: 1000,
    };
    let mut held = 0;
    loop {
        let page = innovations::list(&hub.db, &filter, &stretch).await?;
        let Some(last) = page.last() else { break };
        stretch.after = Some((last.place.clone(), last.key));
        let said = bodies::load(&hub.db, page.iter().map(|place| Some(place.entry))).await?;
        let agencies = bodies::load(&hub.db, page.iter().map(|place| place.agency)).await?;
        for ((place, body), agency) in page.iter().zip(said).zip(agencies) {
            let Some(Content::Innovation(said)) = body.as_ref().map(|body| &body.content) else {
                continue;
            };
            let numbers = said.external_ids.iter();
            let mut ids: Vec<String> = numbers
                .map(|id| format!("{}:{}", id.scheme.as_str(), id.value))
                .collect();
            ids.push(place.record.to_string());
            let agency = match agency.as_ref().map(|body| &body.content) {
                Some(Content::Agency(agency)) => import::agency_key(agency),
                _ => (String::new(), String::new()),
            };
            let agency = format!("{}\n{}", agency.0, agency.1);
            titles.hold(said.title.as_str(), &agency, place.record.to_string(), &ids);
        }
        held += page.len() as u64;
        if held >= MOST_HELD {
            break;
        }
    }
    Ok(titles)
}
