//! The operations that run on one connection.
//!
//! They run within the connection's own task: ending it ends them all, and none runs ahead of what the client takes.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::ServerError;
use async_graphql::parser::types::OperationType;
use futures_util::future::{AbortHandle, Abortable, FutureExt};
use futures_util::stream::{self, BoxStream, SelectAll, Stream, StreamExt};
use graphql::guard::Outcome;

use super::super::Refused;

/// Something that happened to one operation.
#[derive(Debug)]
pub(super) enum Event {
    /// It has a result.
    Outcome(Outcome),
    /// It failed by a fault of ours.
    Failed(Vec<ServerError>),
    /// It has no more results.
    Ended,
}

/// The operations that run, by the ids that the client gave them.
#[derive(Default)]
pub(super) struct Operations {
    running: HashMap<Arc<str>, Running>,
    events: SelectAll<BoxStream<'static, (Arc<str>, Event)>>,
}

struct Running {
    kind: OperationType,
    abort: AbortHandle,
}

impl Operations {
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }

    /// Starts an operation under an id that none has. It runs from now on, not only when the next event is looked for: a
    /// client that is answered to a `ping` behind `subscribe` misses nothing that changes from then on.
    pub(super) fn start(
        &mut self,
        id: &str,
        kind: OperationType,
        outcomes: impl Stream<Item = Outcome> + Send + 'static,
    ) {
        let id: Arc<str> = id.into();
        let (abort, registration) = AbortHandle::new_pair();
        let outcomes = AssertUnwindSafe(outcomes).catch_unwind();
        let events = outcomes.map(|outcome| match outcome {
            Ok(outcome) => Event::Outcome(outcome),
            Err(_) => Event::Failed(vec![Refused::internal().into_error()]),
        });
        let ended = stream::once(std::future::ready(Event::Ended));
        let named = Arc::clone(&id);
        let events = events
            .chain(ended)
            .map(move |event| (Arc::clone(&named), event));
        let events = Abortable::new(events, registration).boxed();
        let mut events = Box::pin(events.peekable());
        let _ = events.as_mut().peek().now_or_never();
        self.events.push(events);
        self.running.insert(id, Running { kind, abort });
    }

    /// Ends an operation, if it runs: nothing more is heard of it, and its id is free.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.abort.abort();
        }
    }

    /// Ends the subscriptions, which would go on for ever.
    pub(super) fn end_subscriptions(&mut self) {
        self.running.retain(|_, running| {
            let goes_on = running.kind != OperationType::Subscription;
            if !goes_on {
                running.abort.abort();
            }
            goes_on
        });
    }

    /// The next event of any operation. Waits for ever while none runs.
    pub(super) async fn next(&mut self) -> (Arc<str>, Event) {
        match self.events.next().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn an_operation_runs_as_soon_as_it_is_started() {
        let is_running = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_running);
        let outcome = stream::once(async move {
            seen.store(true, Ordering::SeqCst);
            Outcome::Refused(Vec::new())
        });
        let mut operations = Operations::default();
        operations.start("a", OperationType::Subscription, outcome);
        assert!(is_running.load(Ordering::SeqCst));
        let (id, event) = operations.next().await;
        assert!(
            matches!((&*id, &event), ("a", Event::Outcome(_))),
            "{event:?}"
        );
        assert!(matches!(operations.next().await.1, Event::Ended));
    }
}
