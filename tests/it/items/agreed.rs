//! Agreements of two hubs: both signatures count for everybody who sees the replication, whichever came first.

use serde_json::{Value, json};
use testkit::{Drawing, Federation};

use super::process::{answer, interest, is, progress, prove, step};
use super::{node, try_write};

/// Hubs a and b with a replication that the source welcomed, and c, which hears of it later.
async fn three() -> (Federation, String) {
    let hubs = Federation::build(Drawing::of(["a", "b", "c"]).on_postgres("a")).await;
    hubs.take_offline("c").await;
    let source = hubs.publish("a", "Sumber").await;
    hubs.sync_until_quiet().await;
    let id = interest(&hubs, &source).await;
    hubs.sync_until_quiet().await;
    prove(&hubs, "b", &id, "AGREEMENT").await;
    answer(&hubs, &id, "VERIFIED", "2025-01-02").await;
    hubs.sync_until_quiet().await;
    (hubs, id)
}

async fn adopter_signs(hubs: &Federation, id: &str) {
    let agreed = json!({"step": {"state": "AGREED", "on": "2025-01-05"}});
    step(hubs, id, 1, agreed).await;
}

async fn source_signs(hubs: &Federation, id: &str) {
    answer(hubs, id, "AGREED", "2025-01-04").await;
}

/// What anybody sees of a replication.
async fn seen(hubs: &Federation, at: &str, id: &str) -> Value {
    let document = "query($id: ID!) { node(id: $id) { ... on Replication { progress { state answer { audience state } } } } }";
    hubs.api(at).query(document, json!({ "id": id })).await["node"]["progress"].clone()
}

async fn check_agreed(hubs: &Federation, id: &str, order: [&str; 2], what: &str) {
    hubs.sync_until_quiet().await;
    hubs.bring_back("c").await;
    for peer in order {
        hubs.round("c", peer).await;
    }
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        let found = progress(hubs, hub, id).await;
        assert_eq!(found, is("AGREED", "CLAIMED"), "{what}, at {hub}");
        let anybody =
            json!({"state": "AGREED", "answer": {"audience": "PUBLIC", "state": "AGREED"}});
        assert_eq!(seen(hubs, hub, id).await, anybody, "{what}, at {hub}");
    }
}

#[tokio::test]
async fn both_signatures_make_an_agreement_whichever_came_first() {
    for order in [["a", "b"], ["b", "a"]] {
        let (hubs, id) = three().await;
        source_signs(&hubs, &id).await;
        hubs.sync_until_quiet().await;
        adopter_signs(&hubs, &id).await;
        check_agreed(&hubs, &id, order, "the source first").await;
    }
    let (hubs, id) = three().await;
    adopter_signs(&hubs, &id).await;
    hubs.sync_until_quiet().await;
    let found = progress(&hubs, "b", &id).await;
    assert_eq!(
        found,
        is("VERIFIED", "CLAIMED"),
        "what was said is not lost"
    );
    source_signs(&hubs, &id).await;
    check_agreed(&hubs, &id, ["b", "a"], "the adopter first").await;

    let (hubs, id) = three().await;
    source_signs(&hubs, &id).await;
    adopter_signs(&hubs, &id).await;
    check_agreed(&hubs, &id, ["a", "b"], "both at once").await;
}

#[tokio::test]
async fn an_answer_is_looked_at_for_personal_data_since_everybody_may_come_to_read_it() {
    let hubs = Federation::of(["a", "b"]).await;
    let source = hubs.publish("a", "Sumber").await;
    hubs.sync_until_quiet().await;
    let id = interest(&hubs, &source).await;
    hubs.sync_until_quiet().await;
    let shown = node(&hubs, "a", &id, "... on Replication { audience }").await;
    assert_eq!(shown["audience"], "NETWORK");
    let input = json!({"step": {"state": "VERIFIED"}, "note": "Hubungi 081234567890."});
    let arguments = json!({"replication": id, "input": input});
    let told = try_write(&hubs, "a", "answerReplication", arguments, "{ id }").await;
    assert_eq!(told.codes(), ["PERSONAL_DATA"], "{}", told.body);
}
