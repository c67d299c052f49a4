//! What hubs' next logs leave out is kept for the hubs that wrote it.

use domain::entry::Kind;
use domain::log::{Frontier, Hash, MAX_PAGE_BYTES, Page, PageError};
use domain::trust::{Trust, TrustedKey};
use storage::logs::read::PageBounds;
use storage::logs::{cutting, heads, left_out};
use testkit::forge::Forge;
use testkit::records::{innovation, key_of, put, record};
use testkit::store::trust_of;
use testkit::{Backend, Store};
use time::{Duration, OffsetDateTime};

use super::NONE;

on_both_databases! {
    what_is_cut_can_be_proved_from_where_it_parts,
    no_more_than_a_few_stretches_are_kept,
    what_the_log_has_again_is_not_kept_beside_it,
    what_closed_keys_signed_takes_no_room,
    what_is_deleted_goes_there_too,
    what_the_next_log_says_anew_at_once_is_kept_as_it_was,
}

/// More entries than a tile is wide, several times.
const ENTRIES: u64 = 700;

async fn origin_and_holder(backend: Backend) -> (Store, Store) {
    let origin = Store::fresh(backend, "hub-o").await;
    let drafts = (1..=u128::from(ENTRIES)).map(|number| {
        let body = innovation(&format!("Title {number}"), record(1));
        put(record(number), 1, Kind::INNOVATION, &body, origin.now())
    });
    origin.issue(drafts.collect()).await;
    let holder = Store::fresh(backend, "hub-p").await;
    holder.pull(&origin, &origin.log, 500).await;
    (origin, holder)
}

async fn cut(holder: &Store, origin: &Store, size: u64) {
    let held = heads::edge(&holder.db, &origin.log).await.unwrap();
    let cut = cutting::cut(&holder.db, &origin.log, &held, size, holder.now()).await;
    assert!(cut.unwrap() > 0, "something is cut at {size}");
    assert_eq!(holder.faults().await, NONE);
}

/// A tree of the same size with other leaves.
fn untrue(before: &Frontier) -> Frontier {
    let roots = before.roots().iter().map(|root| Hash::of(root.as_bytes()));
    Frontier::new(before.size(), roots.collect()).unwrap()
}

/// Fetches a stretch in pages of so many entries, as its hub would, and gives how many payloads came.
async fn fetch(holder: &Store, origin: &Store, stretch: &left_out::LeftOut, entries: u64) -> usize {
    let hub = &origin.log.hub;
    let before = left_out::before(&holder.db, stretch).await.unwrap();
    let mut before = before.expect("the tree before it is kept");
    let bounds = PageBounds {
        entries,
        bytes: MAX_PAGE_BYTES,
    };
    let mut payloads = 0;
    loop {
        let page = left_out::page(&holder.db, hub, stretch.id, before.size(), bounds).await;
        let page = page.unwrap().expect("the stretch is kept");
        let checkpoint = trust_of(hub).open(&page.checkpoint).unwrap();
        let (entries, proof) = (page.entries, page.proof);
        let page = Page { entries, proof };
        let refused = page.clone().verify_beside(untrue(&before), &checkpoint);
        assert!(matches!(refused, Err(PageError::NotConsistent { .. })));
        let page = page.verify_beside(before, &checkpoint).unwrap();
        let kept = page.entries.iter().filter(|entry| entry.payload.is_some());
        payloads += kept.count();
        before = page.end;
        if before.size() == checkpoint.size() {
            return payloads;
        }
    }
}

async fn what_is_cut_can_be_proved_from_where_it_parts(backend: Backend) {
    let (origin, holder) = origin_and_holder(backend).await;
    cut(&holder, &origin, 600).await;
    let kept = left_out::list(&holder.db, &origin.log.hub).await.unwrap();
    let extents: Vec<_> = kept.iter().map(|kept| (kept.start, kept.size)).collect();
    assert_eq!(extents, [(600, 700)]);
    assert_eq!(fetch(&holder, &origin, &kept[0], 33).await, 100);

    // Cut once more, further down: what was kept before is proved from there.
    cut(&holder, &origin, 250).await;
    let kept = left_out::list(&holder.db, &origin.log.hub).await.unwrap();
    let extents: Vec<_> = kept.iter().map(|kept| (kept.start, kept.size)).collect();
    assert_eq!(extents, [(250, 700)], "what is not proved is not kept");
    assert_eq!(fetch(&holder, &origin, &kept[0], 100).await, 450);

    // The log may grow again beside it.
    holder.pull(&origin, &origin.log, 500).await;
    assert_eq!(fetch(&holder, &origin, &kept[0], 500).await, 450);
    let bounds = PageBounds {
        entries: 10,
        bytes: MAX_PAGE_BYTES,
    };
    let (hub, other) = (&origin.log.hub, holder.db.hub());
    for (hub, from) in [(other, 250), (hub, 249), (hub, 701)] {
        let page = left_out::page(&holder.db, hub, kept[0].id, from, bounds).await;
        assert!(page.unwrap().is_none(), "{from} is not given to {hub}");
    }
}

/// Begins the log that all histories share.
fn shared() -> Forge {
    let mut log = Forge::of("hub-o");
    let body = serde_json::to_value(innovation("Shared", record(1))).unwrap();
    log.put(record(1), 1, Kind::INNOVATION, &body, |_| {});
    log
}

/// Lets the holder take another history of the log, with so many entries of its own, and cut it.
async fn part(holder: &Store, number: u128, entries: u128, now: OffsetDateTime) {
    let mut log = shared();
    log.page();
    for entry in 0..entries {
        log.delete(record(1000 * number + entry), 1, "strange");
    }
    holder.apply(log.page()).await.unwrap();
    let held = heads::edge(&holder.db, log.log()).await.unwrap();
    let cut = cutting::cut(&holder.db, log.log(), &held, 1, now).await;
    assert_eq!(u128::from(cut.unwrap()), entries);
}

async fn sizes(holder: &Store) -> Vec<i64> {
    let hub = Forge::of("hub-o").log().hub.clone();
    let kept = left_out::list(&holder.db, &hub).await.unwrap();
    kept.iter().map(|kept| kept.size).collect()
}

async fn no_more_than_a_few_stretches_are_kept(backend: Backend) {
    let holder = Store::fresh(backend, "hub-p").await;
    holder.apply(shared().page()).await.unwrap();
    for number in 1..=10 {
        part(&holder, number, number, holder.now()).await;
    }
    assert_eq!(sizes(&holder).await, [9, 8, 7, 6, 5, 4, 3, 2]);
    let later = holder.now() + Duration::days(91);
    part(&holder, 11, 11, later).await;
    assert_eq!(sizes(&holder).await, [12, 9, 8, 7, 6, 5, 4, 3]);
}

async fn what_the_log_has_again_is_not_kept_beside_it(backend: Backend) {
    let (origin, holder) = origin_and_holder(backend).await;
    for size in [690, 692, 691] {
        cut(&holder, &origin, size).await;
        let kept = left_out::list(&holder.db, &origin.log.hub).await.unwrap();
        let extents: Vec<_> = kept.iter().map(|kept| (kept.start, kept.size)).collect();
        assert_eq!(extents, [(i64::try_from(size).unwrap(), 700)]);
        let entries = left_out::count(&holder.db, &origin.log).await.unwrap();
        assert_eq!(entries, 700 - size);
        assert_eq!(
            fetch(&holder, &origin, &kept[0], 500).await,
            700 - usize::try_from(size).unwrap()
        );
        holder.pull(&origin, &origin.log, 500).await;
    }
}

/// A thief makes up logs, and openings that let others cut them; then the key is closed.
async fn what_closed_keys_signed_takes_no_room(backend: Backend) {
    let holder = Store::fresh(backend, "hub-p").await;
    holder.apply(shared().page()).await.unwrap();
    part(&holder, 1, 3, holder.now()).await;
    for number in 2..12 {
        part(&holder, number, 9, holder.now()).await;
    }
    assert_eq!(sizes(&holder).await, [10, 10, 10, 10, 10, 10, 10, 4]);
    for epoch in 2..12 {
        let mut log = Forge::of_epoch("hub-o", epoch);
        log.delete(record(u128::from(epoch)), 1, "strange");
        holder.apply(log.page()).await.unwrap();
        let held = heads::edge(&holder.db, log.log()).await.unwrap();
        let cut = cutting::cut_doubtful(&holder.db, log.log(), &held, 0, holder.now()).await;
        assert_eq!(cut.unwrap(), 1);
    }
    assert_eq!(sizes(&holder).await, [10, 10, 10, 10, 10, 10, 10, 4]);

    let log = shared().log().clone();
    let key = key_of(&log.hub).public();
    let mut trust = Trust::new(log.network);
    let closed = TrustedKey {
        until: Some(4),
        ..TrustedKey::always(key)
    };
    trust.add(log.hub, closed);
    left_out::forget_doubtful(&holder.db, &trust).await.unwrap();
    assert_eq!(sizes(&holder).await, [4]);
}

async fn what_is_deleted_goes_there_too(backend: Backend) {
    let (origin, holder) = origin_and_holder(backend).await;
    cut(&holder, &origin, 600).await;
    let other = Store::fresh(backend, "hub-q").await;
    other
        .put_innovation(record(650), 1, &innovation("Of another", record(1)))
        .await;
    other.delete(record(650), 2, Kind::INNOVATION).await;
    holder.pull(&other, &other.log, 10).await;
    let kept = left_out::list(&holder.db, &origin.log.hub).await.unwrap();
    let payloads = fetch(&holder, &origin, &kept[0], 500).await;
    assert_eq!(payloads, 100, "another hub deletes nothing of theirs");

    origin.delete(record(650), 2, Kind::INNOVATION).await;
    holder.pull(&origin, &origin.log, 500).await;
    assert_eq!(fetch(&holder, &origin, &kept[0], 500).await, 99);
}

/// A hub that was put back says the same records anew in its next log, in the page that begins it.
async fn what_the_next_log_says_anew_at_once_is_kept_as_it_was(backend: Backend) {
    let said = |title: &str| serde_json::to_value(innovation(title, record(9))).unwrap();
    let mut old = Forge::of("hub-o");
    old.put(record(1), 1, Kind::INNOVATION, &said("Known"), |_| {});
    let known = old.grown();
    old.put(record(1), 2, Kind::INNOVATION, &said("Forgotten"), |_| {});
    old.put(record(2), 1, Kind::INNOVATION, &said("Deleted"), |_| {});
    let holder = Store::fresh(backend, "hub-p").await;
    holder.apply(old.page()).await.unwrap();

    let mut next = old.reopened(2, record(3), &known);
    next.put(record(1), 2, Kind::INNOVATION, &said("Anew"), |_| {});
    next.delete(record(2), 1, Kind::INNOVATION);
    holder.apply(next.page()).await.unwrap();

    assert_eq!(holder.faults().await, NONE);
    let kept = left_out::list(&holder.db, &old.log().hub).await.unwrap();
    let bounds = PageBounds {
        entries: 10,
        bytes: MAX_PAGE_BYTES,
    };
    let page = left_out::page(&holder.db, &old.log().hub, kept[0].id, 1, bounds).await;
    let entries = page.unwrap().expect("the stretch is kept").entries;
    let payloads: Vec<_> = entries
        .iter()
        .map(|entry| entry.payload.as_deref())
        .collect();
    let [Some(forgotten), None] = payloads[..] else {
        panic!("the first is kept and the deleted one is not: {payloads:?}");
    };
    assert!(forgotten.contains("Forgotten"), "{forgotten}");
}
