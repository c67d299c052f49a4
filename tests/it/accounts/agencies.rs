//! What contributors see and write: what belongs to their agency, and nothing of others.

use serde_json::{Value, json};
use testkit::Federation;

use super::{Browser, code, signed_in};

struct Office {
    hubs: Federation,
    agencies: [String; 2],
    siti: Browser,
    budi: Browser,
    kurator: Browser,
}

/// A hub with two agencies and a contributor of each, and a curator.
async fn office() -> Office {
    let hubs = Federation::of(["a"]).await;
    let first = hubs.agency("a").await;
    let register =
        "mutation { registerAgency(input: {name: \"Dinas Kedua\", kind: DEPARTMENT}) { id } }";
    let second = hubs.api("a").mutate(register, json!({})).await;
    let second = second["registerAgency"]["id"].as_str().unwrap().to_owned();
    let of = |agency: &str| json!([{"role": "CONTRIBUTOR", "agency": agency}]);
    Office {
        siti: signed_in(&hubs, "a", "siti", of(&first)).await,
        budi: signed_in(&hubs, "a", "budi", of(&second)).await,
        kurator: signed_in(&hubs, "a", "kurator", json!([{"role": "CURATOR"}])).await,
        agencies: [first, second],
        hubs,
    }
}

fn whole(title: &str) -> Value {
    json!({"title": title, "affairs": ["HEALTH"], "sdgs": [3], "summary": "Ringkas.", "background": "Latar.",
        "novelty": "Baru.", "implementation": "Cara.", "impact": "Dampak."})
}

const DRAFT: &str = "mutation($input: DraftInput) {
    draftInnovation(input: $input) { id innovationId revision authors text { agency { id } } } }";

async fn act(who: &mut Browser, mutation: &str, draft: &Value) -> testkit::api::Answer {
    let document = format!(
        "mutation($id: ID!, $revision: Long!) {{ {mutation}(id: $id, revision: $revision) {{ id revision state verifier }} }}"
    );
    who.ask(
        &document,
        json!({"id": draft["id"], "revision": draft["revision"]}),
    )
    .await
}

const KNOWN: &str = "{ people { nodes { name agencyId } } }";

/// Notes somebody, and gives their id.
async fn note(who: &mut Browser, name: &str, agency: Option<&str>) -> testkit::api::Answer {
    let document = "mutation($input: PersonInput!) { addPerson(input: $input) { id revision } }";
    let input = json!({"name": name, "office": "Puskesmas Bambu", "agency": agency});
    who.ask(document, json!({ "input": input })).await
}

async fn names(who: &mut Browser) -> Vec<String> {
    let known = who.ask(KNOWN, json!({})).await.data();
    let nodes = known["people"]["nodes"].as_array().unwrap().iter();
    let mut names: Vec<_> = nodes
        .map(|person| person["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_contributor_knows_the_people_of_the_own_agency_only() {
    let Office {
        mut siti,
        mut budi,
        mut kurator,
        agencies,
        ..
    } = office().await;
    let noted = note(&mut siti, "Bidan Ani", None).await.data();
    let ani = noted["addPerson"]["id"].clone();
    let elsewhere = note(&mut siti, "Bidan Ina", Some(&agencies[1])).await;
    assert_eq!(code(&elsewhere), "FORBIDDEN");
    note(&mut budi, "Perawat Iwan", None).await.data();
    note(&mut kurator, "Ibu Kepala", None).await.data();
    assert_eq!(names(&mut siti).await, ["Bidan Ani"]);
    assert_eq!(names(&mut budi).await, ["Perawat Iwan"]);
    assert_eq!(
        names(&mut kurator).await,
        ["Bidan Ani", "Ibu Kepala", "Perawat Iwan"]
    );

    // Budi learns nothing of her: not by her id, not by changing her, not by crediting her.
    let by_id = "query($id: ID!) { person(id: $id) { name } node(id: $id) { id } }";
    let read = budi.ask(by_id, json!({ "id": ani })).await.body;
    assert!(!read.to_string().contains("Ani"), "{read}");
    assert_eq!(read["data"]["person"], Value::Null);
    let unknown = json!(
        ani.as_str()
            .unwrap()
            .replace(|c: char| c.is_ascii_digit(), "0")
    );
    for document in [
        "mutation($id: ID!) { recordConsent(id: $id, revision: 1, textVersion: \"1\") { id } }",
        "mutation($id: ID!) { erasePerson(id: $id, revision: 1) }",
        "mutation($id: ID!) { revisePerson(id: $id, revision: 1, input: {name: \"Bidan Lain\", office: \"Kantor\"}) { id } }",
        "mutation($id: ID!) { draftInnovation(input: {title: \"Satu\", credits: [$id]}) { id } }",
    ] {
        let hers = budi.ask(document, json!({ "id": ani })).await;
        let nobodys = budi.ask(document, json!({ "id": unknown })).await;
        let told = |answer: &testkit::api::Answer, id: &Value| {
            answer.messages()[0].replace(id.as_str().unwrap(), "ID")
        };
        assert_eq!(told(&hers, &ani), told(&nobodys, &unknown), "{document}");
    }

    // Siti credits her; what the curator adds stays when siti writes on.
    let begun = "mutation($id: ID!) { draftInnovation(input: {title: \"Antrean\", credits: [$id]}) { id revision credits { name } } }";
    let begun = siti.ask(begun, json!({ "id": ani })).await.data();
    let draft = &begun["draftInnovation"];
    assert_eq!(draft["credits"], json!([{"name": "Bidan Ani"}]));
    let kepala = kurator
        .ask("{ people { nodes { id name } } }", json!({}))
        .await
        .data();
    let nodes = kepala["people"]["nodes"].as_array().unwrap();
    let kepala = nodes.iter().find(|it| it["name"] == "Ibu Kepala").unwrap()["id"].clone();
    let save = "mutation($id: ID!, $revision: Long!, $credits: [ID!], $agency: ID) {
        saveDraft(id: $id, revision: $revision, input: {title: \"Antrean\", credits: $credits, agency: $agency}) { id revision credits { name } } }";
    let arguments = json!({"id": draft["id"], "revision": draft["revision"], "credits": [ani, kepala], "agency": agencies[0]});
    let saved = kurator.ask(save, arguments).await.data();
    let saved = &saved["saveDraft"];
    let arguments = json!({"id": saved["id"], "revision": saved["revision"], "credits": [ani]});
    let saved = siti.ask(save, arguments).await.data();
    assert_eq!(
        saved["saveDraft"]["credits"],
        json!([{"name": "Bidan Ani"}])
    );
    let read = "query($id: ID!) { draft(id: $id) { credits { name } } }";
    let read = kurator.ask(read, json!({ "id": draft["id"] })).await.data();
    assert_eq!(
        read["draft"]["credits"],
        json!([{"name": "Bidan Ani"}, {"name": "Ibu Kepala"}])
    );
}

#[tokio::test]
async fn a_contributor_writes_for_the_own_agency_and_in_the_own_name() {
    let Office {
        mut siti, agencies, ..
    } = office().await;
    let begun = siti
        .ask(DRAFT, json!({"input": whole("Satu")}))
        .await
        .data();
    let draft = &begun["draftInnovation"];
    assert_eq!(draft["authors"], json!(["siti"]));
    assert_eq!(
        draft["text"]["agency"]["id"], agencies[0],
        "their only agency is meant"
    );
    let mut foreign = whole("Dua");
    foreign["agency"] = json!(agencies[1]);
    let refused = siti.ask(DRAFT, json!({ "input": foreign })).await;
    assert_eq!(code(&refused), "FORBIDDEN");
    let as_another = "mutation { draftInnovation(by: \"budi\") { id } }";
    assert_eq!(
        code(&siti.ask(as_another, json!({})).await),
        "BAD_USER_INPUT"
    );

    // Nor is a draft handed over to another agency.
    let save = "mutation($id: ID!, $revision: Long!, $input: DraftInput!) {
        saveDraft(id: $id, revision: $revision, input: $input) { revision } }";
    let variables = json!({"id": draft["id"], "revision": draft["revision"], "input": foreign});
    assert_eq!(code(&siti.ask(save, variables).await), "FORBIDDEN");
}

#[tokio::test]
async fn drafts_of_other_agencies_are_not_there() {
    let Office {
        hubs,
        mut siti,
        mut budi,
        mut kurator,
        ..
    } = office().await;
    let begun = siti
        .ask(DRAFT, json!({"input": whole("Rahasia")}))
        .await
        .data();
    let draft = begun["draftInnovation"].clone();
    let listed = "{ drafts { totalCount nodes { text { title } } } }";
    let found = "query($id: ID!) { draft(id: $id) { id } }";
    let id = json!({"id": draft["id"]});
    for (who, count) in [(&mut siti, 1), (&mut kurator, 1), (&mut budi, 0)] {
        let read = who.ask(listed, json!({})).await.data();
        assert_eq!(read["drafts"]["totalCount"], count);
        let read = who.ask(found, id.clone()).await.data();
        assert_eq!(read["draft"].is_object(), count == 1);
    }
    // What is not there and what is another's cannot be told apart.
    let mut absent = draft.clone();
    let last = draft["id"].as_str().unwrap();
    absent["id"] = json!(format!("{}0000", &last[..last.len() - 4]));
    for mutation in ["submitDraft"] {
        let of_another = act(&mut budi, mutation, &draft).await;
        let of_nobody = act(&mut budi, mutation, &absent).await;
        let codes = [code(&of_another), code(&of_nobody)];
        assert_eq!(codes, ["NOT_FOUND", "NOT_FOUND"]);
    }
    let mut reader = signed_in(&hubs, "a", "pembaca", json!([{"role": "READER"}])).await;
    assert_eq!(code(&reader.ask(listed, json!({})).await), "FORBIDDEN");
}

#[tokio::test]
async fn who_wrote_a_text_does_not_verify_it() {
    let Office {
        mut siti,
        mut kurator,
        hubs,
        ..
    } = office().await;
    let begun = siti
        .ask(DRAFT, json!({"input": whole("Posyandu Terapung")}))
        .await
        .data();
    let submitted = act(&mut siti, "submitDraft", &begun["draftInnovation"])
        .await
        .data();
    let submitted = &submitted["submitDraft"];
    assert_eq!(
        code(&act(&mut siti, "verifyDraft", submitted).await),
        "FORBIDDEN"
    );
    let verified = act(&mut kurator, "verifyDraft", submitted).await.data();
    assert_eq!(verified["verifyDraft"]["verifier"], "kurator");
    act(&mut kurator, "publishDraft", &verified["verifyDraft"])
        .await
        .data();
    assert_eq!(hubs.titles("a").await, ["Posyandu Terapung"]);

    // A curator who wrote in it is no better.
    let mut own = whole("Lagi");
    let agency = json!(hubs.agency("a").await);
    own["agency"] = agency;
    let begun = kurator.ask(DRAFT, json!({ "input": own })).await.data();
    let submitted = act(&mut kurator, "submitDraft", &begun["draftInnovation"])
        .await
        .data();
    let refused = act(&mut kurator, "verifyDraft", &submitted["submitDraft"]).await;
    assert_eq!(code(&refused), "FORBIDDEN");
    assert!(
        refused.messages()[0].contains("kurator wrote the text"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_contributor_documents_what_the_own_agency_owns() {
    let Office {
        mut siti,
        mut budi,
        hubs,
        agencies,
        ..
    } = office().await;
    let published = hubs.publish("a", "Milik Satu").await;
    let confirm = "mutation($id: ID!) { confirmCurrent(innovation: $id) { on } }";
    let budget = "mutation($id: ID!) { addBudget(input: {innovation: $id, year: 2025, amount: 1}) { id revision } }";
    let id = json!({ "id": published });
    for document in [confirm, budget] {
        assert_eq!(code(&budi.ask(document, id.clone()).await), "FORBIDDEN");
        siti.ask(document, id.clone()).await.data();
    }
    let need = "mutation($agency: ID!) { addNeed(input: {agency: $agency, statement: \"Kami mencari layanan keliling\"}) { id revision } }";
    let of_first = json!({"agency": agencies[0]});
    assert_eq!(code(&budi.ask(need, of_first.clone()).await), "FORBIDDEN");
    let said = siti.ask(need, of_first).await.data();
    let withdraw = "mutation($id: ID!) { withdrawRecord(id: $id, revision: 1) }";
    let id = json!({"id": said["addNeed"]["id"]});
    assert_eq!(code(&budi.ask(withdraw, id.clone()).await), "FORBIDDEN");
    siti.ask(withdraw, id).await.data();
}
