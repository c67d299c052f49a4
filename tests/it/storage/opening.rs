//! Whose database it is, and coming back to it.

use domain::identity::NetworkId;
use storage::{Database, Owner, StorageError};
use testkit::records::{agency, hub_id, innovation, record};
use testkit::store::{NETWORK, open};
use testkit::{Backend, Store};
use uuid::Uuid;

use super::NONE;

on_both_databases! {
    a_reopened_database_continues_where_it_was,
    another_hubs_database_is_refused,
}

async fn a_reopened_database_continues_where_it_was(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", Some("13")))
        .await;
    store
        .put_innovation(record(2), 1, &innovation("One", record(1)))
        .await;
    let (dump, position, id) = (
        store.dump().await,
        store.db.refresh().await.unwrap(),
        store.db.store(),
    );

    let store = store.reopened().await;
    assert_eq!(store.dump().await, dump);
    assert_eq!(*store.db.watch().borrow(), position);
    assert_eq!(store.db.store(), id, "a cursor of before stays valid");
    store
        .put_innovation(record(2), 2, &innovation("Two", record(1)))
        .await;
    assert_eq!(store.size(&store.log).await, 3);
    assert_eq!(store.faults().await, NONE);
    assert!(store.db.refresh().await.unwrap() > position);
}

async fn another_hubs_database_is_refused(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let error = open(store.site(), "hub-b").await.unwrap_err();
    assert!(matches!(error, StorageError::OtherHub { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "the database belongs to hub hub-a of network {NETWORK}, not to hub-b of {NETWORK}; check [hub] in the settings"
        )
    );

    let owner = Owner {
        network: NetworkId::parse("elsewhere").unwrap(),
        hub: hub_id("hub-a"),
    };
    let error = Database::open(store.site().location(), owner, Uuid::from_u128(9))
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::OtherHub { .. }), "{error}");
    assert!(open(store.site(), "hub-a").await.is_ok());
}

#[tokio::test]
async fn a_postgres_that_confirms_before_it_has_written_is_refused() {
    let site = Backend::Postgres.site().await;
    let (server, name) = (site.server().unwrap(), site.database_name());
    let off = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    server.execute("postgres", &off).await;
    let error = open(&site, "hub-a").await.unwrap_err();
    assert!(matches!(error, StorageError::NotDurable), "{error}");

    let on = format!("ALTER DATABASE {name} SET synchronous_commit = on");
    server.execute("postgres", &on).await;
    assert!(open(&site, "hub-a").await.is_ok());
}
