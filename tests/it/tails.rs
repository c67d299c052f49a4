//! What a hub holds of a log beyond its newest checkpoint gives way to what is proved: over HTTP, on both databases.
//!
//! In each test b and d hold two histories of a's log, and c pulls both of them: first b, through a relay that breaks off,
//! so that c holds a *tail* of b's history.

use domain::entry::Kind;
use domain::log::{Checkpoint, LogState, SigningKey};
use serde_json::json;
use storage::logs::watching;
use storage::peers::RoundResult;
use testkit::forge::Forge;
use testkit::records::{agency, innovation, record};
use testkit::relay::{Lie, LyingRelay, PAGE};
use testkit::{Backend, Drawing, Federation};

on_both_databases! {
    a_tail_gives_way_to_a_history_that_ends_within_it,
    a_tail_gives_way_to_a_longer_history,
    a_tail_that_is_the_same_stays,
    a_lie_takes_nothing_of_a_tail,
    a_fork_behind_a_tail_is_noticed_in_a_history_that_ends_within_it,
    a_fork_behind_a_tail_is_noticed_in_a_longer_history,
}

const NONE: [&str; 0] = [];
/// The size of b's history.
const SIZE: u64 = 11;

/// A history of a's log that a hub holds.
pub(super) struct History {
    pub(super) forge: Forge,
    at: &'static str,
    /// How many entries are those of the other history, too.
    shared: u64,
    size: u64,
}

impl History {
    async fn of(hubs: &Federation, at: &'static str, shared: u64) -> Self {
        Self::signed(hubs, at, shared, hubs.hub("a").key.clone()).await
    }

    /// One that is signed with this key.
    pub(super) async fn signed(
        hubs: &Federation,
        at: &'static str,
        shared: u64,
        key: SigningKey,
    ) -> Self {
        Self {
            forge: Forge::signed(hubs.log("a").await, key),
            at,
            shared,
            size: 0,
        }
    }

    /// Lets its holder have it up to a size, with a checkpoint of that size, unless it has as much.
    pub(super) async fn grow(&mut self, hubs: &Federation, size: u64) {
        if size <= self.size {
            return;
        }
        let office = record(1);
        for place in self.size..size {
            let whose = if place < self.shared { "both" } else { self.at };
            let (kind, body) = if place == 0 {
                (Kind::AGENCY, json!(agency("Dinas a", Some("13.76"))))
            } else {
                let title = format!("Judul {place:02} of {whose}");
                (Kind::INNOVATION, json!(innovation(&title, office)))
            };
            let number = u128::from(place) + 1;
            self.forge.put(record(number), 1, kind, &body, |_| {});
        }
        self.size = size;
        let (db, page) = (&hubs.hub(self.at).db, self.forge.page());
        let taken = storage::logs::apply(db, page, None, &node::system::SystemClock).await;
        taken.unwrap();
    }
}

struct Scene {
    hubs: Federation,
    relay: LyingRelay,
}

//  b ─▶ relay ─▶ c ◀─ d, and a, whom nobody pulls
impl Scene {
    /// c has b's history up to a checkpoint of `proved`, and a page beyond it. d's is the same in its first entries.
    async fn new(backend: Backend, proved: u64, shared: u64, of_d: u64) -> Self {
        let mut drawing = Drawing::drawn("b -> c, d -> c, a");
        if backend == Backend::Postgres {
            drawing = drawing.on_postgres("c");
        }
        let hubs = Federation::build(drawing).await;
        let relay = LyingRelay::before(hubs.api("b").url(), hubs.log("a").await).await;
        hubs.add_peer("c", "b", relay.url()).await;
        let mut history = History::of(&hubs, "b", shared).await;
        if proved > 0 {
            history.grow(&hubs, proved).await;
            hubs.round("c", "b").await;
            assert_eq!(hubs.state("c", "a").await, LogState::Proved);
        }
        history.grow(&hubs, SIZE).await;
        History::of(&hubs, "d", shared)
            .await
            .grow(&hubs, of_d)
            .await;
        relay.tell(Lie::Garbage);
        hubs.round("c", "b").await;
        let head = hubs.head("c", "a").await.unwrap();
        assert_eq!((head.size, head.proved_size), (proved + PAGE, proved));
        assert!(head.tail.is_some());
        Self { hubs, relay }
    }

    /// Lets c pull d, and checks that it has d's history and nothing of b's any more.
    async fn gives_way(&self) {
        let hubs = &self.hubs;
        let result = hubs.round("c", "d").await;
        assert_eq!((result.strikes, result.error), (0, None));
        assert_eq!(hubs.state("c", "a").await, LogState::Proved);
        let (ours, theirs) = (hubs.head("c", "a").await, hubs.head("d", "a").await);
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert_eq!(ours.checkpoint, theirs.checkpoint);
        assert_eq!(hubs.titles("c").await, hubs.titles("d").await);
        assert_eq!(hubs.verify("c").await, NONE);
        hubs.same_after_rebuild("c").await;
        let kept = watching::list_evidence(&hubs.hub("c").db, &ours.log).await;
        assert_eq!(kept.unwrap().len(), 0, "nothing shows that a signed both");
    }

    /// Lets c pull d, and checks that a's log is frozen as it is, with what shows that a signed both.
    async fn is_forked(&self, differs_at: i64) {
        let hubs = &self.hubs;
        let before = hubs.head("c", "a").await.unwrap();
        hubs.round("c", "d").await;
        let head = hubs.head("c", "a").await.unwrap();
        assert_eq!(head.state, LogState::Forked);
        assert_eq!(head.size, before.size);
        let kept = watching::list_evidence(&hubs.hub("c").db, &head.log).await;
        let kept = kept.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].differs_at, Some(differs_at));
        let theirs = hubs.head("d", "a").await.unwrap();
        assert_eq!(kept[0].theirs, theirs.checkpoint.unwrap());
        let ours = Checkpoint::parse(&kept[0].ours).unwrap();
        assert_eq!(ours.size, before.proved_size, "what was proved here");
        assert_eq!(hubs.verify("c").await, NONE);
    }

    async fn lie(&self, lie: Lie) -> RoundResult {
        self.relay.tell(lie);
        self.hubs.round("c", "b").await
    }
}

/// Nothing that c holds is proved: four entries, of which d has one.
async fn a_tail_gives_way_to_a_history_that_ends_within_it(backend: Backend) {
    Scene::new(backend, 0, 1, 3).await.gives_way().await;
}

/// Three entries are proved; d's history goes on otherwise behind them.
async fn a_tail_gives_way_to_a_longer_history(backend: Backend) {
    Scene::new(backend, 3, 5, 20).await.gives_way().await;
}

/// What d proves is within what c holds, so nothing is given up.
async fn a_tail_that_is_the_same_stays(backend: Backend) {
    let scene = Scene::new(backend, 3, 20, 5).await;
    let hubs = &scene.hubs;
    let result = hubs.round("c", "d").await;
    assert_eq!((result.strikes, result.error), (0, None));
    let head = hubs.head("c", "a").await.unwrap();
    assert_eq!((head.size, head.proved_size), (3 + PAGE, 5));
    assert!(head.tail.is_some());
}

/// Only what is proved takes a tail's place.
async fn a_lie_takes_nothing_of_a_tail(backend: Backend) {
    let scene = Scene::new(backend, 3, 20, 3).await;
    for lie in [
        Lie::HeaderByte,
        Lie::Swapped,
        Lie::CutShort,
        Lie::FirstPageAgain,
    ] {
        let result = scene.lie(lie.clone()).await;
        assert_eq!(result.strikes, 1, "{lie:?}");
        assert_eq!(scene.hubs.size("c", "a").await, 3 + PAGE, "{lie:?}");
    }
    scene.lie(Lie::None).await;
    assert_eq!(scene.hubs.size("c", "a").await, SIZE);
    assert_eq!(scene.hubs.state("c", "a").await, LogState::Proved);
}

/// The third entry is proved to be b's, and d's is another: a signed both, whatever is held beyond.
async fn a_fork_behind_a_tail_is_noticed_in_a_history_that_ends_within_it(backend: Backend) {
    Scene::new(backend, 3, 2, 5).await.is_forked(2).await;
}

async fn a_fork_behind_a_tail_is_noticed_in_a_longer_history(backend: Backend) {
    Scene::new(backend, 3, 2, 20).await.is_forked(2).await;
}
