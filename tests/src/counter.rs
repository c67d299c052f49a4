//! A proxy before a hub that counts how often it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The proxy, until it is dropped. It has no hints, so rounds come at their interval.
#[derive(Debug)]
pub struct Counter {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    upstream: String,
    questions: AtomicU64,
}

impl Counter {
    /// Stands before the hub at an address.
    pub async fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("the socket is bound");
        let shared = Arc::new(Shared {
            client: crate::api::client(),
            upstream: format!("{upstream}/graphql"),
            questions: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/graphql", post(pass_on))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self {
            url: format!("http://{address}"),
            shared,
            server,
        }
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often it was asked so far.
    pub fn questions(&self) -> u64 {
        self.shared.questions.load(Ordering::SeqCst)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, question: Bytes) -> impl IntoResponse {
    shared.questions.fetch_add(1, Ordering::SeqCst);
    let asked = shared.client.post(&shared.upstream).body(question);
    let asked = asked.header(CONTENT_TYPE, "application/json").send().await;
    let answer = asked.expect("the hub answers").bytes().await;
    let answer = answer.expect("the answer is whole");
    ([(CONTENT_TYPE, "application/json")], answer)
}
