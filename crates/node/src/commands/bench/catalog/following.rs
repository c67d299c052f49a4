//! What a catalog does while it is read: others write, and it pulls. How soon searches find what was written.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Interval, interval};

use super::super::nodes::{Serving, program};
use super::super::writer::Writer;
use super::{Figure, ask_once, figure, index_is_whole, load, millis, requests};
use crate::hub::Hub;

/// Under load, one write in so many is looked for.
const LOOK_EVERY: u64 = 50;
/// How long a write may take to be found.
const PATIENCE: Duration = Duration::from_secs(60);

/// How soon so many writes are found by searching when nothing else is done.
pub(super) async fn quiet(hub: &Hub, writes: u64) -> anyhow::Result<[Figure; 2]> {
    let mut writer = Writer::new(hub).await?;
    let mut lags = Vec::new();
    for number in 0..writes {
        let word = word("sunyi", number);
        let answered = writer.write(number, &word).await?;
        lags.push(find(hub.config.http.listen, word, answered).await?);
    }
    Ok(lag_figures("found by searching after a write", lags))
}

/// A word that no record has: a hub that was measured before has those of other processes.
fn word(family: &str, number: u64) -> String {
    let letters = format!("{}{number:05}", std::process::id());
    let letters = letters.bytes().map(|digit| char::from(b'a' + digit - b'0'));
    format!("{family}{}", letters.collect::<String>())
}

/// How long after a moment a word is found.
async fn find(address: SocketAddr, word: String, since: Instant) -> anyhow::Result<Duration> {
    while since.elapsed() < PATIENCE {
        let answer = ask_once(address, &requests::title(&word)).await?;
        let title = &answer["data"]["searchInnovations"]["edges"][0]["node"]["title"];
        if title.as_str().is_some_and(|title| title.ends_with(&word)) {
            return Ok(since.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anyhow::bail!("{word} is not found after {} s", PATIENCE.as_secs())
}

fn lag_figures(name: &'static str, mut lags: Vec<Duration>) -> [Figure; 2] {
    lags.sort_unstable();
    let [p50, p99] = [50, 99].map(|part| millis(load::percentile(&lags, part)));
    [figure(name, p50, "ms (p50)"), figure("– p99", p99, "ms")]
}

/// How many write at the same time.
const WRITERS: usize = 8;

/// Several who write at a steady pace together, each waiting for its answers.
pub(super) struct Writing {
    is_over: Arc<AtomicBool>,
    pace: Arc<Mutex<Pace>>,
    started: Instant,
    writers: Vec<JoinHandle<anyhow::Result<Vec<Duration>>>>,
}

/// When the next write is due, and its number.
struct Pace {
    clock: Interval,
    number: u64,
}

impl Writing {
    pub(super) async fn start(hub: &Hub, per_second: u64) -> anyhow::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let clock = interval(Duration::from_secs(1) / u32::try_from(per_second)?);
        let pace = Arc::new(Mutex::new(Pace { clock, number: 0 }));
        let mut writers = Vec::with_capacity(WRITERS);
        for _ in 0..WRITERS {
            let writer = Writer::new(hub).await?;
            let address = hub.config.http.listen;
            let write = write(writer, address, Arc::clone(&pace), Arc::clone(&is_over));
            writers.push(tokio::spawn(write));
        }
        Ok(Self {
            is_over,
            pace,
            started: Instant::now(),
            writers,
        })
    }

    pub(super) async fn finish(self) -> anyhow::Result<Vec<Figure>> {
        self.is_over.store(true, Ordering::Relaxed);
        let seconds = self.started.elapsed().as_secs_f64();
        let mut lags = Vec::new();
        for writer in self.writers {
            lags.extend(writer.await??);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "write counts are far below 2^52"
        )]
        let rate = self.pace.lock().await.number as f64 / seconds;
        let mut figures = vec![figure("writes meanwhile", rate, "innovations/s")];
        figures.extend(lag_figures("found by searching, under writes", lags));
        Ok(figures)
    }
}

async fn write(
    mut writer: Writer,
    address: SocketAddr,
    pace: Arc<Mutex<Pace>>,
    is_over: Arc<AtomicBool>,
) -> anyhow::Result<Vec<Duration>> {
    let mut searches = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let number = {
            let mut pace = pace.lock().await;
            pace.clock.tick().await;
            pace.number += 1;
            pace.number - 1
        };
        let word = word("ramai", number);
        let answered = writer.write(number, &word).await?;
        if number % LOOK_EVERY == 0 {
            searches.push(tokio::spawn(find(address, word, answered)));
        }
    }
    let mut lags = Vec::new();
    for search in searches {
        lags.push(search.await??);
    }
    Ok(lags)
}

/// A pull of another hub.
pub(super) struct Pulling {
    _supplier: Serving,
    reader: SocketAddr,
    other: String,
    started: Instant,
}

impl Pulling {
    pub(super) async fn start(hub: &Hub, other: &Hub) -> anyhow::Result<Self> {
        let address = other.config.http.listen;
        let supplier = Serving::start(&other.config.folder, address).await?;
        // Another hub makes its index on another machine.
        index_is_whole(address, Instant::now()).await?;
        let mut command = program(&hub.config.folder)?;
        let fingerprint = other.key.public().fingerprint();
        let output = command
            .args(["peer", "add", &format!("http://{address}")])
            .args(["--fingerprint", &fingerprint])
            .output()
            .await?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "no peer was added: {told}");
        let pulling = Self {
            _supplier: supplier,
            reader: hub.config.http.listen,
            other: other.db.hub().to_string(),
            started: Instant::now(),
        };
        while pulling.held().await? == 0.0 {
            let waited = pulling.started.elapsed();
            ensure!(waited < PATIENCE, "nothing is pulled");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(pulling)
    }

    /// How many entries of the other hub are held.
    async fn held(&self) -> anyhow::Result<f64> {
        let answer = ask_once(self.reader, &requests::logs()).await?;
        let logs = answer["data"]["replicationStatus"]["logs"].as_array();
        let mut logs = logs.into_iter().flatten();
        let log = logs.find(|log| log["hub"] == self.other.as_str());
        let size = log.and_then(|log| log["size"].as_f64());
        Ok(size.unwrap_or_default())
    }

    pub(super) async fn finish(self) -> anyhow::Result<Vec<Figure>> {
        let seconds = self.started.elapsed().as_secs_f64();
        Ok(vec![
            figure("entries pulled meanwhile", self.held().await?, ""),
            figure("– within", seconds, "s"),
        ])
    }
}
