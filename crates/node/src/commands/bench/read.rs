//! `simpul bench read`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, load, sample};

const QUERY: &str = "query($after:String){innovations(first:20,after:$after){edges{cursor node{id title summary stage adoption year publishedAt agency{id name} hub{id name}}} pageInfo{hasNextPage endCursor}}}";
/// The most pages that are asked for: those of 100,000 records.
const MOST_PAGES: usize = 5000;
/// The pages that are asked for more often are every fifth of them.
const STRIDE: usize = 5;

/// Pages of 20 innovations with agency and hub, while the load generator shares the machine: a fifth of all pages, then
/// all of them in turn
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
        let all = bodies(address).await?;
        let some = all.iter().step_by(STRIDE).cloned().collect();
        let some = self.measure(address, Arc::new(some)).await?;
        let all = self.measure(address, Arc::new(all)).await?;
        let (_, peak) = serving.memory();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        Ok(vec![
            figure("ready after the start", millis(serving.ready_after), "ms"),
            figure("idle memory", idle, "MB"),
            figure("pages", some.requests_per_second, "requests/s"),
            figure("p50", millis(some.p50), "ms"),
            figure("p99", millis(some.p99), "ms"),
            figure("all pages in turn", all.requests_per_second, "requests/s"),
            figure("p50 of all pages", millis(all.p50), "ms"),
            figure("p99 of all pages", millis(all.p99), "ms"),
            figure("peak memory", peak, "MB"),
        ])
    }

    async fn measure(
        &self,
        address: SocketAddr,
        bodies: Arc<Vec<String>>,
    ) -> anyhow::Result<load::Measured> {
        let warm = Duration::from_secs(2);
        load::generate(address, Arc::clone(&bodies), self.connections, warm).await?;
        let time = Duration::from_secs(self.seconds);
        load::generate(address, bodies, self.connections, time).await
    }
}

/// Walks through the list and makes a request for each page of it.
async fn bodies(address: SocketAddr) -> anyhow::Result<Vec<String>> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    let mut after = Value::Null;
    let mut bodies = Vec::new();
    for _ in 0..MOST_PAGES {
        let body = json!({"query": QUERY, "variables": {"after": after}}).to_string();
        let start = load::ask(
            &mut stream,
            address,
            load::Viewer::Anyone,
            &body,
            &mut buffer,
        )
        .await?;
        bodies.push(body);
        let answer: Value = serde_json::from_slice(&buffer[start..])?;
        let info = &answer["data"]["innovations"]["pageInfo"];
        if info["hasNextPage"] != true {
            break;
        }
        after = info["endCursor"].clone();
    }
    Ok(bodies)
}
