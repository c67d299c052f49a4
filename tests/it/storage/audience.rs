//! What is kept and shown of another hub's records that are not for everybody.

use domain::entry::{Kind, Sight};
use domain::log::LogState;
use serde_json::{Value, json};
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use storage::logs::{audience, fill, heads};
use storage::{agencies, pins};
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, key_of, profile, record};
use testkit::{Backend, Store};

use super::NONE;

on_both_databases! {
    an_agency_for_the_network_tells_strangers_nothing_through_what_is_public,
    what_may_be_kept_follows_trust,
    what_a_hub_says_of_itself_is_public_or_counts_for_nothing,
}

fn body(draft: &impl serde::Serialize) -> Value {
    serde_json::to_value(draft).unwrap()
}

fn network(header: &mut Value) {
    header["audience"] = json!("network");
}

/// A log with an agency for the network, and with innovations of it: one for everybody, one for the network, and one of
/// an audience of a newer version.
fn forge() -> Forge {
    let mut forge = Forge::of("hub-o");
    let owner = body(&agency("Dinas Rahasia", Some("13")));
    forge.put(record(1), 1, Kind::AGENCY, &owner, network);
    let said = |title: &str| body(&innovation(title, record(1)));
    forge.put(record(2), 1, Kind::INNOVATION, &said("Open"), |_| {});
    forge.put(record(3), 1, Kind::INNOVATION, &said("Hidden"), network);
    let later = |header: &mut Value| header["audience"] = json!("group:7");
    forge.put(record(4), 1, Kind::INNOVATION, &said("Later"), later);
    forge
}

async fn pinning(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-p").await;
    let hub = hub_id("hub-o");
    let pinned = pins::add(&store.db, &hub, &key_of(&hub).public(), store.now(), None).await;
    pinned.unwrap();
    store
}

async fn seen(store: &Store, sight: Sight, region: Option<&str>) -> (Vec<(u128, bool)>, u64) {
    let filter = InnovationFilter {
        region: region.map(|code| domain::catalog::RegionCode::parse(code).unwrap()),
        sight,
        ..InnovationFilter::default()
    };
    let stretch = Stretch {
        order: Order::Published,
        direction: Direction::Ascending,
        after: None,
        before: None,
        limit: 10,
    };
    let listed = innovations::list(&store.db, &filter, &stretch)
        .await
        .unwrap();
    let place = |place: &innovations::InnovationRef| {
        (place.record.as_uuid().as_u128(), place.agency.is_some())
    };
    let count = innovations::count(&store.db, &filter).await.unwrap();
    (listed.iter().map(place).collect(), count)
}

async fn an_agency_for_the_network_tells_strangers_nothing_through_what_is_public(
    backend: Backend,
) {
    let store = pinning(backend).await;
    let stored = store.apply(forge().page()).await.unwrap();
    assert_eq!((stored.entries, stored.missing), (4, 0));
    let nothing = (vec![], 0);
    assert_eq!(
        seen(&store, Sight::Public, None).await,
        (vec![(2, false)], 1)
    );
    assert_eq!(seen(&store, Sight::Public, Some("13")).await, nothing);
    let both = (vec![(2, true), (3, true)], 2);
    assert_eq!(seen(&store, Sight::Network, None).await, both);
    assert_eq!(
        seen(&store, Sight::Network, Some("13")).await,
        (vec![(3, true)], 1)
    );
    assert_eq!(
        seen(&store, Sight::All, None).await,
        both,
        "nobody has what is later's"
    );
    let filter = agencies::AgencyFilter::default();
    assert_eq!(agencies::count(&store.db, &filter).await.unwrap(), 0);
    assert!(
        agencies::list(&store.db, &filter, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let live = store.dump().await;
    storage::logs::rebuild::rebuild(&store.db, |_| {})
        .await
        .unwrap();
    assert_eq!(store.dump().await, live);
    assert_eq!(store.faults().await, NONE);
}

async fn what_may_be_kept_follows_trust(backend: Backend) {
    let store = Store::fresh(backend, "hub-p").await;
    let mut forge = forge();
    // Not entitled: what comes unasked is not stored, and nothing is missing.
    let stored = store.apply(forge.page()).await.unwrap();
    assert_eq!((stored.entries, stored.missing), (4, 0));
    assert_eq!(seen(&store, Sight::All, None).await.1, 1);
    let missing = async || {
        fill::list_missing(&store.db, forge.log(), 10)
            .await
            .unwrap()
    };
    assert!(missing().await.is_empty());

    let hub = hub_id("hub-o");
    pins::add(&store.db, &hub, &key_of(&hub).public(), store.now(), None)
        .await
        .unwrap();
    audience::settle(&store.db).await.unwrap();
    assert_eq!(missing().await, [0, 2]);
    let head = heads::find(&store.db, forge.log()).await.unwrap().unwrap();
    assert_eq!(head.state, LogState::Incomplete);
    assert!(pins::remove(&store.db, &hub, None).await.unwrap() > 0);
    audience::settle(&store.db).await.unwrap();
    assert!(missing().await.is_empty());

    // What was kept goes with the trust that it was kept by, and what is public stays.
    pins::add(&store.db, &hub, &key_of(&hub).public(), store.now(), None)
        .await
        .unwrap();
    audience::settle(&store.db).await.unwrap();
    let said = body(&innovation("Hidden again", record(1)));
    forge.put(record(3), 2, Kind::INNOVATION, &said, network);
    store.apply(forge.page()).await.unwrap();
    assert_eq!(
        fill::list_missing(&store.db, forge.log(), 10)
            .await
            .unwrap(),
        [0]
    );
    assert_eq!(seen(&store, Sight::All, None).await.1, 2);
    pins::remove(&store.db, &hub, None).await.unwrap();
    audience::settle(&store.db).await.unwrap();
    assert_eq!(seen(&store, Sight::All, None).await, (vec![(2, false)], 1));
    let live = store.dump().await;
    storage::logs::rebuild::rebuild(&store.db, |_| {})
        .await
        .unwrap();
    assert_eq!(store.dump().await, live);
}

async fn what_a_hub_says_of_itself_is_public_or_counts_for_nothing(backend: Backend) {
    let store = pinning(backend).await;
    let mut forge = Forge::of("hub-o");
    forge.put(
        record(1),
        1,
        Kind::HUB,
        &body(&profile("Hub Rahasia")),
        network,
    );
    store.apply(forge.page()).await.unwrap();
    let head = heads::find(&store.db, forge.log()).await.unwrap().unwrap();
    assert_eq!((head.unprojected, head.state), (1, LogState::Proved));
    let found = storage::hubs::find_many(&store.db, &[hub_id("hub-o")])
        .await
        .unwrap();
    assert_eq!(found[0].entry, None);
}
