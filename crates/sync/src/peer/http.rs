//! Asking a peer over HTTP.

use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::identity::{HubId, LogId};
use domain::log::MAX_PAGE_BYTES;
use domain::standing::without_user_info;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::signer::{Signer, Signing};
use super::wire::{Answer, EntriesData, HeadsData, HubData, LeftOutData, PayloadsData};
use super::{Greeting, HeadsPage, Peer, PeerError, StatedPage};
use crate::documents;
use outgoing::{Client, Forbidden, Reach};

/// JSON writes some bytes of an entry as two; no honest page grows beyond this.
const MOST_ANSWER_BYTES: usize = 4 * MAX_PAGE_BYTES;
/// How far back zstd may refer, as a power of two, which is also the memory that it takes.
const MOST_WINDOW_LOG: u32 = 24;
/// Who answers says little of itself.
const MOST_GREETING_BYTES: usize = 64 * 1024;
const HEADS_PER_PAGE: usize = 200;
/// How often a peer is asked again that has too much of ours under way, and the pause before the first time; the next
/// are as much longer.
const MOST_RETURNS: u32 = 3;
const RETURN_PAUSE: Duration = Duration::from_secs(1);
/// The codes of a peer that has too much to do.
const BUSY: [&str; 2] = ["RATE_LIMITED", "OVERLOADED"];
/// The most heads that a peer gives at once: far more than one hub has logs.
const MOST_HEADS: usize = 500;

/// How long a peer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next byte of an answer.
    pub read: Duration,
    /// For a whole answer: 16 MiB over a link of 128 kbit/s would take longer, a page takes much less.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            answer: Duration::from_mins(5),
        }
    }
}

/// A peer behind an address.
#[derive(Debug)]
pub struct HttpPeer {
    client: Client,
    endpoint: String,
    /// The endpoint as it may be told: without name and password.
    shown: String,
    bytes_received: AtomicU64,
    /// With which it is shown who asks; without it only what is public can be had.
    signing: Option<Signing>,
}

/// Whether a request says who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Hidden,
    Shown,
}

impl HttpPeer {
    /// Makes the client for all peers within reach: it follows no redirects, since an address is an operator's word.
    pub fn client(user_agent: &str, reach: Reach) -> Result<Client, reqwest::Error> {
        Self::patient_client(user_agent, reach, Patience::default())
    }

    /// The same, which trusts these roots beside those of this machine.
    pub fn client_trusting(
        user_agent: &str,
        reach: Reach,
        roots: Vec<reqwest::Certificate>,
    ) -> Result<Client, reqwest::Error> {
        let builder = client_builder(user_agent, Patience::default());
        Client::build(builder.tls_certs_merge(roots), reach)
    }

    /// The same, waiting as long as this.
    pub fn patient_client(
        user_agent: &str,
        reach: Reach,
        patience: Patience,
    ) -> Result<Client, reqwest::Error> {
        Client::build(client_builder(user_agent, patience), reach)
    }

    /// A peer at an address such as `https://jipp.example.go.id`.
    pub fn new(client: Client, url: &str) -> Result<Self, PeerError> {
        let endpoint = endpoint(url, client.reach())?;
        Ok(Self {
            client,
            shown: without_user_info(&endpoint),
            endpoint,
            bytes_received: AtomicU64::new(0),
            signing: None,
        })
    }

    /// Shows the peer who asks for entries and payloads. One that does not hear it is asked for what is public, without.
    #[must_use]
    pub fn signing(mut self, signer: Signer) -> Self {
        self.signing = Some(Signing::new(signer));
        self
    }

    /// Asks who it is, with its name, its keys and its clock.
    pub async fn introduce(&self) -> Result<Greeting, PeerError> {
        let most = MOST_GREETING_BYTES;
        self.ask::<HubData>(documents::INTRODUCTION, json!({}), most, Face::Hidden)
            .await?
            .try_into()
    }

    /// What is said of it when whoever asked has no more patience.
    pub fn timed_out(&self) -> PeerError {
        PeerError::TimedOut(self.shown.clone())
    }

    async fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        query: &str,
        variables: Value,
        most_bytes: usize,
        face: Face,
    ) -> Result<T, PeerError> {
        let question = json!({"query": query, "variables": variables});
        let signing = self.signing.as_ref().filter(|_| face == Face::Shown);
        let shown = || signing.and_then(|signing| Some((signing, signing.authorization()?)));
        let mut returns = 0;
        while let Some((signing, token)) = shown() {
            match self.ask_once(&question, most_bytes, Some(token)).await {
                Err(PeerError::Refused { code, message }) if code == "UNAUTHENTICATED" => {
                    signing.note_refusal(&message);
                    break;
                }
                Err(PeerError::Refused { code, .. })
                    if BUSY.contains(&&*code) && returns < MOST_RETURNS =>
                {
                    returns += 1;
                    tokio::time::sleep(RETURN_PAUSE * returns).await;
                }
                answered => return answered,
            }
        }
        let asked = self.ask_once(&question, most_bytes, None).await;
        // A peer that has too much to do sends those away first who do not show who they are.
        match (
            asked,
            self.signing.as_ref().and_then(Signing::authorization),
        ) {
            (Err(PeerError::Refused { code, .. }), Some(token))
                if face == Face::Hidden && BUSY.contains(&&*code) =>
            {
                self.ask_once(&question, most_bytes, Some(token)).await
            }
            (asked, _) => asked,
        }
    }

    /// Asks for a page of entries, at most so many, and shows who asks.
    async fn ask_page<T>(
        &self,
        query: &str,
        variables: Value,
        entries: usize,
    ) -> Result<StatedPage, PeerError>
    where
        T: DeserializeOwned + Send + 'static,
        StatedPage: TryFrom<T, Error = PeerError>,
    {
        let answer: T = self
            .ask(query, variables, MOST_ANSWER_BYTES, Face::Shown)
            .await?;
        let stated = StatedPage::try_from(answer)?;
        at_most("entries", stated.page.entries.len(), entries)?;
        Ok(stated)
    }

    async fn ask_once<T: DeserializeOwned + Send + 'static>(
        &self,
        question: &Value,
        most_bytes: usize,
        authorization: Option<String>,
    ) -> Result<T, PeerError> {
        let (body, is_squeezed) = self.post(question, most_bytes, authorization).await?;
        // A page of a thousand entries takes some milliseconds to inflate and read, which would hold up other tasks.
        let read = tokio::task::spawn_blocking(move || {
            let text = if is_squeezed {
                inflate(&body, most_bytes)?
            } else {
                body
            };
            let answer: Answer<T> = serde_json::from_slice(&text)
                .map_err(|error| PeerError::Malformed(error.to_string()))?;
            answer.data()
        });
        read.await
            .map_err(|error| PeerError::Malformed(error.to_string()))?
    }

    /// Sends a request, and gives the answer's bytes and whether they are compressed.
    async fn post(
        &self,
        body: &Value,
        most_bytes: usize,
        authorization: Option<String>,
    ) -> Result<(Vec<u8>, bool), PeerError> {
        let mut request = self
            .client
            .http()
            .post(&self.endpoint)
            .header(
                ACCEPT,
                "application/graphql-response+json, application/json;q=0.9",
            )
            .header(ACCEPT_ENCODING, "zstd")
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await.map_err(|cause| self.failed(cause))?;
        let status = response.status();
        let is_squeezed =
            response.headers().get(CONTENT_ENCODING) == Some(&HeaderValue::from_static("zstd"));
        let is_json = response.headers().get(CONTENT_TYPE).is_some_and(is_json);
        if !is_json {
            return Err(PeerError::Status {
                url: self.shown.clone(),
                status: status.as_u16(),
            });
        }
        Ok((self.collect(response, most_bytes).await?, is_squeezed))
    }

    async fn collect(
        &self,
        mut response: reqwest::Response,
        most_bytes: usize,
    ) -> Result<Vec<u8>, PeerError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|cause| self.failed(cause))? {
            self.bytes_received
                .fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if bytes.len() + chunk.len() > most_bytes {
                return Err(PeerError::TooLarge(most_bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn failed(&self, cause: reqwest::Error) -> PeerError {
        if cause.is_timeout() {
            PeerError::TimedOut(self.shown.clone())
        } else {
            unreachable(&self.shown, cause)
        }
    }
}

/// Why there was no connection.
pub(crate) fn unreachable(shown: &str, cause: reqwest::Error) -> PeerError {
    match Forbidden::of(&cause) {
        Some(forbidden) => PeerError::Forbidden(forbidden.clone()),
        None => PeerError::Unreachable {
            url: shown.to_owned(),
            cause: cause.without_url(),
        },
    }
}

/// What all connections to peers have in common, those for hints too.
pub(crate) fn client_builder(user_agent: &str, patience: Patience) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        .timeout(patience.answer)
        .tcp_nodelay(true)
}

/// Where the peer at an address answers, over HTTP and over WebSocket.
pub(crate) fn endpoint(url: &str, reach: &Reach) -> Result<String, PeerError> {
    let base = url.trim_end_matches('/');
    let parsed = reqwest::Url::parse(base).ok();
    let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let parsed = parsed.ok_or_else(|| PeerError::Url(without_user_info(url)))?;
    reach.check(&parsed)?;
    Ok(format!("{base}/graphql"))
}

/// Refuses an answer with more than was asked for.
fn at_most(what: &str, given: usize, asked: usize) -> Result<(), PeerError> {
    if given > asked {
        let reason = format!("it has {given} {what}, {asked} were asked for");
        return Err(PeerError::Malformed(reason));
    }
    Ok(())
}

fn is_json(content_type: &HeaderValue) -> bool {
    content_type.to_str().is_ok_and(|text| {
        text.starts_with("application/graphql-response+json")
            || text.starts_with("application/json")
    })
}

/// Inflates up to the bound, so that a small answer cannot fill the memory.
fn inflate(squeezed: &[u8], most_bytes: usize) -> Result<Vec<u8>, PeerError> {
    let malformed = |error: std::io::Error| PeerError::Malformed(error.to_string());
    let mut decoder = zstd::stream::read::Decoder::new(squeezed).map_err(malformed)?;
    decoder.window_log_max(MOST_WINDOW_LOG).map_err(malformed)?;
    let mut text = Vec::with_capacity(most_bytes.min(squeezed.len() * 4));
    decoder
        .take(most_bytes as u64 + 1)
        .read_to_end(&mut text)
        .map_err(malformed)?;
    if text.len() > most_bytes {
        return Err(PeerError::TooLarge(most_bytes));
    }
    Ok(text)
}

impl Peer for HttpPeer {
    async fn greet(&self) -> Result<Greeting, PeerError> {
        // What is kept for us is given to nobody who does not show who asks.
        let Some(signing) = &self.signing else {
            return self.introduce().await;
        };
        let variables = json!({"own": signing.us().as_str()});
        self.ask::<HubData>(documents::HUB, variables, MOST_GREETING_BYTES, Face::Hidden)
            .await?
            .try_into()
    }

    async fn heads(&self, after: Option<&str>) -> Result<HeadsPage, PeerError> {
        let variables = json!({"after": after, "first": HEADS_PER_PAGE});
        let page: HeadsPage = self
            .ask::<HeadsData>(documents::HEADS, variables, MOST_ANSWER_BYTES, Face::Hidden)
            .await?
            .try_into()?;
        at_most("heads", page.heads.len(), HEADS_PER_PAGE)?;
        Ok(page)
    }

    async fn heads_of(&self, hub: &HubId) -> Result<Vec<String>, PeerError> {
        let variables = json!({"hubs": [hub.as_str()], "first": MOST_HEADS});
        let page = self
            .ask::<HeadsData>(
                documents::HEADS_OF,
                variables,
                MOST_ANSWER_BYTES,
                Face::Hidden,
            )
            .await?;
        let page: HeadsPage = page.try_into()?;
        at_most("heads", page.heads.len(), MOST_HEADS)?;
        Ok(page.heads.into_iter().map(|head| head.checkpoint).collect())
    }

    async fn page(&self, log: &LogId, from: u64, entries: usize) -> Result<StatedPage, PeerError> {
        let variables = json!({
            "hub": log.hub.as_str(),
            "epoch": log.epoch.get(),
            "from": from,
            "first": entries,
            "maxBytes": MAX_PAGE_BYTES,
        });
        self.ask_page::<EntriesData>(documents::ENTRIES, variables, entries)
            .await
    }

    async fn left_out_page(
        &self,
        number: u64,
        from: u64,
        entries: usize,
    ) -> Result<StatedPage, PeerError> {
        let variables = json!({
            "number": number,
            "from": from,
            "first": entries,
            "maxBytes": MAX_PAGE_BYTES,
        });
        self.ask_page::<LeftOutData>(documents::LEFT_OUT, variables, entries)
            .await
    }

    async fn payloads(&self, log: &LogId, places: &[u64]) -> Result<Vec<(u64, String)>, PeerError> {
        let variables =
            json!({"hub": log.hub.as_str(), "epoch": log.epoch.get(), "indexes": places});
        let held: Vec<_> = self
            .ask::<PayloadsData>(
                documents::PAYLOADS,
                variables,
                MOST_ANSWER_BYTES,
                Face::Shown,
            )
            .await?
            .into();
        at_most("payloads", held.len(), places.len())?;
        Ok(held)
    }

    fn bytes_received(&self) -> u64 {
        self.bytes_received.load(Ordering::Relaxed)
    }
}
