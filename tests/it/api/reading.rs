//! Lists, nodes, entities, and what they cost.

use node::hub::Hub;
use serde_json::{Value, json};
use testkit::{Drawing, Federation};

use super::{RECORDS, real_hub};

#[tokio::test]
async fn the_real_records_are_found_by_region_words_and_agency() {
    let hubs = real_hub().await;
    let count = async |filter: Value| {
        let document = "query($filter: InnovationFilterInput) { innovations(first: 100, filter: $filter) { totalCount nodes { id } } }";
        let data = hubs
            .api("a")
            .query(document, json!({ "filter": filter }))
            .await;
        let total = data["innovations"]["totalCount"].as_u64().unwrap();
        let shown = data["innovations"]["nodes"].as_array().unwrap().len() as u64;
        assert_eq!(shown, total.min(100), "{filter}");
        total
    };
    assert_eq!(count(json!(null)).await, RECORDS);
    // As `data/innovations.jsonl` has them by province_code.
    for (region, expected) in [("35", 75), ("13", 15), ("75", 1), ("12", 0)] {
        assert_eq!(
            count(json!({ "region": region })).await,
            expected,
            "{region}"
        );
    }
    assert_eq!(count(json!({"titleWords": "sitarang"})).await, 1);
    assert_eq!(count(json!({"hubs": ["hub-a"]})).await, RECORDS);

    let document = r#"{ innovations(filter: {titleWords: "sitarang"}) { nodes { title unitName publishedAt region { name } agency { id name } hub { hubId name } } } }"#;
    let data = hubs.api("a").query(document, json!({})).await;
    let found = &data["innovations"]["nodes"][0];
    assert_eq!(found["agency"]["name"], "Pemerintah Kota Payakumbuh");
    assert_eq!(found["region"]["name"], "Kota Payakumbuh");
    assert_eq!(found["hub"], json!({"hubId": "hub-a", "name": "Hub a a"}));
    assert!(count(json!({"agency": found["agency"]["id"]})).await >= 1);
}

#[tokio::test]
async fn a_list_is_read_from_both_ends() {
    let hubs = real_hub().await;
    let page =
        async |arguments: Value| hubs.api("a").query(PAGE, arguments).await["innovations"].clone();
    for order in ["PUBLISHED_DESC", "TITLE_ASC", "UPDATED_ASC"] {
        let mut forward = Vec::new();
        let mut arguments = json!({"order": order, "first": 100});
        loop {
            let read = page(arguments.clone()).await;
            forward.extend(ids(&read));
            let info = &read["pageInfo"];
            assert_eq!(info["hasPreviousPage"], arguments.get("after").is_some());
            if info["hasNextPage"] == false {
                break;
            }
            arguments["after"] = info["endCursor"].clone();
        }
        let mut backward = Vec::new();
        let mut arguments = json!({"order": order, "last": 100});
        loop {
            let read = page(arguments.clone()).await;
            backward.splice(0..0, ids(&read));
            let info = &read["pageInfo"];
            assert_eq!(info["hasNextPage"], arguments.get("before").is_some());
            if info["hasPreviousPage"] == false {
                break;
            }
            arguments["before"] = info["startCursor"].clone();
        }
        assert_eq!(forward.len() as u64, RECORDS, "{order}");
        assert_eq!(backward, forward, "{order}");
        let unique: std::collections::BTreeSet<_> = forward.iter().collect();
        assert_eq!(unique.len() as u64, RECORDS, "{order}");
    }
}

const PAGE: &str = "query($order: InnovationOrder, $first: Int, $after: String, $last: Int, $before: String) {
    innovations(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

fn ids(page: &Value) -> Vec<String> {
    let edges = page["edges"].as_array().expect("edges are a list");
    edges
        .iter()
        .map(|edge| edge["node"]["id"].to_string())
        .collect()
}

#[tokio::test]
async fn an_argument_that_a_variable_leaves_out_has_its_default() {
    let hubs = Federation::of(["a"]).await;
    hubs.publish("a", "First").await;
    let document = "query($order: InnovationOrder, $first: Int) {
        innovations(orderBy: $order) { nodes { title } } heads(first: $first) { nodes { size } } }";
    let data = hubs.api("a").query(document, json!({})).await;
    assert_eq!(data["innovations"]["nodes"], json!([{"title": "First"}]));
    assert_eq!(data["heads"]["nodes"], json!([{"size": 3}]));
}

#[tokio::test]
async fn pages_of_every_size_end_where_they_should() {
    let hubs = Federation::of(["a"]).await;
    for number in 0..5 {
        hubs.publish("a", &format!("Title {number}")).await;
    }
    for (first, shown, has_next) in [
        (0, 0, true),
        (1, 1, true),
        (4, 4, true),
        (5, 5, false),
        (6, 5, false),
    ] {
        let read = hubs
            .api("a")
            .query(PAGE, json!({ "order": "TITLE_ASC", "first": first }))
            .await;
        let read = &read["innovations"];
        assert_eq!(
            (ids(read).len(), &read["pageInfo"]["hasNextPage"]),
            (shown, &json!(has_next)),
            "first {first}"
        );
        let read = hubs
            .api("a")
            .query(PAGE, json!({ "order": "TITLE_ASC", "last": first }))
            .await;
        let read = &read["innovations"];
        assert_eq!(
            (ids(read).len(), &read["pageInfo"]["hasPreviousPage"]),
            (shown, &json!(has_next)),
            "last {first}"
        );
    }
    let data = hubs
        .api("a")
        .query(
            "{ agencies { totalCount nodes { name } } hubs { totalCount nodes { hubId } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        data["agencies"],
        json!({"totalCount": 1, "nodes": [{"name": "Dinas a a"}]})
    );
    assert_eq!(
        data["hubs"],
        json!({"totalCount": 1, "nodes": [{"hubId": "hub-a"}]})
    );
}

#[tokio::test]
async fn a_page_costs_the_same_however_long_it_is() {
    let hubs = real_hub().await;
    publish_with_parents(&hubs).await;
    let config = node::config::Config::clone(&hubs.hub("a").config);
    let mut costs = Vec::new();
    for first in [5, 20, 100] {
        // A hub that was opened just now has nothing in memory.
        let hub = Hub::open(config.clone()).await.unwrap();
        let schema = graphql::serve(hub.context(), &graphql::guard::Limits::default());
        let document = RELATIONS.replace("$first", &first.to_string());
        let mut cost = Vec::new();
        for _ in ["cold", "warm"] {
            let before = hub.db.statements();
            let answer = schema.execute(document.as_str()).await;
            assert!(answer.errors.is_empty(), "{:?}", answer.errors);
            let answer = serde_json::to_value(&answer.data).unwrap();
            assert_eq!(
                answer["innovations"]["nodes"].as_array().unwrap().len(),
                first
            );
            assert_eq!(
                answer["innovations"]["nodes"][0]["agency"]["parent"]["parent"]["name"],
                "Induk Utama"
            );
            cost.push(hub.db.statements() - before);
        }
        costs.push(cost);
        hub.db.close().await.unwrap();
    }
    assert_eq!(
        costs[0], costs[1],
        "statements of 5 and of 20, cold and warm"
    );
    // A list of more than thirty is resolved in parts, each of which asks once.
    let doubled = |cost: &u64| 2 * cost;
    assert!(
        costs[2]
            .iter()
            .zip(costs[0].iter().map(doubled))
            .all(|(more, few)| *more <= few),
        "{costs:?}"
    );
    assert!(costs[0].iter().all(|cost| *cost <= 12), "{costs:?}");
}

const RELATIONS: &str = "{ innovations(first: $first) { totalCount nodes { title region { name } hub { name region { name } }
    agency { name region { name } hub { name } parent { name hub { name } parent { name } } } } } }";

/// Three innovations of three agencies that are parts of another, which is a part of a third.
async fn publish_with_parents(hubs: &Federation) {
    let register = async |name: &str, parent: Value| {
        let document = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
        let input = json!({"name": name, "kind": "DEPARTMENT", "parent": parent});
        hubs.api("a")
            .mutate(document, json!({ "input": input }))
            .await["registerAgency"]["id"]
            .clone()
    };
    let top = register("Induk Utama", Value::Null).await;
    let middle = register("Induk", top).await;
    for number in 0..3 {
        let agency = register(&format!("Cabang {number}"), middle.clone()).await;
        let document = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
        let input = json!({"title": format!("Cabang {number}"), "agency": agency});
        hubs.api("a")
            .mutate(document, json!({ "input": input }))
            .await;
    }
}

#[tokio::test]
async fn anything_is_found_by_its_global_id_in_the_order_asked() {
    let hubs = Federation::of(["a", "b"]).await;
    let innovation = hubs.publish("a", "Found").await;
    let (agency, elsewhere) = (hubs.agency("a").await, hubs.publish("b", "Elsewhere").await);
    hubs.sync_until_quiet().await;
    let absent = innovation.replace(&innovation[innovation.len() - 4..], "0000");
    let ids = json!([
        "Region:13.76",
        absent,
        elsewhere,
        "Hub:hub-b",
        innovation,
        agency,
        "Hub:hub-z",
        innovation,
        "Region:99"
    ]);
    let document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Innovation { title } ... on Region { name } } }";
    let data = hubs.api("a").query(document, json!({ "ids": ids })).await;
    let expected = json!([
        {"__typename": "Region", "id": "Region:13.76", "name": "Kota Payakumbuh"},
        null,
        {"__typename": "Innovation", "id": elsewhere, "title": "Elsewhere"},
        {"__typename": "Hub", "id": "Hub:hub-b"},
        {"__typename": "Innovation", "id": innovation, "title": "Found"},
        {"__typename": "Agency", "id": agency},
        null,
        {"__typename": "Innovation", "id": innovation, "title": "Found"},
        null,
    ]);
    assert_eq!(data["nodes"], expected);
    let document = "query($id: ID!) { node(id: $id) { id } innovation(id: $id) { title } }";
    let data = hubs
        .api("a")
        .query(document, json!({ "id": innovation }))
        .await;
    assert_eq!(
        data,
        json!({"node": {"id": innovation}, "innovation": {"title": "Found"}})
    );
    let document = r#"{ hub { hubId node { store } } other: hub(id: "hub-b") { hubId node { store } } none: hub(id: "hub-z") { hubId } }"#;
    let data = hubs.api("a").query(document, json!({})).await;
    let store = hubs.hub("a").db.store().to_string();
    assert_eq!(
        data["hub"],
        json!({"hubId": "hub-a", "node": {"store": store}})
    );
    assert_eq!(
        (&data["other"], &data["none"]),
        (&json!({"hubId": "hub-b", "node": null}), &Value::Null)
    );
}

#[tokio::test]
async fn a_supergraph_resolves_entities_and_reads_the_schema() {
    let hubs = Federation::of(["a"]).await;
    let innovation = hubs.publish("a", "Found").await;
    let agency = hubs.agency("a").await;
    let of = |kind: &str, id: &str| json!({"__typename": kind, "id": id});
    let wanted = json!([
        of("Innovation", &innovation),
        of("Agency", &agency),
        of("Hub", "Hub:hub-a")
    ]);
    let document = "query($of: [_Any!]!) { _entities(representations: $of) {
        ... on Innovation { title } ... on Agency { name } ... on Hub { hubId } } _service { sdl } }";
    let data = hubs.api("a").query(document, json!({ "of": wanted })).await;
    assert_eq!(
        data["_entities"],
        json!([{"title": "Found"}, {"name": "Dinas a a"}, {"hubId": "hub-a"}])
    );
    let sdl = data["_service"]["sdl"].as_str().unwrap();
    for kind in ["Hub", "Agency", "Innovation"] {
        let keyed = sdl.lines().any(|line| {
            line.starts_with(&format!("type {kind} ")) && line.contains(r#"@key(fields: "id")"#)
        });
        assert!(keyed, "{kind} has no @key");
    }
}

#[tokio::test]
async fn payloads_come_in_the_order_of_the_indexes() {
    let hubs = Federation::of(["a"]).await;
    hubs.publish("a", "One").await;
    let log = hubs.log("a").await;
    let document = "query($hub: HubId!, $epoch: Long!, $indexes: [Long!]!) { payloads(hub: $hub, epoch: $epoch, indexes: $indexes) { index payload } }";
    let variables = json!({"hub": log.hub, "epoch": log.epoch, "indexes": [2, 0, 9, 2]});
    let data = hubs.api("a").query(document, variables).await;
    let given = data["payloads"].as_array().unwrap();
    let told: Vec<_> = given
        .iter()
        .map(|item| (item["index"].as_u64().unwrap(), item["payload"].is_string()))
        .collect();
    assert_eq!(told, [(2, true), (0, true), (9, false), (2, true)]);
    assert!(given[0]["payload"].as_str().unwrap().contains("One"));
}

#[tokio::test]
async fn postgres_takes_the_same_cursors_and_filters() {
    let hubs = Federation::build(Drawing::of(["a"]).on_postgres("a")).await;
    hubs.publish("a", "One").await;
    for variables in [
        json!({"order": "TITLE_ASC", "after": "1:t\u{0}"}),
        json!({"order": "PUBLISHED_ASC", "filter": {"tags": ["a\u{0}"]}}),
        json!({"order": "PUBLISHED_ASC", "filter": {"titleWords": "a\u{0}"}}),
        json!({"order": "PUBLISHED_ASC", "filter": {"titleWords": "\\ % _ '"}}),
    ] {
        let document =
            "query($order: InnovationOrder, $after: String, $filter: InnovationFilterInput) {
            innovations(orderBy: $order, after: $after, filter: $filter) { nodes { title } } }";
        let answer = hubs.api("a").ask(document, variables.clone()).await;
        assert!(
            !answer.codes().contains(&"INTERNAL_SERVER_ERROR"),
            "{variables}: {}",
            answer.body
        );
    }
}
