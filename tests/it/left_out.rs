//! What only a third hub held when a hub that was put back began its next log: it is kept there, and comes back.

use serde_json::{Value, json};
use storage::logs::left_out;
use testkit::api::Answer;
use testkit::program::Program;
use testkit::relay::{Lie, LyingRelay};
use testkit::{Drawing, Federation};

const ENTRIES: &str = "query($number: Long!, $from: Long!) { leftOutEntries(number: $number, from: $from) { entries { header payload } } }";
const LEFT_OUT: &str =
    "query($hub: HubId!) { hub { node { leftOut(hub: $hub) { number from before checkpoint } } } }";
const TITLES: [&str; 3] = ["Kept", "Only at c", "Written after"];

/// a was put back to before what only c held, and began its next log with b; c has heard of it. a pulls b alone.
async fn after_the_next_log(postgres: &str) -> Federation {
    let drawing = Drawing::drawn("a -- b, a -> c").on_postgres(postgres);
    let mut hubs = Federation::build(drawing).await;
    hubs.publish("a", "Kept").await;
    hubs.sync_until_quiet().await;
    let snapshot = hubs.snapshot("a").await;
    hubs.publish("a", "Only at c").await;
    hubs.round("c", "a").await;
    hubs.put_back("a", &snapshot).await;
    hubs.sync_until_quiet().await;
    hubs.publish("a", "Written after").await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        assert_eq!(
            hubs.titles(hub).await,
            ["Kept", "Written after"],
            "at {hub}"
        );
    }
    hubs
}

async fn a_pulls_c(hubs: &Federation) {
    let url = hubs.api("c").url().to_owned();
    hubs.add_peer("a", "c", &url).await;
    hubs.sync_until_quiet().await;
}

/// Asks c as a hub.
async fn ask_as(hubs: &Federation, from: &str, document: &str, variables: Value) -> Answer {
    let token = hubs.token(from, "c");
    let body = json!({ "query": document, "variables": variables });
    hubs.api("c").send(Some(&token), &body).await
}

#[tokio::test]
async fn what_only_a_third_hub_held_comes_back_when_it_is_pulled() {
    for postgres in ["b", "c"] {
        let hubs = after_the_next_log(postgres).await;
        let settings = hubs.settings("c");
        let told = Program::new()
            .run(&["--config", &settings, "evidence", "hub-a"])
            .await;
        let counted = "entries that the next log leaves out: 1 kept for their hub";
        assert!(told.stdout.contains(counted), "{}", told.stdout);
        a_pulls_c(&hubs).await;
        for hub in ["a", "b", "c"] {
            assert_eq!(hubs.titles(hub).await, TITLES, "at {hub}");
            assert_eq!(hubs.verify(hub).await, [""; 0], "at {hub}");
            hubs.same_after_rebuild(hub).await;
        }
        // It is known by now, so an idle round is one question again.
        let round = hubs.round("a", "c").await;
        assert_eq!((round.entries, round.error), (0, None));
        let kept = left_out::list(&hubs.hub("c").db, hubs.hub("a").db.hub()).await;
        assert_eq!(kept.unwrap().len(), 1, "a may be put back once more");
    }
}

/// Nothing can be proved behind the end that a peer signs for, so nothing is asked for, and a true word is heard afterwards.
#[tokio::test]
async fn a_stretch_that_is_stated_to_begin_at_its_end_or_behind_it_is_not_asked_for() {
    let hubs = after_the_next_log("b").await;
    let stated = hubs.api("c").query(LEFT_OUT, json!({"hub": "hub-a"})).await;
    let kept = &stated["hub"]["node"]["leftOut"][0];
    let end = kept["from"].as_u64().unwrap() + 1;
    let size = kept["checkpoint"].as_str().unwrap().lines().nth(1);
    assert_eq!(size, Some(end.to_string().as_str()), "one entry was kept");
    let relay = LyingRelay::before(hubs.api("c").url(), hubs.log("a").await).await;
    hubs.add_peer("a", "c", relay.url()).await;
    for place in [end, end + 1, u64::MAX >> 1] {
        relay.tell(Lie::StretchFrom(place));
        let result = hubs.round("a", "c").await;
        assert_eq!((result.strikes, result.error), (0, None), "at {place}");
        assert_eq!(hubs.titles("a").await, ["Kept", "Written after"]);
    }
    relay.tell(Lie::StretchFrom(0));
    let error = hubs.round("a", "c").await.error;
    assert!(error.is_some(), "what does begin before its end is");
    a_pulls_c(&hubs).await;
    assert_eq!(hubs.titles("a").await, TITLES);
}

#[tokio::test]
async fn it_is_given_to_nobody_else() {
    let hubs = after_the_next_log("c").await;
    let stated = hubs.api("c").query(LEFT_OUT, json!({"hub": "hub-a"})).await;
    let kept = &stated["hub"]["node"]["leftOut"][0];
    let wanted = json!({"number": kept["number"], "from": kept["from"]});
    let anyone = hubs.api("c").ask(ENTRIES, wanted.clone()).await;
    assert_eq!(anyone.data()["leftOutEntries"], Value::Null);
    let operator = hubs.api("c").ask_as_operator(ENTRIES, wanted.clone()).await;
    assert_eq!(operator.data()["leftOutEntries"], Value::Null);
    let other = ask_as(&hubs, "b", ENTRIES, wanted.clone()).await;
    assert_eq!(other.data()["leftOutEntries"], Value::Null);
    let origin = ask_as(&hubs, "a", ENTRIES, wanted).await.data();
    let payload = &origin["leftOutEntries"]["entries"][0]["payload"];
    assert!(payload.as_str().unwrap().contains("Only at c"), "{origin}");
    let none = hubs.api("c").query(LEFT_OUT, json!({"hub": "hub-b"})).await;
    assert_eq!(none["hub"]["node"]["leftOut"], json!([]));
}
