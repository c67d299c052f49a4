//! Hubs together: each test draws who pulls whom and tells a story.

use domain::clock::Clock as _;
use domain::entry::Kind;
use domain::log::{Checkpoint, Hash, LogState};
use node::system::SystemClock;
use serde_json::json;
use storage::logs::watching::{self, Consequence};
use storage::peers;
use testkit::program::Program;
use testkit::records::{agency, hub_id, put, record};
use testkit::{Drawing, Federation};

const NONE: [&str; 0] = [];

//  a ── b ── c ── a
#[tokio::test]
async fn what_one_hub_publishes_all_hubs_show() {
    let hubs = Federation::of(["a", "b", "c"]).await;
    hubs.publish("a", "Antrean daring").await;
    hubs.publish("b", "Solar rice dryer").await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        assert_eq!(
            hubs.titles(hub).await,
            ["Antrean daring", "Solar rice dryer"]
        );
        assert_eq!(hubs.verify(hub).await, NONE);
        for of in ["a", "b", "c"] {
            assert_eq!(hubs.state(hub, of).await, LogState::Proved, "{of} at {hub}");
        }
    }
}

//  a ─▶ b ─▶ c
#[tokio::test]
async fn a_log_travels_over_two_hops_and_is_proved() {
    let hubs = Federation::drawn("a -> b -> c").await;
    let id = hubs.publish("a", "SITARANG").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["SITARANG"]);
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
    assert_eq!(hubs.verify("c").await, NONE);

    let peers = peers::list(&hubs.hub("c").db).await.unwrap();
    assert_eq!(peers.len(), 1, "c knows the address of b only");
    let receipt = hubs.api("c").query(RECEIPT, json!({ "id": id })).await;
    let receipt =
        serde_json::from_value::<domain::log::Receipt>(receipt["receipt"].clone()).unwrap();
    let key = hubs.hub("a").key.public();
    assert_eq!(receipt.public_key, key.to_string());
    let verified = receipt.verify(&key).unwrap();
    assert_eq!(verified.checkpoint.log(), &hubs.log("a").await);
    assert!(receipt.payload.unwrap().contains("SITARANG"));
}

const RECEIPT: &str =
    "query($id: ID!) { receipt(record: $id) { header payload index proof publicKey checkpoint } }";

//  a (offline)   b ── c
#[tokio::test]
async fn a_hub_that_was_offline_catches_up() {
    let hubs = Federation::of(["a", "b", "c"]).await;
    hubs.take_offline("a").await;
    hubs.publish("b", "Solar rice dryer").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["Solar rice dryer"]);
    let to_a = hubs.peer("b", "a").await.record;
    assert!(to_a.failures > 0 && to_a.last_error.is_some(), "{to_a:?}");
    assert_eq!(to_a.strikes, 0, "being away is no lie");

    hubs.bring_back("a").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("a").await, ["Solar rice dryer"]);
    let to_a = hubs.peer("b", "a").await.record;
    assert_eq!((to_a.failures, to_a.last_error), (0, None));
}

//  a ─▶ b ─▶ c
#[tokio::test]
async fn revisions_and_withdrawals_travel_and_take_old_bodies_away() {
    let hubs = Federation::drawn("a -> b -> c").await;
    let kept = hubs.publish("a", "Old title of one").await;
    let gone = hubs.publish("a", "Old title of two").await;
    hubs.sync_until_quiet().await;
    assert_eq!(
        hubs.titles("c").await,
        ["Old title of one", "Old title of two"]
    );

    assert_eq!(hubs.revise("a", &kept, 1, "New title").await, 2);
    hubs.withdraw("a", &gone, 1).await;
    hubs.sync_until_quiet().await;
    for hub in ["a", "b", "c"] {
        assert_eq!(hubs.titles(hub).await, ["New title"], "at {hub}");
        assert_eq!(bodies(&hubs, hub, "Old title").await, 0, "at {hub}");
        assert_eq!(bodies(&hubs, hub, "New title").await, 1, "at {hub}");
        assert_eq!(hubs.verify(hub).await, NONE);
    }
    let node = hubs
        .api("c")
        .query(
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": gone }),
        )
        .await;
    assert_eq!(node, json!({ "node": null }));
}

/// How many payloads of a's log hold a text, as a hub gives them by `entries` and by `payloads`, which must agree.
async fn bodies(hubs: &Federation, at: &str, text: &str) -> usize {
    let (log, size) = (hubs.log("a").await, hubs.size("a", "a").await);
    let indexes: Vec<u64> = (0..size).collect();
    let variables = json!({"hub": log.hub, "epoch": log.epoch, "indexes": indexes});
    let data = hubs.api(at).query(BODIES, variables).await;
    let count = |list: &serde_json::Value| {
        let items = list.as_array().unwrap().iter();
        items
            .filter(|item| {
                item["payload"]
                    .as_str()
                    .is_some_and(|payload| payload.contains(text))
            })
            .count()
    };
    let paged = count(&data["entries"]["entries"]);
    assert_eq!(paged, count(&data["payloads"]));
    paged
}

const BODIES: &str = "query($hub: HubId!, $epoch: Long!, $indexes: [Long!]!) {
    entries(hub: $hub, epoch: $epoch, from: 0) { entries { payload } }
    payloads(hub: $hub, epoch: $epoch, indexes: $indexes) { payload } }";

//  a (PostgreSQL) ── b (SQLite) ── c (PostgreSQL) ── d (SQLite)
#[tokio::test]
async fn hubs_on_both_databases_show_the_same() {
    let drawing = Drawing::drawn("a -- b -- c -- d");
    let hubs = Federation::build(drawing.on_postgres("a").on_postgres("c")).await;
    let id = hubs.publish("a", "Ärztin \u{1F3E5} 'quoted' \\ back").await;
    hubs.publish("b", "Bank Sampah").await;
    hubs.publish("d", "Dapur Sehat").await;
    hubs.sync_until_quiet().await;
    hubs.revise("a", &id, 1, "Ärztin \u{1F3E5} 2").await;
    hubs.sync_until_quiet().await;

    let first = testkit::dump::Dump::read(hubs.site("a").location()).await;
    assert_eq!(first.table("innovation").len(), 3);
    let token = "{ hub { node { headsToken } } }";
    let token_of_a = hubs.api("a").query(token, json!({})).await;
    for hub in ["b", "c", "d"] {
        let dump = testkit::dump::Dump::read(hubs.site(hub).location()).await;
        assert_eq!(dump, first, "{hub} against a");
        assert_eq!(hubs.api(hub).query(token, json!({})).await, token_of_a);
        assert_eq!(hubs.verify(hub).await, NONE);
        assert_eq!(hubs.titles(hub).await, hubs.titles("a").await);
    }
}

//  a ─▶ b ─▶ c, where c has not pinned a
#[tokio::test]
async fn a_strangers_log_is_listed_and_not_stored() {
    let hubs = Federation::build(Drawing::drawn("a -> b -> c").stranger("c", "a")).await;
    hubs.publish("a", "Unknown").await;
    hubs.publish("b", "Known").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["Known"]);
    assert_eq!(hubs.size("c", "a").await, 0);
    let strangers = peers::list_strangers(&hubs.hub("c").db).await.unwrap();
    let told: Vec<_> = strangers
        .iter()
        .map(|log| (log.hub.as_str(), log.peer.as_str(), log.size))
        .collect();
    assert_eq!(told, [("hub-a", "hub-b", 3)]);
    assert_eq!(
        hubs.peer("c", "b").await.record.strikes,
        0,
        "to relay a stranger is no lie"
    );

    hubs.pin("c", "a").await;
    hubs.publish("b", "Something new").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
    assert_eq!(peers::list_strangers(&hubs.hub("c").db).await.unwrap(), []);
}

//  a ─▶ b ─▶ c, where c has not pinned a until nothing changes any more
#[tokio::test]
async fn a_stranger_that_is_pinned_is_pulled_without_waiting_for_a_change() {
    let hubs = Federation::build(Drawing::drawn("a -> b -> c").stranger("c", "a")).await;
    hubs.publish("a", "Unknown").await;
    hubs.sync_until_quiet().await;
    hubs.pin("c", "a").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["Unknown"]);
}

//  a (another network) ─▶ b
#[tokio::test]
async fn a_peer_of_another_network_is_set_aside() {
    let hubs = Federation::build(Drawing::drawn("a -> b").of_network("a", "another-net")).await;
    hubs.publish("a", "Foreign").await;
    let result = hubs.round("b", "a").await;
    assert!(result.parked.unwrap().contains("NETWORK_MISMATCH"));
    let record = hubs.peer("b", "a").await.record;
    assert!(record.parked.unwrap().contains("another-net"));
    assert_eq!((record.entries, record.strikes), (0, 0));
    assert_eq!(hubs.titles("b").await, NONE);
}

//  none, one, page − 1, page, page + 1 ─▶ p
#[tokio::test]
async fn logs_around_the_edges_of_a_page_are_pulled_whole() {
    const SIZES: [(&str, u64); 5] = [
        ("none", 0),
        ("one", 1),
        ("less", 999),
        ("page", 1000),
        ("more", 1001),
    ];
    let mut drawing = Drawing::drawn("none -> p, one -> p, less -> p, page -> p, more -> p");
    for (name, _) in SIZES {
        drawing = drawing.silent(name);
    }
    let hubs = Federation::build(drawing).await;
    for (name, size) in SIZES {
        let drafts = (0..size).map(|number| {
            let body = agency(&format!("Dinas {number}"), None);
            put(
                record(number.into()),
                1,
                Kind::AGENCY,
                &body,
                time::OffsetDateTime::UNIX_EPOCH,
            )
        });
        if size > 0 {
            hubs.issue(name, drafts.collect()).await;
        }
    }
    for (name, size) in SIZES {
        let result = hubs.round("p", name).await;
        assert_eq!(
            (result.entries, result.strikes, result.error),
            (size, 0, None),
            "{name}"
        );
        assert_eq!(hubs.size("p", name).await, size);
        let state = if size == 0 {
            LogState::Empty
        } else {
            LogState::Proved
        };
        assert_eq!(hubs.state("p", name).await, state, "{name}");
        let again = hubs.round("p", name).await;
        assert!(
            again.entries == 0 && again.bytes_received < 1024,
            "{name}: {again:?}"
        );
    }
    assert_eq!(hubs.verify("p").await, NONE);
}

//  a ─▶ b ─▶ c ◀─ a
#[tokio::test]
async fn two_rounds_at_once_store_every_entry_once() {
    let hubs = Federation::drawn("a -> b -> c, a -> c").await;
    hubs.publish("a", "Once").await;
    hubs.round("b", "a").await;
    let (one, two) = tokio::join!(hubs.round("c", "a"), hubs.round("c", "b"));
    let of_b = hubs.size("c", "b").await;
    assert_eq!(one.entries + two.entries, hubs.size("a", "a").await + of_b);
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["Once"]);
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
    assert_eq!(hubs.verify("c").await, NONE);
    assert_eq!(
        hubs.peer("c", "a").await.record.strikes + hubs.peer("c", "b").await.record.strikes,
        0
    );
}

//  a ─▶ b
#[tokio::test]
async fn an_idle_round_is_one_small_request() {
    let hubs = Federation::drawn("a -> b").await;
    hubs.publish("a", "Once").await;
    hubs.sync_until_quiet().await;
    let statements = hubs.hub("b").db.statements();
    let idle = hubs.round("b", "a").await;
    assert_eq!((idle.entries, idle.error.as_deref()), (0, None));
    assert!(idle.bytes_received < 1024, "{idle:?}");
    let statements = hubs.hub("b").db.statements() - statements;
    assert!(
        statements <= 12,
        "an idle round took {statements} statements"
    );
}

//  a ── b ─▶ c, where a's database is put back, and the second history is longer than what b holds of the first
#[tokio::test]
async fn a_longer_second_history_is_told_from_a_lying_relay() {
    let mut hubs = Federation::drawn("a -> b -> c").await;
    hubs.publish("a", "Kept").await;
    let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
    hubs.publish("a", "First history").await;
    hubs.sync_until_quiet().await;
    let shared = hubs.size("b", "a").await - 1;
    hubs.put_machine_back("a", &snapshot, &guard).await;
    for title in ["Second history", "and more", "of it"] {
        hubs.publish("a", title).await;
    }
    assert!(hubs.size("a", "a").await > hubs.size("b", "a").await);

    let result = hubs.round("b", "a").await;
    assert_eq!(
        (result.strikes, result.entries),
        (0, 0),
        "a is forked, no liar"
    );
    assert_eq!(hubs.state("b", "a").await, LogState::Forked);
    let evidence = watching::list_evidence(&hubs.hub("b").db, &hubs.log("a").await)
        .await
        .unwrap();
    assert_eq!(evidence[0].differs_at.map(i64::cast_unsigned), Some(shared));
    let trust = hubs.hub("b").trust().await.unwrap();
    let sizes =
        [&evidence[0].ours, &evidence[0].theirs].map(|text| trust.open(text).unwrap().size());
    assert_eq!(sizes, [shared + 1, shared + 3]);
    assert_eq!(hubs.titles("b").await, ["First history", "Kept"]);
    assert_eq!(hubs.verify("b").await, NONE);
    check_evidence(&hubs, shared).await;
    check_much_evidence(&hubs).await;
}

/// What is more than `simpul evidence` shows is counted, and there is an end to what is kept.
async fn check_much_evidence(hubs: &Federation) {
    let (log, root) = (hubs.log("a").await, Hash::of(b"another history"));
    for size in 1001..=1205 {
        let log = log.clone();
        let theirs = Checkpoint { log, size, root }.sign(&hubs.hub("a").key);
        let (b, now) = (&hubs.hub("b").db, SystemClock.now());
        watching::note_fork(b, &theirs, None, &hub_id("hub-c"), Consequence::Frozen, now)
            .await
            .unwrap();
    }
    let (program, settings) = (Program::new(), hubs.settings("b"));
    let arguments = ["--config", &settings, "evidence", "hub-a"];
    let told = program.run(&arguments).await.stdout;
    assert!(told.contains("200 kept, the first 100 shown"), "{told}");
}

/// What `simpul evidence` shows at b, of a and of nobody else.
async fn check_evidence(hubs: &Federation, shared: u64) {
    let (program, settings) = (Program::new(), hubs.settings("b"));
    let run = async |more: &[&str]| {
        let arguments = [&["--config", &settings, "evidence"], more].concat();
        program.run(&arguments).await
    };
    let shown = run(&["--json"]).await;
    assert_eq!(shown.code, Some(3), "{}", shown.stderr);
    let shown = shown.json();
    assert_eq!(
        shown["logs"][0]["histories"],
        json!({"kept": 1, "shown": 1})
    );
    let shown = &shown["evidence"][0];
    assert_eq!(
        (&shown["hub"], &shown["size"], &shown["ours"]["size"]),
        (&json!("hub-a"), &json!(shared + 3), &json!(shared + 1))
    );
    assert!(shown["peer"].as_str().unwrap().starts_with("hub-"));
    assert!(shown["foundAt"].as_i64().unwrap() > 0);
    assert_ne!(shown["ours"]["root"], shown["theirs"]["root"]);
    assert_eq!(shown["isFrozen"], true);
    for side in ["ours", "theirs"] {
        assert_eq!(shown[side]["isSigned"], true);
        let text = shown[side]["checkpoint"].as_str().unwrap();
        assert!(text.starts_with("simpul/jipp-test/hub-a/"), "{text}");
    }
    let told = run(&["hub-a"]).await;
    assert_eq!(told.code, Some(3));
    let place = format!("two histories from entry {shared} on");
    assert!(told.stdout.contains(&place), "{}", told.stdout);
    assert!(
        told.stdout
            .contains("pairs of checkpoints: 1 kept, all shown"),
        "{}",
        told.stdout
    );
    let none = run(&["hub-b"]).await;
    assert_eq!(none.code, Some(0));
    assert!(
        none.stdout.starts_with("no evidence is kept"),
        "{}",
        none.stdout
    );
    assert_eq!(run(&["hub-z"]).await.code, Some(1));
}
