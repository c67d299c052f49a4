//! How much is asked, and who waits when it is too much.
//!
//! - [`rates`](self) count requests: by address of those who show nothing, or show wrong credentials; by account and token; by hub.
//! - Places bound what is at work at once. Some are kept for those who show who they are, so that whoever shows nothing is the
//!   first to be asked to come again, and replication and operators go on.
//! - Sockets and streams of events are bounded in all and by address.
//!
//! What is remembered of clients is bounded, whatever they send. Nothing here outlives the process.
//!
//! Not here: connections (`connections`), and what one request may cost (`graphql::guard`).

mod keyed;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::identity::HubId;
use graphql::guard::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use uuid::Uuid;

use super::address::{AddressBlock, ClientAddress, Proxies};
use super::connections::crowd::{Crowd, Place};
use super::graphql::{Refused, refuse};
use crate::config::{Config, Network, RatesConfig};
use keyed::Keyed;

/// After how many seconds to come again where nothing tells how long it will take.
const COME_AGAIN: HeaderValue = HeaderValue::from_static("5");

/// Who asks, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Whoever shows no credentials.
    Anyone,
    /// Whoever shows wrong ones.
    Wrong,
    /// Somebody who signed in, or a program with a token of theirs.
    Account {
        /// Whose account.
        account: Uuid,
        /// By which token.
        token: Option<Uuid>,
    },
    /// A hub that shows who it is.
    Hub(HubId),
    /// Whoever runs the hub. Never refused by rate.
    Operator,
}

impl Asker {
    const fn is_known(&self) -> bool {
        matches!(self, Self::Account { .. } | Self::Hub(_) | Self::Operator)
    }
}

/// What was refused since the process began.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections.
    pub connections: AtomicU64,
    /// Requests and operations, by their rate.
    pub by_rate: AtomicU64,
    /// Requests and operations, since too many were at work.
    pub by_load: AtomicU64,
    /// Sockets and streams of events.
    pub streams: AtomicU64,
}

impl Tally {
    /// Counts one.
    pub fn note(of: &AtomicU64) {
        of.fetch_add(1, Ordering::Relaxed);
    }
}

/// How much is asked of this process.
#[derive(Debug)]
pub struct Load {
    unlimited: Vec<Network>,
    proxies: Proxies,
    by_address: Keyed<Option<AddressBlock>>,
    wrong: Keyed<Option<AddressBlock>>,
    guesses: Keyed<Option<AddressBlock>>,
    by_account: Keyed<Uuid>,
    by_token: Keyed<Uuid>,
    by_hub: Keyed<HubId>,
    open: Arc<Semaphore>,
    reserved: Arc<Semaphore>,
    sockets: Arc<Crowd>,
    events: Arc<Crowd>,
    tally: Tally,
}

impl Load {
    /// Bounded as the settings say.
    pub fn new(config: &Config) -> Self {
        let limits = &config.http.limits;
        let RatesConfig {
            address_per_minute,
            guesses_per_minute,
            account_per_minute,
            token_per_minute,
            hub_per_minute,
            unlimited,
        } = &config.http.rates;
        let count = |n: u32| n as usize;
        let of_one = count(limits.sockets_per_address.get());
        let reserved = count(limits.requests_reserved);
        let crowd = |most: u32| Arc::new(Crowd::new(count(most), of_one, 0));
        Self {
            unlimited: unlimited.clone(),
            proxies: Proxies::new(config.http.trusted_proxies.clone()),
            by_address: Keyed::new(*address_per_minute),
            wrong: Keyed::new(*address_per_minute),
            guesses: Keyed::new(*guesses_per_minute),
            by_account: Keyed::new(*account_per_minute),
            by_token: Keyed::new(*token_per_minute),
            by_hub: Keyed::new(*hub_per_minute),
            open: Arc::new(Semaphore::new(count(limits.requests.get()) - reserved)),
            reserved: Arc::new(Semaphore::new(reserved)),
            sockets: crowd(limits.sockets.get()),
            events: crowd(config.graphql.event_streams.get()),
            tally: Tally::default(),
        }
    }

    /// What was refused.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn is_unlimited(&self, client: Option<ClientAddress>) -> bool {
        let within =
            |client: ClientAddress| self.unlimited.iter().any(|net| net.contains(client.ip));
        client.is_some_and(within)
    }

    /// Looks, before credentials are, whether too many wrong ones came from there.
    ///
    /// # Errors
    /// They did; it says when to come again.
    pub fn look(&self, client: Option<ClientAddress>) -> Result<(), Refused> {
        if self.is_unlimited(client) {
            return Ok(());
        }
        let block = client.map(|client| client.block());
        self.told(self.wrong.look(&block, Instant::now()))
    }

    /// How long an address waits, from which too many wrong passwords came; nothing if it need not.
    pub fn wait_to_guess(&self, client: Option<ClientAddress>) -> Option<Duration> {
        if self.is_unlimited(client) {
            return None;
        }
        let block = client.map(|client| client.block());
        self.guesses.look(&block, Instant::now()).err()
    }

    /// Counts a wrong password.
    pub fn note_guess(&self, client: Option<ClientAddress>) {
        if !self.is_unlimited(client) {
            let block = client.map(|client| client.block());
            // Whoever may not guess any more was told before.
            let _told_before = self.guesses.count(block, Instant::now());
        }
    }

    /// Counts a request, or an operation over a WebSocket.
    ///
    /// # Errors
    /// There were too many; it says when to come again.
    pub fn count(&self, client: Option<ClientAddress>, asker: &Asker) -> Result<(), Refused> {
        if self.is_unlimited(client) {
            return Ok(());
        }
        let (block, now) = (client.map(|client| client.block()), Instant::now());
        self.told(match asker {
            Asker::Anyone => self.by_address.count(block, now),
            Asker::Wrong => self.wrong.count(block, now),
            Asker::Hub(hub) => self.by_hub.count(hub.clone(), now),
            Asker::Operator => Ok(()),
            Asker::Account { account, token } => {
                let of_token = token.map_or(Ok(()), |token| self.by_token.count(token, now));
                of_token.and_then(|()| self.by_account.count(*account, now))
            }
        })
    }

    fn told(&self, counted: Result<(), Duration>) -> Result<(), Refused> {
        counted.map_err(|after| {
            Tally::note(&self.tally.by_rate);
            let seconds = after.as_millis().div_ceil(1000).max(1);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            let message = format!("too many requests; come again in {seconds} seconds");
            let code = ErrorCode::RateLimited;
            Refused::new(StatusCode::TOO_MANY_REQUESTS, code, message)
                .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
        })
    }

    /// Looks whether there is a place, before a body is read.
    ///
    /// # Errors
    /// There is none.
    pub fn look_for_place(&self, asker: &Asker) -> Result<(), Refused> {
        let free = |places: &Semaphore| places.available_permits() > 0;
        if free(&self.open) || (asker.is_known() && free(&self.reserved)) {
            return Ok(());
        }
        Err(self.overloaded())
    }

    /// A place to work, until it is dropped.
    ///
    /// # Errors
    /// There is none.
    pub fn place(&self, asker: &Asker) -> Result<OwnedSemaphorePermit, Refused> {
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        let kept = || asker.is_known().then(|| take(&self.reserved)).flatten();
        take(&self.open)
            .or_else(kept)
            .ok_or_else(|| self.overloaded())
    }

    fn overloaded(&self) -> Refused {
        Tally::note(&self.tally.by_load);
        let message =
            "more is asked of this hub than it can do at present; come again in some seconds";
        let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Overloaded);
        Refused::new(status, code, message).with_header(header::RETRY_AFTER, COME_AGAIN)
    }

    /// A place for a WebSocket.
    ///
    /// # Errors
    /// Too many are open, in all or of this address.
    pub fn socket(&self, client: Option<ClientAddress>) -> Result<Place, Refused> {
        self.enter(&self.sockets, client)
    }

    /// A place for a stream of events.
    ///
    /// # Errors
    /// As [`Self::socket`].
    pub fn events(&self, client: Option<ClientAddress>) -> Result<Place, Refused> {
        self.enter(&self.events, client)
    }

    fn enter(&self, crowd: &Arc<Crowd>, client: Option<ClientAddress>) -> Result<Place, Refused> {
        // A proxy that does not say for whom it asks may ask for many.
        let ip = client.map(|client| client.ip);
        let place = match ip.filter(|ip| !self.proxies.trusts(*ip)) {
            Some(ip) => crowd.enter(AddressBlock::of(ip)),
            None => crowd.enter_trusted(),
        };
        place.ok_or_else(|| {
            Tally::note(&self.tally.streams);
            let message = "too many connections for events are open, at this hub or from this address; come again later";
            let (status, code) = (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TooManyOperations,
            );
            Refused::new(status, code, message).with_header(header::RETRY_AFTER, COME_AGAIN)
        })
    }
}

/// Counts the requests of routes that do not look who asks.
pub async fn by_address(State(load): State<Arc<Load>>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ClientAddress>().copied();
    match load.count(client, &Asker::Anyone) {
        Ok(()) => next.run(request).await,
        Err(refused) => refuse(refused),
    }
}
