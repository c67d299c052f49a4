//! What it costs on PostgreSQL that every commit tells of itself (`NOTIFY`): `cargo run --release -p tests --bin notify`.
//!
//! Three databases of a throw-away server take the same entries in turn: one in which notifying does nothing, one that
//! notifies and nobody hears it, one where another process's connection hears it. The server waits for the disk as a
//! hub's does.

#![expect(clippy::print_stdout, reason = "this is a program")]

use std::time::{Duration, Instant};

use clap::Parser;
use domain::entry::{EntryDraft, Kind};
use testkit::postgres::Server;
use testkit::records::{agency, innovation, put, record};
use testkit::{Backend, Store};
use tokio::task::JoinHandle;

/// Stands before the server's own function in the search path of its database.
const SILENT: &str = "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''";

/// Measures writing with and without notifications
#[derive(Parser)]
struct Notify {
    /// Turns of each database
    #[arg(long, default_value_t = 7)]
    turns: u32,
    /// Entries of a turn that are written one by one
    #[arg(long, default_value_t = 300)]
    writes: u32,
    /// Entries of a turn that are written together, a thousand in a commit, in thousands
    #[arg(long, default_value_t = 5)]
    thousands: u32,
}

/// A hub's database, and what was measured of it.
struct Way {
    name: &'static str,
    store: Store,
    listener: Option<JoinHandle<()>>,
    written: u128,
    latencies: Vec<Duration>,
    rates: Vec<f64>,
}

#[tokio::main]
async fn main() {
    let wishes = Notify::parse();
    let server = Server::shared();
    server
        .execute("postgres", "ALTER SYSTEM SET fsync = on")
        .await;
    server.execute("postgres", "SELECT pg_reload_conf()").await;
    let mut ways = [
        silent().await,
        Way::new("told, nobody hears", fresh().await, None),
        heard().await,
    ];
    for _ in 0..wishes.turns {
        for way in &mut ways {
            way.turn(wishes.writes, wishes.thousands).await;
        }
    }
    println!("| | one write, ms: p50; p99 | of silent | rows/s, 1,000 in a commit | of silent |");
    println!("| --- | --- | --- | --- | --- |");
    let [p50, rate] = [ways[0].percentile(50), ways[0].rate()];
    for way in &mut ways {
        let [half, most, rows] = [way.percentile(50), way.percentile(99), way.rate()];
        println!(
            "| {} | {half:.2}; {most:.2} | {:.3} | {rows:.0} | {:.3} |",
            way.name,
            half / p50,
            rows / rate,
        );
        if let Some(listener) = way.listener.take() {
            listener.abort();
        }
    }
}

async fn fresh() -> Store {
    let store = Store::fresh(Backend::Postgres, "hub-a").await;
    let draft = agency("Dinas", Some("13"));
    store.put_agency(record(1), 1, &draft).await;
    store
}

async fn silent() -> Way {
    let store = fresh().await;
    let (server, name) = (Server::shared(), store.site().database_name().to_owned());
    server.execute(&name, SILENT).await;
    let path = format!("ALTER DATABASE {name} SET search_path = public, pg_catalog");
    server.execute(&name, &path).await;
    // What the connections see, they saw when they began.
    Way::new("silent", store.reopened().await, None)
}

async fn heard() -> Way {
    let store = fresh().await;
    let other = store.another_handle().await;
    let hearing = async move { other.hear_commits().await.expect("commits are heard") };
    Way::new("told and heard", store, Some(tokio::spawn(hearing)))
}

impl Way {
    const fn new(name: &'static str, store: Store, listener: Option<JoinHandle<()>>) -> Self {
        Self {
            name,
            store,
            listener,
            written: 1,
            latencies: Vec::new(),
            rates: Vec::new(),
        }
    }

    async fn turn(&mut self, writes: u32, thousands: u32) {
        for _ in 0..writes {
            let draft = self.draft();
            let begun = Instant::now();
            self.store.issue(vec![draft]).await;
            self.latencies.push(begun.elapsed());
        }
        let commits: Vec<Vec<EntryDraft>> = (0..thousands)
            .map(|_| (0..1000).map(|_| self.draft()).collect())
            .collect();
        let begun = Instant::now();
        for drafts in commits {
            self.store.issue(drafts).await;
        }
        let rate = f64::from(thousands * 1000) / begun.elapsed().as_secs_f64();
        self.rates.push(rate);
    }

    fn draft(&mut self) -> EntryDraft {
        self.written += 1;
        let body = innovation("Layanan", record(1));
        let at = self.store.clock.pass(1);
        put(record(self.written), 1, Kind::INNOVATION, &body, at)
    }

    /// In milliseconds.
    fn percentile(&mut self, part: usize) -> f64 {
        self.latencies.sort_unstable();
        let place = self.latencies.len() * part / 100;
        self.latencies[place.min(self.latencies.len() - 1)].as_secs_f64() * 1000.0
    }

    /// The median of the turns.
    fn rate(&mut self) -> f64 {
        self.rates.sort_unstable_by(f64::total_cmp);
        self.rates[self.rates.len() / 2]
    }
}
