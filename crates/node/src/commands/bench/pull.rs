//! `simpul bench pull`

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use domain::clock::Clock as _;
use serde_json::Value;
use storage::{peers, pins};

use super::nodes::{Serving, Where, Workplace, memory_of, program};
use super::{Figure, figure, sample};
use crate::system::SystemClock;

/// First pull of a hub's log into an empty hub: verified, durable and projected
#[derive(Debug, clap::Args)]
pub(super) struct Pull {
    /// How many innovations of about 1.5 KB
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    #[command(flatten)]
    place: Where,
}

impl Pull {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let supplier = workplace.create("kl-supplier", 0).await?;
        sample::fill(&supplier, self.entries).await?;
        let puller = workplace.create("kl-puller", 1).await?;
        let now = SystemClock.now();
        pins::add(
            &puller.db,
            supplier.db.hub(),
            &supplier.key.public(),
            now,
            None,
        )
        .await?;
        peers::add(
            &puller.db,
            &format!("http://{}", supplier.config.http.listen),
            supplier.db.hub(),
            now,
            None,
        )
        .await?;
        supplier.db.close().await?;
        puller.db.close().await?;
        let serving = Serving::start(&supplier.config.folder, supplier.config.http.listen).await?;

        let started = Instant::now();
        let mut command = program(&puller.config.folder)?;
        let child = command
            .args(["sync", "--once", "--json"])
            // Agencies come as well, one for fifty innovations.
            .env(
                "SIMPUL_SYNC__MAX_ENTRIES_PER_HUB",
                (2 * self.entries).max(1).to_string(),
            )
            .stdout(Stdio::piped())
            .spawn()?;
        let id = child.id().context("the process has no id")?;
        let watching = tokio::spawn(peak_memory(id));
        let output = child.wait_with_output().await?;
        let seconds = started.elapsed().as_secs_f64();
        let peak = watching.await?;
        if !output.status.success() {
            bail!(
                "pulling failed: {}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let entries = report[0]["entries"].as_f64().unwrap_or_default();
        #[expect(
            clippy::cast_precision_loss,
            reason = "entry counts are far below 2^52"
        )]
        if entries < self.entries as f64 {
            bail!("only {entries} entries came");
        }
        let bytes = report[0]["bytesReceived"].as_f64().unwrap_or_default();
        let (_, supplier_peak) = serving.memory();
        Ok(vec![
            figure("entries", entries, ""),
            figure("time", seconds, "s"),
            figure("rate", entries / seconds, "entries/s"),
            figure("on the wire", bytes / entries, "bytes/entry"),
            figure("puller's peak memory", peak, "MB"),
            figure("supplier's peak memory", supplier_peak, "MB"),
        ])
    }
}

/// Watches a process's peak until it ends.
async fn peak_memory(process: u32) -> f64 {
    let mut peak = 0.0;
    loop {
        let now = memory_of(process, "VmHWM:");
        if now == 0.0 {
            return peak;
        }
        peak = now;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
