//! Going on in a next log, and proving what it accepts of the one before.

use std::sync::Arc;

use domain::entry::{Kind, Sight};
use domain::healing::Halt;
use domain::identity::{Epoch, LogId};
use domain::log::{Accepted, Checkpoint, LogState, MAX_PAGE_BYTES, Opening, RawEntry};
use node::system::{SystemClock, SystemEntropy};
use serde_json::json;
use storage::agencies::{self, AgencyFilter};
use storage::logs::aside::{self, Reason};
use storage::logs::read::{self, PageBounds};
use storage::logs::reopening::{Occasion, Reissued, contested, reissue, reopen};
use storage::logs::{heads, succession, watching};
use storage::{halt, pins};
use sync::plan::Quota;
use sync::round::Puller;
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, key_of, put, record};
use testkit::{Backend, Store};

on_both_databases! {
    a_hub_follows_what_it_holds_and_passes_over_what_it_only_heard_of,
    what_a_next_log_accepts_is_proved_by_what_came_with_it,
    a_checkpoint_of_another_key_that_came_with_it_proves_nothing,
    an_earlier_log_of_which_two_histories_are_out_is_settled_as_well,
    a_deletion_that_a_later_log_overlooks_is_said_again,
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
    pins::add(&store.db, &hub, &key_of(&hub).public(), store.now(), None)
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

/// A log of this hub that it wrote before it was put back: it goes on where the hub's first log ends.
fn lost_log(store: &Store, epoch: u64, accepted: &Accepted) -> Forge {
    let opening = Opening {
        previous: store.log.epoch,
        accepted: *accepted,
        checkpoint: None,
    };
    let mut lost = Forge::of_epoch(store.db.hub().as_str(), epoch);
    let body = serde_json::from_str(&opening.to_body()).unwrap();
    lost.put(
        record(100 + u128::from(epoch)),
        1,
        Kind::EPOCH,
        &body,
        |_| {},
    );
    lost
}

/// A hub with one agency, and how much of its first log that is.
async fn with_agency(backend: Backend) -> (Store, Accepted) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    let edge = heads::edge(&store.db, &store.log).await.unwrap();
    let accepted = Accepted {
        size: edge.size(),
        root: edge.root(),
    };
    (store, accepted)
}

/// Another history of the second log is out, and the third passes it over.
async fn an_earlier_log_of_which_two_histories_are_out_is_settled_as_well(backend: Backend) {
    let (store, accepted) = with_agency(backend).await;
    let mut second = lost_log(&store, 2, &accepted);
    store.apply(second.page()).await.unwrap();
    let mut third = lost_log(&store, 3, &accepted);
    store.apply(third.page()).await.unwrap();
    let (db, now) = (&store.db, store.now());
    assert_eq!(contested(db).await.unwrap(), []);
    let other = put(record(2), 1, Kind::AGENCY, &agency("Dinas Dua", None), now);
    let other = other.seal(&SystemEntropy).unwrap();
    let other = RawEntry {
        header: other.header_text,
        payload: other.payload,
    };
    let kept = aside::keep_branch(db, second.log(), 1, vec![other], Reason::Branch, now);
    kept.await.unwrap();
    assert_eq!(contested(db).await.unwrap(), [second.log().epoch]);

    halt::set(db, Halt::Forked, now).await.unwrap();
    let before = *db.watch().borrow();
    let occasion = Occasion::Halted {
        judged: None,
        noted: None,
    };
    let next = reopen(db, &store.key, occasion, &store.clock, &SystemEntropy).await;
    let next = next.unwrap().expect("the hub was halted");
    let previous = async |log: &LogId| {
        let opening = succession::opening(db, log).await.unwrap().unwrap();
        opening.previous
    };
    assert_eq!(previous(&next).await, third.log().epoch);
    assert_eq!(contested(db).await.unwrap(), []);
    let settled = heads::find(db, second.log()).await.unwrap().unwrap();
    let (_, by) = settled.accepted.expect("a later log says how much counts");
    assert!(third.log().epoch < by && by < next.epoch, "{by}");
    // What one commit changed comes together, whatever is asked for, so that nothing lies between two pages.
    for limit in [1, 2, 10] {
        let changed = heads::list_proved_after(db, before, None, limit);
        let (changed, has_more) = changed.await.unwrap();
        let epochs: Vec<u64> = changed.iter().map(|head| head.log.epoch.get()).collect();
        assert_eq!(epochs, [2, 3, by.get(), next.epoch.get()]);
        assert!(!has_more);
    }
    assert_eq!(store.faults().await, Vec::<String>::new());
}

async fn agencies_shown(store: &Store) -> u64 {
    let all = AgencyFilter::default();
    agencies::count(&store.db, &all).await.unwrap()
}

/// A record was deleted in the second log; the third, which says more of it, was written before that.
async fn a_deletion_that_a_later_log_overlooks_is_said_again(backend: Backend) {
    for is_deletion_first in [true, false] {
        let (store, accepted) = with_agency(backend).await;
        let mut second = lost_log(&store, 2, &accepted);
        second.delete(record(1), 2, Kind::AGENCY);
        let mut third = lost_log(&store, 3, &accepted);
        let draft = serde_json::to_value(agency("Dinas Satu Atap", None)).unwrap();
        third.put(record(1), 2, Kind::AGENCY, &draft, |_| {});
        let mut pages = [second.page(), third.page()];
        if !is_deletion_first {
            pages.reverse();
        }
        for page in pages {
            store.apply(page).await.unwrap();
        }
        assert_eq!(agencies_shown(&store).await, 1);
        let (db, key, clock) = (&store.db, &store.key, &store.clock);
        let done = reissue(db, key, clock, &SystemEntropy).await.unwrap();
        assert_eq!((done.issued, done.conflicts), (1, 0));
        assert_eq!(agencies_shown(&store).await, 0);
        let done = reissue(db, key, clock, &SystemEntropy).await.unwrap();
        assert_eq!(done, Reissued::default());
        assert_eq!(store.faults().await, Vec::<String>::new());
    }
}
