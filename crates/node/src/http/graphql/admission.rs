//! Letting requests in: who asks, whether they ask too often, and whether there is a place for the work.

use async_graphql::Executor;
use axum::http::{StatusCode, request};
use tokio::sync::OwnedSemaphorePermit;

use super::super::address::ClientAddress;
use super::super::connections::crowd;
use super::super::load::Asker;
use super::{Caller, Endpoint, Refused, RequestContext, caller};

impl<E: Executor, C: RequestContext> Endpoint<E, C> {
    /// Recognises who asks, and counts the request.
    ///
    /// # Errors
    /// Wrong credentials, which are never taken for none; or too many requests, or too many wrong credentials.
    pub async fn identify(&self, parts: &request::Parts) -> Result<C::Viewer, Refused> {
        self.recognise(caller(parts)?).await
    }

    pub(super) async fn recognise(&self, caller: Caller<'_>) -> Result<C::Viewer, Refused> {
        let context = &self.inner.context;
        let Some(load) = context.load() else {
            return context.identify(caller).await;
        };
        if let Err(refused) = load.look(caller.client)
            && !context.is_operator(caller)
        {
            return Err(refused);
        }
        let viewer = context.identify(caller).await;
        match &viewer {
            Ok(viewer) => load.count(caller.client, &context.asker(viewer))?,
            // What fails here is no guess.
            Err(refused) if refused.status == StatusCode::INTERNAL_SERVER_ERROR => {}
            Err(_) => load.count(caller.client, &Asker::Wrong)?,
        }
        viewer
    }

    /// Counts an operation over a WebSocket, and gives it a place.
    pub(super) fn admit_operation(
        &self,
        client: Option<ClientAddress>,
        viewer: &C::Viewer,
    ) -> Result<Option<OwnedSemaphorePermit>, Refused> {
        let context = &self.inner.context;
        let Some(load) = context.load() else {
            return Ok(None);
        };
        load.count(client, &context.asker(viewer))?;
        self.place(viewer)
    }

    /// Refuses before a body is read for which there would be no place.
    pub(super) fn look_for_place(&self, viewer: &C::Viewer) -> Result<(), Refused> {
        let context = &self.inner.context;
        let load = context.load();
        load.map_or(Ok(()), |load| load.look_for_place(&context.asker(viewer)))
    }

    /// A place to work in.
    pub(super) fn place(
        &self,
        viewer: &C::Viewer,
    ) -> Result<Option<OwnedSemaphorePermit>, Refused> {
        let context = &self.inner.context;
        let load = context.load();
        load.map(|load| load.place(&context.asker(viewer)))
            .transpose()
    }

    /// A place for a WebSocket, whose opening counts as a request.
    pub(super) fn place_for_socket(
        &self,
        parts: &request::Parts,
    ) -> Result<Option<crowd::Place>, Refused> {
        let client = parts.extensions.get::<ClientAddress>().copied();
        let Some(load) = self.inner.context.load() else {
            return Ok(None);
        };
        load.count(client, &Asker::Anyone)?;
        load.socket(client).map(Some)
    }
}
