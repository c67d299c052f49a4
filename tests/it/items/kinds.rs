//! Every kind: written through the API, read back, the same at a hub that pulls it, listed, revised, taken back.

use serde_json::{Value, json};
use testkit::{Drawing, Federation};

use super::{ask, id_of, node, write};

/// Two hubs on the two databases that pull each other.
async fn two() -> Federation {
    Federation::build(Drawing::of(["a", "b"]).on_postgres("b")).await
}

/// What was written of one kind: its global id, and what of it is read.
struct Written {
    kind: &'static str,
    id: String,
    read: &'static str,
}

/// One record of each kind at hub a, about its innovation and one of hub b's.
async fn one_of_each(hubs: &Federation, own: &str, other: &str) -> Vec<Written> {
    let agency = hubs.agency("a").await;
    let mut all = Vec::new();
    for (kind, mutation, input, read) in told_of(own, other, &agency) {
        let id = id_of(hubs, "a", mutation, json!({ "input": input })).await;
        all.push(Written { kind, id, read });
    }
    let written = write(
        hubs,
        "a",
        "confirmCurrent",
        json!({"innovation": own}),
        "{ id }",
    )
    .await;
    all.push(Written {
        kind: "Confirmation",
        id: written["id"].as_str().unwrap().to_owned(),
        read: "... on Confirmation { on innovation { id } }",
    });
    let thread = id_at(&all, "Thread");
    let post =
        json!({"thread": thread, "body": "Bisa, dengan satu server.", "byOffice": "Dinas Kominfo"});
    all.push(Written {
        kind: "Post",
        id: id_of(hubs, "a", "writePost", json!({ "input": post })).await,
        read: "... on Post { body byOffice threadId thread { title } }",
    });
    let assessment = id_at(&all, "Assessment");
    let sheet = node(
        hubs,
        "a",
        &assessment,
        "... on Assessment { scoreSheet { id } }",
    )
    .await;
    all.push(Written {
        kind: "ScoreSheet",
        id: sheet["scoreSheet"]["id"].as_str().unwrap().to_owned(),
        read: "... on ScoreSheet { total items { indicator weight value max } }",
    });
    all
}

pub(crate) type Told = (&'static str, &'static str, Value, &'static str);

pub(crate) fn told_of(own: &str, other: &str, agency: &str) -> Vec<Told> {
    vec![
        (
            "ServiceUnit",
            "registerServiceUnit",
            json!({"agency": agency, "name": "Puskesmas Ibuh", "kind": "HEALTH_CENTRE", "region": "13.76", "point": {"lat": -0.22, "lng": 100.63}}),
            "... on ServiceUnit { name kind regionCode point { lat lng } agency { id agency { name } } }",
        ),
        (
            "Evidence",
            "addEvidence",
            json!({"subject": own, "kind": "SOP", "title": "SOP antrean", "number": "440/1", "date": "2024-02", "mediaType": "application/pdf",
                "bytes": 1024, "sha256": "00".repeat(32), "url": "https://a.example/sop.pdf", "indicator": "IGA-2026/16"}),
            "... on Evidence { kind title number date mediaType bytes sha256 url indicator subjectId }",
        ),
        (
            "Budget",
            "addBudget",
            json!({"innovation": own, "year": 2025, "amount": 150_000_000, "source": "APBD"}),
            "... on Budget { year amount source innovation { id } }",
        ),
        (
            "Transition",
            "recordTransition",
            json!({"innovation": own, "axis": "ADOPTION", "to": "TRIAL", "on": "2025-03-01", "decidedBy": "Kepala dinas"}),
            "... on Transition { axis from to on decidedBy innovation { id } }",
        ),
        (
            "Replication",
            "declareInterest",
            json!({"source": other, "adopter": agency, "scope": "PARTIAL", "inspiration": "Antrean panjang.", "on": "2025-04-01"}),
            "... on Replication { scope inspiration steps { state on isInOrder } source { id innovation { title } } adopter { id } progress { state standing next conflicts } }",
        ),
        (
            "Endorsement",
            "endorse",
            json!({"innovation": other, "statement": "Berjalan baik di tempat kami.", "on": "2025-05-01"}),
            "... on Endorsement { statement on counts innovation { id } }",
        ),
        (
            "Assessment",
            "addAssessment",
            json!({"innovation": own, "instrument": "IGA_SID", "year": 2026, "step": {"state": "SELF", "on": "2026-01-05"}, "total": "9.5",
                "class": "inovatif", "items": [{"indicator": "16", "weight": "3", "value": "3", "max": "3"}, {"indicator": "18", "value": "0.5"}]}),
            "... on Assessment { instrument year state total class isTotalRight innovation { id } }",
        ),
        (
            "Award",
            "addAward",
            json!({"innovation": own, "scheme": "KIPP", "tier": "Top 45", "group": "umum", "year": 2021, "decree": "Kepmen 1", "basis": "CLAIMED"}),
            "... on Award { scheme tier group year decree basis counts innovation { id } }",
        ),
        (
            "CoachingActivity",
            "addCoachingActivity",
            json!({"title": "Klinik replikasi", "kind": "CLINIC", "phases": ["DEVELOPMENT"], "startsAt": "2026-02-01T02:00:00Z", "mode": "HYBRID",
                "region": "13", "agencies": [agency], "innovations": [other], "participantCount": 12, "step": {"state": "PLANNED", "on": "2026-01-01"}}),
            "... on CoachingActivity { title kind phases startsAt mode regionCode participantCount state agencies { id } innovations { id } }",
        ),
        (
            "Thread",
            "openThread",
            json!({"kind": "QUESTION", "subject": other, "title": "Berapa server yang perlu?"}),
            "... on Thread { kind title state subjectId }",
        ),
        (
            "Need",
            "addNeed",
            json!({"agency": agency, "statement": "Antrean rawat jalan tanpa menunggu.", "affairs": ["HEALTH"], "sdgs": [3], "region": "13.76"}),
            "... on Need { statement affairs sdgs regionCode state agency { id } }",
        ),
    ]
}

fn id_at(all: &[Written], kind: &str) -> String {
    let found = all.iter().find(|written| written.kind == kind);
    found.expect("it was written").id.clone()
}

#[tokio::test]
async fn every_kind_is_the_same_at_a_hub_that_pulls_it() {
    let hubs = two().await;
    let (own, other) = (
        hubs.publish("a", "Antrean").await,
        hubs.publish("b", "Sumber").await,
    );
    hubs.sync_until_quiet().await;
    let all = one_of_each(&hubs, &own, &other).await;
    hubs.sync_until_quiet().await;
    for Written { kind, id, read } in &all {
        let read = format!("id ... on {kind} {{ revision audience hub {{ hubId }} }} {read}");
        let here = node(&hubs, "a", id, &read).await;
        assert_eq!(here["__typename"], *kind, "{id}");
        assert_eq!(here["hub"]["hubId"], "hub-a", "{kind}");
        assert_eq!(node(&hubs, "b", id, &read).await, here, "{kind}");
    }
    for hub in ["a", "b"] {
        assert_eq!(hubs.verify(hub).await, [""; 0]);
        rebuilt_shows_the_same(&hubs, hub, &all).await;
    }
}

async fn rebuilt_shows_the_same(hubs: &Federation, hub: &str, all: &[Written]) {
    let mut before = Vec::new();
    for written in all {
        before.push(node(hubs, hub, &written.id, written.read).await);
    }
    storage::logs::rebuild::rebuild(&hubs.hub(hub).db, |_| {})
        .await
        .unwrap();
    for (written, before) in all.iter().zip(before) {
        let after = node(hubs, hub, &written.id, written.read).await;
        assert_eq!(after, before, "{} at {hub}", written.kind);
    }
}

#[tokio::test]
async fn what_is_for_the_network_is_not_shown_to_anybody() {
    let hubs = two().await;
    let (own, other) = (
        hubs.publish("a", "Antrean").await,
        hubs.publish("b", "Sumber").await,
    );
    let all = one_of_each(&hubs, &own, &other).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        for Written { kind, id, .. } in &all {
            let is_hidden = ["Evidence", "Budget", "Replication", "ScoreSheet"].contains(kind);
            let document = "query($id: ID!) { node(id: $id) { id } }";
            let shown = hubs.api(hub).query(document, json!({ "id": id })).await;
            assert_eq!(shown["node"].is_null(), is_hidden, "{kind} at {hub}");
        }
        let document = "query($id: ID!) { innovation(id: $id) { evidence { id } budgets { id } awards { id } } replications { totalCount } }";
        let shown = hubs.api(hub).query(document, json!({ "id": own })).await;
        let innovation = &shown["innovation"];
        assert_eq!(
            (&innovation["evidence"], &innovation["budgets"]),
            (&json!([]), &json!([])),
            "{hub}"
        );
        assert_eq!(innovation["awards"].as_array().unwrap().len(), 1, "{hub}");
        assert_eq!(shown["replications"]["totalCount"], 0, "{hub}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let hubs = two().await;
    let (own, other) = (
        hubs.publish("a", "Antrean").await,
        hubs.publish("b", "Sumber").await,
    );
    one_of_each(&hubs, &own, &other).await;
    let theirs = json!({"innovation": other, "scheme": "KIPP", "tier": "Top 99", "year": 2022, "basis": "CLAIMED"});
    id_of(&hubs, "b", "addAward", json!({ "input": theirs })).await;
    let theirs = json!({"kind": "DISCUSSION", "title": "Pengalaman di lapangan"});
    id_of(&hubs, "b", "openThread", json!({ "input": theirs })).await;
    hubs.sync_until_quiet().await;
    let agency = hubs.agency("a").await;
    // List, its filter, how many are found.
    for (list, filter, expected) in [
        ("awards", json!(null), 2),
        ("awards", json!({"innovation": own}), 1),
        ("awards", json!({"hubs": ["hub-b"]}), 1),
        ("awards", json!({"hubs": ["hub-z"]}), 0),
        ("awards", json!({"basis": "CONFIRMED"}), 0),
        (
            "assessments",
            json!({"instrument": "IGA_SID", "year": 2026}),
            1,
        ),
        (
            "assessments",
            json!({"instrument": "IGA_SID", "year": 2025}),
            0,
        ),
        (
            "coachingActivities",
            json!({"region": "13", "kind": "CLINIC", "states": ["PLANNED"]}),
            1,
        ),
        ("coachingActivities", json!({"region": "35"}), 0),
        ("threads", json!(null), 2),
        ("threads", json!({"subject": other, "kind": "QUESTION"}), 1),
        (
            "threads",
            json!({"kind": "QUESTION", "states": ["CLOSED"]}),
            0,
        ),
        (
            "needs",
            json!({"agency": agency, "region": "13", "states": ["OPEN"]}),
            1,
        ),
        ("needs", json!({"region": "35"}), 0),
        ("replications", json!({"source": other}), 1),
        (
            "replications",
            json!({"adopter": agency, "states": ["INTERESTED"]}),
            1,
        ),
        ("replications", json!({"states": ["DONE"]}), 0),
        ("replications", json!({"source": own}), 0),
    ] {
        let input = filter_type(list);
        let document = format!(
            "query($filter: {input}) {{ {list}(filter: $filter) {{ totalCount nodes {{ id }} }} }}"
        );
        let data = ask(&hubs, "b", &document, json!({ "filter": filter })).await;
        let found = (
            &data[list]["totalCount"],
            data[list]["nodes"].as_array().unwrap().len(),
        );
        assert_eq!(found, (&json!(expected), expected), "{list} {filter}");
    }
    let page = "query($after: String) { awards(first: 1, after: $after) { nodes { year } pageInfo { hasNextPage endCursor } } }";
    let first = ask(&hubs, "b", page, json!({})).await;
    assert_eq!(
        (
            &first["awards"]["nodes"][0]["year"],
            &first["awards"]["pageInfo"]["hasNextPage"]
        ),
        (&json!(2022), &json!(true))
    );
    let after = &first["awards"]["pageInfo"]["endCursor"];
    let second = ask(&hubs, "b", page, json!({ "after": after })).await;
    assert_eq!(
        (
            &second["awards"]["nodes"][0]["year"],
            &second["awards"]["pageInfo"]["hasNextPage"]
        ),
        (&json!(2021), &json!(false))
    );
}

fn filter_type(list: &str) -> &'static str {
    match list {
        "awards" => "AwardFilterInput",
        "assessments" => "AssessmentFilterInput",
        "coachingActivities" => "CoachingActivityFilterInput",
        "threads" => "ThreadFilterInput",
        "needs" => "NeedFilterInput",
        _ => "ReplicationFilterInput",
    }
}

/// What goes on: kind, mutation, its arguments beside id and revision, and what the record then says.
pub(crate) fn goes_on(
    answer: &str,
    other: &str,
) -> [(&'static str, &'static str, Value, &'static str, Value); 5] {
    [
        (
            "Thread",
            "updateThread",
            json!({"step": {"state": "ANSWERED"}, "acceptedPost": answer}),
            "state acceptedPost { byOffice }",
            json!({"state": "ANSWERED", "acceptedPost": {"byOffice": "Hub b"}}),
        ),
        (
            "Need",
            "updateNeed",
            json!({"step": {"state": "MATCHED"}, "chosen": other}),
            "state chosen { id }",
            json!({"state": "MATCHED", "chosen": {"id": other}}),
        ),
        (
            "CoachingActivity",
            "updateCoachingActivity",
            json!({"input": {"step": {"state": "CANCELLED", "on": "2026-01-02", "reason": "Banjir."}, "place": "Balai kota"}}),
            "state place",
            json!({"state": "CANCELLED", "place": "Balai kota"}),
        ),
        (
            "Assessment",
            "settleAssessment",
            json!({"step": {"state": "VERIFIED", "on": "2026-01-06"}}),
            "state",
            json!({"state": "VERIFIED"}),
        ),
        (
            "Replication",
            "updateReplication",
            json!({"input": {"process": "Dua bulan."}}),
            "process state",
            json!({"process": "Dua bulan.", "state": "INTERESTED"}),
        ),
    ]
}

#[tokio::test]
async fn records_go_on_and_are_taken_back_everywhere() {
    let hubs = two().await;
    let (own, other) = (
        hubs.publish("a", "Antrean").await,
        hubs.publish("b", "Sumber").await,
    );
    hubs.sync_until_quiet().await;
    let all = one_of_each(&hubs, &own, &other).await;
    let post =
        json!({"thread": id_at(&all, "Thread"), "body": "Satu sudah cukup.", "byOffice": "Hub b"});
    hubs.sync_until_quiet().await;
    let answer = id_of(&hubs, "b", "writePost", json!({ "input": post })).await;
    hubs.sync_until_quiet().await;
    for (kind, mutation, more, read, expected) in goes_on(&answer, &other) {
        let mut arguments = more;
        arguments["id"] = id_at(&all, kind).into();
        arguments["revision"] = 1.into();
        let conflict = super::try_write(
            &hubs,
            "a",
            mutation,
            {
                let mut late = arguments.clone();
                late["revision"] = 5.into();
                late
            },
            "{ id }",
        )
        .await;
        assert_eq!(conflict.codes(), ["CONFLICT"], "{kind}: {}", conflict.body);
        let foreign = super::try_write(&hubs, "b", mutation, arguments.clone(), "{ id }").await;
        assert_eq!(
            foreign.codes().len(),
            1,
            "{kind} is not hub b's: {}",
            foreign.body
        );
        let written = write(&hubs, "a", mutation, arguments, &format!("{{ {read} }}")).await;
        assert_eq!(written, expected, "{kind}");
    }
    hubs.sync_until_quiet().await;
    let state = node(
        &hubs,
        "b",
        &id_at(&all, "Thread"),
        "... on Thread { state posts { body } }",
    )
    .await;
    assert_eq!(
        (&state["state"], state["posts"].as_array().unwrap().len()),
        (&json!("ANSWERED"), 2)
    );

    for Written { kind, id, .. } in &all {
        let read = format!("... on {kind} {{ revision }}");
        let revision = node(&hubs, "a", id, &read).await["revision"].clone();
        let arguments = json!({"id": id, "revision": revision, "reason": "ERASURE"});
        let taken = write(&hubs, "a", "withdrawRecord", arguments, "").await;
        assert_eq!(taken, **id, "{kind}");
    }
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        for Written { kind, id, .. } in &all {
            assert_eq!(
                node(&hubs, hub, id, "id").await,
                Value::Null,
                "{kind} at {hub}"
            );
        }
        for text in [
            "Puskesmas Ibuh",
            "SOP antrean",
            "Berjalan baik",
            "Klinik replikasi",
            "Berapa server",
            "rawat jalan tanpa",
        ] {
            assert_eq!(payloads_with(&hubs, hub, text).await, 0, "{text} at {hub}");
        }
    }
    let holders = "query($record: ID!) { holders(record: $record) { isEverywhere revision } }";
    let held = ask(
        &hubs,
        "a",
        holders,
        json!({"record": id_at(&all, "Thread")}),
    )
    .await;
    assert_eq!(
        held["holders"],
        json!({"isEverywhere": true, "revision": 3}),
        "the erasure arrived"
    );
}

/// How many payloads of a's log hold a text in a hub's database.
async fn payloads_with(hubs: &Federation, at: &str, text: &str) -> usize {
    let bounds = storage::logs::read::PageBounds {
        entries: 1000,
        bytes: 4_000_000,
    };
    let log = hubs.log("a").await;
    let sight = domain::entry::Sight::All;
    let page = storage::logs::read::page(&hubs.hub(at).db, &log, 0, bounds, sight).await;
    let page = page.unwrap().expect("the log is held");
    let payloads = page.entries.into_iter().filter_map(|entry| entry.payload);
    payloads.filter(|payload| payload.contains(text)).count()
}
