//! A proxy before a hub that answers pulls with the truth and makes noise where hints are expected.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What comes instead of hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// No WebSocket at all.
    Refusal,
    /// Nothing, not even an answer to `connection_init`.
    Silence,
    /// Text that is no message.
    Garbage,
    /// Messages of a megabyte, without end.
    Huge,
    /// Hints without end of what did not happen.
    FalseHints,
    /// An end, as soon as the subscription runs.
    Flapping,
}

/// The proxy, until it is dropped.
#[derive(Debug)]
pub struct NoisyPeer {
    url: String,
    server: JoinHandle<()>,
}

struct Shared {
    client: reqwest::Client,
    upstream: String,
    noise: Noise,
}

impl NoisyPeer {
    /// Stands before the hub at an address.
    pub async fn before(upstream: &str, noise: Noise) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("the socket is bound");
        let shared = Arc::new(Shared {
            client: crate::api::client(),
            upstream: format!("{upstream}/graphql"),
            noise,
        });
        let router = Router::new().route("/graphql", post(forward).get(upgrade));
        let router = router.with_state(shared);
        let server = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self {
            url: format!("http://{address}"),
            server,
        }
    }

    /// Where the proxy answers.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for NoisyPeer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(State(proxy): State<Arc<Shared>>, question: Bytes) -> Response {
    let request = proxy.client.post(&proxy.upstream);
    let request = request.header(CONTENT_TYPE, "application/json");
    let answer = request.body(question).send().await;
    let answer = answer.expect("the hub behind the proxy answers");
    let text = answer.text().await.expect("the answer can be read");
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

async fn upgrade(State(proxy): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    let noise = proxy.noise;
    if noise == Noise::Refusal {
        return axum::http::StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let upgrade = upgrade.protocols(["graphql-transport-ws"]);
    upgrade.on_upgrade(move |socket| async move {
        let _ = make(noise, socket).await;
    })
}

/// Makes noise until the listener hangs up.
async fn make(noise: Noise, mut socket: WebSocket) -> Option<Infallible> {
    let text = match noise {
        Noise::Refusal | Noise::Silence => loop {
            socket.recv().await?.ok()?;
        },
        Noise::Garbage => "<html>".to_owned(),
        Noise::Huge => " ".repeat(1024 * 1024),
        Noise::FalseHints | Noise::Flapping => {
            acknowledge(&mut socket).await?;
            let head = json!({"hub": "hub-nobody", "epoch": 1, "size": 9});
            said(&json!({"type": "next", "id": "1", "payload": {"data": {"headsChanged": head}}}))
        }
    };
    if noise == Noise::Flapping {
        return None;
    }
    loop {
        say(&mut socket, text.clone()).await?;
    }
}

/// Does what a hub does until a subscription runs.
async fn acknowledge(socket: &mut WebSocket) -> Option<()> {
    for (heard, answer) in [("connection_init", "connection_ack"), ("ping", "pong")] {
        loop {
            let message = socket.recv().await?.ok()?;
            let message: Value = serde_json::from_str(message.to_text().ok()?).ok()?;
            if message["type"] == heard {
                break;
            }
        }
        say(socket, said(&json!({ "type": answer }))).await?;
    }
    Some(())
}

async fn say(socket: &mut WebSocket, text: String) -> Option<()> {
    socket.send(Message::Text(text.into())).await.ok()
}

fn said(message: &Value) -> String {
    message.to_string()
}
