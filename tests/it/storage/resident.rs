//! What lists and relations are answered out of memory is what the database answers.

use std::collections::VecDeque;
use std::time::Duration;

use domain::catalog::{AdoptionStatus, Affair, InnovationDraft, LifecycleStage, RegionCode, Sdg};
use domain::entry::{Kind, Sight};
use domain::identity::{HubId, RecordId, RecordRef};
use serde_json::json;
use storage::innovations::{
    self, Direction, InnovationFilter, InnovationRef, Order, Stretch, WantedInnovation, WantedItems,
};
use storage::items::{self, ItemRef, Relation, Role};
use storage::logs::{EntryKey, rebuild};
use storage::{Database, hidden, pins};
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, key_of, profile, record};
use testkit::{Backend, Store};
use tokio::task::JoinHandle;

use super::items::{ADOPTER, SOURCE, Scene, WITNESS, scenes};
use super::projection::{Revisions, Said, check_property, histories, say};

on_both_databases! {
    what_hides_a_thread_hides_its_posts_in_memory_too,
    what_a_filter_asks_of_rows_is_what_the_database_asks,
    a_larger_store_is_not_kept,
}

#[test]
fn rows_follow_what_hubs_say_in_any_order_on_sqlite() {
    check_property(Backend::Sqlite, 10, &scenes(), scene_is_followed);
}

#[test]
fn rows_follow_what_hubs_say_in_any_order_on_postgres() {
    check_property(Backend::Postgres, 2, &scenes(), scene_is_followed);
}

#[test]
fn rows_follow_what_a_hub_says_on_sqlite() {
    check_property(Backend::Sqlite, 16, &histories(), history_is_followed);
}

#[test]
fn rows_follow_what_a_hub_says_on_postgres() {
    check_property(Backend::Postgres, 2, &histories(), history_is_followed);
}

/// How many records the tests have at most.
const MOST: usize = 10_000;

/// A store whose rows are kept in memory, and a handle on the same database that asks it each time.
struct Watched {
    store: Store,
    asking: Database,
    keeping: JoinHandle<()>,
}

impl Watched {
    async fn new(store: Store) -> Self {
        let asking = store.another_handle().await;
        let db = store.db.clone();
        let keeping = tokio::spawn(async move { db.keep_rows(MOST).await });
        Self {
            store,
            asking,
            keeping,
        }
    }

    /// Waits until the rows are those of the newest commit.
    async fn in_step(&self) {
        let newest = self.store.db.refresh().await.unwrap();
        for _ in 0..500 {
            if self.store.db.rows_as_of() == Some(newest) {
                return;
            }
            // Whoever asks has the rows follow.
            list(
                &self.store.db,
                &InnovationFilter::default(),
                Direction::Ascending,
            )
            .await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the rows do not reach commit {newest}");
    }

    /// Compares all that is answered.
    async fn check(&self) {
        self.in_step().await;
        let (kept, asked) = (&self.store.db, &self.asking);
        let all = InnovationFilter {
            sight: Sight::All,
            ..InnovationFilter::default()
        };
        let keys: Vec<Key> = list(asked, &all, Direction::Ascending)
            .await
            .iter()
            .map(key_of_ref)
            .collect();
        for sight in [Sight::Public, Sight::Network, Sight::All] {
            for filter in filters(sight, &keys) {
                for direction in [Direction::Ascending, Direction::Descending] {
                    let expected = list(asked, &filter, direction).await;
                    assert_eq!(list(kept, &filter, direction).await, expected, "{filter:?}");
                }
            }
            let found = innovations::find_many(kept, &keys, sight).await.unwrap();
            let expected = innovations::find_many(asked, &keys, sight).await.unwrap();
            let by_key = |found| sorted(found, |place: &InnovationRef| place.key);
            assert_eq!(by_key(found), by_key(expected));
            self.check_items(&keys, sight).await;
        }
    }

    async fn check_items(&self, keys: &[Key], sight: Sight) {
        let (kept, asked) = (&self.store.db, &self.asking);
        let mut targets = keys.to_vec();
        let mut known: Vec<Key> = Vec::new();
        loop {
            for most in [1, 100] {
                let found = items::related(kept, RELATIONS, &targets, sight, most)
                    .await
                    .unwrap();
                let expected = items::related(asked, RELATIONS, &targets, sight, most)
                    .await
                    .unwrap();
                assert_eq!(found, expected, "{targets:?}");
                known.extend(
                    expected
                        .into_values()
                        .flatten()
                        .map(|item| (item.hub, item.record)),
                );
            }
            known.retain(|key| !targets.contains(key));
            if known.is_empty() {
                break;
            }
            targets.append(&mut known);
        }
        let found = items::find_many(kept, &targets, sight).await.unwrap();
        let expected = items::find_many(asked, &targets, sight).await.unwrap();
        let by_key = |found| sorted(found, |item: &ItemRef| item.key);
        assert_eq!(by_key(found), by_key(expected));
        for key in keys {
            self.check_together(key, sight).await;
        }
    }

    async fn check_together(&self, key: &Key, sight: Sight) {
        let wanted: Vec<WantedItems> = RELATIONS
            .iter()
            .map(|relation| WantedItems {
                relation: *relation,
                sight,
                most: 5,
            })
            .collect();
        for is_brief in [false, true] {
            let wanted = WantedInnovation {
                key,
                sight,
                is_brief,
                items: &wanted,
            };
            let asked = innovations::together(&self.asking, wanted).await.unwrap();
            assert!(asked.is_none(), "nothing is kept here");
            let kept = innovations::together(&self.store.db, wanted).await.unwrap();
            let kept = kept.expect("the rows are those of the newest commit");
            let place = innovations::find_many(&self.asking, std::slice::from_ref(key), sight)
                .await
                .unwrap();
            assert_eq!(kept.as_ref().map(|kept| &kept.place), place.first());
            let Some(kept) = kept else { continue };
            let targets = std::slice::from_ref(key);
            let mut related = items::related(&self.asking, RELATIONS, targets, sight, 5)
                .await
                .unwrap();
            for (relation, items) in RELATIONS.iter().zip(kept.items) {
                let items: Vec<ItemRef> = items.into_iter().map(|(item, _)| item).collect();
                let expected = related
                    .remove(&(*relation, key.clone()))
                    .unwrap_or_default();
                assert_eq!(items, expected, "{relation:?}");
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

type Key = (HubId, RecordId);

const RELATIONS: &[Relation] = &[
    (Kind::REPLICATION, Role::Source),
    (Kind::REPLICATION, Role::Agency),
    (Kind::REPLICATION_ANSWER, Role::Subject),
    (Kind::ENDORSEMENT, Role::Subject),
    (Kind::AWARD, Role::Subject),
    (Kind::CONFIRMATION, Role::Subject),
    (Kind::THREAD, Role::Subject),
    (Kind::POST, Role::Subject),
];

fn key_of_ref(place: &InnovationRef) -> Key {
    (place.hub.clone(), place.record)
}

fn sorted<T>(mut found: Vec<T>, key: impl Fn(&T) -> EntryKey) -> Vec<T> {
    found.sort_by_key(key);
    found
}

/// The whole list in pages of two, with a look back from each.
async fn list(
    db: &Database,
    filter: &InnovationFilter,
    direction: Direction,
) -> Vec<InnovationRef> {
    let mut all: Vec<InnovationRef> = Vec::new();
    loop {
        let edge = |place: &InnovationRef| (place.place.clone(), place.key);
        let after = all.last().map(edge);
        let mut stretch = Stretch {
            order: Order::Published,
            direction,
            after,
            before: None,
            limit: 2,
        };
        let page = innovations::list(db, filter, &stretch).await.unwrap();
        stretch.before = all.last().map(edge);
        stretch.after = None;
        stretch.limit = 100;
        let before = innovations::list(db, filter, &stretch).await.unwrap();
        let expected = &all[..all.len().saturating_sub(1)];
        assert!(
            all.is_empty() || before == expected,
            "what lies before {stretch:?}"
        );
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Filters of all sorts.
fn filters(sight: Sight, keys: &[Key]) -> Vec<InnovationFilter> {
    let plain = || InnovationFilter {
        sight,
        ..InnovationFilter::default()
    };
    let region = |code: &str| Some(code.parse::<RegionCode>().unwrap());
    let mut all = vec![
        plain(),
        InnovationFilter {
            region: region("13"),
            ..plain()
        },
        InnovationFilter {
            region: region("13.76"),
            ..plain()
        },
        InnovationFilter {
            affairs: vec![Affair::Health, Affair::Land],
            ..plain()
        },
        InnovationFilter {
            sdgs: vec![Sdg::parse(3).unwrap()],
            ..plain()
        },
        InnovationFilter {
            stages: vec![LifecycleStage::Creation],
            ..plain()
        },
        InnovationFilter {
            adoptions: vec![AdoptionStatus::Applied, AdoptionStatus::Trial],
            ..plain()
        },
        InnovationFilter {
            year_from: Some(2020),
            ..plain()
        },
        InnovationFilter {
            year_to: Some(2020),
            ..plain()
        },
        InnovationFilter {
            current_before: Some(1_790_000_000_000),
            ..plain()
        },
        InnovationFilter {
            hubs: vec![hub_id("hub-nobody")],
            ..plain()
        },
        InnovationFilter {
            agency: Some((hub_id("hub-o"), record(100))),
            ..plain()
        },
        InnovationFilter {
            tags: vec!["air".to_owned()],
            ..plain()
        },
        InnovationFilter {
            title_words: Some("title".to_owned()),
            ..plain()
        },
    ];
    let hubs = keys.iter().map(|(hub, _)| hub.clone());
    all.extend(hubs.take(1).map(|hub| InnovationFilter {
        hubs: vec![hub],
        ..plain()
    }));
    all
}

async fn scene_is_followed(backend: Backend, scene: Scene) {
    let watched = Watched::new(Store::fresh(backend, "hub-p").await).await;
    let db = &watched.store.db;
    let mut logs = scene.logs();
    for hub in [SOURCE, ADOPTER, WITNESS].map(hub_id) {
        let pinned = pins::add(db, &hub, &key_of(&hub).public(), watched.store.now(), None).await;
        pinned.expect("a key can be pinned");
    }
    let order = scene.one.iter().copied();
    for next in order.chain([0, 1, 2].into_iter().cycle()) {
        if let Some(page) = logs[next].pop_front() {
            watched
                .store
                .apply(page)
                .await
                .expect("a verified page is stored");
            watched.check().await;
        }
        if logs.iter().all(VecDeque::is_empty) {
            break;
        }
    }
    rebuild::rebuild(db, |_| {}).await.unwrap();
    watched.check().await;
}

async fn history_is_followed(backend: Backend, history: Vec<Vec<Said>>) {
    let watched = Watched::new(Store::fresh(backend, "hub-o").await).await;
    let mut revisions = Revisions::new();
    for batch in history {
        say(&watched.store, &mut revisions, &batch).await;
        watched.check().await;
    }
}

async fn what_hides_a_thread_hides_its_posts_in_memory_too(backend: Backend) {
    let watched = Watched::new(Store::fresh(backend, "hub-a").await).await;
    let store = &watched.store;
    let mut forge = Forge::of("hub-b");
    forge.put(
        record(2),
        1,
        Kind::INNOVATION,
        &json!(innovation("Antrean", record(1))),
        |_| {},
    );
    let thread = json!({"kind": "QUESTION", "subject": format!("hub-b:{}", record(2)), "title": "Berapa server?",
        "steps": [{"state": "OPEN", "on": "2025-01-01"}]});
    forge.put(record(3), 1, Kind::THREAD, &thread, |_| {});
    for number in [4, 5] {
        let post = json!({"thread": format!("hub-b:{}", record(3)), "body": "Dua.", "byOffice": "Bidang Inovasi"});
        forge.put(record(number), 1, Kind::POST, &post, |_| {});
    }
    store.apply(forge.page()).await.unwrap();
    watched.check().await;
    let thread = (hub_id("hub-b"), record(3));
    let posts = async || {
        let relations = [(Kind::POST, Role::Subject)];
        let found = items::related(
            &store.db,
            &relations,
            std::slice::from_ref(&thread),
            Sight::Public,
            10,
        );
        found.await.unwrap().into_values().flatten().count()
    };
    assert_eq!(posts().await, 2);
    let of = RecordRef {
        hub: hub_id("hub-b"),
        record: record(3),
    };
    hidden::hide(&store.db, &of, "Bukan tempatnya.", store.now(), None)
        .await
        .unwrap();
    watched.check().await;
    assert_eq!(posts().await, 0);
    hidden::show(&store.db, &of, None).await.unwrap();
    watched.check().await;
    assert_eq!(posts().await, 2);
}

async fn what_a_filter_asks_of_rows_is_what_the_database_asks(backend: Backend) {
    let watched = Watched::new(Store::fresh(backend, "hub-o").await).await;
    let mut forge = Forge::of("hub-b");
    let stages = [
        "CREATION",
        "DEVELOPMENT",
        "INSTITUTIONALIZATION",
        "SPREADING",
    ];
    let adoptions = ["INITIATIVE", "TRIAL", "APPLIED"];
    for (number, region) in [
        (1, Some("13.76")),
        (2, Some("13")),
        (3, Some("35")),
        (4, None),
    ] {
        forge.put(
            record(number),
            1,
            Kind::AGENCY,
            &json!(agency("Dinas", region)),
            |_| {},
        );
    }
    for number in 0..24_usize {
        let affairs: &[&str] = [&[][..], &["HEALTH"], &["LAND", "SPACE"]][number % 3];
        let started_on = [None, Some("2019"), Some("2020-05"), Some("2024")][number % 4];
        let draft = InnovationDraft {
            stage: stages[number % 4].to_owned(),
            adoption: adoptions[number % 3].to_owned(),
            affairs: affairs.iter().map(ToString::to_string).collect(),
            sdgs: [vec![], vec![3], vec![3, 17], vec![1]][number % 4].clone(),
            started_on: started_on.map(str::to_owned),
            ..innovation(&format!("Title {number}"), record(1 + number as u128 % 5))
        };
        let audience = ["public", "public", "network", "council"][number % 4];
        forge.put(
            record(200 + number as u128),
            1,
            Kind::INNOVATION,
            &json!(draft),
            |header| {
                header["audience"] = audience.into();
            },
        );
    }
    watched.store.apply(forge.page()).await.unwrap();
    watched.check().await;
    // Another region and audience of an agency change what its innovations show, and a hub describes itself.
    forge.put(
        record(1),
        2,
        Kind::AGENCY,
        &json!(agency("Dinas", Some("35.01"))),
        |header| {
            header["audience"] = "network".into();
        },
    );
    forge.put(record(300), 1, Kind::HUB, &json!(profile("Hub B")), |_| {});
    watched.store.apply(forge.page()).await.unwrap();
    watched.check().await;
    forge.delete(record(2), 2, Kind::AGENCY);
    forge.delete(record(203), 2, Kind::INNOVATION);
    watched.store.apply(forge.page()).await.unwrap();
    watched.check().await;
}

async fn a_larger_store_is_not_kept(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    for number in 2..6 {
        store
            .put_innovation(record(number), 1, &innovation("Antrean", record(1)))
            .await;
    }
    let db = store.db.clone();
    let keeping = tokio::spawn(async move { db.keep_rows(3).await });
    for _ in 0..20 {
        let all = list(
            &store.db,
            &InnovationFilter::default(),
            Direction::Ascending,
        )
        .await;
        assert_eq!(all.len(), 4);
        assert_eq!(store.db.rows_as_of(), None);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    keeping.abort();
}
