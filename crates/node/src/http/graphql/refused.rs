//! A request that is refused before the guard sees it, or by its transport.

use std::borrow::Cow;
use std::time::Duration;

use async_graphql::ServerError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use graphql::guard::{ErrorCode, error};

/// Why a request is refused whatever it asks: status, code, and a sentence for people.
#[derive(Debug)]
pub struct Refused {
    pub(in super::super) status: StatusCode,
    pub(super) code: ErrorCode,
    pub(super) message: Cow<'static, str>,
    pub(in super::super) header: Option<(HeaderName, HeaderValue)>,
}

impl Refused {
    /// A refusal with no header of its own.
    pub fn new(status: StatusCode, code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            header: None,
        }
    }

    /// The credentials are wrong: 401, asking for a bearer token (RFC 6750, section 3).
    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        let (status, code) = (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated);
        let challenge = HeaderValue::from_static("Bearer");
        Self::new(status, code, message).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// The caller may not do this: 403.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message)
    }

    /// The code that clients are told.
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// Adds the header that such a refusal carries, such as `Allow` or `Retry-After`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadRequest, message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::too_much(format!("the body is larger than the {limit} bytes allowed"))
    }

    /// The body has more of something than it may: 413.
    pub(super) fn too_much(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, message)
    }

    pub(super) fn unsupported_media_type(message: &'static str) -> Self {
        let (status, code) = (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::UnsupportedMediaType,
        );
        Self::new(status, code, message)
    }

    pub(super) fn not_acceptable(message: &'static str) -> Self {
        let (status, code) = (StatusCode::NOT_ACCEPTABLE, ErrorCode::NotAcceptable);
        Self::new(status, code, message)
    }

    pub(super) fn method_not_allowed(message: &'static str, allowed: &'static str) -> Self {
        let (status, code) = (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed);
        let allowed = HeaderValue::from_static(allowed);
        Self::new(status, code, message).with_header(header::ALLOW, allowed)
    }

    /// It took longer than it may: 503. A mutation may have been done.
    pub(super) fn timeout(within: Duration) -> Self {
        let seconds = within.as_secs();
        let message = format!(
            "the request was given up after {seconds} seconds; ask for less, and look whether a mutation was done before you repeat it"
        );
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, ErrorCode::Timeout, message)
    }

    /// The node failed: 500. The cause is for its log.
    pub fn internal() -> Self {
        let (status, code) = (
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::InternalServerError,
        );
        Self::new(status, code, "internal error")
    }

    pub(super) fn into_error(self) -> ServerError {
        let seconds = match &self.header {
            Some((name, value)) if *name == header::RETRY_AFTER => value.to_str().ok(),
            _ => None,
        };
        let seconds = seconds.and_then(|seconds| seconds.parse::<u64>().ok());
        let mut error = error(self.code, self.message, Vec::new());
        if let Some(seconds) = seconds {
            let extensions = error.extensions.get_or_insert_default();
            extensions.set("retryAfterSeconds", seconds);
        }
        error
    }
}
