//! The road from one hub to another: a proxy that passes bytes on, slowly or not at all when it is told so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The most bytes that are passed on at once.
const PIECE: usize = 16 * 1024;

/// How a link passes bytes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At once.
    Open,
    /// Not at all: what is connected is hung up, and so is who connects.
    Cut,
    /// Each piece waits, and only so many bytes pass in a second.
    Slow {
        /// How long a piece waits.
        delay: Duration,
        /// The most bytes that pass in a second, one way.
        bytes_per_second: u32,
    },
}

/// What crossed a link.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Bytes, both ways.
    pub bytes: AtomicU64,
    /// HTTP requests: pieces from who pulls that begin with a method.
    pub requests: AtomicU64,
}

/// A link, until it is dropped.
#[derive(Debug)]
pub struct Link {
    /// Who pulls, and who is pulled: their numbers.
    pub ends: (usize, usize),
    /// Where who pulls finds who is pulled.
    pub url: String,
    /// What crossed it.
    pub traffic: Arc<Traffic>,
    flow: watch::Sender<Flow>,
    server: JoinHandle<()>,
}

/// Where a hub answers at present, if it runs.
pub type Address = watch::Receiver<Option<SocketAddr>>;

impl Link {
    /// Opens a link to the hub at an address.
    pub async fn open(ends: (usize, usize), address: Address) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (flow, told) = watch::channel(Flow::Open);
        let traffic = Arc::new(Traffic::default());
        let server = tokio::spawn(serve(listener, address, told, Arc::clone(&traffic)));
        Ok(Self {
            ends,
            url,
            traffic,
            flow,
            server,
        })
    }

    /// Says how bytes pass from now on.
    pub fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }

    /// How bytes pass.
    pub fn flow(&self) -> Flow {
        *self.flow.borrow()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    listener: TcpListener,
    address: Address,
    flow: watch::Receiver<Flow>,
    traffic: Arc<Traffic>,
) {
    while let Ok((from, _)) = listener.accept().await {
        let to = *address.borrow();
        let is_cut = *flow.borrow() == Flow::Cut;
        if let (Some(to), false) = (to, is_cut) {
            tokio::spawn(join(from, to, flow.clone(), Arc::clone(&traffic)));
        }
    }
}

/// Passes bytes both ways until one side hangs up or the link is cut.
async fn join(
    from: TcpStream,
    to: SocketAddr,
    mut flow: watch::Receiver<Flow>,
    traffic: Arc<Traffic>,
) {
    let Ok(to) = TcpStream::connect(to).await else {
        return;
    };
    let is_set = from.set_nodelay(true).and(to.set_nodelay(true));
    if is_set.is_err() {
        return;
    }
    let (mut asked, mut to_puller) = from.into_split();
    let (mut answered, mut to_supplier) = to.into_split();
    let up = pass(&mut asked, &mut to_supplier, flow.clone(), &traffic, true);
    let down = pass(&mut answered, &mut to_puller, flow.clone(), &traffic, false);
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = flow.wait_for(|flow| *flow == Flow::Cut) => {}
    }
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    flow: watch::Receiver<Flow>,
    traffic: &Traffic,
    is_asking: bool,
) {
    let mut buffer = vec![0; PIECE];
    loop {
        let pause = *flow.borrow();
        let most = match pause {
            Flow::Slow {
                bytes_per_second, ..
            } => PIECE.min((bytes_per_second / 10).max(1) as usize),
            Flow::Open | Flow::Cut => PIECE,
        };
        let Ok(count @ 1..) = from.read(&mut buffer[..most]).await else {
            return;
        };
        let piece = &buffer[..count];
        traffic.bytes.fetch_add(count as u64, Ordering::Relaxed);
        if is_asking && (piece.starts_with(b"POST ") || piece.starts_with(b"GET ")) {
            traffic.requests.fetch_add(1, Ordering::Relaxed);
        }
        if let Flow::Slow {
            delay,
            bytes_per_second,
        } = pause
        {
            let bytes = u32::try_from(count).unwrap_or(u32::MAX);
            tokio::time::sleep(delay + Duration::from_secs(1) * bytes / bytes_per_second).await;
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}
