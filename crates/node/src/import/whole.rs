//! Importing a whole file: looking at all of it, then writing what is good.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::audit::Deed;
use domain::catalog::latest_day;
use domain::clock::Clock as _;
use domain::entry::Audience;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::mapping::{Mapping, RowFault};
use super::rows::{Format, Layout, Rows, Source};
use super::write::{Importer, Written};
use super::{BATCH, Checked, Rules, batches, check, duplicates};
use crate::hub::Hub;
use crate::system::SystemClock;

/// What is to be imported, and how.
pub struct Order {
    /// The file.
    pub source: Arc<Source>,
    /// How it holds its rows.
    pub format: Format,
    /// Which column is which field; nothing: what the file's columns ask for.
    pub mapping: Option<Mapping>,
    /// For whom rows are that do not say it; nothing: everybody, if they are new.
    pub audience: Option<Audience>,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether the good rows are written although there are bad ones.
    pub skip_bad_rows: bool,
    /// Whether texts for everybody are written although they hold what looks like personal data.
    pub acknowledge_personal_data: bool,
    /// Where the bad rows go.
    pub refused: Option<PathBuf>,
    /// Who does it; nothing: whoever runs the program.
    pub by: Option<Deed>,
    /// When it is cancelled, no further transaction is begun.
    pub stop: CancellationToken,
}

/// What importing came to.
pub struct Found {
    /// What looking at the file found.
    pub checked: Checked,
    /// What was written, or of a dry run would be; nothing if bad rows or personal data stood against it.
    pub done: Option<Done>,
}

/// What writing came to, or would come to.
#[derive(Default)]
pub struct Done {
    /// How many of each sort.
    pub written: Written,
    /// Why rows were left out that had been good when they were checked.
    pub late: Vec<RowFault>,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows are going to be written.
    Checked(u64),
    /// So many more are written.
    Written(u64),
}

impl Found {
    /// Whether all that the file says is at the hub, or would be.
    pub fn is_well(&self, order: &Order) -> bool {
        let left_out = self.done.as_ref().map_or(0, |done| done.written.left_out);
        let is_private = self.checked.personal_rows == 0 || order.acknowledge_personal_data;
        self.checked.bad_rows == 0 && is_private && left_out == 0
    }
}

/// Checks a whole file, and writes what is good in it unless something stands against it.
///
/// # Errors
/// The file cannot be read, the hub cannot be written, or it was stopped.
pub async fn whole(
    hub: &Hub,
    order: &Order,
    told: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<Found> {
    let (source, format) = (Arc::clone(&order.source), order.format);
    let mapping = match order.mapping.clone() {
        Some(given) => given,
        None => spawn_blocking(move || mapping_for(&source, format))
            .await
            .context("reading was cut off")??,
    };
    let rules = Rules {
        mapping,
        hub: hub.db.hub().clone(),
        today: latest_day(SystemClock.now()),
        audience: order.audience.clone(),
    };
    let duplicates = duplicates::held_titles(&hub.db, duplicates::MOST_HELD).await?;
    let rows = open(order, &rules).await?;
    let checking = check(hub, rows, &rules, duplicates, order.refused.clone());
    let checked = order.stop.run_until_cancelled(checking).await;
    let checked = checked.context("nothing was written: importing was stopped")??;
    let is_whole = checked.bad_rows == 0 || order.skip_bad_rows;
    let is_private = checked.personal_rows == 0 || order.acknowledge_personal_data;
    let done = if order.dry_run {
        let written = checked.forecast;
        let late = Vec::new();
        Some(Done { written, late })
    } else if is_whole && is_private {
        told(Step::Checked(checked.rows - checked.bad_rows));
        Some(write(hub, order, rules, told).await?)
    } else {
        None
    };
    Ok(Found { checked, done })
}

async fn open(order: &Order, rules: &Rules) -> anyhow::Result<Rows> {
    let (source, format) = (Arc::clone(&order.source), order.format);
    let layout = rules.mapping.layout.clone();
    let opening = spawn_blocking(move || source.rows(format, &layout));
    opening.await.context("opening was cut off")?
}

async fn write(
    hub: &Hub,
    order: &Order,
    rules: Rules,
    told: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<Done> {
    let mut importer = Importer::new(hub, rules.clone()).await?;
    if let Some(by) = &order.by {
        importer = importer.by(by.clone());
    }
    // Reading goes on in a thread of its own while the last batch is written.
    let (sender, mut read) = mpsc::channel(2);
    let rows = open(order, &rules).await?;
    let reading = spawn_blocking(move || -> anyhow::Result<()> {
        for batch in batches(rows, rules, BATCH, |_| true) {
            if sender.blocking_send(batch?).is_err() {
                break;
            }
        }
        Ok(())
    });
    while let Some(batch) = read.recv().await {
        if order.stop.is_cancelled() {
            bail!("importing was stopped before all was written");
        }
        let rows = batch.len() as u64;
        importer.write(batch).await?;
        told(Step::Written(rows));
    }
    reading.await.context("reading was cut off")??;
    Ok(Done {
        written: importer.written,
        late: importer.late,
    })
}

/// The mapping that a file's columns ask for.
fn mapping_for(source: &Source, format: Format) -> anyhow::Result<Mapping> {
    let mut rows = source.rows(format, &Layout::default())?;
    if rows.header().is_empty() {
        rows.next();
    }
    if Mapping::is_standard(rows.columns().iter().map(String::as_str)) {
        Ok(Mapping::standard())
    } else {
        Ok(Mapping::of_data())
    }
}
