//! Every way the guard can refuse a request.

use std::borrow::Cow;

use async_graphql::parser::Error as ParseError;
use async_graphql::{Pos, ServerError};

use super::code::ErrorCode;
use super::validation::Fault;
use super::variables::VariableError;

/// Why a request does not reach the schema.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A bound of [`Limits`](super::Limits) is exceeded.
    #[error("the request has {found} {what}; at most {limit} are allowed")]
    TooComplex {
        /// What was counted, as a plural.
        what: Cow<'static, str>,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
        /// Where the bound was exceeded, if that is one place.
        at: Option<Pos>,
    },
    /// The text is not a GraphQL document.
    #[error("the document is not GraphQL: {reason}")]
    Parse {
        /// What the parser expected.
        reason: String,
        /// Where it gave up, and what that conflicts with.
        at: Vec<Pos>,
    },
    /// A fragment contains itself (GraphQL specification, section 5.5.2.2).
    #[error("the fragments {} spread one another in a circle", path.join(", "))]
    FragmentCycle {
        /// The fragments on the circle.
        path: Vec<String>,
        /// The spread that closes it.
        at: Pos,
    },
    /// The document breaks rules of validation (section 5).
    #[error("the document breaks {} rules of validation", .0.len())]
    Invalid(Vec<Fault>),
    /// The document asks for the schema, which who asks may not see.
    #[error(
        "introspection is not open to everybody at this hub; sign in, or read schema.graphql of this version"
    )]
    Introspection,
    /// The document is not among those that are taken.
    #[error(
        "this hub takes trusted documents only, and this is none of them; its operator can add the manifest of your client"
    )]
    NotTrusted,
    /// No operation bears the name asked for (section 6.1).
    #[error("the document has no operation named {0}")]
    UnknownOperation(String),
    /// Several operations, and the request names none of them (section 6.1).
    #[error("the document has {0} operations; operationName must name one")]
    AmbiguousOperation(usize),
    /// Variables do not have the types that the operation declares (section 6.1.2).
    #[error("{} variables have wrong values", .0.len())]
    Variables(Vec<VariableError>),
}

impl Refusal {
    /// The same for somebody who may not see what was meant.
    #[must_use]
    pub(super) fn without_suggestions(mut self) -> Self {
        if let Self::Invalid(faults) = &mut self {
            for fault in faults {
                fault.suggestion = None;
            }
        }
        self
    }

    /// The code of the errors told about this refusal.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::TooComplex { .. } => ErrorCode::DocumentTooComplex,
            Self::Parse { .. } => ErrorCode::ParseFailed,
            Self::FragmentCycle { .. } | Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::Introspection => ErrorCode::IntrospectionDisabled,
            Self::NotTrusted => ErrorCode::DocumentNotTrusted,
            Self::UnknownOperation(_) | Self::AmbiguousOperation(_) => {
                ErrorCode::OperationResolutionFailure
            }
            Self::Variables(_) => ErrorCode::BadUserInput,
        }
    }

    /// The errors that a client is told: one for each wrong variable and for each broken rule, else a single one.
    pub fn into_errors(self) -> Vec<ServerError> {
        let code = self.code();
        let message = self.to_string();
        match self {
            Self::Variables(wrong) => wrong
                .into_iter()
                .map(|variable| error(code, variable.to_string(), vec![variable.at]))
                .collect(),
            Self::TooComplex { at, .. } => vec![error(code, message, at.into_iter().collect())],
            Self::Parse { at, .. } => vec![error(code, message, at)],
            Self::Invalid(faults) => faults
                .into_iter()
                .map(
                    |Fault {
                         message,
                         at,
                         suggestion,
                     }| {
                        let told = suggestion.map_or_else(
                            || message.clone(),
                            |suggestion| format!("{message} {suggestion}"),
                        );
                        error(code, told, at)
                    },
                )
                .collect(),
            Self::FragmentCycle { at, .. } => vec![error(code, message, vec![at])],
            Self::Introspection
            | Self::NotTrusted
            | Self::UnknownOperation(_)
            | Self::AmbiguousOperation(_) => {
                vec![error(code, message, Vec::new())]
            }
        }
    }
}

/// An error as clients read it.
pub fn error(code: ErrorCode, message: impl Into<String>, at: Vec<Pos>) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.locations = at;
    set_code(&mut error, code);
    error
}

/// Puts a code on an error that has none or another.
pub(super) fn set_code(error: &mut ServerError, code: ErrorCode) {
    error
        .extensions
        .get_or_insert_default()
        .set("code", code.as_str());
}

/// Checks one bound of which the text as a whole is the place, or the operation at `at`.
pub(super) fn within(
    what: &'static str,
    found: usize,
    limit: usize,
    at: Option<Pos>,
) -> Result<(), Refusal> {
    if found <= limit {
        return Ok(());
    }
    Err(Refusal::TooComplex {
        what: Cow::Borrowed(what),
        found,
        limit,
        at,
    })
}

/// The parser draws the offending line below its message; that line can be as long as the request, so only its
/// last line, which says what was expected, is kept.
impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        let at = error.positions().collect();
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim_start();
        let reason = last
            .strip_prefix("= ")
            .unwrap_or(last)
            .trim_end_matches('.');
        Self::Parse {
            reason: shortened(reason, 200),
            at,
        }
    }
}

/// The beginning of a text, at most `chars` characters of it: what a client sent must not come back at full length.
pub(super) fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
