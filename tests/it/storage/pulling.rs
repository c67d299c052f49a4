//! Pages of other hubs, honest and odd ones.

use domain::catalog::InnovationDraft;
use domain::entry::{Kind, Sight};
use domain::log::{Accepted, LogState, Opening};
use serde_json::{Value, json};
use storage::StorageError;
use storage::logs::{fill, heads, read, watching};
use testkit::forge::Forge;
use testkit::records::{agency, innovation, record};
use testkit::store::{WHOLE_PAGES, faults_of};
use testkit::{Backend, Store};

use super::NONE;

on_both_databases! {
    a_page_that_comes_twice_is_refused_and_changes_nothing,
    two_pullers_at_once_leave_one_history,
    a_hole_is_told_and_filled,
    a_hole_that_is_superseded_is_no_hole,
    what_this_version_cannot_read_is_kept_counted_and_relayed,
    what_is_not_for_this_hub_is_not_stored,
    texts_that_no_column_takes_are_kept_and_show_nothing,
    revisions_out_of_order_show_the_highest,
    a_log_that_is_set_aside_takes_nothing,
    what_was_seen_of_a_log_that_its_hub_passed_over_is_not_waited_for,
}

/// A hub with an agency and some innovations, the first of them revised.
async fn origin(backend: Backend) -> Store {
    let origin = Store::fresh(backend, "hub-o").await;
    origin
        .put_agency(record(1), 1, &agency("Dinas Satu", Some("13")))
        .await;
    for number in 2..7 {
        let body = innovation(&format!("Title {number}"), record(1));
        origin.put_innovation(record(number), 1, &body).await;
    }
    origin
        .put_innovation(record(2), 2, &innovation("Title 2 again", record(1)))
        .await;
    origin
}

async fn a_page_that_comes_twice_is_refused_and_changes_nothing(backend: Backend) {
    let (origin, puller) = (origin(backend).await, Store::fresh(backend, "hub-p").await);
    let twice = puller.next_page(&origin, &origin.log, 4).await;
    let page = puller.next_page(&origin, &origin.log, 4).await;
    puller.apply(page).await.unwrap();
    let before = (puller.dump().await, puller.db.refresh().await.unwrap());
    let error = puller.apply(twice).await.unwrap_err();
    assert!(
        matches!(error, StorageError::Moved { held: 4, from: 0 }),
        "{error}"
    );
    assert_eq!(
        (puller.dump().await, puller.db.refresh().await.unwrap()),
        before
    );
    puller.pull(&origin, &origin.log, 4).await;
    assert_eq!(puller.size(&origin.log).await, 7);
    assert_eq!(puller.faults().await, NONE);
}

async fn two_pullers_at_once_leave_one_history(backend: Backend) {
    let (origin, puller) = (origin(backend).await, Store::fresh(backend, "hub-p").await);
    let other = puller.another_handle().await;
    while puller.size(&origin.log).await < 7 {
        let page = puller.next_page(&origin, &origin.log, 2).await;
        let same = puller.next_page(&origin, &origin.log, 2).await;
        let (one, two) = tokio::join!(
            puller.apply(page),
            storage::logs::apply(&other, same, None, &puller.clock)
        );
        assert!(one.is_ok() != two.is_ok(), "one of two: {one:?} {two:?}");
        let refused = one.err().or(two.err()).unwrap();
        assert!(matches!(refused, StorageError::Moved { .. }), "{refused}");
    }
    assert_eq!(
        puller.dump().await.without_bare_hubs(),
        origin.dump().await.without_bare_hubs()
    );
    assert_eq!(puller.faults().await, NONE);
}

async fn a_hole_is_told_and_filled(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    forge.put(
        record(1),
        1,
        Kind::AGENCY,
        &body(&agency("Dinas Satu", Some("13"))),
        |_| {},
    );
    forge.put(
        record(2),
        1,
        Kind::INNOVATION,
        &body(&innovation("Late", record(1))),
        |_| {},
    );
    let payload = forge.without_payload().unwrap();
    let stored = puller.apply(forge.page()).await.unwrap();
    assert_eq!((stored.entries, stored.missing), (2, 1));
    assert_eq!(state(&puller, &forge).await, LogState::Incomplete);
    assert_eq!(
        fill::list_missing(&puller.db, forge.log(), 10)
            .await
            .unwrap(),
        [1]
    );
    assert_eq!(puller.dump().await.table("innovation"), NONE);

    let wrong = payload.replace("Late", "Lies");
    let filled = fill::fill(
        &puller.db,
        forge.log(),
        vec![(1, wrong), (7, payload.clone())],
    )
    .await
    .unwrap();
    assert_eq!((filled.filled, filled.false_ones), (0, 1));
    assert_eq!(state(&puller, &forge).await, LogState::Incomplete);

    let position = puller.db.refresh().await.unwrap();
    let filled = fill::fill(&puller.db, forge.log(), vec![(1, payload.clone())])
        .await
        .unwrap();
    assert_eq!((filled.filled, filled.false_ones), (1, 0));
    assert!(puller.db.refresh().await.unwrap() > position);
    assert_eq!(state(&puller, &forge).await, LogState::Proved);
    let dump = puller.dump().await;
    assert!(
        dump.table("innovation")[0].contains("|13|late|"),
        "{dump:?}"
    );
    let again = fill::fill(&puller.db, forge.log(), vec![(1, payload)])
        .await
        .unwrap();
    assert_eq!(again.filled, 0);
    assert_eq!(puller.faults().await, NONE);
}

async fn a_hole_that_is_superseded_is_no_hole(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    for number in 1..4 {
        forge.put(
            record(number),
            1,
            Kind::AGENCY,
            &body(&agency("Dinas Satu", None)),
            |_| {},
        );
        forge.without_payload();
    }
    assert_eq!(puller.apply(forge.page()).await.unwrap().missing, 3);
    forge.put(
        record(1),
        2,
        Kind::AGENCY,
        &body(&agency("Dinas Dua", None)),
        |_| {},
    );
    forge.delete(record(2), 2, Kind::AGENCY);
    puller.apply(forge.page()).await.unwrap();
    assert_eq!(
        fill::list_missing(&puller.db, forge.log(), 10)
            .await
            .unwrap(),
        [2]
    );
    assert_eq!(puller.dump().await.table("agency").len(), 1);
    assert_eq!(state(&puller, &forge).await, LogState::Incomplete);
}

async fn what_this_version_cannot_read_is_kept_counted_and_relayed(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    let known = body(&agency("Dinas Satu", None));
    forge.put(record(1), 1, Kind::AGENCY, &known, |_| {});
    forge.put(
        record(2),
        1,
        "survey",
        &json!({"questions": [1, 2]}),
        |_| {},
    );
    forge.put(record(3), 1, Kind::AGENCY, &known, |header| {
        header["v"] = 2.into();
    });
    forge.put(record(4), 1, Kind::AGENCY, &known, |header| {
        header["later"] = json!({"key": [null]});
    });
    forge.add(r#"{"v":1,"record":7}"#.to_owned(), None);
    forge.add("no JSON at all \u{0} \u{1F4DA}".to_owned(), None);
    forge.put(
        record(5),
        1,
        Kind::INNOVATION,
        &json!({"title": ""}),
        |_| {},
    );
    forge.put(record(6), 1, Kind::AGENCY, &known, |header| {
        header["revision"] = 0.into();
    });
    forge.without_payload();
    puller.apply(forge.page()).await.unwrap();

    let head = heads::find(&puller.db, forge.log()).await.unwrap().unwrap();
    assert_eq!(
        (head.size, head.unprojected, head.missing, head.state),
        (8, 6, 0, LogState::Proved)
    );
    let dump = puller.dump().await;
    assert_eq!(
        dump.table("agency").len(),
        2,
        "the first, and the one with an unknown key"
    );
    let reasons = ["kind", "version", "header", "header", "rule", "header"];
    for (line, (place, reason)) in dump
        .table("unprojected")
        .iter()
        .zip([1, 2, 4, 5, 6, 7].into_iter().zip(reasons))
    {
        assert!(
            line.starts_with(&format!("hub-o/1#{place}|{reason}|")),
            "{line}"
        );
    }

    let relayed = Store::fresh(backend, "hub-r").await;
    relayed.pull(&puller, forge.log(), 3).await;
    let texts = async |store: &Store| read_all(store, &forge).await;
    assert_eq!(texts(&relayed).await, texts(&puller).await);
    assert_eq!(
        relayed.dump().await.without_bare_hubs(),
        dump.without_bare_hubs()
    );
    assert_eq!(relayed.faults().await, NONE);
}

/// Headers and payloads of the forged log as a peer would get them.
async fn read_all(store: &Store, forge: &Forge) -> Vec<domain::log::RawEntry> {
    let bounds = read::PageBounds {
        entries: WHOLE_PAGES,
        bytes: domain::log::MAX_PAGE_BYTES,
    };
    let page = read::page(&store.db, forge.log(), 0, bounds, Sight::Public).await;
    page.unwrap().unwrap().entries
}

async fn what_is_not_for_this_hub_is_not_stored(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    for (number, audience) in [(1, "network"), (2, "group:7"), (3, "public")] {
        let said = body(&agency("Dinas Satu", None));
        forge.put(record(number), 1, Kind::AGENCY, &said, |header| {
            header["audience"] = audience.into();
        });
    }
    // The public record is narrowed later: then it must go as well.
    let stored = puller.apply(forge.page()).await.unwrap();
    assert_eq!((stored.entries, stored.missing), (3, 0));
    assert_eq!(held_payloads(&puller, &forge).await, [2]);
    let said = body(&agency("Dinas Dua", None));
    forge.put(record(3), 2, Kind::AGENCY, &said, |header| {
        header["audience"] = "network".into();
    });
    puller.apply(forge.page()).await.unwrap();
    assert_eq!(held_payloads(&puller, &forge).await, [0; 0]);
    assert_eq!(puller.dump().await.table("agency"), NONE);
    assert_eq!(
        state(&puller, &forge).await,
        LogState::Proved,
        "what is not for us is not missing"
    );
}

async fn held_payloads(store: &Store, forge: &Forge) -> Vec<u64> {
    let places: Vec<u64> = (0..store.size(forge.log()).await).collect();
    let held = read::payloads(&store.db, forge.log(), &places, Sight::Public)
        .await
        .unwrap();
    held.into_iter().map(|(place, _)| place).collect()
}

async fn texts_that_no_column_takes_are_kept_and_show_nothing(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    let nul = "a\u{0}b";
    let full = InnovationDraft {
        stage: nul.to_owned(),
        ..innovation("Title", record(1))
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut said = body(&innovation("Title", record(1)));
        change(&mut said);
        said
    };
    let odd = [
        (Kind::AGENCY, body(&agency("Dinas \u{0}", None))),
        (
            Kind::AGENCY,
            json!({"name": "Dinas", "kind": nul, "region": nul}),
        ),
        (Kind::HUB, json!({"name": nul, "kind": nul, "status": nul})),
        (Kind::INNOVATION, body(&full)),
        (Kind::INNOVATION, with(&|said| said["title"] = nul.into())),
        (
            Kind::INNOVATION,
            with(&|said| said["tags"] = json!([nul, "tag\u{0}"])),
        ),
        (
            Kind::INNOVATION,
            with(&|said| said["externalIds"] = json!([{"scheme": "LAN", "value": nul}])),
        ),
        (
            Kind::INNOVATION,
            with(&|said| said["externalIds"] = json!([{"scheme": nul, "value": "1"}])),
        ),
        (Kind::INNOVATION, with(&|said| said["sdgs"] = nul.into())),
        (Kind::INNOVATION, json!(nul)),
    ];
    for (number, (kind, said)) in (1..).zip(&odd) {
        forge.put(record(number), 1, kind, said, |_| {});
    }
    puller.apply(forge.page()).await.unwrap();
    assert_eq!(state(&puller, &forge).await, LogState::Proved);
    let shown = puller.dump().await;
    assert!(!format!("{shown:?}").contains('\u{0}'));
    assert_eq!(puller.faults().await, NONE);
}

async fn revisions_out_of_order_show_the_highest(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut forge = Forge::of("hub-o");
    for (revision, name) in [
        (2, "Dinas Dua"),
        (1, "Dinas Satu"),
        (4, "Dinas Empat"),
        (4, "Dinas Lain"),
        (3, "Dinas Tiga"),
    ] {
        forge.put(
            record(1),
            revision,
            Kind::AGENCY,
            &body(&agency(name, None)),
            |_| {},
        );
        puller.apply(forge.page()).await.unwrap();
    }
    let dump = puller.dump().await;
    assert!(
        dump.table("agency")[0].contains("|dinas empat|"),
        "{dump:?}"
    );
    assert_eq!(
        dump.table("unprojected").len(),
        3,
        "revisions 1, the second 4, and 3: {dump:?}"
    );
    assert_eq!(
        held_payloads(&puller, &forge).await,
        [2],
        "only what is shown is kept"
    );
    assert_eq!(faults_of(&puller.db, forge.log()).await, NONE);
}

async fn a_log_that_is_set_aside_takes_nothing(backend: Backend) {
    let (origin, puller) = (origin(backend).await, Store::fresh(backend, "hub-p").await);
    let page = puller.next_page(&origin, &origin.log, 4).await;
    puller.apply(page).await.unwrap();
    watching::park(&puller.db, &origin.log, Some("set aside by hand"))
        .await
        .unwrap();
    let page = puller.next_page(&origin, &origin.log, 4).await;
    let error = puller.apply(page).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "log of hub-o is not open for entries: set aside by hand"
    );
    assert_eq!(puller.size(&origin.log).await, 4);

    watching::park(&puller.db, &origin.log, None).await.unwrap();
    puller.pull(&origin, &origin.log, WHOLE_PAGES).await;
    assert_eq!(puller.size(&origin.log).await, 7);
}

/// A hub lost a log that it had just begun, and went on in another. A head of the lost one was seen here.
async fn what_was_seen_of_a_log_that_its_hub_passed_over_is_not_waited_for(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut first = Forge::of("hub-o");
    let agency = body(&agency("Dinas Satu", None));
    first.put(record(1), 1, Kind::AGENCY, &agency, |_| {});
    puller.apply(first.page()).await.unwrap();
    let lost = Forge::of_epoch("hub-o", 2);
    let seen = watching::note_seen(&puller.db, lost.log(), 3, puller.now()).await;
    seen.unwrap();
    assert_eq!(state(&puller, &lost).await, LogState::CatchingUp);

    let opening = Opening {
        checkpoint: None,
        previous: first.log().epoch,
        accepted: Accepted {
            size: 1,
            root: first.grown().root(),
        },
    };
    let said = serde_json::from_str(&opening.to_body()).unwrap();
    let mut next = Forge::of_epoch("hub-o", 3);
    next.put(record(2), 1, Kind::EPOCH, &said, |_| {});
    puller.apply(next.page()).await.unwrap();
    assert_eq!(state(&puller, &lost).await, LogState::Empty);
    // Somebody has it after all.
    let seen = watching::note_seen(&puller.db, lost.log(), 3, puller.now()).await;
    seen.unwrap();
    assert_eq!(state(&puller, &lost).await, LogState::CatchingUp);
}

fn body(draft: &impl serde::Serialize) -> Value {
    serde_json::to_value(draft).expect("drafts are plain text and numbers")
}

async fn state(store: &Store, forge: &Forge) -> LogState {
    let head = heads::find(&store.db, forge.log()).await;
    head.expect("heads can be read")
        .expect("the log is held")
        .state
}
