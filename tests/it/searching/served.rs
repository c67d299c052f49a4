//! Finding by words at running hubs: the index follows by itself, answers are kept no longer than they are right, and no
//! folder keeps words that nobody takes out.

use std::path::Path;

use serde_json::{Value, json};
use testkit::api::{Api, client};
use testkit::patience::eventually;
use testkit::program::{Program, Serving};
use testkit::{Backend, Drawing, Federation};

fn titles(nodes: &Value) -> Vec<String> {
    let nodes = nodes.as_array().cloned().unwrap_or_default();
    nodes
        .iter()
        .map(|node| node["title"].as_str().unwrap().to_owned())
        .collect()
}

/// What is found, or nothing while there is no index yet.
async fn found(api: &Api, text: &str) -> Option<Vec<String>> {
    let document = "query($text: String!) { searchInnovations(text: $text) { nodes { title } } }";
    let answer = api.ask(document, json!({ "text": text })).await;
    let nodes = answer.body["data"]["searchInnovations"]["nodes"].clone();
    if nodes.is_null() {
        assert_eq!(
            answer.body["errors"][0]["extensions"]["code"],
            "SEARCH_NOT_READY"
        );
        return None;
    }
    Some(titles(&nodes))
}

async fn until_found(api: &Api, text: &str, expected: &[&str]) {
    let is_found = async || found(api, text).await.filter(|titles| titles == expected);
    eventually(&format!("{text} finds {expected:?}"), is_found).await;
}

#[tokio::test]
async fn a_search_follows_writes_and_is_answered_from_memory() {
    let hubs = Federation::build(Drawing::drawn("a").searching("a")).await;
    let api = hubs.api("a");
    until_found(api, "melati", &[]).await;
    let id = hubs.publish("a", "Bank Sampah Melati").await;
    until_found(api, "melati", &["Bank Sampah Melati"]).await;
    hubs.revise("a", &id, 1, "Bank Sampah Mawar").await;
    until_found(api, "melati", &[]).await;
    until_found(api, "mawar", &["Bank Sampah Mawar"]).await;

    // Only the second on which nothing else looks at the database counts.
    let similar = format!("{{ innovation(id: {id:?}) {{ similarInnovations {{ title }} }} }}");
    let search = "{ searchInnovations(text: \"mawar\") { totalCount asOf { position at } facets { hubs { count } } } }";
    for document in [similar.as_str(), search] {
        let statements = async || {
            for _ in 0..3 {
                api.query(document, json!({})).await;
            }
            let before = hubs.hub("a").db.statements();
            api.query(document, json!({})).await;
            (hubs.hub("a").db.statements() - before == 1).then_some(())
        };
        eventually(document, statements).await;
    }

    hubs.withdraw("a", &id, 2).await;
    until_found(api, "mawar", &[]).await;
}

/// What is similar comes out of an index that may be a little behind: an answer of that time must not be given for longer.
#[tokio::test]
async fn kept_answers_follow_the_index() {
    let hubs = Federation::build(Drawing::drawn("a").searching("a")).await;
    let api = hubs.api("a");
    let id = hubs.publish("a", "Bank Sampah Melati").await;
    until_found(api, "melati", &["Bank Sampah Melati"]).await;
    let document =
        format!("{{ innovation(id: {id:?}) {{ similarInnovations(first: 50) {{ title }} }} }}");
    let mut expected = Vec::new();
    for number in 0..8 {
        let title = format!("Bank Sampah {number}");
        hubs.publish("a", &title).await;
        expected.push(title);
        for _ in 0..4 {
            api.query(&document, json!({})).await;
        }
        let is_right = async || {
            let data = api.query(&document, json!({})).await;
            let mut told = titles(&data["innovation"]["similarInnovations"]);
            told.sort();
            (told == expected).then_some(())
        };
        eventually(&format!("{expected:?} are similar"), is_right).await;
    }
}

fn api_of(serving: &Serving) -> Api {
    Api::new(client(), &serving.url, "")
}

/// The files of an index, but for the one by which it is held.
fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = names.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter(|name| name != "in-use").collect()
}

async fn until_empty(folder: &Path) {
    let is_empty = async || (folder.is_dir() && files(folder).is_empty()).then_some(());
    eventually(&format!("{} is cleared", folder.display()), is_empty).await;
}

fn import() -> [String; 3] {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/innovations.jsonl");
    [
        "import".to_owned(),
        data.to_owned(),
        "--skip-bad-rows".to_owned(),
    ]
}

async fn is_answered(serving: &Serving) {
    let api = api_of(serving);
    eventually("the index answers", async || {
        found(&api, "sampah")
            .await
            .filter(|titles| !titles.is_empty())
    })
    .await;
}

#[tokio::test]
async fn an_index_is_made_anew_and_none_is_left_that_nobody_uses() {
    let x = Program::new();
    x.init("hub-x").await;
    let import = import();
    x.run(&import.each_ref().map(String::as_str)).await;
    let rebuilt = x.well(&["search", "rebuild", "--json"]).await.json();
    assert_eq!(rebuilt["innovations"], 418);

    // Two on one machine have a folder each; that of one which is gone is cleared by the other.
    let (one, two) = (x.folder().join("search"), x.folder().join("search-2"));
    let first = x.serve().await;
    is_answered(&first).await;
    let refused = x.run(&["search", "rebuild"]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("another process uses"),
        "{}",
        refused.stderr
    );
    let second = x.serve().await;
    is_answered(&second).await;
    assert!(!files(&one).is_empty() && !files(&two).is_empty());
    second.kill().await;
    first.stop().await;
    let first = x.serve().await;
    is_answered(&first).await;
    until_empty(&two).await;
    assert!(!files(&one).is_empty());
    first.stop().await;

    // One that keeps no index leaves none.
    let settings = x.folder().join("simpul.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(!text.contains("[search]"));
    std::fs::write(&settings, format!("{text}\n[search]\nenabled = false\n")).unwrap();
    let off = x.serve().await;
    until_empty(&one).await;
    assert_eq!(found(&api_of(&off), "sampah").await, None);
    off.stop().await;
}

#[tokio::test]
async fn two_nodes_on_one_database_have_an_index_each() {
    let site = Backend::Postgres.site().await;
    let x = Program::new();
    x.init_at("hub-x", &site.url()).await;
    let import = import();
    x.run(&import.each_ref().map(String::as_str)).await;
    let (first, second) = (x.serve().await, x.serve().await);
    is_answered(&first).await;
    is_answered(&second).await;
    for folder in ["search", "search-2"] {
        assert!(!files(&x.folder().join(folder)).is_empty(), "{folder}");
    }
}
