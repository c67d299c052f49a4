//! The remote side, as a puller sees it.

mod http;
mod signer;
mod wire;

use domain::identity::{HubId, LogId};
use domain::log::{Frontier, Page};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::plan::{Introduction, PageLimits};
use outgoing::Forbidden;

pub use http::{HttpPeer, Patience};
pub(crate) use http::{client_builder, endpoint, unreachable};
pub use reqwest::Certificate;
pub use signer::Signer;

/// Why a peer gave no answer that could be used.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The address is not one that can be asked.
    #[error("{0:?} is not an http or https address")]
    Url(String),
    /// It leads to an address that may not be asked.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No client can be made on this machine.
    #[error("no client can be made")]
    Client(#[source] reqwest::Error),
    /// No connection, or it broke.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The address.
        url: String,
        /// The cause.
        #[source]
        cause: reqwest::Error,
    },
    /// The peer took too long.
    #[error("{0} did not answer in time")]
    TimedOut(String),
    /// The peer answered with an HTTP status that is no answer.
    #[error("{url} answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// The status code.
        status: u16,
    },
    /// The peer answered with an error of its own.
    #[error("it answered {code}: {message}")]
    Refused {
        /// The code of the error.
        code: String,
        /// The message of the error.
        message: String,
    },
    /// The answer is larger than any honest one.
    #[error("its answer has more than {0} bytes")]
    TooLarge(usize),
    /// The answer is not what the schema promises.
    #[error("its answer is not readable: {0}")]
    Malformed(String),
}

impl PeerError {
    /// Says whether there was no connection because the peer's TLS certificate is not trusted. What failed is behind
    /// several layers that do not name it, so their words are looked at.
    pub fn is_certificate(&self) -> bool {
        let mut causes =
            std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.any(|cause| cause.to_string().contains("certificate"))
    }
}

/// What a peer says when a round begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Who it is.
    pub introduction: Introduction,
    /// Its store: its cursors count only for this one.
    pub store: Uuid,
    /// The hash over all its heads.
    pub heads_token: String,
    /// How much it gives of a log at a time.
    pub limits: PageLimits,
    /// What it keeps of our logs that our next logs leave out; not asked for when the peer is added.
    pub left_out: Vec<StatedLeftOut>,
    /// Its name for people; only asked for when the peer is added.
    pub name: Option<String>,
    /// The keys that it says are its own; only asked for when the peer is added.
    pub public_keys: Vec<String>,
    /// Its clock; not asked for in rounds.
    pub now: Option<OffsetDateTime>,
}

/// A stretch of a log of ours that our next log leaves out, as a peer states it, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedLeftOut {
    /// Its number at the peer.
    pub number: u64,
    /// The tree of the log before its first entry; we may hold another history there, or nothing.
    pub before: Frontier,
    /// Our signed checkpoint over the log with the stretch.
    pub checkpoint: String,
}

/// A head as a peer states it, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedHead {
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// A stretch of a peer's heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsPage {
    /// The heads.
    pub heads: Vec<StatedHead>,
    /// Where to go on, in the peer's own words.
    pub cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A page of a log and the checkpoint that is said to prove it.
#[derive(Clone, Debug)]
pub struct StatedPage {
    /// The entries and the proof.
    pub page: Page,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// A hub to pull from. The one trait with a single real implementation: the simulator brings the other.
pub trait Peer: Send + Sync {
    /// Asks who it is and whether anything changed.
    fn greet(&self) -> impl Future<Output = Result<Greeting, PeerError>> + Send;

    /// Asks what changed since its own cursor.
    fn heads(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = Result<HeadsPage, PeerError>> + Send;

    /// Asks for the signed heads of a hub's logs.
    fn heads_of(&self, hub: &HubId) -> impl Future<Output = Result<Vec<String>, PeerError>> + Send;

    /// Asks for the entries of a log from a place on, at most so many.
    fn page(
        &self,
        log: &LogId,
        from: u64,
        entries: usize,
    ) -> impl Future<Output = Result<StatedPage, PeerError>> + Send;

    /// Asks for entries that our next log leaves out, from a place on, at most so many.
    fn left_out_page(
        &self,
        number: u64,
        from: u64,
        entries: usize,
    ) -> impl Future<Output = Result<StatedPage, PeerError>> + Send;

    /// Asks for payloads by their places in a log.
    fn payloads(
        &self,
        log: &LogId,
        places: &[u64],
    ) -> impl Future<Output = Result<Vec<(u64, String)>, PeerError>> + Send;

    /// How many bytes came from it so far, as they crossed the wire.
    fn bytes_received(&self) -> u64;
}
