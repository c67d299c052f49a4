//! Statistics through the public API: the charts count what the lists list, for each viewer, and say of when they are.

use domain::entry::Kind;
use domain::identity::RecordId;
use serde_json::{Value, json};
use testkit::Federation;
use testkit::patience::eventually;
use testkit::records::{innovation, put, record};
use time::macros::datetime;

/// Every chart.
const CHARTS: &str = "query($filter: StatisticsFilterInput) { statistics(filter: $filter) { asOf { position at behind { hubId missingEntries missingPayloads since } unreached { hubId lastSuccessAt } }
    innovations totals { innovations agencies replications { claimed done confirmed } endorsements awards coachingActivities threads needs }
    perHub { hubId hub { name } totals { innovations agencies awards } } perYear { year stage innovations }
    perRegion { provinces { regionCode region { name } innovations } regencies { regionCode innovations } }
    perSdg { sdg innovations } perAffair { affair innovations }
    stages { lifecycle { stage innovations } adoption { status innovations } moves { axis from to stays medianDays } }
    replicationFlows(first: 100) { fromCode from { name } toCode to { name } replications { claimed done confirmed } }
    mostReplicated(first: 20) { source { id innovation { title } } replications { claimed done confirmed } }
    needs { open unmatched perAffair { affair open innovations } perSdg { sdg open innovations } }
    awards { scheme year claimed confirmed } coaching { agenciesReached months { month activities planned agenciesReached } }
    stale { before innovations perHub { hubId innovations } }
    sync { inSync summary logs { hub lagEntries } peers { hub lastSuccessAt entries failures } } } }";

async fn statistics(hubs: &Federation, at: &str, filter: Value) -> Value {
    let data = hubs
        .api(at)
        .query(CHARTS, json!({ "filter": filter }))
        .await;
    data["statistics"].clone()
}

/// How many innovations the list has.
async fn listed(hubs: &Federation, filter: Value) -> Value {
    let document = "query($filter: InnovationFilterInput) { innovations(first: 1, filter: $filter) { totalCount } }";
    let data = hubs
        .api("a")
        .query(document, json!({ "filter": filter }))
        .await;
    data["innovations"]["totalCount"].clone()
}

#[tokio::test]
async fn charts_count_what_the_lists_list() {
    let hubs = Federation::of(["a"]).await;
    hubs.import("a").await;
    let all = statistics(&hubs, "a", json!(null)).await;
    assert_eq!(all["innovations"], listed(&hubs, json!(null)).await);
    let mut checked = 0;
    let mut check = async |row: &Value, filter: Value| {
        assert_eq!(
            row["innovations"],
            listed(&hubs, filter.clone()).await,
            "{filter}"
        );
        let only = statistics(&hubs, "a", filter.clone()).await;
        assert_eq!(only["innovations"], row["innovations"], "{filter}");
        checked += 1;
    };
    let rows = |rows: &Value| rows.as_array().unwrap().clone();
    for row in rows(&all["perRegion"]["provinces"]) {
        if !row["regionCode"].is_null() {
            check(&row, json!({"region": row["regionCode"]})).await;
        }
    }
    for row in rows(&all["perRegion"]["regencies"]).iter().take(10) {
        check(row, json!({"region": row["regionCode"]})).await;
    }
    for row in rows(&all["perAffair"]) {
        check(&row, json!({"affairs": [row["affair"]]})).await;
    }
    for row in rows(&all["perSdg"]) {
        check(&row, json!({"sdgs": [row["sdg"]]})).await;
    }
    for row in rows(&all["perYear"]) {
        if !row["year"].is_null() {
            let filter =
                json!({"yearFrom": row["year"], "yearTo": row["year"], "stages": [row["stage"]]});
            check(&row, filter).await;
        }
    }
    for row in rows(&all["stages"]["adoption"]) {
        check(&row, json!({"adoptions": [row["status"]]})).await;
    }
    assert!(checked > 60, "{checked} rows");
    assert_eq!(all["stale"]["innovations"], 0);
    assert_eq!(all["perHub"][0]["hub"]["name"], "Hub a a");
    assert_eq!(all["sync"]["inSync"], true);
}

#[tokio::test]
async fn what_nobody_confirmed_for_a_year_is_stale() {
    let hubs = Federation::drawn("a -- b").await;
    hubs.publish("a", "Baru").await;
    let agency = hubs.agency("a").await;
    let agency = RecordId::parse(agency.rsplit(':').next().unwrap()).unwrap();
    let old = |number: u128, at| {
        put(
            record(number),
            1,
            Kind::INNOVATION,
            &innovation("Lama", agency),
            at,
        )
    };
    let drafts = vec![
        old(7, datetime!(2021-01-01 00:00 UTC)),
        old(8, datetime!(2020-01-01 00:00 UTC)),
    ];
    hubs.issue("a", drafts).await;
    hubs.sync_until_quiet().await;
    let stale = async |expected: u64| {
        for hub in ["a", "b"] {
            let shown = eventually("the figures follow", async || {
                let stale = statistics(&hubs, hub, json!(null)).await["stale"].clone();
                (stale["innovations"] == expected).then_some(stale)
            });
            let per_hub = json!([{"hubId": "hub-a", "innovations": expected}]);
            assert_eq!(shown.await["perHub"], per_hub, "{hub}");
        }
    };
    stale(2).await;
    let confirm = "mutation($id: ID!) { confirmCurrent(innovation: $id) { id } }";
    let id = format!("Innovation:hub-a:{}", record(7));
    hubs.api("a").mutate(confirm, json!({ "id": id })).await;
    hubs.sync_until_quiet().await;
    stale(1).await;
}

#[tokio::test]
async fn what_two_hubs_say_is_counted_at_both_and_not_shown_to_all() {
    let hubs = Federation::drawn("a -- b").await;
    let source = hubs.publish("a", "Antrean").await;
    let adopter = hubs.agency("b").await;
    hubs.sync_until_quiet().await;
    let before = statistics(&hubs, "b", json!(null)).await;
    assert_eq!(before["totals"]["innovations"], 1);
    let document = "mutation($input: InterestInput!) { declareInterest(input: $input) { id } }";
    let input = json!({"source": source, "adopter": adopter, "scope": "FULL"});
    let told = hubs
        .api("b")
        .ask_as_operator(document, json!({ "input": input }))
        .await;
    assert_eq!(told.body["errors"], Value::Null, "{told:?}");
    let position = |of: &Value| of["asOf"]["position"].as_u64().unwrap();
    // Who asks while the figures are brought up to date gets those of before, with their commit.
    let public = eventually("the figures follow the write", async || {
        let now = statistics(&hubs, "b", json!(null)).await;
        (position(&now) > position(&before)).then_some(now)
    })
    .await;
    // It is for the network until it is agreed.
    assert_eq!(public["totals"]["replications"]["claimed"], 0);
    let data = hubs.api("b").mutate(CHARTS, json!({})).await;
    let own = &data["statistics"];
    assert_eq!(own["totals"]["replications"]["claimed"], 1);
    assert_eq!(
        own["mostReplicated"][0]["source"]["innovation"]["title"],
        "Antrean"
    );
    assert_eq!(own["replicationFlows"][0]["replications"]["claimed"], 1);
    assert!(position(own) >= position(&public));
    let of_a = json!({"hubs": ["hub-a"]});
    assert_eq!(
        statistics(&hubs, "b", of_a).await["totals"]["innovations"],
        1
    );
    let of_b = json!({"hubs": ["hub-b"]});
    assert_eq!(
        statistics(&hubs, "b", of_b).await["totals"]["innovations"],
        0
    );
}

#[tokio::test]
async fn figures_say_who_could_not_be_reached() {
    let hubs = Federation::drawn("a -- b").await;
    hubs.publish("a", "Antrean").await;
    hubs.sync_until_quiet().await;
    let before = statistics(&hubs, "b", json!(null)).await;
    assert_eq!(before["asOf"]["unreached"], json!([]));
    hubs.take_offline("a").await;
    hubs.round("b", "a").await;
    // What was read of peers may be told for a second.
    let mut after = statistics(&hubs, "b", json!(null)).await;
    while after["asOf"]["unreached"] == json!([]) {
        tokio::task::yield_now().await;
        after = statistics(&hubs, "b", json!(null)).await;
    }
    assert_eq!(after["asOf"]["unreached"][0]["hubId"], "hub-a");
    hubs.bring_back("a").await;
}

#[tokio::test]
async fn filters_out_of_bounds_are_refused() {
    let hubs = Federation::of(["a"]).await;
    let refused = async |filter: Value| {
        let answer = hubs.api("a").ask(CHARTS, json!({ "filter": filter })).await;
        answer.body["errors"][0]["extensions"]["code"].clone()
    };
    for filter in [
        json!({"sdgs": [18]}),
        json!({"agency": "hub:hub-a"}),
        json!({"hubs": vec!["hub-a"; 101]}),
    ] {
        assert_eq!(refused(filter.clone()).await, "BAD_USER_INPUT", "{filter}");
    }
    let unknown = json!({"hubs": ["hub-z"]});
    assert_eq!(statistics(&hubs, "a", unknown).await["innovations"], 0);
}

#[tokio::test]
async fn every_count_says_of_when_it_is_and_who_is_behind() {
    let hubs = Federation::of(["a", "b"]).await;
    hubs.publish("b", "Satu").await;
    hubs.publish("b", "Dua").await;
    hubs.sync_until_quiet().await;
    // Asked last, and yet of when the counts were not yet read.
    let document = "{ innovations(first: 1) { totalCount nodes { replicationCounts { claimed } } }
        asOf { position at behind { hubId missingEntries } unreached { hubId } } }";
    let position = hubs.hub("a").db.newest_position().await.unwrap();
    let told = hubs.api("a").query(document, json!({})).await;
    assert_eq!(told["innovations"]["totalCount"], 2);
    assert_eq!(told["asOf"]["position"], position, "{told}");
    assert_eq!(told["asOf"]["behind"], json!([]), "{told}");

    hubs.publish("b", "Tiga").await;
    hubs.take_offline("b").await;
    hubs.round("a", "b").await;
    eventually("it is told that b cannot be reached", async || {
        let told = hubs.api("a").query(document, json!({})).await;
        assert_eq!(told["innovations"]["totalCount"], 2);
        let unreached = &told["asOf"]["unreached"];
        (unreached[0]["hubId"] == "hub-b").then_some(())
    })
    .await;
}
