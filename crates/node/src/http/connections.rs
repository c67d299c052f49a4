//! Taking connections, and letting go of those that cost without asking.
//!
//! - [`serve`] accepts until it is told to stop, then waits for what runs.
//! - `activity` knows what a connection does, and decides when it has done nothing for too long.
//! - `watched` is the stream under HTTP: it notices bytes that come, and clients that take nothing.
//! - `bodies` bounds the time of a request's body, and counts an answer as running until its end.
//! - [`crowd`] counts who is there, in all and by address; [`certificates`] are those of TLS.
//!
//! No accept error ends the loop. A connection that is cut costs its client the connection and nobody else anything.
//!
//! Not here: what is answered (the router), and how much may be asked (`load`).

mod activity;
mod bodies;
pub mod certificates;
pub mod crowd;
#[cfg(test)]
mod tests;
mod watched;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::address::{AddressBlock, Proxies};
use super::load::{Load, Tally};
use crate::config::{HttpConfig, LimitsConfig, seconds};
use activity::{Activity, Due, Running, Times};
use bodies::{Counted, Timed};
use certificates::Certificates;
use crowd::{Crowd, Place};
use watched::{Patience, Watched};

pub use bodies::TooSlow;

/// Connections beyond the bound that trusted proxies may have, so that a check of health gets through.
const KEPT_FOR_PROXIES: usize = 32;
/// The pause after the system could not give a connection, most often because the process has too many files open.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);
/// How long a connection may go on that was told to end.
const GRACE: Duration = Duration::from_secs(5);
/// How often the other end of HTTP/2 is asked for a sign of life, and how long it may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of HTTP/2 that a client reset and that are not yet dealt with; more end the connection (CVE-2023-44487).
const MOST_RESETS: usize = 20;

/// What holds for all connections.
#[derive(Debug)]
pub struct Rules {
    builder: auto::Builder<TokioExecutor>,
    times: Times,
    patience: Patience,
    handshake: Duration,
    body: Duration,
    form: Duration,
    closing: Duration,
    proxies: Proxies,
    crowd: Arc<Crowd>,
    certificates: Option<Arc<Certificates>>,
    load: Arc<Load>,
}

impl Rules {
    /// Those of the settings.
    pub fn new(
        config: &HttpConfig,
        load: Arc<Load>,
        certificates: Option<Arc<Certificates>>,
    ) -> Self {
        let limits = &config.limits;
        let count = |n: std::num::NonZeroU32| n.get() as usize;
        Self {
            builder: builder(limits),
            times: Times {
                first_request: seconds(limits.first_request_seconds),
                header: seconds(limits.header_seconds),
                idle: seconds(limits.idle_seconds),
            },
            patience: Patience {
                stalled: seconds(limits.stalled_seconds),
                slowest: limits.slowest_bytes_per_second,
            },
            handshake: seconds(limits.handshake_seconds),
            body: seconds(limits.body_seconds),
            form: seconds(limits.body_seconds),
            closing: seconds(config.shutdown_seconds),
            proxies: Proxies::new(config.trusted_proxies.clone()),
            crowd: Arc::new(Crowd::new(
                count(limits.connections),
                count(limits.connections_per_address),
                KEPT_FOR_PROXIES,
            )),
            certificates,
            load,
        }
    }

    /// The same, where forms with files may take longer than other bodies.
    #[must_use]
    pub fn with_forms_within(mut self, time: Duration) -> Self {
        self.form = self.form.max(time);
        self
    }

    /// How long a request's body may take.
    fn body_time(&self, headers: &HeaderMap) -> Duration {
        let kind = headers.get(header::CONTENT_TYPE);
        let is_form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
        if is_form { self.form } else { self.body }
    }
}

fn builder(limits: &LimitsConfig) -> auto::Builder<TokioExecutor> {
    let header_bytes = limits.header_bytes.get();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // It runs between requests, too; a header that has begun is waited for in `activity`.
        .header_read_timeout(seconds(limits.idle_seconds))
        .max_buf_size(header_bytes as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(limits.streams_per_connection.get())
        .max_header_list_size(header_bytes)
        .max_pending_accept_reset_streams(MOST_RESETS)
        .enable_connect_protocol();
    builder
}

/// Answers on a socket until `closing` is cancelled, and then until every connection has ended or its time to end is over.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    rules: Rules,
    closing: CancellationToken,
) -> io::Result<()> {
    let rules = Arc::new(rules);
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = enter(&rules, peer) else {
                    Tally::note(&rules.load.tally().connections);
                    continue;
                };
                let connection = Connection {
                    rules: Arc::clone(&rules),
                    router: router.clone(),
                    peer,
                    closing: closing.clone(),
                };
                tasks.spawn(async move {
                    connection.run(stream).await;
                    drop(place);
                });
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no connection can be taken for a moment; if too many files are open, raise the limit (LimitNOFILE) or lower http.limits"
                );
                tokio::select! {
                    () = closing.cancelled() => break,
                    () = sleep(ACCEPT_AGAIN) => {}
                }
            }
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
    Ok(())
}

fn enter(rules: &Rules, peer: SocketAddr) -> Option<Place> {
    if rules.proxies.trusts(peer.ip()) {
        return rules.crowd.enter_trusted();
    }
    rules.crowd.enter(AddressBlock::of(peer.ip()))
}

/// Whether the error is of a connection that ended before it was taken.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// One connection.
struct Connection {
    rules: Arc<Rules>,
    router: Router,
    peer: SocketAddr,
    closing: CancellationToken,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        // Answers are whole when they are written, so the system need not wait for more.
        drop(stream.set_nodelay(true));
        let Some(certificates) = &self.rules.certificates else {
            return self.converse(stream).await;
        };
        let shaken = timeout(self.rules.handshake, certificates.acceptor().accept(stream));
        let shaken = tokio::select! {
            () = self.closing.cancelled() => return,
            shaken = shaken => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => self.converse(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a handshake of TLS failed"),
            Err(_) => tracing::debug!("a handshake of TLS took too long"),
        }
    }

    async fn converse<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let rules = &*self.rules;
        let activity = Arc::new(Activity::new());
        let stream = Watched::new(stream, Arc::clone(&activity), rules.patience);
        let service = service_fn(|request| self.answer(&activity, request));
        let serving = rules
            .builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut serving = pin!(serving);
        let mut due = pin!(sleep(rules.times.shortest()));
        let mut told = false;
        loop {
            tokio::select! {
                _ = serving.as_mut() => return,
                () = due.as_mut() => {
                    match activity.due(&rules.times) {
                        _ if told => return,
                        Due::At(next) => {
                            due.as_mut().reset(next);
                            continue;
                        }
                        Due::Cut => return,
                        Due::Rest => {}
                    }
                    due.as_mut().reset(Instant::now() + GRACE);
                }
                () = self.closing.cancelled(), if !told => {
                    due.as_mut().reset(Instant::now() + rules.closing);
                }
            }
            told = true;
            serving.as_mut().graceful_shutdown();
        }
    }

    fn answer(
        &self,
        activity: &Arc<Activity>,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Counted>, Infallible>> + use<> {
        let rules = &self.rules;
        let running = Activity::begin(activity, request.version());
        let is_by_tls = rules.certificates.is_some();
        let client = rules
            .proxies
            .client(self.peer, is_by_tls, request.headers());
        request.extensions_mut().insert(client);
        name_host(&mut request);
        if request.method() == Method::CONNECT {
            // A WebSocket within HTTP/2 lasts for as long as whoever speaks on it keeps what opened it.
            let held = Running::begin_another(&running);
            request.extensions_mut().insert(Arc::new(held));
        }
        let body_time = rules.body_time(request.headers());
        let request = request.map(|body| Timed::new(body, body_time));
        let answer = self.router.clone().call(request);
        async move {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            Ok(answer.map(|body| Counted::new(body, running)))
        }
    }
}

/// Puts the host of a request by HTTP/2, which stands in its address, where HTTP/1.1 has it.
fn name_host(request: &mut Request<Incoming>) {
    let Some(authority) = request.uri().authority() else {
        return;
    };
    if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
        request.headers_mut().insert(header::HOST, host);
    }
}
