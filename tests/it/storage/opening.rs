//! Whose database it is, and coming back to it.

use std::time::Duration;

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
    a_database_at_rest_gives_memory_back_and_goes_on,
    closing_waits_for_who_reads_but_not_for_ever,
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

async fn a_database_at_rest_gives_memory_back_and_goes_on(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let draft = agency("Dinas Satu", Some("13"));
    store.put_agency(record(1), 1, &draft).await;
    // Connections that were busy at the same time are idle now.
    let reads = std::iter::repeat_with(|| store.db.refresh()).take(16);
    futures_util::future::join_all(reads).await;
    let before = store.db.statements();
    store.db.rest().await.expect("it can rest");
    let asked = store.db.statements() - before;
    match backend {
        // The writer, and those readers that are back by now.
        Backend::Sqlite => assert!((1..=5).contains(&asked), "{asked} connections"),
        Backend::Postgres => assert_eq!(asked, 0, "its memory is not ours"),
    }

    let draft = innovation("One", record(1));
    store.put_innovation(record(2), 1, &draft).await;
    assert_eq!(store.size(&store.log).await, 2);
    for _ in 0..6000 {
        store.db.refresh().await.expect("it can be read");
    }
    let before = store.db.statements();
    store.db.rest().await.expect("it may be told");
    assert_eq!(
        store.db.statements(),
        before,
        "it is busy, so nothing is given back"
    );
}

async fn closing_waits_for_who_reads_but_not_for_ever(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let draft = agency("Dinas Satu", Some("13"));
    store.put_agency(record(1), 1, &draft).await;
    let reading = store.db.snapshot().await.expect("it can be read");
    let began = std::time::Instant::now();
    let patience = Duration::from_millis(200);
    store.db.close_within(patience).await.expect("it is left");
    assert!(began.elapsed() >= patience, "who reads is waited for");
    drop(reading);
    let store = store.reopened().await;
    assert_eq!(store.size(&store.log).await, 1);
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

/// What stands in it is nobody's business on a machine that several use.
#[cfg(unix)]
#[tokio::test]
async fn others_on_the_machine_may_not_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let site = Backend::Sqlite.site().await;
    let url = site.url();
    let file = std::path::PathBuf::from(url.trim_start_matches("sqlite:"));
    let mode =
        |file: &std::path::Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    let journal = file.with_extension("db-wal");
    drop(open(&site, "hub-a").await.unwrap());
    assert_eq!(mode(&file), 0o600);
    if journal.exists() {
        assert_eq!(mode(&journal), 0o600);
    }
    // One that an earlier program made is closed to others; who is of its group may still make backups.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&site, "hub-a").await.unwrap());
    assert_eq!(mode(&file), 0o640);
}
