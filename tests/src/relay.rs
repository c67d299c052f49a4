//! A proxy before a hub that tells the truth until it is told to lie.
//!
//! It asks the hub for short pages, so that small logs take several, and lies about one log only, from its second page on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use domain::entry::{MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES};
use domain::identity::LogId;
use domain::log::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
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
    /// Some kilobytes of gzip, which nobody asked for, that inflate to 64 MiB.
    GzipBomb,
    /// The answer never begins.
    Silent,
    /// The answer comes byte by byte, and does not end.
    ByteByByte,
    /// The truth, each page after so many milliseconds.
    Slow(u64),
    /// The truth, an entry a page.
    EntryByEntry,
    /// The page has one entry more than may be asked for.
    TooManyEntries,
    /// The page has more bytes than any honest one.
    TooManyBytes,
    /// A header has one byte more than a header may have.
    LongHeader,
    /// A payload has one byte more than a payload may have.
    LongPayload,
    /// The checkpoint has one byte more than a note may have.
    LongNote,
    /// The proof has one hash more than a proof may have.
    LongProof,
    /// Heads are listed again and again, beyond what was asked for.
    ManyHeads,
    /// A missing payload is answered twice.
    PayloadsTwice,
    /// Who answers says more of itself than anybody wants to hear.
    LongGreeting,
    /// The answer nests deeper than anything that is read.
    Nested,
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
    /// What the peer keeps of a log that the next one leaves out is stated to begin at this place.
    StretchFrom(u64),
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
        let first = if lie == Lie::EntryByEntry { 1 } else { PAGE };
        question["variables"]["first"] = first.into();
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
        Lie::GzipBomb => return gzip_bomb(),
        Lie::Silent => std::future::pending().await,
        Lie::ByteByByte => return byte_by_byte(),
        Lie::Slow(millis) => tokio::time::sleep(Duration::from_millis(*millis)).await,
        Lie::Nested => {
            let deep = format!("{{\"data\":{}", "[".repeat(1 << 20));
            return response("application/json", None, Body::from(deep));
        }
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
        Lie::TooManyEntries => {
            let one = entries[0].clone();
            entries.resize(MAX_PAGE_ENTRIES + 1, one);
        }
        Lie::TooManyBytes => {
            let mut one = entries[0].clone();
            one["payload"] = "x".repeat(MAX_PAYLOAD_BYTES).into();
            *entries = vec![one; MAX_PAGE_BYTES / MAX_PAYLOAD_BYTES + 2];
        }
        Lie::LongHeader => entries[0]["header"] = "x".repeat(MAX_HEADER_BYTES + 1).into(),
        Lie::LongPayload => entries[0]["payload"] = "x".repeat(MAX_PAYLOAD_BYTES + 1).into(),
        Lie::LongNote => {
            let text = page["checkpoint"].as_str().expect("a checkpoint is text");
            let line = "\u{2014} witness.example AAAA\n";
            let note = format!("{text}{}", line.repeat(16 * 1024 / line.len()));
            page["checkpoint"] = note.into();
        }
        Lie::LongProof => {
            let hash = domain::log::Hash::of(b"another tree").to_string();
            page["proof"] = vec![hash; 129].into();
        }
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
    if *lie == Lie::ManyHeads {
        let heads = nodes.as_array_mut().expect("heads are a list");
        *heads = heads.iter().cycle().take(201).cloned().collect();
    }
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
    if *lie == Lie::PayloadsTwice {
        let given = payloads.as_array_mut().expect("payloads are a list");
        *given = [given.as_slice(), given.as_slice()].concat();
    }
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
        Lie::LongGreeting => hub["story"] = "x".repeat(64 * 1024).into(),
        Lie::OtherHub => hub["hubId"] = "somebody-else".into(),
        Lie::StretchFrom(place) => {
            let root = domain::log::Hash::of(b"another tree").to_string();
            for stated in items(&mut hub["node"]["leftOut"]) {
                stated["from"] = (*place).into();
                stated["before"] = vec![root.as_str(); place.count_ones() as usize].into();
            }
        }
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

fn gzip_bomb() -> Response {
    // Four times what an answer may have; to squeeze more would take longer than a peer is waited for.
    let spaces = std::io::Read::take(std::io::repeat(b' '), 1 << 26);
    let mut encoder = flate2::read::GzEncoder::new(spaces, flate2::Compression::fast());
    let mut squeezed = Vec::new();
    let done = std::io::Read::read_to_end(&mut encoder, &mut squeezed);
    done.expect("spaces can be squeezed");
    response("application/json", Some("gzip"), Body::from(squeezed))
}

fn byte_by_byte() -> Response {
    let stream = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
    });
    response("application/json", None, Body::from_stream(stream))
}
