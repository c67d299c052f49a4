//! `scripts/soak [MINUTES]`: ten hubs as processes in a storm, and then everything must be there and proved.

#![expect(clippy::print_stdout, reason = "this is a program")]

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Parser;
use testkit::fleet::{self, Design, Fleet};
use testkit::soak::quiet::{self, Findings};
use testkit::soak::storm::Storm;

/// Lets hubs write, dies, puts them back and cuts their links for a while, then looks whether all is there and proved
#[derive(Parser)]
struct Soak {
    /// How long the storm blows, in minutes
    #[arg(default_value_t = 2.0)]
    minutes: f64,
    /// Draws the plan; another one each time if left out
    #[arg(long)]
    seed: Option<u64>,
    /// How many hubs
    #[arg(long, default_value_t = 10)]
    hubs: usize,
    /// How many of them keep their records in PostgreSQL
    #[arg(long, default_value_t = 3)]
    postgres: usize,
    /// How many peers each hub has
    #[arg(long, default_value_t = 4)]
    peers: usize,
    /// How long it may take until all is well again after the storm, in seconds
    #[arg(long, default_value_t = 360)]
    quiet: u64,
    /// Keep the hubs' folder also if all is well
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let soak = Soak::parse();
    let seed = soak.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut chance = fastrand::Rng::with_seed(seed);
    let (binary, folder) = (fleet::binary()?, fleet::folder("soak")?);
    println!("seed {seed}; {} in {}", binary.display(), folder.display());
    let design = Design {
        hubs: soak.hubs,
        on_postgres: soak.postgres,
        peers: soak.peers,
        interval_seconds: 1,
    };
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/innovations.jsonl");
    let rows = std::fs::read_to_string(data)?;
    let rows = rows.lines().map(str::to_owned).collect();
    let fleet = Fleet::build(&binary, &folder, &design, &mut chance).await?;
    let mut storm = Storm::new(fleet, &folder, rows);
    storm.calm().await?;
    let how_long = Duration::from_secs_f64(soak.minutes * 60.0);
    println!(
        "{} hubs, {} links; the storm blows for {} s",
        soak.hubs,
        storm.fleet.links.len(),
        how_long.as_secs()
    );
    storm.blow(&mut chance, how_long).await?;
    storm.calm().await?;
    let findings =
        quiet::look(&storm.fleet, &storm.ledger, Duration::from_secs(soak.quiet)).await?;
    report(&storm, &findings);
    if findings.faults.is_empty() {
        if !soak.keep {
            drop(storm);
            std::fs::remove_dir_all(&folder)?;
        }
        println!("all is well (seed {seed})");
        return Ok(ExitCode::SUCCESS);
    }
    for hub in &storm.fleet.hubs {
        let (_, text) = hub.run(&["status"]).await?;
        println!("\n== {}\n{text}", hub.id);
    }
    println!("\n{} faults (seed {seed}):", findings.faults.len());
    findings
        .faults
        .iter()
        .for_each(|fault| println!("  {fault}"));
    println!("the hubs' files and logs are kept in {}", folder.display());
    Ok(ExitCode::FAILURE)
}

fn report(storm: &Storm, findings: &Findings) {
    for (what, count) in &storm.tally.done {
        println!("{what:26} {count:>8}");
    }
    let traffic = |of: fn(&testkit::fleet::link::Traffic) -> u64| -> u64 {
        storm.fleet.links.iter().map(|link| of(&link.traffic)).sum()
    };
    let bytes = traffic(|traffic| traffic.bytes.load(Ordering::Relaxed));
    let requests = traffic(|traffic| traffic.requests.load(Ordering::Relaxed));
    println!("{:26} {:>8}", "bytes over links, KB", bytes / 1000);
    println!("{:26} {requests:>8}", "requests over links");
    println!(
        "{:26} {:>8}",
        "records that must be shown",
        storm.ledger.promises()
    );
    println!("{:26} {:>8}", "records that are shown", findings.records);
    println!("{:26} {:>8}", "entries at each hub", findings.entries);
    println!("{:26} {:>8}", "new logs after put-backs", findings.new_logs);
    if let Some(after) = findings.quiet_after {
        println!(
            "{:26} {:>8.1}",
            "all was well after, s",
            after.as_secs_f64()
        );
    }
}
