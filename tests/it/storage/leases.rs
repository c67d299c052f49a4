//! Several processes on one database: who holds what, and what somebody who lost it may still do.

use storage::leases::{self, Lease, Name};
use storage::peers::{self, Peer, RoundResult};
use storage::{Database, StorageError};
use testkit::dump::change;
use testkit::patience::eventually;
use testkit::records::{agency, hub_id, record};
use testkit::{Backend, Store};
use uuid::Uuid;

on_both_databases! {
    a_lease_is_held_by_one_and_lapses,
    a_lease_of_a_clock_that_was_put_back_is_free,
    two_who_take_at_once_get_different_leases,
    who_asks_is_given_the_lease,
    who_leaves_gives_all_and_is_counted_no_more,
    a_holder_that_was_paused_moves_no_cursor_back,
}

const A: Uuid = Uuid::from_u128(0xa);
const B: Uuid = Uuid::from_u128(0xb);
const PULL: Name = Name::Pull(1);

async fn taken(db: &Database, process: Uuid) -> Option<i64> {
    let mut taken = leases::take(db, process, &[PULL]).await.unwrap();
    assert!(taken.len() < 2);
    taken.pop().map(|lease| lease.fence)
}

async fn holder(db: &Database) -> Option<Uuid> {
    let leases = leases::list(db).await.unwrap();
    let found = leases.into_iter().find(|lease| lease.name == PULL);
    found.and_then(|lease| lease.holder)
}

async fn let_lapse(store: &Store) {
    change(store.site().location(), "UPDATE lease SET lapses_at = 1").await;
}

async fn a_lease_is_held_by_one_and_lapses(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let db = &store.db;
    assert_eq!(taken(db, A).await, Some(1));
    assert_eq!(taken(db, B).await, None);
    leases::renew(db, B).await.unwrap();
    leases::give(db, B, &[PULL]).await.unwrap();
    assert_eq!(holder(db).await, Some(A));

    let_lapse(&store).await;
    assert_eq!(holder(db).await, None, "nobody renewed it");
    leases::renew(db, A).await.unwrap();
    assert_eq!(holder(db).await, Some(A), "nobody took it meanwhile");
    assert_eq!(taken(db, B).await, None);

    let_lapse(&store).await;
    assert_eq!(taken(db, B).await, Some(2));
    leases::renew(db, A).await.unwrap();
    leases::give(db, A, &[PULL]).await.unwrap();
    assert_eq!(holder(db).await, Some(B), "who lost it cannot touch it");
    leases::give(db, B, &[PULL]).await.unwrap();
    assert_eq!(holder(db).await, None);
    let again = taken(db, A).await.unwrap();
    assert!(again > 2, "{again}");
}

async fn a_lease_of_a_clock_that_was_put_back_is_free(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    assert_eq!(taken(&store.db, A).await, Some(1));
    let ahead = "UPDATE lease SET lapses_at = lapses_at + 86400000";
    change(store.site().location(), ahead).await;
    assert_eq!(holder(&store.db).await, None);
    assert_eq!(taken(&store.db, B).await, Some(2));
}

async fn two_who_take_at_once_get_different_leases(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let other = store.another_handle().await;
    for round in 0..10 {
        let names: Vec<Name> = (round * 1000..).take(300).map(Name::Pull).collect();
        let backwards: Vec<Name> = names.iter().rev().copied().collect();
        let (a, b) = tokio::join!(
            leases::take(&store.db, A, &names),
            leases::take(&other, B, &backwards)
        );
        let (a, b) = (a.unwrap(), b.unwrap());
        let mut all: Vec<Name> = a.iter().chain(&b).map(|lease| lease.name).collect();
        all.sort_unstable();
        assert_eq!(all, names, "each is taken once");
        assert!(a.iter().all(|lease| lease.holder == A) && b.iter().all(|lease| lease.holder == B));
    }
    other.close().await.unwrap();
}

async fn who_asks_is_given_the_lease(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let db = &store.db;
    let lost = leases::take(db, A, &[PULL]).await.unwrap()[0];
    leases::ask(db, B, PULL).await.unwrap();
    assert_eq!(holder(db).await, Some(A), "asking takes nothing");
    leases::give(db, A, &[PULL]).await.unwrap();
    assert_eq!(holder(db).await, Some(B));
    assert_eq!(taken(db, A).await, None);
    assert!(taken(db, B).await.unwrap() > lost.fence);
    leases::give(db, B, &[PULL]).await.unwrap();
    assert_eq!(holder(db).await, None, "who asked once is given it once");
}

async fn who_leaves_gives_all_and_is_counted_no_more(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let db = &store.db;
    let peer = peer(db).await;
    let processes = async || {
        let standings = leases::list(db).await.unwrap();
        leases::seats(&[peer.id], &standings).1
    };
    leases::join(db, A).await.unwrap();
    leases::join(db, B).await.unwrap();
    assert_eq!(processes().await, 2);
    let names = [Name::Pull(peer.id), Name::Pull(peer.id + 1)];
    leases::take(db, A, &names).await.unwrap();
    leases::leave(db, A).await.unwrap();
    assert_eq!(processes().await, 1);
    assert_eq!(leases::take(db, B, &names).await.unwrap().len(), 2);
    leases::leave(db, B).await.unwrap();
    assert_eq!(processes().await, 0);
    leases::join(db, B).await.unwrap();
    let left: Vec<Name> = leases::list(db)
        .await
        .unwrap()
        .iter()
        .map(|lease| lease.name)
        .collect();
    assert_eq!(
        left,
        [Name::Process(B), names[0]],
        "processes and peers that are gone are forgotten"
    );
}

async fn peer(db: &Database) -> Peer {
    let now = time::OffsetDateTime::UNIX_EPOCH;
    peers::add(db, "https://b.example", &hub_id("hub-b"), now, None)
        .await
        .unwrap();
    peers::list(db).await.unwrap().remove(0)
}

async fn a_holder_that_was_paused_moves_no_cursor_back(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let db = &store.db;
    let id = peer(db).await.id;
    let name = Name::Pull(id);
    let note = async |lease: &Lease, cursor: &str| {
        let result = RoundResult {
            cursor: Some(cursor.to_owned()),
            heads_token: Some(cursor.to_owned()),
            ..RoundResult::default()
        };
        peers::note_round(db, id, Some(lease), &result, store.now()).await
    };
    let paused = leases::take(db, A, &[name]).await.unwrap()[0];
    note(&paused, "1").await.unwrap();
    let_lapse(&store).await;
    note(&paused, "2").await.expect("nobody took it");
    let holds = leases::take(db, B, &[name]).await.unwrap()[0];
    note(&holds, "9").await.unwrap();

    let refused = note(&paused, "3").await.unwrap_err();
    assert!(
        matches!(refused, StorageError::LeaseLost { .. }),
        "{refused}"
    );
    let kept = peers::find(db, id).await.unwrap().unwrap();
    assert_eq!(
        (
            kept.cursor.as_deref(),
            kept.heads_token.as_deref(),
            kept.record.rounds
        ),
        (Some("9"), Some("9"), 3)
    );
    // That it holds the lease again does not make its old round a new one.
    leases::give(db, B, &[name]).await.unwrap();
    let again = leases::take(db, A, &[name]).await.unwrap()[0];
    note(&paused, "3").await.unwrap_err();
    note(&again, "10").await.unwrap();
}

#[tokio::test]
async fn postgres_tells_other_processes_of_a_commit_as_it_happens() {
    let store = Store::fresh(Backend::Postgres, "hub-a").await;
    let other = store.another_handle().await;
    let hearing = tokio::spawn({
        let other = other.clone();
        async move { other.hear_commits().await }
    });
    // Nobody looks here: what the other knows, it heard.
    let mut heard = other.watch();
    for number in 1..4 {
        let name = format!("Dinas {number}");
        store
            .put_agency(record(number), 1, &agency(&name, None))
            .await;
        let position = *store.db.watch().borrow();
        eventually("the commit is heard", async || {
            (*heard.borrow_and_update() == position).then_some(())
        })
        .await;
    }

    // The connection is lost and made again, and what was committed meanwhile is not missed.
    let server = store.site().server().unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    server.execute("postgres", end).await;
    for number in 4..7 {
        store
            .put_agency(record(number), 1, &agency(&format!("Dinas {number}"), None))
            .await;
        let position = *store.db.watch().borrow();
        eventually("the commit is heard again", async || {
            (*heard.borrow_and_update() == position).then_some(())
        })
        .await;
    }
    hearing.abort();
    drop(hearing.await);
    other.close().await.unwrap();
}
