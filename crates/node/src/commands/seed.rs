//! `simpul seed`

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use domain::audit::Action;
use domain::entry::{EntryDraft, Sight};
use serde_json::json;
use storage::local::Local;
use time::Date;
use time::macros::format_description;

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::output;
use crate::seed::{self, Plan, Samples};

/// Fill the hub with made-up sample records, for load tests and demonstrations
///
/// Each says that it is a sample: the title begins with "Contoh" in brackets, the tag is "contoh", the id has 75ee-b5ee in its middle.
/// The same seed at the same hub gives the same records. With other hubs' samples at hand, some refer to those. A log is
/// never emptied again: seed hubs that are for trying only.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "the flag is named so")]
pub struct Seed {
    /// How many innovations
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    innovations: u64,
    /// From what all choices follow; another seed gives other records
    #[arg(long, value_name = "S")]
    seed: u64,
    /// How many records belong to each innovation, on average: replications, answers, awards, questions and the like
    #[arg(long, value_name = "K", default_value_t = 4, value_parser = clap::value_parser!(u64).range(0..=100))]
    related: u64,
    /// The last day that records tell of
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, default_value_t = Plan::UNTIL)]
    until: Date,
    /// Do it although the hub holds real records, which then stand among samples
    #[arg(long)]
    among_real_records: bool,
}

fn day(raw: &str) -> Result<Date, String> {
    let format = format_description!("[year]-[month]-[day]");
    Date::parse(raw, format).map_err(|_| format!("{raw:?} is not a day such as 2026-06-30"))
}

impl Seed {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub_to_write().await?;
        let real = storage::samples::count_real(&hub.db).await?;
        if real > 0 && !self.among_real_records {
            bail!(
                "the hub holds {real} records that are no samples, and what is written cannot be taken out of a log again; \
                 make another hub for samples, or say --among-real-records"
            );
        }
        let plan = Plan {
            innovations: self.innovations,
            related: self.related,
            seed: self.seed,
            until: self.until,
        };
        let written = fill(&hub, plan).await?;
        hub.close().await?;
        if common.json {
            output::json(&json!({ "written": written }))?;
        } else {
            for (kind, count) in &written {
                output::say(format!("{count:>9} {kind}"));
            }
        }
        Ok(Outcome::Well)
    }
}

/// Writes samples into a hub's log, and counts them by kind.
pub async fn fill(hub: &Hub, plan: Plan) -> anyhow::Result<BTreeMap<String, u64>> {
    let samples = Samples::new(plan, seed::learn(&hub.db).await?);
    if is_here(hub, &samples).await? {
        bail!(
            "the samples of seed {} are here already; take another --seed",
            plan.seed
        );
    }
    let bar = output::bar(plan.records(), "making");
    // They are made in a thread of its own while the last batch is written.
    let (batches, mut made) = tokio::sync::mpsc::channel::<Vec<EntryDraft>>(2);
    let making = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        for batch in samples {
            if batches.blocking_send(batch?).is_err() {
                break;
            }
        }
        Ok(())
    });
    let mut written = BTreeMap::new();
    while let Some(batch) = made.recv().await {
        for draft in &batch {
            *written.entry(draft.kind.as_str().to_owned()).or_insert(0) += 1;
        }
        let records = batch.len() as u64;
        let told = Local::default().told(&by_program(Action::SeedRecords), &batch);
        hub.issue_with(batch, told).await?;
        bar.inc(records);
    }
    making.await.context("making samples was cut off")??;
    bar.finish_and_clear();
    Ok(written)
}

async fn is_here(hub: &Hub, samples: &Samples) -> anyhow::Result<bool> {
    let ids = [(hub.db.hub().clone(), samples.first())];
    let found = storage::agencies::find_many(&hub.db, &ids, Sight::All).await?;
    Ok(!found.is_empty())
}
