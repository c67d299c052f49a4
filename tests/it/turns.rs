//! One request of the sync kind at a time for each hub that shows who it is: how a supplier keeps to it, and how a puller
//! lives with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::routing::post;
use domain::identity::HubId;
use domain::token;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use graphql::MOST_WAITING;
use node::system::{SystemClock, SystemEntropy};
use outgoing::Reach;
use serde_json::{Value, json};
use storage::pins;
use sync::peer::{HttpPeer, Peer as _, PeerError, Signer};
use testkit::dump::Held;
use testkit::records::{hub_id, key_of};
use testkit::store::network;
use testkit::{Drawing, Federation};
use time::OffsetDateTime;
use tokio::net::TcpListener;

#[expect(clippy::disallowed_methods, reason = "the hubs use the real clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A token with which hub-a asks one of these names.
fn bearer(asker: &HubId, asked: &HubId) -> String {
    let key = key_of(asker);
    let network = network();
    token::sign(&network, asker, asked, now(), &key, &SystemEntropy)
}

#[tokio::test]
async fn one_sync_request_of_a_hub_is_served_a_few_wait_and_more_are_told_to_come_back() {
    let hubs = Federation::build(Drawing::drawn("p").on_postgres("p")).await;
    let us = hub_id("hub-p");
    let db = &hubs.hub("p").db;
    for name in ["hub-a", "hub-b"] {
        let asker = hub_id(name);
        let pinned = pins::add(db, &asker, &key_of(&asker).public(), now(), None).await;
        pinned.unwrap();
    }
    hubs.publish("p", "Judul").await;
    let log = hubs.log("p").await;
    // A page that ends before the log does needs a proof out of the tree.
    let entries = format!(
        "{{ entries(hub: \"hub-p\", epoch: {}, from: 0, first: 1) {{ entries {{ payload }} }} }}",
        log.epoch
    );
    let heads = "{ heads { nodes { size } } }";
    let ask = async |asker: &str, document: &str| {
        let token = bearer(&hub_id(asker), &us);
        let body = json!({ "query": document });
        hubs.api("p").send(Some(&token), &body).await
    };
    assert_eq!(ask("hub-a", &entries).await.codes(), [""; 0]);

    let held = Held::table(hubs.site("p").location(), "tile").await;
    let mut asked: FuturesUnordered<_> = (0..MOST_WAITING + 4)
        .map(|_| ask("hub-a", &entries))
        .collect();
    for _ in 0..3 {
        let refused = asked.next().await.unwrap();
        assert_eq!(refused.codes(), ["RATE_LIMITED"], "{refused:?}");
        let hint = &refused.body["errors"][0]["extensions"]["retryAfterSeconds"];
        assert_eq!(*hint, 1, "{refused:?}");
    }
    // The line is full, and it is that of one hub and of the sync kind.
    assert_eq!(ask("hub-a", heads).await.codes(), ["RATE_LIMITED"]);
    let reading = ask("hub-a", "{ hubs { totalCount } }").await;
    assert_eq!(reading.codes(), [""; 0], "{reading:?}");
    assert_eq!(ask("hub-b", heads).await.codes(), [""; 0]);
    let anyone = hubs.api("p").ask(heads, json!({})).await;
    assert_eq!(anyone.codes(), [""; 0]);

    held.let_go().await;
    while let Some(answer) = asked.next().await {
        assert_eq!(answer.codes(), [""; 0], "{answer:?}");
    }
    assert_eq!(ask("hub-a", heads).await.codes(), [""; 0]);
}

/// A peer that says so often that too much is under way, and then gives payloads.
async fn busy_peer(times: u64, asked: Arc<AtomicU64>) -> String {
    let answer = move |headers: HeaderMap| async move {
        assert!(
            headers.contains_key(AUTHORIZATION),
            "each time with a token"
        );
        let body: Value = if asked.fetch_add(1, Ordering::SeqCst) < times {
            let extensions = json!({"code": "RATE_LIMITED", "retryAfterSeconds": 1});
            json!({"data": null, "errors": [{"message": "ask again", "extensions": extensions}]})
        } else {
            json!({"data": {"payloads": [{"index": 0, "payload": "{}"}]}})
        };
        ([(CONTENT_TYPE, "application/json")], body.to_string())
    };
    let router = Router::new().route("/graphql", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_puller_that_is_told_to_comes_back_and_not_for_ever() {
    let hubs = Federation::drawn("a").await;
    let log = hubs.log("a").await;
    for (times, expected) in [(1, Some(2)), (u64::MAX, None)] {
        let asked = Arc::new(AtomicU64::new(0));
        let url = busy_peer(times, Arc::clone(&asked)).await;
        let peer = HttpPeer::new(HttpPeer::client("test", Reach::here()).unwrap(), &url).unwrap();
        let us = hub_id("hub-a");
        let peer = peer.signing(Signer {
            network: network(),
            peer: hub_id("hub-p"),
            key: key_of(&us),
            us,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        });
        let given = peer.payloads(&log, &[0]).await;
        if let Some(expected) = expected {
            assert_eq!(given.unwrap(), [(0, "{}".to_owned())]);
            assert_eq!(asked.load(Ordering::SeqCst), expected);
        } else {
            let refused = given.unwrap_err();
            assert!(
                matches!(&refused, PeerError::Refused { code, .. } if code == "RATE_LIMITED"),
                "{refused}"
            );
            assert_eq!(asked.load(Ordering::SeqCst), 4);
        }
    }
}

/// A peer that gives nothing to whoever does not show who they are, since it has too much to do.
async fn overloaded_peer() -> String {
    let answer = async |headers: HeaderMap| {
        let body: Value = if headers.contains_key(AUTHORIZATION) {
            json!({"data": {"heads": {"nodes": [], "pageInfo": {"hasNextPage": false, "endCursor": null}}}})
        } else {
            let extensions = json!({"code": "OVERLOADED", "retryAfterSeconds": 5});
            json!({"errors": [{"message": "come again", "extensions": extensions}]})
        };
        ([(CONTENT_TYPE, "application/json")], body.to_string())
    };
    let router = Router::new().route("/graphql", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_puller_shows_who_it_is_to_a_peer_that_sends_others_away() {
    let url = overloaded_peer().await;
    let peer = || HttpPeer::new(HttpPeer::client("test", Reach::here()).unwrap(), &url).unwrap();
    let refused = peer().heads(None).await.unwrap_err();
    assert!(
        matches!(&refused, PeerError::Refused { code, .. } if code == "OVERLOADED"),
        "{refused}"
    );
    let us = hub_id("hub-a");
    let peer = peer().signing(Signer {
        network: network(),
        peer: hub_id("hub-p"),
        key: key_of(&us),
        us,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    });
    assert!(peer.heads(None).await.unwrap().heads.is_empty());
}
