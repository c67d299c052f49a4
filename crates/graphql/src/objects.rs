//! Small objects that belong to several types.

use async_graphql::SimpleObject;
use domain::catalog::FieldError;

/// Something about one field of an input that deserves a second look.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Warning {
    /// The field's path, for example `externalIds[1].value`.
    field: String,
    /// What is to be looked at.
    reason: String,
}

impl From<FieldError> for Warning {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            reason: error.reason,
        }
    }
}
