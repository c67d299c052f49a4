//! A proxy before a hub that tells the truth until it is told to lie.
//!
//! It asks the hub for short pages, so that small logs take several, and lies about one log only, from its second page on.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use domain::identity::LogId;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Entries of a page that goes through the relay.
pub const PAGE: u64 = 4;

/// How the relay answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Lie {
    /// The truth.
    None,
    /// One byte of a payload is another.
    PayloadByte,
    /// One byte of a header is another.
    HeaderByte,
    /// A payload stands behind the header of another entry.
    PayloadOfAnother,
    /// Two entries have changed places.
    Swapped,
    /// The last entry of the page is missing.
    CutShort,
    /// There are no entries at all.
    Empty,
    /// The proof is missing.
    NoProof,
    /// One hash of the proof is another.
    FalseProof,
    /// The first page comes again.
    FirstPageAgain,
    /// The checkpoint is this one.
    Checkpoint(String),
    /// The checkpoint states one entry more, under the old signature.
    LargerCheckpoint,
    /// The checkpoint has a cosignature of somebody else, which is no lie.
    Cosigned,
    /// The checkpoint has a cosignature with what no signed note may hold.
    CosignedWithNul,
    /// The answer is not JSON.
    Garbage,
    /// The answer is JSON of another shape.
    OtherShape,
    /// The answer is an error whose text holds what PostgreSQL's text columns refuse.
    ErrorWithNul,
    /// The answer never ends.
    Endless,
    /// A few kilobytes of zstd that inflate to a gigabyte.
    Bomb,
    /// The heads state one entry more, under the old signature.
    ForgedHead,
    /// Pages come without payloads, and there are none when asked for.
    NoPayloads,
    /// The heads end with this cursor.
    Cursor(String),
    /// The peer's heads token is this one.
    Token(String),
    /// A missing payload is answered with another text.
    FalsePayload,
    /// The peer claims to be of another network.
    OtherNetwork,
    /// The peer claims to be another hub.
    OtherHub,
}

/// The relay, until it is dropped.
#[derive(Debug)]
pub struct LyingRelay {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    upstream: String,
    about: LogId,
    lie: Mutex<Lie>,
}

impl LyingRelay {
    /// Stands before the hub at an address and will lie about this log.
    pub async fn before(upstream: &str, about: LogId) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("the socket is bound");
        let shared = Arc::new(Shared {
            client: crate::api::client(),
            upstream: format!("{upstream}/graphql"),
            about,
            lie: Mutex::new(Lie::None),
        });
        let router = Router::new()
            .route("/graphql", post(answer))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self {
            url: format!("http://{address}"),
            shared,
            server,
        }
    }

    /// Where the relay answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets it lie, or tell the truth again.
    pub fn tell(&self, lie: Lie) {
        *self.shared.lie() = lie;
    }
}

impl Drop for LyingRelay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn lie(&self) -> std::sync::MutexGuard<'_, Lie> {
        self.lie.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, question: &Value) -> Value {
        let request = self.client.post(&self.upstream);
        let request = request.header(CONTENT_TYPE, "application/json");
        let response = request.body(question.to_string()).send().await;
        let answer = response
            .expect("the hub behind the relay answers")
            .json()
            .await;
        answer.expect("the hub behind the relay is honest")
    }

    fn is_about_the_log(&self, variables: &Value) -> bool {
        variables["hub"] == self.about.hub.as_str() && variables["epoch"] == self.about.epoch.get()
    }
}

async fn answer(State(relay): State<Arc<Shared>>, question: Bytes) -> Response {
    let mut question: Value = serde_json::from_slice(&question).expect("pullers ask in JSON");
    let query = question["query"].as_str().unwrap_or_default().to_owned();
    let lie = relay.lie().clone();
    if query.contains("entries(") {
        question["variables"]["first"] = PAGE.into();
        return page(&relay, &lie, &mut question).await;
    }
    let mut answer = relay.ask(&question).await;
    if query.contains("heads(") {
        let heads = &mut answer["data"]["heads"];
        forge_heads(&lie, &relay, &mut heads["nodes"]);
        if let Lie::Cursor(cursor) = &lie {
            heads["pageInfo"]["endCursor"] = cursor.as_str().into();
        }
    } else if query.contains("payloads(") {
        falsify_payloads(&lie, &mut answer["data"]["payloads"]);
    } else if query.contains("hub{") {
        impersonate(&lie, &mut answer["data"]["hub"]);
    }
    json_response(&answer)
}

async fn page(relay: &Shared, lie: &Lie, question: &mut Value) -> Response {
    let from = question["variables"]["from"].as_u64().unwrap_or_default();
    let is_honest =
        *lie == Lie::None || from < PAGE || !relay.is_about_the_log(&question["variables"]);
    if is_honest {
        return json_response(&relay.ask(question).await);
    }
    match lie {
        Lie::Garbage => return response("application/json", None, Body::from("<html>{\"data\"")),
        Lie::OtherShape => return json_response(&json!({"data": {"entries": {"entries": 7}}})),
        Lie::ErrorWithNul => {
            let error = json!({"message": "a\u{0}b", "extensions": {"code": "X\u{0}"}});
            return json_response(&json!({ "errors": [error] }));
        }
        Lie::Endless => return endless(),
        Lie::Bomb => return bomb(),
        Lie::FirstPageAgain => question["variables"]["from"] = 0.into(),
        _ => {}
    }
    let mut answer = relay.ask(question).await;
    tamper(lie, &mut answer["data"]["entries"]);
    json_response(&answer)
}

fn tamper(lie: &Lie, page: &mut Value) {
    let entries = page["entries"].as_array_mut().expect("a page has entries");
    match lie {
        Lie::PayloadByte => change_byte(&mut entries[0]["payload"]),
        Lie::HeaderByte => change_byte(&mut entries[0]["header"]),
        Lie::PayloadOfAnother => entries[0]["payload"] = entries[1]["payload"].clone(),
        Lie::Swapped => entries.swap(0, 1),
        Lie::CutShort => drop(entries.pop()),
        Lie::Empty => entries.clear(),
        Lie::NoProof => page["proof"] = json!([]),
        Lie::FalseProof => {
            let other = domain::log::Hash::of(b"another tree").to_string();
            page["proof"][0] = other.into();
        }
        Lie::NoPayloads => entries
            .iter_mut()
            .for_each(|entry| entry["payload"] = Value::Null),
        Lie::Checkpoint(text) => page["checkpoint"] = text.as_str().into(),
        Lie::Cosigned => cosign(&mut page["checkpoint"], "AAAA"),
        Lie::CosignedWithNul => cosign(&mut page["checkpoint"], "AA\u{0}AA"),
        Lie::LargerCheckpoint => page["checkpoint"] = grown(&page["checkpoint"]),
        _ => {}
    }
}

/// Changes the last letter of the text's first word, so that the JSON inside stays JSON.
fn change_byte(text: &mut Value) {
    let changed = text.as_str().map(|text| text.replacen('e', "f", 1));
    *text = changed.into();
}

/// The same checkpoint with a size that is one larger.
fn grown(checkpoint: &Value) -> Value {
    let text = checkpoint.as_str().expect("a checkpoint is text");
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let size: u64 = lines[1].parse().expect("the second line is the size");
    lines[1] = (size + 1).to_string();
    lines.join("\n").into()
}

fn cosign(checkpoint: &mut Value, signature: &str) {
    let text = checkpoint.as_str().expect("a checkpoint is text");
    *checkpoint = format!("{text}\u{2014} witness.example {signature}\n").into();
}

fn forge_heads(lie: &Lie, relay: &Shared, nodes: &mut Value) {
    if *lie != Lie::ForgedHead {
        return;
    }
    for head in items(nodes) {
        if head["hub"] == relay.about.hub.as_str() {
            head["checkpoint"] = grown(&head["checkpoint"]);
        }
    }
}

fn falsify_payloads(lie: &Lie, payloads: &mut Value) {
    let answer = match lie {
        Lie::FalsePayload => Value::from("another text"),
        Lie::NoPayloads => Value::Null,
        _ => return,
    };
    for payload in items(payloads) {
        payload["payload"] = answer.clone();
    }
}

fn impersonate(lie: &Lie, hub: &mut Value) {
    match lie {
        Lie::OtherNetwork => hub["node"]["network"] = "another".into(),
        Lie::Token(token) => hub["node"]["headsToken"] = token.as_str().into(),
        Lie::OtherHub => hub["hubId"] = "somebody-else".into(),
        _ => {}
    }
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

fn json_response(answer: &Value) -> Response {
    response("application/json", None, Body::from(answer.to_string()))
}

fn response(media_type: &str, encoding: Option<&str>, body: Body) -> Response {
    let encoding = encoding.map(|encoding| (CONTENT_ENCODING, encoding));
    let headers: Vec<_> = [Some((CONTENT_TYPE, media_type)), encoding]
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, value.parse().expect("it is a header")))
        .collect();
    let mut response = body.into_response();
    response.headers_mut().extend(headers);
    response
}

fn endless() -> Response {
    let spaces = Bytes::from(vec![b' '; 64 * 1024]);
    let stream = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(spaces.clone()));
    response("application/json", None, Body::from_stream(stream))
}

fn bomb() -> Response {
    let spaces = std::io::Read::take(std::io::repeat(b' '), 1 << 30);
    let squeezed = zstd::encode_all(spaces, 1).expect("spaces can be squeezed");
    response("application/json", Some("zstd"), Body::from(squeezed))
}
