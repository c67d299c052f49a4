//! What only a closed key of this hub vouches for is kept for the operator, but not what this hub deleted.

use domain::entry::{EntryDraft, Kind};
use domain::log::RawEntry;
use node::system::SystemEntropy;
use storage::logs::aside::{self, Reason};
use testkit::records::{agency, delete, put, record};
use testkit::{Backend, Store};

on_both_databases! {
    what_was_deleted_is_not_kept_of_a_doubtful_history,
}

fn raw(draft: EntryDraft) -> RawEntry {
    let sealed = draft.seal(&SystemEntropy).unwrap();
    RawEntry {
        header: sealed.header_text,
        payload: sealed.payload,
    }
}

async fn what_was_deleted_is_not_kept_of_a_doubtful_history(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let said = |number: u128, revision: u64, name: &str| {
        let said = agency(name, None);
        put(record(number), revision, Kind::AGENCY, &said, store.now())
    };
    store
        .issue(vec![said(1, 1, "Satu"), said(2, 1, "Dua")])
        .await;
    store
        .issue(vec![delete(record(1), 2, Kind::AGENCY, store.now())])
        .await;
    let keep = async |from: u64, entries: Vec<EntryDraft>| {
        let entries = entries.into_iter().map(raw).collect();
        let kept = aside::keep_branch(
            &store.db,
            &store.log,
            from,
            entries,
            Reason::Doubtful,
            store.now(),
        );
        kept.await.unwrap();
    };
    keep(
        2,
        vec![
            said(1, 2, "Rahasia"),
            said(2, 2, "Dua lain"),
            said(3, 1, "Tiga"),
        ],
    )
    .await;
    let held = async || {
        let all = aside::list_open(&store.db, &store.log, 10).await.unwrap();
        let payloads = all.into_iter().map(|it| it.payload.is_some());
        payloads.collect::<Vec<bool>>()
    };
    assert_eq!(held().await, [false, true, true]);
    // What is deleted later goes then, and does not come back.
    store
        .issue(vec![delete(record(2), 2, Kind::AGENCY, store.now())])
        .await;
    assert_eq!(held().await, [false, false, true]);
    keep(
        2,
        vec![said(1, 2, "Rahasia sekali"), said(2, 2, "Dua lain lagi")],
    )
    .await;
    assert_eq!(held().await, [false, false, false, false, true]);
}
