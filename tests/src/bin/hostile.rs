//! What somebody who asks as usual notices of 200 clients that mean harm: `scripts/hostile`.
//!
//! A hub with records, another that pulls it, a client that asks at a steady pace, and somebody who writes. First quiet, then
//! beside clients that attack, each from an address of its own: deep, wide, aliased, dear, huge and slow ones. They run in a
//! process of the lowest priority: attackers do not take the node's processor but by what they ask. All is on loopback.

#![expect(clippy::print_stdout, reason = "this is a program")]

use std::time::Duration;

use clap::Parser;
use testkit::hostile::attack;
use testkit::hostile::scene::{Measured, Scene};

/// Measures a usual client beside hostile ones
#[derive(Parser)]
struct Hostile {
    /// Hostile clients
    #[arg(long, default_value_t = 200)]
    clients: u16,
    /// Records of the hub
    #[arg(long, default_value_t = 5000)]
    records: u32,
    /// How long each part lasts, in seconds
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// For the process that attacks: where
    #[arg(long, hide = true)]
    attack: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wishes = Hostile::parse();
    let time = Duration::from_secs(wishes.seconds);
    if let Some(url) = wishes.attack {
        for ((class, told), count) in attack::run(&url, wishes.clients, time).await? {
            println!("{class:?}: {told}: {count}");
        }
        return Ok(());
    }
    let scene = Scene::set(wishes.records).await;
    scene.measure(Duration::from_secs(5)).await;
    let quiet = scene.measure(time).await;
    let clients = wishes.clients.to_string();
    let seconds = wishes.seconds.to_string();
    let mut attackers = tokio::process::Command::new("nice")
        .args(["-n", "19"])
        .arg(std::env::current_exe()?)
        .args([
            "--attack",
            scene.url(),
            "--clients",
            &clients,
            "--seconds",
            &seconds,
        ])
        .kill_on_drop(true)
        .spawn()?;
    let beside = scene.measure(time).await;
    attackers.wait().await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    tell(wishes.clients, &quiet, &beside, scene.memory());
    scene.end().await;
    Ok(())
}

fn tell(clients: u16, quiet: &Measured, beside: &Measured, after: u64) {
    println!("\n| a usual client | quiet | beside {clients} hostile clients | times |");
    println!("| --- | --- | --- | --- |");
    for percent in [50, 99] {
        let [before, meanwhile] = [quiet, beside].map(|measured| measured.percentile(percent));
        let times = meanwhile / before;
        println!("| p{percent}, ms | {before:.2} | {meanwhile:.2} | {times:.2} |");
    }
    println!("| answers | {} | {} | |", quiet.answers(), beside.answers());
    println!("| failures | {} | {} | |", quiet.failures, beside.failures);
    println!(
        "| until a record is at the other hub, s, at most | {:.1} | {:.1} | |",
        quiet.lag, beside.lag
    );
    println!(
        "| memory, MiB, at most | {} | {} | 10 s after: {after} |",
        quiet.memory, beside.memory
    );
}
