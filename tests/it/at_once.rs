//! Who writes at a running hub reads it at once, also in an answer that is kept because others ask the same again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use testkit::api::{Api, client};
use testkit::program::Program;

/// How many innovations are written and looked for.
const WRITES: usize = 40;
/// Who asks without a pause.
const READERS: usize = 4;
const NEWEST: &str = "{ innovations(first: 50) { nodes { title replicationCounts { done } } } }";

async fn write(api: &Api, agency: &Value, title: &str) {
    let document = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
    let input = json!({ "input": { "title": title, "agency": agency } });
    api.mutate(document, input).await;
}

#[tokio::test]
async fn a_list_that_is_kept_shows_what_was_written_before_it_was_asked() {
    let hub = Program::new();
    hub.init("kl-a").await;
    let serving = hub.serve().await;
    let token = std::fs::read_to_string(hub.folder().join("operator.token")).unwrap();
    let api = Api::new(client(), &serving.url, token.trim());
    let document = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
    let input = json!({ "input": { "name": "Dinas", "kind": "DEPARTMENT" } });
    let agency = api.mutate(document, input).await["registerAgency"]["id"].clone();

    let is_over = Arc::new(AtomicBool::new(false));
    let readers = (0..READERS).map(|_| {
        let api = Api::new(client(), &serving.url, token.trim());
        let is_over = Arc::clone(&is_over);
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                api.query(NEWEST, json!({})).await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    // Another writes, too, so that commits of which nobody was told yet come all the time.
    let other = Api::new(client(), &serving.url, token.trim());
    let (until, of_other) = (Arc::clone(&is_over), agency.clone());
    let writing = tokio::spawn(async move {
        let mut number = 0;
        while !until.load(Ordering::Relaxed) {
            write(&other, &of_other, &format!("Lain {number}")).await;
            number += 1;
        }
    });
    for number in 0..WRITES {
        let title = format!("Antrean {number}");
        write(&api, &agency, &title).await;
        let shown = api.query(NEWEST, json!({})).await;
        let nodes = shown["innovations"]["nodes"].as_array().unwrap();
        assert!(nodes.iter().any(|node| node["title"] == title), "{title}");
    }
    is_over.store(true, Ordering::Relaxed);
    for task in readers {
        task.await.unwrap();
    }
    writing.await.unwrap();
    serving.kill().await;
}
