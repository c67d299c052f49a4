//! A list reads of innovations what is asked for and no more; whatever is asked for, the answer is the same.

use serde_json::{Value, json};
use testkit::patience::eventually;
use testkit::{Drawing, Federation};

/// Everything of an innovation is read when its summary is asked for.
const WHOLE: &str = "summary";

/// The places where innovations are shown, with `FIELDS` for what is asked of each.
const PLACES: [&str; 5] = [
    "{ innovations(first: 3) { nodes { FIELDS } } }",
    "{ innovations(first: 3) { edges { cursor node { FIELDS } } } }",
    "{ searchInnovations(text: \"layanan\", first: 3) { nodes { FIELDS } } }",
    "{ searchInnovations(text: \"layanan\", first: 3) { edges { score snippets { field } node { FIELDS } } } }",
    "{ innovation(id: \"ID\") { FIELDS } }",
];

/// Every field of an innovation that needs no arguments, with what is asked of it.
async fn fields(hubs: &Federation) -> Vec<String> {
    let document = "{ __type(name: \"Innovation\") { fields { name type { ...T ofType { ...T ofType { ...T ofType { ...T } } } } } } }
        fragment T on __Type { kind }";
    let data = hubs.api("a").query(document, json!({})).await;
    let fields = data["__type"]["fields"].as_array().expect("it is a type");
    let asked = |field: &Value| {
        let name = field["name"].as_str().expect("a field has a name");
        let mut of = &field["type"];
        while of["ofType"].is_object() {
            of = &of["ofType"];
        }
        match of["kind"].as_str() {
            Some("OBJECT" | "UNION" | "INTERFACE") => format!("{name} {{ __typename }}"),
            _ => name.to_owned(),
        }
    };
    fields.iter().map(asked).collect()
}

#[tokio::test]
async fn each_field_says_the_same_whether_all_is_read_or_not() {
    let hubs = Federation::build(Drawing::drawn("a").searching("a")).await;
    hubs.import("a").await;
    eventually("the index is as the store", async || {
        let document = "{ searchInnovations(text: \"layanan\", first: 1) { totalCount } }";
        let body = hubs.api("a").ask(document, json!({})).await.body;
        let found = body["data"]["searchInnovations"]["totalCount"].as_u64()?;
        (found > 3).then_some(())
    })
    .await;
    let api = hubs.api("a");
    let fields = fields(&hubs).await;
    assert!(fields.len() > 50, "{fields:?}");
    let first = "{ innovations(first: 1) { nodes { id } } }";
    let first = api.query(first, json!({})).await;
    let id = first["innovations"]["nodes"][0]["id"]
        .as_str()
        .expect("there is one")
        .to_owned();
    for place in PLACES {
        let place = place.replace("ID\"", &format!("{id}\""));
        for field in &fields {
            let alone = api.query(&place.replace("FIELDS", field), json!({})).await;
            let asked = format!("{WHOLE} {field}");
            let mut beside = api.query(&place.replace("FIELDS", &asked), json!({})).await;
            if field != WHOLE {
                without(&mut beside, WHOLE);
            }
            assert_eq!(alone, beside, "{field} in {place}");
        }
    }
}

/// Takes a key out of all objects.
fn without(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => {
            map.remove(key);
            map.values_mut().for_each(|value| without(value, key));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| without(value, key)),
        _ => {}
    }
}
