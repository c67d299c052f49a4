//! The chain of what was done: it never forks, and whoever changes it past the program is found.

use std::time::Instant;

use domain::audit::{Action, Actor, Break, Deed, Origin, Outcome, Refusal};
use domain::log::Hash;
use futures_util::future::join_all;
use sea_orm::{ConnectOptions, ConnectionTrait as _};
use storage::Database;
use storage::accounts;
use storage::audit::{self, Filter, Refusals};
use storage::local::{self, Local};
use testkit::entropy::SeededEntropy;
use testkit::{Backend, Store};
use time::{Duration, OffsetDateTime};

use super::accounts::account;

on_both_databases! {
    writers_at_once_do_not_fork_the_chain,
    an_event_is_written_with_its_change_or_not_at_all,
    the_database_changes_and_removes_nothing,
    whoever_goes_around_the_database_is_found,
    whoever_cuts_the_end_off_is_found_by_what_was_noted,
    addresses_go_and_the_chain_stays_whole,
    what_is_old_goes_and_the_rest_stays_whole,
    a_flood_of_refusals_is_a_few_events,
    events_are_found_by_what_they_say,
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
}

fn deed(seconds: i64, action: Action) -> Deed {
    Deed {
        at: at(seconds),
        actor: Actor::program("uji"),
        token: None,
        action,
        origin: Some(Origin {
            address: "203.0.113.7".to_owned(),
            salt: [7; 16],
        }),
    }
}

async fn note(db: &Database, seconds: i64, object: &str) {
    let told = deed(seconds, Action::AddPeer).done(object);
    audit::note(db, told).await.unwrap();
}

async fn chain_of(backend: Backend, events: i64) -> Store {
    let store = Store::fresh(backend, "hub-a").await;
    for number in 1..=events {
        note(&store.db, number, &format!("hub:id-{number}")).await;
    }
    store
}

async fn broken(store: &Store, noted: Option<Hash>) -> Option<Break> {
    audit::verify(&store.db, noted).await.unwrap().err()
}

async fn run(store: &Store, text: &str) -> Result<(), sea_orm::DbErr> {
    let db = sea_orm::Database::connect(ConnectOptions::new(store.site().url())).await;
    let db = db.unwrap();
    let ran = db.execute_unprepared(text).await.map(drop);
    db.close().await.unwrap();
    ran
}

/// Takes away what keeps the table, as somebody does who may do all with the database.
async fn without_triggers(store: &Store, backend: Backend) {
    let triggers: &[&str] = match backend {
        Backend::Sqlite => &[
            "DROP TRIGGER audit_event_update",
            "DROP TRIGGER audit_event_delete",
            "DROP TRIGGER audit_chain_update",
        ],
        Backend::Postgres => &[
            "ALTER TABLE audit_event DISABLE TRIGGER USER",
            "ALTER TABLE audit_chain DISABLE TRIGGER USER",
        ],
    };
    for text in triggers {
        run(store, text).await.unwrap();
    }
}

async fn writers_at_once_do_not_fork_the_chain(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let other = store.another_handle().await;
    let writes = (0..60).map(|number: i64| {
        let db = if number % 2 == 0 { &store.db } else { &other };
        let number = u128::try_from(number).unwrap();
        async move {
            let name = format!("akun-{number}");
            let added = account(number + 1, &name, &[]);
            let by = deed(1, Action::AddAccount);
            // Those that also write what stays here take the chain behind the position.
            if number % 3 == 0 {
                let told = Local::default().told(&by, &[]);
                local::change(db, told).await.unwrap();
            } else {
                accounts::add(db, &added, Some(&by)).await.unwrap().unwrap();
            }
        }
    });
    join_all(writes).await;
    let whole = audit::verify(&store.db, None).await.unwrap().unwrap();
    assert_eq!((whole.events, whole.head.sequence), (60, 60));
}

async fn an_event_is_written_with_its_change_or_not_at_all(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = account(1, "siti", &[]);
    let by = deed(1, Action::AddAccount);
    let added = accounts::add(&store.db, &siti, Some(&by)).await.unwrap();
    added.unwrap();
    let again = account(2, "siti", &[]);
    let refused = accounts::add(&store.db, &again, Some(&by)).await.unwrap();
    assert!(refused.is_err());
    let listed = audit::list(&store.db, &Filter::default(), None, 10).await;
    let listed = listed.unwrap();
    assert_eq!(listed.len(), 1);
    let event = &listed[0].event;
    assert_eq!(event.object.as_deref(), Some("account:siti"));
    assert_eq!(listed[0].address.as_deref(), Some("203.0.113.7"));
    let after = event.after.as_ref().unwrap().to_string();
    assert_eq!(after, r#"{"isDisabled":false,"roles":[]}"#);
}

async fn the_database_changes_and_removes_nothing(backend: Backend) {
    let store = chain_of(backend, 3).await;
    let mut attempts = vec![
        "UPDATE audit_event SET actor = 'anyone' WHERE seq = 2",
        "DELETE FROM audit_event WHERE seq = 3",
        "DELETE FROM audit_event",
        "UPDATE audit_chain SET seq = 2",
        "DELETE FROM audit_chain",
    ];
    if backend == Backend::Postgres {
        attempts.extend(["TRUNCATE audit_event", "TRUNCATE audit_chain"]);
    }
    for text in attempts {
        let refused = run(&store, text).await.unwrap_err().to_string();
        assert!(refused.contains("audit"), "{text}: {refused}");
    }
    assert_eq!(broken(&store, None).await, None);
}

async fn whoever_goes_around_the_database_is_found(backend: Backend) {
    let (hex, text) = match backend {
        Backend::Sqlite => (
            "x'00'",
            "CAST(REPLACE(CAST(text AS TEXT), 'id-3', 'id-9') AS BLOB)",
        ),
        Backend::Postgres => (
            "'\\x00'::bytea",
            "convert_to(REPLACE(convert_from(text, 'UTF8'), 'id-3', 'id-9'), 'UTF8')",
        ),
    };
    for (tampering, expected) in [
        (
            format!("UPDATE audit_event SET text = {text} WHERE seq = 3"),
            Break::Changed(3),
        ),
        (
            "UPDATE audit_event SET actor = 'anyone' WHERE seq = 4".to_owned(),
            Break::Listed(4),
        ),
        (
            "UPDATE audit_event SET at = at + 1 WHERE seq = 2".to_owned(),
            Break::Listed(2),
        ),
        (
            "UPDATE audit_origin SET address = '198.51.100.1' WHERE seq = 2".to_owned(),
            Break::Origin(2),
        ),
        (
            "DELETE FROM audit_event WHERE seq = 2".to_owned(),
            Break::Gap {
                expected: 2,
                found: 3,
            },
        ),
        (
            "DELETE FROM audit_event WHERE seq = 5".to_owned(),
            Break::End { noted: 5, found: 4 },
        ),
        (
            "UPDATE audit_event SET seq = 9 WHERE seq = 5".to_owned(),
            Break::Gap {
                expected: 5,
                found: 9,
            },
        ),
        (
            "INSERT INTO audit_event SELECT 6, at, actor, action, outcome, object, text, hash FROM audit_event WHERE seq = 5".to_owned(),
            Break::Changed(6),
        ),
        (
            format!("UPDATE audit_event SET hash = {hex} WHERE seq = 1"),
            Break::Unreadable(1),
        ),
    ] {
        let store = chain_of(backend, 5).await;
        without_triggers(&store, backend).await;
        run(&store, &tampering).await.unwrap();
        assert_eq!(broken(&store, None).await, Some(expected), "{tampering}");
    }
}

async fn whoever_cuts_the_end_off_is_found_by_what_was_noted(backend: Backend) {
    let store = chain_of(backend, 5).await;
    let noted = audit::ends(&store.db).await.unwrap().head;
    without_triggers(&store, backend).await;
    run(&store, "DELETE FROM audit_event WHERE seq > 3")
        .await
        .unwrap();
    let back =
        "UPDATE audit_chain SET seq = 3, hash = (SELECT hash FROM audit_event WHERE seq = 3)";
    run(&store, back).await.unwrap();
    assert_eq!(broken(&store, None).await, None, "it is whole in itself");
    assert_eq!(broken(&store, Some(noted.hash)).await, Some(Break::Unknown));
    // Other events in the place of those do not help.
    for number in 4..=6 {
        note(&store.db, number, "hub:other").await;
    }
    assert_eq!(broken(&store, Some(noted.hash)).await, Some(Break::Unknown));
    let head = audit::ends(&store.db).await.unwrap().head;
    let whole = audit::verify(&store.db, Some(head.hash)).await.unwrap();
    assert_eq!(whole.unwrap().noted_at, Some(6));
}

async fn addresses_go_and_the_chain_stays_whole(backend: Backend) {
    let store = chain_of(backend, 4).await;
    let forgotten = audit::forget_origins(&store.db, at(3)).await.unwrap();
    assert_eq!(forgotten, 2);
    let listed = audit::list(&store.db, &Filter::default(), None, 10).await;
    let listed = listed.unwrap();
    let kept: Vec<bool> = listed.iter().map(|it| it.address.is_some()).collect();
    assert_eq!(kept, [true, true, false, false]);
    assert!(listed.iter().all(|it| it.event.from.is_some()));
    assert_eq!(broken(&store, None).await, None);
}

async fn what_is_old_goes_and_the_rest_stays_whole(backend: Backend) {
    let store = chain_of(backend, 6).await;
    let listed = audit::list(&store.db, &Filter::default(), None, 10).await;
    let third = listed.unwrap()[3].clone();
    assert_eq!(third.event.sequence, 3);
    assert_eq!(audit::cut(&store.db, at(4), at(100)).await.unwrap(), 3);
    assert_eq!(audit::cut(&store.db, at(4), at(101)).await.unwrap(), 0);
    let ends = audit::ends(&store.db).await.unwrap();
    assert_eq!((ends.cut.sequence, ends.cut.hash), (3, third.hash));
    let whole = audit::verify(&store.db, None).await.unwrap().unwrap();
    assert_eq!((whole.events, whole.head.sequence), (4, 7));
    let listed = audit::list(&store.db, &Filter::default(), None, 10).await;
    let newest = listed.unwrap()[0].event.clone();
    assert_eq!(newest.action, Action::CutAudit);
    assert_eq!(newest.after.unwrap()["upTo"], 3);
    // What is left is kept as before.
    assert!(
        run(&store, "DELETE FROM audit_event WHERE seq = 4")
            .await
            .is_err()
    );
}

async fn a_flood_of_refusals_is_a_few_events(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let (refusals, entropy) = (Refusals::default(), SeededEntropy::new(9));
    let begun = Instant::now();
    let (mut written, sent) = (0, 200_000);
    for number in 0..sent {
        let refusal = Refusal {
            actor: Actor::Anyone,
            token: None,
            action: Action::ShowCredentials,
            object: None,
            outcome: Outcome::Refused,
            code: "UNAUTHENTICATED".to_owned(),
            address: Some(format!("198.51.{}.{}", number / 256 % 256, number % 256)),
        };
        let now = at(number / 10_000);
        refusals.note(refusal, now);
        if number % 5_000 == 0 {
            written += refusals.write(&store.db, now, &entropy).await.unwrap();
        }
    }
    written += refusals.write(&store.db, at(600), &entropy).await.unwrap();
    assert!(written < 120, "{written} events");
    let each = begun.elapsed() / u32::try_from(sent).unwrap();
    assert!(
        each < std::time::Duration::from_micros(100),
        "{each:?} each"
    );
    let listed = audit::list(&store.db, &Filter::default(), None, 200).await;
    let told: u64 = listed.unwrap().iter().map(|it| it.event.times).sum();
    assert_eq!(told, u64::try_from(sent).unwrap(), "none is uncounted");
    assert_eq!(broken(&store, None).await, None);
}

async fn events_are_found_by_what_they_say(backend: Backend) {
    let store = chain_of(backend, 5).await;
    let by = Deed {
        actor: Actor::Operator,
        ..deed(6, Action::DenyHub)
    };
    let told = by.done("hub:id-2");
    audit::note(&store.db, told).await.unwrap();
    let found = async |filter: Filter, before| {
        let listed = audit::list(&store.db, &filter, before, 3).await.unwrap();
        listed
            .iter()
            .map(|it| it.event.sequence)
            .collect::<Vec<_>>()
    };
    let all = Filter::default();
    assert_eq!(found(all.clone(), None).await, [6, 5, 4]);
    assert_eq!(found(all, Some(4)).await, [3, 2, 1]);
    let filter = Filter {
        actor: Some("operator".to_owned()),
        ..Filter::default()
    };
    assert_eq!(found(filter, None).await, [6]);
    let filter = Filter {
        object: Some("hub:id-2".to_owned()),
        ..Filter::default()
    };
    assert_eq!(found(filter, None).await, [6, 2]);
    let filter = Filter {
        actions: vec![Action::DenyHub, Action::AllowHub],
        outcome: Some(Outcome::Done),
        ..Filter::default()
    };
    assert_eq!(found(filter, None).await, [6]);
    let filter = Filter {
        from: Some(at(2)),
        to: Some(at(2) + Duration::seconds(2)),
        ..Filter::default()
    };
    assert_eq!(found(filter, None).await, [3, 2]);
    let filter = Filter {
        outcome: Some(Outcome::Refused),
        ..Filter::default()
    };
    assert_eq!(found(filter, None).await, [0; 0]);
}
