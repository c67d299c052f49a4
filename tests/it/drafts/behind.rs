//! What of drafts stays at their hub, and what is left of them when they are gone.

use serde_json::json;
use testkit::{Drawing, Federation};

use super::{READ, begin, published, seen, step, two, whole};
use crate::items::{ask, try_write, write};

/// What nobody elsewhere may ever see.
const SECRETS: [&str; 4] = [
    "KONSEPRAHASIA",
    "CATATANRAHASIA",
    "PENULISRAHASIA",
    "PEMERIKSARAHASIA",
];

fn silent(place: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} at {place}");
    }
}

#[tokio::test]
async fn nothing_of_a_draft_or_note_leaves_the_hub() {
    //  a -> b, a -> c
    let mut drawing = Drawing::drawn("a -> b, a -> c");
    drawing = drawing.on_postgres("a");
    let hubs = Federation::build(drawing).await;
    let open = published(&hubs, "Terbuka").await;
    let next = json!({"by": "PENULISRAHASIA", "innovation": open["innovationId"]});
    let draft = begin(&hubs, next).await;
    let mut input = whole(&hubs, "KONSEPRAHASIA").await;
    input["summary"] = "KONSEPRAHASIA".into();
    let draft = step(
        &hubs,
        &draft,
        "saveDraft",
        "PENULISRAHASIA",
        json!({ "input": input }),
    )
    .await;
    let draft = step(&hubs, &draft, "submitDraft", "PENULISRAHASIA", json!({})).await;
    let note = json!({"id": draft["id"], "by": "PEMERIKSARAHASIA", "note": "CATATANRAHASIA"});
    write(&hubs, "a", "noteDraft", note, "{ id }").await;
    let note = json!({"note": "CATATANRAHASIA"});
    step(&hubs, &draft, "returnDraft", "PEMERIKSARAHASIA", note).await;
    hubs.publish("a", "Lain").await;
    hubs.sync_until_quiet().await;

    let log = hubs.log("a").await;
    let entries = "query($epoch: Long!) { entries(hub: \"hub-a\", epoch: $epoch, from: 0) { entries { header payload } } }";
    let page = ask(&hubs, "a", entries, json!({"epoch": log.epoch.get()})).await;
    silent("the log", &page.to_string());
    let all = "{ innovations { nodes { id title summary draft { id } path { transition { decidedBy } } } } }";
    let alone = format!("query {{ draft(id: {}) {{ id }} }}", draft["id"]);
    let listed = "{ drafts { nodes { id } } people { nodes { name } } }";
    let by_id = format!("query {{ node(id: {}) {{ id }} }}", draft["id"]);
    for (document, is_open) in [
        (all, true),
        (&*alone, false),
        (listed, false),
        (&*by_id, true),
    ] {
        let body = json!({ "query": document });
        for asks in [None, Some(hubs.token("b", "a"))] {
            let answer = hubs.api("a").send(asks.as_deref(), &body).await;
            silent(document, &answer.body.to_string());
            let codes = answer.codes();
            assert!(codes.is_empty() == is_open, "{document}: {}", answer.body);
            assert!(is_open || codes[0] == "UNAUTHENTICATED", "{}", answer.body);
            assert!(
                !answer.body.to_string().contains("Draft:"),
                "{}",
                answer.body
            );
        }
    }
    for hub in ["b", "c"] {
        let file = hubs.site(hub).folder().join("simpul.db");
        hubs.take_offline(hub).await;
        for name in [file.clone(), file.with_extension("db-wal")] {
            let bytes = std::fs::read(&name).unwrap_or_default();
            silent(hub, &String::from_utf8_lossy(&bytes));
        }
    }
    let metrics = format!("{}/metrics", hubs.api("a").url());
    let told = hubs.api("a").http().get(metrics).send().await.unwrap();
    silent("metrics", &told.text().await.unwrap());
}

#[tokio::test]
async fn an_erasure_takes_the_draft_along() {
    let hubs = two().await;
    let first = published(&hubs, "Antrean").await;
    let id = first["innovationId"].as_str().unwrap();
    begin(&hubs, json!({"by": "Dinas Satu", "innovation": id})).await;
    let erased = json!({"id": id, "revision": 2, "reason": "ERASURE"});
    try_write(&hubs, "a", "withdrawInnovation", erased, "")
        .await
        .data();
    let gone = ask(
        &hubs,
        "a",
        "query($id: ID!) { draft(id: $id) { id } drafts { totalCount } }",
        json!({ "id": id }),
    )
    .await;
    assert_eq!(gone, json!({"draft": null, "drafts": {"totalCount": 0}}));

    let second = published(&hubs, "Lain").await;
    let id = second["innovationId"].as_str().unwrap();
    let withdrawn = json!({"id": id, "revision": 2, "reason": "ERROR"});
    try_write(&hubs, "a", "withdrawInnovation", withdrawn, "")
        .await
        .data();
    let read = format!("query($id: ID!) {{ draft(id: $id) {READ} }}");
    let draft = ask(&hubs, "a", &read, json!({ "id": id })).await["draft"].clone();
    assert_eq!(draft["state"], "WITHDRAWN");
    let draft = step(
        &hubs,
        &draft,
        "publishDraft",
        "Bagian Organisasi",
        json!({}),
    )
    .await;
    hubs.sync_until_quiet().await;
    assert_eq!(
        seen(&hubs, "b", &draft).await[0],
        "Lain",
        "it can be published again"
    );
    let thrown = json!({"id": draft["id"], "revision": draft["revision"], "by": "Dinas Satu"});
    let kept = try_write(&hubs, "a", "discardDraft", thrown, "").await;
    assert_eq!(
        kept.codes(),
        ["BAD_USER_INPUT"],
        "what is read is withdrawn first"
    );
}

#[tokio::test]
async fn a_page_of_innovations_with_their_drafts_costs_the_same_however_long_it_is() {
    let hubs = Federation::of(["a"]).await;
    for number in 0..12 {
        published(&hubs, &format!("Judul {number}")).await;
    }
    let mut costs = Vec::new();
    for first in [2, 11] {
        let text = format!("{{ innovations(first: {first}) {{ nodes {{ draft {{ state }} }} }} }}");
        let mut cost = u64::MAX;
        // The hub looks for commits of others meanwhile; an answer between two such looks costs least.
        for _ in 0..6 {
            let before = hubs.hub("a").db.statements();
            let data = ask(&hubs, "a", &text, json!({})).await;
            cost = cost.min(hubs.hub("a").db.statements() - before);
            let nodes = data["innovations"]["nodes"].as_array().unwrap();
            assert!(
                nodes
                    .iter()
                    .all(|node| node["draft"]["state"] == "PUBLISHED"),
                "{data}"
            );
        }
        costs.push(cost);
    }
    assert_eq!(costs[0], costs[1]);
}
