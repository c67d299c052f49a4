//! The messages of graphql-transport-ws.

use std::borrow::Cow;

use async_graphql::{Response, ServerError};
use axum::extract::ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::answer::{self, TooLong};
use super::super::parameters::Parameters;
use super::close::Close;

/// What a client may say.
#[derive(Debug)]
pub(super) enum FromClient<'a> {
    ConnectionInit(InitPayload),
    Ping(Option<&'a RawValue>),
    Pong,
    Subscribe(Cow<'a, str>, Parameters<'a>),
    Complete(Cow<'a, str>),
}

/// What `connection_init` says; clients may add more.
#[derive(Debug, Default, Deserialize)]
pub(super) struct InitPayload {
    #[serde(rename = "Authorization", alias = "authorization")]
    pub(super) authorization: Option<String>,
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

impl<'a> FromClient<'a> {
    /// Reads a message. Whatever the protocol does not know closes the connection.
    pub(super) fn parse(text: &'a str) -> Result<Self, Close> {
        let unreadable = |_| Close::bad_request("a message is an object with type, id and payload");
        let Raw { kind, id, payload } = serde_json::from_str(text).map_err(unreadable)?;
        let id = || {
            id.filter(|id| !id.is_empty())
                .ok_or(Close::bad_request("id is missing"))
        };
        match &*kind {
            "connection_init" => Ok(Self::ConnectionInit(init_payload(payload)?)),
            "ping" => Ok(Self::Ping(payload)),
            "pong" => Ok(Self::Pong),
            "subscribe" => Ok(Self::Subscribe(id()?, parameters(payload)?)),
            "complete" => Ok(Self::Complete(id()?)),
            _ => Err(Close::bad_request("this type of message is not known")),
        }
    }
}

fn init_payload(payload: Option<&RawValue>) -> Result<InitPayload, Close> {
    let Some(payload) = payload else {
        return Ok(InitPayload::default());
    };
    let unreadable = "the payload of connection_init is an object; Authorization in it is a string";
    let is_object = payload.get().starts_with('{');
    let read = serde_json::from_str(payload.get())
        .ok()
        .filter(|_| is_object);
    read.ok_or(Close::bad_request(unreadable))
}

fn parameters(payload: Option<&RawValue>) -> Result<Parameters<'_>, Close> {
    let payload = payload.ok_or(Close::bad_request("payload is missing"))?;
    let parameters = Parameters::from_json(payload.get().as_bytes());
    parameters.map_err(|refused| Close::bad_request(refused.message))
}

/// What the hub says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromHub<'a> {
    ConnectionAck,
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'a RawValue>,
    },
    Next {
        id: &'a str,
        payload: &'a Response,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl FromHub<'_> {
    /// Writes a message of at most `limit` bytes.
    pub(super) fn into_message(self, limit: usize) -> Result<Message, TooLong> {
        let text = answer::text(&self, limit)?;
        Ok(Message::Text(text.try_into().expect("JSON is text")))
    }
}
