//! What belongs to an innovation goes where it goes: to fewer readers, to everybody, or away; on both databases.

use domain::catalog::{BudgetDraft, TransitionDraft};
use domain::entry::{Audience, Kind};
use serde_json::{Value, json};
use testkit::Federation;
use testkit::records::{put, record};
use time::macros::datetime;

use super::process::two;
use super::{id_of, node, try_write, write};

const REVISE: &str = "{ innovation { revision } }";

/// Writes an innovation for some readers with one record of each kind that belongs to it, and gives their ids.
async fn with_belongings(hubs: &Federation, at: &str, readers: &str) -> (String, Vec<String>) {
    let input = json!({"title": "Antrean", "agency": hubs.agency(at).await, "audience": readers});
    let made = write(
        hubs,
        at,
        "createInnovation",
        json!({ "input": input }),
        "{ innovation { id } }",
    )
    .await;
    let id = made["innovation"]["id"].as_str().unwrap().to_owned();
    let moved = json!({"innovation": id, "axis": "ADOPTION", "to": "TRIAL", "on": "2025-01-01", "decidedBy": "Kepala dinas"});
    let proof = json!({"subject": id, "kind": "SOP", "title": "SOP antrean", "audience": readers});
    let budget = json!({"innovation": id, "year": 2025, "amount": 1000});
    let ids = vec![
        id_of(hubs, at, "recordTransition", json!({ "input": moved })).await,
        id_of(hubs, at, "confirmCurrent", json!({ "innovation": id })).await,
        id_of(hubs, at, "addEvidence", json!({ "input": proof })).await,
        id_of(hubs, at, "addBudget", json!({ "input": budget })).await,
    ];
    (id, ids)
}

async fn revise(hubs: &Federation, at: &str, id: &str, revision: u64, readers: &str) {
    let input = json!({"title": "Antrean", "agency": hubs.agency(at).await, "audience": readers});
    let arguments = json!({"id": id, "revision": revision, "input": input});
    write(hubs, at, "reviseInnovation", arguments, REVISE).await;
}

/// For whom each of some records is at a hub; nothing of one that is gone.
async fn audiences(hubs: &Federation, at: &str, ids: &[String]) -> Vec<Value> {
    let mut found = Vec::new();
    for id in ids {
        let read = "... on Transition { audience } ... on Confirmation { audience } ... on Evidence { audience } ... on Budget { audience }";
        found.push(node(hubs, at, id, read).await["audience"].clone());
    }
    found
}

#[tokio::test]
async fn what_belongs_to_an_innovation_goes_where_it_goes() {
    let hubs = two().await;
    for (at, other) in [("a", "b"), ("b", "a")] {
        let (id, ids) = with_belongings(&hubs, at, "PUBLIC").await;
        revise(&hubs, at, &id, 2, "NETWORK").await;
        hubs.sync_until_quiet().await;
        let network = json!("NETWORK");
        for hub in [at, other] {
            let found = audiences(&hubs, hub, &ids).await;
            assert_eq!(found, vec![network.clone(); 4], "{at}, seen at {hub}");
        }
        let anybody = hubs
            .api(other)
            .query(
                "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
                json!({ "ids": ids }),
            )
            .await;
        assert_eq!(anybody["nodes"], json!([null, null, null, null]), "{at}");

        revise(&hubs, at, &id, 3, "PUBLIC").await;
        hubs.sync_until_quiet().await;
        let public = json!("PUBLIC");
        let found = audiences(&hubs, other, &ids).await;
        let expected = vec![public.clone(), public, network.clone(), network];
        assert_eq!(
            found, expected,
            "{at}: evidence and money stay where they are"
        );

        let arguments = json!({"id": id, "revision": 4, "reason": "ERASURE"});
        let gone = "mutation($id: ID!, $revision: Long!, $reason: WithdrawalReason!) { withdrawInnovation(id: $id, revision: $revision, reason: $reason) }";
        hubs.api(at).mutate(gone, arguments).await;
        hubs.sync_until_quiet().await;
        for hub in [at, other] {
            let found = audiences(&hubs, hub, &ids).await;
            assert_eq!(found, vec![Value::Null; 4], "{at}, seen at {hub}");
        }
    }
}

#[tokio::test]
async fn a_network_innovation_is_current_when_it_was_confirmed() {
    let hubs = two().await;
    let input =
        json!({"title": "Antrean", "agency": hubs.agency("a").await, "audience": "NETWORK"});
    let made = write(
        &hubs,
        "a",
        "createInnovation",
        json!({ "input": input }),
        "{ innovation { id } }",
    )
    .await;
    let id = made["innovation"]["id"].as_str().unwrap();
    let current = "... on Innovation { currentAt updatedAt }";
    let before = node(&hubs, "a", id, current).await;
    // The start of the day counts, so one of tomorrow is written as another program would.
    let confirmed = json!({"innovation": id.rsplit(':').next().unwrap(), "on": "2044-01-01"});
    let mut draft = put(
        record(50),
        1,
        Kind::CONFIRMATION,
        &confirmed,
        datetime!(2026-01-01 00:00 UTC),
    );
    draft.audience = Audience::Network;
    hubs.issue("a", vec![draft]).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        let after = node(&hubs, hub, id, current).await;
        assert_eq!(after["updatedAt"], before["updatedAt"]);
        assert_eq!(after["currentAt"], "2044-01-01T00:00:00Z", "{hub}");
    }
}

#[tokio::test]
async fn a_reason_is_looked_at_before_everybody_reads_it() {
    let hubs = Federation::of(["a"]).await;
    let (id, _) = with_belongings(&hubs, "a", "NETWORK").await;
    let moved = json!({"innovation": id, "axis": "ADOPTION", "to": "DISCONTINUED", "on": "2025-02-01", "decidedBy": "Kepala dinas",
        "reason": "Tanyakan ke 081234567890."});
    id_of(&hubs, "a", "recordTransition", json!({ "input": moved })).await;
    let input = json!({"title": "Antrean", "agency": hubs.agency("a").await, "audience": "PUBLIC"});
    let arguments = json!({"id": id, "revision": 3, "input": input});
    let told = try_write(&hubs, "a", "reviseInnovation", arguments, REVISE).await;
    assert_eq!(told.codes(), ["PERSONAL_DATA"], "{}", told.body);
}

#[tokio::test]
async fn more_than_can_go_with_an_innovation_is_told() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "Antrean").await;
    let at = id.rsplit(':').next().unwrap().to_owned();
    let budget = |nth: u16| BudgetDraft {
        innovation: at.clone(),
        year: (2000 + nth % 20).into(),
        amount: nth.into(),
        source: None,
    };
    let draft = |nth: u16| {
        let written = datetime!(2026-01-01 00:00 UTC);
        put(
            record(1000 + u128::from(nth)),
            1,
            Kind::BUDGET,
            &budget(nth),
            written,
        )
    };
    hubs.issue("a", (0..1001).map(draft).collect()).await;
    let gone = "mutation($id: ID!) { withdrawInnovation(id: $id, revision: 1) }";
    let told = hubs
        .api("a")
        .ask_as_operator(gone, json!({ "id": id }))
        .await;
    assert_eq!(told.codes(), ["BAD_USER_INPUT"], "{}", told.body);
    assert!(
        told.messages()[0].contains("more than 1000"),
        "{}",
        told.body
    );
}

#[tokio::test]
async fn moves_beyond_the_hundredth_are_seen() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "Antrean").await;
    let at = id.rsplit(':').next().unwrap().to_owned();
    let mut drafts = Vec::new();
    for nth in 0..101_u16 {
        let (from, to) = if nth % 2 == 0 {
            ("TRIAL", "DISCONTINUED")
        } else {
            ("DISCONTINUED", "TRIAL")
        };
        let said = TransitionDraft {
            innovation: at.clone(),
            axis: "ADOPTION".to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            on: (1950 + nth / 2).to_string(),
            decided_by: "Kepala dinas".to_owned(),
            reason: Some("Sebab.".to_owned()),
            ..TransitionDraft::default()
        };
        let written = datetime!(2026-01-01 00:00 UTC);
        drafts.push(put(
            record(100 + u128::from(nth)),
            1,
            Kind::TRANSITION,
            &said,
            written,
        ));
    }
    hubs.issue("a", drafts).await;
    // The innovation says INITIATIVE, so a move begins there; the last of the others was in 2000.
    let moved = json!({"innovation": id, "axis": "ADOPTION", "from": "INITIATIVE", "to": "TRIAL", "on": "1999", "decidedBy": "Kepala dinas"});
    let told = try_write(
        &hubs,
        "a",
        "recordTransition",
        json!({ "input": moved }),
        "{ id }",
    )
    .await;
    assert!(
        told.messages()[0].contains("before the last transition, 2000"),
        "{}",
        told.body
    );
}
