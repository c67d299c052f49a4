//! What is derived from the store hears of every record that shows something else, and of nothing twice.

use std::collections::BTreeSet;

use domain::entry::Kind;
use domain::identity::RecordId;
use storage::Database;
use storage::following::{Changes, Snapshot};
use storage::logs::{self, rebuild};
use testkit::forge::Forge;
use testkit::records::{agency, innovation, key_of, record};
use testkit::store::WHOLE_PAGES;
use testkit::{Backend, Store};

on_both_databases! {
    each_commit_tells_its_records,
    a_snapshot_sees_one_moment,
    a_pulled_log_is_told_from_its_first_page_on,
    a_payload_that_comes_later_is_told,
    whoever_is_too_far_behind_looks_at_everything,
}

/// The records that changed since a commit, and whether everything may have.
async fn told(db: &Database, since: u64) -> (BTreeSet<RecordId>, bool) {
    let snapshot = db.snapshot().await.unwrap();
    let told = told_by(&snapshot, since).await;
    snapshot.end().await.unwrap();
    told
}

async fn told_by(snapshot: &Snapshot, since: u64) -> (BTreeSet<RecordId>, bool) {
    let Changes::Some { hubs, mut entries } = snapshot.changes_since(since).await.unwrap() else {
        return (BTreeSet::new(), true);
    };
    for hub in hubs {
        entries.extend(snapshot.entries_of(hub).await.unwrap());
    }
    let mut records = BTreeSet::new();
    loop {
        let some = snapshot.records(&mut entries).await.unwrap();
        if some.is_empty() {
            return (records, false);
        }
        records.extend(some.into_iter().map(|(_, record)| record));
    }
}

fn some(numbers: &[u128]) -> (BTreeSet<RecordId>, bool) {
    (
        numbers.iter().map(|number| record(*number)).collect(),
        false,
    )
}

async fn position(db: &Database) -> u64 {
    db.refresh().await.unwrap()
}

async fn each_commit_tells_its_records(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    let first = position(&store.db).await;
    assert_eq!(told(&store.db, first).await, some(&[]));
    let draft = innovation("Antrean", record(1));
    store.put_innovation(record(2), 1, &draft).await;
    let second = position(&store.db).await;
    store.put_innovation(record(2), 2, &draft).await;
    store.put_innovation(record(3), 1, &draft).await;
    assert_eq!(told(&store.db, first).await, some(&[2, 3]));
    store.delete(record(3), 2, Kind::INNOVATION).await;
    assert_eq!(told(&store.db, second).await, some(&[2, 3]));
    let last = position(&store.db).await;
    store.put_innovation(record(4), 1, &draft).await;
    assert_eq!(told(&store.db, last).await, some(&[4]));
    let before = position(&store.db).await;
    rebuild::rebuild(&store.db, |_| {}).await.unwrap();
    assert!(told(&store.db, before).await.1);
    assert_eq!(told(&store.db, before + 1).await, some(&[]));
}

async fn a_snapshot_sees_one_moment(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    let snapshot = store.db.snapshot().await.unwrap();
    let since = snapshot.position();
    // Nobody waits for who reads, and who reads sees nothing of it.
    store.put_agency(record(2), 1, &agency("Badan", None)).await;
    assert_eq!(snapshot.position(), since);
    assert_eq!(told_by(&snapshot, since).await, some(&[]));
    assert_eq!(told_by(&snapshot, since - 1).await, some(&[1]));
    snapshot.end().await.unwrap();
    assert_eq!(told(&store.db, since).await, some(&[2]));
}

async fn a_pulled_log_is_told_from_its_first_page_on(backend: Backend) {
    let origin = Store::fresh(backend, "hub-a").await;
    let draft = agency("Dinas", None);
    for number in 1..=3 {
        origin.put_agency(record(number), 1, &draft).await;
    }
    let here = Store::fresh(backend, "hub-b").await;
    let since = position(&here.db).await;
    here.pull(&origin, &origin.log, 2).await;
    assert_eq!(told(&here.db, since).await, some(&[1, 2, 3]));
    let since = position(&here.db).await;
    origin.put_agency(record(2), 2, &draft).await;
    here.pull(&origin, &origin.log, WHOLE_PAGES).await;
    assert_eq!(told(&here.db, since).await, some(&[2]));
}

async fn a_payload_that_comes_later_is_told(backend: Backend) {
    let store = Store::fresh(backend, "hub-b").await;
    let mut forge = Forge::of("hub-a");
    let draft = serde_json::to_value(agency("Dinas", None)).unwrap();
    forge.put(record(1), 1, Kind::AGENCY, &draft, |_| {});
    forge.put(record(2), 1, Kind::AGENCY, &draft, |_| {});
    let payload = forge.without_payload().unwrap();
    forge.put(record(3), 1, Kind::AGENCY, &draft, |_| {});
    store.apply(forge.page()).await.unwrap();
    let since = position(&store.db).await;
    let filled = logs::fill::fill(&store.db, forge.log(), vec![(1, payload)]).await;
    assert_eq!(filled.unwrap().filled, 1);
    assert_eq!(told(&store.db, since).await, some(&[2]));
    let _ = key_of(&forge.log().hub);
}

async fn whoever_is_too_far_behind_looks_at_everything(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    let last = position(&store.db).await;
    // A commit of an older program on the same database says nothing of what it changed.
    let text = "UPDATE store SET position = position + 1";
    testkit::fixture::change(store.site().location(), &[text]).await;
    assert!(told(&store.db, last).await.1);
    assert!(
        told(&store.db, last + 2).await.1,
        "a position of the future"
    );
    let since = position(&store.db).await;
    store.put_agency(record(2), 1, &agency("Badan", None)).await;
    assert_eq!(told(&store.db, since).await, some(&[2]));
    let text = "UPDATE store SET position = position + 65536";
    testkit::fixture::change(store.site().location(), &[text]).await;
    assert!(told(&store.db, since).await.1);
    // The ring is used again, whatever stands in it.
    let since = position(&store.db).await;
    store.put_agency(record(3), 1, &agency("Badan", None)).await;
    assert_eq!(told(&store.db, since).await, some(&[3]));
}
