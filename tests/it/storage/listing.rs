//! Lists of innovations: orders and pages.

use std::collections::BTreeSet;

use domain::entry::Kind;
use domain::identity::RecordId;
use storage::innovations::{self, Direction, InnovationFilter, InnovationRef, Order, Stretch};
use testkit::records::{agency, innovation, record};
use testkit::store::WHOLE_PAGES;
use testkit::{Backend, Store};

on_both_databases! {
    pages_show_each_record_once_while_others_arrive,
    a_page_ends_where_it_should_at_every_edge,
    orders_are_by_title_and_by_times,
}

const ORDERS: [Order; 3] = [Order::Published, Order::Updated, Order::Title];
const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

/// A hub with an agency (record 1000) and `count` innovations, numbered from 1; some share a title and a time.
async fn hub_with(backend: Backend, count: u128) -> Store {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1000), 1, &agency("Dinas", Some("13")))
        .await;
    let drafts = (1..=count).map(|number| {
        let body = innovation(&format!("Title {:02}", number / 2 % 7), record(1000));
        let at = store.clock.pass(i64::from(number % 3 == 0));
        testkit::records::put(record(number), 1, Kind::INNOVATION, &body, at)
    });
    let drafts: Vec<_> = drafts.collect();
    if !drafts.is_empty() {
        store.issue(drafts).await;
    }
    store
}

fn stretch(
    order: Order,
    direction: Direction,
    after: Option<&InnovationRef>,
    limit: u32,
) -> Stretch {
    Stretch {
        order,
        direction,
        after: after.map(|place| (place.place.clone(), place.key)),
        before: None,
        limit,
    }
}

async fn list(store: &Store, filter: &InnovationFilter, stretch: &Stretch) -> Vec<InnovationRef> {
    innovations::list(&store.db, filter, stretch)
        .await
        .expect("the list can be read")
}

/// All records in an order, read in pages of `limit`; `between` happens after each page.
async fn walk(
    store: &Store,
    order: Order,
    direction: Direction,
    limit: u32,
    mut between: impl AsyncFnMut(),
) -> Vec<RecordId> {
    let mut seen = Vec::new();
    let mut last: Option<InnovationRef> = None;
    loop {
        let page = list(
            store,
            &InnovationFilter::default(),
            &stretch(order, direction, last.as_ref(), limit),
        )
        .await;
        let Some(end) = page.last() else {
            return seen;
        };
        last = Some(end.clone());
        seen.extend(page.iter().map(|place| place.record));
        between().await;
    }
}

async fn pages_show_each_record_once_while_others_arrive(backend: Backend) {
    let store = hub_with(backend, 20).await;
    let other = Store::fresh(backend, "hub-b").await;
    other
        .put_agency(record(5000), 1, &agency("Badan", None))
        .await;
    let mut arrived = 2000;
    for order in ORDERS {
        for direction in DIRECTIONS {
            // Walking must end, so only the first pages see arrivals.
            let end = arrived + 3;
            let seen = walk(&store, order, direction, 3, async || {
                if arrived < end {
                    arrived += 1;
                    arrive(&store, &other, arrived).await;
                }
            })
            .await;
            assert_eq!(arrived, end, "records arrived between pages");
            let distinct: BTreeSet<RecordId> = seen.iter().copied().collect();
            assert_eq!(
                distinct.len(),
                seen.len(),
                "{order:?} {direction:?} shows a record twice"
            );
            let old: BTreeSet<RecordId> = (1..=20).map(record).collect();
            assert!(
                old.is_subset(&distinct),
                "{order:?} {direction:?} leaves a record out"
            );
        }
    }
}

/// One innovation of this hub, newest of all, and one of another, whose clock is behind, as pulled.
async fn arrive(store: &Store, other: &Store, number: u128) {
    let body = innovation("Title 03", record(1000));
    store.put_innovation(record(number), 1, &body).await;
    let body = innovation("Title 01", record(5000));
    other.put_innovation(record(number + 1000), 1, &body).await;
    store.pull(other, &other.log, WHOLE_PAGES).await;
}

async fn a_page_ends_where_it_should_at_every_edge(backend: Backend) {
    const PAGE: u32 = 4;
    let store = hub_with(backend, 0).await;
    let mut held = 0;
    for count in [0, 1, PAGE - 1, PAGE, PAGE + 1] {
        while held < count {
            held += 1;
            let body = innovation(&format!("Title {}", 9 - held / 2), record(1000));
            store.put_innovation(record(held.into()), 1, &body).await;
        }
        for order in ORDERS {
            check_pages(&store, order, PAGE, count as usize).await;
        }
        check_between(&store).await;
    }
}

/// Pages in either direction make up the whole.
async fn check_pages(store: &Store, order: Order, page: u32, count: usize) {
    let all = stretch(order, Direction::Ascending, None, 100);
    let whole = list(store, &InnovationFilter::default(), &all).await;
    let whole: Vec<RecordId> = whole.iter().map(|place| place.record).collect();
    assert_eq!(whole.len(), count);
    let paged = walk(store, order, Direction::Ascending, page, async || {}).await;
    assert_eq!(paged, whole, "{count} by {order:?}");
    let mut backward = walk(store, order, Direction::Descending, page, async || {}).await;
    backward.reverse();
    assert_eq!(backward, whole, "{count} by {order:?} backward");
}

/// What lies between two records is what lies behind the one and before the other.
async fn check_between(store: &Store) {
    let all = list(
        store,
        &InnovationFilter::default(),
        &stretch(Order::Title, Direction::Ascending, None, 100),
    )
    .await;
    let [first, inner @ .., last] = &all[..] else {
        return;
    };
    let mut between = stretch(Order::Title, Direction::Ascending, Some(first), 100);
    between.before = Some((last.place.clone(), last.key));
    assert_eq!(
        list(store, &InnovationFilter::default(), &between).await,
        inner
    );
}

async fn orders_are_by_title_and_by_times(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1000), 1, &agency("Dinas", None))
        .await;
    for (number, title) in [
        (1, "Économi"),
        (2, "zakat"),
        (3, "Air Bersih"),
        (4, "ekonomi 2"),
        (5, "  Bank-Sampah"),
    ] {
        store
            .put_innovation(record(number), 1, &innovation(title, record(1000)))
            .await;
    }
    store
        .put_innovation(record(1), 2, &innovation("Économi", record(1000)))
        .await;
    let by = async |order, direction| -> Vec<u128> {
        let seen = walk(&store, order, direction, 2, async || {}).await;
        seen.into_iter()
            .map(|record| record.as_uuid().as_u128())
            .collect()
    };
    assert_eq!(
        by(Order::Published, Direction::Ascending).await,
        [1, 2, 3, 4, 5]
    );
    assert_eq!(
        by(Order::Published, Direction::Descending).await,
        [5, 4, 3, 2, 1]
    );
    assert_eq!(
        by(Order::Updated, Direction::Ascending).await,
        [2, 3, 4, 5, 1]
    );
    assert_eq!(
        by(Order::Title, Direction::Ascending).await,
        [3, 5, 1, 4, 2]
    );
    assert_eq!(
        by(Order::Title, Direction::Descending).await,
        [2, 4, 1, 5, 3]
    );
}
