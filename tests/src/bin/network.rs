//! `scripts/network [HUBS …]`: what networks of these sizes cost, as a table and a picture.

#![expect(clippy::print_stdout, reason = "this is a program")]

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use testkit::fleet::{self, Design};
use testkit::network::chart;
use testkit::network::measure::Trial;

/// Lets networks of several sizes fill and idle, and tells what that costs
#[derive(Parser)]
struct Network {
    /// How many hubs: one network after the other
    #[arg(default_values_t = [10, 20, 40, 60])]
    hubs: Vec<usize>,
    /// Records of each hub
    #[arg(long, default_value_t = 1000)]
    records: usize,
    /// How many peers each hub has
    #[arg(long, default_value_t = 5)]
    peers: usize,
    /// Pause between two rounds with the same peer, in seconds
    #[arg(long, default_value_t = 60)]
    interval: u32,
    /// How long idling is measured, in seconds
    #[arg(long, default_value_t = 60)]
    idle: u64,
    /// How long filling may take, in seconds
    #[arg(long, default_value_t = 900)]
    patience: u64,
    /// Where the picture goes; none if left out
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let network = Network::parse();
    let binary = fleet::binary()?;
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/innovations.jsonl");
    let rows = std::fs::read_to_string(data)?;
    let rows: Vec<String> = rows.lines().map(str::to_owned).collect();
    let mut costs = Vec::new();
    for hubs in network.hubs {
        let folder = fleet::folder("network")?;
        let trial = Trial {
            design: Design {
                hubs,
                on_postgres: 0,
                peers: network.peers,
                interval_seconds: network.interval,
            },
            records: network.records,
            idle: Duration::from_secs(network.idle),
            patience: Duration::from_secs(network.patience),
        };
        // The same network each time.
        let mut chance = fastrand::Rng::with_seed(1);
        let cost = trial.run(&binary, &folder, &rows, &mut chance).await?;
        println!("{cost:?}");
        std::fs::remove_dir_all(&folder)?;
        costs.push(cost);
    }
    println!("\n{}", chart::table(&costs));
    if let Some(file) = network.plot {
        chart::draw(&costs, &file)?;
    }
    Ok(())
}
