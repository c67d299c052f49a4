//! What the settings of `[graphql]` close and bound, through the program itself.

use std::fs;

use serde_json::{Value, json};
use testkit::api::{Answer, Api, client};
use testkit::program::{Program, Serving};

const TRUSTED: &str = "query Name { hub { name } }";

/// A hub with these settings beside its own.
async fn hub(settings: &str) -> Program {
    let program = Program::new();
    program.init("id-13").await;
    let file = program.folder().join("simpul.toml");
    let own = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{own}\n{settings}")).unwrap();
    program
}

fn api(program: &Program, serving: &Serving) -> Api {
    let token = fs::read_to_string(program.folder().join("operator.token")).unwrap();
    Api::new(client(), &serving.url, token.trim())
}

#[tokio::test]
async fn a_request_is_told_what_it_costs_if_it_asks() {
    let program = hub("").await;
    let serving = program.serve().await;
    let api = api(&program, &serving);
    let query = |first: u32| {
        let query = "query($first: Int) { innovations(first: $first) { nodes { title } } }";
        json!({"query": query, "variables": {"first": first}})
    };
    let asking = |mut body: Value| {
        body["extensions"] = json!({"cost": true});
        body
    };
    let silent = api.send(None, &query(50)).await;
    assert_eq!(silent.body.get("extensions"), None);
    let few = api.send(None, &asking(query(10))).await;
    let many = api.send(None, &asking(query(50))).await;
    let cost = |answer: &Answer| answer.body["extensions"]["cost"].clone();
    assert_eq!(many.body["data"], silent.body["data"]);
    let complexity = |answer: &Answer| cost(answer)["complexity"].as_u64().unwrap();
    assert!(
        complexity(&many) >= complexity(&few) + 40,
        "{} {}",
        few.body,
        many.body
    );
    let shown = include_str!("../../docs/api.md");
    assert!(
        shown.contains(&shown_cost(&cost(&many))),
        "docs/api.md should have {}",
        many.body
    );

    let fields =
        "id title summary background novelty impact resources year stage kind website nri unitName";
    let dear = (0..20).map(|n| format!("p{n}: innovations(first: 100) {{ nodes {{ {fields} }} }}"));
    let dear = json!({"query": format!("{{ {} }}", dear.collect::<String>())});
    let told = api.send(None, &asking(dear.clone())).await;
    assert_eq!(told.codes(), ["DOCUMENT_TOO_COMPLEX"]);
    let cost = &told.body["errors"][0]["extensions"]["cost"];
    assert!(
        cost["complexity"].as_u64() > cost["complexityLimit"].as_u64(),
        "{}",
        told.body
    );
    let untold = api.send(None, &dear).await;
    assert_eq!(untold.messages(), told.messages());
    assert_eq!(untold.body["errors"][0]["extensions"].get("cost"), None);
}

/// A cost as the page on the API shows it.
fn shown_cost(cost: &Value) -> String {
    let number = |name: &str| cost[name].to_string();
    format!(
        "{{\"complexity\": {}, \"complexityLimit\": {}, \"depth\": {}, \"depthLimit\": {}}}",
        number("complexity"),
        number("complexityLimit"),
        number("depth"),
        number("depthLimit")
    )
}

#[tokio::test]
async fn what_is_closed_is_open_to_operators() {
    let settings = "[graphql]\nintrospection = \"operator\"\ngraphiql = \"operator\"\nsuggestions = \"nobody\"\n\
        any_document = \"operator\"\ntrusted_documents = [\"documents.json\"]\n[graphql.limits]\naliases = 2\n";
    let program = hub(settings).await;
    let manifest = json!({ "Name": TRUSTED }).to_string();
    fs::write(program.folder().join("documents.json"), manifest).unwrap();
    let serving = program.serve().await;
    let api = api(&program, &serving);

    let trusted = api.send(None, &json!({"documentId": "Name"})).await;
    assert!(
        trusted.body["data"]["hub"]["name"].is_string(),
        "{}",
        trusted.body
    );
    let pulled = sync::documents::INTRODUCTION;
    assert_eq!(
        api.ask(pulled, json!({})).await.codes(),
        [""; 0],
        "hubs pull"
    );
    let other = "{ hub { id } }";
    assert_eq!(
        api.ask(other, json!({})).await.codes(),
        ["DOCUMENT_NOT_TRUSTED"]
    );
    assert_eq!(api.ask_as_operator(other, json!({})).await.codes(), [""; 0]);
    let schema = "{ __schema { description } }";
    assert_eq!(
        api.ask_as_operator(schema, json!({})).await.codes(),
        [""; 0]
    );
    let wrong = api.ask_as_operator("{ hubb { id } }", json!({})).await;
    assert!(
        !wrong.messages()[0].contains("Did you mean"),
        "{}",
        wrong.body
    );
    let aliases = "{ a: hub { id } b: hub { id } c: hub { id } }";
    let refused = api.ask_as_operator(aliases, json!({})).await;
    assert_eq!(refused.codes(), ["DOCUMENT_TOO_COMPLEX"]);

    let token = fs::read_to_string(program.folder().join("operator.token")).unwrap();
    let page = format!("{}/graphiql/", serving.url);
    let anybody = api.http().get(&page).send().await.unwrap();
    assert_eq!(anybody.status(), 403);
    let operator = api
        .http()
        .get(&page)
        .bearer_auth(token.trim())
        .send()
        .await
        .unwrap();
    assert_eq!(operator.status(), 200);
}

#[tokio::test]
async fn a_hub_does_not_start_with_documents_that_it_could_not_execute() {
    let program = hub("[graphql]\ntrusted_documents = [\"documents.json\"]\n").await;
    let file = program.folder().join("documents.json");
    for (manifest, told) in [
        (None, "documents.json of graphql.trusted_documents"),
        (Some("[]"), "it is neither"),
        (
            Some("{\"Old\": \"{ nothing }\"}"),
            "the trusted document Old is refused: Cannot query field",
        ),
    ] {
        if let Some(manifest) = manifest {
            fs::write(&file, manifest).unwrap();
        }
        let ran = program.run(&["serve", "--listen", "127.0.0.1:0"]).await;
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
}
