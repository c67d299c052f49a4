//! How the hub stands with all logs and peers, as anyone and as the operator sees it.

use std::collections::BTreeMap;

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
    let schema = graphql::serve(hubs.hub("a").context(), &graphql::guard::Limits::default());
    // The least of three: hubs look at their databases now and then, which counts too.
    let cost = async || {
        let mut least = u64::MAX;
        for _ in 0..3 {
            let before = db.statements();
            let answer = schema.execute(STATUS).await;
            assert!(answer.errors.is_empty(), "{:?}", answer.errors);
            least = least.min(db.statements() - before);
        }
        least
    };
    let few = cost().await;
    hubs.sync_until_quiet().await;
    assert_eq!(anyone(&hubs).await["logs"].as_array().unwrap().len(), 4);
    assert_eq!((few, cost().await), (5, 5));
}

/// The samples of a scrape by name and labels, each line held against the format (version 0.0.4).
fn samples(text: &str) -> BTreeMap<String, f64> {
    let is_name = |name: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_letter)
    };
    let mut found = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    assert!(text.ends_with('\n'), "the last line ends");
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            assert!(
                matches!(words[0], "HELP" | "TYPE") && is_name(words[1]),
                "{line}"
            );
            if words[0] == "TYPE" {
                assert!(matches!(words[2], "gauge" | "counter"), "{line}");
                let known = kinds.insert(words[1].to_owned(), words[2].to_owned());
                assert_eq!(known, None, "{line}: a name has one type");
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect(line);
        let name = series.split_once('{').map_or(series, |(name, labels)| {
            let labels = labels.strip_suffix('}').expect(line);
            for label in labels.split("\",") {
                let (name, value) = label.split_once("=\"").expect(line);
                assert!(
                    is_name(name) && !value.trim_end_matches('"').contains(['"', '\\']),
                    "{line}"
                );
            }
            name
        });
        assert!(kinds.contains_key(name), "{line} has no type");
        let known = found.insert(series.to_owned(), value.parse().expect(line));
        assert_eq!(known, None, "{line} stands twice");
    }
    found
}

//  b ─▶ a, then b is seen to have more and goes away
#[tokio::test]
async fn metrics_tell_the_same_in_the_format_of_prometheus() {
    let hubs = Federation::drawn("b -> a").await;
    hubs.publish("b", "One").await;
    hubs.round("a", "b").await;
    let scrape = async || {
        let api = hubs.api("a");
        let response = api
            .http()
            .get(format!("{}/metrics", api.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        response.text().await.unwrap()
    };
    let check = |text: &str, expected: &[(&str, f64)]| {
        let samples = samples(text);
        for (series, value) in expected {
            assert_eq!(samples.get(*series), Some(value), "{series} in\n{text}");
        }
    };
    let log = hubs.log("b").await;
    let of_b =
        |name: &str, more: &str| format!("{name}{{hub=\"hub-b\",epoch=\"{}\"{more}}}", log.epoch);
    check(
        &scrape().await,
        &[
            (&of_b("simpul_log_size", ""), 3.0),
            (&of_b("simpul_log_newest_seen", ""), 3.0),
            (&of_b("simpul_log_missing_payloads", ""), 0.0),
            (&of_b("simpul_log_unprojected", ""), 0.0),
            (&of_b("simpul_log_behind_seconds", ""), 0.0),
            (&of_b("simpul_log_state", ",state=\"PROVED\""), 1.0),
            (&of_b("simpul_log_state", ",state=\"CATCHING_UP\""), 0.0),
            ("simpul_peer_rounds_total{hub=\"hub-b\"}", 1.0),
            ("simpul_peer_entries_total{hub=\"hub-b\"}", 3.0),
            ("simpul_peer_failures{hub=\"hub-b\"}", 0.0),
            ("simpul_peer_strikes_total{hub=\"hub-b\"}", 0.0),
            ("simpul_in_sync", 1.0),
        ],
    );
    let first = samples(&scrape().await);
    assert!(first["simpul_peer_received_bytes_total{hub=\"hub-b\"}"] > 1000.0);
    assert!(first["simpul_peer_last_success_timestamp_seconds{hub=\"hub-b\"}"] > 1.7e9);
    assert!(first["simpul_store_position"] >= 2.0);
    assert!(
        first
            .keys()
            .any(|series| series.starts_with("simpul_build_info{version=\""))
    );

    let an_hour_ago = SystemClock.now() - time::Duration::HOUR;
    watching::note_seen(&hubs.hub("a").db, &log, 10, an_hour_ago)
        .await
        .unwrap();
    hubs.add_peer("a", "b", "http://name:secret@127.0.0.1:1")
        .await;
    hubs.round("a", "b").await;
    let text = scrape().await;
    check(
        &text,
        &[
            (&of_b("simpul_log_newest_seen", ""), 10.0),
            (&of_b("simpul_log_state", ",state=\"PROVED\""), 0.0),
            (&of_b("simpul_log_state", ",state=\"CATCHING_UP\""), 1.0),
            ("simpul_peer_failures{hub=\"hub-b\"}", 1.0),
            ("simpul_in_sync", 0.0),
        ],
    );
    assert!(samples(&text)[&of_b("simpul_log_behind_seconds", "")] >= 3600.0);
    assert!(
        !text.contains("secret") && !text.contains("127.0.0.1"),
        "{text}"
    );
}
