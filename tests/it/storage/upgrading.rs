//! Databases of older programs, which a newer one mends by itself, and of newer ones, which an older one leaves alone
//! (invariants I16, I17).

use domain::catalog::{MemberStatus, Vocabulary as _};
use domain::entry::Kind;
use serde_json::json;
use storage::logs::reproject::{self, Tried};
use storage::logs::{heads, rebuild, unprojected};
use storage::{StorageError, members};
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, record};
use testkit::store::open;
use testkit::{Backend, Store, fixture};

use super::NONE;

const BEFORE_MEMBERSHIP: &str = include_str!("../../fixtures/before-membership/rows.jsonl");

on_both_databases! {
    members_that_an_older_program_could_not_read_are_there_after_an_upgrade,
    what_an_older_program_could_not_read_shows_the_same_as_if_pulled_anew,
    trying_again_may_stop_anywhere_and_be_done_by_several,
    what_stays_unreadable_is_tried_once_and_listed,
    an_entry_that_cannot_be_read_from_the_disk_stops_no_other,
    a_database_of_a_newer_program_is_left_alone,
}

async fn members_that_an_older_program_could_not_read_are_there_after_an_upgrade(backend: Backend) {
    let site = backend.site().await;
    fixture::load(site.location(), 2, BEFORE_MEMBERSHIP).await;
    let db = open(&site, "hub-b").await.unwrap();
    let k = hub_id("hub-k");
    assert_eq!(members::list(&db, &k).await.unwrap(), []);
    assert_eq!(reproject::count_waiting(&db).await.unwrap(), 2);

    let tried = reproject::run(&db, |_| {}).await.unwrap();
    assert_eq!((tried.tried, tried.mended), (2, 2));
    let listed = members::list(&db, &k).await.unwrap();
    let shown = listed.iter().map(|member| {
        let membership = &member.membership;
        let (hub, keys) = (membership.hub.as_str(), membership.keys.len());
        (hub, keys, membership.status.code())
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("hub-a", 2, MemberStatus::Active.code()),
            ("hub-c", 1, MemberStatus::Suspended.code())
        ]
    );
    let heads = heads::list(&db).await.unwrap();
    assert!(heads.iter().all(|head| head.unprojected == 0), "{heads:?}");

    let live = testkit::dump::Dump::read(site.location()).await;
    assert_eq!(live.table("innovation").len(), 2);
    rebuild::rebuild(&db, |_| {}).await.unwrap();
    assert_eq!(testkit::dump::Dump::read(site.location()).await, live);
    db.close().await.unwrap();
}

/// A store that pulled a log in which three kinds take turns, longer than a page of trying again.
async fn pulled(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    for number in 1..=150_u128 {
        let (office, work) = (record(number), record(1000 + number));
        let region = (number % 3 > 0).then_some("13");
        let says = json!(agency(&format!("Dinas {number}"), region));
        let does = json!(innovation(&format!("Judul {number}"), office));
        // Half of the innovations come before their agencies.
        if number % 2 == 0 {
            forge.put(work, 1, Kind::INNOVATION, &does, |_| {});
            forge.put(office, 1, Kind::AGENCY, &says, |_| {});
        } else {
            forge.put(office, 1, Kind::AGENCY, &says, |_| {});
            forge.put(work, 1, Kind::INNOVATION, &does, |_| {});
        }
        match number % 10 {
            0 => drop(forge.put(work, 2, Kind::INNOVATION, &does, |_| {})),
            1 => drop(forge.delete(work, 2, Kind::INNOVATION)),
            2 => drop(forge.put(work, 1, Kind::INNOVATION, &does, |_| {})),
            3 => drop(forge.put(office, 2, Kind::AGENCY, &says, |_| {})),
            4 => drop(forge.put(record(2000 + number), 1, "survey", &json!({}), |_| {})),
            _ => {}
        }
    }
    store.apply(forge.page()).await.unwrap();
    store
}

/// Makes the database one of a program that did not know these kinds: nothing of them is shown, and what would be shown
/// is noted as unprojected, as that program noted it.
async fn forget(store: &Store, kinds: &[&str]) {
    let location = store.site().location();
    for table in kinds {
        let note = format!(
            "INSERT INTO unprojected (entry, reason, detail) SELECT entry, 'kind', 'kind {table} is not known to this version' FROM {table}"
        );
        let empty = format!("DELETE FROM {table}");
        fixture::change(location, &[&note, &empty]).await;
        if *table == "innovation" {
            let rest = ["DELETE FROM innovation_tag", "DELETE FROM external_id"];
            fixture::change(location, &rest).await;
        } else {
            fixture::change(location, &["UPDATE innovation SET region = NULL"]).await;
        }
    }
    fixture::change(location, &["UPDATE unprojected SET rules = 0"]).await;
}

async fn what_an_older_program_could_not_read_shows_the_same_as_if_pulled_anew(backend: Backend) {
    let store = pulled(backend).await;
    let live = store.dump().await;
    assert!(
        live.table("innovation")
            .iter()
            .any(|line| line.contains("|13|"))
    );
    for kinds in [
        &["innovation"][..],
        &["agency"],
        &["innovation", "agency"],
        &["agency", "innovation"],
    ] {
        forget(&store, kinds).await;
        assert_ne!(store.dump().await, live);
        let before = store.db.refresh().await.unwrap();
        let heads = heads::token(&store.db).await.unwrap();
        let tried = reproject::run(&store.db, |_| {}).await.unwrap();
        assert!(tried.mended >= 135, "{tried:?}");
        assert_eq!(store.dump().await, live, "of {kinds:?}");
        assert!(*store.db.watch().borrow() > before, "readers are told");
        assert_eq!(heads::token(&store.db).await.unwrap(), heads);
    }
    rebuild::rebuild(&store.db, |_| {}).await.unwrap();
    assert_eq!(store.dump().await, live);
    assert_eq!(store.faults().await, NONE);
}

async fn trying_again_may_stop_anywhere_and_be_done_by_several(backend: Backend) {
    let store = pulled(backend).await;
    let live = store.dump().await;
    forget(&store, &["innovation", "agency"]).await;
    let waiting = reproject::count_waiting(&store.db).await.unwrap();
    let page = reproject::next_page(&store.db).await.unwrap().unwrap();
    assert!(page.tried < waiting, "one page is not all");

    let store = store.reopened().await;
    let left = reproject::count_waiting(&store.db).await.unwrap();
    assert_eq!(
        left,
        waiting - page.tried,
        "what was tried is not tried again"
    );
    forget(&store, &["innovation"]).await;
    let other = store.another_handle().await;
    let own = agency("Dinas Sendiri", Some("35"));
    let (one, two, ()) = tokio::join!(
        reproject::run(&store.db, |_| {}),
        reproject::run(&other, |_| {}),
        store.put_agency(record(1), 1, &own)
    );
    let _: (Tried, Tried) = (one.unwrap(), two.unwrap());
    assert_eq!(reproject::count_waiting(&store.db).await.unwrap(), 0);
    let shown = store.dump().await;
    assert_eq!(shown.table("innovation"), live.table("innovation"));
    assert_eq!(shown.table("agency").len(), live.table("agency").len() + 1);
    rebuild::rebuild(&other, |_| {}).await.unwrap();
    assert_eq!(store.dump().await, shown);
    other.close().await.unwrap();
}

async fn what_stays_unreadable_is_tried_once_and_listed(backend: Backend) {
    let store = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    let body = json!(agency("Dinas", None));
    forge
        .put(record(1), 1, "survey", &json!({}), |_| {})
        .add("no header".to_owned(), None)
        .put(record(2), 1, Kind::AGENCY, &body, |header| {
            header["v"] = 2.into();
        })
        .put(record(3), 1, Kind::AGENCY, &json!({"name": "x"}), |_| {})
        .put(record(4), 2, Kind::AGENCY, &body, |_| {})
        .put(record(4), 1, Kind::AGENCY, &body, |_| {});
    store.apply(forge.page()).await.unwrap();
    let listed = unprojected::list(&store.db, forge.log(), 0, 100)
        .await
        .unwrap();
    let said = listed
        .iter()
        .map(|entry| (entry.place, entry.reason.as_str(), entry.kind.as_deref()));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            (0, "kind", Some("survey")),
            (1, "header", None),
            (2, "version", Some("agency")),
            (3, "rule", Some("agency")),
            (5, "revision", Some("agency")),
        ]
    );
    assert_eq!(listed[2].record, Some(record(2)));
    assert_eq!(listed[4].detail, "revision 1 follows revision 2");
    let some = unprojected::list(&store.db, forge.log(), 2, 2)
        .await
        .unwrap();
    assert_eq!(some, listed[2..4]);

    assert_eq!(reproject::next_page(&store.db).await.unwrap(), None);
    let older = [
        "UPDATE unprojected SET rules = 0, detail = 'said by an older program' WHERE reason <> 'header'",
    ];
    fixture::change(store.site().location(), &older).await;
    let tried = reproject::run(&store.db, |_| {}).await.unwrap();
    assert_eq!((tried.tried, tried.mended), (4, 0));
    let again = unprojected::list(&store.db, forge.log(), 0, 100)
        .await
        .unwrap();
    assert_eq!(again[..4], listed[..4], "told in the words of this program");
    assert_eq!(again[4].reason, "revision");
    assert_eq!(reproject::next_page(&store.db).await.unwrap(), None);
}

async fn an_entry_that_cannot_be_read_from_the_disk_stops_no_other(backend: Backend) {
    let store = pulled(backend).await;
    let live = store.dump().await;
    forget(&store, &["innovation"]).await;
    let broken = match backend {
        Backend::Sqlite => {
            "UPDATE entry SET payload = X'ff' WHERE id = (SELECT MIN(entry) FROM unprojected WHERE reason = 'kind')"
        }
        Backend::Postgres => {
            "UPDATE entry SET payload = '\\xff'::bytea WHERE id = (SELECT MIN(entry) FROM unprojected WHERE reason = 'kind')"
        }
    };
    let orphan = "INSERT INTO unprojected (entry, reason, detail) VALUES (1, 'kind', 'of no log')";
    fixture::change(store.site().location(), &[broken, orphan]).await;
    reproject::run(&store.db, |_| {}).await.unwrap();
    let shown = store.dump().await;
    let lost = live.table("innovation").len() - shown.table("innovation").len();
    assert_eq!(lost, 1, "only what is broken shows nothing");
}

async fn a_database_of_a_newer_program_is_left_alone(backend: Backend) {
    let store = pulled(backend).await;
    let live = store.dump().await;
    let location = store.site().location();
    let step =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_a_newer_program', 0)";
    fixture::change(location, &[step]).await;
    let error = open(store.site(), "hub-p").await.unwrap_err();
    assert!(matches!(error, StorageError::NewerSchema { .. }), "{error}");
    let says = "the database was used by a newer version of this program (m9999_of_a_newer_program), and this version left it unchanged; install the newer version again, or restore a backup of before the upgrade";
    assert_eq!(error.to_string(), says);
    let looked = storage::checkup::examine(location).await.unwrap_err();
    assert_eq!(looked.to_string(), says);
    assert_eq!(store.dump().await, live);

    fixture::change(
        location,
        &["DELETE FROM seaql_migrations WHERE version LIKE 'm9999%'"],
    )
    .await;
    let db = open(store.site(), "hub-p").await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn several_processes_make_one_postgres_database_together() {
    let site = Backend::Postgres.site().await;
    let opened = futures_util::future::join_all((0..4).map(|_| open(&site, "hub-a"))).await;
    for db in opened {
        db.unwrap().close().await.unwrap();
    }
}
