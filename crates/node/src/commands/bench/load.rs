//! A load generator: requests over kept connections, each waiting for its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a load came to.
pub(super) struct Measured {
    pub(super) requests_per_second: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

/// Sends the bodies in turn over so many connections for a time, at least one over each. An answer with errors ends it.
pub(super) async fn generate(
    address: SocketAddr,
    bodies: Arc<Vec<String>>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let runs: Vec<_> = (0..connections)
        .map(|_| {
            tokio::spawn(run(
                address,
                Arc::clone(&bodies),
                Arc::clone(&next),
                started + time,
            ))
        })
        .collect();
    let mut latencies = Vec::new();
    for run in runs {
        latencies.extend(run.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        reason = "request counts are far below 2^52"
    )]
    let count = latencies.len() as f64;
    Ok(Measured {
        requests_per_second: count / seconds,
        p50: percentile(&latencies, 50),
        p99: percentile(&latencies, 99),
    })
}

/// The time within which so many hundredths of the sorted latencies lie.
pub(super) fn percentile(sorted: &[Duration], part: usize) -> Duration {
    let place = sorted.len() * part / 100;
    sorted.get(place).copied().unwrap_or_default()
}

async fn run(
    address: SocketAddr,
    bodies: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let body = &bodies[next.fetch_add(1, Ordering::Relaxed) % bodies.len()];
        let sent = Instant::now();
        let start = ask(&mut stream, address, Viewer::Anyone, body, &mut buffer).await?;
        latencies.push(sent.elapsed());
        if !(buffer[start..].starts_with(br#"{"data":{"#) && buffer.ends_with(b"}}")) {
            let answer = String::from_utf8_lossy(&buffer[start..]);
            bail!("{body} was answered by {answer}");
        }
        if Instant::now() >= until {
            return Ok(latencies);
        }
    }
}

/// As whom to ask.
#[derive(Clone, Copy)]
pub(super) enum Viewer<'a> {
    /// As anyone.
    Anyone,
    /// As the operator, with the token.
    Operator(&'a str),
}

/// Sends one request and gives where the answer's body begins in the buffer.
pub(super) async fn ask(
    stream: &mut TcpStream,
    address: SocketAddr,
    viewer: Viewer<'_>,
    body: &str,
    buffer: &mut Vec<u8>,
) -> anyhow::Result<usize> {
    let authorization = match viewer {
        Viewer::Anyone => String::new(),
        Viewer::Operator(token) => format!("authorization: Bearer {token}\r\n"),
    };
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\n{authorization}content-type: application/json\r\naccept: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the connection was closed");
        }
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let length = content_length(&buffer[..head])?;
        while buffer.len() < head + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                bail!("the connection was closed");
            }
        }
        return Ok(head + 4);
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        bail!("the answer is not 200: {head}");
    }
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    Ok(line.context("the answer has no length")?.trim().parse()?)
}
