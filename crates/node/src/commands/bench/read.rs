//! `simpul bench read`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, load, sample};

const QUERY: &str = "query($after:String){innovations(first:20,after:$after){edges{cursor node{id title summary stage adoption year publishedAt agency{id name} hub{id name}}} pageInfo{hasNextPage endCursor}}}";
/// Different places in the list from which pages are asked.
const PLACES: usize = 1000;
/// Pages between two such places.
const STRIDE: usize = 5;

/// Pages of 20 innovations with agency and hub, each from another place, while the load generator shares the machine
#[derive(Debug, clap::Args)]
pub(super) struct Read {
    /// How many innovations the hub holds
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long to ask
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    #[command(flatten)]
    place: Where,
}

impl Read {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let hub = workplace.create("kl-reader", 0).await?;
        sample::fill(&hub, self.records).await?;
        hub.db.close().await?;
        let address = hub.config.http.listen;
        let serving = Serving::start(&hub.config.folder, address).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (idle, _) = serving.memory();
        let bodies = Arc::new(bodies(address).await?);
        let warm = Duration::from_secs(2);
        load::generate(address, Arc::clone(&bodies), self.connections, warm).await?;
        let measured = load::generate(
            address,
            bodies,
            self.connections,
            Duration::from_secs(self.seconds),
        )
        .await?;
        let (_, peak) = serving.memory();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        Ok(vec![
            figure("ready after the start", millis(serving.ready_after), "ms"),
            figure("idle memory", idle, "MB"),
            figure("pages", measured.requests_per_second, "requests/s"),
            figure("p50", millis(measured.p50), "ms"),
            figure("p99", millis(measured.p99), "ms"),
            figure("peak memory", peak, "MB"),
        ])
    }
}

/// Walks through the list and makes a request for each of many places in it.
async fn bodies(address: SocketAddr) -> anyhow::Result<Vec<String>> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    let mut after = Value::Null;
    let mut bodies = Vec::new();
    for page in 0..PLACES * STRIDE {
        let body = json!({"query": QUERY, "variables": {"after": after}}).to_string();
        let start = load::ask(&mut stream, address, &body, &mut buffer).await?;
        if page % STRIDE == 0 {
            bodies.push(body);
        }
        let answer: Value = serde_json::from_slice(&buffer[start..])?;
        let info = &answer["data"]["innovations"]["pageInfo"];
        if info["hasNextPage"] != true {
            break;
        }
        after = info["endCursor"].clone();
    }
    Ok(bodies)
}
