//! What the node answers over HTTP.
//!
//! - [`connections`] takes connections, and [`address`] tells where a request comes from.
//! - [`graphql`] is the front door of the GraphQL schema; [`viewer`] tells it who asks.
//! - [`export`] gives innovations as files.
//! - [`health`] tells machines whether the node lives and is ready.
//! - [`metrics`] tells them numbers.
//! - [`assets`] serves the pages that are built into the program.

pub mod address;
pub mod assets;
pub mod connections;
pub mod export;
pub mod graphql;
pub mod health;
pub mod metrics;
pub mod viewer;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::hub::Hub;

/// Below this size, compressing costs more than it saves.
const LEAST_COMPRESSED_BYTES: u64 = 1024;

/// All routes of a hub.
pub fn router(hub: &Hub, endpoint: &viewer::GraphqlEndpoint) -> Router {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(LEAST_COMPRESSED_BYTES).and(NotForContentType::SSE));
    let fixed = |name: HeaderName, value| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let metrics = if hub.config.http.metrics {
        metrics::routes(hub)
    } else {
        Router::new()
    };
    Router::new()
        .merge(metrics)
        .merge(viewer::graphql_routes(endpoint))
        .merge(export::routes(hub, endpoint))
        .merge(assets::routes(endpoint, hub.config.graphql.graphiql))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready).with_state(hub.clone()))
        .layer(compression)
        .layer(CatchPanicLayer::new())
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
}
