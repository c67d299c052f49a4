//! Writing answers.

use std::io::{self, Write};

use async_graphql::ServerError;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use graphql::guard::{ErrorCode, Outcome, error};
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

/// The answer to a request that the guard let through, of at most `limit` bytes.
pub(super) fn outcome(outcome: Outcome, media_type: MediaType, limit: usize) -> Response {
    match outcome {
        Outcome::Refused(errors) => rejected(&errors, media_type),
        Outcome::Executed(mut answer) => {
            let headers = std::mem::take(&mut answer.http_headers);
            let mut response = match text(&answer, limit) {
                Ok(body) => written(StatusCode::OK, media_type, body),
                Err(TooLong) => rejected(&[too_long(limit)], media_type),
            };
            response.headers_mut().extend(headers);
            response
        }
    }
}

fn errors(status: StatusCode, media_type: MediaType, told: &[ServerError]) -> Response {
    written(status, media_type, refusal(told))
}

/// An answer without data: GraphQL tells a request that did not run by its absence.
#[derive(Serialize)]
struct Errors<'a> {
    errors: &'a [ServerError],
}

/// The body of an answer, or what is told in place of one of more than `limit` bytes.
pub(super) fn body(outcome: &Outcome, limit: usize) -> Bytes {
    executed(outcome, limit).unwrap_or_else(|TooLong| refusal(&[too_long(limit)]))
}

/// The body of an answer, of at most `limit` bytes.
pub(super) fn executed(outcome: &Outcome, limit: usize) -> Result<Bytes, TooLong> {
    match outcome {
        Outcome::Refused(told) => Ok(refusal(told)),
        Outcome::Executed(answer) => text(answer, limit),
    }
}

/// Refusals are bounded in number and length, by the guard.
fn refusal(told: &[ServerError]) -> Bytes {
    text(&Errors { errors: told }, usize::MAX).unwrap_or_default()
}

/// An answer exceeded its bound.
#[derive(Debug)]
pub(super) struct TooLong;

/// What is told in place of an answer that is too long.
pub(super) fn too_long(limit: usize) -> ServerError {
    let message = format!(
        "the answer is longer than the {limit} bytes allowed; ask for smaller pages or fewer fields"
    );
    error(ErrorCode::AnswerTooLarge, message, Vec::new())
}

/// An answer that was written before.
pub(super) fn again(body: Bytes, media_type: MediaType) -> Response {
    written(StatusCode::OK, media_type, body)
}

/// Writes an answer, unless it is longer than allowed: then no more than that is written before it is given up.
pub(super) fn text(answer: &impl Serialize, limit: usize) -> Result<Bytes, TooLong> {
    let mut body = Bounded {
        written: Vec::with_capacity(USUAL_BYTES),
        limit,
    };
    match serde_json::to_writer(&mut body, answer) {
        Ok(()) => Ok(body.written.into()),
        Err(_) => Err(TooLong),
    }
}

struct Bounded {
    written: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.written.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.written.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(status: StatusCode, media_type: MediaType, body: Bytes) -> Response {
    let mut response = unstored(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type.content_type());
    response
}

/// An answer that nobody keeps, nor takes for anything but what it says it is.
pub(super) fn unstored(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
