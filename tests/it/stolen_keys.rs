//! Logs that a thief of a hub's key began.

use domain::entry::Kind;
use domain::identity::{Epoch, LogId};
use domain::log::{Accepted, LogState, Opening};
use serde_json::json;
use testkit::Federation;
use testkit::forge::Forge;
use testkit::records::record;

use super::membership::{admit, network, replace_stolen_key, say};

const NONE: [&str; 0] = [];

/// Puts logs into k that somebody signed with b's key: one that accepts b's log but for its last entry, and one far ahead
/// that follows nothing.
async fn steal(hubs: &Federation, near: &LogId, far: &LogId, log: &LogId) {
    let (k, key) = (&hubs.hub("k").db, &hubs.hub("b").key);
    let edge = storage::logs::heads::edge(k, log).await.unwrap();
    let opening = Opening {
        checkpoint: None,
        previous: log.epoch,
        accepted: Accepted {
            size: edge.size() - 1,
            root: storage::logs::heads::edge_at(k, log, edge.size() - 1)
                .await
                .unwrap()
                .unwrap()
                .root(),
        },
    };
    let body = serde_json::from_str(&opening.to_body()).unwrap();
    let mut after = Forge::signed(near.clone(), key.clone());
    after.put(record(1), 1, Kind::EPOCH, &body, |_| {});
    let mut ahead = Forge::signed(far.clone(), key.clone());
    ahead.put(record(2), 1, "strange", &json!({}), |_| {});
    for page in [after.page(), ahead.page()] {
        let taken = storage::logs::apply(k, page, None, &node::system::SystemClock).await;
        taken.unwrap();
    }
}

/// A thief who has a hub's key begins logs of it. Once the key is closed they are nothing, and the hub goes on from its last
/// good entry, by a number above theirs.
#[tokio::test]
async fn logs_that_a_thief_began_do_not_count_once_the_key_is_closed() {
    let mut hubs = network().await;
    for member in ["a", "b", "c"] {
        admit(&hubs, member).await;
    }
    hubs.publish("b", "Asli").await;
    hubs.sync_until_quiet().await;
    let (log, good) = (hubs.log("b").await, hubs.size("k", "b").await);
    let thief = |epoch: u64| LogId {
        epoch: Epoch::new(epoch).unwrap(),
        ..log.clone()
    };
    let (near, far) = (thief(log.epoch.get() + 1_000_000), thief((1 << 53) - 1));
    steal(&hubs, &near, &far, &log).await;
    hubs.sync_until_quiet().await;
    let along = hubs.log("b").await.epoch;
    assert!(
        along > near.epoch && along < far.epoch,
        "the hub went along"
    );
    assert!(hubs.heads("a").await.iter().all(|head| head.log != far));

    let next = replace_stolen_key(&hubs, "b", &log, good).await;
    hubs.sync_until_quiet().await;
    hubs.take_offline("b").await;
    hubs.hub("b").rotate_key(next).await.unwrap();
    hubs.open_again("b").await;
    hubs.publish("b", "Sesudahnya").await;
    hubs.sync_until_quiet().await;
    assert!(hubs.log("b").await.epoch > near.epoch);
    for hub in ["k", "a", "b", "c"] {
        let heads = hubs.heads(hub).await;
        let accepted = heads.iter().find(|head| head.log == log).unwrap();
        assert_eq!(
            (accepted.size, accepted.state),
            (good - 1, LogState::Proved),
            "at {hub}, which heard of the thief's log before"
        );
        assert!(accepted.accepted.is_some(), "at {hub}");
        let left = heads.iter().find(|head| head.log == near).unwrap();
        assert_eq!(left.size, 0, "at {hub}");
        let titles = hubs.titles(hub).await;
        assert!(titles.contains(&"Asli".to_owned()), "{titles:?} at {hub}");
        assert!(
            titles.contains(&"Sesudahnya".to_owned()),
            "{titles:?} at {hub}"
        );
        assert_eq!(hubs.verify(hub).await, NONE, "at {hub}");
        hubs.same_after_rebuild(hub).await;
    }
}

/// A thief states more than is held anywhere. Once the key is closed nobody waits for it.
#[tokio::test]
async fn what_a_closed_key_only_stated_is_not_waited_for() {
    let hubs = network().await;
    for member in ["a", "b"] {
        admit(&hubs, member).await;
    }
    hubs.publish("b", "Asli").await;
    hubs.sync_until_quiet().await;
    let (log, good) = (hubs.log("b").await, hubs.size("a", "b").await);
    let (a, now) = (&hubs.hub("a").db, time::OffsetDateTime::UNIX_EPOCH);
    let seen = storage::logs::watching::note_seen(a, &log, good + 9, now).await;
    seen.unwrap();
    assert_eq!(hubs.state("a", "b").await, LogState::CatchingUp);
    say(&hubs, "b", |draft| {
        draft.keys[0].until = Some(good);
        draft.keys[0].until_epoch = Some(log.epoch.get());
    })
    .await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.state("a", "b").await, LogState::Proved);
}

/// That a key was closed counts at once, also where no peer is pulled: here the authority's own node.
#[tokio::test]
async fn what_a_closed_key_signed_goes_without_a_round() {
    let hubs = network().await;
    admit(&hubs, "b").await;
    hubs.publish("b", "Asli").await;
    hubs.sync_until_quiet().await;
    let (log, good) = (hubs.log("b").await, hubs.size("k", "b").await);
    hubs.publish("b", "Pencuri").await;
    hubs.sync_until_quiet().await;
    assert!(hubs.titles("k").await.contains(&"Pencuri".to_owned()));
    say(&hubs, "b", |draft| {
        draft.keys[0].until = Some(good);
        draft.keys[0].until_epoch = Some(log.epoch.get());
    })
    .await;
    hubs.hub("k").puller().follow_trust().await.unwrap();
    assert_eq!(hubs.titles("k").await, ["Asli"]);
    assert_eq!(hubs.verify("k").await, NONE);
}
