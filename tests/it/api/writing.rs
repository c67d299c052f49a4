//! Mutations: who may, what they take, and what they say when they refuse.

use serde_json::{Value, json};
use testkit::Federation;

const CREATE: &str = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id revision } warnings { field reason } } }";
const REVISE: &str = "mutation($id: ID!, $revision: Long!, $input: InnovationInput!) {
    reviseInnovation(id: $id, revision: $revision, input: $input) { innovation { id revision title } } }";
const WITHDRAW: &str = "mutation($id: ID!, $revision: Long!) { withdrawInnovation(id: $id, revision: $revision, reason: ERROR) }";

#[tokio::test]
async fn everything_that_is_said_of_an_innovation_comes_back() {
    let hubs = Federation::of(["a"]).await;
    let mut input = json!({
        "title": "Sistem Antrean Rawat Jalan", "acronymOf": "SITARANG", "unitName": "RSUD", "nri": "123456",
        "externalIds": [{"scheme": "LAN", "value": "047"}], "kind": "PROCESS", "form": "PUBLIC_SERVICE",
        "isDigital": true, "initiator": "CIVIL_SERVANT", "affairs": ["HEALTH", "COMMUNICATION"], "sdgs": [3, 9],
        "tags": ["antrean", "rumah sakit"], "summary": "Ringkasan", "background": "Latar", "novelty": "Baru",
        "implementation": "Cara", "impact": "Dampak", "replicatedSoFar": "Belum", "replicationPotential": "Besar",
        "resources": "Tim", "sustainability": "Perda", "challenges": "Sinyal", "lessons": "Sabar",
        "preconditions": ["Internet"], "startedOn": "2012", "trialOn": "2012-05", "implementedOn": "2013-01-02",
        "beneficiaries": {"count": 1200, "unit": "pasien", "period": "2024"}, "stage": "DEVELOPMENT",
        "adoption": "APPLIED", "sustained": {"answer": "YES", "reason": "Dipakai"},
        "point": {"lat": -0.22, "lng": 100.63}, "website": "https://payakumbuh.example/",
        "sources": [{"title": "Laporan", "url": "https://payakumbuh.example/laporan"}],
    });
    input["agency"] = hubs.agency("a").await.into();
    let written = hubs
        .api("a")
        .mutate(CREATE, json!({ "input": input }))
        .await["createInnovation"]
        .clone();
    assert_eq!(written["innovation"]["revision"], 1);
    let lacks = json!({"field": "evidence", "reason": "DEVELOPMENT needs evidence of the trial or the implementation"});
    assert_eq!(written["warnings"], json!([lacks]));

    let scalars = "title acronymOf unitName nri kind form isDigital initiator affairs sdgs tags summary background novelty
        implementation impact replicatedSoFar replicationPotential resources sustainability challenges lessons preconditions
        startedOn trialOn implementedOn stage adoption website";
    let document = format!(
        "query($id: ID!) {{ innovation(id: $id) {{ {scalars} externalIds {{ scheme value }} beneficiaries {{ count unit period }}
            sustained {{ answer reason }} point {{ lat lng }} sources {{ title url }} year regionCode agency {{ id }} }} }}"
    );
    let id = &written["innovation"]["id"];
    let mut shown = hubs.api("a").query(&document, json!({ "id": id })).await["innovation"].clone();
    let (year, region) = (shown["year"].take(), shown["regionCode"].take());
    assert_eq!((year, region), (json!(2013), json!("13.76")));
    shown["agency"] = shown["agency"]["id"].take();
    for extra in ["year", "regionCode"] {
        shown.as_object_mut().unwrap().remove(extra);
    }
    assert_eq!(shown, input);
}

#[tokio::test]
async fn nobody_but_the_operator_writes() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "Mine").await;
    let input = json!({"title": "Not mine", "agency": hubs.agency("a").await});
    let agency = json!({"name": "Dinas Lain", "kind": "DEPARTMENT"});
    let register = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
    let size = hubs.size("a", "a").await;
    for (document, variables) in [
        (CREATE, json!({ "input": input })),
        (REVISE, json!({"id": id, "revision": 1, "input": input})),
        (WITHDRAW, json!({"id": id, "revision": 1})),
        (register, json!({ "input": agency })),
    ] {
        let answer = hubs.api("a").ask(document, variables.clone()).await;
        assert_eq!(
            (answer.status, answer.codes()),
            (200, vec!["UNAUTHENTICATED"]),
            "{document}"
        );
        let body = json!({"query": document, "variables": variables});
        for token in [
            "",
            "simpul_",
            "simpul_0000000000000000000000000000000000000000000000000000000000000000",
        ] {
            let answer = hubs.api("a").send(Some(token), &body).await;
            assert_eq!(
                (answer.status, answer.codes()),
                (401, vec!["UNAUTHENTICATED"]),
                "{token:?}"
            );
        }
    }
    let read = json!({"query": "{ hub { hubId } }"});
    assert_eq!(
        hubs.api("a").send(Some("wrong"), &read).await.status,
        401,
        "a bad token is never silently anyone's"
    );
    assert_eq!(hubs.size("a", "a").await, size);
    assert_eq!(hubs.titles("a").await, ["Mine"]);
}

#[tokio::test]
async fn a_revision_that_somebody_else_wrote_first_is_a_conflict() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "First").await;
    assert_eq!(hubs.revise("a", &id, 1, "Second").await, 2);
    let input = json!({"title": "Too late", "agency": hubs.agency("a").await});
    for revision in [0, 1, 3] {
        let variables = json!({"id": id, "revision": revision, "input": input});
        let answer = hubs.api("a").ask_as_operator(REVISE, variables).await;
        assert_eq!(
            answer.codes(),
            ["CONFLICT"],
            "revision {revision}: {}",
            answer.body
        );
        let answer = hubs
            .api("a")
            .ask_as_operator(WITHDRAW, json!({"id": id, "revision": revision}))
            .await;
        assert_eq!(
            answer.codes(),
            ["CONFLICT"],
            "revision {revision}: {}",
            answer.body
        );
    }
    assert_eq!(hubs.titles("a").await, ["Second"]);

    hubs.withdraw("a", &id, 2).await;
    let answer = hubs
        .api("a")
        .ask_as_operator(REVISE, json!({"id": id, "revision": 3, "input": input}))
        .await;
    assert_eq!(answer.codes(), ["NOT_FOUND"]);
}

#[tokio::test]
async fn all_faults_of_a_form_are_told_at_once() {
    let hubs = Federation::of(["a"]).await;
    let input = json!({
        "title": "x", "agency": hubs.agency("a").await, "nri": "12", "sdgs": [0, 18], "website": "gopher://x",
        "implementedOn": "2999", "point": {"lat": 51.5, "lng": 0.1},
    });
    let answer = hubs
        .api("a")
        .ask_as_operator(CREATE, json!({ "input": input }))
        .await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    let fields = answer.body["errors"][0]["extensions"]["fields"]
        .as_array()
        .unwrap();
    let mut fields: Vec<&str> = fields
        .iter()
        .map(|fault| fault["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    fields.dedup();
    let expected = [
        "implementedOn",
        "nri",
        "point.lat",
        "point.lng",
        "sdgs[0]",
        "sdgs[1]",
        "title",
        "website",
    ];
    assert_eq!(fields, expected, "{}", answer.body);
    assert_eq!(hubs.titles("a").await, [""; 0]);
}

#[tokio::test]
async fn texts_longer_than_asked_for_are_taken_with_a_warning() {
    let hubs = Federation::of(["a"]).await;
    let summary = "kata ".repeat(201);
    let input = json!({"title": "Long", "agency": hubs.agency("a").await, "summary": summary});
    let written = hubs
        .api("a")
        .mutate(CREATE, json!({ "input": input }))
        .await;
    let warnings = &written["createInnovation"]["warnings"];
    assert_eq!(warnings[0]["field"], Value::from("summary"), "{warnings}");
}
