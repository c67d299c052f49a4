//! What every answer tells browsers, and which pages elsewhere may read answers.
//!
//! Answers are no pages unless they say so: by default nothing of them may run, be framed or be taken in by another site. Pages of
//! other addresses read answers only if `[http] cors_origins` names them, and never with cookies.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::address::ClientAddress;
use super::graphql::FORM_PREFLIGHT;
use crate::config::{AllowedOrigin, HttpConfig};

/// What holds for whatever does not say otherwise.
const FIXED: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];
/// A year, for this host only: others of the same office may have no TLS.
const ONLY_BY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// How long browsers may remember what pages of an origin may ask.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// Puts the headers on every answer of the routes, those to what is not there among them.
pub fn on_all(router: Router, config: &HttpConfig) -> Router {
    let router = match cross_origin(&config.cors_origins) {
        Some(layer) => router.layer(layer),
        None => router,
    };
    router.layer(from_fn_with_state(config.is_by_tls(), put))
}

async fn put(State(is_by_tls): State<bool>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ClientAddress>();
    let is_by_tls = is_by_tls || client.is_some_and(|client| client.is_by_tls);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        let value = HeaderValue::from_static(value);
        headers.entry(name).or_insert(value);
    }
    if is_by_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_BY_TLS);
    }
    response
}

/// What browsers are told of pages elsewhere; nothing where no page may read anything.
fn cross_origin(origins: &[AllowedOrigin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let one = |origin: &AllowedOrigin| match origin {
        AllowedOrigin::Any => None,
        AllowedOrigin::One(url) => HeaderValue::from_str(url.as_str()).ok(),
    };
    let listed: Option<Vec<_>> = origins.iter().map(one).collect();
    let usual = [header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE];
    let forms = FORM_PREFLIGHT.map(HeaderName::from_static);
    let asked_with: Vec<HeaderName> = usual.into_iter().chain(forms).collect();
    let layer = CorsLayer::new()
        .allow_origin(listed.map_or_else(AllowOrigin::any, AllowOrigin::list))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(asked_with)
        .expose_headers([header::RETRY_AFTER])
        .max_age(PREFLIGHT_AGE);
    Some(layer)
}
