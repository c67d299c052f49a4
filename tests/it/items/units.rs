//! Service units: named by innovations and drafts, listed at their agency; and who holds a coaching activity.

use serde_json::{Value, json};
use testkit::Federation;

use super::process::two;
use super::{id_of, node, try_write, write};

const READ: &str = "... on Innovation { unitName unit { id name } }";

async fn unit(hubs: &Federation, at: &str, agency: &str, name: &str) -> String {
    let input = json!({"agency": agency, "name": name, "kind": "HEALTH_CENTRE"});
    id_of(hubs, at, "registerServiceUnit", json!({ "input": input })).await
}

async fn other_agency(hubs: &Federation, at: &str) -> String {
    let input = json!({"name": "Dinas Lain", "kind": "DEPARTMENT"});
    id_of(hubs, at, "registerAgency", json!({ "input": input })).await
}

#[tokio::test]
async fn an_innovation_names_a_unit_of_its_agency() {
    let hubs = two().await;
    let (agency, other) = (hubs.agency("a").await, other_agency(&hubs, "a").await);
    let own = unit(&hubs, "a", &agency, "Puskesmas Ibuh").await;
    let of_other = unit(&hubs, "a", &other, "Puskesmas Lampasi").await;
    let said = |unit: &str, name: Value| json!({"input": {"title": "Antrean", "agency": agency, "unit": unit, "unitName": name}});
    let create = async |unit: &str| {
        try_write(
            &hubs,
            "a",
            "createInnovation",
            said(unit, json!(null)),
            "{ innovation { id } }",
        )
        .await
    };
    let told = create(&own).await.data();
    let id = told["createInnovation"]["innovation"]["id"]
        .as_str()
        .unwrap();
    let foreign = own.replace("hub-a", "hub-b");
    for (unit, why) in [
        (of_other.as_str(), "is a unit of agency"),
        (
            foreign.as_str(),
            "is a service unit of hub hub-b, not of this hub",
        ),
        (agency.as_str(), "is not the id of a ServiceUnit"),
    ] {
        let refused = create(unit).await;
        assert_eq!(
            refused.codes(),
            ["BAD_USER_INPUT"],
            "{unit}: {}",
            refused.body
        );
        assert!(
            refused.messages()[0].contains(why),
            "{unit}: {}",
            refused.body
        );
    }
    hubs.sync_until_quiet().await;
    let named = json!({"__typename": "Innovation", "unitName": "Puskesmas Ibuh", "unit": {"id": own, "name": "Puskesmas Ibuh"}});
    for hub in ["a", "b"] {
        assert_eq!(node(&hubs, hub, id, READ).await, named, "{hub}");
    }
    let units = "... on Agency { serviceUnits { id name } }";
    let listed = node(&hubs, "b", &agency, units).await;
    assert_eq!(
        listed["serviceUnits"],
        json!([{"id": own, "name": "Puskesmas Ibuh"}])
    );

    let mut revised = said(&own, json!("PKM Ibuh"));
    (revised["id"], revised["revision"]) = (json!(id), json!(1));
    write(
        &hubs,
        "a",
        "reviseInnovation",
        revised.clone(),
        "{ warnings { field } }",
    )
    .await;
    assert_eq!(node(&hubs, "a", id, READ).await["unitName"], "PKM Ibuh");
    let gone = json!({"id": own, "revision": 1});
    try_write(&hubs, "a", "withdrawRecord", gone, "")
        .await
        .data();
    hubs.sync_until_quiet().await;
    let left = json!({"__typename": "Innovation", "unitName": "PKM Ibuh", "unit": null});
    for hub in ["a", "b"] {
        assert_eq!(
            node(&hubs, hub, id, READ).await,
            left,
            "{hub}: what is gone is not shown"
        );
    }
    revised["revision"] = json!(2);
    let refused = try_write(
        &hubs,
        "a",
        "reviseInnovation",
        revised,
        "{ warnings { field } }",
    )
    .await;
    assert!(
        refused.messages()[0].contains("is not registered at this hub"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_draft_names_a_unit_too() {
    let hubs = two().await;
    let (agency, other) = (hubs.agency("a").await, other_agency(&hubs, "a").await);
    let own = unit(&hubs, "a", &agency, "Puskesmas Ibuh").await;
    let of_other = unit(&hubs, "a", &other, "Puskesmas Lampasi").await;
    let whole = |unit: &str| json!({"title": "Antrean", "agency": agency, "unit": unit, "affairs": ["HEALTH"], "sdgs": [3]});
    let read =
        "{ id revision innovationId faults { field reason } text { unit { name } unitName } }";
    let begun = json!({"by": "Dinas Satu", "input": whole(&of_other)});
    let draft = write(&hubs, "a", "draftInnovation", begun, read).await;
    assert_eq!(draft["faults"][0]["field"], "unit", "{draft}");
    assert_eq!(draft["text"]["unit"]["name"], "Puskesmas Lampasi");
    let mut draft = draft;
    for (mutation, by, input) in [
        ("saveDraft", "Dinas Satu", Some(whole(&own))),
        ("submitDraft", "Dinas Satu", None),
        ("verifyDraft", "Bagian Organisasi", None),
        ("publishDraft", "Bagian Organisasi", None),
    ] {
        let mut arguments = json!({"id": draft["id"], "revision": draft["revision"], "by": by});
        if let Some(input) = input {
            arguments["input"] = input;
        }
        draft = write(&hubs, "a", mutation, arguments, read).await;
        assert_eq!(draft["faults"], json!([]), "{mutation}");
    }
    hubs.sync_until_quiet().await;
    let shown = node(&hubs, "b", draft["innovationId"].as_str().unwrap(), READ).await;
    assert_eq!(shown["unit"]["name"], "Puskesmas Ibuh");
    assert_eq!(
        shown["unitName"], "Puskesmas Ibuh",
        "the unit's name stands for one that is not said"
    );
}

#[tokio::test]
async fn a_coaching_activity_says_who_holds_it_and_what_was_handed_out() {
    let hubs = two().await;
    let agency = hubs.agency("a").await;
    let mut input = json!({"title": "Klinik replikasi", "kind": "CLINIC", "phases": ["DEVELOPMENT"], "startsAt": "2026-02-01T02:00:00Z",
        "mode": "ONSITE", "host": agency, "step": {"state": "PLANNED", "on": "2026-01-01"}});
    let id = id_of(&hubs, "a", "addCoachingActivity", json!({ "input": input })).await;
    for (title, audience) in [("Modul", "PUBLIC"), ("Daftar hadir tanpa nama", "NETWORK")] {
        let proof =
            json!({"subject": id, "kind": "PUBLICATION", "title": title, "audience": audience});
        id_of(&hubs, "a", "addEvidence", json!({ "input": proof })).await;
    }
    hubs.sync_until_quiet().await;
    let read = "... on CoachingActivity { host { id agency { name } } materials { title } }";
    let expected = json!({"__typename": "CoachingActivity", "host": {"id": agency, "agency": {"name": "Dinas a a"}},
        "materials": [{"title": "Daftar hadir tanpa nama"}, {"title": "Modul"}]});
    for hub in ["a", "b"] {
        assert_eq!(node(&hubs, hub, &id, read).await, expected, "{hub}");
    }
    let document = format!("query($id: ID!) {{ node(id: $id) {{ {read} }} }}");
    let seen = hubs.api("b").query(&document, json!({ "id": id })).await;
    assert_eq!(
        seen["node"]["materials"],
        json!([{"title": "Modul"}]),
        "as anybody sees it"
    );
    input["host"] = json!(agency.replace("hub-a", "hub-b"));
    let refused = try_write(
        &hubs,
        "a",
        "addCoachingActivity",
        json!({ "input": input }),
        "{ id }",
    )
    .await;
    assert!(
        refused.messages()[0].contains("agency of hub hub-b"),
        "{}",
        refused.body
    );
}
