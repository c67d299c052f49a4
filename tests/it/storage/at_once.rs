//! Who has written sees it at once in lists that come out of memory, whoever else writes, and through which handle of the
//! database it is asked; and what was revised, deleted or cut is not shown any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::entry::{Kind, Sight};
use domain::identity::RecordId;
use storage::Database;
use storage::innovations::{
    self, Direction, InnovationFilter, InnovationRef, Order, Stretch, WantedInnovation, WantedItems,
};
use storage::items::Role;
use storage::logs::EntryKey;
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, record};
use testkit::{Backend, Store};
use tokio::task::JoinHandle;

on_both_databases! {
    what_was_written_is_listed_at_once,
    what_was_revised_deleted_or_cut_is_gone_at_once,
}

/// How many records are written and looked for.
const WRITES: u128 = 40;

async fn newest(db: &Database) -> Vec<InnovationRef> {
    let stretch = Stretch {
        order: Order::Published,
        direction: Direction::Descending,
        after: None,
        before: None,
        limit: 100_000,
    };
    let filter = InnovationFilter::default();
    innovations::list(db, &filter, &stretch).await.unwrap()
}

/// Whether a record is found with what is said of it; nothing where the database has to be asked.
async fn is_together(db: &Database, record: RecordId) -> Option<bool> {
    let key = (hub_id("hub-a"), record);
    let items = [WantedItems {
        relation: (Kind::AWARD, Role::Subject),
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

/// A store whose rows two handles of its database keep in memory, while somebody writes without a pause.
struct Busy {
    store: Arc<Store>,
    handles: [Database; 2],
    keeping: [JoinHandle<()>; 2],
    writing: JoinHandle<()>,
    is_over: Arc<AtomicBool>,
}

impl Busy {
    async fn new(backend: Backend) -> Self {
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
        Self {
            store,
            handles,
            keeping,
            writing,
            is_over,
        }
    }

    async fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.writing.await.unwrap();
        for task in self.keeping {
            task.abort();
        }
    }

    /// The entry that each handle lists of a record.
    async fn listed(&self, of: RecordId) -> [Option<EntryKey>; 2] {
        let mut listed = [None; 2];
        for (db, listed) in self.handles.iter().zip(&mut listed) {
            let all = newest(db).await;
            *listed = all.iter().find(|it| it.record == of).map(|it| it.entry);
        }
        listed
    }
}

async fn what_was_written_is_listed_at_once(backend: Backend) {
    let busy = Busy::new(backend).await;
    let mut by_rows = 0;
    for number in 2..WRITES {
        let written = record(number);
        let text = innovation("Loket", record(1));
        busy.store.put_innovation(written, 1, &text).await;
        for db in &busy.handles {
            let listed = newest(db).await;
            assert!(listed.iter().any(|it| it.record == written), "{number}");
            let is_there = is_together(db, written).await;
            assert_ne!(is_there, Some(false), "record {number}");
            by_rows += u32::from(is_there.is_some());
        }
    }
    assert!(by_rows > 0, "memory answers while others write");
    busy.end().await;
}

async fn what_was_revised_deleted_or_cut_is_gone_at_once(backend: Backend) {
    let busy = Busy::new(backend).await;
    let store = &busy.store;
    for number in 2..WRITES / 2 {
        let of = record(number);
        let text = innovation("Loket", record(1));
        store.put_innovation(of, 1, &text).await;
        let first = busy.listed(of).await;
        assert!(first[0].is_some() && first[0] == first[1], "{first:?}");
        store.put_innovation(of, 2, &text).await;
        let second = busy.listed(of).await;
        assert!(second[0] > first[0] && second[0] == second[1], "{number}");
        store.delete(of, 3, Kind::INNOVATION).await;
        assert_eq!(busy.listed(of).await, [None; 2], "record {number}");
    }

    // Another hub begins a log that knows only a part of its former one: the rest is cut.
    let mut old = Forge::of("hub-o");
    let kept = record(5001);
    let put = |log: &mut Forge, number: u128| {
        let said = serde_json::to_value(innovation("Loket", record(9))).unwrap();
        log.put(record(number), 1, Kind::INNOVATION, &said, |_| {});
    };
    put(&mut old, 5001);
    let known = old.grown();
    let cut: Vec<RecordId> = (5002..5010).map(record).collect();
    (5002..5010).for_each(|number| put(&mut old, number));
    store.apply(old.page()).await.unwrap();
    busy.listed(kept).await;
    let mut next = old.reopened(2, record(5000), &known);
    store.apply(next.page()).await.unwrap();
    for of in cut {
        assert_eq!(busy.listed(of).await, [None; 2], "it was cut");
    }
    let listed = busy.listed(kept).await;
    assert!(listed[0].is_some() && listed[0] == listed[1], "{listed:?}");
    busy.end().await;
}
