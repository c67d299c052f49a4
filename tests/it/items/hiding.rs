//! Threads and posts that a hub hides: at that hub, whatever comes later, and nowhere else.

use serde_json::{Value, json};
use testkit::patience::eventually;
use testkit::{Backend, Drawing, Federation};

use super::{id_of, try_write, write};

on_both_databases! {
    what_a_hub_hides_is_hidden_there_and_nowhere_else,
}

const LOOK: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { id } threads(first: 10) { totalCount nodes { id title posts { id body } } }
    statistics { totals { threads } } }";

/// Which of two nodes anybody sees at a hub, the titles of threads with their posts, and how many threads are counted.
async fn seen(hubs: &Federation, at: &str, ids: &[&str]) -> (Vec<bool>, Vec<String>, Value) {
    let position = hubs.hub(at).db.newest_position().await.unwrap();
    // Who asks while the figures are brought up to date gets those of before.
    eventually("the figures follow", async || {
        let statistics = "{ statistics { asOf { position } } }";
        let counted = hubs.api(at).query(statistics, json!({})).await;
        let as_of = counted["statistics"]["asOf"]["position"].as_u64();
        (as_of >= Some(position)).then_some(())
    })
    .await;
    let data = hubs.api(at).query(LOOK, json!({ "ids": ids })).await;
    let list = |value: &Value| value.as_array().unwrap().clone();
    let nodes = list(&data["nodes"])
        .iter()
        .map(|node| !node.is_null())
        .collect();
    let mut texts = Vec::new();
    for thread in list(&data["threads"]["nodes"]) {
        texts.push(thread["title"].as_str().unwrap().to_owned());
        let posts = list(&thread["posts"]);
        texts.extend(
            posts
                .iter()
                .map(|post| post["body"].as_str().unwrap().to_owned()),
        );
    }
    (
        nodes,
        texts,
        data["statistics"]["totals"]["threads"].clone(),
    )
}

async fn what_a_hub_hides_is_hidden_there_and_nowhere_else(backend: Backend) {
    let mut drawing = Drawing::drawn("a -- b");
    if backend == Backend::Postgres {
        drawing = drawing.on_postgres("a").on_postgres("b");
    }
    let hubs = Federation::build(drawing).await;
    let thread = json!({"kind": "DISCUSSION", "title": "Berapa server yang perlu?"});
    let thread = id_of(&hubs, "b", "openThread", json!({ "input": thread })).await;
    let post = json!({"thread": thread, "body": "Satu.", "byOffice": "Dinas"});
    let post = id_of(&hubs, "b", "writePost", json!({ "input": post })).await;
    hubs.sync_until_quiet().await;
    let ids = [thread.as_str(), post.as_str()];
    let open = (
        vec![true, true],
        vec!["Berapa server yang perlu?".to_owned(), "Satu.".to_owned()],
        json!(1),
    );
    let none = (vec![false, false], Vec::new(), json!(0));
    assert_eq!(seen(&hubs, "a", &ids).await, open);

    // A post alone, then its thread with all posts.
    let hide = json!({"id": post, "reason": "Menghina orang."});
    let told = write(&hubs, "a", "hideHere", hide, "{ reason at }").await;
    assert_eq!(told["reason"], "Menghina orang.");
    let without = (vec![true, false], vec![open.1[0].clone()], json!(1));
    assert_eq!(seen(&hubs, "a", &ids).await, without);
    write(&hubs, "a", "showHere", json!({ "id": post }), "").await;
    assert_eq!(seen(&hubs, "a", &ids).await, open);
    let hide = json!({"id": thread, "reason": "Iklan."});
    write(&hubs, "a", "hideHere", hide, "{ reason }").await;
    assert_eq!(seen(&hubs, "a", &ids).await, none);
    assert_eq!(seen(&hubs, "b", &ids).await, open);
    let own = "{ threads(first: 10) { nodes { title hiddenHere { reason } posts { hiddenHere { reason } } } } }";
    let own = hubs.api("a").mutate(own, json!({})).await;
    let own = &own["threads"]["nodes"][0];
    assert_eq!(own["hiddenHere"]["reason"], "Iklan.");
    assert_eq!(own["posts"][0]["hiddenHere"], Value::Null);

    // What comes later is hidden too, and so is what is shown anew out of the log.
    let more = json!({"thread": thread, "body": "Dua.", "byOffice": "Dinas"});
    let more = id_of(&hubs, "b", "writePost", json!({ "input": more })).await;
    let step = json!({"state": "CLOSED"});
    let step = json!({"id": thread, "revision": 1, "step": step});
    write(&hubs, "b", "updateThread", step, "{ id }").await;
    hubs.sync_until_quiet().await;
    assert_eq!(seen(&hubs, "a", &[&thread, &more]).await, none);
    hubs.same_after_rebuild("a").await;
    assert_eq!(seen(&hubs, "a", &[&thread, &more]).await, none);
    write(&hubs, "a", "showHere", json!({ "id": thread }), "").await;
    // After a rebuild statistics are read anew, and are as they were until that is done.
    eventually("all is shown again", async || {
        let (nodes, texts, threads) = seen(&hubs, "a", &[&thread, &more]).await;
        let shown = (nodes, texts.len(), threads);
        (shown == (vec![true, true], 3, json!(1))).then_some(())
    })
    .await;

    // What has nothing to do with it is seen, whoever says it.
    let hide = json!({"id": thread, "reason": "Iklan."});
    write(&hubs, "a", "hideHere", hide, "{ reason }").await;
    let mut others = Vec::new();
    for hub in ["a", "b"] {
        let other = json!({"kind": "DISCUSSION", "title": "Siapa yang sudah memakai?"});
        others.push(id_of(&hubs, hub, "openThread", json!({ "input": other })).await);
    }
    hubs.sync_until_quiet().await;
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    assert_eq!(seen(&hubs, "a", &others).await.0, [true, true]);
    write(&hubs, "a", "showHere", json!({ "id": thread }), "").await;

    let document = "mutation($id: ID!) { hideHere(id: $id, reason: \"Iklan.\") { at } }";
    let refused = hubs.api("a").ask(document, json!({ "id": thread })).await;
    assert_eq!(refused.codes(), ["UNAUTHENTICATED"]);
    let agency = hubs.agency("a").await;
    for (id, reason) in [(&agency, "Iklan."), (&thread, "")] {
        let input = json!({"id": id, "reason": reason});
        let refused = try_write(&hubs, "a", "hideHere", input, "{ at }").await;
        assert_eq!(refused.codes(), ["BAD_USER_INPUT"], "{id} {reason}");
    }
}
