//! The conversation on one WebSocket.

use std::convert::Infallible;
use std::error::Error as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use axum::extract::ws::{Message, WebSocket};
use axum::http::request;
use futures_util::FutureExt;
use graphql::guard::{ErrorCode, Outcome, Refusal, error};
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};

use super::super::super::address::ClientAddress;
use super::super::answer;
use super::super::parameters::Parameters;
use super::super::{Caller, Endpoint, Refused, RequestContext, caller};
use super::close::Close;
use super::message::{FromClient, FromHub, InitPayload};
use super::operations::{Event, Operations};

/// Time given to the client to take up the reason why the connection ends.
const CLOSING: Duration = Duration::from_secs(1);

/// One WebSocket and what runs on it.
pub(super) struct Connection<E, C: RequestContext> {
    endpoint: Endpoint<E, C>,
    opening: request::Parts,
    socket: WebSocket,
    viewer: Option<C::Viewer>,
    /// What the client showed with `connection_init`.
    shown: InitPayload,
    operations: Operations,
}

/// How a conversation ends.
#[derive(Debug)]
enum End {
    /// The client went away.
    Gone,
    /// We hang up, and say why.
    HangUp(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::HangUp(close)
    }
}

impl<E: Executor, C: RequestContext> Connection<E, C> {
    pub(super) fn new(
        endpoint: Endpoint<E, C>,
        opening: request::Parts,
        socket: WebSocket,
    ) -> Self {
        Self {
            endpoint,
            opening,
            socket,
            viewer: None,
            shown: InitPayload::default(),
            operations: Operations::default(),
        }
    }

    /// Talks until either side ends it. All operations end with it.
    pub(super) async fn run(mut self) {
        let end = if self.socket.protocol().is_none() {
            End::HangUp(Close::SUBPROTOCOL)
        } else {
            match AssertUnwindSafe(self.converse()).catch_unwind().await {
                Ok(Err(end)) => end,
                // The panic itself is told by the panic hook.
                Err(_) => End::HangUp(Close::INTERNAL),
            }
        };
        self.operations = Operations::default();
        if let End::HangUp(close) = end {
            self.hang_up(close).await;
        }
    }

    async fn converse(&mut self) -> Result<Infallible, End> {
        let settings = self.endpoint.inner.settings.ws.clone();
        let shutdown = self.endpoint.inner.shutdown.clone();
        let mut init = std::pin::pin!(sleep(settings.init_timeout));
        let start = tokio::time::Instant::now() + settings.ping_interval;
        let mut ping = interval_at(start, settings.ping_interval);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = true;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => {
                    self.finish(settings.shutdown_timeout).await?;
                    return Err(Close::GOING_AWAY.into());
                }
                () = &mut init, if self.viewer.is_none() => return Err(Close::INIT_TIMEOUT.into()),
                _ = ping.tick() => {
                    if !std::mem::replace(&mut heard, false) {
                        return Err(Close::SILENT.into());
                    }
                    self.recognise().await?;
                    self.say(FromHub::Ping).await?;
                }
                received = self.socket.recv() => {
                    heard = true;
                    self.hear(received).await?;
                }
                (id, event) = self.operations.next() => self.tell(&id, event).await?,
            }
        }
    }

    async fn hear(&mut self, received: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match received {
            Some(Err(error)) if is_too_large(&error) => Err(Close::TOO_LARGE.into()),
            None | Some(Err(_)) => Err(End::Gone),
            Some(Ok(Message::Text(text))) => self.obey(FromClient::parse(&text)?).await,
            Some(Ok(Message::Binary(_))) => Err(Close::bad_request("messages are text").into()),
            // Frames of WebSocket itself, which axum answers. After a close the next look finds the end.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => Ok(()),
        }
    }

    async fn obey(&mut self, message: FromClient<'_>) -> Result<(), End> {
        match message {
            FromClient::ConnectionInit(payload) => self.init(payload).await,
            FromClient::Ping(payload) => self.say(FromHub::Pong { payload }).await,
            FromClient::Pong => Ok(()),
            FromClient::Subscribe(id, parameters) => self.subscribe(&id, parameters).await,
            FromClient::Complete(id) => {
                self.operations.end(&id);
                Ok(())
            }
        }
    }

    async fn init(&mut self, payload: InitPayload) -> Result<(), End> {
        if self.viewer.is_some() {
            return Err(Close::TOO_MANY_INITS.into());
        }
        self.shown = payload;
        let endpoint = self.endpoint.clone();
        let recognised = match self.caller() {
            Ok(caller) => endpoint.recognise(caller).await,
            Err(refused) => Err(refused),
        };
        match recognised {
            Ok(viewer) => self.viewer = Some(viewer),
            Err(refused) if refused.code == ErrorCode::RateLimited => {
                return Err(Close::TRY_AGAIN.into());
            }
            Err(refused) => return Err(Close::forbidden(refused.message).into()),
        }
        self.say(FromHub::ConnectionAck).await
    }

    fn caller(&self) -> Result<Caller<'_>, Refused> {
        let mut caller = caller(&self.opening)?;
        if let Some(authorization) = &self.shown.authorization {
            caller.authorization = Some(authorization);
        }
        Ok(caller)
    }

    /// Recognises somebody again whose session or token may have ended, or who may have other rights by now.
    async fn recognise(&mut self) -> Result<(), End> {
        let endpoint = self.endpoint.clone();
        let may_change = |viewer: &C::Viewer| endpoint.inner.context.may_change(viewer);
        if !self.viewer.as_ref().is_some_and(may_change) {
            return Ok(());
        }
        let caller = self.caller().map_err(|_| Close::SIGNED_OUT)?;
        let viewer = endpoint.inner.context.identify(caller).await;
        let viewer = viewer.ok().filter(may_change);
        self.viewer = Some(viewer.ok_or(Close::SIGNED_OUT)?);
        Ok(())
    }

    async fn subscribe(&mut self, id: &str, mut parameters: Parameters<'_>) -> Result<(), End> {
        self.recognise().await?;
        let Some(viewer) = &self.viewer else {
            return Err(Close::UNAUTHORIZED.into());
        };
        if self.operations.contains(id) {
            return Err(Close::id_in_use(id).into());
        }
        let limit = self.endpoint.inner.settings.ws.operations;
        if self.operations.len() >= limit {
            let message =
                format!("{limit} operations run on this connection; more are not allowed");
            let payload = &[error(ErrorCode::TooManyOperations, message, Vec::new())];
            return self.say(FromHub::Error { id, payload }).await;
        }
        let client = self.opening.extensions.get::<ClientAddress>().copied();
        let place = match self.endpoint.admit_operation(client, viewer) {
            Ok(place) => place,
            Err(refused) => {
                let payload = &[refused.into_error()];
                return self.say(FromHub::Error { id, payload }).await;
            }
        };
        let schema = self.endpoint.inner.schema.clone();
        let allowed = self.endpoint.inner.context.allowed(viewer);
        let admitted = match parameters.asked(&schema, allowed) {
            Ok(asked) => schema.admit(asked).await.map_err(Refusal::into_errors),
            Err(refused) => Err(vec![refused.into_error()]),
        };
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(payload) => {
                let payload = &payload;
                return self.say(FromHub::Error { id, payload }).await;
            }
        };
        let kind = admitted.operation();
        let caller = caller(&self.opening);
        let caller = caller.map_err(|refused| Close::forbidden(refused.message))?;
        let context = &self.endpoint.inner.context;
        let data = context.data(viewer, caller, &admitted).await;
        let outcomes = self.endpoint.outcomes(admitted, data, place);
        self.operations.start(id, kind, outcomes);
        Ok(())
    }

    /// Tells the client what happened to an operation.
    async fn tell(&mut self, id: &Arc<str>, event: Event) -> Result<(), End> {
        match event {
            Event::Outcome(Outcome::Executed(response)) => {
                let limit = self.endpoint.inner.settings.answer_bytes;
                let payload = &response;
                if let Ok(message) = (FromHub::Next { id, payload }).into_message(limit) {
                    return self.send(message).await;
                }
                self.operations.end(id);
                let payload = &[answer::too_long(limit)];
                self.say(FromHub::Error { id, payload }).await
            }
            Event::Outcome(Outcome::Refused(errors)) | Event::Failed(errors) => {
                self.operations.end(id);
                let payload = &errors;
                self.say(FromHub::Error { id, payload }).await
            }
            Event::Ended => {
                self.operations.end(id);
                self.say(FromHub::Complete { id }).await
            }
        }
    }

    /// Lets queries and mutations end, which were asked before the node was told to stop.
    async fn finish(&mut self, within: Duration) -> Result<(), End> {
        self.operations.end_subscriptions();
        let finished = timeout(within, async {
            while self.operations.len() > 0 {
                let (id, event) = self.operations.next().await;
                self.tell(&id, event).await?;
            }
            Ok(())
        });
        finished.await.unwrap_or(Ok(()))
    }

    /// Says something that is short by itself. A client that does not take it up in time is gone: its queue must not grow.
    async fn say(&mut self, message: FromHub<'_>) -> Result<(), End> {
        let message = message.into_message(usize::MAX);
        self.send(message.expect("there is no bound")).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let within = self.endpoint.inner.settings.ws.send_timeout;
        let sent = timeout(within, self.socket.send(message)).await;
        sent.map_err(|_| End::Gone)?.map_err(|_| End::Gone)
    }

    async fn hang_up(&mut self, close: Close) {
        let goodbye = async {
            let frame = Message::Close(Some(close.into_frame()));
            if self.socket.send(frame).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // Whether the client heard it or not, the connection ends here.
        let _ = timeout(CLOSING, goodbye).await;
    }
}

/// Whether a message exceeded the bound given to axum, which passes on only the text of its library's error.
fn is_too_large(error: &axum::Error) -> bool {
    let cause = error.source().map(ToString::to_string);
    cause
        .unwrap_or_else(|| error.to_string())
        .starts_with("Space limit exceeded")
}
