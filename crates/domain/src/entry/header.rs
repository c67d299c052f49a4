//! Reading a header.

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MAX_HEADER_BYTES;
use crate::identity::RecordId;
use crate::log::Hash;

/// Why a header could not be read. Such an entry is kept and relayed all the same; it shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The header is longer than a header may be.
    #[error("header has {0} bytes; {MAX_HEADER_BYTES} are allowed")]
    TooLong(usize),
    /// The text is not the JSON object that a header is.
    #[error("header is not readable: {0}")]
    Json(String),
    /// A value breaks its rule.
    #[error("header has {field} {value:?}, which is not {rule}")]
    Value {
        /// The key of the header.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        rule: &'static str,
    },
}

/// What an entry says of its record, read from the header's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The header's version; above [`super::HEADER_VERSION`] it is kept but not interpreted.
    pub version: u32,
    /// The record of which this is a revision.
    pub record: RecordId,
    /// 1, 2, 3 … without gaps for each record.
    pub revision: u64,
    /// What sort of record it is.
    pub kind: Kind,
    /// What happened to the record.
    pub operation: Operation,
    /// Who may see the payload.
    pub audience: Audience,
    /// When the origin wrote it. Shown to people, never compared.
    pub at: OffsetDateTime,
}

/// What sort of record it is: `innovation`, `agency`, `hub`; other names are kept for newer versions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(String);

impl Kind {
    /// A hub's description of itself.
    pub const HUB: &str = "hub";
    /// An agency that owns innovations.
    pub const AGENCY: &str = "agency";
    /// An innovation.
    pub const INNOVATION: &str = "innovation";
    /// A place where an agency serves people.
    pub const SERVICE_UNIT: &str = "service-unit";
    /// A move of an innovation to another stage or adoption status.
    pub const TRANSITION: &str = "transition";
    /// The facts of a document or picture that proves a claim.
    pub const EVIDENCE: &str = "evidence";
    /// What an innovation costs in a year.
    pub const BUDGET: &str = "budget";
    /// That what an innovation tells is still so.
    pub const CONFIRMATION: &str = "confirmation";
    /// An adopter's word on taking an innovation over.
    pub const REPLICATION: &str = "replication";
    /// The source's word on a replication.
    pub const REPLICATION_ANSWER: &str = "replication-answer";
    /// A hub's word for another hub's innovation.
    pub const ENDORSEMENT: &str = "endorsement";
    /// Total and class of an assessment.
    pub const ASSESSMENT: &str = "assessment";
    /// The items of an assessment.
    pub const SCORE_SHEET: &str = "score-sheet";
    /// What an innovation or an agency won.
    pub const AWARD: &str = "award";
    /// An activity by which a hub coaches.
    pub const COACHING: &str = "coaching";
    /// A question or discussion.
    pub const THREAD: &str = "thread";
    /// A post in a thread.
    pub const POST: &str = "post";
    /// What an agency looks for.
    pub const NEED: &str = "need";
    /// What the network's authority says of a member.
    pub const MEMBERSHIP: &str = "membership";

    /// What a hub's next log keeps of the one before: a log's first entry.
    pub const EPOCH: &str = "epoch";

    /// Parses `[a-z][a-z0-9_-]{0,31}`.
    pub fn parse(raw: &str) -> Result<Self, HeaderError> {
        let fits = (1..=32).contains(&raw.len());
        let starts_well = raw.starts_with(|c: char| c.is_ascii_lowercase());
        let clean = raw
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if fits && starts_well && clean {
            Ok(Self(raw.to_owned()))
        } else {
            Err(bad("kind", raw, "1 to 32 of a-z, 0-9, - and _"))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The record's new content is the payload with this hash and size.
    Put {
        /// SHA-256 of the payload's bytes.
        payload: Hash,
        /// The payload's length in bytes.
        size: u32,
    },
    /// The record is no more.
    Delete {
        /// Why it went.
        reason: DeletionReason,
    },
}

/// Why a record was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionReason {
    /// Its owner took it back.
    Withdrawn,
    /// Another record took its place.
    Merged,
    /// Personal data had to go (UU 27/2022): every copy drops the bodies.
    Erasure,
    /// It was published by mistake.
    Error,
    /// A reason of a newer version.
    Other,
}

impl DeletionReason {
    /// The reason as the header writes it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Merged => "merged",
            Self::Erasure => "erasure",
            Self::Error => "error",
            Self::Other => "other",
        }
    }

    fn read(raw: &str) -> Self {
        [Self::Withdrawn, Self::Merged, Self::Erasure, Self::Error]
            .into_iter()
            .find(|reason| reason.code() == raw)
            .unwrap_or(Self::Other)
    }
}

/// Who may see a payload. The header is seen by everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anyone.
    Public,
    /// Member hubs and people signed in at one.
    Network,
    /// An audience of a newer version: nobody here is in it.
    Other(String),
}

/// How much of what is not for everybody somebody may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// What is public.
    #[default]
    Public,
    /// What is for the network, too.
    Network,
    /// Everything: the origin itself, and its operator.
    All,
}

impl Sight {
    /// Whether something for an audience may be seen.
    pub fn sees(self, audience: &Audience) -> bool {
        audience.rank() <= self.rank()
    }

    /// The highest rank of an audience that may be seen.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Network => 1,
            Self::All => 2,
        }
    }
}

impl Audience {
    /// 0 for everybody, 1 for the network, 2 for an audience of a newer version.
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Network => 1,
            Self::Other(_) => 2,
        }
    }

    /// The audience as the header writes it.
    pub fn code(&self) -> &str {
        match self {
            Self::Public => "public",
            Self::Network => "network",
            Self::Other(code) => code,
        }
    }

    fn read(raw: &str) -> Self {
        match raw {
            "public" => Self::Public,
            "network" => Self::Network,
            other => Self::Other(other.to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    v: u32,
    #[serde(borrow)]
    record: std::borrow::Cow<'a, str>,
    revision: u64,
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    op: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    audience: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    at: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    size: Option<u32>,
    #[serde(borrow, default)]
    reason: Option<std::borrow::Cow<'a, str>>,
}

impl Header {
    /// Reads a header's text. Unknown keys are allowed: the text, not this reading, is what is kept.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        if text.len() > MAX_HEADER_BYTES {
            return Err(HeaderError::TooLong(text.len()));
        }
        let wire: Wire<'_> =
            serde_json::from_str(text).map_err(|error| HeaderError::Json(error.to_string()))?;
        let revision_fits = wire.revision > 0 && i64::try_from(wire.revision).is_ok();
        if !revision_fits {
            let found = wire.revision.to_string();
            return Err(bad("revision", &found, "a number from 1 to 2^63 - 1"));
        }
        Ok(Self {
            version: wire.v,
            record: RecordId::parse(&wire.record)
                .map_err(|_| bad("record", &wire.record, "a UUID"))?,
            revision: wire.revision,
            kind: Kind::parse(&wire.kind)?,
            operation: wire.operation()?,
            audience: Audience::read(&wire.audience),
            at: OffsetDateTime::parse(&wire.at, &Rfc3339)
                .map_err(|_| bad("at", &wire.at, "an RFC 3339 time"))?,
        })
    }
}

impl Wire<'_> {
    fn operation(&self) -> Result<Operation, HeaderError> {
        match (&*self.op, &self.payload, self.size, &self.reason) {
            ("put", Some(payload), Some(size), _) => Ok(Operation::Put {
                payload: Hash::parse(payload)
                    .ok_or_else(|| bad("payload", payload, "the base64 of a SHA-256"))?,
                size,
            }),
            ("delete", None, _, Some(reason)) => Ok(Operation::Delete {
                reason: DeletionReason::read(reason),
            }),
            ("put", ..) => Err(bad("op", "put", "complete without payload and size")),
            ("delete", ..) => Err(bad("op", "delete", "complete with a reason and no payload")),
            (other, ..) => Err(bad("op", other, "put or delete")),
        }
    }
}

fn bad(field: &'static str, value: &str, rule: &'static str) -> HeaderError {
    HeaderError::Value {
        field,
        value: value.chars().take(64).collect(),
        rule,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &str = r#"{"v":1,"record":"0198f2c4-0000-7000-8000-000000000001","revision":3,"kind":"innovation","op":"put","audience":"public","at":"2026-08-20T03:04:05Z","payload":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","size":0,"later":[1]}"#;

    #[test]
    fn a_header_is_read_and_unknown_keys_do_not_matter() {
        let header = Header::parse(PUT).unwrap();
        assert_eq!(header.revision, 3);
        assert_eq!(header.kind.as_str(), "innovation");
        assert_eq!(header.audience, Audience::Public);
        assert!(matches!(header.operation, Operation::Put { size: 0, .. }));
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        check(PUT, r#""revision":3"#, r#""revision":0"#, "revision \"0\"");
        check(PUT, r#""op":"put""#, r#""op":"patch""#, "op \"patch\"");
        check(PUT, r#""op":"put""#, r#""op":"delete""#, "op \"delete\"");
        check(PUT, "47DEQpj8", "47DE", "payload");
        check(PUT, "2026-08-20T", "2026-13-20T", "at ");
        check(PUT, "innovation", "Innovation", "kind");
        check(PUT, r#""v":1,"#, "", "missing field `v`");
        check(PUT, r"[1]", &format!("\"{}\"", "x".repeat(1024)), "bytes");
    }

    fn check(text: &str, from: &str, to: &str, expected: &str) {
        let error = Header::parse(&text.replace(from, to))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error} has no {expected}");
    }

    #[test]
    fn audiences_and_reasons_of_newer_versions_are_kept_as_others() {
        let text = PUT.replace("\"public\"", "\"group:7\"");
        let header = Header::parse(&text).unwrap();
        assert_eq!(header.audience, Audience::Other("group:7".to_owned()));
        assert_eq!(DeletionReason::read("tired"), DeletionReason::Other);
    }
}
