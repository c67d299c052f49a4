//! `simpul bench hint`

use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::clock::Clock as _;
use domain::identity::HubId;
use outgoing::Reach;
use storage::{peers, pins};
use sync::hint::Hints;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::nodes::{Serving, Where, Workplace};
use super::writer::Writer;
use super::{Figure, figure, load};
use crate::hub::{Hub, SOFTWARE};
use crate::system::SystemClock;

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
            let answered = writer.write(number, "").await?;
            // What the hub says of itself comes first.
            let size = 1 + writer.written;
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
        pins::add(&hub.db, other.db.hub(), &other.key.public(), now, None).await?;
    }
    Ok(peers::add(&hub.db, &url(supplier), supplier.db.hub(), now, None).await?)
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
    let mut hints = Hints::open(&Hints::client(SOFTWARE, Reach::here())?, &url(hub)).await?;
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
