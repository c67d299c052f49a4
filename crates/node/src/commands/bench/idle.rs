//! `simpul bench idle`

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use domain::clock::Clock as _;
use storage::{peers, pins};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::nodes::{Serving, Where, Workplace, program};
use super::{Figure, figure, sample};
use crate::system::SystemClock;

/// Bytes of a round in which nothing changed
#[derive(Debug, clap::Args)]
pub(super) struct Idle {
    #[command(flatten)]
    place: Where,
}

impl Idle {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let supplier = workplace.create("kl-supplier", 0).await?;
        sample::fill(&supplier, 100).await?;
        let wire = Arc::new(Wire::default());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = listener.local_addr()?;
        tokio::spawn(forward(
            listener,
            supplier.config.http.listen,
            Arc::clone(&wire),
        ));
        let puller = workplace.create("kl-puller", 1).await?;
        let now = SystemClock.now();
        pins::add(
            &puller.db,
            supplier.db.hub(),
            &supplier.key.public(),
            now,
            None,
        )
        .await?;
        peers::add(
            &puller.db,
            &format!("http://{proxy}"),
            supplier.db.hub(),
            now,
            None,
        )
        .await?;
        supplier.db.close().await?;
        puller.db.close().await?;
        let _serving = Serving::start(&supplier.config.folder, supplier.config.http.listen).await?;
        pull(&puller.config.folder).await?;
        let before = wire.totals();
        pull(&puller.config.folder).await?;
        let after = wire.totals();
        Ok(vec![
            figure("requests", after.2 - before.2, ""),
            figure("sent by the puller", after.0 - before.0, "bytes"),
            figure("sent by the supplier", after.1 - before.1, "bytes"),
        ])
    }
}

async fn pull(folder: &std::path::Path) -> anyhow::Result<()> {
    let status = program(folder)?
        .args(["sync", "--once"])
        .stdout(Stdio::null())
        .status()
        .await?;
    if !status.success() {
        bail!("pulling failed with {status}");
    }
    Ok(())
}

/// What crossed the wire.
#[derive(Default)]
pub(super) struct Wire {
    asked: AtomicU64,
    answered: AtomicU64,
    requests: AtomicU64,
}

impl Wire {
    #[expect(clippy::cast_precision_loss, reason = "byte counts are far below 2^52")]
    pub(super) fn totals(&self) -> (f64, f64, f64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        (
            read(&self.asked),
            read(&self.answered),
            read(&self.requests),
        )
    }
}

/// Forwards connections and counts their bytes; a piece that begins with a method is a request.
pub(super) async fn forward(listener: TcpListener, to: SocketAddr, wire: Arc<Wire>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(to).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let (up, down) = (Arc::clone(&wire), Arc::clone(&wire));
        tokio::spawn(copy(from_client, to_server, move |piece| {
            up.asked.fetch_add(piece.len() as u64, Ordering::Relaxed);
            up.requests
                .fetch_add(u64::from(piece.starts_with(b"POST")), Ordering::Relaxed);
        }));
        tokio::spawn(copy(from_server, to_client, move |piece| {
            down.answered
                .fetch_add(piece.len() as u64, Ordering::Relaxed);
        }));
    }
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    count: impl Fn(&[u8]),
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer).await? {
            0 => return to.shutdown().await,
            read => {
                count(&buffer[..read]);
                to.write_all(&buffer[..read]).await?;
            }
        }
    }
}
