//! Answers as events.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::Settings;
use super::super::test_schema::{TestEndpoint, endpoint};

const BOTH: &str = "application/graphql-response+json, application/json, text/event-stream";

/// An answer that comes in pieces.
struct Answer {
    status: u16,
    headers: HeaderMap,
    pieces: axum::body::BodyDataStream,
}

impl Answer {
    async fn next(&mut self) -> Option<String> {
        let piece = self.pieces.next().await?;
        let piece = piece.expect("the stream does not break");
        Some(String::from_utf8(piece.to_vec()).expect("it is text"))
    }

    /// Everything up to the end of the stream.
    async fn rest(mut self) -> String {
        let mut whole = String::new();
        while let Some(piece) = self.next().await {
            whole += &piece;
        }
        whole
    }
}

fn post(accept: &str, query: &str) -> Request<Body> {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", accept);
    let body = json!({ "query": query }).to_string();
    request.body(body.into()).expect("it is a request")
}

fn get(query: &str) -> Request<Body> {
    let uri = format!("/graphql?query={}", query.replace(' ', "+"));
    let request = Request::get(uri).header("accept", "text/event-stream");
    request.body(Body::empty()).expect("it is a request")
}

async fn ask(endpoint: &TestEndpoint, request: Request<Body>) -> Answer {
    let app: Router = Router::new().route("/graphql", endpoint.route());
    let response = app.oneshot(request).await.expect("a route does not fail");
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        pieces: body.into_data_stream(),
    }
}

fn events(results: &[Value]) -> String {
    let next = |result: &Value| format!("event: next\ndata: {result}\n\n");
    let results: String = results.iter().map(next).collect();
    format!("{results}event: complete\ndata:\n\n")
}

#[tokio::test]
async fn results_are_told_as_they_come() {
    let (endpoint, _, _) = endpoint(Settings::default());
    let counted = [0, 1].map(|number| json!({"data": {"count": number}}));
    for request in [
        post("text/event-stream", "subscription { count(to: 2) }"),
        post(BOTH, "subscription { count(to: 2) }"),
        get("subscription{count(to:2)}"),
    ] {
        let answer = ask(&endpoint, request).await;
        assert_eq!(answer.status, 200);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(answer.rest().await, events(&counted));
    }
    let one = json!({"data": {"one": 1}});
    let whole = ask(&endpoint, post(BOTH, "{ one }")).await.rest().await;
    assert_eq!(
        whole,
        one.to_string(),
        "who takes both gets a query's whole"
    );
    let told = ask(&endpoint, get("{one}")).await.rest().await;
    assert_eq!(told, events(&[one]));
}

#[tokio::test]
async fn what_is_refused_is_told_in_the_stream_if_the_guard_refused_it() {
    let (endpoint, _, _) = endpoint(Settings::default());
    for query in ["{ two }", "{", "subscription { nothing }"] {
        let answer = ask(&endpoint, post("text/event-stream", query)).await;
        assert_eq!(answer.status, 200);
        let told = answer.rest().await;
        assert!(
            told.starts_with("event: next\ndata: {\"errors\":[{"),
            "{told}"
        );
        assert!(told.ends_with("event: complete\ndata:\n\n"), "{told}");
    }
    let mutation = ask(&endpoint, get("mutation{publish}")).await;
    assert_eq!(
        (mutation.status, &mutation.headers["allow"]),
        (405, &"POST".parse().unwrap())
    );
    let mutation = ask(&endpoint, post("text/event-stream", "mutation { publish }")).await;
    assert_eq!(
        mutation.rest().await,
        events(&[json!({"data": {"publish": true}})])
    );
    let nothing = ask(
        &endpoint,
        post("application/json", "subscription { count(to: 2) }"),
    )
    .await;
    assert_eq!(nothing.status, 400);
}

#[tokio::test]
async fn a_fault_of_ours_ends_the_stream_and_says_so() {
    let (endpoint, _, _) = endpoint(Settings::default());
    let answer = ask(&endpoint, post(BOTH, "subscription { breaks }")).await;
    let told = answer.rest().await;
    assert!(told.contains("INTERNAL_SERVER_ERROR"), "{told}");
    assert!(told.ends_with("event: complete\ndata:\n\n"), "{told}");
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_their_reader() {
    let (endpoint, probe, _) = endpoint(Settings {
        event_streams: 1,
        ..Settings::default()
    });
    let hang = || post(BOTH, "subscription { hang }");
    let mut first = ask(&endpoint, hang()).await;
    assert!(first.next().await.unwrap().contains("\"hang\":1"));
    let second = ask(&endpoint, hang()).await;
    assert_eq!(second.status, 503);
    assert_eq!(second.headers["retry-after"], "10");
    assert_eq!(probe.hanging.load(Ordering::SeqCst), 1);
    drop(first);
    assert_eq!(probe.hanging.load(Ordering::SeqCst), 0);
    assert_eq!(ask(&endpoint, hang()).await.status, 200);
}

#[tokio::test]
async fn who_signed_out_hears_no_more() {
    let (endpoint, probe, _) = endpoint(Settings {
        event_pause: Duration::from_millis(20),
        ..Settings::default()
    });
    let mut request = post(BOTH, "subscription { hang }");
    let token = "Bearer session".parse().unwrap();
    request.headers_mut().insert("authorization", token);
    let mut answer = ask(&endpoint, request).await;
    assert!(answer.next().await.unwrap().contains("\"hang\":1"));
    assert_eq!(answer.next().await.unwrap(), ":\n\n");
    probe.signed_out.store(true, Ordering::SeqCst);
    let rest = answer.rest().await;
    assert!(!rest.contains("event"), "{rest}");
    assert_eq!(probe.hanging.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn streams_end_when_the_node_shuts_down() {
    let (endpoint, _, shutdown) = endpoint(Settings::default());
    let mut answer = ask(&endpoint, post(BOTH, "subscription { hang }")).await;
    assert!(answer.next().await.is_some());
    shutdown.cancel();
    assert_eq!(answer.next().await, None);
    drop(answer);
    endpoint.sockets_closed().await;
}
