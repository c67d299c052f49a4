//! The hub's own entries.

use domain::entry::{Header, Kind, Operation, Sight};
use domain::healing::Halt;
use domain::log::MAX_PAGE_BYTES;
use node::system::SystemEntropy;
use storage::bodies::{self, Content};
use storage::logs::read::{self, PageBounds};
use storage::logs::reopening::{Occasion, reopen};
use storage::logs::{self, heads};
use storage::{StorageError, halt, innovations};
use testkit::records::{agency, delete, innovation, put, record};
use testkit::{Backend, Store};

use super::NONE;

on_both_databases! {
    what_is_written_is_read_back,
    superseded_and_deleted_payloads_are_gone,
    only_the_next_revision_is_taken,
    a_batch_is_taken_whole_or_not_at_all,
    writers_at_the_same_time_take_turns,
    nothing_is_written_to_a_log_that_was_just_followed_by_a_new_one,
    a_commit_is_told_and_moves_the_head,
    what_is_dropped_is_forgotten_also_by_other_processes,
}

async fn what_is_dropped_is_forgotten_also_by_other_processes(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    store
        .put_innovation(record(2), 1, &innovation("Lama", record(1)))
        .await;
    let other = store.another_handle().await;
    let ids = [(store.db.hub().clone(), record(2))];
    let entry = innovations::find_many(&store.db, &ids, Sight::Public)
        .await
        .unwrap()[0]
        .entry;
    let held = async |db| bodies::load(db, [Some(entry)]).await.unwrap().remove(0);
    assert!(held(&store.db).await.is_some() && held(&other).await.is_some());

    let statements = other.statements();
    assert!(held(&other).await.is_some(), "kept in memory");
    assert_eq!(other.statements(), statements);
    store
        .put_innovation(record(2), 2, &innovation("Baru", record(1)))
        .await;
    assert!(held(&store.db).await.is_none());
    other.refresh().await.unwrap();
    assert!(held(&other).await.is_none());
}

/// The writer has chosen its log and waits for the lock while another one begins the next log.
async fn nothing_is_written_to_a_log_that_was_just_followed_by_a_new_one(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    for number in 1..=20 {
        let old = logs::own_log(&store.db).await.unwrap().unwrap();
        let size = heads::edge(&store.db, &old).await.unwrap().size();
        let now = store.now();
        halt::set(&store.db, Halt::Behind, now).await.unwrap();
        let dinas = agency("Dinas Satu", None);
        let draft = put(record(number), 1, Kind::AGENCY, &dinas, now);
        let (db, key) = (&store.db, &store.key);
        let reopening = reopen(
            db,
            key,
            Occasion::Halted {
                judged: None,
                noted: None,
            },
            &store.clock,
            &SystemEntropy,
        );
        let writing = store.try_issue(vec![draft]);
        let (reopened, written) = tokio::join!(reopening, writing);
        let new = reopened.unwrap().expect("the hub was halted");
        let held = heads::edge(&store.db, &old).await.unwrap().size();
        assert_eq!(held, size, "{old} is longer than {new} says");
        let held = heads::edge(&store.db, &new).await.unwrap().size();
        assert_eq!(held, 1 + u64::from(written.is_ok()), "{written:?}");
    }
}

/// SQLite leaves what is deleted in free pages of its file, unless it is told to overwrite it.
#[tokio::test]
async fn what_is_erased_is_in_no_page_of_the_file() {
    let store = Store::fresh(Backend::Sqlite, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    let title = "RAHASIA yang dihapus";
    store
        .put_innovation(record(2), 1, &innovation(title, record(1)))
        .await;
    let file = store.site().folder().join("simpul.db");
    let store = store.reopened().await;
    let holds = |text: &str| {
        let bytes = std::fs::read(&file).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds(title));
    store.delete(record(2), 2, Kind::INNOVATION).await;
    store.db.close().await.unwrap();
    assert!(!holds(title) && !holds("rahasia yang"));
}

async fn what_is_written_is_read_back(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let body = innovation("Perpustakaan \u{1F4DA} 'keliling' \\", record(1));
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", Some("13.76")))
        .await;
    store.put_innovation(record(2), 1, &body).await;

    let ids = [(store.db.hub().clone(), record(2))];
    let place = innovations::find_many(&store.db, &ids, Sight::Public)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((place.key.place(), place.entry.place()), (1, 1));
    let owner = place.agency.unwrap();
    let read = bodies::load(&store.db, [Some(place.entry), None, Some(owner)])
        .await
        .unwrap();
    let [Some(said), None, Some(owner)] = &read[..] else {
        panic!("{read:?}");
    };
    assert!(
        matches!(&owner.content, Content::Agency(agency) if agency.name.as_str() == "Dinas Satu")
    );
    let Content::Innovation(shown) = &said.content else {
        panic!("an innovation was written");
    };
    assert_eq!(domain::catalog::InnovationDraft::from(&**shown), body);
    assert_eq!(said.revision, 1);

    let (payload, header) = entry(&store, 1).await;
    let header = Header::parse(&header).unwrap();
    assert!(header.commits_to(&payload.unwrap()));
    let receipt = logs::receipt(&store.db, store.db.hub(), record(2), Sight::Public)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(receipt.verify(&store.key.public()).unwrap().header, header);
    assert_eq!(store.faults().await, NONE);
}

/// The payload and header of the hub's own entry at a place.
async fn entry(store: &Store, place: u64) -> (Option<String>, String) {
    let bounds = PageBounds {
        entries: 1,
        bytes: MAX_PAGE_BYTES,
    };
    let page = read::page(&store.db, &store.log, place, bounds, Sight::Public).await;
    let entry = page.unwrap().unwrap().entries.remove(0);
    (entry.payload, entry.header)
}

async fn superseded_and_deleted_payloads_are_gone(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    for (revision, title) in [(1, "First"), (2, "Second")] {
        store
            .put_innovation(record(2), revision, &innovation(title, record(1)))
            .await;
    }
    store
        .put_innovation(record(3), 1, &innovation("Other", record(1)))
        .await;
    // What is in memory must go as well, so it is brought there first.
    let places = innovations::find_many(
        &store.db,
        &[(store.db.hub().clone(), record(3))],
        Sight::Public,
    )
    .await
    .unwrap();
    let entry_of_three = [Some(places[0].entry)];
    let read = bodies::load(&store.db, entry_of_three).await.unwrap();
    assert!(read[0].is_some());
    store.delete(record(3), 2, Kind::INNOVATION).await;

    let held = read::payloads(&store.db, &store.log, &[0, 1, 2, 3, 4], Sight::Public)
        .await
        .unwrap();
    let held: Vec<u64> = held.into_iter().map(|(place, _)| place).collect();
    assert_eq!(held, [0, 2], "the agency and the second revision");
    assert!(entry(&store, 1).await.0.is_none());
    let read = bodies::load(&store.db, entry_of_three).await.unwrap();
    assert!(read[0].is_none());
    let header = Header::parse(&entry(&store, 4).await.1).unwrap();
    assert!(matches!(header.operation, Operation::Delete { .. }));
    assert_eq!(store.dump().await.table("innovation").len(), 1);
    assert_eq!(store.faults().await, NONE);
}

async fn only_the_next_revision_is_taken(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    store
        .put_agency(record(1), 2, &agency("Dinas Dua", None))
        .await;
    let before = (
        store.dump().await,
        store.size(&store.log).await,
        store.db.refresh().await.unwrap(),
    );
    for (revision, held) in [(1, 2), (2, 2), (4, 2)] {
        let body = agency("Dinas Tiga", None);
        let draft = put(record(1), revision, Kind::AGENCY, &body, store.now());
        let error = store.try_issue(vec![draft]).await.unwrap_err();
        assert!(
            matches!(error, StorageError::Conflict { held: found, expected, .. } if found == held && expected == revision - 1),
            "revision {revision}: {error}"
        );
    }
    let after = (
        store.dump().await,
        store.size(&store.log).await,
        store.db.refresh().await.unwrap(),
    );
    assert_eq!(after, before);
}

async fn a_batch_is_taken_whole_or_not_at_all(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let at = store.now();
    let good = || {
        vec![
            put(
                record(1),
                1,
                Kind::AGENCY,
                &agency("Dinas Satu", Some("13")),
                at,
            ),
            put(
                record(2),
                1,
                Kind::INNOVATION,
                &innovation("First", record(1)),
                at,
            ),
            put(
                record(2),
                2,
                Kind::INNOVATION,
                &innovation("Second", record(1)),
                at,
            ),
            put(
                record(3),
                1,
                Kind::INNOVATION,
                &innovation("Third", record(1)),
                at,
            ),
            delete(record(3), 2, Kind::INNOVATION, at),
        ]
    };
    let mut bad = good();
    bad.push(put(
        record(4),
        7,
        Kind::AGENCY,
        &agency("Dinas Tujuh", None),
        at,
    ));
    assert!(store.try_issue(bad).await.is_err());
    assert_eq!(store.size(&store.log).await, 0);
    assert_eq!(store.dump().await.table("agency").len(), 0);

    assert_eq!(store.issue(good()).await.entries.len(), 5);
    let dump = store.dump().await;
    assert_eq!(
        (dump.table("agency").len(), dump.table("innovation").len()),
        (1, 1)
    );
    assert!(
        dump.table("innovation")[0].contains("|13|second|"),
        "{dump:?}"
    );
    assert_eq!(store.faults().await, NONE);
}

async fn writers_at_the_same_time_take_turns(backend: Backend) {
    const EACH: u128 = 10;
    let store = Store::fresh(backend, "hub-a").await;
    let other = store.another_handle().await;
    let entropy = testkit::entropy::SeededEntropy::new(1);
    let write = async |db: &storage::Database, number: u128| {
        let draft = put(
            record(number),
            1,
            Kind::AGENCY,
            &agency(&format!("Dinas {number}"), None),
            store.now(),
        );
        logs::issue(db, &store.key, vec![draft], &store.clock, &entropy)
            .await
            .unwrap()
            .position
    };
    let mut positions = futures_util::future::join_all(
        (0..2 * EACH).map(|number| write(if number % 2 == 0 { &store.db } else { &other }, number)),
    )
    .await;
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(
        positions.len() as u128,
        2 * EACH,
        "every commit has a position of its own"
    );
    assert_eq!(u128::from(store.size(&store.log).await), 2 * EACH);
    assert_eq!(store.dump().await.table("agency").len() as u128, 2 * EACH);
    assert_eq!(store.faults().await, NONE);
}

async fn a_commit_is_told_and_moves_the_head(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let mut watch = store.db.watch();
    let before = *watch.borrow_and_update();
    let token = heads::token(&store.db).await.unwrap();
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    assert!(watch.has_changed().unwrap());
    assert!(*watch.borrow_and_update() > before);
    assert_ne!(heads::token(&store.db).await.unwrap(), token);
    let changed = heads::list_proved_after(&store.db, before, None, 10);
    let (changed, _) = changed.await.unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!((&changed[0].log, changed[0].size), (&store.log, 1));
    let nothing = heads::list_proved_after(&store.db, changed[0].position, None, 10);
    assert_eq!(nothing.await.unwrap(), (vec![], false));

    let other = store.another_handle().await;
    store
        .put_agency(record(2), 1, &agency("Dinas Dua", None))
        .await;
    let mut elsewhere = other.watch();
    elsewhere.mark_unchanged();
    other.refresh().await.unwrap();
    assert!(
        elsewhere.has_changed().unwrap(),
        "a commit of another process is noticed"
    );
}
