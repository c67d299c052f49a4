//! What may help with needs: every reason, by what the viewer may see, with an index and without.

use domain::catalog::InnovationDraft;
use domain::entry::{Audience, Kind};
use graphql::Served;
use serde_json::{Value, json};
use testkit::records::{self, agency, innovation, record};
use testkit::{Backend, Store};

use super::{answer, made_anew, schema};

on_both_databases! {
    a_match_says_why,
    several_needs_are_read_at_once,
}

const MATCHES: &str =
    "{ needs { nodes { statement matches(first: 5) { score reasons innovation { title } } } } }";

async fn put(store: &Store, number: u128, kind: &str, body: &Value) {
    store
        .issue(vec![records::put(
            record(number),
            1,
            kind,
            body,
            store.now(),
        )])
        .await;
}

fn need(statement: &str, affairs: &[&str], sdgs: &[u8]) -> Value {
    json!({"agency": record(1), "statement": statement, "affairs": affairs, "sdgs": sdgs, "region": "13.72",
        "steps": [{"state": "OPEN", "on": "2026-01"}]})
}

fn serving(title: &str, affairs: &[&str]) -> InnovationDraft {
    InnovationDraft {
        affairs: affairs.iter().copied().map(str::to_owned).collect(),
        ..innovation(title, record(1))
    }
}

/// One innovation for which everything speaks, others for which one thing does, and one for which nothing does.
async fn catalog(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas", Some("13.71")))
        .await;
    store
        .put_agency(record(11), 1, &agency("Dinas lain", Some("35")))
        .await;
    let all = InnovationDraft {
        sdgs: vec![3],
        stage: "INSTITUTIONALIZATION".to_owned(),
        adoption: "APPLIED".to_owned(),
        ..serving("Antrean Puskesmas Melati", &["HEALTH", "COMMUNICATION"])
    };
    store.put_innovation(record(2), 1, &all).await;
    let elsewhere = |title: &str| InnovationDraft {
        agency: record(11).to_string(),
        stage: "CREATION".to_owned(),
        adoption: "TRIAL".to_owned(),
        ..serving(title, &["TOURISM"])
    };
    let words = elsewhere("Antrean puskesmas malam");
    store.put_innovation(record(3), 1, &words).await;
    let nothing = elsewhere("Taman kota");
    store.put_innovation(record(4), 1, &nothing).await;
    let hidden = elsewhere("Antrean puskesmas rahasia");
    let mut hidden = records::put(record(5), 1, Kind::INNOVATION, &hidden, store.now());
    hidden.audience = Audience::Network;
    store.issue(vec![hidden]).await;
    let done = json!({"source": format!("hub-a:{}", record(2)), "adopter": record(11), "scope": "FULL", "steps": [
        {"state": "INTERESTED", "on": "2025-01-01"}, {"state": "AGREED", "on": "2025-01-02"},
        {"state": "ONGOING", "on": "2025-02-01"}, {"state": "DONE", "on": "2025-03-01"}]});
    put(&store, 20, Kind::REPLICATION, &done).await;
    store
}

async fn matches(schema: &Served) -> Value {
    answer(schema, MATCHES).await["needs"]["nodes"].clone()
}

async fn a_match_says_why(backend: Backend) {
    let store = catalog(backend).await;
    let statement = "Antrean puskesmas yang lebih pendek";
    put(
        &store,
        30,
        Kind::NEED,
        &need(statement, &["HEALTH", "COMMUNICATION"], &[3]),
    )
    .await;
    let indexed = schema(&store, Some(made_anew(&store).await.index().clone()));
    let by_words = json!({"score": 30, "reasons": ["WORDS"], "innovation": {"title": "Antrean puskesmas malam"}});
    let expected = json!([{"statement": statement, "matches": [
        {"score": 120, "reasons": ["MAIN_AFFAIR", "WORDS", "AFFAIR", "SDG", "REPLICATED", "APPLIED", "INSTITUTIONALIZED",
            "SAME_PROVINCE"], "innovation": {"title": "Antrean Puskesmas Melati"}},
        by_words,
    ]}]);
    assert_eq!(matches(&indexed).await, expected);

    // Without an index, words are no reason.
    let expected = json!([{"statement": statement, "matches": [
        {"score": 90, "reasons": ["MAIN_AFFAIR", "AFFAIR", "SDG", "REPLICATED", "APPLIED", "INSTITUTIONALIZED",
            "SAME_PROVINCE"], "innovation": {"title": "Antrean Puskesmas Melati"}},
    ]}]);
    assert_eq!(matches(&schema(&store, None)).await, expected);

    // One that names no affair and no goal is matched by its words alone.
    store.delete(record(30), 2, Kind::NEED).await;
    put(
        &store,
        31,
        Kind::NEED,
        &need("Antrean puskesmas malam", &[], &[]),
    )
    .await;
    let indexed = schema(&store, Some(made_anew(&store).await.index().clone()));
    let found = matches(&indexed).await;
    assert_eq!(found[0]["matches"].as_array().unwrap().len(), 2);
    assert!(
        found[0]["matches"].as_array().unwrap().contains(&by_words),
        "{found}"
    );
}

/// However many needs a list has, what may help with them is read by as many statements.
async fn several_needs_are_read_at_once(backend: Backend) {
    let store = catalog(backend).await;
    let mut statements = Vec::new();
    for number in 30..36 {
        put(
            &store,
            number,
            Kind::NEED,
            &need("Antrean puskesmas", &["HEALTH"], &[]),
        )
        .await;
        let schema = schema(&store, Some(made_anew(&store).await.index().clone()));
        matches(&schema).await;
        let before = store.db.statements();
        let found = matches(&schema).await;
        statements.push(store.db.statements() - before);
        assert_eq!(found.as_array().unwrap().len() as u128, number - 29);
    }
    assert_eq!(statements[0], statements[5], "{statements:?}");
}
