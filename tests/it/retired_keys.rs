//! A key that its hub replaced may fall into strange hands later. Another beginning of the log that it signs, within what it
//! may sign, freezes nothing: over HTTP, on both databases.
//!
//! b has a's log: its first entries signed with the old key, and more with the new one. d has what a thief of the old key made
//! of it.

use domain::log::{LogState, SigningKey};
use domain::trust::MemberKeyDraft;
use storage::logs::{aside, left_out, watching};
use storage::{halt, trust};
use testkit::records::{hub_id, key_of};
use testkit::{Backend, Drawing, Federation};

use super::membership::say;
use super::tails::History;

on_both_databases! {
    another_beginning_freezes_nothing,
    a_log_is_thawed_when_the_key_that_froze_it_is_closed,
    what_a_thief_began_gives_way,
    of_two_beginnings_the_new_key_decides,
    the_hub_itself_issues_nothing_of_a_thief,
}

const NONE: [&str; 0] = [];
/// What the old key may sign.
const UNTIL: u64 = 5;
/// How many entries of a's the thief kept.
const SHARED: u64 = 2;

struct Scene {
    hubs: Federation,
    old: SigningKey,
    truth: History,
}

//  k ─▶ c, a; b ─▶ c ◀─ d ─▶ a
impl Scene {
    /// b has a's log up to a size, and d the thief's.
    async fn new(backend: Backend, size: u64) -> Self {
        Self::with(backend, size, true).await
    }

    /// The same; the key may not be closed yet.
    async fn with(backend: Backend, size: u64, is_closed: bool) -> Self {
        let mut drawing = Drawing::drawn("k -> c, k -> a, b -> c, d -> c, d -> a");
        if backend == Backend::Postgres {
            drawing = drawing.on_postgres("c").on_postgres("a");
        }
        let hubs = Federation::build(drawing).await;
        let old = key_of(&hub_id("hub-a-before"));
        let (log, text) = (hubs.log("a").await, old.public().to_string());
        say(&hubs, "a", |draft| {
            draft.keys.push(MemberKeyDraft {
                key: text,
                until: is_closed.then_some(UNTIL),
                until_epoch: is_closed.then(|| log.epoch.get()),
                ..MemberKeyDraft::default()
            });
        })
        .await;
        for hub in ["c", "a"] {
            let followed = trust::follow(&hubs.hub(hub).db, &hub_id("hub-k"), None).await;
            followed.unwrap();
            assert_eq!(hubs.round(hub, "k").await.error, None);
        }
        let truth = History::signed(&hubs, "b", SHARED, old.clone()).await;
        let mut scene = Self { hubs, old, truth };
        scene.grow(size).await;
        let mut made_up = scene.history("d").await;
        made_up.grow(&scene.hubs, UNTIL).await;
        scene
    }

    async fn history(&self, at: &'static str) -> History {
        History::signed(&self.hubs, at, SHARED, self.old.clone()).await
    }

    /// a's log goes on at b; the new key signs what the old one may not.
    async fn grow(&mut self, size: u64) {
        self.truth.grow(&self.hubs, size.min(UNTIL)).await;
        if size > UNTIL {
            let fresh = self.hubs.hub("a").key.clone();
            self.truth.forge.hand_over(fresh);
            self.truth.grow(&self.hubs, size).await;
        }
    }

    /// Lets c pull another, which does nothing wrong.
    async fn pull(&self, supplier: &str) {
        let result = self.hubs.round("c", supplier).await;
        assert_eq!((result.strikes, result.error), (0, None), "of {supplier}");
    }

    /// c holds so much of a's log, all proved, and it is b's.
    async fn has_the_truth(&self, size: u64) {
        let hubs = &self.hubs;
        assert_eq!(hubs.size("c", "a").await, size);
        assert_eq!(hubs.state("c", "a").await, LogState::Proved);
        assert_eq!(hubs.titles("c").await, hubs.titles("b").await);
        assert_eq!(hubs.verify("c").await, NONE);
        hubs.same_after_rebuild("c").await;
    }

    /// How much evidence a hub keeps of a's log.
    async fn evidence(&self, at: &str) -> u64 {
        let (db, log) = (&self.hubs.hub(at).db, self.hubs.log("a").await);
        watching::count_evidence(db, &log).await.unwrap()
    }
}

async fn another_beginning_freezes_nothing(backend: Backend) {
    let mut scene = Scene::new(backend, 8).await;
    scene.pull("b").await;
    for _ in 0..2 {
        scene.pull("d").await;
        scene.has_the_truth(8).await;
        assert_eq!(scene.evidence("c").await, 1);
    }
    scene.grow(9).await;
    scene.pull("b").await;
    scene.has_the_truth(9).await;
}

/// c hears of both before it hears that the key was closed, whichever came first.
async fn a_log_is_thawed_when_the_key_that_froze_it_is_closed(backend: Backend) {
    for (first, second) in [("b", "d"), ("d", "b")] {
        let scene = Scene::with(backend, 8, false).await;
        let hubs = &scene.hubs;
        for supplier in [first, second] {
            hubs.round("c", supplier).await;
        }
        assert_eq!(hubs.state("c", "a").await, LogState::Forked);
        let log = hubs.log("a").await;
        say(hubs, "a", |draft| {
            let old = draft.keys.last_mut().unwrap();
            (old.until, old.until_epoch) = (Some(UNTIL), Some(log.epoch.get()));
        })
        .await;
        scene.pull("k").await;
        scene.pull("b").await;
        scene.has_the_truth(8).await;
        assert!(scene.evidence("c").await > 0);
    }
}

/// c heard the thief first. What it cut is shown to a, in case it is a's, and to nobody else.
async fn what_a_thief_began_gives_way(backend: Backend) {
    let scene = Scene::new(backend, 8).await;
    scene.pull("d").await;
    assert_eq!(scene.hubs.size("c", "a").await, UNTIL);
    scene.pull("b").await;
    scene.has_the_truth(8).await;
    let kept = left_out::list(&scene.hubs.hub("c").db, &hub_id("hub-a")).await;
    assert_eq!(kept.unwrap().len(), 1);
}

/// As long as c has seen of a's log only what the old key vouches for, nothing tells which is a's.
async fn of_two_beginnings_the_new_key_decides(backend: Backend) {
    let mut scene = Scene::new(backend, 4).await;
    scene.pull("b").await;
    scene.pull("d").await;
    scene.has_the_truth(4).await;
    assert_eq!(scene.evidence("c").await, 1);
    scene.grow(8).await;
    scene.pull("b").await;
    scene.has_the_truth(8).await;
}

/// It cannot tell a thief's work from what it wrote itself and lost, so it keeps it for its operator, and goes on.
async fn the_hub_itself_issues_nothing_of_a_thief(backend: Backend) {
    let scene = Scene::new(backend, 0).await;
    let hubs = &scene.hubs;
    for number in 0..UNTIL {
        hubs.publish("a", &format!("Asli {number}")).await;
    }
    let before = hubs.titles("a").await;
    let size = hubs.size("a", "a").await;
    for _ in 0..2 {
        let result = hubs.round("a", "d").await;
        assert_eq!((result.strikes, result.error), (0, None));
        assert_eq!(scene.evidence("a").await, 1);
        let halted = halt::read(&hubs.hub("a").db).await.unwrap();
        assert_eq!(halted, None);
    }
    let kept = aside::list_open(&hubs.hub("a").db, &hubs.log("a").await, 100).await;
    let kept = kept.unwrap();
    assert_eq!(kept.len() as u64, UNTIL);
    for entry in kept {
        assert_eq!(entry.outcome.as_deref(), Some("doubtful"));
        assert!(entry.payload.is_some());
    }
    assert_eq!(aside::count_waiting(&hubs.hub("a").db).await.unwrap(), 0);
    hubs.publish("a", "Sesudahnya").await;
    assert_eq!(hubs.size("a", "a").await, size + 1);
    assert_eq!(hubs.titles("a").await[..before.len()], before);
}
