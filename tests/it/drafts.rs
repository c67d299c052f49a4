//! Drafts through the public API of whole hubs, on their way to everybody. `behind`: what stays at their hub. `belonging`: what
//! goes where they go.

mod behind;
mod belonging;

use serde_json::{Value, json};
use testkit::api::Answer;
use testkit::{Drawing, Federation};

use crate::items::{ask, node, try_write, write};

const READ: &str = "{ id innovationId revision basedOn state authors verifier needsReview faults { field } warnings { field }
    personalData { field acknowledgement } innovation { title audience } }";

/// Two hubs that are of one network; the first keeps its drafts in PostgreSQL.
async fn two() -> Federation {
    Federation::build(Drawing::of(["a", "b"]).on_postgres("a")).await
}

/// What a form asks of a whole text.
async fn whole(hubs: &Federation, title: &str) -> Value {
    json!({"title": title, "agency": hubs.agency("a").await, "affairs": ["HEALTH"], "sdgs": [3],
        "summary": "Ringkas.", "background": "Latar.", "novelty": "Baru.", "implementation": "Cara.", "impact": "Dampak."})
}

async fn act(hubs: &Federation, draft: &Value, mutation: &str, by: &str, more: Value) -> Answer {
    let mut arguments = json!({"id": draft["id"], "revision": draft["revision"], "by": by});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    try_write(hubs, "a", mutation, arguments, READ).await
}

/// Takes a step that must go through, and gives the draft as it is then.
async fn step(hubs: &Federation, draft: &Value, mutation: &str, by: &str, more: Value) -> Value {
    act(hubs, draft, mutation, by, more).await.data()[mutation].take()
}

async fn begin(hubs: &Federation, arguments: Value) -> Value {
    write(hubs, "a", "draftInnovation", arguments, READ).await
}

/// A draft that somebody else verified.
async fn verified(hubs: &Federation, title: &str) -> Value {
    let input = whole(hubs, title).await;
    let draft = begin(hubs, json!({"by": "Dinas Satu", "input": input})).await;
    let draft = step(hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    step(hubs, &draft, "verifyDraft", "Bagian Organisasi", json!({})).await
}

async fn published(hubs: &Federation, title: &str) -> Value {
    let draft = verified(hubs, title).await;
    step(hubs, &draft, "publishDraft", "Bagian Organisasi", json!({})).await
}

/// The title and audience of an innovation as anybody at a hub reads it, and as its operator does.
async fn seen(hubs: &Federation, at: &str, draft: &Value) -> [Value; 2] {
    let document = "query($id: ID!) { innovation(id: $id) { title audience draft { id } } }";
    let variables = json!({"id": draft["innovationId"]});
    let anybody = hubs.api(at).query(document, variables.clone()).await["innovation"].clone();
    let operator = ask(hubs, at, document, variables).await["innovation"].clone();
    assert!(anybody["draft"].is_null(), "nobody else hears of a draft");
    [anybody["title"].clone(), operator["title"].clone()]
}

fn fields(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item["field"].as_str().unwrap()).collect()
}

/// Who looks at what others wrote.
const OFFICE: &str = "Bagian Organisasi";

#[tokio::test]
async fn a_text_goes_from_a_draft_to_everybody_and_back() {
    let hubs = two().await;
    hubs.agency("a").await;
    let size = hubs.size("a", "a").await;
    let input = json!({"title": "Antrean", "summary": "kata ".repeat(205)});
    let draft = begin(&hubs, json!({"by": "Dinas Satu", "input": input})).await;
    assert_eq!(draft["state"], "DRAFT");
    assert_eq!(fields(&draft["faults"]), ["affairs", "sdgs", "agency"]);
    assert_eq!(
        fields(&draft["warnings"]),
        [
            "summary",
            "background",
            "novelty",
            "implementation",
            "impact"
        ]
    );
    let refused = act(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
    let told = &refused.body["errors"][0]["extensions"]["fields"];
    assert_eq!(fields(told), ["affairs", "sdgs", "agency"], "all at once");

    let input = json!({ "input": whole(&hubs, "Antrean").await });
    let draft = step(&hubs, &draft, "saveDraft", "Dinas Satu", input.clone()).await;
    assert_eq!(
        (fields(&draft["faults"]).len(), &draft["revision"]),
        (0, &json!(2))
    );
    let stale = json!({"id": draft["id"], "revision": 1});
    let late = act(&hubs, &stale, "saveDraft", "Dinas Dua", input.clone()).await;
    assert_eq!(late.codes(), ["CONFLICT"], "{}", late.body);
    let stranger = act(&hubs, &draft, "submitDraft", "Dinas Dua", json!({})).await;
    assert_eq!(stranger.codes(), ["FORBIDDEN"], "{}", stranger.body);
    let draft = step(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;

    let note = json!({"note": "Perjelas dampaknya."});
    let draft = step(&hubs, &draft, "returnDraft", OFFICE, note).await;
    assert_eq!(draft["state"], "RETURNED");
    let draft = step(&hubs, &draft, "saveDraft", "dinas dua", input).await;
    let draft = step(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    for author in ["DINAS SATU", "Dinas Dua"] {
        let own = act(&hubs, &draft, "verifyDraft", author, json!({})).await;
        assert_eq!(own.codes(), ["FORBIDDEN"], "{author}: {}", own.body);
    }
    let early = act(&hubs, &draft, "publishDraft", OFFICE, json!({})).await;
    assert_eq!(early.codes(), ["BAD_USER_INPUT"], "{}", early.body);
    assert_eq!(
        hubs.size("a", "a").await,
        size,
        "nothing left the hub so far"
    );
    let draft = step(&hubs, &draft, "verifyDraft", OFFICE, json!({})).await;
    assert_eq!(draft["verifier"], OFFICE);
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(
            seen(&hubs, hub, &draft).await,
            [json!(null), json!("Antrean")],
            "{hub}"
        );
    }
    let draft = step(&hubs, &draft, "publishDraft", OFFICE, json!({})).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b"] {
        assert_eq!(
            seen(&hubs, hub, &draft).await,
            [json!("Antrean"), json!("Antrean")],
            "{hub}"
        );
    }

    let reason = json!({"reason": "Keliru."});
    let draft = step(&hubs, &draft, "withdrawDraft", OFFICE, reason).await;
    hubs.sync_until_quiet().await;
    assert_eq!(
        (draft["state"].as_str(), &draft["innovation"]),
        (Some("WITHDRAWN"), &json!(null))
    );
    assert_eq!(seen(&hubs, "b", &draft).await, [json!(null), json!(null)]);
    let draft = step(&hubs, &draft, "publishDraft", OFFICE, json!({})).await;
    hubs.sync_until_quiet().await;
    assert_eq!(
        seen(&hubs, "b", &draft).await,
        [json!("Antrean"), json!("Antrean")],
        "back again"
    );

    check_steps(&hubs, &draft).await;
}

/// All that became of the draft is told, in order.
async fn check_steps(hubs: &Federation, draft: &Value) {
    let steps = "query($id: ID!) { draft(id: $id) { steps { state by note } } }";
    let told = ask(hubs, "a", steps, json!({"id": draft["innovationId"]})).await;
    let states = told["draft"]["steps"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|step| step["state"].as_str().unwrap()).collect();
    let expected =
        "DRAFT SUBMITTED RETURNED DRAFT SUBMITTED VERIFIED PUBLISHED WITHDRAWN PUBLISHED";
    assert_eq!(states.join(" "), expected);
    assert_eq!(told["draft"]["steps"][2]["note"], "Perjelas dampaknya.");
}

#[tokio::test]
async fn a_typing_error_goes_at_once_and_a_title_is_looked_at_again() {
    let hubs = two().await;
    let first = published(&hubs, "Antrean").await;
    let again = json!({"by": "Dinas Satu", "innovation": first["innovationId"]});
    let draft = begin(&hubs, again.clone()).await;
    assert_eq!(draft["id"], first["id"], "one record, one draft");
    assert_eq!(
        (&draft["state"], &draft["basedOn"], &draft["needsReview"]),
        (&json!("DRAFT"), &json!(2), &json!(false))
    );
    let mut input = whole(&hubs, "Antrean").await;
    input["summary"] = "Lebih ringkas.".into();
    let draft = step(
        &hubs,
        &draft,
        "saveDraft",
        "Dinas Satu",
        json!({ "input": input }),
    )
    .await;
    let draft = step(&hubs, &draft, "publishDraft", "Dinas Satu", json!({})).await;
    hubs.sync_until_quiet().await;
    let id = draft["innovationId"].as_str().unwrap();
    let shown = node(&hubs, "b", id, "... on Innovation { summary revision }").await;
    assert_eq!(
        (&shown["summary"], &shown["revision"]),
        (&json!("Lebih ringkas."), &json!(3))
    );

    let mut input = whole(&hubs, "Antrean Baru").await;
    input["sdgs"] = json!([3, 9]);
    let next = json!({"by": "Dinas Satu", "innovation": id, "input": input});
    let draft = begin(&hubs, next).await;
    assert_eq!(draft["needsReview"], true);
    let refused = act(
        &hubs,
        &draft,
        "publishDraft",
        "Bagian Organisasi",
        json!({}),
    )
    .await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
    assert!(
        refused.messages()[0].contains("handed in and verified"),
        "{}",
        refused.body
    );
    let draft = step(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    let draft = step(&hubs, &draft, "verifyDraft", "Bagian Organisasi", json!({})).await;
    hubs.sync_until_quiet().await;
    let old = [json!("Antrean"), json!("Antrean")];
    assert_eq!(
        seen(&hubs, "b", &draft).await,
        old,
        "everybody reads the old text until then"
    );
    let draft = step(
        &hubs,
        &draft,
        "publishDraft",
        "Bagian Organisasi",
        json!({}),
    )
    .await;
    hubs.sync_until_quiet().await;
    let new = [json!("Antrean Baru"), json!("Antrean Baru")];
    assert_eq!(seen(&hubs, "b", &draft).await, new);

    // Somebody else writes the innovation while its next text is drafted.
    let draft = begin(&hubs, again).await;
    let moved = json!({"innovation": id, "axis": "ADOPTION", "to": "TRIAL", "on": "2025-01-01", "decidedBy": "Kepala dinas"});
    write(
        &hubs,
        "a",
        "recordTransition",
        json!({ "input": moved }),
        "{ id }",
    )
    .await;
    let mut input = whole(&hubs, "Antrean Baru").await;
    input["adoption"] = "TRIAL".into();
    let saved = json!({ "input": input });
    let draft = step(&hubs, &draft, "saveDraft", "Dinas Satu", saved.clone()).await;
    let refused = act(&hubs, &draft, "publishDraft", "Dinas Satu", json!({})).await;
    assert_eq!(refused.codes(), ["CONFLICT"], "{}", refused.body);
    let known = json!({"input": input, "basedOn": 5});
    let draft = step(&hubs, &draft, "saveDraft", "Dinas Satu", known).await;
    step(&hubs, &draft, "publishDraft", "Dinas Satu", json!({})).await;
}

#[tokio::test]
async fn a_draft_that_changes_the_stage_writes_the_move() {
    let hubs = two().await;
    let first = published(&hubs, "Antrean").await;
    let id = first["innovationId"].as_str().unwrap();
    let mut input = whole(&hubs, "Antrean").await;
    (input["adoption"], input["stage"]) = (json!("TRIAL"), json!("DEVELOPMENT"));
    let next = json!({"by": "Dinas Satu", "innovation": id, "input": input});
    let draft = begin(&hubs, next).await;
    let draft = step(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    let draft = step(&hubs, &draft, "verifyDraft", "Bagian Organisasi", json!({})).await;
    let refused = act(
        &hubs,
        &draft,
        "publishDraft",
        "Bagian Organisasi",
        json!({}),
    )
    .await;
    assert!(
        refused.messages()[0].contains("DEVELOPMENT needs evidence"),
        "{}",
        refused.body
    );
    let proof = json!({"subject": id, "kind": "SOP", "title": "SOP antrean"});
    write(
        &hubs,
        "a",
        "addEvidence",
        json!({ "input": proof }),
        "{ id }",
    )
    .await;
    let moves = json!({"moves": {"on": "2025-02-03"}});
    step(&hubs, &draft, "publishDraft", "Bagian Organisasi", moves).await;
    hubs.sync_until_quiet().await;
    let read = "... on Innovation { stage adoption path { flaws transition { to on decidedBy } } }";
    let shown = node(&hubs, "b", id, read).await;
    let moved = |to: &str| json!({"flaws": [], "transition": {"to": to, "on": "2025-02-03", "decidedBy": "Bagian Organisasi"}});
    assert_eq!(
        (&shown["stage"], &shown["adoption"]),
        (&json!("DEVELOPMENT"), &json!("TRIAL"))
    );
    let path = shown["path"].as_array().unwrap();
    assert_eq!(path.len(), 2, "{shown}");
    for to in ["TRIAL", "DEVELOPMENT"] {
        assert!(path.contains(&moved(to)), "{shown}");
    }
    // Who revises at once cannot move it without saying so.
    let mut input = whole(&hubs, "Antrean").await;
    input["stage"] = "CREATION".into();
    let silent = json!({"id": id, "revision": 3, "input": input});
    let refused = try_write(
        &hubs,
        "a",
        "reviseInnovation",
        silent,
        "{ warnings { field } }",
    )
    .await;
    let told = &refused.body["errors"][0]["extensions"]["fields"];
    assert_eq!(fields(told), ["stage"], "{}", refused.body);
}

#[tokio::test]
async fn personal_data_is_asked_about_when_a_draft_is_handed_in() {
    let hubs = two().await;
    let mut input = whole(&hubs, "Antrean").await;
    input["summary"] = "Hubungi 3578014501900002.".into();
    let draft = begin(&hubs, json!({"by": "Dinas Satu", "input": input})).await;
    assert_eq!(fields(&draft["personalData"]), ["summary"]);
    let refused = act(&hubs, &draft, "submitDraft", "Dinas Satu", json!({})).await;
    assert_eq!(refused.codes(), ["PERSONAL_DATA"]);
    let meant = json!({"acknowledge": [draft["personalData"][0]["acknowledgement"]]});
    let draft = step(&hubs, &draft, "submitDraft", "Dinas Satu", meant).await;
    assert_eq!(fields(&draft["personalData"]).len(), 0);
    let draft = step(&hubs, &draft, "verifyDraft", "Bagian Organisasi", json!({})).await;
    step(
        &hubs,
        &draft,
        "publishDraft",
        "Bagian Organisasi",
        json!({}),
    )
    .await;
}
