//! How the hub stands with all logs and peers, as anyone and as the operator sees it.

use domain::clock::Clock as _;
use node::system::SystemClock;
use serde_json::{Value, json};
use storage::logs::watching;
use testkit::Federation;

const STATUS: &str = "{ replicationStatus { asOf inSync summary
    logs { hub epoch state size provedSize newestSeen lagEntries lagSeconds behindSince missingPayloads unprojected provedAt
        forkedAt parkedReason problem }
    peers { hub lastRoundAt lastSuccessAt lagSeconds failures strikes rounds entries bytesReceived url lastError } } }";

//  b ─▶ a, where b goes away
#[tokio::test]
async fn everybody_sees_who_is_behind_and_the_operator_why_a_peer_fails() {
    let hubs = Federation::drawn("b -> a").await;
    hubs.publish("b", "One").await;
    hubs.sync_until_quiet().await;
    let status = anyone(&hubs).await;
    assert_eq!(
        (&status["inSync"], &status["peers"][0]["failures"]),
        (&json!(true), &json!(0))
    );
    let summary = status["summary"].as_str().unwrap();
    assert!(summary.starts_with("in sync: all 2 logs proved, last proved "));
    let log = &status["logs"][1];
    assert_eq!(
        (&log["hub"], &log["state"], &log["size"], &log["lagEntries"]),
        (&json!("hub-b"), &json!("PROVED"), &json!(3), &json!(0))
    );
    assert_eq!(
        (&log["behindSince"], &log["problem"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(status["peers"][0]["entries"], 3);

    // An hour ago b was seen to have more; it cannot be asked, under an address with a password.
    let an_hour_ago = SystemClock.now() - time::Duration::HOUR;
    let db = &hubs.hub("a").db;
    watching::note_seen(db, &hubs.log("b").await, 10, an_hour_ago)
        .await
        .unwrap();
    hubs.add_peer("a", "b", "http://name:secret@127.0.0.1:1")
        .await;
    hubs.round("a", "b").await;
    let status = anyone(&hubs).await;
    assert_eq!(status["inSync"], false);
    assert_eq!(
        status["summary"],
        "NOT in sync: 1 of 2 logs behind, the longest for 60 min; the only peer is failing"
    );
    let log = &status["logs"][1];
    assert_eq!(
        (&log["state"], &log["lagEntries"]),
        (&json!("CATCHING_UP"), &json!(7))
    );
    assert!(
        (3600..3660).contains(&log["lagSeconds"].as_u64().unwrap()),
        "{log}"
    );
    assert!(
        log["problem"]
            .as_str()
            .unwrap()
            .starts_with("hub-b is 7 entries behind for 60 min")
    );
    let peer = &status["peers"][0];
    assert_eq!(
        (
            &peer["hub"],
            &peer["failures"],
            &peer["url"],
            &peer["lastError"]
        ),
        (&json!("hub-b"), &json!(1), &Value::Null, &Value::Null)
    );

    let answer = hubs.api("a").mutate(STATUS, json!({})).await;
    let peer = &answer["replicationStatus"]["peers"][0];
    assert_eq!(peer["url"], "http://127.0.0.1:1");
    let error = peer["lastError"].as_str().unwrap();
    assert!(
        error.starts_with("http://127.0.0.1:1/graphql cannot be reached"),
        "{error}"
    );
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

async fn anyone(hubs: &Federation) -> Value {
    hubs.api("a").query(STATUS, json!({})).await["replicationStatus"].clone()
}

#[tokio::test]
async fn a_status_costs_the_same_however_many_logs_there_are() {
    let hubs = Federation::of(["a", "b", "c", "d"]).await;
    let db = &hubs.hub("a").db;
    let schema = graphql::serve(hubs.hub("a").context());
    let cost = async || {
        let before = db.statements();
        let answer = schema.execute(STATUS).await;
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        db.statements() - before
    };
    let few = cost().await;
    hubs.sync_until_quiet().await;
    assert_eq!(anyone(&hubs).await["logs"].as_array().unwrap().len(), 4);
    assert_eq!((few, cost().await), (2, 2));
}
