//! The pages that are built into the program.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::viewer::GraphqlEndpoint;
use crate::config::Who;

/// The routes of GraphiQL, and the root, which leads there until the portal comes.
pub fn routes(endpoint: &GraphqlEndpoint, graphiql: Who) -> Router {
    let endpoint = endpoint.clone();
    let page = get(async move |request: Request| {
        let (parts, _) = request.into_parts();
        if !may_open(&endpoint, &parts, graphiql).await {
            let message = "GraphiQL is not open to everybody at this hub; sign in first\n";
            return (StatusCode::FORBIDDEN, message).into_response();
        }
        serve(&parts.uri, &parts.headers)
    });
    Router::new()
        .route("/", get(async || Redirect::temporary("/graphiql/")))
        .route("/graphiql", get(async || Redirect::permanent("/graphiql/")))
        .route("/graphiql/", page.clone())
        .route("/graphiql/{*path}", page)
}

async fn may_open(endpoint: &GraphqlEndpoint, parts: &request::Parts, graphiql: Who) -> bool {
    if graphiql == Who::Anyone {
        return true;
    }
    let viewer = endpoint.identify(parts).await;
    viewer.is_ok_and(|viewer| graphiql.has(&viewer))
}

fn serve(uri: &Uri, headers: &HeaderMap) -> Response {
    let Some(asset) = web::find(uri.path()) else {
        return (StatusCode::NOT_FOUND, "there is no such page\n").into_response();
    };
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let asset = asset.encoded_for(accepted.unwrap_or_default());
    let mut answer = HeaderMap::new();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, asset.content_type);
    set(header::ETAG, &asset.etag);
    set(header::CACHE_CONTROL, asset.cache_control());
    set(header::VARY, "accept-encoding");
    set(
        header::CONTENT_SECURITY_POLICY,
        web::CONTENT_SECURITY_POLICY,
    );
    if let Some(encoding) = asset.encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|etag| etag.trim() == asset.etag)) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    (answer, asset.bytes.into_owned()).into_response()
}
