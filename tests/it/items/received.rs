//! What other hubs say that no form here would take: kept as it came, shown for what it is, and passed on.

use domain::entry::Kind;
use serde_json::{Value, json};
use testkit::Federation;
use testkit::records::{put, record};
use time::macros::datetime;

use super::{ask, id_of, node};

const AT: time::OffsetDateTime = datetime!(2026-02-03 04:05:06 UTC);

fn raw(number: u128, kind: &str, body: &Value) -> domain::entry::EntryDraft {
    put(record(number), 1, kind, body, AT)
}

fn global(kind: &str, number: u128) -> String {
    format!("{kind}:hub-a:{}", record(number))
}

/// The record of a global id.
fn local(id: &str) -> String {
    id.rsplit(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn terms_of_a_newer_program_survive_on_their_way() {
    //  a -> b -> c
    let hubs = Federation::drawn("a -> b -> c").await;
    let innovation = hubs.publish("a", "Antrean").await;
    let (at, agency) = (local(&innovation), local(&hubs.agency("a").await));
    let drafts = vec![
        raw(
            20,
            Kind::EVIDENCE,
            &json!({"subject": at, "kind": "HOLOGRAM", "title": "Bukti baru", "later": {"a": 1}}),
        ),
        raw(
            21,
            Kind::REPLICATION,
            &json!({"source": "hub-z:0198f2c4-0000-7000-8000-000000000001", "adopter": agency,
            "steps": [{"state": "INTERESTED", "on": "2025"}, {"state": "PILOTED", "on": "2025-02", "reason": "x"}], "scope": "MIRRORED"}),
        ),
        raw(
            22,
            Kind::THREAD,
            &json!({"kind": "POLL", "title": "Pilihan jawaban", "steps": [{"state": "COUNTING", "on": "2025"}]}),
        ),
    ];
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        let shown = node(
            &hubs,
            hub,
            &global("Evidence", 20),
            "... on Evidence { kind title }",
        )
        .await;
        assert_eq!(
            shown,
            json!({"__typename": "Evidence", "kind": "OTHER", "title": "Bukti baru"}),
            "{hub}"
        );
        let read = "... on Replication { scope state progress { state } steps { state isInOrder } source { innovation { id } } }";
        let shown = node(&hubs, hub, &global("Replication", 21), read).await;
        let expected = json!({"__typename": "Replication", "scope": "OTHER", "state": "OTHER", "progress": {"state": "OTHER"},
            "steps": [{"state": "INTERESTED", "isInOrder": true}, {"state": "OTHER", "isInOrder": true}], "source": {"innovation": null}});
        assert_eq!(shown, expected, "{hub}");
        let shown = node(
            &hubs,
            hub,
            &global("Thread", 22),
            "... on Thread { kind state title }",
        )
        .await;
        assert_eq!(
            shown,
            json!({"__typename": "Thread", "kind": "OTHER", "state": "OTHER", "title": "Pilihan jawaban"}),
            "{hub}"
        );
    }
    let epoch = hubs.log("a").await.epoch.get();
    let entries = "query($epoch: Long!) { entries(hub: \"hub-a\", epoch: $epoch, from: 3) { entries { payload } } }";
    let kept = |page: &Value| page["entries"]["entries"].to_string();
    let (origin, relayed) = (
        ask(&hubs, "a", entries, json!({"epoch": epoch})).await,
        ask(&hubs, "c", entries, json!({"epoch": epoch})).await,
    );
    assert_eq!(kept(&relayed), kept(&origin));
    assert!(
        kept(&relayed).contains("HOLOGRAM") && kept(&relayed).contains("later"),
        "{relayed}"
    );
}

#[tokio::test]
async fn moves_and_steps_that_break_the_rules_are_kept_and_flagged() {
    let hubs = Federation::of(["a", "b"]).await;
    let innovation = hubs.publish("a", "Antrean").await;
    let (at, agency) = (local(&innovation), local(&hubs.agency("a").await));
    let moved = |axis: &str, from: &str, to: &str, on: &str| json!({"innovation": at, "axis": axis, "from": from, "to": to, "on": on, "decidedBy": "Kepala dinas"});
    let step = |state: &str, on: &str| json!({"state": state, "on": on});
    let drafts = vec![
        raw(
            30,
            Kind::TRANSITION,
            &moved(
                "LIFECYCLE",
                "CREATION",
                "INSTITUTIONALIZATION",
                "2024-01-01",
            ),
        ),
        raw(
            31,
            Kind::TRANSITION,
            &moved("LIFECYCLE", "DEVELOPMENT", "CREATION", "2024-02-01"),
        ),
        raw(
            32,
            Kind::REPLICATION,
            &json!({"source": format!("hub-b:{at}"), "adopter": agency, "scope": "FULL",
            "steps": [step("DONE", "2025-03"), step("AGREED", "2024-01")]}),
        ),
        raw(
            33,
            Kind::COACHING,
            &json!({"title": "Klinik", "kind": "CLINIC", "phases": ["CREATION"], "startsAt": "2025-01-01T00:00:00Z",
            "mode": "ONLINE", "steps": [step("CANCELLED", "2025-01-01"), step("DONE", "2025-01-02")]}),
        ),
    ];
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        let path = node(
            &hubs,
            hub,
            &innovation,
            "... on Innovation { path { flaws transition { to } } }",
        )
        .await;
        let steps = path["path"].as_array().unwrap();
        assert_eq!(steps.len(), 2, "{hub}: {path}");
        assert!(
            steps[0]["flaws"]
                .as_array()
                .unwrap()
                .contains(&json!("NOT_ALLOWED")),
            "{hub}: {path}"
        );
        assert!(
            steps[1]["flaws"]
                .as_array()
                .unwrap()
                .contains(&json!("GAP")),
            "{hub}: {path}"
        );
        let read = "... on Replication { progress { state conflicts } steps { isInOrder } }";
        let shown = node(&hubs, hub, &global("Replication", 32), read).await;
        assert_eq!(
            shown["steps"],
            json!([{"isInOrder": false}, {"isInOrder": false}]),
            "{hub}"
        );
        assert!(
            shown["progress"]["conflicts"]
                .as_array()
                .unwrap()
                .contains(&json!("ADOPTER_STEPS")),
            "{hub}: {shown}"
        );
        assert_eq!(
            node(
                &hubs,
                hub,
                &global("CoachingActivity", 33),
                "... on CoachingActivity { state }"
            )
            .await["state"],
            "DONE",
            "{hub}"
        );
        check_flawed_records(&hubs, hub).await;
    }
}

/// The four are listed, two at a time, with what is wrong.
async fn check_flawed_records(hubs: &Federation, hub: &str) {
    let document = "query($after: String) { flawedRecords(first: 2, after: $after) { edges { cursor faults node { id } } pageInfo { hasNextPage } } }";
    let page = async |after: Value| {
        let data = ask(hubs, hub, document, json!({ "after": after })).await;
        data["flawedRecords"].clone()
    };
    let first = page(Value::Null).await;
    assert_eq!(first["pageInfo"]["hasNextPage"], true, "{hub}: {first}");
    let rest = page(first["edges"][1]["cursor"].clone()).await;
    let edges = [&first, &rest].map(|page| page["edges"].as_array().unwrap().clone());
    let mut told: Vec<_> = edges.concat();
    told.sort_by_key(|edge| edge["node"]["id"].to_string());
    let ids: Vec<_> = told
        .iter()
        .map(|edge| edge["node"]["id"].as_str().unwrap())
        .collect();
    let expected = [
        ("CoachingActivity", 33),
        ("Replication", 32),
        ("Transition", 30),
        ("Transition", 31),
    ];
    assert_eq!(
        ids,
        expected.map(|(kind, number)| global(kind, number)),
        "{hub}"
    );
    assert_eq!(
        told[1]["faults"],
        json!([
            "DONE is no beginning",
            "2024-01 is before the step before, 2025-03",
            "AGREED needs evidence of the kind AGREEMENT"
        ])
    );
    assert_eq!(
        told[2]["faults"],
        json!(["INSTITUTIONALIZATION cannot follow CREATION"])
    );
    assert_eq!(
        told[3]["faults"],
        json!([
            "CREATION after DEVELOPMENT needs a reason",
            "it does not begin where the move before it ended"
        ])
    );
}

#[tokio::test]
async fn a_transition_is_corrected_once_and_where_it_fits() {
    let hubs = Federation::of(["a", "b"]).await;
    let innovation = hubs.publish("a", "Antrean").await;
    let input = |to: &str, on: &str, corrects: Option<&str>| {
        let mut input = json!({"innovation": innovation, "axis": "ADOPTION", "to": to, "on": on, "decidedBy": "Kepala dinas"});
        if let Some(corrected) = corrects {
            input["corrects"] = corrected.into();
            input["from"] = "INITIATIVE".into();
        }
        json!({ "input": input })
    };
    let first = id_of(
        &hubs,
        "a",
        "recordTransition",
        input("TRIAL", "2025-01-01", None),
    )
    .await;
    let other = hubs.publish("a", "Lain").await;
    let moved = json!({"input": {"innovation": other, "axis": "ADOPTION", "to": "TRIAL", "on": "2025-01-01", "decidedBy": "Kepala dinas"}});
    let elsewhere = id_of(&hubs, "a", "recordTransition", moved).await;
    let refused = async |arguments: Value| {
        let told = super::try_write(&hubs, "a", "recordTransition", arguments, "{ id }").await;
        assert_eq!(told.codes(), ["BAD_USER_INPUT"], "{}", told.body);
        told.messages()[0].to_owned()
    };
    let told = refused(input("TRIAL", "2025-01-05", Some(&elsewhere))).await;
    assert!(told.contains("corrects"), "{told}");
    let right = input("TRIAL", "2024-12-01", Some(&first));
    id_of(&hubs, "a", "recordTransition", right).await;
    let told = refused(input("TRIAL", "2025-01-05", Some(&first))).await;
    assert!(told.contains("still counts"), "{told}");
    hubs.sync_until_quiet().await;
    let read = "... on Innovation { adoption path { flaws transition { to on correctsId } } }";
    let shown = node(&hubs, "b", &innovation, read).await;
    let path = json!([{"flaws": [], "transition": {"to": "TRIAL", "on": "2024-12-01", "correctsId": first}}]);
    assert_eq!(
        (&shown["adoption"], &shown["path"]),
        (&json!("TRIAL"), &path)
    );
}

#[tokio::test]
async fn a_form_refuses_a_move_that_breaks_the_rules_and_says_all_that_is_missing() {
    let hubs = Federation::of(["a"]).await;
    let innovation = hubs.publish("a", "Antrean").await;
    let input = json!({"innovation": innovation, "axis": "LIFECYCLE", "to": "DEVELOPMENT", "decidedBy": "Kepala dinas"});
    let refused = super::try_write(
        &hubs,
        "a",
        "recordTransition",
        json!({ "input": input }),
        "{ id }",
    )
    .await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
    let fields = refused.body["errors"][0]["extensions"]["fields"]
        .as_array()
        .unwrap();
    assert!(
        fields.len() >= 3,
        "texts, adoption and evidence are missing: {}",
        refused.body
    );
    let input = json!({"innovation": innovation, "axis": "ADOPTION", "to": "TRIAL", "on": "2025-01-01", "decidedBy": "Kepala dinas"});
    id_of(&hubs, "a", "recordTransition", json!({ "input": input })).await;
    let shown = node(
        &hubs,
        "a",
        &innovation,
        "... on Innovation { adoption revision path { flaws transition { to } } }",
    )
    .await;
    let expected = json!({"__typename": "Innovation", "adoption": "TRIAL", "revision": 2, "path": [{"flaws": [], "transition": {"to": "TRIAL"}}]});
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn what_exists_already_may_begin_at_any_stage_and_is_told_what_that_asks_for() {
    let hubs = Federation::of(["a"]).await;
    let mut input = json!({"title": "Antrean", "agency": hubs.agency("a").await, "stage": "INSTITUTIONALIZATION", "adoption": "APPLIED",
        "implementedOn": "2020", "sustainability": "Dianggarkan tiap tahun."});
    let read = "{ innovation { id stage } warnings { field reason } }";
    let made = super::write(
        &hubs,
        "a",
        "createInnovation",
        json!({ "input": input }),
        read,
    )
    .await;
    assert_eq!(made["innovation"]["stage"], "INSTITUTIONALIZATION");
    let told = made["warnings"].to_string();
    assert!(told.contains("needs a REGULATION or DECREE"), "{made}");
    let id = made["innovation"]["id"].as_str().unwrap();
    for kind in ["DECREE", "SOP"] {
        let proof = json!({"subject": id, "kind": kind, "title": "Bukti dukung"});
        id_of(&hubs, "a", "addEvidence", json!({ "input": proof })).await;
    }
    input["title"] = "Antrean daring".into();
    let arguments = json!({"id": id, "revision": 1, "input": input});
    let made = super::write(&hubs, "a", "reviseInnovation", arguments, read).await;
    assert_eq!(made["warnings"], json!([]), "{made}");
}

/// The records that are listed as flawed, with what is wrong; as the operator sees them, or anybody.
pub(super) async fn flawed(
    hubs: &Federation,
    hub: &str,
    is_operator: bool,
) -> Vec<(String, Value)> {
    let document = "{ flawedRecords { edges { faults node { id } } } }";
    let data = if is_operator {
        ask(hubs, hub, document, json!({})).await
    } else {
        hubs.api(hub).query(document, json!({})).await
    };
    let edges = data["flawedRecords"]["edges"].as_array().unwrap().clone();
    let told = |edge: &Value| {
        let id = edge["node"]["id"].as_str().unwrap().to_owned();
        (id, edge["faults"].clone())
    };
    let mut found: Vec<_> = edges.iter().map(told).collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

#[tokio::test]
async fn what_is_wrong_beside_other_records_is_listed_until_it_is_mended() {
    let hubs = Federation::build(testkit::Drawing::of(["a", "b"]).on_postgres("a")).await;
    let agency = local(&hubs.agency("a").await);
    let innovation =
        json!({"title": "Antrean", "agency": agency, "stage": "DEVELOPMENT", "adoption": "TRIAL"});
    let at = record(45).to_string();
    let moved = |axis: &str, from: &str, to: &str, on: &str| json!({"innovation": at, "axis": axis, "from": from, "to": to, "on": on, "decidedBy": "Kepala dinas"});
    let step = |state: &str, on: &str| json!({"state": state, "on": on});
    let agreed = json!({"source": "hub-b:0198f2c4-0000-7000-8000-000000000001", "adopter": agency, "scope": "FULL",
        "steps": [step("INTERESTED", "2025-01"), step("AGREED", "2025-02")]});
    let drafts = vec![
        raw(45, Kind::INNOVATION, &innovation),
        raw(
            46,
            Kind::TRANSITION,
            &moved("ADOPTION", "INITIATIVE", "TRIAL", "2023"),
        ),
        raw(
            47,
            Kind::TRANSITION,
            &moved("ADOPTION", "APPLIED", "TRIAL", "2024"),
        ),
        raw(
            48,
            Kind::TRANSITION,
            &moved("LIFECYCLE", "CREATION", "DEVELOPMENT", "2024"),
        ),
        raw(49, Kind::REPLICATION, &agreed),
    ];
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    let gap = (
        global("Transition", 47),
        json!([
            "TRIAL cannot follow APPLIED",
            "it does not begin where the move before it ended"
        ]),
    );
    let short = (
        global("Transition", 48),
        json!(["the evidence is not here that its stage asks for"]),
    );
    let bare = (
        global("Replication", 49),
        json!(["AGREED needs evidence of the kind AGREEMENT"]),
    );
    for hub in ["a", "b"] {
        let found = flawed(&hubs, hub, true).await;
        assert_eq!(found, [bare.clone(), gap.clone(), short.clone()], "{hub}");
        assert_eq!(
            flawed(&hubs, hub, false).await,
            std::slice::from_ref(&gap),
            "{hub}: evidence is for the network"
        );
    }
    for (subject, kind) in [
        (format!("Innovation:hub-a:{at}"), "PHOTO"),
        (global("Replication", 49), "AGREEMENT"),
    ] {
        let proof = json!({"subject": subject, "kind": kind, "title": "Bukti dukung"});
        id_of(&hubs, "a", "addEvidence", json!({ "input": proof })).await;
    }
    // The move that should not be there is taken back; nothing else is wrong then.
    let gone = json!({"id": global("Transition", 47), "revision": 1});
    hubs.api("a")
        .mutate(
            "mutation($id: ID!, $revision: Long!) { withdrawRecord(id: $id, revision: $revision) }",
            gone,
        )
        .await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(flawed(&hubs, hub, true).await, [], "{hub}");
    }
    // The innovation is shown elsewhere than where its path ends.
    let mut elsewhere = raw(
        45,
        Kind::INNOVATION,
        &json!({"title": "Antrean", "agency": agency, "stage": "DEVELOPMENT", "adoption": "INITIATIVE"}),
    );
    elsewhere.revision = 2;
    hubs.issue("a", vec![elsewhere]).await;
    hubs.sync_until_quiet().await;
    let off = (
        global("Transition", 46),
        json!(["its end is not where the innovation says it is"]),
    );
    for hub in ["a", "b"] {
        assert_eq!(
            flawed(&hubs, hub, false).await,
            std::slice::from_ref(&off),
            "{hub}"
        );
    }
}
