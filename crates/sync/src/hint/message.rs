//! The messages of graphql-transport-ws, as far as one subscription needs them.

use std::borrow::Cow;

use domain::identity::{Epoch, HubId};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Hint, HintError};
use crate::documents;

/// The id of our one operation.
const ID: &str = "1";

/// What we say.
#[derive(Clone, Copy, Debug)]
pub(super) enum ToPeer {
    Init,
    Subscribe,
    Ping,
    Pong,
}

impl ToPeer {
    pub(super) fn text(self) -> String {
        let message = match self {
            Self::Init => json!({"type": "connection_init"}),
            Self::Subscribe => {
                json!({"type": "subscribe", "id": ID, "payload": {"query": documents::HINTS}})
            }
            Self::Ping => json!({"type": "ping"}),
            Self::Pong => json!({"type": "pong"}),
        };
        message.to_string()
    }
}

/// What a peer may say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FromPeer {
    Ack,
    Ping,
    Pong,
    Hint(Hint),
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Payload {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    heads_changed: StatedHead,
}

#[derive(Deserialize)]
struct StatedHead {
    hub: String,
    epoch: u64,
    size: u64,
}

impl FromPeer {
    /// Reads a message. Whatever we did not ask for ends the subscription.
    pub(super) fn parse(text: &str) -> Result<Self, HintError> {
        let raw: Raw<'_> = serde_json::from_str(text).map_err(malformed)?;
        match (&*raw.kind, raw.id.as_deref()) {
            ("connection_ack", _) => Ok(Self::Ack),
            ("ping", _) => Ok(Self::Ping),
            ("pong", _) => Ok(Self::Pong),
            ("next", Some(ID)) => hint(raw.payload).map(Self::Hint),
            ("error" | "complete", Some(ID)) => Err(HintError::Ended),
            _ => Err(malformed("nobody asked for it")),
        }
    }
}

fn hint(payload: Option<&RawValue>) -> Result<Hint, HintError> {
    let payload = payload.ok_or_else(|| malformed("payload is missing"))?;
    let payload: Payload = serde_json::from_str(payload.get()).map_err(malformed)?;
    let head = payload.data.heads_changed;
    Ok(Hint {
        hub: HubId::parse(&head.hub).map_err(malformed)?,
        epoch: Epoch::new(head.epoch).map_err(malformed)?,
        size: head.size,
    })
}

fn malformed(why: impl ToString) -> HintError {
    HintError::Malformed(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_protocol_knows_is_read() {
        let check = |text: &str, expected: FromPeer| {
            assert_eq!(FromPeer::parse(text).unwrap(), expected, "{text}");
        };
        check(r#"{"type":"connection_ack"}"#, FromPeer::Ack);
        check(
            r#"{"type":"connection_ack","payload":{"a":1}}"#,
            FromPeer::Ack,
        );
        check(r#"{"type":"ping","payload":{}}"#, FromPeer::Ping);
        check(r#"{"type":"pong"}"#, FromPeer::Pong);
        check(
            r#"{"id":"1","type":"next","payload":{"data":{"headsChanged":{"hub":"id-13","epoch":7,"size":9}}}}"#,
            FromPeer::Hint(Hint {
                hub: HubId::parse("id-13").unwrap(),
                epoch: Epoch::new(7).unwrap(),
                size: 9,
            }),
        );
    }

    #[test]
    fn anything_else_ends_the_subscription() {
        let check = |text: &str, expected: &str| {
            let error = FromPeer::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} has no {expected}");
        };
        check("garbage", "expected value");
        check("[]", "invalid");
        check("{}", "type");
        check(r#"{"type":"data","id":"1"}"#, "nobody asked");
        check(r#"{"type":"next","id":"2","payload":{}}"#, "nobody asked");
        check(r#"{"type":"next","id":"1"}"#, "payload is missing");
        check(
            r#"{"type":"next","id":"1","payload":{"data":null}}"#,
            "null",
        );
        check(
            r#"{"type":"next","id":"1","payload":{"data":{"headsChanged":{"hub":"A!","epoch":7,"size":9}}}}"#,
            "2 to 63",
        );
        check(
            r#"{"type":"next","id":"1","payload":{"data":{"headsChanged":{"hub":"id-13","epoch":7,"size":-9}}}}"#,
            "-9",
        );
        check(r#"{"type":"error","id":"1","payload":[]}"#, "ended");
        check(r#"{"type":"complete","id":"1"}"#, "ended");
    }
}
