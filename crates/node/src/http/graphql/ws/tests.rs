//! The front door over WebSocket, each test over a real connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::http::HeaderValue;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use super::super::test_schema::{Probe, TestEndpoint, doubling_fragments, endpoint};
use super::*;

/// A running server.
struct Server {
    address: SocketAddr,
    endpoint: TestEndpoint,
    probe: Arc<Probe>,
    shutdown: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(ws: Settings) -> Self {
        Self::of(super::super::Settings {
            ws,
            ..Default::default()
        })
        .await
    }

    async fn of(settings: super::super::Settings) -> Self {
        let (endpoint, probe, shutdown) = endpoint(settings);
        let app = Router::new().route("/graphql", endpoint.route());
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let task = tokio::spawn(axum::serve(listener, app).into_future());
        Self {
            address,
            endpoint,
            probe,
            shutdown,
            task,
        }
    }

    /// Connects with these headers beside what every client sends.
    async fn connect(&self, headers: &[(&'static str, &str)]) -> Result<Client, Error> {
        let url = format!("ws://{}/graphql", self.address);
        let mut request = url.into_client_request().expect("it is a URL");
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(value).expect("it is a header"));
        }
        connect_async(request)
            .await
            .map(|(socket, _)| Client { socket })
    }

    async fn open(&self) -> Client {
        let headers = [("sec-websocket-protocol", SUBPROTOCOL)];
        self.connect(&headers).await.expect("the server upgrades")
    }

    /// A client that is past its `connection_init`.
    async fn ready(&self) -> Client {
        let mut client = self.open().await;
        client.say(json!({"type": "connection_init"})).await;
        assert_eq!(client.hear().await, json!({"type": "connection_ack"}));
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn say(&mut self, message: Value) {
        self.say_text(message.to_string()).await;
    }

    async fn say_text(&mut self, text: String) {
        self.socket
            .send(Message::text(text))
            .await
            .expect("the connection is open");
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        let payload = json!({ "query": query });
        self.say(json!({"type": "subscribe", "id": id, "payload": payload}))
            .await;
    }

    async fn hear(&mut self) -> Value {
        match self
            .socket
            .next()
            .await
            .expect("the connection is open")
            .expect("it works")
        {
            Message::Text(text) => serde_json::from_str(&text).expect("messages are JSON"),
            other => panic!("a text is expected, not {other:?}"),
        }
    }

    /// The code by which the server hangs up. Nothing but pings may come before.
    async fn close_code(&mut self) -> u16 {
        loop {
            match self
                .socket
                .next()
                .await
                .expect("a close comes")
                .expect("the connection works")
            {
                Message::Close(frame) => return frame.expect("it has a code").code.into(),
                Message::Text(text) if text.as_str() == r#"{"type":"ping"}"# => {}
                other => panic!("a close is expected, not {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_subscription_runs_to_its_end_and_frees_its_id() {
    let server = Server::start().await;
    let mut client = server.ready().await;
    for _ in 0..2 {
        client.subscribe("a", "subscription { count(to: 2) }").await;
        for number in 0..2 {
            let payload = json!({"data": {"count": number}});
            assert_eq!(
                client.hear().await,
                json!({"type": "next", "id": "a", "payload": payload})
            );
        }
        assert_eq!(client.hear().await, json!({"type": "complete", "id": "a"}));
    }
}

#[tokio::test]
async fn queries_and_mutations_work_too() {
    let server = Server::start().await;
    let mut client = server.ready().await;
    for (query, data) in [
        ("{ one }", json!({"one": 1})),
        ("mutation { publish }", json!({"publish": true})),
    ] {
        client.subscribe("a", query).await;
        let payload = json!({ "data": data });
        assert_eq!(
            client.hear().await,
            json!({"type": "next", "id": "a", "payload": payload})
        );
        assert_eq!(client.hear().await, json!({"type": "complete", "id": "a"}));
    }
    client.subscribe("b", "{ fails }").await;
    let failed = client.hear().await;
    assert_eq!(failed["type"], "next");
    assert_eq!(failed["payload"]["data"], json!({"fails": null}));
    assert_eq!(
        failed["payload"]["errors"][0]["extensions"]["code"],
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn what_is_refused_is_an_error_and_frees_its_id() {
    let server = Server::start().await;
    let mut client = server.ready().await;
    let huge = doubling_fragments();
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ unheardOf }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { unheardOf }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { count(to: 1) breaks }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription($n: Int!) { count(to: $n) }", "BAD_USER_INPUT"),
        (&huge, "DOCUMENT_TOO_COMPLEX"),
        ("{ panics }", "INTERNAL_SERVER_ERROR"),
        ("subscription { breaks }", "INTERNAL_SERVER_ERROR"),
    ] {
        client.subscribe("a", query).await;
        let error = client.hear().await;
        assert_eq!(
            (&error["type"], &error["id"]),
            (&json!("error"), &json!("a")),
            "{error}"
        );
        assert_eq!(error["payload"][0]["extensions"]["code"], code, "{error}");
    }
    client.subscribe("a", "{ one }").await;
    assert_eq!(client.hear().await["type"], "next");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_an_error() {
    let server = Server::of(super::super::Settings {
        answer_bytes: 70,
        ..Default::default()
    })
    .await;
    let mut client = server.ready().await;
    client.subscribe("a", "{ one }").await;
    assert_eq!(client.hear().await["type"], "next");
    assert_eq!(client.hear().await["type"], "complete");
    client
        .subscribe("a", "{ one two: one three: one four: one }")
        .await;
    let error = client.hear().await;
    let code = &error["payload"][0]["extensions"]["code"];
    assert_eq!(
        (&error["type"], code),
        (&json!("error"), &json!("ANSWER_TOO_LARGE"))
    );
    client.subscribe("a", "{ one }").await;
    assert_eq!(client.hear().await["type"], "next", "the id is free");
}

#[tokio::test]
async fn complete_ends_an_operation_and_frees_all_it_holds() {
    let server = Server::start().await;
    let mut client = server.ready().await;
    for _ in 0..30 {
        client.subscribe("a", "subscription { hang }").await;
        assert_eq!(client.hear().await["type"], "next");
        assert_eq!(server.probe.hanging.load(Ordering::SeqCst), 1);
        client.say(json!({"type": "complete", "id": "a"})).await;
        client.say(json!({"type": "ping"})).await;
        assert_eq!(client.hear().await, json!({"type": "pong"}));
        while server.probe.hanging.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
    client
        .say(json!({"type": "complete", "id": "unknown"}))
        .await;
    client.subscribe("b", "{ one }").await;
    assert_eq!(client.hear().await["id"], "b");
}

#[tokio::test]
async fn operations_end_with_their_connection() {
    let server = Server::start().await;
    let mut client = server.ready().await;
    client.subscribe("a", "subscription { hang }").await;
    assert_eq!(client.hear().await["type"], "next");
    drop(client);
    while server.probe.hanging.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    server.endpoint.sockets_closed().await;
}

#[tokio::test]
async fn operations_run_beside_one_another() {
    let server = Server::start().await;
    let mut client = server.ready().await;
    client.subscribe("slow", "{ waits }").await;
    client.subscribe("quick", "{ one }").await;
    assert_eq!(client.hear().await["id"], "quick");
    assert_eq!(
        client.hear().await,
        json!({"type": "complete", "id": "quick"})
    );
    server.probe.release.notify_one();
    assert_eq!(client.hear().await["id"], "slow");
}

/// Says these messages to a fresh connection and checks the code it is closed with.
async fn check_close(messages: &[Value], code: u16) {
    let server = Server::start().await;
    let mut client = server.open().await;
    for message in messages {
        let text = match message {
            Value::String(text) => text.clone(),
            message => message.to_string(),
        };
        client.say_text(text).await;
        if message["type"] == "connection_init" && message["payload"]["Authorization"].is_null() {
            let answer = client.socket.next().await.expect("an answer comes");
            if let Ok(Message::Close(Some(frame))) = answer {
                assert_eq!(u16::from(frame.code), code, "{messages:?}");
                return;
            }
        }
    }
    assert_eq!(client.close_code().await, code, "{messages:?}");
}

#[tokio::test]
async fn whoever_breaks_the_protocol_is_told_by_code() {
    let init = json!({"type": "connection_init"});
    let subscribe = json!({"type": "subscribe", "id": "a", "payload": {"query": "{ waits }"}});
    check_close(&[json!("garbage")], 4400).await;
    check_close(&[json!([])], 4400).await;
    check_close(&[json!({})], 4400).await;
    check_close(&[json!({"type": "start"})], 4400).await;
    check_close(&[json!({"type": 1})], 4400).await;
    check_close(&[json!({"type": "connection_init", "payload": []})], 4400).await;
    check_close(
        &[json!({"type": "connection_init", "payload": {"Authorization": 1}})],
        4400,
    )
    .await;
    check_close(
        &[
            init.clone(),
            json!({"type": "subscribe", "payload": {"query": "{ one }"}}),
        ],
        4400,
    )
    .await;
    check_close(
        &[
            init.clone(),
            json!({"type": "subscribe", "id": "", "payload": {"query": "{ one }"}}),
        ],
        4400,
    )
    .await;
    check_close(
        &[init.clone(), json!({"type": "subscribe", "id": "a"})],
        4400,
    )
    .await;
    check_close(
        &[
            init.clone(),
            json!({"type": "subscribe", "id": "a", "payload": {}}),
        ],
        4400,
    )
    .await;
    check_close(
        &[
            init.clone(),
            json!({"type": "subscribe", "id": 1, "payload": {"query": "{ one }"}}),
        ],
        4400,
    )
    .await;
    check_close(&[init.clone(), json!({"type": "complete"})], 4400).await;
    check_close(std::slice::from_ref(&subscribe), 4401).await;
    check_close(
        &[json!({"type": "connection_init", "payload": {"Authorization": "Bearer wrong"}})],
        4403,
    )
    .await;
    check_close(
        &[json!({"type": "connection_init", "payload": {"authorization": "Bearer wrong"}})],
        4403,
    )
    .await;
    check_close(&[init.clone(), subscribe.clone(), subscribe], 4409).await;
    check_close(&[init.clone(), init], 4429).await;
}

#[tokio::test]
async fn binary_and_large_messages_close_the_connection() {
    let server = Server::with(Settings {
        message_bytes: 200,
        ..Settings::default()
    })
    .await;
    let mut client = server.ready().await;
    client
        .socket
        .send(Message::binary(vec![1, 2, 3]))
        .await
        .unwrap();
    assert_eq!(client.close_code().await, 4400);

    let ping = json!({"type": "ping", "payload": {"filler": ""}}).to_string();
    let of_size = |bytes: usize| {
        ping.replace(
            r#""filler":"""#,
            &format!(r#""filler":"{}""#, "x".repeat(bytes - ping.len())),
        )
    };
    let mut client = server.ready().await;
    client.say_text(of_size(200)).await;
    assert_eq!(client.hear().await["type"], "pong");
    client.say_text(of_size(201)).await;
    assert_eq!(client.close_code().await, 1009);

    let mut client = server.ready().await;
    let whole = of_size(201);
    let (first, last) = whole.split_at(100);
    for (part, code, is_last) in [(first, Data::Text, false), (last, Data::Continue, true)] {
        let part = Frame::message(part.to_owned(), OpCode::Data(code), is_last);
        client.socket.send(Message::Frame(part)).await.unwrap();
    }
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn only_our_subprotocol_is_spoken() {
    let server = Server::start().await;
    let mut silent = server
        .connect(&[])
        .await
        .expect("it is upgraded, to be closed with a code");
    assert_eq!(silent.close_code().await, 4406);
    // This client refuses a connection by itself if its subprotocol is not taken up.
    let other = server
        .connect(&[("sec-websocket-protocol", "graphql-ws")])
        .await;
    assert!(matches!(other, Err(Error::Protocol(_))));
    let both = format!("graphql-ws, {SUBPROTOCOL}");
    server
        .connect(&[("sec-websocket-protocol", &both)])
        .await
        .expect("ours is among them");
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    let server = Server::start().await;
    let host = server.address.to_string();
    let protocol = ("sec-websocket-protocol", SUBPROTOCOL);
    let refused = server
        .connect(&[protocol, ("origin", "https://evil.id")])
        .await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 403));
    let ours = format!("http://{host}");
    server
        .connect(&[protocol, ("origin", &ours)])
        .await
        .expect("our own pages may");
}

#[tokio::test]
async fn the_token_comes_by_header_or_by_init() {
    let server = Server::start().await;
    for (header, payload, viewer) in [
        (None, json!(null), "anybody"),
        (
            None,
            json!({"Authorization": "Bearer secret", "more": 1}),
            "operator",
        ),
        (None, json!({"authorization": "Bearer secret"}), "operator"),
        (Some("Bearer secret"), json!({}), "operator"),
        (
            Some("Bearer wrong"),
            json!({"Authorization": "Bearer secret"}),
            "operator",
        ),
    ] {
        let mut headers = vec![("sec-websocket-protocol", SUBPROTOCOL)];
        headers.extend(header.map(|token| ("authorization", token)));
        let mut client = server.connect(&headers).await.expect("the server upgrades");
        client
            .say(json!({"type": "connection_init", "payload": payload}))
            .await;
        assert_eq!(client.hear().await["type"], "connection_ack");
        client.subscribe("a", "{ viewer }").await;
        assert_eq!(client.hear().await["payload"]["data"]["viewer"], viewer);
    }
}

#[tokio::test]
async fn more_operations_than_allowed_are_refused_one_by_one() {
    let server = Server::with(Settings {
        operations: 2,
        ..Settings::default()
    })
    .await;
    let mut client = server.ready().await;
    client.subscribe("a", "{ waits }").await;
    client.subscribe("b", "subscription { hang }").await;
    assert_eq!(client.hear().await["id"], "b");
    client.subscribe("c", "{ one }").await;
    let error = client.hear().await;
    assert_eq!(
        (&error["type"], &error["id"]),
        (&json!("error"), &json!("c"))
    );
    assert_eq!(
        error["payload"][0]["extensions"]["code"],
        "TOO_MANY_OPERATIONS"
    );
    client.say(json!({"type": "complete", "id": "b"})).await;
    client.subscribe("c", "{ one }").await;
    assert_eq!(client.hear().await["type"], "next");
}

#[tokio::test]
async fn pings_are_answered_with_their_payload() {
    let server = Server::start().await;
    let mut client = server.open().await;
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.hear().await, json!({"type": "pong"}));
    client
        .say(json!({"type": "ping", "payload": {"at": 1}}))
        .await;
    assert_eq!(
        client.hear().await,
        json!({"type": "pong", "payload": {"at": 1}})
    );
    client.say(json!({"type": "pong"})).await;
    client
        .socket
        .send(Message::Ping(vec![7].into()))
        .await
        .unwrap();
    let answer = client.socket.next().await.unwrap().unwrap();
    assert_eq!(answer, Message::Pong(vec![7].into()));
}

#[tokio::test]
async fn a_client_that_does_not_introduce_itself_is_closed() {
    let settings = Settings {
        init_timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let server = Server::with(settings).await;
    let mut client = server.open().await;
    assert_eq!(client.close_code().await, 4408);
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let settings = Settings {
        ping_interval: Duration::from_millis(300),
        ..Settings::default()
    };
    let server = Server::with(settings).await;
    let mut client = server.ready().await;
    for _ in 0..3 {
        assert_eq!(client.hear().await, json!({"type": "ping"}));
        client.say(json!({"type": "pong"})).await;
    }
    assert_eq!(client.hear().await, json!({"type": "ping"}));
    assert_eq!(client.close_code().await, 1001);
}

#[tokio::test]
async fn shutdown_ends_subscriptions_and_lets_the_rest_finish() {
    let settings = Settings {
        shutdown_timeout: Duration::from_secs(3_600),
        ..Settings::default()
    };
    let server = Server::with(settings).await;
    let mut idle = server.ready().await;
    let mut busy = server.ready().await;
    busy.subscribe("a", "subscription { hang }").await;
    assert_eq!(busy.hear().await["type"], "next");
    busy.subscribe("b", "{ waits }").await;
    busy.say(json!({"type": "ping"})).await;
    assert_eq!(busy.hear().await["type"], "pong");

    server.shutdown.cancel();
    assert_eq!(idle.close_code().await, 1001);
    server.probe.release.notify_one();
    let finished = busy.hear().await;
    assert_eq!(
        (&finished["type"], &finished["id"]),
        (&json!("next"), &json!("b"))
    );
    assert_eq!(busy.hear().await, json!({"type": "complete", "id": "b"}));
    let closed = tokio::time::timeout(Duration::from_secs(10), busy.close_code());
    assert_eq!(closed.await, Ok(1001), "the subscription keeps it open");
    drop((idle, busy));
    server.endpoint.sockets_closed().await;
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let settings = Settings {
        shutdown_timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let server = Server::with(settings).await;
    let mut client = server.ready().await;
    client.subscribe("a", "{ waits }").await;
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.hear().await["type"], "pong");
    server.shutdown.cancel();
    assert_eq!(client.close_code().await, 1001);
}
