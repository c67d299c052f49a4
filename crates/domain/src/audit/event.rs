//! One event: who did what, when, from where, before and after.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Action, Outcome};
use crate::account::AccountName;
use crate::catalog::Vocabulary as _;
use crate::entropy::Entropy;
use crate::identity::HubId;
use crate::log::Hash;

/// The most bytes of an event's text; what it tells of before and after goes first.
pub const MOST_TEXT: usize = 4096;

/// The most bytes of the name of what it was done with.
const MOST_OBJECT: usize = 300;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody with an account.
    Account(AccountName),
    /// The holder of the operator's token.
    Operator,
    /// Whoever runs the program on this machine, as the system calls them.
    Program(String),
    /// Another hub.
    Hub(HubId),
    /// This hub by itself.
    Itself,
    /// Somebody who did not show who they are.
    Anyone,
}

impl Actor {
    /// Whoever runs the program, by the name that the system tells; of a name only letters, digits, `.`, `_` and `-` are kept.
    pub fn program(user: &str) -> Self {
        let plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
        Self::Program(user.chars().filter(plain).take(40).collect())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(name) => write!(f, "account:{name}"),
            Self::Operator => f.write_str("operator"),
            Self::Program(user) => write!(f, "program:{user}"),
            Self::Hub(hub) => write!(f, "hub:{hub}"),
            Self::Itself => f.write_str("self"),
            Self::Anyone => f.write_str("anyone"),
        }
    }
}

/// From where something was done: an address, and the salt of the commitment by which the chain holds it. Without the salt the
/// commitment tells nothing, so whoever removes this removes the address; the chain stays whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: String,
    /// Sixteen random bytes.
    pub salt: [u8; 16],
}

impl Origin {
    /// An address with a salt of its own.
    pub fn new(address: String, entropy: &dyn Entropy) -> Self {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        Self { address, salt }
    }

    /// What the chain holds: SHA-256 of `simpul-audit-from`, a line's end, the salt and the address.
    pub fn commitment(&self) -> Hash {
        let parts = [
            b"simpul-audit-from\n",
            &self.salt[..],
            self.address.as_bytes(),
        ];
        Hash::of(&parts.concat())
    }
}

/// Something that is being done: who, what, when and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub actor: Actor,
    /// The account's token by which it was asked, by its id.
    pub token: Option<Uuid>,
    /// What.
    pub action: Action,
    /// From where, if it came over the network.
    pub origin: Option<Origin>,
}

impl Deed {
    /// That it was done, with what: an account, a record.
    pub fn done(&self, object: impl Into<String>) -> Told {
        Told {
            deed: self.clone(),
            object: Some(object.into()),
            outcome: Outcome::Done,
            code: None,
            times: 1,
            before: None,
            after: None,
        }
    }
}

/// A deed with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What was done.
    pub deed: Deed,
    /// With what, as kind and name: `account:siti.rahma`, `innovation:0198f2c4-…`.
    pub object: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why not, by the code that was told.
    pub code: Option<String>,
    /// How often the same happened.
    pub times: u64,
    /// What was changed, as it was: the changed fields only. No secrets, no personal data.
    pub before: Option<Value>,
    /// The same as it is now.
    pub after: Option<Value>,
}

impl Told {
    /// With what was, and what is now.
    #[must_use]
    pub fn changing(mut self, before: Option<Value>, after: Value) -> Self {
        (self.before, self.after) = (before, Some(after));
        self
    }

    /// The event's text at a place of the chain: JSON, its names in this order. Its bytes are what is hashed.
    pub fn text(&self, sequence: u64) -> String {
        let deed = &self.deed;
        let mut wire = Wire {
            v: 1,
            seq: sequence,
            at: moment(deed.at),
            actor: deed.actor.to_string(),
            token: deed.token,
            action: deed.action.code().to_owned(),
            object: self.object.as_deref().map(|it| shortened(it, MOST_OBJECT)),
            outcome: self.outcome.code().to_owned(),
            code: self.code.clone(),
            times: self.times,
            from: deed.origin.as_ref().map(|it| it.commitment().to_string()),
            before: self.before.clone(),
            after: self.after.clone(),
        };
        let text = wire.to_text();
        if text.len() <= MOST_TEXT {
            return text;
        }
        let too_long = |value: &Value| Value::String(format!("{} bytes", value.to_string().len()));
        wire.before = wire.before.as_ref().map(too_long);
        wire.after = wire.after.as_ref().map(too_long);
        wire.to_text()
    }
}

fn moment(at: OffsetDateTime) -> String {
    let nanos = at.nanosecond() / 1_000_000 * 1_000_000;
    let at = at.to_offset(time::UtcOffset::UTC);
    let at = at
        .replace_nanosecond(nanos)
        .expect("fewer stay below a second");
    at.format(&Rfc3339)
        .expect("a year of four digits has an RFC 3339 form")
}

fn shortened(text: &str, most: usize) -> String {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= most).last().unwrap_or(0);
    text[..end].to_owned()
}

/// An event as it is written: the order of the fields is the order of the text.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wire {
    v: u32,
    seq: u64,
    at: String,
    actor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Uuid>,
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    times: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl Wire {
    fn to_text(&self) -> String {
        serde_json::to_string(self).expect("events are plain text and numbers")
    }
}

/// An event as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the chain, from 1.
    pub sequence: u64,
    /// When.
    pub at: OffsetDateTime,
    /// Who, as [`Actor`] writes it.
    pub actor: String,
    /// The account's token by which it was asked.
    pub token: Option<Uuid>,
    /// What.
    pub action: Action,
    /// With what.
    pub object: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why not.
    pub code: Option<String>,
    /// How often the same happened.
    pub times: u64,
    /// The commitment to the address.
    pub from: Option<Hash>,
    /// The changed fields as they were.
    pub before: Option<Value>,
    /// The same as they are now.
    pub after: Option<Value>,
}

/// Why a text is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an event of the audit")]
pub struct EventError;

impl Event {
    /// Reads an event's text.
    ///
    /// # Errors
    /// It is none. An action that only a newer program knows is [`Action::Other`].
    pub fn parse(text: &str) -> Result<Self, EventError> {
        let wire: Wire = serde_json::from_str(text).map_err(|_| EventError)?;
        let at = OffsetDateTime::parse(&wire.at, &Rfc3339).map_err(|_| EventError)?;
        let from = wire
            .from
            .as_deref()
            .map(|raw| Hash::parse(raw).ok_or(EventError));
        Ok(Self {
            sequence: wire.seq,
            at,
            actor: wire.actor,
            token: wire.token,
            action: Action::read(&wire.action),
            object: wire.object,
            outcome: Outcome::read(&wire.outcome),
            code: wire.code,
            times: wire.times,
            from: from.transpose()?,
            before: wire.before,
            after: wire.after,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deed() -> Deed {
        Deed {
            at: OffsetDateTime::from_unix_timestamp_nanos(1_800_000_000_123_456_789).unwrap(),
            actor: Actor::Account(AccountName::parse("siti.rahma").unwrap()),
            token: None,
            action: Action::ChangeAccount,
            origin: Some(Origin {
                address: "203.0.113.7".to_owned(),
                salt: [7; 16],
            }),
        }
    }

    #[test]
    fn the_text_has_one_form_and_is_read_again() {
        let told = deed().done("account:budi");
        let told = told.changing(Some(json!({"roles": []})), json!({"roles": ["CURATOR"]}));
        let text = told.text(3);
        assert_eq!(
            text,
            r#"{"v":1,"seq":3,"at":"2027-01-15T08:00:00.123Z","actor":"account:siti.rahma","action":"CHANGE_ACCOUNT","object":"account:budi","outcome":"DONE","times":1,"from":"eEVkwt7CDlS1kuIL3O31PvgRgDJd/JP3yNZvl+HkRmc=","before":{"roles":[]},"after":{"roles":["CURATOR"]}}"#
        );
        let event = Event::parse(&text).unwrap();
        assert_eq!((event.sequence, event.action), (3, Action::ChangeAccount));
        assert_eq!(event.from, Some(deed().origin.unwrap().commitment()));
        assert!(
            !text.contains("203.0.113"),
            "the address is not in the chain"
        );
    }

    #[test]
    fn a_text_has_a_bound() {
        let told = deed().done("x".repeat(1000));
        let told = told.changing(None, json!({"long": "y".repeat(10_000)}));
        let text = told.text(1);
        assert!(text.len() <= MOST_TEXT, "{}", text.len());
        assert!(text.contains("bytes"), "{text}");
    }

    #[test]
    fn what_the_system_calls_somebody_is_taken_as_plain_letters() {
        let actor = Actor::program("ro\"ot\n; x");
        assert_eq!(actor.to_string(), "program:rootx");
    }
}
