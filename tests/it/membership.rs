//! Who is a member, as the network's authority says in its log: its word travels like every record, and is obeyed.

use domain::catalog::{MemberStatus, Vocabulary as _};
use domain::identity::LogId;
use domain::log::{LogState, SigningKey};
use domain::trust::{MemberKeyDraft, Membership, MembershipDraft};
use serde_json::json;
use storage::{members, peers, trust};
use testkit::patience::eventually;
use testkit::program::Program;
use testkit::records::hub_id;
use testkit::relay::{Lie, LyingRelay, PAGE};
use testkit::{Drawing, Federation};

const NONE: [&str; 0] = [];
const HUBS: [&str; 4] = ["k", "a", "b", "c"];

/// Hubs that all pull k and know k's key only; k knows nobody's. All follow k.
//  a ── k ── b
//       k ── c
pub(super) async fn network() -> Federation {
    let mut drawing = Drawing::drawn("k -- a, k -- b, k -- c");
    for to in HUBS {
        for other in HUBS
            .into_iter()
            .filter(|other| *other != to && *other != "k")
        {
            drawing = drawing.stranger(to, other);
        }
    }
    let hubs = Federation::build(drawing).await;
    for hub in HUBS {
        let followed = trust::follow(&hubs.hub(hub).db, &hub_id("hub-k"), None).await;
        followed.unwrap();
    }
    hubs
}

/// Lets k say something of a member: all that stands, changed by `change`, or the first word.
pub(super) async fn say(
    hubs: &Federation,
    member: &str,
    change: impl FnOnce(&mut MembershipDraft),
) {
    let k = hubs.hub("k");
    let id = hub_id(&format!("hub-{member}"));
    let listed = members::list(&k.db, k.db.hub()).await.unwrap();
    let before = listed.iter().find(|listed| listed.membership.hub == id);
    let first = || MembershipDraft {
        hub: id.to_string(),
        name: format!("Hub {member}"),
        keys: vec![MemberKeyDraft {
            key: hubs.hub(member).key.public().to_string(),
            ..MemberKeyDraft::default()
        }],
        status: MemberStatus::Active.code().to_owned(),
        ..MembershipDraft::default()
    };
    let mut draft = before.map_or_else(first, |before| MembershipDraft::from(&before.membership));
    change(&mut draft);
    let membership = Membership::parse(&draft).unwrap();
    k.say_of_member(before, &membership).await.unwrap();
}

/// Makes a hub's next key, and lets k close the one before at the last good size of its log.
pub(super) async fn replace_stolen_key(
    hubs: &Federation,
    member: &str,
    log: &LogId,
    good: u64,
) -> SigningKey {
    let file = hubs.hub(member).next_key_file();
    let next = node::keys::create_key(&file, None, &node::system::SystemEntropy).unwrap();
    let fresh = next.public().to_string();
    say(hubs, member, |draft| {
        draft.keys[0].until = Some(good);
        draft.keys[0].until_epoch = Some(log.epoch.get());
        draft.keys.push(MemberKeyDraft {
            key: fresh,
            ..MemberKeyDraft::default()
        });
    })
    .await;
    next
}

pub(super) async fn admit(hubs: &Federation, member: &str) {
    say(hubs, member, |_| {}).await;
}

async fn set_status(hubs: &Federation, member: &str, status: MemberStatus) {
    say(hubs, member, |draft| {
        status.code().clone_into(&mut draft.status);
    })
    .await;
}

#[tokio::test]
async fn members_are_followed_by_all_and_others_are_only_listed() {
    let hubs = network().await;
    admit(&hubs, "a").await;
    admit(&hubs, "b").await;
    for hub in ["a", "b", "c"] {
        hubs.publish(hub, &format!("Dari {hub}")).await;
    }
    hubs.sync_until_quiet().await;
    for hub in ["k", "a", "b"] {
        assert_eq!(hubs.titles(hub).await, ["Dari a", "Dari b"], "at {hub}");
        assert_eq!(hubs.verify(hub).await, NONE);
    }
    assert_eq!(hubs.state("a", "b").await, LogState::Proved, "through k");
    let strangers = peers::list_strangers(&hubs.hub("k").db).await.unwrap();
    assert_eq!(strangers.len(), 1);
    assert_eq!(strangers[0].hub, "hub-c");

    admit(&hubs, "c").await;
    hubs.sync_until_quiet().await;
    for hub in HUBS {
        assert_eq!(
            hubs.titles(hub).await,
            ["Dari a", "Dari b", "Dari c"],
            "at {hub}"
        );
    }
    let strangers = peers::list_strangers(&hubs.hub("k").db).await.unwrap();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[tokio::test]
async fn of_two_records_on_one_hub_the_one_that_was_written_last_counts() {
    let hubs = Federation::of(["k", "a"]).await;
    let k = hubs.hub("k");
    let named = |name: &str| {
        let draft = MembershipDraft {
            hub: "hub-a".to_owned(),
            name: name.to_owned(),
            keys: vec![MemberKeyDraft {
                key: hubs.hub("a").key.public().to_string(),
                ..MemberKeyDraft::default()
            }],
            status: MemberStatus::Active.code().to_owned(),
            ..MembershipDraft::default()
        };
        Membership::parse(&draft).unwrap()
    };
    let listed = async || members::list(&k.db, k.db.hub()).await.unwrap();
    let names = async || -> Vec<String> {
        let listed = listed().await.into_iter();
        listed
            .map(|member| member.membership.name.to_string())
            .collect()
    };
    k.say_of_member(None, &named("One record")).await.unwrap();
    let first = listed().await.remove(0);
    k.say_of_member(None, &named("Another")).await.unwrap();
    assert_eq!(names().await, ["Another"]);
    k.say_of_member(Some(&first), &named("Its revision"))
        .await
        .unwrap();
    assert_eq!(names().await, ["Its revision"]);
}

#[tokio::test]
async fn a_revoked_hubs_log_is_not_followed_any_more() {
    let hubs = network().await;
    for member in ["a", "b", "c"] {
        admit(&hubs, member).await;
    }
    hubs.publish("b", "Sebelum").await;
    hubs.sync_until_quiet().await;
    set_status(&hubs, "b", MemberStatus::Revoked).await;
    hubs.publish("b", "Sesudah").await;
    hubs.sync_until_quiet().await;
    for hub in ["k", "a", "c"] {
        assert_eq!(hubs.titles(hub).await, ["Sebelum"], "at {hub}");
        assert_eq!(hubs.peer("k", "b").await.record.strikes, 0, "it is no liar");
        assert_eq!(hubs.verify(hub).await, NONE, "what is held stays provable");
    }
    set_status(&hubs, "b", MemberStatus::Active).await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["Sebelum", "Sesudah"]);
}

#[tokio::test]
async fn a_denied_hub_is_denied_here_only() {
    let hubs = network().await;
    for member in ["a", "b", "c"] {
        admit(&hubs, member).await;
    }
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let standing = async |at: &str| {
        let query = "{ membership { authority members { nodes { hubId status standing } } } }";
        let data = hubs.api(at).query(query, json!({})).await;
        assert_eq!(data["membership"]["authority"], "hub-k");
        data["membership"]["members"]["nodes"][1].clone()
    };
    trust::deny(&hubs.hub("a").db, &hub_id("hub-b"), now, None)
        .await
        .unwrap();
    hubs.publish("b", "Dari b").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("a").await, NONE);
    assert_eq!(hubs.titles("c").await, ["Dari b"]);
    let b = |standing: &str| json!({"hubId": "hub-b", "status": "ACTIVE", "standing": standing});
    assert_eq!(standing("a").await, b("DENIED"));
    assert_eq!(standing("c").await, b("TRUSTED"));
    assert!(
        trust::allow(&hubs.hub("a").db, &hub_id("hub-b"), None)
            .await
            .unwrap()
    );
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("a").await, ["Dari b"]);
}

#[tokio::test]
async fn members_are_listed_page_by_page() {
    let hubs = network().await;
    let list = async |after: &str| {
        let query = "query($after: String) { membership { members(first: 2, after: $after) {
            totalCount nodes { hubId } edges { cursor node { hubId } } pageInfo { hasNextPage endCursor } } } }";
        let after = (!after.is_empty()).then_some(after);
        let data = hubs.api("k").query(query, json!({ "after": after })).await;
        data["membership"]["members"].clone()
    };
    let ids = |page: &serde_json::Value| -> Vec<String> {
        let nodes = page["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["hubId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&list("").await), NONE);
    for member in ["c", "a", "b"] {
        admit(&hubs, member).await;
    }
    let first = list("").await;
    assert_eq!(ids(&first), ["hub-a", "hub-b"]);
    assert_eq!(first["totalCount"], 3);
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let end = first["pageInfo"]["endCursor"].as_str().unwrap();
    assert_eq!(
        first["edges"][1],
        json!({"cursor": end, "node": {"hubId": "hub-b"}})
    );
    let last = list(end).await;
    assert_eq!(ids(&last), ["hub-c"]);
    assert_eq!(last["pageInfo"]["hasNextPage"], false);

    let refused = "{ membership { members(first: 101) { totalCount } } }";
    let refused = hubs.api("k").ask(refused, json!({})).await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
    let not_a_cursor = "{ membership { members(after: \"A b\") { totalCount } } }";
    let refused = hubs.api("k").ask(not_a_cursor, json!({})).await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
}

#[tokio::test]
async fn what_a_stolen_key_signed_goes_and_the_hub_goes_on_in_a_new_log() {
    let mut hubs = network().await;
    for member in ["a", "b", "c"] {
        admit(&hubs, member).await;
    }
    hubs.publish("b", "Asli").await;
    hubs.sync_until_quiet().await;
    let (log, good) = (hubs.log("b").await, hubs.size("k", "b").await);
    hubs.publish("b", "Sesudah pencurian").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("c").await, ["Asli", "Sesudah pencurian"]);
    let next = replace_stolen_key(&hubs, "b", &log, good).await;
    hubs.sync_until_quiet().await;
    for hub in ["k", "a", "c"] {
        assert_eq!(hubs.titles(hub).await, ["Asli"], "at {hub}");
        assert_eq!(hubs.size(hub, "b").await, good, "at {hub}");
        assert_eq!(hubs.verify(hub).await, NONE, "at {hub}");
        hubs.same_after_rebuild(hub).await;
    }

    hubs.take_offline("b").await;
    hubs.hub("b").rotate_key(next).await.unwrap();
    hubs.open_again("b").await;
    assert!(hubs.log("b").await.epoch > log.epoch);
    hubs.sync_until_quiet().await;
    for hub in ["k", "a", "b", "c"] {
        assert_eq!(
            hubs.titles(hub).await,
            ["Asli", "Sesudah pencurian"],
            "at {hub}"
        );
        for head in hubs.heads(hub).await {
            assert_eq!(head.state, LogState::Proved, "{} at {hub}", head.log);
        }
        assert_eq!(hubs.verify(hub).await, NONE, "at {hub}");
        hubs.same_after_rebuild(hub).await;
    }
}

/// Holes in a log that is not followed are nobody's work.
#[tokio::test]
async fn what_is_missing_of_a_denied_hub_is_not_asked_for() {
    let hubs = Federation::drawn("a -> b -> c").await;
    // The relay lies from its second page on.
    for number in 0..PAGE + 2 {
        hubs.publish("a", &format!("Judul {number}")).await;
    }
    hubs.round("b", "a").await;
    let relay = LyingRelay::before(hubs.api("b").url(), hubs.log("a").await).await;
    hubs.add_peer("c", "b", relay.url()).await;
    relay.tell(Lie::NoPayloads);
    hubs.round("c", "b").await;
    assert_eq!(hubs.state("c", "a").await, LogState::Incomplete);

    relay.tell(Lie::None);
    let now = time::OffsetDateTime::UNIX_EPOCH;
    trust::deny(&hubs.hub("c").db, &hub_id("hub-a"), now, None)
        .await
        .unwrap();
    hubs.round("c", "b").await;
    let idle = hubs.round("c", "b").await;
    assert!(idle.bytes_received < 1024, "{idle:?}");
    assert_eq!(hubs.state("c", "a").await, LogState::Incomplete);
    trust::allow(&hubs.hub("c").db, &hub_id("hub-a"), None)
        .await
        .unwrap();
    hubs.round("c", "b").await;
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
}

/// Whoever withholds the word that revokes a hub must not bring back the pin that was set before.
//  k ─▶ relay ─▶ a, where a had pinned b
#[tokio::test]
async fn a_withheld_revocation_brings_no_pin_back() {
    let hubs = network().await;
    hubs.pin("a", "b").await;
    hubs.pin("k", "b").await;
    let relay = LyingRelay::before(hubs.api("k").url(), hubs.log("k").await).await;
    hubs.add_peer("a", "k", relay.url()).await;
    for member in ["a", "b", "c"] {
        admit(&hubs, member).await;
    }
    hubs.publish("b", "Sebelum").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("a").await, ["Sebelum"]);

    set_status(&hubs, "b", MemberStatus::Revoked).await;
    relay.tell(Lie::NoPayloads);
    hubs.round("a", "k").await;
    assert_eq!(hubs.state("a", "k").await, LogState::Incomplete);
    hubs.publish("b", "Sesudah").await;
    hubs.add_peer("a", "b", hubs.api("b").url()).await;
    hubs.round("a", "b").await;
    assert_eq!(hubs.titles("a").await, ["Sebelum"]);
    let db = &hubs.hub("a").db;
    storage::logs::rebuild::rebuild(db, |_| {}).await.unwrap();
    hubs.round("a", "b").await;
    assert_eq!(hubs.titles("a").await, ["Sebelum"], "nor after a rebuild");

    relay.tell(Lie::None);
    hubs.round("a", "k").await;
    hubs.round("a", "b").await;
    assert_eq!(hubs.titles("a").await, ["Sebelum"]);
    set_status(&hubs, "b", MemberStatus::Active).await;
    hubs.round("a", "k").await;
    hubs.round("a", "b").await;
    assert_eq!(hubs.titles("a").await, ["Sebelum", "Sesudah"]);
}

/// What a hub that is no authority says of members is a record like any other, and gives nobody a voice.
#[tokio::test]
async fn only_the_authoritys_word_counts() {
    let hubs = network().await;
    admit(&hubs, "a").await;
    let draft = MembershipDraft {
        hub: "hub-b".to_owned(),
        name: "Hub b".to_owned(),
        keys: vec![MemberKeyDraft {
            key: hubs.hub("b").key.public().to_string(),
            ..MemberKeyDraft::default()
        }],
        status: "ACTIVE".to_owned(),
        ..MembershipDraft::default()
    };
    let membership = Membership::parse(&draft).unwrap();
    let said = hubs.hub("a").say_of_member(None, &membership).await;
    said.unwrap();
    hubs.publish("b", "Dari b").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.state("k", "a").await, LogState::Proved);
    assert_eq!(hubs.titles("k").await, NONE);
}

async fn refuses_to_rotate(program: &Program, why: &str) {
    let refused = program.run(&["key", "rotate"]).await;
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
}

#[tokio::test]
async fn a_hub_joins_with_one_command_and_changes_its_key_later() {
    let (k, a) = (Program::new(), Program::new());
    let (made_k, made_a) = (k.init("hub-k").await, a.init("hub-a").await);
    let print = |made: &serde_json::Value| made["fingerprint"].as_str().unwrap().to_owned();
    let refused = k.run(&["member", "suspend", "hub-a"]).await;
    assert!(
        refused.stderr.contains("simpul member found"),
        "{}",
        refused.stderr
    );
    k.well(&["member", "found"]).await;

    let (serving_k, serving_a) = (k.serve().await, a.serve().await);
    let joined = a
        .well(&["join", &serving_k.url, "--fingerprint", &print(&made_k)])
        .await;
    assert!(joined.stdout.contains(&print(&made_a)), "{}", joined.stdout);
    let not_its_word = a.run(&["member", "admit", &serving_k.url]).await;
    assert!(not_its_word.stderr.contains("only the network's authority"));
    k.well(&[
        "member",
        "admit",
        &serving_a.url,
        "--fingerprint",
        &print(&made_a),
    ])
    .await;
    k.well(&[
        "peer",
        "add",
        &serving_a.url,
        "--fingerprint",
        &print(&made_a),
    ])
    .await;
    let knows = async |program: &Program, hub: &str, size: u64| {
        let status = program.status().await;
        let logs = status["logs"].as_array().unwrap().clone();
        let is_it =
            |log: &serde_json::Value| log["hub"] == hub && log["size"].as_u64() >= Some(size);
        logs.iter().any(is_it).then_some(())
    };
    eventually("k holds 1 entries of hub-a", async || {
        knows(&k, "hub-a", 1).await
    })
    .await;
    eventually("a holds 2 entries of hub-k", async || {
        knows(&a, "hub-k", 2).await
    })
    .await;
    let listed = a.well(&["member", "list", "--json"]).await.json();
    assert_eq!(listed["authority"], "hub-k");
    assert_eq!(listed["members"][0]["keys"][0]["key"], made_a["publicKey"]);

    refuses_to_rotate(&a, "simpul key next").await;
    let next = a.well(&["key", "next", "--json"]).await.json();
    refuses_to_rotate(&a, "no authority").await;
    let new_key = next["key"].as_str().unwrap();
    k.well(&["member", "add-key", "hub-a", new_key]).await;
    eventually("a holds 3 entries of hub-k", async || {
        knows(&a, "hub-k", 3).await
    })
    .await;
    refuses_to_rotate(&a, "still runs").await;
    serving_a.stop().await;
    a.well(&["key", "rotate"]).await;
    assert_eq!(
        a.well(&["key", "show", "--json"]).await.json()["key"],
        next["key"]
    );
    let serving_a = a.serve().await;
    let url = &serving_a.url;
    k.well(&["peer", "remove", "hub-a"]).await;
    k.well(&[
        "peer",
        "add",
        url,
        "--fingerprint",
        next["fingerprint"].as_str().unwrap(),
    ])
    .await;
    eventually("k holds 2 entries of hub-a", async || {
        knows(&k, "hub-a", 2).await
    })
    .await;
    let old_key = made_a["publicKey"].as_str().unwrap();
    k.well(&["member", "close-key", "hub-a", old_key, "--until", "1"])
        .await;
    for program in [&k, &a] {
        let verified = program.well(&["verify", "--json"]).await.json();
        assert_eq!(verified[0]["faults"], json!([]), "{verified}");
    }
    assert_eq!(serving_a.stop().await, Some(0));
    assert_eq!(serving_k.stop().await, Some(0));
}
