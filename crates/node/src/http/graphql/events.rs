//! Answers as events: GraphQL over Server-Sent Events, in its mode of distinct connections.
//!
//! Each result is an event `next`, and the end is `complete`. What the guard refuses is told as a result too, since pages cannot
//! read the answer to a stream that is refused. A comment now and then keeps proxies from closing what is quiet; with it somebody
//! whose rights can end is recognised again. Where those ended, or the node shuts down, the stream just ends: clients come again.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::Executor;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, StreamExt};
use graphql::guard::{ErrorCode, Outcome};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::address::ClientAddress;
use super::super::connections::crowd;
use super::{Endpoint, Refused, RequestContext, answer, caller};

/// The end of a stream. It has data, without which browsers do not tell of an event.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// Nothing, said to keep the stream open.
const COMMENT: &[u8] = b":\n\n";
/// After how many seconds a client that found no place may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// A place among all streams, and one among those of the address.
pub(super) type Places = (OwnedSemaphorePermit, Option<crowd::Place>);

/// A stream of events that is open.
struct Events<E, C> {
    endpoint: Endpoint<E, C>,
    /// What is still to be told; nothing once all is.
    outcomes: Option<BoxStream<'static, Outcome>>,
    /// The request of somebody who is to be recognised again.
    asker: Option<request::Parts>,
    every: Interval,
    _place: Places,
    _open: TaskTrackerToken,
}

impl<E: Executor, C: RequestContext> Endpoint<E, C> {
    /// A place for one more stream.
    ///
    /// # Errors
    /// All are taken.
    pub(super) fn place_for_events(&self, parts: &request::Parts) -> Result<Places, Refused> {
        let client = parts.extensions.get::<ClientAddress>().copied();
        let load = self.inner.context.load();
        let of_address = load.map(|load| load.events(client)).transpose()?;
        let places = Arc::clone(&self.inner.event_streams);
        let place = places.try_acquire_owned().map_err(|_| {
            let message = "too many streams of events are open at this hub; come again later";
            let (status, code) = (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TooManyOperations,
            );
            Refused::new(status, code, message).with_header(header::RETRY_AFTER, RETRY_AFTER)
        })?;
        Ok((place, of_address))
    }

    /// Answers with what a mutation did. It is awaited before anything is answered, since it may set headers: signing in gives a
    /// cookie.
    pub(super) fn done_events(&self, mut done: Outcome, place: Places) -> Response {
        let headers = match &mut done {
            Outcome::Executed(answer) => std::mem::take(&mut answer.http_headers),
            Outcome::Refused(_) => HeaderMap::new(),
        };
        let told = stream::once(std::future::ready(done)).boxed();
        let mut response = self.events(told, None, place);
        response.headers_mut().extend(headers);
        response
    }

    /// Answers with the outcomes of an operation as they come; `asker` is the request of somebody whose rights may end.
    pub(super) fn events(
        &self,
        outcomes: BoxStream<'static, Outcome>,
        asker: Option<request::Parts>,
        place: Places,
    ) -> Response {
        let pause = self.inner.settings.event_pause;
        let events = Events {
            endpoint: self.clone(),
            outcomes: Some(outcomes),
            asker,
            every: interval_at(Instant::now() + pause, pause),
            _place: place,
            _open: self.inner.sockets.token(),
        };
        let said = stream::unfold(events, |mut events| async move {
            let said = events.next().await?;
            Some((Ok::<_, Infallible>(said), events))
        });
        let mut response = answer::unstored(Body::from_stream(said));
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static("text/event-stream; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, content_type);
        // Proxies such as nginx would collect events into larger pieces.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

impl<E: Executor, C: RequestContext> Events<E, C> {
    async fn next(&mut self) -> Option<Bytes> {
        let outcomes = self.outcomes.as_mut()?;
        let shutdown = &self.endpoint.inner.shutdown;
        tokio::select! {
            biased;
            () = shutdown.cancelled() => None,
            outcome = AssertUnwindSafe(outcomes.next()).catch_unwind() => Some(self.tell(outcome)),
            _ = self.every.tick() => {
                let is_known = is_known(&self.endpoint, self.asker.as_ref()).await;
                is_known.then_some(Bytes::from_static(COMMENT))
            }
        }
    }

    /// Writes what happened. The panic itself is told by the panic hook.
    fn tell(&mut self, outcome: std::thread::Result<Option<Outcome>>) -> Bytes {
        let limit = self.endpoint.inner.settings.answer_bytes;
        match outcome {
            Ok(Some(outcome)) => next(&answer::body(&outcome, limit)),
            Ok(None) => {
                self.outcomes = None;
                Bytes::from_static(COMPLETE)
            }
            Err(_) => {
                self.outcomes = None;
                let failed = Outcome::Refused(vec![Refused::internal().into_error()]);
                let failed = next(&answer::body(&failed, limit));
                [failed.as_ref(), COMPLETE].concat().into()
            }
        }
    }
}

/// Whether whoever asked is still who they were.
async fn is_known<E: Executor, C: RequestContext>(
    endpoint: &Endpoint<E, C>,
    asker: Option<&request::Parts>,
) -> bool {
    let Some(asker) = asker else {
        return true;
    };
    let Ok(caller) = caller(asker) else {
        return false;
    };
    let viewer = endpoint.inner.context.identify(caller).await;
    viewer.is_ok_and(|viewer| endpoint.inner.context.may_change(&viewer))
}

/// One result. JSON has no line breaks as it is written here.
fn next(body: &[u8]) -> Bytes {
    [b"event: next\ndata: ", body, b"\n\n"].concat().into()
}
