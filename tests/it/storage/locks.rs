//! Several writers at once: each waits for its turn, none waits in a ring, and what comes out is what one after the other
//! would have left.

use domain::entry::Kind;
use domain::healing::Halt;
use domain::identity::LogId;
use domain::log::{Accepted, Opening};
use serde_json::json;
use storage::logs::{self, audience, cutting, fill, heads, rebuild, watching};
use storage::peers::{self, RoundResult};
use storage::{Database, StorageError, halt, holders, leases, pins, trust};
use testkit::dump::change;
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, key_of, record};
use testkit::{Backend, Store};
use uuid::Uuid;

use super::NONE;

on_both_databases! {
    two_logs_of_one_hub_taken_at_once_are_taken_one_after_the_other,
    a_page_that_continues_another_branch_of_this_size_is_refused,
    what_is_to_be_cut_stays_if_the_log_is_another_by_now,
    of_two_who_cut_the_same_one_does,
}

/// A log of revisions of the same records.
fn revisions(hub: &str, epoch: u64, revision: u64, records: u128) -> Forge {
    let mut forge = Forge::of_epoch(hub, epoch);
    for number in 2..2 + records {
        let title = format!("Title {number} {revision}");
        let body = serde_json::to_value(innovation(&title, record(1))).unwrap();
        forge.put(record(number), revision, Kind::INNOVATION, &body, |_| {});
        if revision == 1 {
            // Nobody has it any more: the later log superseded it.
            forge.without_payload();
        }
    }
    forge
}

async fn two_logs_of_one_hub_taken_at_once_are_taken_one_after_the_other(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let other = puller.another_handle().await;
    for number in 0..6 {
        let hub = format!("hub-o{number}");
        let (mut old, mut new) = (revisions(&hub, 1, 1, 150), revisions(&hub, 2, 2, 150));
        // The hub is known, so nobody waits for the other to make it known.
        let seen = watching::note_seen(&puller.db, old.log(), 150, puller.now());
        seen.await.unwrap();
        let (one, two) = tokio::join!(
            puller.apply(old.page()),
            logs::apply(&other, new.page(), None, &puller.clock)
        );
        one.unwrap();
        two.unwrap();
        let missing = fill::list_missing(&puller.db, old.log(), 1).await.unwrap();
        assert_eq!(missing, [0; 0], "all are superseded, so none is missing");
        let shown = puller.dump().await.table("innovation").len();
        assert_eq!(shown, 150 * (number + 1), "each record is shown once");
    }
    assert_eq!(puller.faults().await, NONE);
}

/// Two histories of one log, of an entry each.
fn two_histories() -> [Forge; 2] {
    ["Dinas Satu", "Dinas Dua"].map(|name| {
        let mut forge = Forge::of("hub-o");
        let body = serde_json::to_value(agency(name, None)).unwrap();
        forge.put(record(1), 1, Kind::AGENCY, &body, |_| {});
        forge
    })
}

async fn a_page_that_continues_another_branch_of_this_size_is_refused(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let pages = two_histories().map(|mut forge| {
        let first = forge.page();
        forge.put(record(2), 1, "strange", &json!({}), |_| {});
        (first, forge.page())
    });
    let [(ours, next), (theirs, their_next)] = pages;
    let log = next.checkpoint.log().clone();
    puller.apply(ours).await.unwrap();
    // Meanwhile another process found out that the other branch counts.
    let held = heads::edge(&puller.db, &log).await.unwrap();
    let cut = cutting::cut(&puller.db, &log, &held, 0, puller.now()).await;
    assert_eq!(cut.unwrap(), 1);
    puller.apply(theirs).await.unwrap();

    let refused = puller.apply(next).await.unwrap_err();
    assert!(
        matches!(refused, StorageError::Moved { held: 1, from: 1 }),
        "{refused}"
    );
    assert_eq!(puller.faults().await, NONE);
    puller.apply(their_next).await.unwrap();
    assert_eq!(puller.faults().await, NONE);
}

async fn what_is_to_be_cut_stays_if_the_log_is_another_by_now(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let [mut ours, mut theirs] = two_histories();
    let (db, log, now) = (&puller.db, ours.log().clone(), puller.now());
    puller.apply(ours.page()).await.unwrap();
    let judged = heads::edge(db, &log).await.unwrap();
    // Meanwhile another process does the same, and pulls what counts.
    cutting::cut(db, &log, &judged, 0, now).await.unwrap();
    puller.apply(theirs.page()).await.unwrap();

    let shown = puller.dump().await;
    let refused = cutting::cut(db, &log, &judged, 0, now).await.unwrap_err();
    assert!(
        matches!(refused, StorageError::Moved { held: 1, from: 1 }),
        "{refused}"
    );
    assert_eq!(puller.dump().await, shown);
    let grown = shown.table("agency");
    assert!(format!("{grown:?}").contains("dinas dua"), "{grown:?}");

    // Nor is a log cut that has grown since.
    let judged = heads::edge(db, &log).await.unwrap();
    theirs.put(record(2), 1, "strange", &json!({}), |_| {});
    puller.apply(theirs.page()).await.unwrap();
    let refused = cutting::cut(db, &log, &judged, 0, now).await.unwrap_err();
    assert!(
        matches!(refused, StorageError::Moved { held: 2, from: 1 }),
        "{refused}"
    );
    assert_eq!(puller.faults().await, NONE);
}

async fn of_two_who_cut_the_same_one_does(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let other = puller.another_handle().await;
    let [mut ours, _] = two_histories();
    let (log, now) = (ours.log().clone(), puller.now());
    puller.apply(ours.page()).await.unwrap();
    let judged = heads::edge(&other, &log).await.unwrap();
    let (one, two) = tokio::join!(
        cutting::cut(&puller.db, &log, &judged, 0, now),
        cutting::cut(&other, &log, &judged, 0, now),
    );
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    other.close().await.unwrap();
}

/// What writers at once may be told; anything else, a deadlock above all, is a fault.
fn is_expected(error: &StorageError) -> bool {
    matches!(
        error,
        StorageError::Moved { .. } | StorageError::Closed { .. } | StorageError::LeaseLost { .. }
    )
}

/// The logs of one turn: an old one, and the next, which accepts one entry of it.
struct Turn {
    old: Forge,
    next: Forge,
}

impl Turn {
    fn new(number: u64) -> Self {
        let hub = format!("hub-o{number}");
        let mut old = revisions(&hub, 1, 1, 1);
        let accepted = Accepted {
            size: 1,
            root: old.grown().root(),
        };
        for number in 10..30 {
            let body = serde_json::to_value(innovation("More", record(1))).unwrap();
            old.put(record(number), 1, Kind::INNOVATION, &body, |_| {});
        }
        let mut next = Forge::of_epoch(&hub, 2);
        let opening = Opening {
            checkpoint: None,
            previous: old.log().epoch,
            accepted,
        };
        let body = serde_json::from_str(&opening.to_body()).unwrap();
        next.put(record(90), 1, Kind::EPOCH, &body, |_| {});
        let body = serde_json::to_value(innovation("Again", record(1))).unwrap();
        next.put(record(10), 2, Kind::INNOVATION, &body, |_| {});
        Self { old, next }
    }
}

/// One entry of the authority: what is said of members makes peers be looked at anew.
fn membership(authority: &mut Forge, number: u64) {
    let hub = format!("hub-m{number}");
    let key = key_of(&hub_id(&hub)).public().to_string();
    let body =
        json!({"hub": hub, "name": "Hub contoh", "keys": [{"key": key}], "status": "ACTIVE"});
    authority.put(
        record(1000 + u128::from(number)),
        1,
        Kind::MEMBERSHIP,
        &body,
        |_| {},
    );
}

/// Takes out all that a log holds, whatever that is by then.
async fn cut_all(db: &Database, log: &LogId) -> Result<(), StorageError> {
    loop {
        let held = heads::edge(db, log).await?;
        let now = time::OffsetDateTime::UNIX_EPOCH;
        match cutting::cut(db, log, &held, 0, now).await {
            Err(StorageError::Moved { .. }) => {}
            done => return done.map(drop),
        }
    }
}

/// PostgreSQL only: there several transactions write at once. Each write here takes other locks than the next.
#[tokio::test]
async fn writers_never_wait_for_each_other_in_a_ring() {
    let store = Store::fresh(Backend::Postgres, "hub-p").await;
    // A deadlock is told at once, not after a second.
    let at_once = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 10', current_database()); END $$";
    change(store.site().location(), at_once).await;
    let one = store.another_handle().await;
    let two = store.another_handle().await;
    let (mut authority, clock, now) = (Forge::of("hub-z"), &store.clock, store.now());
    trust::follow(&one, &authority.log().hub, None)
        .await
        .unwrap();
    let peers: Vec<i64> = {
        for number in 0..4 {
            let url = format!("http://127.0.0.1:{number}");
            peers::add(&one, &url, &hub_id(&format!("hub-q{number}")), now, None)
                .await
                .unwrap();
        }
        let listed = peers::list(&one).await.unwrap();
        listed.into_iter().map(|peer| peer.id).collect()
    };
    let names: Vec<_> = peers.iter().map(|peer| leases::Name::Pull(*peer)).collect();
    let processes = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for number in 0..8 {
        let Turn { mut old, mut next } = Turn::new(number);
        membership(&mut authority, number);
        let (log, later) = (old.log().clone(), next.log().clone());
        let hub = log.hub.clone();
        let key = key_of(&hub).public();
        let round = RoundResult::default();
        let share = async |db: &Database, process: Uuid| -> Result<(), StorageError> {
            leases::join(db, process).await?;
            let taken = leases::take(db, process, &names).await?;
            leases::renew(db, process).await?;
            for lease in &taken {
                if let leases::Name::Pull(peer) = lease.name {
                    peers::note_round(db, peer, Some(lease), &round, now).await?;
                }
            }
            leases::give(db, process, &names).await?;
            leases::leave(db, process).await
        };
        let stop = async |db: &Database| -> Result<(), StorageError> {
            halt::set(db, Halt::Behind, now).await?;
            if let Some(halted) = halt::read(db).await? {
                halt::lift(db, &halted).await?;
            }
            Ok(())
        };
        let pin = async |db: &Database| -> Result<(), StorageError> {
            pins::add(db, &hub, &key, now, None).await?;
            trust::deny(db, &hub, now, None).await?;
            trust::allow(db, &hub, None).await.map(drop)
        };
        let look = async |db: &Database| -> Result<(), StorageError> {
            watching::note_seen(db, &log, 30, now).await?;
            watching::note_unproved(db, &log, now).await?;
            watching::note_hope(db, &log).await?;
            for peer in &peers {
                holders::note(db, *peer, &later, 1, now).await?;
            }
            audience::settle(db).await
        };
        let done = tokio::join!(
            async { logs::apply(&one, old.page(), None, clock).await.map(drop) },
            async { logs::apply(&two, next.page(), None, clock).await.map(drop) },
            async {
                logs::apply(&store.db, authority.page(), None, clock)
                    .await
                    .map(drop)
            },
            cut_all(&two, &later),
            cut_all(&one, &log),
            async { rebuild::rebuild(&store.db, |_| {}).await.map(drop) },
            async { rebuild::rebuild(&two, |_| {}).await.map(drop) },
            share(&one, processes[0]),
            share(&two, processes[1]),
            stop(&store.db),
            pin(&one),
            look(&two),
            look(&store.db),
        );
        let done = [
            done.0, done.1, done.2, done.3, done.4, done.5, done.6, done.7, done.8, done.9,
            done.10, done.11, done.12,
        ];
        for (write, error) in done
            .into_iter()
            .enumerate()
            .filter_map(|(write, done)| Some((write, done.err()?)))
        {
            assert!(
                is_expected(&error),
                "turn {number}, write {write}: {error:?}"
            );
        }
    }
    assert_eq!(store.faults().await, NONE);
}
