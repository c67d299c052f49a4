//! Why somebody could not be signed in by a provider.

use crate::token::TokenError;
use outgoing::Forbidden;

/// Why somebody could not be signed in by a provider. None of the texts holds a secret or says who it was.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// A setting breaks its rule.
    #[error("{0}")]
    Setting(String),
    /// The provider could not be reached.
    #[error("the provider's {what} cannot be reached")]
    Unreachable {
        /// What was asked for.
        what: &'static str,
        /// The cause, without the address.
        #[source]
        cause: reqwest::Error,
    },
    /// It could not be reached a moment ago, and is not asked again yet.
    #[error("the provider could not be reached a moment ago")]
    Resting,
    /// It is, or names something, where this hub asks nobody.
    #[error("the provider's {what} is not asked: {cause}")]
    Forbidden {
        /// What was to be asked for.
        what: &'static str,
        /// Why not.
        cause: Forbidden,
    },
    /// It answered with an error.
    #[error("the provider's {what} answers with status {status}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: u16,
    },
    /// It answered with more than is read.
    #[error("the provider's {what} is larger than {most} bytes")]
    TooLarge {
        /// What was asked for.
        what: &'static str,
        /// The most that is read.
        most: usize,
    },
    /// It answered with something else than what was asked for.
    #[error("the provider's {what} is not what it should be: {reason}")]
    Malformed {
        /// What was asked for.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The browser came back with something that this sign-in did not begin.
    #[error("this is not the sign-in that this browser began: {0}")]
    Flow(&'static str),
    /// The provider, or the person there, refused.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The ID token is not to be believed.
    #[error("the provider's ID token is not taken: {0}")]
    Token(#[from] TokenError),
}

impl OidcError {
    /// Whether the provider is to blame, or the way to it, and not who came back.
    pub const fn is_of_provider(&self) -> bool {
        !matches!(self, Self::Flow(_) | Self::Refused(_))
    }

    pub(crate) fn malformed(what: &'static str, reason: impl ToString) -> Self {
        Self::Malformed {
            what,
            reason: reason.to_string(),
        }
    }
}
