//! Hearing at once that a peer changed: its `headsChanged` over a WebSocket, in the protocol graphql-transport-ws.
//!
//! - [`Hints::open`] connects and subscribes; when it returns, nothing that changes from then on can be missed.
//! - [`Hints::next`] waits for the next [`Hint`]. An error of either is the end of the subscription.
//! - `message` is what travels; `pace` bounds how much of it is heard.
//!
//! A hint says when to look and never what is true: whoever lies can only cause a round, or cause none before its turn.
//! Messages, waiting and the number of messages have bounds, so a peer that babbles or falls silent costs little.
//!
//! Not here: when to connect again (`plan`), and whom a hint wakes (`node::tasks`).

mod message;
mod pace;

use std::time::Duration;

use domain::identity::{Epoch, HubId};
use domain::standing::without_user_info;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{CONNECTION, HeaderMap, HeaderName, UPGRADE};
use reqwest::header::{
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
};
use reqwest::{StatusCode, Upgraded};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::peer::{Patience, PeerError, client_builder, endpoint, unreachable};
use message::{FromPeer, ToPeer};
use outgoing::{Client, Reach};
use pace::Pace;

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// The longest that connecting and subscribing may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a peer may be silent before it is asked for a sign of life, and again until it is given up. Our own nodes
/// ping every 25 seconds, so they are seldom asked.
const QUIET: Duration = Duration::from_secs(30);
/// The longest that a peer may take to take up one message.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// An honest message has a few hundred bytes.
const MOST_MESSAGE_BYTES: usize = 64 * 1024;

/// What a peer says that it holds now of a log. Nothing proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The hub whose log changed.
    pub hub: HubId,
    /// Which of its logs.
    pub epoch: Epoch,
    /// How many entries the peer says it holds.
    pub size: u64,
}

/// Why there is no subscription, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum HintError {
    /// The peer cannot be asked.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The peer opens no WebSocket.
    #[error("it opens no WebSocket, but answers with status {0}")]
    Refused(u16),
    /// The peer opens something else.
    #[error("it does not open a WebSocket of the subprotocol {SUBPROTOCOL}")]
    Subprotocol,
    /// Nothing came for too long.
    #[error("it gave no sign of life")]
    Silent,
    /// The peer hung up.
    #[error("it hung up with code {0}")]
    Closed(u16),
    /// The peer ended the subscription.
    #[error("it ended the subscription")]
    Ended,
    /// The connection broke, or what came over it is no WebSocket.
    #[error("the connection broke")]
    Broken(#[source] Box<tungstenite::Error>),
    /// The peer said what the protocol does not know.
    #[error("its message is not readable: {0}")]
    Malformed(String),
}

/// A subscription to a peer's hints. Dropping it hangs up.
#[derive(Debug)]
pub struct Hints {
    socket: WebSocketStream<Upgraded>,
    pace: Pace,
}

impl Hints {
    /// Makes the client for such subscriptions: that of pulls, but for HTTP/1.1 only, which upgrades.
    pub fn client(user_agent: &str, reach: Reach) -> Result<Client, reqwest::Error> {
        Self::client_trusting(user_agent, reach, Vec::new())
    }

    /// The same, which trusts these roots beside those of this machine.
    pub fn client_trusting(
        user_agent: &str,
        reach: Reach,
        roots: Vec<reqwest::Certificate>,
    ) -> Result<Client, reqwest::Error> {
        let builder = client_builder(user_agent, Patience::default());
        Client::build(builder.tls_certs_merge(roots).http1_only(), reach)
    }

    /// Subscribes at an address such as `https://jipp.example.go.id`. What changed before this returns may not be told.
    pub async fn open(client: &Client, url: &str) -> Result<Self, HintError> {
        let endpoint = endpoint(url, client.reach())?;
        let opened = timeout(OPEN_TIMEOUT, Self::subscribe(client.http(), &endpoint)).await;
        opened.map_err(|_| HintError::Silent)?
    }

    async fn subscribe(client: &reqwest::Client, endpoint: &str) -> Result<Self, HintError> {
        let stream = upgrade(client, endpoint).await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MOST_MESSAGE_BYTES))
            .max_frame_size(Some(MOST_MESSAGE_BYTES));
        let mut hints = Self {
            socket: WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await,
            pace: Pace::new(),
        };
        hints.say(ToPeer::Init).await?;
        hints.await_message(&FromPeer::Ack).await?;
        // Messages are dealt with in their order, so the pong tells that the subscription runs.
        hints.say(ToPeer::Subscribe).await?;
        hints.say(ToPeer::Ping).await?;
        hints.await_message(&FromPeer::Pong).await?;
        Ok(hints)
    }

    /// Waits for the next hint. Giving up waiting loses nothing.
    pub async fn next(&mut self) -> Result<Hint, HintError> {
        loop {
            if let FromPeer::Hint(hint) = self.hear().await? {
                return Ok(hint);
            }
        }
    }

    /// Waits for this message; hints before it are of no use yet.
    async fn await_message(&mut self, awaited: &FromPeer) -> Result<(), HintError> {
        while self.hear().await? != *awaited {}
        Ok(())
    }

    /// Waits for a message and answers pings. A peer that stays silent though asked is gone.
    async fn hear(&mut self) -> Result<FromPeer, HintError> {
        let mut is_asked = false;
        loop {
            self.pace.keep().await;
            let Ok(received) = timeout(QUIET, self.socket.next()).await else {
                if std::mem::replace(&mut is_asked, true) {
                    return Err(HintError::Silent);
                }
                self.say(ToPeer::Ping).await?;
                continue;
            };
            is_asked = false;
            match received.unwrap_or(Err(tungstenite::Error::ConnectionClosed)) {
                Ok(Message::Text(text)) => match FromPeer::parse(&text)? {
                    FromPeer::Ping => self.say(ToPeer::Pong).await?,
                    message => return Ok(message),
                },
                Ok(Message::Close(frame)) => return Err(HintError::Closed(code(frame))),
                // Frames of WebSocket itself, which the library answers.
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Binary(_) | Message::Frame(_)) => {
                    return Err(HintError::Malformed("it is not text".to_owned()));
                }
                Err(error) => return Err(HintError::Broken(Box::new(error))),
            }
        }
    }

    async fn say(&mut self, message: ToPeer) -> Result<(), HintError> {
        let sent = timeout(
            SEND_TIMEOUT,
            self.socket.send(Message::text(message.text())),
        );
        let sent = sent.await.map_err(|_| HintError::Silent)?;
        sent.map_err(|error| HintError::Broken(Box::new(error)))
    }
}

fn code(frame: Option<CloseFrame>) -> u16 {
    // RFC 6455, section 7.1.5: a frame without a code counts as this one.
    const NO_CODE: u16 = 1005;
    frame.map_or(NO_CODE, |frame| frame.code.into())
}

/// Asks for the WebSocket (RFC 6455, section 4.1), over the same connections and with the same TLS as pulls.
async fn upgrade(client: &reqwest::Client, endpoint: &str) -> Result<Upgraded, HintError> {
    let failed = |cause: reqwest::Error| unreachable(&without_user_info(endpoint), cause);
    let key = generate_key();
    let request = client
        .get(endpoint)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    let response = request.send().await.map_err(failed)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(HintError::Refused(response.status().as_u16()));
    }
    let accepted = derive_accept_key(key.as_bytes());
    let is_ours = is(response.headers(), &SEC_WEBSOCKET_ACCEPT, &accepted)
        && is(response.headers(), &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    if !is_ours {
        return Err(HintError::Subprotocol);
    }
    Ok(response.upgrade().await.map_err(failed)?)
}

fn is(headers: &HeaderMap, name: &HeaderName, expected: &str) -> bool {
    headers.get(name).is_some_and(|value| value == expected)
}
