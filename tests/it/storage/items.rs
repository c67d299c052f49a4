//! Records that belong to others: what follows from several hubs' words is the same whichever arrived first, and again
//! after a rebuild; writers of different hubs that touch the same rows do not wait for each other in a ring.

use std::collections::VecDeque;

use domain::catalog::{
    AnswerState, ProgressState, ReplicationStanding, ReplicationState, Vocabulary as _,
    derive_progress,
};
use domain::entry::{Kind, Sight};
use domain::log::VerifiedPage;
use proptest::prelude::*;
use serde_json::{Value, json};
use storage::innovations::InnovationRef;
use storage::items::{self, ItemRef};
use storage::{innovations, logs, pins};
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, key_of, record};
use testkit::{Backend, Store};
use time::macros::date;
use time::{Date, Duration};

use super::NONE;
use super::projection::{check_property, check_rebuild};

on_both_databases! {
    writers_of_two_hubs_that_touch_the_same_rows_take_turns,
    a_words_end_is_seen_in_what_was_counted,
}

pub(super) const SOURCE: &str = "hub-s";
pub(super) const ADOPTER: &str = "hub-t";
pub(super) const WITNESS: &str = "hub-w";

/// The source's innovation, the adopter's replication and the source's answer.
const INNOVATION: u128 = 2;
const REPLICATION: u128 = 20;
const ANSWER: u128 = 30;

#[test]
fn a_process_over_hubs_is_the_same_in_any_order_on_sqlite() {
    check_property(Backend::Sqlite, 48, &scenes(), is_the_same_in_any_order);
}

#[test]
fn a_process_over_hubs_is_the_same_in_any_order_on_postgres() {
    check_property(Backend::Postgres, 6, &scenes(), is_the_same_in_any_order);
}

/// One word of a side: the state, and whether it is for everybody.
type Word = (&'static str, bool);

/// What three hubs say, and two orders in which it arrives.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    adopter: Vec<Word>,
    is_given_up: bool,
    source: Vec<Word>,
    is_innovation_public: bool,
    /// Whether each is for everybody.
    confirmations: Vec<bool>,
    witness: Vec<Witness>,
    page: usize,
    pub(super) one: Vec<usize>,
    other: Vec<usize>,
}

/// What a third hub says of the innovation; each time in another record.
#[derive(Clone, Copy, Debug)]
enum Witness {
    Endorsement,
    Award,
    Answer,
}

pub(super) fn scenes() -> impl Strategy<Value = Scene> {
    let states = [
        "INTERESTED",
        "AGREED",
        "PLANNED",
        "ONGOING",
        "DONE",
        "CANCELLED",
        "PILOTED",
    ];
    let answers = [
        "VERIFIED",
        "REFUSED",
        "AGREED",
        "CONFIRMED",
        "DISPUTED",
        "HALTED",
    ];
    let words = |states: &[&'static str], least: usize| {
        let word = (
            prop::sample::select(states.to_vec()),
            prop::bool::weighted(0.7),
        );
        prop::collection::vec(word, least..5)
    };
    let witness = prop::sample::select(vec![Witness::Endorsement, Witness::Award, Witness::Answer]);
    let order = || prop::collection::vec(0..3_usize, 24);
    (
        words(&states, 1),
        prop::bool::weighted(0.2),
        words(&answers, 0),
        (
            prop::bool::weighted(0.6),
            prop::collection::vec(any::<bool>(), 0..3),
        ),
        prop::collection::vec(witness, 0..4),
        1..4_usize,
        order(),
        order(),
    )
        .prop_map(
            |(adopter, is_given_up, source, current, witness, page, one, other)| Scene {
                adopter,
                is_given_up,
                source,
                is_innovation_public: current.0,
                confirmations: current.1,
                witness,
                page,
                one,
                other,
            },
        )
}

fn steps(words: &[Word]) -> Value {
    let step = |(nth, (state, _)): (usize, &Word)| json!({"state": state, "on": format!("2025-01-{:02}", nth + 1), "reason": "Sebab."});
    words.iter().enumerate().map(step).collect()
}

fn replication(words: &[Word]) -> Value {
    json!({
        "source": format!("{SOURCE}:{}", record(INNOVATION)), "adopter": record(11), "steps": steps(words),
        "scope": "FULL",
    })
}

fn answer(words: &[Word]) -> Value {
    json!({"replication": format!("{ADOPTER}:{}", record(REPLICATION)), "steps": steps(words)})
}

fn audience(is_public: bool) -> &'static str {
    if is_public { "public" } else { "network" }
}

/// The day of the confirmation of a revision, after everything that tests write.
fn confirmed_on(revision: usize) -> Date {
    date!(2040 - 01 - 01) + Duration::days(i64::try_from(revision).unwrap())
}

/// A log whose entries come in pages of so many.
struct Log {
    forge: Forge,
    page: usize,
    fresh: usize,
    pages: VecDeque<VerifiedPage>,
}

impl Log {
    fn of(hub: &str, page: usize) -> Self {
        let forge = Forge::of(hub);
        let (fresh, pages) = (0, VecDeque::new());
        Self {
            forge,
            page,
            fresh,
            pages,
        }
    }

    fn put(&mut self, number: u128, revision: usize, kind: &str, is_public: bool, body: &Value) {
        self.forge
            .put(record(number), revision as u64, kind, body, |header| {
                header["audience"] = audience(is_public).into();
            });
        self.grow();
    }

    fn grow(&mut self) {
        self.fresh += 1;
        if self.fresh == self.page {
            self.turn();
        }
    }

    fn turn(&mut self) {
        if std::mem::take(&mut self.fresh) > 0 {
            self.pages.push_back(self.forge.page());
        }
    }
}

impl Scene {
    pub(super) fn logs(&self) -> [VecDeque<VerifiedPage>; 3] {
        [self.source_log(), self.adopter_log(), self.witness_log()].map(|mut log| {
            log.turn();
            log.pages
        })
    }

    fn source_log(&self) -> Log {
        let mut log = Log::of(SOURCE, self.page);
        let body = json!(innovation("Antrean", record(1)));
        log.put(
            1,
            1,
            Kind::AGENCY,
            true,
            &json!(agency("Dinas", Some("35"))),
        );
        let is_public = self.is_innovation_public;
        log.put(INNOVATION, 1, Kind::INNOVATION, is_public, &body);
        for nth in 1..=self.source.len() {
            let (words, is_public) = (&self.source[..nth], self.source[nth - 1].1);
            log.put(
                ANSWER,
                nth,
                Kind::REPLICATION_ANSWER,
                is_public,
                &answer(words),
            );
        }
        for (number, is_public, from, to) in [
            (5, false, "INITIATIVE", "TRIAL"),
            (6, true, "TRIAL", "APPLIED"),
        ] {
            let body = json!({"innovation": record(INNOVATION), "axis": "ADOPTION", "from": from, "to": to, "on": "2025",
                "decidedBy": "Kepala dinas"});
            log.put(number, 1, Kind::TRANSITION, is_public, &body);
        }
        for (nth, is_public) in (1..).zip(&self.confirmations) {
            let on = confirmed_on(nth).to_string();
            let body = json!({"innovation": record(INNOVATION), "on": on});
            log.put(3, nth, Kind::CONFIRMATION, *is_public, &body);
        }
        log
    }

    fn adopter_log(&self) -> Log {
        let mut log = Log::of(ADOPTER, self.page);
        let proof =
            json!({"subject": record(REPLICATION), "kind": "AGREEMENT", "title": "Perjanjian"});
        log.put(12, 1, Kind::EVIDENCE, false, &proof);
        for nth in 1..=self.adopter.len() {
            let (words, is_public) = (&self.adopter[..nth], self.adopter[nth - 1].1);
            log.put(
                REPLICATION,
                nth,
                Kind::REPLICATION,
                is_public,
                &replication(words),
            );
        }
        log.put(
            11,
            1,
            Kind::AGENCY,
            true,
            &json!(agency("Dinas", Some("13"))),
        );
        if self.is_given_up {
            let (revision, is_public) = (
                self.adopter.len() + 1,
                self.adopter[self.adopter.len() - 1].1,
            );
            let (id, kind) = (record(REPLICATION), Kind::REPLICATION);
            log.forge
                .delete_for(id, revision as u64, kind, audience(is_public));
            log.grow();
        }
        log
    }

    /// What somebody says who has no say in the replication, and what counts beside it.
    fn witness_log(&self) -> Log {
        let mut log = Log::of(WITNESS, self.page);
        let target = format!("{SOURCE}:{}", record(INNOVATION));
        for (number, witness) in (40..).zip(&self.witness) {
            let (kind, body) = match witness {
                Witness::Endorsement => (
                    Kind::ENDORSEMENT,
                    json!({"innovation": target, "statement": "Baik.", "on": "2025-02-01"}),
                ),
                Witness::Award => (
                    Kind::AWARD,
                    json!({"innovation": target, "scheme": "KIPP", "tier": "Top 45", "year": 2021, "basis": "CONFIRMED"}),
                ),
                Witness::Answer => (Kind::REPLICATION_ANSWER, answer(&[("REFUSED", true)])),
            };
            log.put(number, 1, kind, true, &body);
        }
        log
    }

    /// The day of the confirmation that counts: the newest word, if it is for all who may see the innovation.
    fn expected_current(&self) -> Option<Date> {
        let newest = self.confirmations.last();
        let counts = newest.is_some_and(|is_public| *is_public || !self.is_innovation_public);
        counts.then(|| confirmed_on(self.confirmations.len()))
    }

    /// State and standing of the replication by the rules, from the last words; nothing when it was taken back.
    fn expected(&self) -> Option<(ProgressState, ReplicationStanding)> {
        let (word, is_public) = self.adopter[self.adopter.len() - 1];
        let answer = self
            .source
            .last()
            .filter(|(_, answers_all)| *answers_all || !is_public);
        let answer = answer.map(|(word, _)| AnswerState::read(word));
        (!self.is_given_up).then(|| derive_progress(ReplicationState::read(word), answer))
    }
}

async fn is_the_same_in_any_order(backend: Backend, scene: Scene) {
    let mut shown = Vec::new();
    for order in [&scene.one, &scene.other] {
        let puller = Store::fresh(backend, "hub-p").await;
        let mut logs = scene.logs();
        for hub in [SOURCE, ADOPTER, WITNESS].map(hub_id) {
            let pinned =
                pins::add(&puller.db, &hub, &key_of(&hub).public(), puller.now(), None).await;
            pinned.expect("a key can be pinned");
        }
        for next in order.iter().copied().chain([0, 1, 2].into_iter().cycle()) {
            if let Some(page) = logs[next].pop_front() {
                puller.apply(page).await.expect("a verified page is stored");
            }
            if logs.iter().all(VecDeque::is_empty) {
                break;
            }
        }
        let found = find(&puller, ADOPTER, REPLICATION).await;
        let found = found.map(|item| (item.state, item.standing));
        let expected = scene.expected();
        let expected = expected.map(|(state, standing)| {
            (
                Some(state.code().to_owned()),
                Some(standing.code().to_owned()),
            )
        });
        assert_eq!(found, expected);
        let place = innovation_of(&puller).await;
        let confirmed = (place.current != place.published).then(|| place.current.date());
        assert_eq!(confirmed, scene.expected_current());
        shown.push(check_rebuild(&puller).await);
    }
    assert_eq!(shown[0], shown[1], "in one order and in another");
}

async fn find(store: &Store, hub: &str, number: u128) -> Option<ItemRef> {
    let ids = [(hub_id(hub), record(number))];
    let found = items::find_many(&store.db, &ids, Sight::All).await;
    found.expect("items can be read").pop()
}

async fn innovation_of(store: &Store) -> InnovationRef {
    let ids = [(hub_id(SOURCE), record(INNOVATION))];
    let found = innovations::find_many(&store.db, &ids, Sight::All).await;
    found.expect("innovations can be read").remove(0)
}

async fn counts(store: &Store) -> innovations::Counts {
    innovation_of(store).await.counts
}

/// Hubs revise the innovation with the answer, and the replication, at once, each through a connection of its own. Each
/// changes rows of the other's, so the two would wait for each other if neither came first.
async fn writers_of_two_hubs_that_touch_the_same_rows_take_turns(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let other = puller.another_handle().await;
    let (mut source, mut adopter) = (Log::of(SOURCE, 2), Log::of(ADOPTER, 2));
    let done = [
        ("INTERESTED", true),
        ("AGREED", true),
        ("ONGOING", true),
        ("DONE", true),
    ];
    for revision in 1..=40 {
        let body = json!(innovation(&format!("Judul {revision}"), record(1)));
        source.put(INNOVATION, revision, Kind::INNOVATION, true, &body);
        let words = [("VERIFIED", true), ("AGREED", true), ("CONFIRMED", true)];
        source.put(
            ANSWER,
            revision,
            Kind::REPLICATION_ANSWER,
            true,
            &answer(&words[..=revision % 3]),
        );
        adopter.put(
            REPLICATION,
            revision,
            Kind::REPLICATION,
            true,
            &replication(&done[..=revision % 4]),
        );
        adopter.put(
            11,
            revision,
            Kind::AGENCY,
            true,
            &json!(agency("Dinas", Some("13"))),
        );
    }
    let one = async {
        for page in source.pages {
            puller
                .apply(page)
                .await
                .expect("it is nobody's fault that two write");
        }
    };
    let two = async {
        for page in adopter.pages {
            let stored = logs::apply(&other, page, None, &puller.clock).await;
            stored.expect("it is nobody's fault that two write");
        }
    };
    tokio::join!(one, two);
    check_rebuild(&puller).await;
    assert_eq!(puller.faults().await, NONE);
}

async fn a_words_end_is_seen_in_what_was_counted(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let scene = |is_given_up| Scene {
        adopter: ["INTERESTED", "AGREED", "ONGOING", "DONE"]
            .map(|word| (word, true))
            .to_vec(),
        is_given_up,
        source: ["VERIFIED", "AGREED", "CONFIRMED"]
            .map(|word| (word, true))
            .to_vec(),
        is_innovation_public: true,
        confirmations: Vec::new(),
        witness: vec![Witness::Endorsement, Witness::Award, Witness::Award],
        page: 100,
        one: Vec::new(),
        other: Vec::new(),
    };
    for log in scene(false).logs() {
        for page in log {
            puller.apply(page).await.unwrap();
        }
    }
    let expected = innovations::Counts {
        replications: 1,
        done: 1,
        confirmed: 1,
        endorsements: 1,
        awards: 1,
    };
    assert_eq!(
        counts(&puller).await,
        expected,
        "the same award twice is one"
    );

    let gone = Store::fresh(backend, "hub-p").await;
    for log in scene(true).logs() {
        for page in log {
            gone.apply(page).await.unwrap();
        }
    }
    let (replications, done, confirmed) = (0, 0, 0);
    let expected = innovations::Counts {
        replications,
        done,
        confirmed,
        ..expected
    };
    assert_eq!(counts(&gone).await, expected);
    assert!(find(&gone, ADOPTER, REPLICATION).await.is_none());
    assert_eq!(
        find(&gone, SOURCE, ANSWER).await.unwrap().state.as_deref(),
        Some("CONFIRMED")
    );
}
