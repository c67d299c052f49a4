//! What is wrong with records beside others, whatever the order in which they came: their own agency's innovation taken over,
//! and more moves than are compared.

use domain::catalog::{InnovationDraft, Path, TransitionDraft};
use domain::entry::{Audience, EntryDraft, Kind};
use domain::identity::RecordId;
use serde_json::{Value, json};
use testkit::Federation;
use testkit::records::{delete, innovation, put, record};
use time::macros::datetime;

use super::process::two;
use super::received::flawed;
use super::{ask, node};

const AT: time::OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

fn local(id: &str) -> RecordId {
    RecordId::parse(id.rsplit(':').next().unwrap()).unwrap()
}

#[tokio::test]
async fn an_agency_that_takes_over_its_own_is_told() {
    let hubs = two().await;
    let agency = local(&hubs.agency("a").await);
    let source = |readers: Audience, revision: u64, agency: RecordId| EntryDraft {
        audience: readers,
        ..put(
            record(60),
            revision,
            Kind::INNOVATION,
            &innovation("Antrean", agency),
            AT,
        )
    };
    let said = json!({"source": format!("hub-a:{}", record(60)), "adopter": agency, "scope": "FULL",
        "steps": [{"state": "INTERESTED", "on": "2025-01"}]});
    let replication = put(record(61), 1, Kind::REPLICATION, &said, AT);
    // The replication comes before what it takes over.
    hubs.issue("a", vec![replication]).await;
    let told = |faults: Value| vec![(format!("Replication:hub-a:{}", record(61)), faults)];
    let own = told(json!(["its adopter owns the innovation"]));
    let gone = delete(record(60), 4, Kind::INNOVATION, AT);
    for (step, [operator, anybody]) in [
        (None, [&[][..], &[]]),
        (Some(source(Audience::Network, 1, agency)), [&own, &[]]),
        (Some(source(Audience::Public, 2, agency)), [&own, &own]),
        (Some(source(Audience::Public, 3, record(1))), [&[], &[]]),
        (Some(source(Audience::Public, 4, agency)), [&own, &own]),
        (
            Some(EntryDraft {
                revision: 5,
                ..gone
            }),
            [&[], &[]],
        ),
    ] {
        let what = format!("{step:?}");
        hubs.issue("a", step.into_iter().collect()).await;
        hubs.sync_until_quiet().await;
        for hub in ["a", "b"] {
            assert_eq!(flawed(&hubs, hub, true).await, operator, "{hub}: {what}");
            assert_eq!(flawed(&hubs, hub, false).await, anybody, "{hub}: {what}");
        }
    }
}

/// A move there and back again; each fits to the one before.
fn moved(innovation: RecordId, nth: usize) -> EntryDraft {
    let states = ["TRIAL", "DISCONTINUED"];
    let said = TransitionDraft {
        innovation: innovation.to_string(),
        axis: "ADOPTION".to_owned(),
        from: states[nth % 2].to_owned(),
        to: states[(nth + 1) % 2].to_owned(),
        on: format!("{}-{:02}", 1950 + nth / 12, 1 + nth % 12),
        decided_by: "Kepala dinas".to_owned(),
        reason: Some("Sebab.".to_owned()),
        ..TransitionDraft::default()
    };
    put(record(100 + nth as u128), 1, Kind::TRANSITION, &said, AT)
}

/// How many moves are listed as flawed, and with what; what the innovation's path says of its first.
async fn told(hubs: &Federation, hub: &str, innovation: &str) -> (usize, Value, Value) {
    let document = "query($after: String) { flawedRecords(first: 100, after: $after) { edges { faults } pageInfo { endCursor hasNextPage } } }";
    let (mut count, mut faults, mut after) = (0, Value::Null, Value::Null);
    loop {
        let page =
            ask(hubs, hub, document, json!({ "after": after })).await["flawedRecords"].clone();
        let edges = page["edges"].as_array().unwrap();
        count += edges.len();
        if let Some(edge) = edges.first() {
            faults = edge["faults"].clone();
        }
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let path = node(
        hubs,
        hub,
        innovation,
        "... on Innovation { path { flaws } }",
    )
    .await;
    (count, faults, path["path"][0]["flaws"].clone())
}

#[tokio::test]
async fn more_moves_than_are_compared_are_each_flagged() {
    let hubs = two().await;
    let said = InnovationDraft {
        adoption: "TRIAL".to_owned(),
        ..innovation("Antrean", local(&hubs.agency("a").await))
    };
    let mut drafts = vec![put(record(62), 1, Kind::INNOVATION, &said, AT)];
    drafts.extend((0..Path::MOST_MOVES).map(|nth| moved(record(62), nth)));
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    let id = format!("Innovation:hub-a:{}", record(62));
    let fits = (0, Value::Null, json!([]));
    for hub in ["a", "b"] {
        assert_eq!(told(&hubs, hub, &id).await, fits, "{hub}");
    }
    let one_more = moved(record(62), Path::MOST_MOVES);
    hubs.issue("a", vec![one_more.clone()]).await;
    hubs.sync_until_quiet().await;
    let words = json!(["the innovation has more than 200 moves, so they are not compared"]);
    let flagged = (Path::MOST_MOVES + 1, words, json!(["TOO_MANY"]));
    for hub in ["a", "b"] {
        assert_eq!(told(&hubs, hub, &id).await, flagged, "{hub}");
    }
    let gone = delete(one_more.record, 2, Kind::TRANSITION, AT);
    hubs.issue("a", vec![gone]).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(told(&hubs, hub, &id).await, fits, "{hub}");
    }
}
