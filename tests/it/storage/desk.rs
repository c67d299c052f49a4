//! Writes that are handed in at the same time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::entry::{EntryDraft, Kind};
use futures_util::future::join_all;
use node::system::SystemEntropy;
use storage::local::Local;
use storage::logs::Issued;
use storage::logs::desk::{Author, Desk};
use storage::{StorageError, agencies};
use testkit::records::{agency, put, record};
use testkit::{Backend, Store};

on_both_databases! {
    writes_that_wait_go_into_one_commit,
    a_write_that_is_refused_takes_no_other_along,
    more_than_one_transaction_takes_is_written_by_several,
    while_much_is_read_transactions_begin_apart,
}

fn draft(store: &Store, number: u128, revision: u64) -> EntryDraft {
    let said = agency(&format!("Dinas {number}"), None);
    put(record(number), revision, Kind::AGENCY, &said, store.now())
}

/// Hands in writes at the same time, in their order.
async fn hand_in(store: &Store, writes: Vec<Vec<EntryDraft>>) -> Vec<Result<Issued, StorageError>> {
    hand_in_at(&Desk::default(), store, writes).await
}

async fn hand_in_at(
    desk: &Desk,
    store: &Store,
    writes: Vec<Vec<EntryDraft>>,
) -> Vec<Result<Issued, StorageError>> {
    let author = Author {
        key: &store.key,
        clock: &store.clock,
        entropy: &SystemEntropy,
    };
    let writes = writes.into_iter();
    join_all(writes.map(|drafts| desk.issue(&store.db, &author, drafts, Local::default()))).await
}

async fn shown(store: &Store) -> u64 {
    let all = agencies::AgencyFilter::default();
    agencies::count(&store.db, &all).await.unwrap()
}

async fn writes_that_wait_go_into_one_commit(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let before = store.db.newest_position().await.unwrap();
    // The third write has two entries.
    let mut writes: Vec<_> = (1..=20)
        .map(|number| vec![draft(&store, number, 1)])
        .collect();
    writes[2].push(draft(&store, 100, 1));
    let written = hand_in(&store, writes).await;
    let written: Vec<Issued> = written.into_iter().collect::<Result<_, _>>().unwrap();
    let positions: Vec<u64> = written.iter().map(|it| it.position - before).collect();
    assert_eq!(positions[0], 1, "the first waits for nobody");
    assert_eq!(positions[1..], [2; 19], "the others go together");
    let keys = written.iter().flat_map(|it| &it.entries);
    let keys: Vec<i64> = keys.map(|key| key.get()).collect();
    assert!(keys.is_sorted_by(|one, next| one + 1 == *next), "{keys:?}");
    assert_eq!((keys.len(), shown(&store).await), (21, 21));
    assert_eq!(written[2].entries.len(), 2);
    assert_eq!(store.faults().await, super::NONE);
}

async fn a_write_that_is_refused_takes_no_other_along(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let writes = vec![
        vec![draft(&store, 1, 1)],
        vec![draft(&store, 2, 1)],
        vec![draft(&store, 1, 2)],
        // Somebody else was faster, and one that revises what is not there.
        vec![draft(&store, 1, 2)],
        vec![draft(&store, 3, 1), draft(&store, 4, 2)],
        vec![draft(&store, 5, 1)],
    ];
    let written = hand_in(&store, writes).await;
    let told: Vec<_> = written.iter().map(Result::is_ok).collect();
    assert_eq!(told, [true, true, true, false, false, true], "{written:?}");
    for refused in [&written[3], &written[4]] {
        assert!(
            matches!(refused, Err(StorageError::Conflict { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(shown(&store).await, 3, "agencies 1, 2 and 5");
    assert_eq!(store.faults().await, super::NONE);
}

async fn more_than_one_transaction_takes_is_written_by_several(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let writes = (1..=600).map(|number| vec![draft(&store, number, 1)]);
    let written = hand_in(&store, writes.collect()).await;
    let written: Vec<Issued> = written.into_iter().collect::<Result<_, _>>().unwrap();
    let positions: BTreeSet<u64> = written.iter().map(|it| it.position).collect();
    assert_eq!(positions.len(), 4, "1, twice 257, and the rest");
    assert_eq!(shown(&store).await, 600);
}

async fn while_much_is_read_transactions_begin_apart(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let desk = Desk::default();
    let write = async |number| {
        // So many are much for minutes.
        (0..100_000).for_each(|_| store.db.traffic().note_request());
        let written = hand_in_at(&desk, &store, vec![vec![draft(&store, number, 1)]]).await;
        assert!(written[0].is_ok(), "{written:?}");
    };
    write(1).await;
    // After this while it is looked how much is read.
    tokio::time::sleep(Duration::from_millis(260)).await;
    let begun = Instant::now();
    for number in 2..=4 {
        write(number).await;
    }
    let passed = begun.elapsed();
    assert!(passed >= Duration::from_millis(60), "{passed:?}");
    // Several that wait are written all the same.
    let writes = (5..=9).map(|number| vec![draft(&store, number, 1)]);
    let written = hand_in_at(&desk, &store, writes.collect()).await;
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    assert_eq!(shown(&store).await, 9);
}
