//! Second factors of accounts: each code counts once, and who guesses waits.

use domain::account::{AccountName, FREE_FAILURES};
use domain::catalog::Line;
use storage::accounts::factors::{self, Given};
use storage::accounts::sessions::{self, Began, Session};
use storage::accounts::{self, Account};
use testkit::{Backend, Store};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

on_both_databases! {
    an_app_is_asked_for_once_a_code_of_it_was_given,
    a_code_counts_once_also_for_those_who_ask_at_once,
    who_guesses_codes_waits_also_when_guessing_at_once,
    what_is_reset_is_gone,
}

fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

async fn added(store: &Store, number: u128, name: &str) -> Account {
    let account = Account {
        id: Uuid::from_u128(number),
        revision: 1,
        name: AccountName::parse(name).unwrap(),
        display: Line::parse("Siti Rahma").unwrap(),
        grants: Vec::new(),
        password: Some("hash".to_owned()),
        is_disabled: false,
        failures: 0,
        paused_until: OffsetDateTime::UNIX_EPOCH,
        created: start(),
        seen: None,
    };
    accounts::add(&store.db, &account, None)
        .await
        .unwrap()
        .unwrap();
    account
}

async fn begun(store: &Store, of: &Account, number: u128) -> Uuid {
    let session = Session {
        id: Uuid::from_u128(number),
        account: of.id,
        created: start(),
        seen: start(),
        expires: start() + Duration::hours(12),
        client: "test".to_owned(),
        began: Began::Password,
    };
    let hash = number.to_be_bytes().repeat(2);
    sessions::begin(&store.db, &session, &hash, None)
        .await
        .unwrap();
    session.id
}

/// An account whose app is asked for; the code of step 10 was taken.
async fn with_app(store: &Store) -> Account {
    let siti = added(store, 1, "siti").await;
    let session = begun(store, &siti, 10).await;
    let secret = [7; 20];
    let kept = factors::begin_totp(&store.db, siti.id, &secret, start(), None);
    assert!(kept.await.unwrap());
    let papers = [b"one".to_vec(), b"two".to_vec()];
    let confirmed =
        factors::confirm_totp(&store.db, (siti.id, session), (&secret, 10), &papers, None);
    assert!(confirmed.await.unwrap());
    siti
}

async fn take(store: &Store, of: &Account, given: Given<'_>, at: OffsetDateTime) -> bool {
    factors::take(&store.db, of.id, given, at).await.unwrap()
}

async fn failures(store: &Store, of: &Account) -> u32 {
    let found = accounts::find(&store.db, of.id).await.unwrap();
    found.unwrap().failures
}

async fn an_app_is_asked_for_once_a_code_of_it_was_given(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let (db, siti) = (&store.db, added(&store, 1, "siti").await);
    let here = begun(&store, &siti, 10).await;
    begun(&store, &siti, 11).await;
    let (old, new) = ([6; 20], [7; 20]);
    assert!(
        factors::begin_totp(db, siti.id, &old, start(), None)
            .await
            .unwrap()
    );
    assert!(
        factors::begin_totp(db, siti.id, &new, start(), None)
            .await
            .unwrap()
    );
    assert!(!factors::of(db, siti.id).await.unwrap().has_totp);
    assert!(!take(&store, &siti, Given::Step(9), start()).await);
    let confirm = async |secret: &[u8]| {
        let papers = [b"one".to_vec()];
        let confirmed =
            factors::confirm_totp(db, (siti.id, here), (secret, 10), &papers, None).await;
        confirmed.unwrap()
    };
    assert!(!confirm(&old).await, "it was begun anew");
    assert!(confirm(&new).await);
    assert!(!confirm(&new).await, "it is confirmed");
    let found = factors::of(db, siti.id).await.unwrap();
    assert!(found.has_totp && found.papers == 1, "{found:?}");
    let kept = sessions::list(db, siti.id).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|it| (it.id, it.began)).collect();
    assert_eq!(kept, [(here, Began::SecondFactor)]);
    let another = factors::begin_totp(db, siti.id, &old, start(), None).await;
    assert!(!another.unwrap(), "one app at a time");
    let totp = factors::totp(db, siti.id).await.unwrap().unwrap();
    assert_eq!(totp.secret.as_slice(), new);
    assert_eq!(format!("{totp:?}"), "Totp { is_confirmed: true, .. }");
}

async fn a_code_counts_once_also_for_those_who_ask_at_once(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = with_app(&store).await;
    assert!(!take(&store, &siti, Given::Step(10), start()).await);
    assert!(!take(&store, &siti, Given::Step(9), start()).await);
    let at_once = |given| {
        let four = [(); 4].map(|()| take(&store, &siti, given, start()));
        futures_util::future::join_all(four)
    };
    let count = |taken: Vec<bool>| taken.into_iter().filter(|taken| *taken).count();
    assert_eq!(count(at_once(Given::Step(11)).await), 1);
    assert_eq!(count(at_once(Given::Paper(b"one")).await), 1);
    assert_eq!(count(at_once(Given::Paper(b"three")).await), 0);
    assert_eq!(factors::of(&store.db, siti.id).await.unwrap().papers, 1);
}

async fn who_guesses_codes_waits_also_when_guessing_at_once(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = with_app(&store).await;
    take(&store, &siti, Given::Wrong, start()).await;
    assert_eq!(failures(&store, &siti).await, 1);
    assert!(take(&store, &siti, Given::Step(11), start()).await);
    assert_eq!(failures(&store, &siti).await, 0);
    let guesses = [(); 30].map(|()| take(&store, &siti, Given::Wrong, start()));
    futures_util::future::join_all(guesses).await;
    assert_eq!(
        failures(&store, &siti).await,
        FREE_FAILURES + 1,
        "the rest was not looked at"
    );
    assert!(!take(&store, &siti, Given::Step(12), start()).await);
    assert!(!take(&store, &siti, Given::Paper(b"one"), start()).await);
    let later = start() + Duration::seconds(30);
    assert!(take(&store, &siti, Given::Paper(b"one"), later).await);
}

async fn what_is_reset_is_gone(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = with_app(&store).await;
    let db = &store.db;
    let renewed = factors::renew_papers(db, siti.id, &[b"three".to_vec()], None).await;
    renewed.unwrap();
    assert!(!take(&store, &siti, Given::Paper(b"one"), start()).await);
    assert!(factors::reset(db, siti.id, None).await.unwrap());
    assert!(!factors::reset(db, siti.id, None).await.unwrap());
    assert_eq!(
        factors::of(db, siti.id).await.unwrap(),
        factors::Factors::default()
    );
    assert_eq!(sessions::list(db, siti.id).await.unwrap(), []);
    assert!(!take(&store, &siti, Given::Paper(b"three"), start()).await);
}
