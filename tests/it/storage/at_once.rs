//! Who has written sees it at once in lists that come out of memory, whoever else writes, and through which handle of the database it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::entry::Sight;
use domain::identity::RecordId;
use storage::Database;
use storage::innovations::{
    self, Direction, InnovationFilter, Order, Stretch, WantedInnovation, WantedItems,
};
use storage::items::Role;
use testkit::records::{agency, hub_id, innovation, record};
use testkit::{Backend, Store};

on_both_databases! {
    what_was_written_is_listed_at_once,
}

/// How many records are written and looked for.
const WRITES: u128 = 40;

async fn newest(db: &Database) -> Vec<RecordId> {
    let stretch = Stretch {
        order: Order::Published,
        direction: Direction::Descending,
        after: None,
        before: None,
        limit: 100,
    };
    let filter = InnovationFilter::default();
    let listed = innovations::list(db, &filter, &stretch).await.unwrap();
    listed.into_iter().map(|listed| listed.record).collect()
}

/// Whether a record is found with what is said of it; nothing where the database has to be asked.
async fn is_together(db: &Database, record: RecordId) -> Option<bool> {
    let key = (hub_id("hub-a"), record);
    let items = [WantedItems {
        relation: (domain::entry::Kind::AWARD, Role::Subject),
        sight: Sight::Public,
        most: 3,
    }];
    let wanted = WantedInnovation {
        key: &key,
        sight: Sight::Public,
        is_brief: false,
        items: &items,
    };
    let read = innovations::together(db, wanted).await.unwrap();
    read.map(|together| together.is_some())
}

async fn what_was_written_is_listed_at_once(backend: Backend) {
    let store = Arc::new(Store::fresh(backend, "hub-a").await);
    store.put_agency(record(1), 1, &agency("Dinas", None)).await;
    let another = store.another_handle().await;
    let handles = [store.db.clone(), another];
    let keeping = handles.clone().map(|db| {
        tokio::spawn(async move {
            db.keep_rows(10_000).await;
        })
    });
    // They are read for the first time.
    for db in &handles {
        for _ in 0..1000 {
            if db.rows_as_of().is_some() {
                break;
            }
            newest(db).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let (others, until) = (Arc::clone(&store), Arc::clone(&is_over));
    let writing = tokio::spawn(async move {
        let mut number = 10_000;
        while !until.load(Ordering::Relaxed) {
            let text = innovation("Antrean", record(1));
            others.put_innovation(record(number), 1, &text).await;
            number += 1;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    });
    let mut by_rows = 0;
    for number in 2..WRITES {
        let written = record(number);
        let text = innovation("Loket", record(1));
        store.put_innovation(written, 1, &text).await;
        for db in &handles {
            assert!(newest(db).await.contains(&written), "record {number}");
            let is_there = is_together(db, written).await;
            assert_ne!(is_there, Some(false), "record {number}");
            by_rows += u32::from(is_there.is_some());
        }
    }
    assert!(by_rows > 0, "memory answers while others write");
    is_over.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    for task in keeping {
        task.abort();
    }
}
