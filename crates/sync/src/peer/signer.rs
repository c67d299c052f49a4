//! Showing a peer who asks: a fresh token for each request for entries and payloads.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::identity::{HubId, NetworkId};
use domain::log::SigningKey;
use domain::token;

/// For how long a peer that refused a token is asked without one, in seconds.
const REFUSAL_SECONDS: i64 = 60;

/// Makes the tokens with which this hub asks one peer.
#[derive(Clone)]
pub struct Signer {
    /// The network of both hubs.
    pub network: NetworkId,
    /// This hub.
    pub us: HubId,
    /// The hub that is expected to answer.
    pub peer: HubId,
    /// This hub's key.
    pub key: SigningKey,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} for {})", self.us, self.peer)
    }
}

/// A signer, and until when the peer is not to be shown who asks because it refused to hear it.
#[derive(Debug)]
pub(super) struct Signing {
    signer: Signer,
    refused_until: AtomicI64,
}

impl Signing {
    pub(super) fn new(signer: Signer) -> Self {
        Self {
            signer,
            refused_until: AtomicI64::new(i64::MIN),
        }
    }

    /// The hub that asks.
    pub(super) const fn us(&self) -> &HubId {
        &self.signer.us
    }

    /// The value of the header `Authorization` for one request, unless the peer refused one lately.
    pub(super) fn authorization(&self) -> Option<String> {
        let Signer {
            network,
            us,
            peer,
            key,
            clock,
            entropy,
        } = &self.signer;
        let now = clock.now();
        let is_heard = self.refused_until.load(Ordering::Relaxed) <= now.unix_timestamp();
        is_heard.then(|| {
            let token = token::sign(network, us, peer, now, key, &**entropy);
            format!("Bearer {token}")
        })
    }

    /// Notes that the peer refused a token, and why: what is public is asked for without one for a while.
    pub(super) fn note_refusal(&self, why: &str) {
        let until = self.signer.clock.now().unix_timestamp() + REFUSAL_SECONDS;
        self.refused_until.store(until, Ordering::Relaxed);
        tracing::warn!(peer = %self.signer.peer, why, "peer does not hear who asks; asking for what is public");
    }
}
