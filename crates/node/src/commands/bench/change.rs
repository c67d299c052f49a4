//! `simpul bench change`

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::Clock as _;
use domain::entry::{EntryDraft, Kind};
use domain::identity::RecordId;
use storage::logs::heads;
use storage::{peers, pins};
use tokio::net::TcpListener;

use super::idle::{Wire, forward};
use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, hint, load, sample};
use crate::hub::Hub;
use crate::serving::{self, Pulling};
use crate::system::{SystemClock, SystemEntropy};

/// Changes before those that are measured: the hubs meet, and caches fill.
const WARM_UP: u64 = 3;
const CHANGED: u64 = 100;

/// From the commit of 100 changed records among many until a second hub tells that it holds and proves them, and what
/// crosses the wire for it
#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// How many innovations there are
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// How often 100 of them are changed
    #[arg(long, default_value_t = 30)]
    times: u64,
    #[command(flatten)]
    place: Where,
}

impl Change {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let writer = workplace.create("kl-writer", 0).await?;
        let records: Vec<_> = (0..CHANGED)
            .map(|_| RecordId::generate(SystemClock.now(), &SystemEntropy))
            .collect();
        change(&writer, &records, 1).await?;
        sample::fill(&writer, self.entries.saturating_sub(CHANGED)).await?;
        let second = workplace.create("kl-second", 1).await?;
        let (listener, wire) = (
            TcpListener::bind("127.0.0.1:0").await?,
            Arc::new(Wire::default()),
        );
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(forward(
            listener,
            writer.config.http.listen,
            Arc::clone(&wire),
        ));
        let (now, hub) = (SystemClock.now(), writer.db.hub());
        pins::add(&second.db, hub, &writer.key.public(), now, None).await?;
        peers::add(&second.db, &url, hub, now, None).await?;
        second.db.close().await?;
        let running = serving::start(&writer, Pulling::ByItself).await?;
        let _serving = Serving::start(&second.config.folder, second.config.http.listen).await?;
        let mut arrivals = hint::listen(&second, &writer).await?;
        hint::arrival(&mut arrivals, size(&writer).await?).await?;

        let (mut latencies, mut before) = (Vec::new(), wire.totals());
        for number in 0..WARM_UP + self.times {
            if number == WARM_UP {
                before = wire.totals();
            }
            change(&writer, &records, number + 2).await?;
            let committed = Instant::now();
            let arrived = hint::arrival(&mut arrivals, size(&writer).await?).await?;
            if number >= WARM_UP {
                latencies.push(arrived.saturating_duration_since(committed));
            }
            // What ends the round is counted with it.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let after = wire.totals();
        running.stop().await?;
        latencies.sort_unstable();
        let millis = |part| load::percentile(&latencies, part).as_secs_f64() * 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "a bench runs some dozen times")]
        let each = |total: f64| total / self.times as f64;
        Ok(vec![
            figure("100 changes proved, p50", millis(50), "ms"),
            figure("100 changes proved, p99", millis(99), "ms"),
            figure("requests", each(after.2 - before.2), ""),
            figure("sent by the puller", each(after.0 - before.0), "bytes"),
            figure("sent by the supplier", each(after.1 - before.1), "bytes"),
        ])
    }
}

/// Says the next revision of all these records in one commit.
async fn change(hub: &Hub, records: &[RecordId], revision: u64) -> anyhow::Result<()> {
    let agency = records[0];
    let draft = |(number, record): (u64, &RecordId)| -> anyhow::Result<EntryDraft> {
        let made = sample::innovation(number + revision * CHANGED, agency);
        let drafted = sample::draft(*record, Kind::INNOVATION, serde_json::to_string(&made)?)?;
        Ok(EntryDraft {
            revision,
            ..drafted
        })
    };
    let drafts = (0..)
        .zip(records)
        .map(draft)
        .collect::<anyhow::Result<_>>()?;
    hub.issue(drafts).await?;
    Ok(())
}

async fn size(hub: &Hub) -> anyhow::Result<u64> {
    Ok(heads::edge(&hub.db, &hub.own_log().await?).await?.size())
}
