//! What belongs to an innovation goes where its draft lets it go.

use serde_json::{Value, json};
use testkit::Federation;

use super::{OFFICE, begin, step, two, verified, whole};
use crate::items::{id_of, node};

/// For whom each of some records is at a hub; nothing of one that is gone.
async fn audiences(hubs: &Federation, at: &str, ids: &[String]) -> Vec<Value> {
    let mut found = Vec::new();
    for id in ids {
        let read = "... on Confirmation { audience } ... on Evidence { audience } ... on Transition { audience }";
        found.push(node(hubs, at, id, read).await["audience"].clone());
    }
    found
}

async fn check(hubs: &Federation, ids: &[String], expected: [&Value; 3], what: &str) {
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        let found = audiences(hubs, hub, ids).await;
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            expected,
            "{what}, seen at {hub}"
        );
    }
}

#[tokio::test]
async fn what_belongs_to_an_innovation_goes_where_its_draft_goes() {
    let hubs = two().await;
    let draft = verified(&hubs, "Antrean").await;
    let innovation = draft["innovationId"].clone();
    let moved = json!({"innovation": innovation, "axis": "ADOPTION", "to": "TRIAL", "on": "2025-01-01", "decidedBy": "Kepala dinas"});
    let proof = json!({"subject": innovation, "kind": "SOP", "title": "SOP antrean"});
    let ids = [
        id_of(
            &hubs,
            "a",
            "confirmCurrent",
            json!({ "innovation": innovation }),
        )
        .await,
        id_of(&hubs, "a", "addEvidence", json!({ "input": proof })).await,
        id_of(&hubs, "a", "recordTransition", json!({ "input": moved })).await,
    ];
    let (network, public, gone) = (json!("NETWORK"), json!("PUBLIC"), Value::Null);
    check(&hubs, &ids, [&network, &network, &network], "verified").await;

    // The move wrote the innovation, so the draft takes up its newest text.
    let next = json!({"by": "Dinas Satu", "innovation": innovation});
    let draft = begin(&hubs, next).await;
    let mut input = whole(&hubs, "Antrean").await;
    input["adoption"] = json!("TRIAL");
    let input = json!({ "input": input });
    let draft = step(&hubs, &draft, "saveDraft", "Dinas Satu", input).await;
    let draft = step(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    let draft = step(&hubs, &draft, "verifyDraft", OFFICE, json!({})).await;
    let draft = step(&hubs, &draft, "publishDraft", OFFICE, json!({})).await;
    check(&hubs, &ids, [&public, &network, &public], "published").await;

    let reason = json!({"reason": "Layanan berhenti."});
    step(&hubs, &draft, "withdrawDraft", OFFICE, reason).await;
    check(&hubs, &ids, [&gone, &gone, &gone], "withdrawn").await;
}
