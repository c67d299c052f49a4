//! Who may have a file made: so many at once, and one for each client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::request;
use domain::identity::HubId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::super::address::{AddressBlock, ClientAddress};

/// Requests of one client that wait for its place.
const MOST_WAITING: usize = 8;

/// Who asks, as far as files are shared out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// The hub's operator.
    Operator,
    /// Somebody with an account.
    Account(Uuid),
    /// A hub that showed who it is.
    Hub(HubId),
    /// Anyone at an address; nothing where no server says which.
    Address(Option<AddressBlock>),
}

impl Client {
    /// The client of a request by its address.
    pub(super) fn of(parts: &request::Parts) -> Self {
        let client = parts.extensions.get::<ClientAddress>();
        Self::Address(client.map(ClientAddress::block))
    }
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The client has one.
    Client,
    /// Others have them all.
    All,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_client: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// The places of a hub.
#[derive(Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    clients: Arc<Mutex<HashMap<Client, Arc<Semaphore>>>>,
    wait: Duration,
}

impl Places {
    pub(super) fn new(at_once: usize, wait: Duration) -> Self {
        Self {
            all: Arc::new(Semaphore::new(at_once)),
            clients: Arc::default(),
            wait,
        }
    }

    /// Takes a place, waiting a little for the client's own, but not for others'.
    pub(super) async fn take(&self, client: Client) -> Result<Place, Full> {
        let own = self.of(client)?;
        let own = tokio::time::timeout(self.wait, own.acquire_owned()).await;
        let Ok(Ok(of_client)) = own else {
            return Err(Full::Client);
        };
        let of_all = Arc::clone(&self.all).try_acquire_owned();
        Ok(Place {
            _of_client: of_client,
            _of_all: of_all.map_err(|_| Full::All)?,
        })
    }

    /// The client's own place, and forgets those of clients that have none and wait for none.
    fn of(&self, client: Client) -> Result<Arc<Semaphore>, Full> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, place| Arc::strong_count(place) > 1);
        let place = clients
            .entry(client)
            .or_insert_with(|| Arc::new(Semaphore::new(1)));
        // One is the map's, each other a request's.
        if Arc::strong_count(place) > MOST_WAITING {
            return Err(Full::Client);
        }
        Ok(Arc::clone(place))
    }
}
