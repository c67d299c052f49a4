//! The cookbook: every query of `docs/queries.md` is answered, and not with empty hands.
//!
//! `document` reads it. Two hubs pull each other: the one that is asked has the real records, and both have made-up ones of
//! every kind. Blanks in the variables, such as `<innovation>`, are filled in with ids that the hub itself tells.

mod document;

use std::collections::{BTreeMap, BTreeSet};

use domain::entry::{EntryDraft, Kind};
use node::commands::seed::fill;
use node::seed::Plan;
use serde_json::{Value, json};
use testkit::patience::eventually;
use testkit::records::{put, record};
use testkit::{Backend, Drawing, Federation};
use time::macros::datetime;

use super::items;
use document::Recipe;

const COOKBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/queries.md");
const FEWEST: usize = 20;

/// The hub that is asked.
pub(super) const ASKED: &str = "a";
const OTHER: &str = "b";

/// Lists that are empty here, by the numbers of their queries, and why.
const EMPTY: [(&str, &str, &str); 6] = [
    ("3", "innovation.path.flaws", "its moves keep the rules"),
    ("3", "innovation.credits", "samples name nobody"),
    ("3", "innovation.preconditions", "samples have none"),
    ("3", "innovation.sources", "samples have none"),
    ("14", "statistics.asOf.behind", "both hubs hold everything"),
    ("14", "statistics.asOf.unreached", "both hubs answer"),
];

#[tokio::test]
async fn every_query_is_answered_and_not_with_empty_hands() {
    let recipes = document::read(&cookbook()).unwrap();
    assert!(recipes.len() >= FEWEST, "{} queries", recipes.len());
    let hubs = filled(drawn()).await;
    let blanks = blanks(&hubs).await;
    let mut empty = BTreeSet::new();
    for (number, recipe) in (1..).zip(&recipes) {
        let data = answer(&hubs, recipe, &blanks).await;
        let places = hollow(&data).into_iter();
        empty.extend(places.map(|place| (number.to_string(), place)));
    }
    let expected = EMPTY.map(|(number, place, _)| (number.to_owned(), place.to_owned()));
    assert_eq!(empty, BTreeSet::from(expected));
}

/// Two hubs that pull each other, one of which searches.
fn drawn() -> Drawing {
    Drawing::drawn("a -- b").searching(ASKED)
}

/// Asks all queries of a hub that asks its database for whatever it can, and gives the hubs.
pub(super) async fn ask_all(backend: Backend) -> Federation {
    let mut drawing = drawn().asking_its_database(ASKED);
    if backend == Backend::Postgres {
        drawing = drawing.on_postgres(ASKED).on_postgres(OTHER);
    }
    let hubs = filled(drawing).await;
    let blanks = blanks(&hubs).await;
    for recipe in &document::read(&cookbook()).unwrap() {
        answer(&hubs, recipe, &blanks).await;
    }
    hubs
}

#[test]
fn every_blank_is_explained() {
    let recipes = document::read(&cookbook()).unwrap();
    let mut used = BTreeSet::new();
    for recipe in recipes {
        let mut note = |name: &str| {
            used.insert(name.to_owned());
            Value::Null
        };
        fill_in(&recipe.variables, &mut note);
    }
    assert_eq!(used, document::explained_blanks(&cookbook()));
}

fn cookbook() -> String {
    std::fs::read_to_string(COOKBOOK).unwrap()
}

/// Asks as the document says: as anybody, or as the operator, where anybody is refused.
async fn answer(hubs: &Federation, recipe: &Recipe, blanks: &BTreeMap<&str, Value>) -> Value {
    let heading = &recipe.heading;
    let mut value = |name: &str| {
        let known = blanks.get(name);
        known
            .unwrap_or_else(|| panic!("{heading}: <{name}> is not known"))
            .clone()
    };
    let variables = fill_in(&recipe.variables, &mut value);
    let api = hubs.api(ASKED);
    let mut answer = api.ask(&recipe.query, variables.clone()).await;
    if recipe.needs_token {
        assert_eq!(
            answer.codes(),
            ["UNAUTHENTICATED"],
            "{heading}: {}",
            answer.body
        );
        answer = api.ask_as_operator(&recipe.query, variables).await;
    }
    assert_eq!(answer.status, 200, "{heading}: {}", answer.body);
    assert_eq!(answer.body.get("errors"), None, "{heading}");
    answer.data()
}

/// A copy of a value, with its blanks filled in.
fn fill_in(value: &Value, with: &mut impl FnMut(&str) -> Value) -> Value {
    match value {
        Value::String(text) => document::blank(text).map_or_else(|| value.clone(), with),
        Value::Array(items) => items.iter().map(|item| fill_in(item, with)).collect(),
        Value::Object(fields) => {
            let filled = fields
                .iter()
                .map(|(name, field)| (name.clone(), fill_in(field, with)));
            Value::Object(filled.collect())
        }
        _ => value.clone(),
    }
}

/// The fields of the operation that are null, and the lists at any depth that have no element wherever they occur.
fn hollow(data: &Value) -> Vec<String> {
    let mut has_any = BTreeMap::new();
    for (name, field) in data.as_object().unwrap() {
        if field.is_null() {
            has_any.insert(name.clone(), false);
        }
        look(field, name, &mut has_any);
    }
    let hollow = has_any.into_iter().filter(|(_, has_any)| !has_any);
    hollow.map(|(place, _)| place).collect()
}

fn look(value: &Value, place: &str, has_any: &mut BTreeMap<String, bool>) {
    match value {
        Value::Array(items) => {
            *has_any.entry(place.to_owned()).or_default() |= !items.is_empty();
            for item in items {
                look(item, place, has_any);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                look(field, &format!("{place}.{name}"), has_any);
            }
        }
        _ => {}
    }
}

/// Two hubs with records of every kind, and an index at the one that is asked.
async fn filled(drawing: Drawing) -> Federation {
    let hubs = Federation::build(drawing).await;
    hubs.import(ASKED).await;
    // Some samples refer to another hub's that are there, so the hubs take turns.
    for (hub, seed, innovations) in [(OTHER, 1, 100), (ASKED, 1, 100), (OTHER, 2, 40)] {
        let plan = Plan {
            innovations,
            related: 8,
            seed,
            until: Plan::UNTIL,
        };
        fill(hubs.hub(hub), plan).await.unwrap();
        hubs.sync_until_quiet().await;
    }
    hubs.issue(OTHER, vec![wrong_step()]).await;
    tell_more(&hubs, &fullest(&hubs).await).await;
    hubs.sync_until_quiet().await;
    let position = hubs.hub(ASKED).db.refresh().await.unwrap();
    eventually("the index is as the store", async || {
        let document = "{ searchInnovations(text: \"\", first: 1) { asOf { position } } }";
        let body = hubs.api(ASKED).ask(document, json!({})).await.body;
        let reached = body["data"]["searchInnovations"]["asOf"]["position"].as_u64()?;
        (reached >= position).then_some(())
    })
    .await;
    hubs
}

/// Coaching that took place though it was cancelled, which no form takes.
fn wrong_step() -> EntryDraft {
    let steps =
        json!([{"state": "CANCELLED", "on": "2025-01-01"}, {"state": "DONE", "on": "2025-01-02"}]);
    let body = json!({"title": "Klinik", "kind": "CLINIC", "phases": ["CREATION"], "startsAt": "2025-01-01T00:00:00Z",
        "mode": "ONLINE", "steps": steps});
    let at = datetime!(2026-02-03 04:05:06 UTC);
    put(record(1), 1, Kind::COACHING, &body, at)
}

/// Says of an innovation what samples do not say of each.
async fn tell_more(hubs: &Federation, id: &str) {
    let step = json!({"state": "SELF", "on": "2026-01-05"});
    let planned = json!({"state": "PLANNED", "on": "2026-01-01"});
    let told = [
        (
            ASKED,
            "addEvidence",
            json!({"subject": id, "kind": "SOP", "title": "SOP antrean", "audience": "PUBLIC"}),
        ),
        (
            ASKED,
            "addBudget",
            json!({"innovation": id, "year": 2025, "amount": 150_000_000, "audience": "PUBLIC"}),
        ),
        (
            ASKED,
            "addAward",
            json!({"innovation": id, "scheme": "KIPP", "tier": "Top 45", "year": 2021, "basis": "CLAIMED"}),
        ),
        (
            ASKED,
            "addAssessment",
            json!({"innovation": id, "instrument": "IGA_SID", "year": 2026, "total": "9.5", "step": step}),
        ),
        (
            ASKED,
            "addCoachingActivity",
            json!({"title": "Klinik replikasi", "kind": "CLINIC", "phases": ["DEVELOPMENT"],
            "startsAt": "2026-02-01T02:00:00Z", "mode": "HYBRID", "innovations": [id], "step": planned}),
        ),
        (
            ASKED,
            "openThread",
            json!({"kind": "QUESTION", "subject": id, "title": "Berapa server yang perlu?"}),
        ),
        (
            OTHER,
            "endorse",
            json!({"innovation": id, "statement": "Berjalan baik di tempat kami."}),
        ),
    ];
    for (hub, mutation, input) in told {
        items::id_of(hubs, hub, mutation, json!({ "input": input })).await;
    }
}

/// The sample of the asked hub of whose path and replications most is told.
async fn fullest(hubs: &Federation) -> String {
    let document = "{ innovations(first: 100, filter: { hubs: [\"hub-a\"], tags: [\"contoh\"] }) {
        nodes { id path { transition { id } } replications(first: 5) { id } } } }";
    let found = nodes(hubs, document, "innovations").await;
    let parts = |node: &Value| {
        let lists = ["path", "replications"].map(|list| node[list].as_array().unwrap().len());
        lists
            .map(|length| usize::from(length > 0))
            .iter()
            .sum::<usize>()
    };
    let best = found.iter().max_by_key(|node| parts(node)).unwrap();
    best["id"].as_str().unwrap().to_owned()
}

async fn nodes(hubs: &Federation, document: &str, list: &str) -> Vec<Value> {
    let mut data = hubs.api(ASKED).query(document, json!({})).await;
    let Value::Array(nodes) = data[list]["nodes"].take() else {
        panic!("{document}: nodes are a list");
    };
    nodes
}

/// What stands for each blank.
async fn blanks(hubs: &Federation) -> BTreeMap<&'static str, Value> {
    let innovation = fullest(hubs).await;
    let document = "{ replications(first: 100, filter: { states: [DONE] }) {
        nodes { hub { hubId } source { id hubId } adaptedInnovation { id } } } }";
    let replications = nodes(hubs, document, "replications").await;
    let source = |wanted: &dyn Fn(&Value) -> bool| {
        let found = replications.iter().find(|node| wanted(node));
        found.expect("samples have such a replication")["source"]["id"].clone()
    };
    let of_the_other =
        |node: &Value| node["hub"]["hubId"] == "hub-b" && node["source"]["hubId"] == "hub-a";
    let heads = "{ heads(first: 1) { pageInfo { endCursor } } }";
    let heads = hubs.api(ASKED).query(heads, json!({})).await;
    BTreeMap::from([
        ("innovation", json!(innovation)),
        ("own innovation", json!(innovation)),
        ("endorsed innovation", json!(innovation)),
        ("replicated innovation", source(&of_the_other)),
        (
            "adapted innovation",
            source(&|node: &Value| !node["adaptedInnovation"].is_null()),
        ),
        ("agency", json!(hubs.agency(ASKED).await)),
        ("hub", json!("hub-b")),
        ("cursor", heads["heads"]["pageInfo"]["endCursor"].clone()),
    ])
}
