//! Errors at the edge: one enum, one code each, one way out.

use std::sync::Arc;

use async_graphql::{ErrorExtensions as _, Name, Value};
use domain::catalog::{FieldError, FormErrors, PersonalDataInField, PublicationError};
use domain::identity::HubId;
use domain::role::Forbidden;
use search::{NotReady, SearchError};
use storage::StorageError;
use storage::accounts::AccountError;

use crate::turns::MOST_WAITING;

/// When to ask again that was told to, in seconds.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// Every way a request can fail. The codes are part of the public schema (common ones bear the names clients know from
/// Apollo): add, never rename.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// An argument breaks its rule.
    #[error("{field}: {reason}")]
    Invalid {
        /// The argument.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Fields of an input break their rules; all are told.
    #[error("{0}")]
    Form(FormErrors),
    /// A text for everybody holds what has the form of personal data.
    #[error(
        "the text holds what looks like personal data: {}. Take it out, or name each `acknowledgement` in `acknowledge` if it is meant for everybody",
        told(.0)
    )]
    PersonalData(Vec<PersonalDataInField>),
    /// A draft is not where it can be done, or somebody else has to do it.
    #[error("{0}")]
    Publication(PublicationError),
    /// There is no such thing here.
    #[error("{what} {id} does not exist here")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// No log of this hub is held.
    #[error("no log of hub {0} with this epoch is held here")]
    HubUnknown(HubId),
    /// The record belongs to another hub.
    #[error("{id} belongs to hub {owner}; only that hub can change it")]
    Foreign {
        /// The record's global id.
        id: String,
        /// The hub that owns it.
        owner: HubId,
    },
    /// The request needs an account or the operator's token; the token of a hub is not enough.
    #[error(
        "this needs an account of this hub: sign in, or send a token as `Authorization: Bearer …` (simpul init wrote the operator's to operator.token)"
    )]
    Unauthenticated,
    /// Name, password or code are wrong, or the account waits; which of them is not told.
    #[error(
        "name, password or code are wrong, or there were too many wrong ones; after a while it can be tried again, and an operator can help"
    )]
    SigningInFailed,
    /// The password is right, and a code is asked for beside it.
    #[error(
        "the password is right; give the code that your app shows, or one of your codes on paper, as `code` beside it"
    )]
    SecondFactorRequired,
    /// More want to sign in at once than can be served.
    #[error("many sign in at this moment; ask again in {RETRY_AFTER_SECONDS} s")]
    SigningInBusy,
    /// The account was changed in the meantime.
    #[error("{0}")]
    AccountChanged(AccountError),
    /// The account may not do this.
    #[error("{0}")]
    Forbidden(#[from] Forbidden),
    /// The record was changed in the meantime, or other writes were in the way.
    #[error("{0}")]
    Conflict(StorageError),
    /// The hub's log takes no entries at present.
    #[error("{0}")]
    ReadOnly(String),
    /// The content is longer than a record may be.
    #[error("{0}")]
    TooLarge(StorageError),
    /// The hub that asks has too many requests under way.
    #[error(
        "hub {0} has one request for its pulling served here and {MOST_WAITING} waiting; ask again in {RETRY_AFTER_SECONDS} s, one at a time"
    )]
    RateLimited(HubId),
    /// Too many wrong passwords came from an address; it waits so many seconds.
    #[error("too many wrong passwords came from your address; try again in {0} seconds")]
    GuessedTooOften(u64),
    /// The search index cannot be asked.
    #[error("{0}")]
    SearchNotReady(#[from] NotReady),
    /// The search index failed.
    #[error("internal error")]
    Search(#[from] SearchError),
    /// Something failed that the caller can do nothing about.
    #[error("internal error")]
    Internal(#[source] StorageError),
    /// Something else failed, of which the same is true.
    #[error("internal error")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The same, of a read that several fields shared.
    #[error("internal error")]
    Shared(#[source] Arc<StorageError>),
}

/// The codes of errors, as clients see them in `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An argument or input breaks a rule.
    BadUserInput,
    /// A text for everybody holds personal data that nobody acknowledged.
    PersonalData,
    /// There is no such thing.
    NotFound,
    /// No log of the hub is held.
    HubUnknown,
    /// The caller may not do this.
    Forbidden,
    /// The caller did not show who they are.
    Unauthenticated,
    /// The password is right, and a second factor is asked for.
    SecondFactorRequired,
    /// The record was changed in the meantime.
    Conflict,
    /// The hub takes no entries at present.
    HubReadOnly,
    /// The content is too long.
    TooLarge,
    /// Too many requests at once.
    RateLimited,
    /// The search index is being built, or there is none.
    SearchNotReady,
    /// Something failed here.
    InternalServerError,
}

impl Code {
    /// All of them, for the test that each is documented.
    pub const ALL: [Self; 13] = [
        Self::BadUserInput,
        Self::PersonalData,
        Self::NotFound,
        Self::HubUnknown,
        Self::Forbidden,
        Self::Unauthenticated,
        Self::SecondFactorRequired,
        Self::Conflict,
        Self::HubReadOnly,
        Self::TooLarge,
        Self::RateLimited,
        Self::SearchNotReady,
        Self::InternalServerError,
    ];

    /// The code as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::PersonalData => "PERSONAL_DATA",
            Self::NotFound => "NOT_FOUND",
            Self::HubUnknown => "HUB_UNKNOWN",
            Self::Forbidden => "FORBIDDEN",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::SecondFactorRequired => "SECOND_FACTOR_REQUIRED",
            Self::Conflict => "CONFLICT",
            Self::HubReadOnly => "HUB_READ_ONLY",
            Self::TooLarge => "TOO_LARGE",
            Self::RateLimited => "RATE_LIMITED",
            Self::SearchNotReady => "SEARCH_NOT_READY",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

impl ApiError {
    /// The error's code.
    pub const fn code(&self) -> Code {
        match self {
            Self::PersonalData(_) => Code::PersonalData,
            Self::NotFound { .. } => Code::NotFound,
            Self::HubUnknown(_) => Code::HubUnknown,
            Self::Forbidden(_)
            | Self::Foreign { .. }
            | Self::Publication(PublicationError::OwnText(_) | PublicationError::NotAuthor(..)) => {
                Code::Forbidden
            }
            Self::Invalid { .. } | Self::Form(_) | Self::Publication(_) => Code::BadUserInput,
            Self::Unauthenticated | Self::SigningInFailed => Code::Unauthenticated,
            Self::SecondFactorRequired => Code::SecondFactorRequired,
            Self::Conflict(_) | Self::AccountChanged(_) => Code::Conflict,
            Self::ReadOnly(_) => Code::HubReadOnly,
            Self::TooLarge(_) => Code::TooLarge,
            Self::RateLimited(_) | Self::SigningInBusy | Self::GuessedTooOften(_) => {
                Code::RateLimited
            }
            Self::SearchNotReady(_) => Code::SearchNotReady,
            Self::Internal(_) | Self::Shared(_) | Self::Search(_) | Self::Failed(_) => {
                Code::InternalServerError
            }
        }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl ToString) -> Self {
        Self::Invalid {
            field,
            reason: reason.to_string(),
        }
    }

    fn fields(&self) -> Vec<Value> {
        match self {
            Self::Form(errors) => {
                let fault = |error: &FieldError| {
                    object(&[("field", &error.field), ("reason", &error.reason)])
                };
                errors.fields().iter().map(fault).collect()
            }
            Self::Invalid { field, reason } => {
                vec![object(&[("field", field), ("reason", reason)])]
            }
            Self::PersonalData(found) => found.iter().map(personal).collect(),
            _ => Vec::new(),
        }
    }
}

fn personal(found: &PersonalDataInField) -> Value {
    object(&[
        ("field", &found.field),
        ("reason", &format!("looks like {}", found.finding.data)),
        ("found", &found.finding.found),
        ("acknowledgement", &found.acknowledgement()),
    ])
}

fn object(pairs: &[(&str, &str)]) -> Value {
    let pair = |(name, value): &(&str, &str)| (Name::new(name), Value::from(*value));
    Value::Object(pairs.iter().map(pair).collect())
}

/// The fields with what was found in them; not the data itself, which would stand in logs.
fn told(found: &[PersonalDataInField]) -> String {
    let one = |found: &PersonalDataInField| format!("{} in {}", found.finding.data, found.field);
    found.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl From<FormErrors> for ApiError {
    fn from(errors: FormErrors) -> Self {
        Self::Form(errors)
    }
}

impl From<PublicationError> for ApiError {
    fn from(error: PublicationError) -> Self {
        Self::Publication(error)
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Conflict { .. } | StorageError::Busy(_) => Self::Conflict(error),
            StorageError::Closed { .. } | StorageError::NoLog(_) => {
                Self::ReadOnly(error.to_string())
            }
            StorageError::Seal(domain::entry::SealError::TooLong(_)) => Self::TooLarge(error),
            other => Self::Internal(other),
        }
    }
}

/// The only way out of a resolver: every error gets its code, causes stay in our log.
impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        if error.code() == Code::InternalServerError {
            tracing::error!(error = &error as &dyn std::error::Error, "request failed");
        }
        let fields = error.fields();
        Self::new(error.to_string()).extend_with(|_, extensions| {
            extensions.set("code", error.code().as_str());
            if error.code() == Code::RateLimited {
                let seconds = match error {
                    ApiError::GuessedTooOften(seconds) => seconds,
                    _ => RETRY_AFTER_SECONDS.into(),
                };
                extensions.set("retryAfterSeconds", seconds);
            }
            if !fields.is_empty() {
                extensions.set("fields", fields);
            }
        })
    }
}
