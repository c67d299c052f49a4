//! `simpul unprojected`

use anyhow::bail;
use domain::identity::{HubId, LogId};
use serde_json::json;
use storage::logs::unprojected::{self, Unprojected as Entry};
use storage::logs::{heads, reproject};

use crate::cli::{Common, Outcome};
use crate::output;

/// List the entries that are kept and passed on but show nothing here, and why
#[derive(Debug, clap::Args)]
pub struct Unprojected {
    /// Only the logs of this hub
    #[arg(value_name = "HUB")]
    hub: Option<HubId>,
    /// At most so many entries of each log
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    first: u32,
    /// Only entries from this place in their log on
    #[arg(long, value_name = "PLACE", default_value_t = 0)]
    from: u64,
}

/// A log with its entries that show nothing.
struct Listed {
    log: LogId,
    total: u64,
    entries: Vec<Entry>,
}

impl Unprojected {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let mut heads = heads::list(&hub.db).await?;
        if let Some(wanted) = &self.hub {
            heads.retain(|head| head.log.hub == *wanted);
            if heads.is_empty() {
                bail!("no log of {wanted} is held here; `simpul status` lists those that are");
            }
        }
        let mut listed = Vec::new();
        for head in heads.into_iter().filter(|head| head.unprojected > 0) {
            listed.push(Listed {
                entries: unprojected::list(&hub.db, &head.log, self.from, self.first).await?,
                total: head.unprojected,
                log: head.log,
            });
        }
        let waiting = reproject::count_waiting(&hub.db).await?;
        hub.db.close().await?;
        if common.json {
            print_json(&listed, waiting)?;
        } else {
            print_text(&listed, waiting);
        }
        Ok(if listed.is_empty() {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

fn print_text(listed: &[Listed], waiting: u64) {
    if listed.is_empty() {
        output::say("every entry that is held can be read");
    }
    for Listed {
        log,
        total,
        entries,
    } in listed
    {
        output::say(format!("{log}: {total} in all, {} here", entries.len()));
        let mut table = output::table(["place", "record", "kind", "reason", "detail"]);
        for entry in entries {
            table.add_row([
                entry.place.to_string(),
                entry
                    .record
                    .map(|record| record.to_string())
                    .unwrap_or_default(),
                entry.kind.clone().unwrap_or_default(),
                entry.reason.clone(),
                entry.detail.clone(),
            ]);
        }
        output::say(table.to_string());
    }
    if waiting > 0 {
        output::say(format!(
            "{waiting} were noted by an older version; `simpul serve` and `simpul sync` try them again"
        ));
    }
}

fn print_json(listed: &[Listed], waiting: u64) -> anyhow::Result<()> {
    let entry = |entry: &Entry| {
        json!({
            "place": entry.place,
            "record": entry.record,
            "kind": entry.kind,
            "reason": entry.reason,
            "detail": entry.detail,
        })
    };
    let log = |listed: &Listed| {
        json!({
            "hub": listed.log.hub,
            "epoch": listed.log.epoch,
            "total": listed.total,
            "entries": listed.entries.iter().map(entry).collect::<Vec<_>>(),
        })
    };
    output::json(&json!({
        "waiting": waiting,
        "logs": listed.iter().map(log).collect::<Vec<_>>(),
    }))
}
