//! Columns that followed the store from commit to commit count what columns count that were read of it just now.

use std::collections::VecDeque;

use domain::catalog::InnovationDraft;
use domain::entry::{Kind, Sight};
use domain::statistics::{Charts, Figures, Filter};
use serde_json::json;
use storage::logs::rebuild;
use storage::pins;
use storage::statistics::Statistics;
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, key_of, put, record};
use testkit::{Backend, Store};
use time::OffsetDateTime;

use super::items::{ADOPTER, SOURCE, Scene, WITNESS, scenes};
use super::projection::check_property;

on_both_databases! {
    every_kind_is_counted_and_followed,
    columns_are_read_when_they_are_asked_for_first,
}

#[test]
fn columns_follow_what_hubs_say_in_any_order_on_sqlite() {
    check_property(Backend::Sqlite, 32, &scenes(), follows);
}

#[test]
fn columns_follow_what_hubs_say_in_any_order_on_postgres() {
    check_property(Backend::Postgres, 4, &scenes(), follows);
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// What three viewers are shown, of everything and of one hub's.
fn figures(of: &Statistics) -> Vec<Figures> {
    let of_source = Filter {
        hubs: vec![hub_id(SOURCE)],
        ..Filter::default()
    };
    let filters = [Filter::default(), of_source];
    let count = |filter: &Filter, sight| {
        let stale_before = 1_790_000_000_000;
        let counted = of.count(|columns| columns.count(filter, sight, stale_before, Charts::ALL));
        counted.expect("they were read").1
    };
    let sights = [Sight::Public, Sight::Network, Sight::All];
    let all = filters
        .iter()
        .flat_map(|filter| sights.map(|sight| count(filter, sight)));
    all.collect()
}

/// What followed is what is there.
async fn check(followed: &Statistics, store: &Store) {
    followed.catch_up(&store.db, NOW).await.unwrap();
    let fresh = Statistics::default();
    fresh.catch_up(&store.db, NOW).await.unwrap();
    assert_eq!(followed.as_of(), fresh.as_of());
    assert_eq!(figures(followed), figures(&fresh));
}

async fn follows(backend: Backend, scene: Scene) {
    let puller = Store::fresh(backend, "hub-p").await;
    let followed = Statistics::default();
    followed.catch_up(&puller.db, NOW).await.unwrap();
    let mut logs = scene.logs();
    for hub in [SOURCE, ADOPTER, WITNESS].map(hub_id) {
        let pinned = pins::add(&puller.db, &hub, &key_of(&hub).public(), puller.now(), None).await;
        pinned.expect("a key can be pinned");
    }
    for next in scene
        .one
        .iter()
        .copied()
        .chain([0, 1, 2].into_iter().cycle())
    {
        if let Some(page) = logs[next].pop_front() {
            puller.apply(page).await.expect("a verified page is stored");
            check(&followed, &puller).await;
        }
        if logs.iter().all(VecDeque::is_empty) {
            break;
        }
    }
    rebuild::rebuild(&puller.db, |_| {}).await.unwrap();
    check(&followed, &puller).await;
}

async fn every_kind_is_counted_and_followed(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let followed = Statistics::default();
    followed.catch_up(&store.db, NOW).await.unwrap();
    let mut forge = Forge::of("hub-b");
    let (own, of_other) = (record(2), record(20));
    let dinas = json!(agency("Dinas", Some("33.72")));
    let drafted = json!(InnovationDraft {
        affairs: vec!["HEALTH".to_owned(), "SPACE".to_owned()],
        sdgs: vec![3, 17],
        started_on: Some("2024".to_owned()),
        stage: "SPREADING".to_owned(),
        ..innovation("Antrean", record(1))
    });
    let source = format!("hub-b:{own}");
    let steps = json!([{"state": "INTERESTED", "on": "2025-01-01"}, {"state": "AGREED", "on": "2025-01-02"},
        {"state": "ONGOING", "on": "2025-02-01"}, {"state": "DONE", "on": "2025-03-01"}]);
    let mut number = 20;
    let mut put = |kind: &str, body: &serde_json::Value| {
        number += 1;
        forge.put(record(number), 1, kind, body, |_| {});
    };
    put(
        Kind::NEED,
        &json!({"agency": record(1), "statement": "Perlu.", "affairs": ["LAND"], "steps": [{"state": "OPEN", "on": "2025-01-01"}]}),
    );
    put(
        Kind::AWARD,
        &json!({"innovation": source, "scheme": "KIPP", "tier": "Top 45", "year": 2021, "basis": "CLAIMED"}),
    );
    put(
        Kind::COACHING,
        &json!({"title": "Klinik inovasi", "kind": "CLINIC", "phases": ["CREATION"], "startsAt": "2025-03-01T00:30:00+07:00",
        "mode": "ONLINE", "agencies": [format!("hub-b:{}", record(1))], "steps": [{"state": "DONE", "on": "2025-03-01"}]}),
    );
    put(
        Kind::THREAD,
        &json!({"kind": "QUESTION", "subject": source, "title": "Berapa server?", "steps": [{"state": "OPEN", "on": "2025-01-01"}]}),
    );
    for (from, to, on) in [
        ("CREATION", "DEVELOPMENT", "2024-01-01"),
        ("DEVELOPMENT", "INSTITUTIONALIZATION", "2024-03-01"),
    ] {
        put(
            Kind::TRANSITION,
            &json!({"innovation": own, "axis": "LIFECYCLE", "from": from, "to": to, "on": on, "decidedBy": "Kepala dinas"}),
        );
    }
    put(
        Kind::REPLICATION,
        &json!({"source": source, "adopter": record(1), "scope": "FULL", "steps": steps}),
    );
    forge.put(record(1), 1, Kind::AGENCY, &dinas, |_| {});
    forge.put(own, 1, Kind::INNOVATION, &drafted, |_| {});
    forge.put(of_other, 1, Kind::INNOVATION, &drafted, |header| {
        header["audience"] = "network".into();
    });
    store.apply(forge.page()).await.unwrap();
    check(&followed, &store).await;
    let public = &figures(&followed)[0];
    assert_eq!(public.innovations, 1);
    assert_eq!(public.provinces[0].region.unwrap().to_string(), "33");
    assert_eq!(public.years[0].year, Some(2024));
    assert_eq!(
        public.years[0].stage.to_string(),
        "OTHER",
        "a stage of a newer program"
    );
    let affairs: Vec<String> = public
        .affairs
        .iter()
        .map(|row| row.affair.to_string())
        .collect();
    assert_eq!(affairs, ["HEALTH", "OTHER"]);
    assert_eq!((public.needs.open, public.needs.unmatched), (1, 1));
    assert_eq!(public.awards[0].scheme, "KIPP");
    let month = public.coaching[0];
    assert_eq!((month.year, month.month, month.agencies), (2025, 3, 1));
    assert_eq!(public.moves[0].median_days, 60);
    assert_eq!(public.flows[0].replications.done, 1);
    assert_eq!(public.replicated[0].innovation.record, own);
    assert_eq!(public.network.threads, 1);
    // The innovation goes, and with it what was counted by it.
    forge.delete(own, 2, Kind::INNOVATION);
    store.apply(forge.page()).await.unwrap();
    check(&followed, &store).await;
    assert_eq!(figures(&followed)[0].innovations, 0);
    assert_eq!(figures(&followed)[0].replicated, []);
}

async fn columns_are_read_when_they_are_asked_for_first(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let statistics = Statistics::default();
    assert_eq!(statistics.as_of(), None);
    assert!(statistics.count(|_| ()).is_none());
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    statistics.catch_up(&store.db, NOW).await.unwrap();
    let statements = store.db.statements();
    statistics.catch_up(&store.db, NOW).await.unwrap();
    assert_eq!(
        store.db.statements(),
        statements,
        "nothing is asked when nothing changed"
    );
    store.put_agency(record(2), 1, &agency("Badan", None)).await;
    check(&statistics, &store).await;
    assert_eq!(figures(&statistics)[0].network.agencies, 2);
}

#[tokio::test]
async fn columns_of_many_records_rest_after_they_were_brought_up_to_date() {
    let store = Store::fresh(Backend::Sqlite, "hub-a").await;
    let said = |number: u128| {
        let said = agency(&format!("Dinas {number}"), None);
        put(record(number), 1, Kind::AGENCY, &said, store.now())
    };
    store.issue((1..=2000).map(said).collect()).await;
    let statistics = Statistics::default();
    let counted = async |millis: i64| {
        let now = NOW + time::Duration::milliseconds(millis);
        statistics.catch_up(&store.db, now).await.unwrap();
        (
            figures(&statistics)[0].network.agencies,
            statistics.is_behind(&store.db),
        )
    };
    assert_eq!(counted(0).await, (2000, false));
    store.issue(vec![said(2001)]).await;
    assert_eq!(counted(1).await, (2000, true), "two milliseconds for 2000");
    assert_eq!(counted(2).await, (2001, false));
    store.issue(vec![said(2002)]).await;
    assert_eq!(counted(1).await, (2002, false), "a clock that was put back");
}
