//! Who asks: the holder of the operator's token, or anyone.

use async_graphql::Data;
use axum::Router;
use graphql::guard::{Guarded, Limits};
use graphql::{Schema, Viewer};
use tokio_util::sync::CancellationToken;

use super::graphql::{Caller, Endpoint, Refused, RequestContext, Settings};
use crate::hub::Hub;
use crate::keys::OperatorToken;

/// Recognises the operator.
pub struct Viewers {
    token: OperatorToken,
}

impl RequestContext for Viewers {
    type Viewer = Viewer;

    /// No credentials are anyone's; wrong ones are refused, never silently anyone's.
    async fn identify(&self, caller: Caller<'_>) -> Result<Viewer, Refused> {
        let Some(authorization) = caller.authorization else {
            return Ok(Viewer::Anyone);
        };
        let bearer = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match bearer {
            Some((_, token)) if self.token.is(token.trim()) => Ok(Viewer::Operator),
            _ => Err(Refused::unauthenticated("the token is not the operator's")),
        }
    }

    fn data(&self, viewer: &Viewer) -> Data {
        let mut data = Data::default();
        data.insert(*viewer);
        data
    }
}

/// The GraphQL endpoint of a hub.
pub type GraphqlEndpoint = Endpoint<Schema, Viewers>;

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
    Endpoint::new(
        guarded,
        Viewers {
            token: hub.token.clone(),
        },
        settings,
        closing,
    )
}

/// The routes of the GraphQL endpoint; the WebSocket has a path of its own beside the shared one.
pub fn graphql_routes(endpoint: &GraphqlEndpoint) -> Router {
    Router::new()
        .route("/graphql", endpoint.route())
        .route("/graphql/ws", endpoint.route())
}
