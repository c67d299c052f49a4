//! `simpul bench hint`

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use domain::clock::Clock as _;
use domain::identity::{HubId, RecordId};
use serde_json::{Value, json};
use storage::{peers, pins};
use sync::hint::Hints;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, load, sample};
use crate::hub::{Hub, SOFTWARE};
use crate::system::SystemClock;

const REGISTER: &str = "mutation($input:AgencyInput!){registerAgency(input:$input){id}}";
const CREATE: &str =
    "mutation($input:InnovationInput!){createInnovation(input:$input){innovation{id}}}";
/// Writes before those that are measured: the hubs meet, and caches fill.
const WARM_UP: u64 = 20;
/// How long a write may take to arrive; what takes longer was not told.
const PATIENCE: Duration = Duration::from_secs(30);

/// From the answer to a write until a second hub tells that it holds and proves it, and a third that pulls only the
/// second; rounds are an hour apart, so hints alone bring it
#[derive(Debug, clap::Args)]
pub(super) struct Hint {
    /// How many innovations are written, one after the other
    #[arg(long, default_value_t = 200)]
    writes: u64,
    /// Pause between the arrival of a write and the next one, in milliseconds
    #[arg(long, default_value_t = 50)]
    pause: u64,
    #[command(flatten)]
    place: Where,
}

impl Hint {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let a = workplace.create("kl-writer", 0).await?;
        let b = workplace.create("kl-second", 1).await?;
        let c = workplace.create("kl-third", 2).await?;
        acquaint(&b, &a, &[&a]).await?;
        acquaint(&c, &b, &[&a, &b]).await?;
        let mut serving = Vec::new();
        for hub in [&a, &b, &c] {
            hub.db.close().await?;
            serving.push(Serving::start(&hub.config.folder, hub.config.http.listen).await?);
        }
        let mut hops = [listen(&b, &a).await?, listen(&c, &a).await?];
        let mut writer = Writer::new(&a).await?;
        let mut latencies = [Vec::new(), Vec::new()];
        for number in 0..WARM_UP + self.writes {
            let (answered, size) = writer.write(number).await?;
            for (arrivals, latencies) in hops.iter_mut().zip(&mut latencies) {
                let arrived = arrival(arrivals, size).await?;
                if number >= WARM_UP {
                    latencies.push(arrived.saturating_duration_since(answered));
                }
            }
            tokio::time::sleep(Duration::from_millis(self.pause)).await;
        }
        let [one, two] = latencies.map(|mut latencies| {
            latencies.sort_unstable();
            move |part| load::percentile(&latencies, part).as_secs_f64() * 1000.0
        });
        Ok(vec![
            figure("one hop, p50", one(50), "ms"),
            figure("one hop, p99", one(99), "ms"),
            figure("two hops, p50", two(50), "ms"),
            figure("two hops, p99", two(99), "ms"),
        ])
    }
}

/// Lets a hub pull another, and trust the keys of these.
async fn acquaint(hub: &Hub, supplier: &Hub, trusted: &[&Hub]) -> anyhow::Result<()> {
    let now = SystemClock.now();
    for other in trusted {
        pins::add(&hub.db, other.db.hub(), &other.key.public(), now).await?;
    }
    Ok(peers::add(&hub.db, &url(supplier), supplier.db.hub(), now).await?)
}

fn url(hub: &Hub) -> String {
    format!("http://{}", hub.config.http.listen)
}

/// When a hub told which size of a log it holds and proves.
pub(super) type Arrivals = mpsc::UnboundedReceiver<(u64, Instant)>;

/// Follows what a hub tells of the writer's log, as any peer does.
pub(super) async fn listen(hub: &Hub, writer: &Hub) -> anyhow::Result<Arrivals> {
    let (told, arrivals) = mpsc::unbounded_channel();
    let log: HubId = writer.db.hub().clone();
    let mut hints = Hints::open(&Hints::client(SOFTWARE)?, &url(hub)).await?;
    tokio::spawn(async move {
        while let Ok(hint) = hints.next().await {
            let is_lost = hint.hub == log && told.send((hint.size, Instant::now())).is_err();
            if is_lost {
                break;
            }
        }
    });
    Ok(arrivals)
}

pub(super) async fn arrival(arrivals: &mut Arrivals, size: u64) -> anyhow::Result<Instant> {
    loop {
        let told = timeout(PATIENCE, arrivals.recv()).await;
        let told = told.with_context(|| format!("entry {size} did not arrive"))?;
        let (held, at) = told.context("the hub hung up")?;
        if held >= size {
            return Ok(at);
        }
    }
}

/// Who publishes through the public API.
struct Writer {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    token: String,
    agency: Value,
    /// The size of the writer's log.
    size: u64,
}

impl Writer {
    async fn new(hub: &Hub) -> anyhow::Result<Self> {
        let address = hub.config.http.listen;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let file = hub.config.path(&hub.config.hub.token_file);
        let mut writer = Self {
            address,
            stream,
            buffer: Vec::new(),
            token: std::fs::read_to_string(file)?.trim().to_owned(),
            agency: Value::Null,
            // What the hub says of itself.
            size: 1,
        };
        let input = json!({"name": "Contoh Dinas", "kind": "DEPARTMENT"});
        writer.agency = writer.mutate(REGISTER, input).await?["registerAgency"]["id"].take();
        Ok(writer)
    }

    /// Publishes one innovation and gives the time of the answer and the log's size with it.
    async fn write(&mut self, number: u64) -> anyhow::Result<(Instant, u64)> {
        let made = sample::innovation(number, RecordId::from(Uuid::nil()));
        let input = json!({
            "title": made.title, "agency": self.agency, "unitName": made.unit_name, "summary": made.summary,
            "background": made.background, "impact": made.impact, "tags": made.tags, "affairs": made.affairs,
        });
        self.mutate(CREATE, input).await?;
        Ok((Instant::now(), self.size))
    }

    /// Appends one entry.
    async fn mutate(&mut self, document: &str, input: Value) -> anyhow::Result<Value> {
        let body = json!({"query": document, "variables": {"input": input}}).to_string();
        let viewer = load::Viewer::Operator(&self.token);
        let (stream, buffer) = (&mut self.stream, &mut self.buffer);
        let start = load::ask(stream, self.address, viewer, &body, buffer).await?;
        let mut answer: Value = serde_json::from_slice(&self.buffer[start..])?;
        if answer.get("errors").is_some() {
            bail!("writing failed: {answer}");
        }
        self.size += 1;
        Ok(answer["data"].take())
    }
}
