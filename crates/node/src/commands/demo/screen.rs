//! What the demo shows: live progress, then a table and queries to try.

use std::time::Duration;

use domain::entry::Sight;
use domain::log::LogState;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;
use storage::innovations::{self, InnovationFilter};
use storage::logs::heads::{self, Head};

use super::federation::{Federation, url};
use crate::cli::Common;
use crate::hub::Hub;
use crate::output;

const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Draws a bar for each hub until every hub proves every log.
pub(super) async fn watch(federation: &Federation) -> anyhow::Result<()> {
    let total = total_entries(federation).await?;
    let screen = MultiProgress::new();
    let style = ProgressStyle::with_template("{prefix:10} {bar:40} {pos:>4}/{len} entries  {msg}")?;
    let bars: Vec<ProgressBar> = federation
        .hubs
        .iter()
        .map(|hub| {
            let bar = screen.add(ProgressBar::new(total).with_style(style.clone()));
            bar.set_prefix(hub.db.hub().to_string());
            bar
        })
        .collect();
    loop {
        let mut is_synced = true;
        for (hub, bar) in federation.hubs.iter().zip(&bars) {
            let heads = heads::list(&hub.db).await?;
            bar.set_position(heads.iter().map(|head| head.size).sum());
            bar.set_message(format!(
                "{} of {} logs proved",
                proved(&heads),
                federation.hubs.len()
            ));
            is_synced &= proved(&heads) == federation.hubs.len()
                && heads.iter().map(|head| head.size).sum::<u64>() == total;
        }
        if is_synced {
            bars.iter().for_each(ProgressBar::abandon);
            return Ok(());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn proved(heads: &[Head]) -> usize {
    heads
        .iter()
        .filter(|head| head.state == LogState::Proved)
        .count()
}

/// What all hubs together have written.
async fn total_entries(federation: &Federation) -> anyhow::Result<u64> {
    let mut total = 0;
    for hub in &federation.hubs {
        let log = hub.own_log().await?;
        total += heads::find(&hub.db, &log)
            .await?
            .map_or(0, |head| head.size);
    }
    Ok(total)
}

struct Line {
    hub: String,
    url: String,
    own: u64,
    held: u64,
    proved: usize,
    lag: u64,
}

async fn line(hub: &Hub) -> anyhow::Result<Line> {
    let own = InnovationFilter {
        hubs: vec![hub.db.hub().clone()],
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    let all = InnovationFilter {
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    let heads = heads::list(&hub.db).await?;
    Ok(Line {
        hub: hub.db.hub().to_string(),
        url: url(hub),
        own: innovations::count(&hub.db, &own).await?,
        held: innovations::count(&hub.db, &all).await?,
        proved: proved(&heads),
        lag: heads
            .iter()
            .map(|head| head.newest_seen.saturating_sub(head.size))
            .sum(),
    })
}

/// Prints what came of it, and what to try.
pub(super) async fn result(federation: &Federation, common: &Common) -> anyhow::Result<()> {
    let mut lines = Vec::with_capacity(federation.hubs.len());
    for hub in &federation.hubs {
        lines.push(line(hub).await?);
    }
    if common.json {
        let hub = |line: &Line| {
            json!({
                "hub": line.hub, "url": line.url, "ownInnovations": line.own, "innovations": line.held,
                "provedLogs": line.proved, "lag": line.lag,
            })
        };
        return output::json(&lines.iter().map(hub).collect::<Vec<_>>());
    }
    let mut table = output::table([
        "hub",
        "GraphiQL",
        "own",
        "all innovations",
        "logs proved",
        "lag",
    ]);
    for line in &lines {
        table.add_row([
            line.hub.clone(),
            format!("{}/graphiql/", line.url),
            line.own.to_string(),
            line.held.to_string(),
            format!("{} of {}", line.proved, lines.len()),
            line.lag.to_string(),
        ]);
    }
    output::say("");
    output::say(table.to_string());
    output::say("");
    output::say("Every hub proves every log. Three queries to try, at any of them:");
    let first = &lines[0].url;
    for (what, query) in QUERIES {
        output::say(format!("\n# {what}"));
        output::say(format!(
            "curl -s {first}/graphql -H 'content-type: application/json' \\\n  -d '{}'",
            json!({ "query": query })
        ));
    }
    output::say("");
    Ok(())
}

const QUERIES: [(&str, &str); 3] = [
    (
        "SITARANG of Payakumbuh, from the hub of Sumatera Barat",
        "{ innovations(filter: {titleWords: \"sitarang\"}) { nodes { id title unitName agency { name } hub { name } } } }",
    ),
    (
        "Health in Jawa Timur, by title",
        "{ innovations(first: 5, filter: {region: \"35\", affairs: [HEALTH]}, orderBy: TITLE_ASC) { totalCount nodes { title year agency { name } } } }",
    ),
    (
        "What this hub holds of every log",
        "{ heads { nodes { hub size checkpoint } } }",
    ),
];
