//! A client of a hub's public GraphQL API.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::patience::PATIENCE;

/// What a hub answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON of the body.
    pub body: Value,
}

/// A client of one hub.
#[derive(Clone, Debug)]
pub struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    /// A client of the hub at an address, with the operator's token for those who use it.
    pub fn new(client: reqwest::Client, url: &str, token: &str) -> Self {
        Self {
            client,
            url: url.to_owned(),
            token: token.to_owned(),
        }
    }

    /// The operator's token.
    pub fn operator(&self) -> &str {
        &self.token
    }

    /// Where the hub answers, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The HTTP client beneath.
    pub const fn http(&self) -> &reqwest::Client {
        &self.client
    }

    /// Asks as anyone, and gives the data; errors fail the test.
    pub async fn query(&self, document: &str, variables: Value) -> Value {
        self.ask(document, variables).await.data()
    }

    /// Asks as the operator, and gives the data; errors fail the test.
    pub async fn mutate(&self, document: &str, variables: Value) -> Value {
        self.ask_as_operator(document, variables).await.data()
    }

    /// Asks as anyone, whatever comes of it.
    pub async fn ask(&self, document: &str, variables: Value) -> Answer {
        self.send(None, &json!({"query": document, "variables": variables}))
            .await
    }

    /// Asks as the operator, whatever comes of it.
    pub async fn ask_as_operator(&self, document: &str, variables: Value) -> Answer {
        let body = json!({"query": document, "variables": variables});
        self.send(Some(&self.token), &body).await
    }

    /// Sends a body with a bearer token or none.
    pub async fn send(&self, token: Option<&str>, body: &Value) -> Answer {
        let answer = self.try_send(token, body).await;
        answer.expect("the hub answers, with JSON")
    }

    /// The same; nothing if the hub does not answer, or not with JSON.
    pub async fn try_send(&self, token: Option<&str>, body: &Value) -> Option<Answer> {
        let mut request = self
            .client
            .post(format!("{}/graphql", self.url))
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/graphql-response+json")
            .body(body.to_string());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = request.send().await.ok()?;
        Some(Answer {
            status: response.status().as_u16(),
            body: response.json().await.ok()?,
        })
    }

    /// Follows a subscription over graphql-transport-ws.
    pub async fn subscribe(&self, document: &str) -> Subscription {
        let mut subscription = self.open_socket(json!({})).await;
        assert_eq!(subscription.hear().await, json!({"type": "connection_ack"}));
        subscription.ask(document).await;
        subscription
    }

    /// Opens a WebSocket and says `connection_init` with this payload, whatever comes of it.
    pub async fn open_socket(&self, payload: Value) -> Subscription {
        let address = self.url.replacen("http", "ws", 1) + "/graphql/ws";
        let mut request = address.into_client_request().expect("the address is a URL");
        let protocol = "graphql-transport-ws".parse().expect("it is a header");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (socket, _) = connect_async(request).await.expect("the hub upgrades");
        let mut subscription = Subscription { socket };
        let init = json!({"type": "connection_init", "payload": payload});
        subscription.say(init).await;
        subscription
    }
}

impl Answer {
    /// The data of an answer without errors.
    pub fn data(mut self) -> Value {
        assert!(self.body.get("errors").is_none(), "{}", self.body);
        self.body["data"].take()
    }

    /// The codes of the errors, in their order.
    pub fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors
            .map(|error| error["extensions"]["code"].as_str().unwrap_or_default())
            .collect()
    }

    /// The messages of the errors, in their order.
    pub fn messages(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors
            .map(|error| error["message"].as_str().unwrap_or_default())
            .collect()
    }
}

/// A subscription that runs.
#[derive(Debug)]
pub struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscription {
    /// Waits for the next event and gives its data.
    pub async fn next(&mut self) -> Value {
        let mut message = self.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].take()
    }

    /// Waits for the next message of the protocol: nothing if the hub hangs up, with its code and reason.
    pub async fn answered(&mut self) -> Result<Value, (u16, String)> {
        loop {
            match self.receive().await {
                Message::Close(Some(frame)) => {
                    return Err((frame.code.into(), frame.reason.to_string()));
                }
                Message::Text(text) => {
                    return Ok(serde_json::from_str(&text).expect("messages are JSON"));
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a message is expected, not {other:?}"),
            }
        }
    }

    /// Asks an operation.
    pub async fn ask(&mut self, document: &str) {
        let payload = json!({ "query": document });
        self.say(json!({"type": "subscribe", "id": "1", "payload": payload}))
            .await;
    }

    /// Waits until the hub hangs up and gives its code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.receive().await {
                Message::Close(frame) => return frame.map_or(0, |frame| frame.code.into()),
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a close is expected, not {other:?}"),
            }
        }
    }

    async fn say(&mut self, message: Value) {
        let sent = self.socket.send(Message::text(message.to_string())).await;
        sent.expect("the hub listens");
    }

    async fn hear(&mut self) -> Value {
        loop {
            match self.receive().await {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).expect("messages are JSON");
                    if message["type"] != "ping" {
                        return message;
                    }
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a message is expected, not {other:?}"),
            }
        }
    }

    async fn receive(&mut self) -> Message {
        let received = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        let received = received.expect("the hub says something in time");
        received.expect("the hub holds on").expect("it can be read")
    }
}

/// A client that gives up when a hub does not answer.
pub fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(PATIENCE);
    client
        .pool_idle_timeout(Duration::from_secs(5))
        .build()
        .expect("a client can be made")
}
