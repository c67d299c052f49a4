//! Who asks: the holder of the operator's token, another hub that shows who it is, or anyone.

use std::sync::Arc;

use async_graphql::Data;
use axum::Router;
use domain::clock::Clock;
use domain::token;
use graphql::guard::{Admitted, Guarded, Limits};
use graphql::{Ahead, Begun, OperationTrust, OperationTurn, Served, Viewer};
use storage::tokens::UsedTokens;
use storage::{Database, StorageError};
use tokio_util::sync::CancellationToken;

use super::graphql::{Answers, Caller, Endpoint, Refused, RequestContext, Settings};
use crate::hub::Hub;
use crate::keys::OperatorToken;
use crate::system::SystemClock;

/// Recognises the operator and other hubs.
pub struct Viewers {
    token: OperatorToken,
    db: Database,
    clock: Arc<dyn Clock>,
    used: UsedTokens,
    answers: Answers,
}

impl Viewers {
    /// The hub that made a token for this one.
    async fn hub(&self, text: &str) -> Result<Viewer, Refused> {
        let trust = storage::trust::load(&self.db).await.map_err(failed)?;
        let now = self.clock.now();
        let wrong = |error: token::TokenError| Refused::unauthenticated(error.to_string());
        let token = token::verify(text, &trust, self.db.hub(), now).map_err(wrong)?;
        let noted = self.used.note(&token, now).await.map_err(failed)?;
        noted.map_err(wrong)?;
        Ok(Viewer::Hub(token.issuer))
    }
}

fn failed(error: StorageError) -> Refused {
    let error = &error as &dyn std::error::Error;
    tracing::error!(error, "who asks cannot be told");
    Refused::internal()
}

impl RequestContext for Viewers {
    type Viewer = Viewer;

    /// No credentials are anyone's; wrong ones are refused, never silently anyone's.
    async fn identify(&self, caller: Caller<'_>) -> Result<Viewer, Refused> {
        let Some(authorization) = caller.authorization else {
            self.db.traffic().note_request();
            return Ok(Viewer::Anyone);
        };
        let bearer = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match bearer {
            Some((_, token)) if self.token.is(token.trim()) => {
                self.db.traffic().note_request();
                Ok(Viewer::Operator)
            }
            Some((_, token)) if token::is_one(token.trim()) => self.hub(token.trim()).await,
            _ => Err(Refused::unauthenticated(
                "the token is neither the operator's nor a hub's; ask without one for what is public",
            )),
        }
    }

    fn answers(&self) -> Option<&Answers> {
        Some(&self.answers)
    }

    /// What a hub may see depends on the trust of the moment, so it is always answered anew.
    fn rights(&self, viewer: &Viewer) -> Option<u8> {
        match viewer {
            Viewer::Anyone => Some(0),
            Viewer::Operator => Some(1),
            Viewer::Hub(_) => None,
        }
    }

    async fn data(&self, viewer: &Viewer, admitted: &Admitted) -> Data {
        let mut data = Data::default();
        data.insert(viewer.clone());
        data.insert(Ahead::default());
        Begun::put(&mut data, admitted, &self.db, &SystemClock).await;
        if matches!(viewer, Viewer::Hub(_)) {
            data.insert(OperationTrust::default());
            data.insert(OperationTurn::default());
        }
        data
    }
}

/// The GraphQL endpoint of a hub.
pub type GraphqlEndpoint = Endpoint<Served, Viewers>;

/// Makes the endpoint of a hub; its sockets are closed when `closing` is cancelled.
pub fn endpoint(hub: &Hub, closing: CancellationToken) -> GraphqlEndpoint {
    let schema = graphql::serve(hub.context());
    let guarded =
        Guarded::new(schema, &graphql::sdl(), Limits::default()).expect("our own schema is one");
    let body_bytes = usize::try_from(hub.config.http.max_body_bytes.get()).expect("32 bits fit");
    let settings = Settings {
        body_bytes,
        ..Settings::default()
    };
    let viewers = Viewers {
        token: hub.token.clone(),
        used: UsedTokens::new(&hub.db, SystemClock.now()),
        answers: Answers::new(
            hub.db.clone(),
            Arc::new(SystemClock),
            hub.search.clone(),
            Arc::clone(&hub.statistics),
        ),
        db: hub.db.clone(),
        clock: Arc::new(SystemClock),
    };
    Endpoint::new(guarded, viewers, settings, closing)
}

/// The routes of the GraphQL endpoint; the WebSocket has a path of its own beside the shared one.
pub fn graphql_routes(endpoint: &GraphqlEndpoint) -> Router {
    Router::new()
        .route("/graphql", endpoint.route())
        .route("/graphql/ws", endpoint.route())
}
