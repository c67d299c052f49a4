//! What is known of all logs, since when one is behind, and what it costs to ask.

use domain::identity::LogId;
use domain::log::LogState;
use domain::standing::{LogStanding, Standing};
use storage::logs::watching;
use storage::standing;
use testkit::records::{agency, record};
use testkit::{Backend, Store};

on_both_databases! {
    the_time_since_a_log_is_behind_is_kept_until_it_is_there,
    asking_costs_the_same_however_many_logs_there_are,
}

async fn standing_of(store: &Store) -> Standing {
    standing::read(&store.db, store.now()).await.unwrap()
}

async fn log_of(store: &Store, log: &LogId) -> LogStanding {
    let standing = standing_of(store).await;
    let mut logs = standing.logs.into_iter();
    logs.find(|standing| standing.log == *log).unwrap()
}

async fn the_time_since_a_log_is_behind_is_kept_until_it_is_there(backend: Backend) {
    let origin = Store::fresh(backend, "hub-o").await;
    for number in 1..5 {
        let name = format!("Dinas {number}");
        origin
            .put_agency(record(number), 1, &agency(&name, None))
            .await;
    }
    let puller = Store::fresh(backend, "hub-p").await;
    let seen = async |size| {
        let noted = watching::note_seen(&puller.db, &origin.log, size, puller.now()).await;
        noted.unwrap();
    };
    let check = async |size, lag, behind_ms| {
        let log = log_of(&puller, &origin.log).await;
        let now = standing_of(&puller).await.at;
        assert_eq!(
            (log.size, log.lag(), log.behind_for(now)),
            (size, lag, behind_ms)
        );
    };
    seen(3).await;
    puller.clock.pass(100);
    check(0, 3, 100_000).await;
    seen(2).await;
    seen(4).await;
    puller.clock.pass(20);
    check(0, 4, 120_000).await;

    let page = puller.next_page(&origin, &origin.log, 2).await;
    puller.apply(page).await.unwrap();
    check(2, 2, 120_000).await;
    puller.pull(&origin, &origin.log, 2).await;
    check(4, 0, 0).await;
    let log = log_of(&puller, &origin.log).await;
    assert_eq!((log.state, log.behind_since), (LogState::Proved, None));
    assert!(standing_of(&puller).await.is_in_sync());

    seen(4).await;
    check(4, 0, 0).await;
    origin
        .put_agency(record(9), 1, &agency("Dinas", None))
        .await;
    seen(5).await;
    puller.clock.pass(7);
    check(4, 1, 7000).await;
}

async fn asking_costs_the_same_however_many_logs_there_are(backend: Backend) {
    let puller = Store::fresh(backend, "hub-p").await;
    let mut costs = Vec::new();
    for number in 1..=5 {
        let log = LogId {
            hub: format!("hub-{number}").parse().unwrap(),
            ..puller.log.clone()
        };
        watching::note_seen(&puller.db, &log, number, puller.now())
            .await
            .unwrap();
        let before = puller.db.statements();
        let standing = standing_of(&puller).await;
        assert_eq!(standing.logs.len() as u64, number + 1);
        costs.push(puller.db.statements() - before);
    }
    assert_eq!(costs, [5; 5]);
}
