//! `simpul bench catalog`

mod requests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpStream;

use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, load};
use crate::commands::seed::fill;
use crate::seed::Plan;

/// How many different requests are asked again and again.
const REPEATED: usize = 200;
/// The seed of the made-up records.
const SEED: u64 = 4;

/// Reading a full catalog: pages with replication counts, records with three relations, searches, all
/// statistics; first with another
/// variable in each request, then the same again and again. The load generator shares the machine
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
    /// How long to ask
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    #[command(flatten)]
    place: Where,
}

impl Catalog {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let hub = workplace.create("kl-catalog", 0).await?;
        let started = Instant::now();
        let plan = Plan {
            innovations: self.records,
            related: self.related,
            seed: SEED,
            until: Plan::UNTIL,
        };
        fill(&hub, plan).await?;
        let filled = started.elapsed();
        hub.db.close().await?;
        let address = hub.config.http.listen;
        let started = Instant::now();
        let serving = Serving::start(&hub.config.folder, address).await?;
        let records = requests::walk(address).await?;
        let waited = index_is_whole(address, started).await?;
        let (before, _) = serving.memory();
        let started = Instant::now();
        ask_once(address, &requests::all_statistics()).await?;
        let first = started.elapsed();
        let (after, _) = serving.memory();
        let mut figures = vec![
            figure("filling the hub", filled.as_secs_f64(), "s"),
            figure("building the index", waited.as_secs_f64(), "s"),
            figure("first statistics", millis(first), "ms"),
            figure("memory for statistics", after - before, "MB"),
        ];
        for (names, bodies) in NAMES.into_iter().zip([
            requests::pages(&records),
            requests::records(&records),
            requests::rare_words(&records),
            requests::common_words(&records),
            requests::statistics(),
        ]) {
            let repeated: Vec<String> = bodies.iter().take(REPEATED).cloned().collect();
            let different = self.measure(address, Arc::new(bodies)).await?;
            let repeated = self.measure(address, Arc::new(repeated)).await?;
            for (names, measured) in names.into_iter().zip([different, repeated]) {
                let [rate, p50, p99] = names;
                figures.push(figure(rate, measured.requests_per_second, "requests/s"));
                figures.push(figure(p50, millis(measured.p50), "ms"));
                figures.push(figure(p99, millis(measured.p99), "ms"));
            }
        }
        figures.push(figure("peak memory", serving.memory().1, "MB"));
        Ok(figures)
    }

    async fn measure(
        &self,
        address: SocketAddr,
        bodies: Arc<Vec<String>>,
    ) -> anyhow::Result<load::Measured> {
        // Begun at the other end, so that what is measured is not asked for the second time.
        let warm_up = Arc::new(bodies.iter().rev().take(10_000).cloned().collect());
        let warm = Duration::from_secs(1);
        load::generate(address, warm_up, self.connections, warm).await?;
        let time = Duration::from_secs(self.seconds);
        load::generate(address, bodies, self.connections, time).await
    }
}

/// The names of rate, p50 and p99: of different requests and of repeated ones.
type Names = [[&'static str; 3]; 2];

const NAMES: [Names; 5] = [
    [
        ["pages of 20 with replication counts", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
    [
        ["records with three relations", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
    [
        [
            "rare word, province and affair, with facets",
            "– p50",
            "– p99",
        ],
        ["– repeated", "– – p50", "– – p99"],
    ],
    [
        ["common word, with facets", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
    [
        ["all thirteen statistics", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
];

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Waits until a search is answered, and says how long it is since the node was started.
async fn index_is_whole(address: SocketAddr, started: Instant) -> anyhow::Result<Duration> {
    const LONGEST_WAIT: Duration = Duration::from_secs(600);
    while started.elapsed() < LONGEST_WAIT {
        if ask_once(address, &requests::any_search()).await.is_ok() {
            return Ok(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the index is not whole after {} s", LONGEST_WAIT.as_secs())
}

async fn ask_once(address: SocketAddr, body: &str) -> anyhow::Result<Value> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    let anyone = load::Viewer::Anyone;
    let start = load::ask(&mut stream, address, anyone, body, &mut buffer).await?;
    let answer: Value = serde_json::from_slice(&buffer[start..])?;
    anyhow::ensure!(answer["errors"].is_null(), "an answer has errors: {answer}");
    Ok(answer)
}
