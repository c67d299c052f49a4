//! Who is named where others read: people who agreed to it, and nobody who does not any more.

use domain::clock::Clock as _;
use node::system::SystemClock;
use node::tasks;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use storage::local::{self, Local};
use storage::people::{self, PersonChange};
use testkit::{Drawing, Federation};

use crate::items::{ask, node, try_write, write};

const READ: &str =
    "{ id revision creditLine dueCount innovationIds consent { textVersion givenOn withdrawnOn } }";
const NAME: &str = "Sulastri Handayani";
const OFFICE: &str = "Tim Puskesmas Bambu";

/// Three hubs in a row, on both databases.
async fn three() -> Federation {
    //  a -> b -> c
    Federation::build(Drawing::drawn("a -> b -> c").on_postgres("b")).await
}

async fn person(hubs: &Federation, name: &str) -> Value {
    let input = json!({"name": name, "office": "Puskesmas Bambu", "role": "Bidan", "contact": "pesan ke kantor"});
    write(hubs, "a", "addPerson", json!({ "input": input }), READ).await
}

async fn change(hubs: &Federation, person: &Value, mutation: &str, more: Value) -> Value {
    let mut arguments = json!({"id": person["id"], "revision": person["revision"]});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    write(hubs, "a", mutation, arguments, READ).await
}

async fn consent(hubs: &Federation, person: &Value) -> Value {
    let given = json!({"textVersion": "2026-1", "givenOn": "2026-01-05"});
    change(hubs, person, "recordConsent", given).await
}

/// Publishes an innovation that credits people, and gives its global id.
async fn publish(hubs: &Federation, title: &str, people: &[&Value]) -> String {
    let ids: Vec<_> = people.iter().map(|person| &person["id"]).collect();
    let input = json!({"title": title, "agency": hubs.agency("a").await, "credits": ids});
    let read = "{ innovation { id } }";
    let written = write(
        hubs,
        "a",
        "createInnovation",
        json!({ "input": input }),
        read,
    )
    .await;
    written["innovation"]["id"].as_str().unwrap().to_owned()
}

async fn credits(hubs: &Federation, at: &str, id: &str) -> Value {
    node(hubs, at, id, "... on Innovation { credits }").await["credits"].clone()
}

/// Everything that a hub holds of texts, whichever database it has.
async fn texts(hubs: &Federation, at: &str) -> String {
    let db = sea_orm::Database::connect(ConnectOptions::new(hubs.site(at).url()));
    let db = db.await.unwrap();
    let mut texts = String::new();
    for text in [
        "SELECT payload FROM entry WHERE payload IS NOT NULL",
        "SELECT payload FROM left_out_entry WHERE payload IS NOT NULL",
    ] {
        let statement = Statement::from_string(db.get_database_backend(), text);
        for row in db.query_all_raw(statement).await.unwrap() {
            let payload: Vec<u8> = row.try_get_by_index(0).unwrap();
            texts.push_str(&String::from_utf8(payload).unwrap());
        }
    }
    db.close().await.unwrap();
    texts
}

async fn is_everywhere(hubs: &Federation, id: &str) -> Value {
    let document = "query($id: ID!) { holders(record: $id) { isEverywhere } }";
    ask(hubs, "a", document, json!({ "id": id })).await["holders"]["isEverywhere"].clone()
}

#[tokio::test]
async fn a_name_is_read_while_there_is_consent_and_goes_everywhere_without() {
    let hubs = Federation::build(Drawing::of(["a", "b", "c"]).on_postgres("b")).await;
    let (sulastri, other) = (person(&hubs, NAME).await, person(&hubs, "Wayan").await);
    let first = publish(&hubs, "Pertama", &[&sulastri, &other]).await;
    let second = publish(&hubs, "Kedua", &[&sulastri]).await;
    let open = publish(&hubs, "Ketiga", &[&other]).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        assert_eq!(
            credits(&hubs, hub, &first).await,
            json!([OFFICE]),
            "{hub}: one line for both"
        );
        assert!(!texts(&hubs, hub).await.contains(NAME), "{hub}");
    }
    let agreed = consent(&hubs, &sulastri).await;
    assert_eq!(
        (&agreed["creditLine"], &agreed["dueCount"]),
        (&json!(NAME), &json!(0))
    );
    assert_eq!(agreed["innovationIds"].as_array().unwrap().len(), 2);
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        assert_eq!(
            credits(&hubs, hub, &first).await,
            json!([NAME, OFFICE]),
            "{hub}"
        );
        assert_eq!(credits(&hubs, hub, &second).await, json!([NAME]), "{hub}");
        assert!(texts(&hubs, hub).await.contains(NAME), "{hub}");
    }

    hubs.take_offline("c").await;
    let gone = change(&hubs, &agreed, "withdrawConsent", json!({})).await;
    assert_eq!(
        (&gone["creditLine"], &gone["dueCount"]),
        (&json!(OFFICE), &json!(0))
    );
    assert!(!gone["consent"]["withdrawnOn"].is_null());
    assert!(
        !texts(&hubs, "a").await.contains(NAME),
        "it goes here at once"
    );
    assert_eq!(is_everywhere(&hubs, &first).await, false);
    hubs.round("b", "a").await;
    assert!(
        !texts(&hubs, "b").await.contains(NAME),
        "and there with the next round"
    );
    assert_eq!(credits(&hubs, "b", &first).await, json!([OFFICE]));
    assert!(texts(&hubs, "c").await.contains(NAME), "c is away");
    hubs.bring_back("c").await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        assert_eq!(credits(&hubs, hub, &first).await, json!([OFFICE]), "{hub}");
        assert!(!texts(&hubs, hub).await.contains(NAME), "{hub}");
        assert_eq!(hubs.verify(hub).await, Vec::<String>::new(), "{hub}");
    }
    for id in [&first, &second] {
        assert_eq!(is_everywhere(&hubs, id).await, true);
    }
    let revision = node(&hubs, "c", &open, "... on Innovation { revision }").await;
    assert_eq!(revision["revision"], 1, "what does not name them stays");
    // The name stands in two entries of each innovation: a deletion, and what is said after it.
    let document =
        "query($e: Long!) { entries(hub: \"hub-a\", epoch: $e, from: 0) { entries { header } } }";
    let epoch = hubs.log("a").await.epoch.get();
    let entries = ask(&hubs, "c", document, json!({ "e": epoch }))
        .await
        .to_string();
    assert_eq!(entries.matches("erasure").count(), 2, "{entries}");
}

#[tokio::test]
async fn what_a_crash_cut_off_is_finished() {
    let hubs = three().await;
    let sulastri = consent(&hubs, &person(&hubs, NAME).await).await;
    let mut ids = Vec::new();
    for title in ["Pertama", "Kedua", "Ketiga"] {
        ids.push(publish(&hubs, title, &[&sulastri]).await);
    }
    // The hub notes that consent is gone, and is killed before it writes anything anew.
    let hub = hubs.hub("a");
    let mut known = people::list(&hub.db, None, None, 10)
        .await
        .unwrap()
        .remove(0);
    let today = SystemClock.now().date();
    let consent = known.consent.as_ref().unwrap();
    known.consent = Some(consent.withdrawn("2026-02-01", today).unwrap());
    known.revision += 1;
    let noted = Local::person(PersonChange::Store(known.clone()));
    local::change(&hub.db, noted).await.unwrap();
    assert!(texts(&hubs, "a").await.contains(NAME));
    // Then it is killed after the first of three.
    let context = hub.context();
    let settled =
        storage::credits::settle(&hub.db, &hub.key, 1, &*context.clock, &*context.entropy);
    assert_eq!(settled.await.unwrap(), 1);
    assert_eq!(
        storage::credits::count_due(&hub.db, known.id)
            .await
            .unwrap(),
        2
    );
    assert_eq!(tasks::credits::settle_all(hub).await.unwrap(), 2);
    assert_eq!(tasks::credits::settle_all(hub).await.unwrap(), 0);
    hubs.sync_until_quiet().await;
    for at in ["a", "b", "c"] {
        assert!(!texts(&hubs, at).await.contains(NAME), "{at}");
        for id in &ids {
            assert_eq!(credits(&hubs, at, id).await, json!([OFFICE]), "{at}");
        }
    }
}

#[tokio::test]
async fn whoever_is_erased_is_known_nowhere() {
    let hubs = three().await;
    let sulastri = consent(&hubs, &person(&hubs, NAME).await).await;
    let id = publish(&hubs, "Pertama", &[&sulastri]).await;
    hubs.sync_until_quiet().await;
    let stale = json!({"id": sulastri["id"], "revision": 1});
    let late = try_write(&hubs, "a", "erasePerson", stale, "").await;
    assert_eq!(late.codes(), ["CONFLICT"], "{}", late.body);
    let arguments = json!({"id": sulastri["id"], "revision": sulastri["revision"]});
    try_write(&hubs, "a", "erasePerson", arguments, "")
        .await
        .data();
    let known = ask(&hubs, "a", "{ people { nodes { name } } }", json!({})).await;
    assert_eq!(known["people"]["nodes"], json!([]));
    hubs.sync_until_quiet().await;
    for at in ["a", "b", "c"] {
        assert_eq!(credits(&hubs, at, &id).await, json!([OFFICE]), "{at}");
        assert!(!texts(&hubs, at).await.contains(NAME), "{at}");
    }
    let input =
        json!({"title": "Lagi", "agency": hubs.agency("a").await, "credits": [sulastri["id"]]});
    let refused = try_write(
        &hubs,
        "a",
        "createInnovation",
        json!({ "input": input }),
        "{ warnings { field } }",
    )
    .await;
    assert!(
        refused.messages()[0].contains("not known here"),
        "{}",
        refused.body
    );
    // SQLite overwrites what is deleted, so no page of the files holds the name.
    for at in ["a", "c"] {
        hubs.take_offline(at).await;
        hubs.hub(at).db.close().await.unwrap();
        let file = std::fs::read(hubs.site(at).folder().join("simpul.db")).unwrap();
        let held = file
            .windows(NAME.len())
            .any(|window| window == NAME.as_bytes());
        assert!(!held, "{at}");
    }
}

#[tokio::test]
async fn nobody_is_named_by_a_draft_or_by_a_form_without_consent() {
    let hubs = three().await;
    let sulastri = person(&hubs, NAME).await;
    let input = json!({"title": "Antrean", "agency": hubs.agency("a").await, "affairs": ["HEALTH"], "sdgs": [3],
        "credits": [sulastri["id"]]});
    let read = "{ id revision innovationId credits { name } }";
    let begun = json!({"by": "Dinas Satu", "input": input});
    let mut draft = write(&hubs, "a", "draftInnovation", begun, read).await;
    assert_eq!(
        draft["credits"][0]["name"], NAME,
        "its author sees whom it credits"
    );
    for (mutation, by) in [
        ("submitDraft", "Dinas Satu"),
        ("verifyDraft", "Kurator"),
        ("publishDraft", "Kurator"),
    ] {
        let arguments = json!({"id": draft["id"], "revision": draft["revision"], "by": by});
        draft = write(&hubs, "a", mutation, arguments, read).await;
    }
    hubs.sync_until_quiet().await;
    let id = draft["innovationId"].as_str().unwrap();
    assert_eq!(credits(&hubs, "c", id).await, json!([OFFICE]));
    // A next text is under way when consent comes: the draft goes on from what the log says then.
    let next = json!({"by": "Dinas Satu", "innovation": id});
    let draft = write(
        &hubs,
        "a",
        "draftInnovation",
        next,
        "{ id revision basedOn credits { name } }",
    )
    .await;
    assert_eq!(
        (&draft["basedOn"], &draft["credits"][0]["name"]),
        (&json!(2), &json!(NAME))
    );
    let agreed = consent(&hubs, &sulastri).await;
    change(&hubs, &agreed, "withdrawConsent", json!({})).await;
    let arguments = json!({"id": draft["id"], "revision": draft["revision"], "by": "Dinas Satu"});
    write(&hubs, "a", "publishDraft", arguments, "{ id }").await;
    hubs.sync_until_quiet().await;
    assert_eq!(credits(&hubs, "c", id).await, json!([OFFICE]));
    for document in [
        "{ people { nodes { name } } }",
        "query { person(id: \"Person:hub-a:0198f2c4-0000-7000-8000-000000000001\") { name } }",
    ] {
        let body = json!({ "query": document });
        for token in [None, Some(hubs.token("b", "a"))] {
            let answer = hubs.api("a").send(token.as_deref(), &body).await;
            assert_eq!(answer.codes(), ["UNAUTHENTICATED"], "{document}");
        }
    }
}
