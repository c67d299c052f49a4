//! One request of the sync kind at a time for each hub that showed who it is; a few wait, more are told to come back.
//!
//! A hub that pulls asks one thing after the other, so an honest one never waits for long: when two of its processes ask
//! at once, or its operator mends a log while a round runs. Ordinary reading takes no turns, and whoever is nobody has none
//! of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::identity::HubId;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

/// How many requests of one hub wait while another is served.
pub const MOST_WAITING: usize = 4;
/// How long a request waits: less than the thirty seconds for which a puller waits for a byte.
const MOST_WAIT: Duration = Duration::from_secs(20);

/// Whose turn it is, for each hub that asks.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<HubId, Line>>);

/// The requests of one hub.
#[derive(Debug)]
struct Line {
    served: Arc<Semaphore>,
    /// How many are served or wait.
    present: usize,
}

/// A place among the requests of a hub, given up when it is dropped.
#[derive(Debug)]
struct Place {
    turns: Arc<Turns>,
    hub: HubId,
}

/// The right to be served, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

/// The turn of one operation, taken by the first of its fields that needs one.
#[derive(Debug, Default)]
pub struct OperationTurn(pub(crate) OnceCell<Turn>);

impl Turns {
    /// Waits for a hub's turn; gives nothing where too many wait already, or for too long.
    pub(crate) async fn take(self: &Arc<Self>, hub: &HubId) -> Option<Turn> {
        let (place, served) = self.enter(hub)?;
        let permit = tokio::time::timeout(MOST_WAIT, served.acquire_owned()).await;
        Some(Turn {
            _permit: permit.ok()?.ok()?,
            _place: place,
        })
    }

    fn enter(self: &Arc<Self>, hub: &HubId) -> Option<(Place, Arc<Semaphore>)> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(hub.clone()).or_insert_with(|| Line {
            served: Arc::new(Semaphore::new(1)),
            present: 0,
        });
        if line.present > MOST_WAITING {
            return None;
        }
        line.present += 1;
        let place = Place {
            turns: Arc::clone(self),
            hub: hub.clone(),
        };
        Some((place, Arc::clone(&line.served)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&self.hub) {
            line.present -= 1;
            if line.present == 0 {
                lines.remove(&self.hub);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn hub(name: &str) -> HubId {
        HubId::parse(name).unwrap()
    }

    #[tokio::test]
    async fn one_is_served_some_wait_and_more_are_refused() {
        let turns = Arc::new(Turns::default());
        let (b, c) = (hub("hub-b"), hub("hub-c"));
        let first = turns.take(&b).await;
        assert!(first.is_some());
        let mut waiting: Vec<_> = (0..MOST_WAITING)
            .map(|_| Box::pin(turns.take(&b)))
            .collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none(), "it waits");
        }
        assert!(turns.take(&b).await.is_none(), "more are refused");
        assert!(turns.take(&c).await.is_some(), "another hub has its own");
        // One that goes away makes room.
        drop(waiting.pop());
        let mut last = Box::pin(turns.take(&b));
        assert!(last.as_mut().now_or_never().is_none(), "it waits");
        waiting.push(last);
        drop(first);
        for one in waiting {
            assert!(one.await.is_some(), "it is served in its turn");
        }
        assert!(turns.0.lock().unwrap().is_empty(), "nothing is left");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let turns = Arc::new(Turns::default());
        let first = turns.take(&hub("hub-b")).await;
        assert!(turns.take(&hub("hub-b")).await.is_none());
        drop(first);
        assert!(turns.take(&hub("hub-b")).await.is_some());
    }
}
