//! How many statements a page of innovations takes with all that belongs to them.

use node::hub::Hub;
use serde_json::json;
use testkit::Federation;

use super::id_of;

const PAGE: &str = "{ innovations(first: $first) { nodes { title replicationCounts { claimed confirmed } endorsementCount awardCount isStale
    awards { scheme } threads { title posts { body } } path { flaws } evidence { title subjectId } coachingActivities { title }
    replications { progress { state answer { state } } source { innovation { title } } adopter { agency { name } } } } }
    needs(first: $first) { nodes { statement agency { agency { name } } chosen { innovation { title } } } } }";

#[tokio::test]
async fn a_page_with_all_that_belongs_to_it_costs_the_same_however_long_it_is() {
    let hubs = Federation::of(["a"]).await;
    let agency = hubs.agency("a").await;
    for number in 0..25 {
        let innovation = hubs.publish("a", &format!("Judul {number}")).await;
        let award = json!({"innovation": innovation, "scheme": "KIPP", "tier": "Top 45", "year": 2021, "basis": "CLAIMED"});
        id_of(&hubs, "a", "addAward", json!({ "input": award })).await;
        let thread = json!({"kind": "QUESTION", "subject": innovation, "title": "Berapa server?"});
        let thread = id_of(&hubs, "a", "openThread", json!({ "input": thread })).await;
        let post = json!({"thread": thread, "body": "Satu.", "byOffice": "Dinas"});
        id_of(&hubs, "a", "writePost", json!({ "input": post })).await;
        let evidence = json!({"subject": innovation, "kind": "SOP", "title": "SOP antrean", "audience": "PUBLIC"});
        id_of(&hubs, "a", "addEvidence", json!({ "input": evidence })).await;
        let need = json!({"agency": agency, "statement": "Perlu antrean."});
        id_of(&hubs, "a", "addNeed", json!({ "input": need })).await;
    }
    let config = node::config::Config::clone(&hubs.hub("a").config);
    let mut costs = Vec::new();
    for first in [3, 12, 24] {
        // A hub that was opened just now has nothing in memory.
        let hub = Hub::open(config.clone()).await.unwrap();
        let schema = graphql::serve(hub.context(), &graphql::guard::Limits::default());
        let document = PAGE.replace("$first", &first.to_string());
        // Which hubs there are is read once, by whichever list comes first, or by two that come at once.
        let names = schema
            .execute("{ innovations(first: 1) { nodes { id } } }")
            .await;
        assert!(names.errors.is_empty(), "{:?}", names.errors);
        let mut cost = Vec::new();
        for _ in ["cold", "warm"] {
            let before = hub.db.statements();
            let answer = schema.execute(document.as_str()).await;
            assert!(answer.errors.is_empty(), "{:?}", answer.errors);
            let data = serde_json::to_value(&answer.data).unwrap();
            let nodes = data["innovations"]["nodes"].as_array().unwrap();
            assert!(
                nodes
                    .iter()
                    .all(|node| node["threads"][0]["posts"][0]["body"] == "Satu."),
                "{data}"
            );
            assert_eq!(nodes.len(), first);
            cost.push(hub.db.statements() - before);
        }
        costs.push(cost);
        hub.db.close().await.unwrap();
    }
    assert_eq!(
        costs[0], costs[1],
        "statements of 3 and of 12, cold and warm"
    );
    assert_eq!(
        costs[0], costs[2],
        "statements of 3 and of 24, cold and warm"
    );
}
