//! What a lying relay achieves: nothing but a strike.
//!
//! In each test c pulls b through a relay that lies about a's log from its second page on. The first page may stay, the
//! rest is refused, b's own log arrives in the same round, and as soon as the relay tells the truth a's log is proved.

use domain::log::LogState;
use testkit::relay::{Lie, LyingRelay, PAGE};
use testkit::{Drawing, Federation};

const NONE: [&str; 0] = [];

/// How many entries a's log has.
const ENTRIES: u64 = 11;

struct Scene {
    hubs: Federation,
    relay: LyingRelay,
}

//  a ─▶ b ─▶ relay ─▶ c
impl Scene {
    async fn new() -> Self {
        Self::drawn(Drawing::drawn("a -> b -> c")).await
    }

    async fn drawn(drawing: Drawing) -> Self {
        let hubs = Federation::build(drawing).await;
        for number in 2..ENTRIES {
            hubs.publish("a", &format!("Title {number:02}")).await;
        }
        assert_eq!(hubs.size("a", "a").await, ENTRIES);
        hubs.round("b", "a").await;
        let relay = LyingRelay::before(hubs.api("b").url(), hubs.log("a").await).await;
        hubs.add_peer("c", "b", relay.url()).await;
        Self { hubs, relay }
    }

    /// Lets c pull while the relay lies, and checks that nothing false was stored and nothing else was held up.
    async fn lie(&self, lie: Lie) -> storage::peers::RoundResult {
        let hubs = &self.hubs;
        self.relay.tell(lie);
        let result = hubs.round("c", "b").await;
        assert_eq!(hubs.state("c", "b").await, LogState::Proved, "b's own log");
        assert_eq!(hubs.verify("c").await, NONE);
        let a = hubs.head("c", "a").await;
        assert_eq!(a.map_or(0, |head| head.proved_size), 0, "of a's log");
        let record = hubs.peer("c", "b").await.record;
        assert_eq!(record.strikes, result.strikes);
        result
    }

    /// Lets c pull while the relay tells the truth, and checks that a's log is now whole.
    async fn truth(&self) {
        let hubs = &self.hubs;
        self.relay.tell(Lie::None);
        let result = hubs.round("c", "b").await;
        assert_eq!((result.strikes, result.error), (0, None));
        assert_eq!(hubs.state("c", "a").await, LogState::Proved);
        assert_eq!(hubs.size("c", "a").await, ENTRIES);
        assert_eq!(hubs.titles("c").await, hubs.titles("a").await);
        assert_eq!(hubs.verify("c").await, NONE);
        let record = hubs.peer("c", "b").await.record;
        assert_eq!((record.failures, record.parked), (0, None));
    }
}

/// What does not verify is refused and counted against the relay.
async fn check_refused(lie: Lie, why: &str) {
    check(Scene::new().await, lie, why, 1).await;
}

/// What cannot be read is refused, and may be a fault of the road as well as of the relay.
async fn check_unreadable(lie: Lie, why: &str) {
    check(Scene::new().await, lie, why, 0).await;
}

async fn check(scene: Scene, lie: Lie, why: &str, strikes: u64) {
    let result = scene.lie(lie).await;
    let error = result.error.expect("the round tells what was wrong");
    assert!(error.contains(why), "{error} has no {why}");
    assert_eq!(result.strikes, strikes);
    assert_eq!(
        scene.hubs.size("c", "a").await,
        PAGE,
        "the honest page stays"
    );
    assert_eq!(scene.hubs.state("c", "a").await, LogState::Unproved);
    scene.truth().await;
}

#[tokio::test]
async fn a_changed_payload_is_refused() {
    check_refused(
        Lie::PayloadByte,
        "payload of entry 4 is not the one that its header names",
    )
    .await;
}

#[tokio::test]
async fn a_payload_behind_another_header_is_refused() {
    check_refused(
        Lie::PayloadOfAnother,
        "payload of entry 4 is not the one that its header names",
    )
    .await;
}

#[tokio::test]
async fn a_changed_header_is_refused() {
    check_refused(
        Lie::HeaderByte,
        "headers up to 8 do not lead to the checkpoint at 11",
    )
    .await;
}

#[tokio::test]
async fn swapped_entries_are_refused() {
    check_refused(
        Lie::Swapped,
        "headers up to 8 do not lead to the checkpoint at 11",
    )
    .await;
}

#[tokio::test]
async fn a_page_that_was_cut_short_is_refused() {
    check_refused(
        Lie::CutShort,
        "headers up to 7 do not lead to the checkpoint at 11",
    )
    .await;
}

#[tokio::test]
async fn a_page_without_entries_is_refused() {
    check_refused(Lie::Empty, "page is empty").await;
}

#[tokio::test]
async fn a_page_without_its_proof_is_refused() {
    check_refused(
        Lie::NoProof,
        "headers up to 8 do not lead to the checkpoint at 11",
    )
    .await;
}

#[tokio::test]
async fn a_page_with_a_false_proof_is_refused() {
    check_refused(
        Lie::FalseProof,
        "headers up to 8 do not lead to the checkpoint at 11",
    )
    .await;
}

#[tokio::test]
async fn an_older_page_in_the_place_of_the_next_is_refused() {
    check_refused(
        Lie::FirstPageAgain,
        "headers up to 8 do not lead to the checkpoint at 11",
    )
    .await;
}

#[tokio::test]
async fn a_page_under_the_checkpoint_of_another_log_is_refused() {
    let scene = Scene::new().await;
    let other = read_checkpoint(&scene.hubs, "b").await;
    check(
        scene,
        Lie::Checkpoint(other),
        "its checkpoint is of simpul/jipp-test/hub-b/",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_page_under_an_older_checkpoint_of_its_log_is_refused() {
    let scene = Scene::new().await;
    let older = older_checkpoint(&scene, 6).await;
    check(
        scene,
        Lie::Checkpoint(older),
        "page ends at 8, past its checkpoint's size 6",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_page_under_a_checkpoint_that_was_changed_is_refused() {
    check_refused(Lie::LargerCheckpoint, "at size 12 is not signed by").await;
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_refused() {
    check_unreadable(Lie::Garbage, "its answer is not readable").await;
}

#[tokio::test]
async fn an_answer_of_another_shape_is_refused() {
    check_unreadable(Lie::OtherShape, "its answer is not readable").await;
}

#[tokio::test]
async fn an_answer_without_end_is_refused() {
    check_unreadable(Lie::Endless, "its answer has more than 16777216 bytes").await;
}

#[tokio::test]
async fn an_answer_that_inflates_without_end_is_refused() {
    check_unreadable(Lie::Bomb, "its answer has more than 16777216 bytes").await;
}

#[tokio::test]
async fn a_cosignature_that_is_not_plain_text_is_refused() {
    let why = "checkpoint is not a signed note";
    check_refused(Lie::CosignedWithNul, why).await;
    let drawing = Drawing::drawn("a -> b -> c").on_postgres("c");
    check(Scene::drawn(drawing).await, Lie::CosignedWithNul, why, 1).await;
}

#[tokio::test]
async fn an_error_that_no_text_column_takes_is_noted_all_the_same() {
    check_unreadable(Lie::ErrorWithNul, "it answered X: ab").await;
    let drawing = Drawing::drawn("a -> b -> c").on_postgres("c");
    check(
        Scene::drawn(drawing).await,
        Lie::ErrorWithNul,
        "it answered X: ab",
        0,
    )
    .await;
}

#[tokio::test]
async fn cursors_and_tokens_that_no_text_column_takes_are_refused() {
    let drawing = Drawing::drawn("a -> b -> c").on_postgres("c");
    let scene = Scene::drawn(drawing).await;
    for (lie, why) in [
        (
            Lie::Cursor("1\u{0}".to_owned()),
            "endCursor is longer than 200 bytes or not plain text",
        ),
        (
            Lie::Cursor("1".repeat(201)),
            "endCursor is longer than 200 bytes or not plain text",
        ),
        (
            Lie::Token("a\u{0}".to_owned()),
            "headsToken is longer than 200 bytes or not plain text",
        ),
    ] {
        scene.relay.tell(lie);
        let result = scene.hubs.round("c", "b").await;
        assert!(result.error.unwrap().contains(why));
        assert_eq!(result.strikes, 0);
    }
    scene.truth().await;
}

//  a ─▶ b ─▶ relay (a witness) ─▶ c ─▶ d
#[tokio::test]
async fn cosignatures_of_others_are_kept_and_relayed() {
    let scene = Scene::drawn(Drawing::drawn("a -> b -> c -> d")).await;
    scene.relay.tell(Lie::Cosigned);
    let result = scene.hubs.round("c", "b").await;
    assert_eq!((result.strikes, result.error), (0, None));
    scene.hubs.round("d", "c").await;
    let head = scene.hubs.head("d", "a").await.unwrap();
    assert_eq!(head.state, LogState::Proved);
    assert!(
        head.checkpoint
            .unwrap()
            .ends_with("\n\u{2014} witness.example AAAA\n")
    );
}

#[tokio::test]
async fn a_forged_head_is_refused_and_the_true_ones_are_followed() {
    let scene = Scene::new().await;
    let result = scene.lie(Lie::ForgedHead).await;
    assert_eq!(result.strikes, 1);
    assert!(
        result
            .error
            .unwrap()
            .contains("at size 12 is not signed by")
    );
    assert_eq!(scene.hubs.size("c", "a").await, 0);
    scene.truth().await;
}

#[tokio::test]
async fn a_relay_that_claims_to_be_of_another_network_or_another_hub_is_set_aside() {
    for (lie, why) in [
        (
            Lie::OtherNetwork,
            "it is of network another, ours is jipp-test (NETWORK_MISMATCH)",
        ),
        (
            Lie::OtherHub,
            "hub somebody-else answers there, hub-b was added",
        ),
    ] {
        let scene = Scene::new().await;
        scene.relay.tell(lie.clone());
        let result = scene.hubs.round("c", "b").await;
        assert!(result.parked.unwrap().contains(why));
        assert_eq!((result.entries, result.strikes), (0, 0));
        assert_eq!(scene.hubs.size("c", "b").await, 0);
        scene.truth().await;

        // Nor does it gain anything by a hint, after which more is asked at once.
        let held = scene.hubs.size("c", "b").await;
        scene.hubs.publish("b", "Something new").await;
        scene.relay.tell(lie);
        let result = scene.hubs.hinted_round("c", "b").await;
        assert!(result.parked.unwrap().contains(why));
        assert_eq!(scene.hubs.size("c", "b").await, held);
    }
}

#[tokio::test]
async fn a_false_payload_does_not_fill_a_hole() {
    let scene = Scene::new().await;
    let hubs = &scene.hubs;
    scene.relay.tell(Lie::NoPayloads);
    let result = hubs.round("c", "b").await;
    assert_eq!(
        (result.strikes, result.error.as_deref()),
        (0, None),
        "to lack payloads is no lie"
    );
    assert_eq!(hubs.state("c", "a").await, LogState::Incomplete);
    let held = hubs.titles("c").await.len();
    assert!(held < hubs.titles("a").await.len());

    scene.relay.tell(Lie::FalsePayload);
    let result = hubs.round("c", "b").await;
    assert!(result.strikes > 0);
    assert_eq!(hubs.state("c", "a").await, LogState::Incomplete);
    assert_eq!(hubs.titles("c").await.len(), held);
    assert_eq!(hubs.verify("c").await, NONE);
    scene.truth().await;
}

#[tokio::test]
async fn one_round_after_many_lies_is_enough() {
    let scene = Scene::new().await;
    let mut strikes = 0;
    for lie in [
        Lie::HeaderByte,
        Lie::Garbage,
        Lie::Swapped,
        Lie::Empty,
        Lie::NoProof,
    ] {
        scene.relay.tell(lie);
        strikes += scene.hubs.round("c", "b").await.strikes;
    }
    let record = scene.hubs.peer("c", "b").await.record;
    assert_eq!((record.strikes, strikes, record.failures), (4, 4, 5));
    scene.truth().await;
}

/// The signed checkpoint of a hub's own log.
async fn read_checkpoint(hubs: &Federation, of: &str) -> String {
    let head = hubs.head(of, of).await.expect("a hub has its log");
    head.checkpoint.expect("it is signed")
}

/// A genuine checkpoint of a's log at an earlier size, as somebody may have kept it.
async fn older_checkpoint(scene: &Scene, size: u64) -> String {
    let (log, hub) = (scene.hubs.log("a").await, scene.hubs.hub("a"));
    let edge = storage::logs::heads::edge_at(&hub.db, &log, size).await;
    let edge = edge
        .expect("the tree can be read")
        .expect("it is long enough");
    let root = edge.root();
    let checkpoint = domain::log::Checkpoint { log, size, root };
    checkpoint.sign(&hub.key).text().to_owned()
}

/// What c has proved, a false page cannot turn against a: that takes an entry that a signed, too.
#[tokio::test]
async fn a_lie_about_a_log_that_was_proved_before_freezes_nothing() {
    let scene = Scene::new().await;
    scene.truth().await;
    let hubs = &scene.hubs;
    for number in 0..3 {
        hubs.publish("a", &format!("Later {number}")).await;
    }
    hubs.round("b", "a").await;
    for lie in [
        Lie::HeaderByte,
        Lie::Swapped,
        Lie::CutShort,
        Lie::FirstPageAgain,
        Lie::Garbage,
    ] {
        scene.relay.tell(lie.clone());
        let result = hubs.round("c", "b").await;
        assert!(result.error.is_some(), "{lie:?}");
        assert_eq!(result.strikes, u64::from(lie != Lie::Garbage), "{lie:?}");
        assert_eq!(hubs.state("c", "a").await, LogState::Unproved, "{lie:?}");
        assert_eq!(hubs.size("c", "a").await, ENTRIES, "{lie:?}");
    }
    scene.relay.tell(Lie::None);
    hubs.round("c", "b").await;
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
    assert_eq!(hubs.titles("c").await, hubs.titles("a").await);
}
