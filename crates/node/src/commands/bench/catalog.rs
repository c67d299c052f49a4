//! `simpul bench catalog`

mod following;
mod requests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::net::TcpStream;

use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, load};
use crate::commands::seed::fill;
use crate::config::{Config, FILE, Flags};
use crate::hub::Hub;
use crate::output;
use crate::seed::Plan;

/// How many different requests are asked again and again.
const REPEATED: usize = 200;
/// How many writes are looked for by searching, when nothing else is done.
const LOOKED_FOR: u64 = 50;
/// The seed of the made-up records, and of those of the other hub.
const SEEDS: [u64; 2] = [4, 5];

/// Reading a full catalog: pages with replication counts, records with three relations, searches, all statistics; first with
/// another variable in each request, then the same again and again; then while others write, and while the hub pulls another. The
/// load generator shares the machine
#[derive(Debug, clap::Args)]
pub(super) struct Catalog {
    /// How many innovations the hub holds
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// How many records belong to each, on average
    #[arg(long, default_value_t = 4)]
    related: u64,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long to ask each kind of request, in seconds; 0 to ask once over each connection
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Measure again while so many innovations are written each second; 0 for not
    #[arg(long, default_value_t = 100)]
    writes: u64,
    /// Measure again while the hub pulls another that has as much
    #[arg(long)]
    pull: bool,
    /// Measure the hub in this folder, which `simpul seed` has filled, instead of one that is made for it; what is written
    /// while it is measured stays there
    #[arg(long, value_name = "FOLDER", conflicts_with = "pull")]
    filled: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

impl Catalog {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let (hub, mut figures) = self.hub(&workplace).await?;
        let other = if self.pull {
            Some(self.make(&workplace, "kl-other", 1).await?)
        } else {
            None
        };
        let address = hub.config.http.listen;
        let started = Instant::now();
        let serving = Serving::start(&hub.config.folder, address).await?;
        let waited = index_is_whole(address, started).await?;
        figures.push(figure("building the index", waited.as_secs_f64(), "s"));
        figures.push(figure("memory with the index", serving.memory().0, "MB"));
        let started = Instant::now();
        ask_once(address, &requests::all_statistics()).await?;
        figures.push(figure("first statistics", millis(started.elapsed()), "ms"));
        figures.push(figure("memory with statistics", serving.memory().0, "MB"));

        output::remark("listing the records");
        let rows = rows(&requests::walk(address).await?);
        figures.extend(self.measure_all(address, &rows, Load::Alone).await?);
        let looked_for = if self.seconds > 0 { LOOKED_FOR } else { 1 };
        figures.extend(following::quiet(&hub, looked_for).await?);
        if self.writes > 0 {
            let writing = following::Writing::start(&hub, self.writes).await?;
            figures.extend(self.measure_all(address, &rows, Load::Writes).await?);
            figures.extend(writing.finish().await?);
        }
        if let Some(other) = &other {
            let pulling = following::Pulling::start(&hub, other).await?;
            figures.extend(self.measure_all(address, &rows, Load::Pull).await?);
            figures.extend(pulling.finish().await?);
        }
        figures.push(figure("peak memory", serving.memory().1, "MB"));
        Ok(figures)
    }

    /// The hub that is measured, and how long it took to fill it.
    async fn hub(&self, workplace: &Workplace) -> anyhow::Result<(Hub, Vec<Figure>)> {
        if let Some(folder) = &self.filled {
            let config = Config::read(&folder.join(FILE), &Flags::default())?;
            let hub = Hub::open(config).await?;
            hub.db.close().await?;
            return Ok((hub, Vec::new()));
        }
        let started = Instant::now();
        let hub = self.make(workplace, "kl-catalog", 0).await?;
        let took = started.elapsed().as_secs_f64();
        Ok((hub, vec![figure("filling the hub", took, "s")]))
    }

    /// A hub full of samples.
    async fn make(&self, workplace: &Workplace, id: &str, place: usize) -> anyhow::Result<Hub> {
        output::remark(format!("filling {id}"));
        let hub = workplace.create(id, place).await?;
        let plan = Plan {
            innovations: self.records,
            related: self.related,
            seed: SEEDS[place],
            until: Plan::UNTIL,
        };
        fill(&hub, plan).await?;
        hub.db.close().await?;
        Ok(hub)
    }

    async fn measure_all(
        &self,
        address: SocketAddr,
        rows: &[Row],
        load: Load,
    ) -> anyhow::Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for row in rows {
            anyhow::ensure!(
                !row.bodies.is_empty(),
                "{}: so few records give no requests; take more --records",
                row.name
            );
            let measured = self.measure(address, Arc::clone(&row.bodies)).await?;
            figures.extend(told(format!("{}{}", row.name, load.words()), &measured));
            if matches!(load, Load::Alone) {
                let repeated = row.bodies.iter().take(REPEATED).cloned().collect();
                let measured = self.measure(address, Arc::new(repeated)).await?;
                figures.extend(told(format!("{}, repeated", row.name), &measured));
            }
        }
        Ok(figures)
    }

    async fn measure(
        &self,
        address: SocketAddr,
        bodies: Arc<Vec<String>>,
    ) -> anyhow::Result<load::Measured> {
        // Begun at the other end, so that what is measured is not asked for the second time.
        let warm_up = Arc::new(bodies.iter().rev().take(10_000).cloned().collect());
        let warm = Duration::from_secs(self.seconds.min(1));
        load::generate(address, warm_up, self.connections, warm).await?;
        let time = Duration::from_secs(self.seconds);
        load::generate(address, bodies, self.connections, time).await
    }
}

/// What else the hub does while it is read.
#[derive(Clone, Copy)]
enum Load {
    Alone,
    Writes,
    Pull,
}

impl Load {
    const fn words(self) -> &'static str {
        match self {
            Self::Alone => "",
            Self::Writes => ", under writes",
            Self::Pull => ", under a pull",
        }
    }
}

/// Requests of one kind, each different.
struct Row {
    name: &'static str,
    bodies: Arc<Vec<String>>,
}

fn rows(records: &[requests::Record]) -> [Row; 5] {
    let row = |name, bodies| Row {
        name,
        bodies: Arc::new(bodies),
    };
    [
        row(
            "pages of 20 with replication counts",
            requests::pages(records),
        ),
        row("records with three relations", requests::records(records)),
        row(
            "rare word, province, affair, facets",
            requests::rare_words(records),
        ),
        row("common word, facets", requests::common_words(records)),
        row("all thirteen statistics", requests::statistics()),
    ]
}

fn told(name: String, measured: &load::Measured) -> [Figure; 3] {
    let rate = measured.requests_per_second;
    output::remark(format!("{name}: {rate:.0} requests/s"));
    [
        figure(name, rate, "requests/s"),
        figure("– p50", millis(measured.p50), "ms"),
        figure("– p99", millis(measured.p99), "ms"),
    ]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Waits until a search is answered, and says how long it is since the node was started.
async fn index_is_whole(address: SocketAddr, started: Instant) -> anyhow::Result<Duration> {
    const LONGEST_WAIT: Duration = Duration::from_mins(30);
    output::remark("waiting for the index");
    while started.elapsed() < LONGEST_WAIT {
        let answer = ask(address, &requests::any_search()).await?;
        if answer["errors"][0]["extensions"]["code"] != "SEARCH_NOT_READY" {
            whole(answer)?;
            return Ok(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the index is not whole after {} s", LONGEST_WAIT.as_secs())
}

/// One answer that has no errors.
async fn ask_once(address: SocketAddr, body: &str) -> anyhow::Result<Value> {
    whole(ask(address, body).await?)
}

fn whole(answer: Value) -> anyhow::Result<Value> {
    anyhow::ensure!(answer["errors"].is_null(), "an answer has errors: {answer}");
    Ok(answer)
}

async fn ask(address: SocketAddr, body: &str) -> anyhow::Result<Value> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    let anyone = load::Viewer::Anyone;
    let start = load::ask(&mut stream, address, anyone, body, &mut buffer).await?;
    serde_json::from_slice(&buffer[start..]).context("the answer is no JSON")
}
