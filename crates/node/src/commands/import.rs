//! `simpul import`

use std::path::PathBuf;

use anyhow::Context as _;
use domain::clock::Clock as _;
use domain::entry::Audience;
use serde_json::json;

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::import::mapping::{RowAudience, RowFault};
use crate::import::{self, Checked, Importer, Written, rows};
use crate::output;
use crate::system::SystemClock;

/// Rows that go into the log in one transaction.
const BATCH: usize = 1000;
/// Faults that are printed; all are counted.
const SHOWN_FAULTS: usize = 50;

/// Bring innovations in from a CSV or JSON Lines file of the shape of data/innovations.csv
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file: .csv or .jsonl
    file: PathBuf,
    /// Only check every row
    #[arg(long)]
    dry_run: bool,
    /// Import the good rows of a file that has bad ones
    #[arg(long)]
    skip_bad_rows: bool,
    /// For whom innovations are whose row has no audience: public (everybody) or network (hubs of the network). Without it
    /// a new one is for everybody, and one that was there stays for whom it is. Agencies are always for everybody
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<RowAudience>,
}

impl Import {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let today = SystemClock.now().date();
        let file = self.file.clone();
        let checking =
            tokio::task::spawn_blocking(move || import::check(rows::open(&file)?, today));
        let checked = checking.await.context("checking was cut off")??;
        let may_write = !self.dry_run && (checked.bad_rows == 0 || self.skip_bad_rows);
        let written = if may_write {
            let hub = common.open_hub_to_write().await?;
            let rows = checked.rows - checked.bad_rows;
            let written = write(&hub, &self, rows).await?;
            hub.close().await?;
            Some(written)
        } else {
            None
        };
        self.report(common, &checked, written)?;
        Ok(if checked.bad_rows == 0 {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }

    fn report(
        &self,
        common: &Common,
        checked: &Checked,
        written: Option<Written>,
    ) -> anyhow::Result<()> {
        if common.json {
            let fault = |fault: &RowFault| json!({"line": fault.line, "column": fault.column, "reason": fault.reason});
            return output::json(&json!({
                "rows": checked.rows,
                "badRows": checked.bad_rows,
                "faults": checked.faults.iter().map(fault).collect::<Vec<_>>(),
                "ignoredColumns": checked.ignored,
                "created": written.map(|written| written.created),
                "revised": written.map(|written| written.revised),
                "unchanged": written.map(|written| written.unchanged),
                "agencies": written.map(|written| written.agencies),
            }));
        }
        for fault in checked.faults.iter().take(SHOWN_FAULTS) {
            let column = if fault.column.is_empty() {
                String::new()
            } else {
                format!(", column {}", fault.column)
            };
            output::say(format!("line {}{column}: {}", fault.line, fault.reason));
        }
        if checked.faults.len() > SHOWN_FAULTS {
            output::say(format!(
                "… and more; --json lists the first {}",
                checked.faults.len()
            ));
        }
        output::say(format!(
            "{} rows read, {} of them bad",
            checked.rows, checked.bad_rows
        ));
        if !checked.ignored.is_empty() {
            output::say(format!(
                "columns that are not imported: {}",
                checked.ignored.join(", ")
            ));
        }
        output::say(match written {
            Some(written) => format!(
                "{} innovations created, {} revised, {} unchanged; {} agencies registered",
                written.created, written.revised, written.unchanged, written.agencies
            ),
            None if self.dry_run => "nothing was written, as asked".to_owned(),
            None => "nothing was written; mend the rows, or say --skip-bad-rows".to_owned(),
        });
        Ok(())
    }
}

async fn write(hub: &Hub, asked: &Import, rows: u64) -> anyhow::Result<Written> {
    let today = SystemClock.now().date();
    let bar = output::bar(rows, "importing");
    let audience = asked.audience.clone().map(Audience::from);
    let mut importer = Importer::new(hub).await?.for_others(audience);
    // Reading goes on in a thread of its own while the last batch is written.
    let (batches, mut read) = tokio::sync::mpsc::channel(2);
    let file = asked.file.clone();
    let reading = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        for batch in import::batches(rows::open(&file)?, today, BATCH, |_| true) {
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
