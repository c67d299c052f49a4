//! How much a supplier can make a hub take, and how long it can make it wait: the limits of the protocol's section 10, on
//! the side that asks. What the answering side refuses is in `api::refusals`.
//!
//! The drawing is that of `liars`: c pulls b through a relay, which lies about a's log from its second page on.

use std::time::Duration;

use domain::log::LogState;
use sync::peer::Patience;
use testkit::relay::{Lie, LyingRelay, PAGE};
use testkit::{Drawing, Federation};

const NONE: [&str; 0] = [];
/// How many entries a's log has.
const ENTRIES: u64 = 31;
const HOUR: Duration = Duration::from_hours(1);

struct Scene {
    hubs: Federation,
    relay: LyingRelay,
}

//  a ─▶ b ─▶ relay ─▶ c
impl Scene {
    async fn new() -> Self {
        let hubs = Federation::build(Drawing::drawn("a -> b -> c")).await;
        for number in 2..ENTRIES {
            hubs.publish("a", &format!("Title {number:02}")).await;
        }
        hubs.round("b", "a").await;
        let relay = LyingRelay::before(hubs.api("b").url(), hubs.log("a").await).await;
        hubs.add_peer("c", "b", relay.url()).await;
        Self { hubs, relay }
    }

    /// Lets c pull while the relay lies: the round ends, tells why, and counts against the relay.
    async fn check(&self, lie: Lie, why: &str, strikes: u64) {
        let before = self.hubs.peer("c", "b").await.record.failures;
        self.relay.tell(lie.clone());
        let result = self.hubs.round("c", "b").await;
        let error = result.error.expect("the round tells what was wrong");
        assert!(error.contains(why), "{lie:?}: {error} has no {why}");
        assert_eq!(result.strikes, strikes, "{lie:?}");
        let record = self.hubs.peer("c", "b").await.record;
        assert_eq!(record.failures, before + 1, "{lie:?}: it backs off");
        assert_eq!(self.hubs.verify("c").await, NONE, "{lie:?}");
    }

    /// Lets c pull while the relay tells the truth.
    async fn truth(&self) {
        self.relay.tell(Lie::None);
        let result = self.hubs.round("c", "b").await;
        assert_eq!((result.strikes, result.error), (0, None));
        assert_eq!(self.hubs.state("c", "a").await, LogState::Proved);
        assert_eq!(self.hubs.size("c", "a").await, ENTRIES);
        assert_eq!(self.hubs.titles("c").await, self.hubs.titles("a").await);
    }
}

#[tokio::test]
async fn a_page_beyond_a_limit_is_refused() {
    let scene = Scene::new().await;
    for (lie, why, strikes) in [
        (
            Lie::TooManyEntries,
            "it has 1001 entries, 1000 were asked for",
            0,
        ),
        (Lie::TooManyBytes, "page has 47", 1),
        (
            Lie::LongHeader,
            "entry 4 has a header of 1025 bytes; 1024 are allowed",
            1,
        ),
        (Lie::LongPayload, "payload of entry 4 is not the one", 1),
        (Lie::LongNote, "checkpoint is not a signed note", 1),
        (Lie::LongProof, "do not lead to the checkpoint", 1),
        (Lie::Empty, "page is empty", 1),
        (Lie::Nested, "its answer is not readable", 0),
        (Lie::Bomb, "its answer has more than 16777216 bytes", 0),
        (Lie::GzipBomb, "its answer is not readable", 0),
        (Lie::Endless, "its answer has more than 16777216 bytes", 0),
    ] {
        scene.check(lie, why, strikes).await;
        assert_eq!(scene.hubs.size("c", "a").await, PAGE, "what came stays");
        assert_eq!(scene.hubs.state("c", "b").await, LogState::Proved);
    }
    scene.truth().await;
}

#[tokio::test]
async fn an_answer_with_more_than_was_asked_for_is_refused() {
    let scene = Scene::new().await;
    let many = "it has 201 heads, 200 were asked for";
    scene.check(Lie::ManyHeads, many, 0).await;
    let long = "its answer has more than 65536 bytes";
    scene.check(Lie::LongGreeting, long, 0).await;
    assert_eq!(scene.hubs.size("c", "a").await, 0);

    scene.relay.tell(Lie::NoPayloads);
    scene.hubs.round("c", "b").await;
    assert_eq!(scene.hubs.state("c", "a").await, LogState::Incomplete);
    let twice = "it has 54 payloads, 27 were asked for";
    scene.check(Lie::PayloadsTwice, twice, 0).await;
    assert_eq!(scene.hubs.state("c", "a").await, LogState::Incomplete);
    scene.truth().await;
}

#[tokio::test]
async fn a_supplier_that_gives_a_log_entry_by_entry_is_left_with_what_it_gave() {
    let scene = Scene::new().await;
    let why = "in pages of a few entries, though the log goes on";
    scene.check(Lie::EntryByEntry, why, 1).await;
    let held = scene.hubs.size("c", "a").await;
    assert_eq!(
        held, 17,
        "seventeen short pages, the last of which is one too many"
    );
    assert_eq!(scene.hubs.state("c", "a").await, LogState::Unproved);
    scene
        .hubs
        .add_peer("c", "a", scene.hubs.api("a").url())
        .await;
    scene.hubs.round("c", "a").await;
    assert_eq!(scene.hubs.state("c", "a").await, LogState::Proved);
}

#[tokio::test]
async fn a_supplier_that_does_not_answer_or_not_to_the_end_is_left() {
    let mut scene = Scene::new().await;
    let silence = Patience {
        read: Duration::from_secs(1),
        ..Patience::default()
    };
    scene.hubs.wait_for_peers(silence, HOUR);
    scene.check(Lie::Silent, "did not answer in time", 0).await;
    let whole = Patience {
        answer: Duration::from_secs(1),
        ..Patience::default()
    };
    scene.hubs.wait_for_peers(whole, HOUR);
    scene
        .check(Lie::ByteByByte, "did not answer in time", 0)
        .await;
    scene.hubs.wait_for_peers(Patience::default(), HOUR);
    assert_eq!(scene.hubs.size("c", "a").await, PAGE);
    scene.truth().await;
}

#[tokio::test]
async fn a_log_that_does_not_come_in_time_is_let_go_with_what_came() {
    let mut scene = Scene::new().await;
    let second = Duration::from_secs(1);
    scene.hubs.wait_for_peers(Patience::default(), second);
    let why = "did not come within 1 s";
    scene.check(Lie::Slow(10_000), why, 0).await;
    assert_eq!(scene.hubs.size("c", "a").await, PAGE, "what came is kept");
    assert_eq!(scene.hubs.state("c", "b").await, LogState::Proved);
    scene.hubs.wait_for_peers(Patience::default(), HOUR);
    scene.truth().await;
}

//  a ─▶ relay ─▶ b, where a's machine was put back and b holds the history that a lost
#[tokio::test]
async fn another_history_of_the_own_log_is_fetched_within_the_same_bounds() {
    let mut hubs = Federation::build(Drawing::drawn("a -> b")).await;
    hubs.publish("a", "Kept").await;
    let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
    for number in 0..30 {
        hubs.publish("a", &format!("First {number:02}")).await;
    }
    hubs.round("b", "a").await;
    hubs.put_machine_back("a", &snapshot, &guard).await;
    for number in 0..40 {
        hubs.publish("a", &format!("Second {number:02}")).await;
    }
    let relay = LyingRelay::before(hubs.api("b").url(), hubs.log("a").await).await;
    hubs.add_peer("a", "b", relay.url()).await;

    relay.tell(Lie::EntryByEntry);
    let error = hubs.round("a", "b").await.error.unwrap_or_default();
    assert!(error.contains("in pages of a few entries"), "{error}");
    hubs.wait_for_peers(Patience::default(), Duration::ZERO);
    let error = hubs.round("a", "b").await.error.unwrap_or_default();
    assert!(error.contains("did not come within 0 s"), "{error}");

    hubs.wait_for_peers(Patience::default(), HOUR);
    hubs.add_peer("a", "b", hubs.api("b").url()).await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.titles("a").await.len(), 71);
    assert_eq!(hubs.verify("a").await, NONE);
}
