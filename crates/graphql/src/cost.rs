//! What a request costs, told to those who ask for it.
//!
//! A client that sends `"extensions": {"cost": true}` reads in the answer's `extensions.cost` what its request was counted to cost;
//! when that is too much, in the error's. Such requests run on a schema of their own: one extension makes every field of every answer
//! take a slower path.

use std::sync::{Arc, Mutex};

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextRequest, NextValidation,
};
use async_graphql::{Request, Response, ServerError, ValidationResult, Value, value};

use crate::guard::{Limits, TOO_COMPLEX, TOO_DEEP};

/// The name of both extensions.
const NAME: &str = "cost";

/// Whether a client asks what its request costs.
pub(crate) fn is_asked(request: &Request) -> bool {
    request.extensions.get(NAME) == Some(&Value::Boolean(true))
}

/// Tells the cost of each request.
pub(crate) struct Cost {
    pub(crate) limits: Limits,
}

impl ExtensionFactory for Cost {
    fn create(&self) -> Arc<dyn Extension> {
        let limits = self.limits.clone();
        Arc::new(Counted {
            limits,
            found: Mutex::default(),
        })
    }
}

struct Counted {
    limits: Limits,
    found: Mutex<Option<ValidationResult>>,
}

impl Counted {
    fn refusal(&self, found: &ValidationResult) -> Option<ServerError> {
        let message = if found.complexity > self.limits.complexity {
            TOO_COMPLEX
        } else if found.depth > self.limits.fields_deep {
            TOO_DEEP
        } else {
            return None;
        };
        let mut error = ServerError::new(message, None);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set(NAME, self.told(found));
        Some(error)
    }

    fn told(&self, found: &ValidationResult) -> Value {
        value!({
            "complexity": found.complexity,
            "complexityLimit": self.limits.complexity,
            "depth": found.depth,
            "depthLimit": self.limits.fields_deep,
        })
    }
}

#[async_trait]
impl Extension for Counted {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let response = next.run(ctx).await;
        let found = *self.found.lock().expect("nobody panics with it");
        match found {
            Some(found) => response.extension(NAME, self.told(&found)),
            None => response,
        }
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let found = next.run(ctx).await?;
        *self.found.lock().expect("nobody panics with it") = Some(found);
        match self.refusal(&found) {
            Some(refusal) => Err(vec![refusal]),
            None => Ok(found),
        }
    }
}
