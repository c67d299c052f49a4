//! Going on in a next log, and proving what it accepts of the one before.

use std::sync::Arc;

use domain::entry::{Kind, Sight};
use domain::healing::Halt;
use domain::identity::{Epoch, LogId};
use domain::log::{Accepted, Checkpoint, LogState, MAX_PAGE_BYTES, Opening};
use node::system::{SystemClock, SystemEntropy};
use serde_json::json;
use storage::logs::read::{self, PageBounds};
use storage::logs::reopening::{Occasion, reopen};
use storage::logs::{heads, succession, watching};
use storage::{halt, pins};
use sync::plan::Quota;
use sync::round::Puller;
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, key_of, record};
use testkit::{Backend, Store};

on_both_databases! {
    a_hub_follows_what_it_holds_and_passes_over_what_it_only_heard_of,
    what_a_next_log_accepts_is_proved_by_what_came_with_it,
    a_checkpoint_of_another_key_that_came_with_it_proves_nothing,
}

const QUOTA: Quota = Quota {
    entries: 1_000,
    bytes: 1_000_000,
};

/// The hub was put back from before it began a log, of which a peer told it.
async fn a_hub_follows_what_it_holds_and_passes_over_what_it_only_heard_of(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    let lost = LogId {
        epoch: Epoch::new(1 << 32).unwrap(),
        ..store.log.clone()
    };
    let (db, now) = (&store.db, store.now());
    watching::note_seen(db, &lost, 1, now).await.unwrap();
    halt::set(db, Halt::Behind, now).await.unwrap();
    let occasion = Occasion::Halted {
        judged: None,
        noted: None,
    };
    let next = reopen(db, &store.key, occasion, &store.clock, &SystemEntropy).await;
    let next = next.unwrap().expect("the hub was halted");
    assert!(next.epoch > lost.epoch, "{next}");
    let opening = succession::opening(db, &next).await.unwrap().unwrap();
    assert_eq!(
        (opening.previous, opening.accepted.size),
        (store.log.epoch, 1)
    );
    let stated = opening.checkpoint.expect("it comes with a checkpoint");
    let held = heads::find(db, &store.log).await.unwrap().unwrap();
    assert_eq!(held.checkpoint.as_ref(), Some(&stated));
}

/// A hub that has pinned `id-13`, and holds two entries of its first log of which the next accepts one, with a checkpoint by
/// the key of some hub.
async fn cut_by_a_next_log(backend: Backend, signer: &str) -> (Store, LogId) {
    let store = Store::fresh(backend, "id-31").await;
    let hub = hub_id("id-13");
    pins::add(&store.db, &hub, &key_of(&hub).public(), store.now())
        .await
        .unwrap();
    let mut old = Forge::of("id-13");
    old.put(record(1), 1, "strange", &json!({}), |_| {});
    let accepted = Accepted {
        size: 1,
        root: old.grown().root(),
    };
    old.put(record(2), 1, "strange", &json!({}), |_| {});
    store.apply(old.page()).await.unwrap();
    let checkpoint = Checkpoint {
        log: old.log().clone(),
        size: accepted.size,
        root: accepted.root,
    };
    let opening = Opening {
        previous: old.log().epoch,
        accepted,
        checkpoint: Some(checkpoint.sign(&key_of(&hub_id(signer))).text().to_owned()),
    };
    let body = serde_json::from_str(&opening.to_body()).unwrap();
    let mut next = Forge::of_epoch("id-13", 2);
    next.put(record(9), 1, Kind::EPOCH, &body, |_| {});
    store.apply(next.page()).await.unwrap();
    let puller = Puller::new(
        store.db.clone(),
        store.key.public(),
        Arc::new(SystemClock),
        QUOTA,
    );
    puller.follow_trust().await.unwrap();
    (store, old.log().clone())
}

async fn what_a_next_log_accepts_is_proved_by_what_came_with_it(backend: Backend) {
    let (store, old) = cut_by_a_next_log(backend, "id-13").await;
    let head = heads::find(&store.db, &old).await.unwrap().unwrap();
    assert_eq!(
        (head.size, head.proved_size, head.state),
        (1, 1, LogState::Proved)
    );
    let bounds = PageBounds {
        entries: 10,
        bytes: MAX_PAGE_BYTES,
    };
    let page = read::page(&store.db, &old, 0, bounds, Sight::Public).await;
    let page = page.unwrap().expect("it is stated to others");
    assert_eq!(page.entries.len(), 1);
    assert_eq!(store.faults().await, Vec::<String>::new());
}

async fn a_checkpoint_of_another_key_that_came_with_it_proves_nothing(backend: Backend) {
    let (store, old) = cut_by_a_next_log(backend, "id-14").await;
    let head = heads::find(&store.db, &old).await.unwrap().unwrap();
    assert_eq!(
        (head.size, head.proved_size, head.state),
        (1, 0, LogState::CatchingUp)
    );
}
