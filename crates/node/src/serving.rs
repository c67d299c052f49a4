//! Running a hub: answering and pulling, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::seconds;
use crate::http::connections::{self, Rules, certificates::Certificates};
use crate::hub::Hub;
use crate::indexing::follow;
use crate::{http, tasks};

/// Whether a running hub pulls its peers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulling {
    /// It pulls at its interval.
    ByItself,
    /// It answers only: for tests that decide when rounds happen.
    Never,
}

/// A hub that answers and pulls.
pub struct Running {
    /// Where it answers.
    pub address: SocketAddr,
    scheme: &'static str,
    closing: CancellationToken,
    grace: Duration,
    endpoint: http::viewer::GraphqlEndpoint,
    server: JoinHandle<std::io::Result<()>>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a hub at the address of its settings.
pub async fn start(hub: &Hub, pulling: Pulling) -> anyhow::Result<Running> {
    let listen = hub.config.http.listen;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| {
        format!("nothing can be served at {listen}; is another program there? Choose another with --listen")
    })?;
    start_at(hub, listener, pulling)
}

/// Starts a hub on a socket that is open already.
pub fn start_at(hub: &Hub, listener: TcpListener, pulling: Pulling) -> anyhow::Result<Running> {
    let closing = CancellationToken::new();
    let address = listener.local_addr().context("the socket has no address")?;
    let endpoint = http::viewer::endpoint(hub, closing.clone())?;
    let router = http::router(hub, &endpoint);
    let certificates = Certificates::of(&hub.config)?;
    let scheme = certificates.as_ref().map_or("http", |_| "https");
    let load = Arc::clone(endpoint.context().load());
    let rules = Rules::new(&hub.config.http, load, certificates.clone())
        .with_forms_within(seconds(hub.config.graphql.uploads.seconds));
    let served = connections::serve(listener, router, rules, closing.clone());
    let mut tasks = vec![
        tokio::spawn(tasks::watch_commits(hub.clone(), closing.clone())),
        tokio::spawn(tasks::let_database_rest(hub.clone(), closing.clone())),
        tokio::spawn(tasks::statistics::keep_up(hub.clone(), closing.clone())),
        tokio::spawn(tasks::audit::keep(hub.clone(), closing.clone())),
        hub.aside
            .spawn(tasks::keep_rows(hub.clone(), closing.clone())),
    ];
    if let Some(certificates) = certificates {
        tasks.push(tokio::spawn(certificates.keep(closing.clone())));
    }
    if hub.config.search.enabled {
        hub.search.set(search::State::Opening);
        tasks.push(tokio::spawn(follow::follow(hub.clone(), closing.clone())));
    } else {
        let hub = hub.clone();
        tasks.push(tokio::spawn(async move {
            follow::clear_unused_folders(&hub).await;
        }));
    }
    if pulling == Pulling::ByItself {
        tasks.push(tokio::spawn(tasks::healing::keep_guard(
            hub.clone(),
            closing.clone(),
        )));
        hub.db.begin_boot();
        tasks.push(tokio::spawn(tasks::healing::keep_well(
            hub.clone(),
            closing.clone(),
        )));
        tasks.push(tokio::spawn(tasks::pull_peers(
            hub.clone(),
            closing.clone(),
        )));
        tasks.push(tokio::spawn(tasks::credits::keep_told(
            hub.clone(),
            closing.clone(),
        )));
        tasks.push(tokio::spawn(tasks::answers::follow_replications(
            hub.clone(),
            closing.clone(),
        )));
        tasks.push(tokio::spawn(tasks::upgrade::try_unprojected(
            hub.clone(),
            closing.clone(),
        )));
    }
    let grace = Duration::from_secs(hub.config.http.shutdown_seconds.get().into());
    Ok(Running {
        address,
        scheme,
        closing,
        grace,
        endpoint,
        server: tokio::spawn(served),
        tasks,
    })
}

impl Running {
    /// The address as a URL.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Takes no new requests, lets running ones finish within the grace, and ends.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.closing.cancel();
        for task in self.tasks {
            drop(tokio::time::timeout(self.grace, task).await);
        }
        drop(tokio::time::timeout(self.grace, self.endpoint.sockets_closed()).await);
        if let Ok(ended) = tokio::time::timeout(self.grace, self.server).await {
            ended.context("the server panicked")??;
        } else {
            tracing::warn!(
                seconds = self.grace.as_secs(),
                "some requests did not end in time"
            );
        }
        Ok(())
    }
}

/// Waits for Ctrl-C or the system's request to end.
pub async fn until_told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("a signal handler can be set");
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(tokio::signal::ctrl_c().await);
}
