//! What the node answers over HTTP.
//!
//! - [`connections`] takes connections, and [`address`] tells where a request comes from.
//! - [`graphql`] is the front door of the GraphQL schema; [`viewer`] tells it who asks.
//! - [`auth`] is signing in with accounts of other systems.
//! - [`load`] counts what is asked, and sends away what is too much.
//! - [`headers`] are what every answer tells browsers.
//! - [`export`] gives innovations as files.
//! - [`health`] tells machines whether the node lives and is ready.
//! - [`metrics`] tells them numbers.
//! - [`assets`] serves the pages that are built into the program.

pub mod address;
pub mod assets;
pub mod auth;
pub mod connections;
pub mod export;
pub mod graphql;
pub mod headers;
pub mod health;
pub mod load;
pub mod metrics;
pub mod viewer;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use crate::hub::Hub;

/// Below this size, compressing costs more than it saves.
const LEAST_COMPRESSED_BYTES: u64 = 1024;

/// All routes of a hub.
pub fn router(hub: &Hub, endpoint: &viewer::GraphqlEndpoint) -> Router {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(LEAST_COMPRESSED_BYTES).and(NotForContentType::SSE));
    let load = endpoint.context().load();
    let metrics = if hub.config.http.metrics {
        metrics::routes(hub, load)
    } else {
        Router::new()
    };
    // The others count by whoever asks. Whether the program lives is told to anybody at any time.
    let counted = Router::new()
        .merge(metrics)
        .merge(assets::routes(endpoint, hub.config.graphql.graphiql))
        .merge(auth::routes(hub))
        .route("/readyz", get(health::ready).with_state(hub.clone()))
        .layer(from_fn_with_state(Arc::clone(load), load::by_address));
    let router = Router::new()
        .merge(counted)
        .merge(viewer::graphql_routes(endpoint))
        .merge(export::routes(hub, endpoint))
        .route("/healthz", get(health::alive))
        .layer(compression)
        .layer(CatchPanicLayer::new());
    headers::on_all(router, &hub.config.http)
}
