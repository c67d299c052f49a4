//! Reading a payload.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a payload could not be read. It is kept and relayed all the same; its record shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The text is not the JSON object that a payload is.
    #[error("payload is not readable: {0}")]
    Json(String),
    /// The payload was written by a newer version.
    #[error(
        "payload has schema {found}; this version reads up to {}",
        super::PAYLOAD_SCHEMA
    )]
    Newer {
        /// The schema it names.
        found: u32,
    },
}

/// A payload's envelope, borrowed from its text.
#[derive(Debug, Deserialize)]
pub struct Payload<'a> {
    /// The schema of the body.
    schema: u32,
    /// The body's JSON text.
    #[serde(borrow)]
    body: &'a RawValue,
}

impl<'a> Payload<'a> {
    /// Reads the envelope; the body stays text.
    pub fn parse(text: &'a str) -> Result<Self, PayloadError> {
        let payload: Self =
            serde_json::from_str(text).map_err(|error| PayloadError::Json(error.to_string()))?;
        if payload.schema > super::PAYLOAD_SCHEMA {
            let found = payload.schema;
            return Err(PayloadError::Newer { found });
        }
        Ok(payload)
    }

    /// The body's JSON text.
    pub fn body(&self) -> &'a str {
        self.body.get()
    }
}
