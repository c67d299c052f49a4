//! The codes by which clients tell refusals apart.

use std::fmt;

/// Why a request was refused before it was executed: `extensions.code` of its errors.
///
/// The codes are part of the public contract: add, never rename. Those that Apollo Server has bear its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is not a GraphQL request, or asks what this transport cannot give.
    BadRequest,
    /// The document is not GraphQL.
    ParseFailed,
    /// The document does not fit the schema or breaks a rule of the specification.
    ValidationFailed,
    /// A variable or argument has a value that its type does not allow.
    BadUserInput,
    /// The document has no such operation, or several and none is named.
    OperationResolutionFailure,
    /// The document or its variables exceed a bound.
    DocumentTooComplex,
    /// Documents are not kept by their hash here; the client sends the whole text.
    PersistedQueryNotSupported,
    /// The token is wrong or missing.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// The HTTP method does not serve this operation.
    MethodNotAllowed,
    /// None of the media types that the client accepts can be given.
    NotAcceptable,
    /// The body or message is larger than allowed.
    TooLarge,
    /// The body's media type, character set or encoding is not understood.
    UnsupportedMediaType,
    /// The document introspects the schema, which who asks may not.
    IntrospectionDisabled,
    /// Only documents are taken that were made known before, and this is none of them.
    DocumentNotTrusted,
    /// No document is known by this id.
    PersistedQueryNotFound,
    /// The request took longer than it may.
    Timeout,
    /// The answer is larger than allowed.
    AnswerTooLarge,
    /// Too many operations run on one connection.
    TooManyOperations,
    /// Who asks does so too often; `extensions.retryAfterSeconds` says when to come back.
    RateLimited,
    /// The hub has more to do than it can, and this waits first.
    Overloaded,
    /// The hub failed; the cause is in its log.
    InternalServerError,
}

impl ErrorCode {
    /// All of them, for the test that each is documented.
    pub const ALL: [Self; 22] = [
        Self::BadRequest,
        Self::ParseFailed,
        Self::ValidationFailed,
        Self::BadUserInput,
        Self::OperationResolutionFailure,
        Self::DocumentTooComplex,
        Self::PersistedQueryNotSupported,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::IntrospectionDisabled,
        Self::DocumentNotTrusted,
        Self::PersistedQueryNotFound,
        Self::Timeout,
        Self::AnswerTooLarge,
        Self::TooManyOperations,
        Self::RateLimited,
        Self::Overloaded,
        Self::InternalServerError,
    ];

    /// The code as clients read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::OperationResolutionFailure => "OPERATION_RESOLUTION_FAILURE",
            Self::DocumentTooComplex => "DOCUMENT_TOO_COMPLEX",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::TooLarge => "TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::IntrospectionDisabled => "INTROSPECTION_DISABLED",
            Self::DocumentNotTrusted => "DOCUMENT_NOT_TRUSTED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Timeout => "TIMEOUT",
            Self::AnswerTooLarge => "ANSWER_TOO_LARGE",
            Self::TooManyOperations => "TOO_MANY_OPERATIONS",
            Self::RateLimited => "RATE_LIMITED",
            Self::Overloaded => "OVERLOADED",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
