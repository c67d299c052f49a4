//! Hubs as processes that fill from each other and then idle, measured from outside.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::time::Instant;

use crate::fleet::process::HubProcess;
use crate::fleet::{Design, Fleet};

/// What a network cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// How many hubs.
    pub hubs: usize,
    /// From the start of the last hub until all proved everything, in seconds.
    pub filling_seconds: f64,
    /// HTTP requests of all hubs until then.
    pub filling_requests: f64,
    /// Bytes over all links until then, both ways, in megabytes.
    pub filling_megabytes: f64,
    /// Of one core, by all hubs together while nothing happens, in percent.
    pub idle_percent: f64,
    /// Requests in a minute while nothing happens, by all hubs together.
    pub idle_requests: f64,
    /// Bytes in a minute while nothing happens, over all links, in kilobytes.
    pub idle_kilobytes: f64,
    /// Memory of all hubs together (PSS), in megabytes.
    pub megabytes: f64,
    /// Memory of the largest hub (PSS), in megabytes.
    pub largest_megabytes: f64,
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The hubs, all on SQLite.
    pub design: Design,
    /// Records of each hub.
    pub records: usize,
    /// How long idling is measured.
    pub idle: Duration,
    /// How long filling may take.
    pub patience: Duration,
}

impl Trial {
    /// Lets the network fill and idle.
    pub async fn run(
        &self,
        binary: &Path,
        folder: &Path,
        rows: &[String],
        chance: &mut fastrand::Rng,
    ) -> anyhow::Result<Cost> {
        let mut fleet = Fleet::build(binary, folder, &self.design, chance).await?;
        for (number, hub) in fleet.hubs.iter().enumerate() {
            fill(hub, number, rows, self.records).await?;
        }
        let begun = Instant::now();
        fleet.start().await?;
        if !fleet.agree_within(self.patience).await {
            bail!("{} hubs do not agree in time", self.design.hubs);
        }
        let filling_seconds = begun.elapsed().as_secs_f64();
        let (filling_requests, filling_bytes) = traffic(&fleet);
        for hub in &fleet.hubs {
            let records = self.records as u64 * self.design.hubs as u64;
            check(hub, &hub.status().await?, self.design.hubs, records)?;
        }
        // What was only just stored is still being written and forgotten.
        tokio::time::sleep(self.idle / 2).await;
        let (ticks, (requests, bytes)) = (ticks(&fleet), traffic(&fleet));
        let started = Instant::now();
        tokio::time::sleep(self.idle).await;
        let seconds = started.elapsed().as_secs_f64();
        let (ticks_after, (requests_after, bytes_after)) = (self::ticks(&fleet), traffic(&fleet));
        let memory: Vec<f64> = fleet
            .hubs
            .iter()
            .map(|hub| number(hub.usage().kilobytes) / 1024.0)
            .collect();
        Ok(Cost {
            hubs: self.design.hubs,
            filling_seconds,
            filling_requests,
            filling_megabytes: filling_bytes / 1e6,
            // A tick is 10 ms.
            idle_percent: (ticks_after - ticks) / seconds,
            idle_requests: (requests_after - requests) * 60.0 / seconds,
            idle_kilobytes: (bytes_after - bytes) * 60.0 / seconds / 1e3,
            megabytes: memory.iter().sum(),
            largest_megabytes: memory.iter().copied().fold(0.0, f64::max),
        })
    }
}

/// Gives a hub so many records of its own, made from real ones.
async fn fill(
    hub: &HubProcess,
    number: usize,
    rows: &[String],
    records: usize,
) -> anyhow::Result<()> {
    let mut text = String::new();
    for (place, row) in rows.iter().cycle().take(records).enumerate() {
        let mut row: Value = serde_json::from_str(row)?;
        row["id"] = format!("HUB{number:02}-{place:04}").into();
        if row["agency"].as_str().is_none_or(str::is_empty) {
            row["agency"] = "Dinas Contoh".into();
        }
        text.push_str(&row.to_string());
        text.push('\n');
    }
    let file = hub.folder.join("rows.jsonl");
    std::fs::write(&file, text)?;
    let path = file.display().to_string();
    let (code, told) = hub.run(&["import", &path]).await?;
    if code != Some(0) {
        bail!("{}: the import ends with {code:?}: {told}", hub.id);
    }
    std::fs::remove_file(file).context("the rows are removed")
}

/// Checks that a hub proves every log, and holds all records.
fn check(hub: &HubProcess, status: &Value, hubs: usize, records: u64) -> anyhow::Result<()> {
    let logs = status["logs"].as_array().context("a status has logs")?;
    let proved = logs.iter().filter(|log| log["state"] == "Proved");
    let entries: u64 = logs.iter().filter_map(|log| log["size"].as_u64()).sum();
    if proved.count() != hubs || entries < records {
        bail!("{} does not prove all: {}", hub.id, status["summary"]);
    }
    Ok(())
}

fn ticks(fleet: &Fleet) -> f64 {
    let hubs = fleet.hubs.iter();
    number(hubs.map(|hub| hub.usage().ticks).sum())
}

/// Requests and bytes over all links.
fn traffic(fleet: &Fleet) -> (f64, f64) {
    let links = fleet.links.iter().map(|link| &link.traffic);
    let (requests, bytes) = links.fold((0, 0), |(requests, bytes), traffic| {
        (
            requests + traffic.requests.load(Ordering::Relaxed),
            bytes + traffic.bytes.load(Ordering::Relaxed),
        )
    });
    (number(requests), number(bytes))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn number(count: u64) -> f64 {
    count as f64
}
