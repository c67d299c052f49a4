//! Writing answers.

use async_graphql::ServerError;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use graphql::guard::Outcome;
use serde::Serialize;

use super::media_type::MediaType;
use super::refused::Refused;

/// Room made for an answer before it is written: that of a page of records, which then need not be moved.
const USUAL_BYTES: usize = 16 * 1024;

/// The answer to a request that is refused as such; its status is told under either media type.
pub(super) fn refused(refused: Refused, media_type: MediaType) -> Response {
    let status = refused.status;
    let header = refused.header.clone();
    let mut response = errors(status, media_type, &[refused.into_error()]);
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The answer to a request that the guard or validation refused. Without data; the older media type knows no other
/// status than 200 for it.
pub(super) fn rejected(told: &[ServerError], media_type: MediaType) -> Response {
    let status = match media_type {
        MediaType::Json => StatusCode::OK,
        MediaType::GraphqlResponse => StatusCode::BAD_REQUEST,
    };
    errors(status, media_type, told)
}

/// The answer to a request that the guard let through.
pub(super) fn outcome(outcome: Outcome, media_type: MediaType) -> Response {
    match outcome {
        Outcome::Refused(errors) => rejected(&errors, media_type),
        Outcome::Executed(mut answer) => {
            let headers = std::mem::take(&mut answer.http_headers);
            let mut response = json(StatusCode::OK, media_type, &answer);
            response.headers_mut().extend(headers);
            response
        }
    }
}

fn errors(status: StatusCode, media_type: MediaType, told: &[ServerError]) -> Response {
    json(status, media_type, &Errors { errors: told })
}

/// An answer without data: GraphQL tells a request that did not run by its absence.
#[derive(Serialize)]
struct Errors<'a> {
    errors: &'a [ServerError],
}

/// The body of an answer to a request that was executed.
pub(super) fn body(outcome: &Outcome) -> Bytes {
    match outcome {
        Outcome::Refused(told) => text(&Errors { errors: told }),
        Outcome::Executed(answer) => text(answer),
    }
}

/// An answer that was written before.
pub(super) fn again(body: Bytes, media_type: MediaType) -> Response {
    written(StatusCode::OK, media_type, body)
}

fn json(status: StatusCode, media_type: MediaType, answer: &impl Serialize) -> Response {
    written(status, media_type, text(answer))
}

fn text(answer: &impl Serialize) -> Bytes {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut body, answer).expect("an answer is JSON, and memory takes it");
    body.into()
}

fn written(status: StatusCode, media_type: MediaType, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type.content_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
