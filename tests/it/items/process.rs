//! Replications over two hubs, either of them away in between; what is counted of them; lineage; what is out of date.

use domain::catalog::{ConfirmationDraft, InnovationDraft};
use domain::entry::{Audience, Kind};
use serde_json::{Value, json};
use testkit::records::{put, record};
use testkit::{Drawing, Federation};
use time::macros::datetime;

use super::{ask, id_of, node, try_write, write};

const PROGRESS: &str =
    "... on Replication { audience progress { state standing next conflicts answer { state } } }";

pub(super) async fn two() -> Federation {
    Federation::build(Drawing::of(["a", "b"]).on_postgres("a")).await
}

/// Hub b is interested in an innovation of hub a's, whose title it may not know yet.
pub(super) async fn interest(hubs: &Federation, source: &str) -> String {
    interest_of(hubs, "b", source).await
}

/// The interest of a hub's one agency.
async fn interest_of(hubs: &Federation, at: &str, source: &str) -> String {
    let agency = hubs.agency(at).await;
    let input = json!({"source": source, "adopter": agency, "scope": "FULL", "on": "2025-01-01"});
    id_of(hubs, at, "declareInterest", json!({ "input": input })).await
}

/// The interest of another agency of hub a.
async fn other_interest(hubs: &Federation, source: &str) -> String {
    let input = json!({"name": "Dinas Kesehatan", "kind": "DEPARTMENT", "region": "13.76"});
    let agency = id_of(hubs, "a", "registerAgency", json!({ "input": input })).await;
    let input = json!({"source": source, "adopter": agency, "scope": "FULL", "on": "2025-01-01"});
    id_of(hubs, "a", "declareInterest", json!({ "input": input })).await
}

/// Names what was made of a replication that was not changed before.
fn made(id: &str, adapted: &str) -> Value {
    json!({"id": id, "revision": 1, "input": {"adaptedInnovation": adapted}})
}

pub(super) async fn step(hubs: &Federation, id: &str, revision: u64, input: Value) {
    let arguments = json!({"id": id, "revision": revision, "input": input});
    write(hubs, "b", "updateReplication", arguments, "{ id }").await;
}

pub(super) async fn answer(hubs: &Federation, id: &str, state: &str, on: &str) {
    let input = json!({"step": {"state": state, "on": on, "reason": "Sesuai berita acara."}});
    let arguments = json!({"replication": id, "input": input});
    write(hubs, "a", "answerReplication", arguments, "{ id }").await;
}

pub(super) async fn prove(hubs: &Federation, at: &str, id: &str, kind: &str) {
    let input = json!({"subject": id, "kind": kind, "title": "Bukti replikasi"});
    id_of(hubs, at, "addEvidence", json!({ "input": input })).await;
}

pub(super) async fn progress(hubs: &Federation, at: &str, id: &str) -> (String, String) {
    let found = node(hubs, at, id, PROGRESS).await;
    let text = |name: &str| found["progress"][name].as_str().unwrap_or("-").to_owned();
    (text("state"), text("standing"))
}

pub(super) fn is(state: &str, standing: &str) -> (String, String) {
    (state.to_owned(), standing.to_owned())
}

/// Claimed, done and confirmed replications of an innovation, as anybody sees them.
async fn counts(hubs: &Federation, at: &str, source: &str) -> Value {
    let document =
        "query($id: ID!) { innovation(id: $id) { replicationCounts { claimed done confirmed } } }";
    let data = hubs.api(at).query(document, json!({ "id": source })).await;
    let counts = &data["innovation"]["replicationCounts"];
    json!([counts["claimed"], counts["done"], counts["confirmed"]])
}

#[tokio::test]
async fn a_replication_goes_through_though_either_hub_is_away_in_between() {
    let hubs = two().await;
    let source = hubs.publish("a", "Sumber").await;
    hubs.take_offline("a").await;
    let id = interest(&hubs, &source).await;
    let told = node(
        &hubs,
        "b",
        &id,
        "... on Replication { source { id hubId innovation { title } } }",
    )
    .await;
    assert_eq!(
        told["source"],
        json!({"id": source, "hubId": "hub-a", "innovation": null}),
        "not yet received"
    );
    hubs.bring_back("a").await;
    hubs.sync_until_quiet().await;
    let told = node(
        &hubs,
        "b",
        &id,
        "... on Replication { source { innovation { title } } }",
    )
    .await;
    assert_eq!(told["source"]["innovation"]["title"], "Sumber");
    assert_eq!(progress(&hubs, "a", &id).await, is("INTERESTED", "CLAIMED"));
    assert_eq!(
        counts(&hubs, "a", &source).await,
        json!([0, 0, 0]),
        "what is only hoped for is not public"
    );

    hubs.take_offline("b").await;
    answer(&hubs, &id, "VERIFIED", "2025-01-02").await;
    answer(&hubs, &id, "AGREED", "2025-01-03").await;
    assert_eq!(progress(&hubs, "a", &id).await, is("VERIFIED", "CLAIMED"));
    hubs.bring_back("b").await;
    prove(&hubs, "b", &id, "AGREEMENT").await;
    step(
        &hubs,
        &id,
        1,
        json!({"step": {"state": "AGREED", "on": "2025-01-05"}}),
    )
    .await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(
            progress(&hubs, hub, &id).await,
            is("AGREED", "CLAIMED"),
            "{hub}"
        );
    }
    answer(&hubs, &id, "CONFIRMED", "2025-01-06").await;

    hubs.take_offline("a").await;
    step(
        &hubs,
        &id,
        2,
        json!({"step": {"state": "ONGOING", "on": "2025-02-01"}}),
    )
    .await;
    prove(&hubs, "b", &id, "MONITORING_REPORT").await;
    step(
        &hubs,
        &id,
        3,
        json!({"step": {"state": "DONE", "on": "2025-06-01"}, "outcome": "Antrean habis."}),
    )
    .await;
    assert_eq!(progress(&hubs, "b", &id).await, is("DONE", "CLAIMED"));
    assert_eq!(
        counts(&hubs, "b", &source).await,
        json!([1, 1, 0]),
        "claimed and confirmed are counted apart"
    );
    hubs.bring_back("a").await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(
            progress(&hubs, hub, &id).await,
            is("DONE", "CONFIRMED"),
            "{hub}"
        );
        assert_eq!(counts(&hubs, hub, &source).await, json!([1, 1, 1]), "{hub}");
    }
    answer(&hubs, &id, "DISPUTED", "2025-07-01").await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(
            progress(&hubs, hub, &id).await,
            is("DONE", "DISPUTED"),
            "{hub}"
        );
        assert_eq!(counts(&hubs, hub, &source).await, json!([1, 1, 0]), "{hub}");
    }
}

#[tokio::test]
async fn each_side_says_only_what_is_its_own_to_say() {
    let hubs = two().await;
    let source = hubs.publish("a", "Sumber").await;
    hubs.sync_until_quiet().await;
    let id = interest(&hubs, &source).await;
    hubs.sync_until_quiet().await;
    let input = json!({"step": {"state": "VERIFIED"}});
    let refused = try_write(
        &hubs,
        "b",
        "answerReplication",
        json!({"replication": id, "input": input}),
        "{ id }",
    )
    .await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"], "{}", refused.body);
    assert!(
        refused.messages()[0].contains("only that hub answers it"),
        "{}",
        refused.body
    );
    let agreed = json!({"id": id, "revision": 1, "input": {"step": {"state": "AGREED", "on": "2025-01-05"}}});
    let refused = try_write(&hubs, "b", "updateReplication", agreed, "{ id }").await;
    assert!(
        refused.messages()[0].contains("AGREED needs evidence of the kind AGREEMENT"),
        "{}",
        refused.body
    );
    let done =
        json!({"id": id, "revision": 1, "input": {"step": {"state": "DONE", "on": "2025-01-05"}}});
    let refused = try_write(&hubs, "b", "updateReplication", done, "{ id }").await;
    assert_eq!(
        refused.codes(),
        ["BAD_USER_INPUT"],
        "steps are not skipped: {}",
        refused.body
    );
    let told = async |at: &str, mutation: &str, arguments: Value| {
        let told = try_write(&hubs, at, mutation, arguments, "{ id }").await;
        assert_eq!(told.codes(), ["BAD_USER_INPUT"], "{}", told.body);
        told.messages()[0].to_owned()
    };
    let again = json!({"source": source, "adopter": hubs.agency("b").await, "scope": "PARTIAL"});
    let refused = told("b", "declareInterest", json!({ "input": again })).await;
    assert!(refused.contains(&id), "the first is named: {refused}");
    let own = json!({"source": source, "adopter": hubs.agency("a").await, "scope": "FULL"});
    let refused = told("a", "declareInterest", json!({ "input": own })).await;
    assert!(refused.contains("another agency"), "{refused}");
    let refused = told("b", "updateReplication", made(&id, &source)).await;
    assert!(refused.contains("an innovation of hub hub-a"), "{refused}");
    let absent = format!("Innovation:hub-b:{}", record(99));
    let refused = told("b", "updateReplication", made(&id, &absent)).await;
    assert!(refused.contains("no innovation of this hub"), "{refused}");
    let gone = json!({"id": id, "revision": 1, "input": {"step": {"state": "CANCELLED", "on": "2025-02-01"}}});
    write(&hubs, "b", "updateReplication", gone, "{ id }").await;
    let next = interest(&hubs, &source).await;
    assert_ne!(next, id, "what was given up may be asked for again");
    let foreign = json!({"innovation": source, "statement": "Bagus.", "on": "2025-01-01"});
    let refused = try_write(&hubs, "a", "endorse", json!({ "input": foreign }), "{ id }").await;
    assert_eq!(
        refused.codes(),
        ["BAD_USER_INPUT"],
        "a hub does not endorse its own: {}",
        refused.body
    );
}

#[tokio::test]
async fn a_lineage_goes_over_hubs_and_rings_and_stops_at_its_bounds() {
    let hubs = two().await;
    let first = hubs.publish("a", "Pertama").await;
    let (second, third) = (
        hubs.publish("b", "Kedua").await,
        hubs.publish("a", "Ketiga").await,
    );
    hubs.sync_until_quiet().await;
    for (at, source, adapted) in [("b", &first, &second), ("a", &second, &third)] {
        let id = interest_of(&hubs, at, source).await;
        write(&hubs, at, "updateReplication", made(&id, adapted), "{ id }").await;
        hubs.sync_until_quiet().await;
    }
    // What closes the ring is another agency's; no form here writes it.
    let id = other_interest(&hubs, &third).await;
    let told = try_write(&hubs, "a", "updateReplication", made(&id, &first), "{ id }").await;
    assert!(
        told.messages()[0].contains("would come of each other"),
        "{}",
        told.body
    );
    let local = |id: &str| id.rsplit(':').next().unwrap().to_owned();
    let body = json!({"source": format!("hub-a:{}", local(&third)), "adopter": local(&hubs.agency("a").await), "scope": "FULL",
        "adaptedInnovation": local(&first), "steps": [{"state": "INTERESTED", "on": "2025-01-01"}]});
    let mut closing = put(
        record(70),
        1,
        Kind::REPLICATION,
        &body,
        datetime!(2026-01-01 00:00 UTC),
    );
    closing.audience = Audience::Network;
    hubs.issue("a", vec![closing]).await;
    hubs.sync_until_quiet().await;
    let document = "query($id: ID!, $n: Int) { replicationLineage(innovation: $id, generations: $n) {
        isComplete innovations { generation reference { id innovation { title } } } adaptations { sourceId adaptedId isInRing replication { id } } } }";
    for hub in ["a", "b"] {
        let lineage =
            ask(&hubs, hub, document, json!({ "id": first })).await["replicationLineage"].clone();
        assert_eq!(
            (
                &lineage["isComplete"],
                lineage["adaptations"].as_array().unwrap().len()
            ),
            (&json!(true), 3),
            "{hub}"
        );
        let adaptations = lineage["adaptations"].as_array().unwrap();
        let in_ring = adaptations.iter().filter(|made| made["isInRing"] == true);
        assert_eq!(in_ring.count(), 3, "{hub}: {lineage}");
        let found = lineage["innovations"].as_array().unwrap();
        let titles: Vec<_> = found
            .iter()
            .map(|at| at["reference"]["innovation"]["title"].as_str().unwrap())
            .collect();
        assert_eq!(
            titles,
            ["Kedua", "Ketiga", "Pertama"],
            "{hub}: a ring is walked once"
        );
    }
    let near =
        ask(&hubs, "b", document, json!({"id": first, "n": 1})).await["replicationLineage"].clone();
    assert_eq!(
        (
            &near["isComplete"],
            near["innovations"].as_array().unwrap().len()
        ),
        (&json!(false), 3)
    );
    let anybody =
        hubs.api("a").query(document, json!({ "id": first })).await["replicationLineage"].clone();
    assert_eq!(
        anybody["adaptations"],
        json!([]),
        "what is only hoped for is for the network"
    );
    let refused = hubs
        .api("a")
        .ask(document, json!({"id": first, "n": 11}))
        .await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
}

#[tokio::test]
async fn owners_are_reminded_until_they_say_that_it_is_still_so() {
    let hubs = two().await;
    let fresh = hubs.publish("a", "Baru").await;
    let agency = hubs.agency("a").await;
    let agency = agency.rsplit(':').next().unwrap().to_owned();
    let old = |number: u128, title: &str, at| {
        let draft = InnovationDraft {
            title: title.to_owned(),
            agency: agency.clone(),
            stage: "CREATION".to_owned(),
            adoption: "TRIAL".to_owned(),
            ..InnovationDraft::default()
        };
        put(record(number), 1, Kind::INNOVATION, &draft, at)
    };
    let confirmed = ConfirmationDraft {
        innovation: record(8).to_string(),
        on: "2023-05-05".to_owned(),
    };
    let at = datetime!(2023-05-05 00:00 UTC);
    let drafts = vec![
        old(7, "Lama", datetime!(2021-01-01 00:00 UTC)),
        old(8, "Pernah diperiksa", datetime!(2020-01-01 00:00 UTC)),
        put(record(9), 1, Kind::CONFIRMATION, &confirmed, at),
    ];
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    let document = "query($after: String, $days: Int) { staleInnovations(first: 1, after: $after, days: $days, filter: {hubs: [\"hub-a\"]}) {
        totalCount nodes { id title isStale currentAt } pageInfo { endCursor hasNextPage } } }";
    let stale = async |hub: &str, arguments: Value| {
        ask(&hubs, hub, document, arguments).await["staleInnovations"].clone()
    };
    let first = stale("b", json!({})).await;
    assert_eq!(
        (&first["totalCount"], &first["nodes"][0]["title"]),
        (&json!(2), &json!("Lama")),
        "the longest silent first"
    );
    assert_eq!(first["nodes"][0]["isStale"], true);
    let next = stale("b", json!({"after": first["pageInfo"]["endCursor"]})).await;
    assert_eq!(
        (&next["nodes"][0]["title"], &next["pageInfo"]["hasNextPage"]),
        (&json!("Pernah diperiksa"), &json!(false))
    );
    assert!(
        next["nodes"][0]["currentAt"]
            .as_str()
            .unwrap()
            .starts_with("2023-05-05"),
        "{next}"
    );
    assert_eq!(stale("b", json!({"days": 36500})).await["totalCount"], 0);

    let id = first["nodes"][0]["id"].as_str().unwrap();
    for _ in ["once", "again"] {
        write(
            &hubs,
            "a",
            "confirmCurrent",
            json!({"innovation": id}),
            "{ id }",
        )
        .await;
    }
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(stale(hub, json!({})).await["totalCount"], 1, "{hub}");
    }
    let foreign = try_write(
        &hubs,
        "b",
        "confirmCurrent",
        json!({"innovation": fresh}),
        "{ id }",
    )
    .await;
    assert!(foreign.messages()[0].contains("hub-a"), "{}", foreign.body);
}
