//! What resolvers have at hand: the hub they speak for, and who asks.

use std::sync::Arc;

use async_graphql::Context;
use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::log::SigningKey;
use storage::Database;
use uuid::Uuid;

use crate::ApiError;

/// The hub that a schema speaks for.
pub struct Hub {
    /// What it remembers.
    pub db: Database,
    /// The key with which it signs its log; without it nothing can be written.
    pub key: Option<SigningKey>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The program and its version, for people.
    pub software: String,
    /// What this process is called among those that share the database.
    pub process: Uuid,
}

/// Who asks. Until people have accounts there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Viewer {
    /// Somebody unknown, who may read what is public.
    #[default]
    Anyone,
    /// The holder of the operator's token, who may also write.
    Operator,
}

impl Viewer {
    /// Refuses everyone but the operator.
    pub fn require_operator(self) -> Result<(), ApiError> {
        match self {
            Self::Operator => Ok(()),
            Self::Anyone => Err(ApiError::Unauthenticated),
        }
    }
}

/// Short ways to what a resolver needs.
pub(crate) trait ContextExt {
    fn hub(&self) -> &Hub;
    fn db(&self) -> &Database;
    fn viewer(&self) -> Viewer;
}

impl ContextExt for Context<'_> {
    fn hub(&self) -> &Hub {
        self.data_unchecked::<Arc<Hub>>()
    }

    fn db(&self) -> &Database {
        &self.hub().db
    }

    fn viewer(&self) -> Viewer {
        self.data_opt().copied().unwrap_or_default()
    }
}
