//! GraphQL over WebSocket, as the protocol graphql-transport-ws has it.
//!
//! - `open` decides whether a connection may be upgraded.
//! - `message` is what travels; `close` why a connection ends.
//! - `operations` are those that run on one connection; `connection` is the conversation itself.
//!
//! Everything that a client asks passes the same guard as over HTTP.

mod close;
mod connection;
mod message;
mod operations;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_graphql::Executor;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{Method, header, request};
use axum::response::Response;

use super::{Endpoint, Refused, RequestContext};
use connection::Connection;

/// The one subprotocol spoken here.
pub const SUBPROTOCOL: &str = "graphql-transport-ws";

/// How much one WebSocket may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time from the opening to `connection_init`.
    pub init_timeout: Duration,
    /// Time between two pings. A client from which nothing comes between two of them is gone.
    pub ping_interval: Duration,
    /// Time that one message may take to be taken up by the client.
    pub send_timeout: Duration,
    /// Time that running queries and mutations have to end when the node shuts down.
    pub shutdown_timeout: Duration,
    /// Largest message of a client, in bytes.
    pub message_bytes: usize,
    /// Operations that run at once on one connection.
    pub operations: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            init_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(25),
            send_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(5),
            message_bytes: 64 * 1024,
            operations: 20,
        }
    }
}

/// Whether a request wants to become a WebSocket: by `Upgrade` in HTTP/1.1, by CONNECT in HTTP/2 (RFC 8441).
pub(super) fn is_upgrade(parts: &request::Parts) -> bool {
    let upgrade = parts.headers.get(header::UPGRADE);
    let wanted = upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    (parts.method == Method::GET && wanted) || parts.method == Method::CONNECT
}

/// Upgrades a connection. One without our subprotocol is upgraded too, to be closed with a code that clients can read.
pub(super) async fn open<E: Executor, C: RequestContext>(
    endpoint: Endpoint<E, C>,
    mut parts: request::Parts,
) -> Result<Response, Refused> {
    if !endpoint.inner.context.allows_origin(&parts.headers) {
        return Err(Refused::forbidden("pages of this origin may not connect"));
    }
    let place = endpoint.place_for_socket(&parts)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|rejection| Refused::bad_request(rejection.body_text()))?;
    let message_bytes = endpoint.inner.settings.ws.message_bytes;
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(message_bytes)
        .max_frame_size(message_bytes);
    let open = endpoint.inner.sockets.token();
    Ok(upgrade.on_upgrade(move |socket| async move {
        Connection::new(endpoint, parts, socket).run().await;
        drop((open, place));
    }))
}
