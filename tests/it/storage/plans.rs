//! How the databases read pages of many innovations: by an index that is in the list's order, never all of them.

use domain::catalog::{AdoptionStatus, LifecycleStage, RegionCode, Vocabulary as _};
use domain::entry::Sight;
use sea_orm::{ConnectOptions, ConnectionTrait as _};
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use testkit::records::{agency, hub_id, record};
use testkit::{Backend, Store};

on_both_databases! {
    common_pages_are_read_by_an_index,
}

/// Innovations in the table: far too many to read all for one page.
const MANY: u32 = 30_000;
/// Of them, the oldest, which have a province, a stage and an adoption status of their own.
const RARE: u32 = 100;

/// A hub that holds many innovations, of 60 hubs, of which few are like the others and 1 % are for the network only.
async fn hub_with_many(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-a").await;
    let draft = agency("Dinas", Some("13"));
    store.put_agency(record(1000), 1, &draft).await;
    let db = sea_orm::Database::connect(ConnectOptions::new(store.site().url())).await;
    let db = db.expect("the database can be reached");
    let random = match backend {
        Backend::Sqlite => "randomblob(16)",
        Backend::Postgres => "gen_random_uuid()",
    };
    let (few, most) = (
        LifecycleStage::Institutionalization.code(),
        LifecycleStage::Development.code(),
    );
    let (trial, initiative) = (
        AdoptionStatus::Trial.code(),
        AdoptionStatus::Initiative.code(),
    );
    let text = format!(
        "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {MANY})
         INSERT INTO innovation (key, hub_id, record, entry, agency, region, title_folded, stage, adoption, year, affairs,
             sdgs, published, updated, audience)
         SELECT 1000000 + i, 1 + i % 60, {random}, 1000000 + i, {random},
             CASE WHEN i <= {RARE} THEN '96.01' ELSE CAST(11 + i % 38 AS TEXT) || '.0' || CAST(1 + i % 9 AS TEXT) END,
             'judul ' || CAST(i AS TEXT), CASE WHEN i <= {RARE} THEN '{few}' ELSE '{most}' END,
             CASE WHEN i <= {RARE} THEN '{trial}' ELSE '{initiative}' END, 2020, 1, 1, i, i * 7919 % {MANY},
             CASE WHEN i % 100 = 0 THEN 1 ELSE 0 END FROM numbers"
    );
    let filled = db.execute_unprepared(&text).await;
    filled.expect("rows can be inserted");
    if backend == Backend::Postgres {
        // As the server does by itself after a minute.
        let analyzed = db.execute_unprepared("ANALYZE").await;
        analyzed.expect("it can be looked at");
    }
    db.close().await.expect("it closes");
    store
}

fn by_region(code: &str) -> InnovationFilter {
    InnovationFilter {
        region: Some(RegionCode::parse(code).expect("it is a code")),
        ..InnovationFilter::default()
    }
}

fn at_stage(stage: LifecycleStage) -> InnovationFilter {
    InnovationFilter {
        stages: vec![stage],
        ..InnovationFilter::default()
    }
}

fn with_adoption(adoption: AdoptionStatus) -> InnovationFilter {
    InnovationFilter {
        adoptions: vec![adoption],
        ..InnovationFilter::default()
    }
}

fn of_hub(hub: &str) -> InnovationFilter {
    InnovationFilter {
        hubs: vec![hub_id(hub)],
        ..InnovationFilter::default()
    }
}

async fn plan(store: &Store, filter: &InnovationFilter, order: Order) -> Vec<String> {
    let stretch = Stretch {
        order,
        direction: Direction::Descending,
        after: None,
        before: None,
        limit: 21,
    };
    let plan = innovations::plan(&store.db, filter, &stretch).await;
    plan.expect("the list can be planned")
}

/// Checks that innovations are read by this index, and neither all of them nor sorted.
async fn check(store: &Store, sight: Sight, filter: &InnovationFilter, order: Order, index: &str) {
    let filter = InnovationFilter {
        sight,
        ..filter.clone()
    };
    let steps = plan(store, &filter, order).await;
    let is_by_index = |step: &String| {
        let words: Vec<&str> = step.split([' ', '(']).collect();
        words.contains(&index)
    };
    let is_bad = |step: &String| {
        step.contains("Seq Scan on innovation")
            || step.contains("Sort")
            || step.contains("TEMP B-TREE")
            || step.contains("SCAN innovation") && !step.contains("USING INDEX")
    };
    assert!(
        steps.iter().any(is_by_index),
        "{filter:?} by {order:?} is not read by {index}: {steps:#?}"
    );
    assert!(
        !steps.iter().any(is_bad),
        "{filter:?} by {order:?} reads too much: {steps:#?}"
    );
}

async fn common_pages_are_read_by_an_index(backend: Backend) {
    let store = hub_with_many(backend).await;
    let all = InnovationFilter::default();
    let (few, trial) = (LifecycleStage::Institutionalization, AdoptionStatus::Trial);
    for sight in [Sight::Public, Sight::Network, Sight::All] {
        check(
            &store,
            sight,
            &all,
            Order::Published,
            "innovation_published",
        )
        .await;
        check(&store, sight, &all, Order::Updated, "innovation_updated").await;
        check(&store, sight, &all, Order::Title, "innovation_title").await;
        for (filter, index) in [
            (of_hub("hub-a"), "innovation_hub"),
            (by_region("96"), "innovation_province"),
            (by_region("13"), "innovation_province"),
            (at_stage(few), "innovation_stage"),
            (with_adoption(trial), "innovation_adoption"),
        ] {
            check(&store, sight, &filter, Order::Published, index).await;
        }
        // Nearly all are at this stage, and PostgreSQL knows it.
        let most = at_stage(LifecycleStage::Development);
        let index = match backend {
            Backend::Sqlite => "innovation_stage",
            Backend::Postgres => "innovation_published",
        };
        check(&store, sight, &most, Order::Published, index).await;
        check(&store, sight, &most, Order::Updated, "innovation_updated").await;
    }
    check_combined(&store).await;
}

/// Of two conditions, that which narrows more leads the way.
async fn check_combined(store: &Store) {
    let of_hub_at_stage = InnovationFilter {
        hubs: vec![hub_id("hub-a")],
        ..at_stage(LifecycleStage::Development)
    };
    let in_province_at_stage = InnovationFilter {
        stages: vec![LifecycleStage::Development],
        ..by_region("13")
    };
    let sight = Sight::Public;
    for (filter, index) in [
        (of_hub_at_stage, "innovation_hub"),
        (in_province_at_stage, "innovation_province"),
    ] {
        check(store, sight, &filter, Order::Published, index).await;
    }
}
