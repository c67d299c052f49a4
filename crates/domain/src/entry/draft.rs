//! Making an entry at its origin.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    Audience, DeletionReason, HEADER_VERSION, Header, HeaderError, Kind, MAX_HEADER_BYTES,
    MAX_PAYLOAD_BYTES, PAYLOAD_SCHEMA,
};
use crate::entropy::Entropy;
use crate::identity::RecordId;
use crate::log::Hash;

/// Why an entry could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The record's content is longer than a payload may be.
    #[error("the record takes {0} bytes; {MAX_PAYLOAD_BYTES} are allowed")]
    TooLong(usize),
    /// The content is not JSON.
    #[error("the record's content is not JSON")]
    Body(#[source] serde_json::Error),
    /// The header came out unreadable.
    #[error("the record's header is not readable")]
    Header(#[from] HeaderError),
}

/// What the origin wants to say of a record.
#[derive(Clone, Debug)]
pub struct EntryDraft {
    /// The record.
    pub record: RecordId,
    /// The record's next revision.
    pub revision: u64,
    /// What sort of record it is.
    pub kind: Kind,
    /// Who may see it.
    pub audience: Audience,
    /// When it is said.
    pub at: OffsetDateTime,
    /// What is said.
    pub change: Change,
}

/// What is said of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its content is now this JSON text.
    Put(String),
    /// It is gone.
    Delete(DeletionReason),
}

/// An entry ready for the log: the texts that every hub will hold, and their reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEntry {
    /// The header's text.
    pub header_text: String,
    /// The header, read.
    pub header: Header,
    /// The payload's text, if the record has content.
    pub payload: Option<String>,
}

#[derive(Serialize)]
struct WireHeader<'a> {
    v: u32,
    record: String,
    revision: u64,
    kind: &'a str,
    op: &'a str,
    audience: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct WirePayload<'a> {
    salt: String,
    schema: u32,
    body: &'a RawValue,
}

impl EntryDraft {
    /// Writes header and payload. The salt keeps the payload's hash from betraying a payload one may not see.
    pub fn seal(self, entropy: &dyn Entropy) -> Result<SealedEntry, SealError> {
        let (payload, reason) = match &self.change {
            Change::Put(body) => (Some(salted(body, entropy)?), None),
            Change::Delete(reason) => (None, Some(reason.code())),
        };
        let header_text = to_json(&WireHeader {
            v: HEADER_VERSION,
            record: self.record.to_string(),
            revision: self.revision,
            kind: self.kind.as_str(),
            op: if payload.is_some() { "put" } else { "delete" },
            audience: self.audience.code(),
            at: rfc3339_seconds(self.at),
            payload: payload
                .as_ref()
                .map(|text| Hash::of(text.as_bytes()).to_string()),
            size: payload.as_ref().map(String::len),
            reason,
        });
        debug_assert!(header_text.len() <= MAX_HEADER_BYTES);
        Ok(SealedEntry {
            header: Header::parse(&header_text)?,
            header_text,
            payload,
        })
    }
}

fn salted(body: &str, entropy: &dyn Entropy) -> Result<String, SealError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let text = to_json(&WirePayload {
        salt: STANDARD.encode(salt),
        schema: PAYLOAD_SCHEMA,
        body: serde_json::from_str(body).map_err(SealError::Body)?,
    });
    if text.len() > MAX_PAYLOAD_BYTES {
        return Err(SealError::TooLong(text.len()));
    }
    Ok(text)
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain structs of text and numbers serialise")
}

fn rfc3339_seconds(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC)
        .replace_nanosecond(0)
        .expect("0 is a nanosecond")
        .format(&Rfc3339)
        .expect("a year of four digits has an RFC 3339 form")
}
