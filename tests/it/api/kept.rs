//! Answers that are given again: right after every write, to nobody else, and without asking the database for more than
//! its newest commit.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::Federation;

const TITLES: &str = "{ innovations(first: 100) { nodes { title } } }";

async fn ask(hubs: &Federation, document: &str) -> Value {
    hubs.api("a").query(document, json!({})).await
}

/// How many statements an answer takes when it was asked for often.
async fn statements(hubs: &Federation, document: &str) -> u64 {
    for _ in 0..3 {
        ask(hubs, document).await;
    }
    let before = hubs.hub("a").db.statements();
    ask(hubs, document).await;
    hubs.hub("a").db.statements() - before
}

#[tokio::test]
async fn what_is_asked_again_costs_one_statement() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "Antrean").await;
    let lineage = format!("{{ replicationLineage(innovation: {id:?}) {{ __typename }} }}");
    let one =
        format!("{{ innovation(id: {id:?}) {{ title agency {{ name }} awards {{ scheme }} }} }}");
    let node = format!("{{ node(id: {id:?}) {{ id }} }}");
    for document in [
        TITLES,
        &one,
        &node,
        &lineage,
        "{ statistics { innovations stale { innovations } } }",
    ] {
        // Only the second on which nothing else looks at the database counts.
        let mut least = u64::MAX;
        for _ in 0..20 {
            least = least.min(statements(&hubs, document).await);
        }
        assert_eq!(least, 1, "{document}");
    }
}

#[tokio::test]
async fn what_changes_without_a_commit_is_never_kept() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "Antrean").await;
    let hub = ask(&hubs, "{ hub { id } }").await["hub"]["id"].clone();
    let hub = format!("{{ nodes(ids: [{hub}]) {{ id }} }}");
    let stale = format!("{{ innovation(id: {id:?}) {{ isStale }} }}");
    let now = format!("{{ innovation(id: {id:?}) {{ hub {{ node {{ now }} }} }} }}");
    for document in [
        "{ replicationStatus { inSync } }",
        "{ staleInnovations { nodes { title } } }",
        "{ hub { node { now } } }",
        "{ hubs { totalCount } }",
        "{ heads { nodes { size } } }",
        "{ membership { __typename } }",
        "{ innovations { nodes { hub { node { headsToken } } } } }",
        "{ ...Root } fragment Root on Query { innovations { nodes { title } } }",
        &hub,
        &stale,
        &now,
    ] {
        let mut most = 0;
        for _ in 0..3 {
            most = most.max(statements(&hubs, document).await);
        }
        // Two questions for the newest commit at least, since each answer is taken for one that may be kept.
        assert!(most != 1, "{document}: {most}");
    }
}

#[tokio::test]
async fn every_write_is_seen_by_the_next_question() {
    let hubs = Federation::of(["a"]).await;
    let titles = async || {
        let data = ask(&hubs, TITLES).await;
        let nodes = data["innovations"]["nodes"].as_array().unwrap().clone();
        let title = |node: &Value| node["title"].as_str().unwrap().to_owned();
        nodes.iter().map(title).collect::<BTreeSet<String>>()
    };
    let mut expected = BTreeSet::new();
    for number in 0..40 {
        let title = format!("Judul {number}");
        hubs.publish("a", &title).await;
        expected.insert(title);
        for _ in 0..=(number % 4) {
            assert_eq!(titles().await, expected, "after {number}");
        }
    }
}

#[tokio::test]
async fn what_one_may_see_is_not_given_to_another() {
    let hubs = Federation::of(["a"]).await;
    let agency = hubs.agency("a").await;
    let document = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
    let input = json!({"title": "Rahasia", "agency": agency, "audience": "NETWORK"});
    hubs.api("a")
        .mutate(document, json!({ "input": input }))
        .await;
    for _ in 0..4 {
        let own = hubs.api("a").mutate(TITLES, json!({})).await;
        assert_eq!(own["innovations"]["nodes"], json!([{"title": "Rahasia"}]));
        assert_eq!(ask(&hubs, TITLES).await["innovations"]["nodes"], json!([]));
    }
}

#[tokio::test]
async fn questions_are_told_apart_by_all_that_is_asked() {
    let hubs = Federation::of(["a"]).await;
    for title in ["Satu", "Dua"] {
        hubs.publish("a", title).await;
    }
    let document = "query A($order: InnovationOrder) { innovations(orderBy: $order) { nodes { title } } } query B { innovations(first: 1) { nodes { title } } }";
    let asked = async |operation: &str, order: &str| {
        let body =
            json!({"query": document, "operationName": operation, "variables": {"order": order}});
        let answer = hubs.api("a").send(None, &body).await;
        answer.body["data"]["innovations"]["nodes"].clone()
    };
    for _ in 0..4 {
        let both = json!([{"title": "Dua"}, {"title": "Satu"}]);
        assert_eq!(asked("A", "TITLE_ASC").await, both);
        let both = json!([{"title": "Satu"}, {"title": "Dua"}]);
        assert_eq!(asked("A", "TITLE_DESC").await, both);
        assert_eq!(asked("B", "TITLE_ASC").await, json!([{"title": "Dua"}]));
    }
    // Errors are not kept, and a kept answer is of either media type.
    for _ in 0..4 {
        let failed = hubs
            .api("a")
            .ask("{ innovation(id: \"x\") { title } }", json!({}))
            .await;
        assert_eq!(
            failed.body["errors"][0]["extensions"]["code"],
            "BAD_USER_INPUT"
        );
    }
}
