//! Made-up records in a hub's memory: readable, counted apart from real ones, and about other hubs' samples where there are
//! some.

use domain::entry::{Kind, Sight};
use node::seed::{self, Plan, Samples};
use storage::innovations::{self, InnovationFilter};
use storage::items::{self, ItemFilter};
use storage::logs::unprojected;
use storage::samples::count_real;
use testkit::records::{agency, record};
use testkit::store::WHOLE_PAGES;
use testkit::{Backend, Store};

use super::NONE;
use super::projection::check_rebuild;

on_both_databases! {
    samples_are_kept_like_everything_else,
    samples_refer_to_the_samples_of_other_hubs,
}

async fn sow(store: &Store, innovations: u64) {
    let plan = Plan {
        innovations,
        related: 4,
        seed: 7,
        until: Plan::UNTIL,
    };
    let setting = seed::learn(&store.db).await.unwrap();
    for batch in Samples::new(plan, setting) {
        store.issue(batch.unwrap()).await;
    }
}

async fn items(store: &Store, kind: &'static str) -> u64 {
    let filter = ItemFilter {
        kind,
        sight: Sight::All,
        ..ItemFilter::default()
    };
    items::count(&store.db, &filter).await.unwrap()
}

async fn samples_are_kept_like_everything_else(backend: Backend) {
    let store = Store::fresh(backend, "kl-a").await;
    sow(&store, 150).await;
    assert_eq!(store.faults().await, NONE);
    let unread = unprojected::list(&store.db, &store.log, 0, 10)
        .await
        .unwrap();
    assert!(unread.is_empty(), "{unread:?}");
    let tagged = InnovationFilter {
        tags: vec!["contoh".to_owned()],
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    assert_eq!(innovations::count(&store.db, &tagged).await.unwrap(), 150);
    assert!(items(&store, Kind::REPLICATION).await > 50);
    assert_eq!(
        items(&store, Kind::ENDORSEMENT).await,
        0,
        "no hub endorses its own"
    );
    check_rebuild(&store).await;

    assert_eq!(count_real(&store.db).await.unwrap(), 0);
    store
        .put_agency(record(1), 1, &agency("Dinas Sungguhan", None))
        .await;
    assert_eq!(count_real(&store.db).await.unwrap(), 1);
}

async fn samples_refer_to_the_samples_of_other_hubs(backend: Backend) {
    let one = Store::fresh(backend, "kl-a").await;
    sow(&one, 40).await;
    let other = Store::fresh(backend, "kl-b").await;
    other.pull(&one, &one.log, WHOLE_PAGES).await;
    sow(&other, 100).await;
    assert!(items(&other, Kind::ENDORSEMENT).await > 5);
    one.pull(&other, &other.log, WHOLE_PAGES).await;
    let ours = InnovationFilter {
        hubs: vec![one.db.hub().clone()],
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    let stretch = innovations::Stretch {
        order: innovations::Order::Published,
        direction: innovations::Direction::Descending,
        after: None,
        before: None,
        limit: 100,
    };
    let listed = innovations::list(&one.db, &ours, &stretch).await.unwrap();
    let endorsed = listed.iter().filter(|place| place.counts.endorsements > 0);
    assert!(endorsed.count() > 3, "{listed:?}");
    assert_eq!(count_real(&one.db).await.unwrap(), 0);
}
