//! Subscriptions, compression, health, and coming to an end.

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use serde_json::{Value, json};
use storage::logs::watching;
use testkit::Federation;
use testkit::patience::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::real_hub;

#[tokio::test]
async fn a_subscriber_hears_of_every_log_that_grows() {
    let hubs = Federation::drawn("b -> a").await;
    let mut heads = hubs
        .api("a")
        .subscribe("subscription { headsChanged { hub size checkpoint } }")
        .await;
    // A query on the same socket's hub makes sure that the subscription runs before anything changes.
    hubs.publish("a", "One").await;
    let mut size = 0;
    while size < hubs.size("a", "a").await {
        let event = heads.next().await;
        assert_eq!(event["headsChanged"]["hub"], "hub-a");
        size = event["headsChanged"]["size"].as_u64().unwrap();
    }
    hubs.publish("b", "Two").await;
    hubs.round("a", "b").await;
    let event = heads.next().await;
    assert_eq!(
        (
            &event["headsChanged"]["hub"],
            &event["headsChanged"]["size"]
        ),
        (&json!("hub-b"), &json!(3))
    );
    let checkpoint = event["headsChanged"]["checkpoint"].as_str().unwrap();
    assert!(
        hubs.hub("a")
            .trust()
            .await
            .unwrap()
            .open(checkpoint)
            .is_ok()
    );

    let (code, ()) = tokio::join!(heads.closed(), hubs.take_offline("a"));
    assert_eq!(code, 1001, "the hub says goodbye");
}

#[tokio::test]
async fn long_answers_are_compressed_as_the_client_likes() {
    let hubs = real_hub().await;
    let api = hubs.api("a");
    let body =
        json!({"query": "{ innovations(first: 100) { nodes { title summary agency { name } } } }"})
            .to_string();
    let ask = async |accepted: &str| {
        let request = api
            .http()
            .post(format!("{}/graphql", api.url()))
            .header(CONTENT_TYPE, "application/json");
        let response = request
            .header(ACCEPT_ENCODING, accepted)
            .body(body.clone())
            .send()
            .await
            .unwrap();
        let header = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let (encoding, vary) = (header(CONTENT_ENCODING), header(VARY));
        (encoding, vary, response.bytes().await.unwrap())
    };
    let (encoding, _, plain) = ask("identity").await;
    assert_eq!(encoding, None);
    let (encoding, vary, squeezed) = ask("zstd").await;
    assert_eq!(
        (encoding.as_deref(), vary.as_deref()),
        (Some("zstd"), Some("accept-encoding"))
    );
    assert!(squeezed.len() * 2 < plain.len());
    assert_eq!(zstd::decode_all(&squeezed[..]).unwrap(), plain);
    let (encoding, _, squeezed) = ask("gzip").await;
    assert_eq!(encoding.as_deref(), Some("gzip"));
    assert_eq!(squeezed[..2], [0x1f, 0x8b]);
    assert!(squeezed.len() * 2 < plain.len());
}

#[tokio::test]
async fn health_tells_of_life_and_of_what_is_wrong() {
    let hubs = Federation::drawn("b -> a").await;
    let get = async |path: &str| {
        let response = hubs
            .api("a")
            .http()
            .get(format!("{}{path}", hubs.api("a").url()))
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let ready = async || {
        let (status, text) = get("/readyz").await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    assert_eq!(get("/healthz").await, (200, "ok\n".to_owned()));
    hubs.take_offline("b").await;
    hubs.round("a", "b").await;
    let (status, body) = ready().await;
    assert_eq!(
        (
            status,
            &body["ready"],
            &body["database"]["state"],
            &body["log"]["state"]
        ),
        (200, &json!(true), &json!("ok"), &json!("ok"))
    );
    assert_eq!(
        body["logs"],
        json!([{"hub": "hub-a", "size": 1, "state": "Proved"}])
    );
    assert_eq!(
        body["peers"][0]["failures"], 1,
        "a peer that is away is told and changes nothing"
    );

    watching::park(
        &hubs.hub("a").db,
        &hubs.log("a").await,
        Some("set aside by hand"),
    )
    .await
    .unwrap();
    let (status, body) = ready().await;
    assert_eq!(
        (status, &body["ready"], &body["log"]["state"]),
        (503, &json!(false), &json!("failed"))
    );

    hubs.hub("a").db.close().await.unwrap();
    let (status, body) = ready().await;
    assert_eq!(
        (status, &body["database"]["state"]),
        (503, &json!("failed"))
    );
    assert_eq!(get("/healthz").await.0, 200);
}

#[tokio::test]
async fn a_request_that_runs_when_the_hub_stops_is_answered() {
    let hubs = Federation::of(["a"]).await;
    hubs.publish("a", "Still here").await;
    let address = hubs
        .api("a")
        .url()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let body = json!({"query": "{ innovations { nodes { title } } }"}).to_string();
    let mut running = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    running.write_all(head.as_bytes()).await.unwrap();
    // The hub asks for the body once the request is being worked on.
    let mut asked = [0; 25];
    running.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");

    let finish = async {
        eventually("new connections are refused", async || {
            TcpStream::connect(&address).await.err()
        })
        .await;
        running.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        running.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, ()) = tokio::join!(finish, hubs.take_offline("a"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains(r#"{"data":{"innovations":{"nodes":[{"title":"Still here"}]}}}"#),
        "{answer}"
    );
}
