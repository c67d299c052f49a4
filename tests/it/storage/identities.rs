//! Accounts of other systems, and passkeys: whose they are, and that each answer counts once.

use domain::account::AccountName;
use domain::catalog::Line;
use domain::role::{Grant, Role};
use storage::accounts::identities::{self, Arrival, Turned};
use storage::accounts::passkeys::{self, MOST_PASSKEYS, NotKept, Passkey};
use storage::accounts::{self, Account};
use testkit::{Backend, Store};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

on_both_databases! {
    somebody_is_issuer_and_subject_and_gets_a_name_of_their_own,
    roles_follow_and_an_answer_counts_once,
    a_passkey_is_one_accounts_and_counts_up,
}

const ISSUER: &str = "https://sso.example";

fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

/// Somebody comes; the number is that of the answer, and of the account if it is new.
async fn comes(
    store: &Store,
    number: u128,
    who: (&str, &str),
    roles: &[Role],
    decides: bool,
) -> Result<Account, Turned> {
    let grants: Vec<_> = roles
        .iter()
        .map(|role| Grant::new(*role, None).unwrap())
        .collect();
    let arrival = Arrival {
        issuer: who.0,
        subject: who.1,
        answer: &number.to_be_bytes(),
        name: &AccountName::parse("siti").unwrap(),
        display: &Line::parse("Siti Rahma").unwrap(),
        grants: &grants,
        decides,
        id: Uuid::from_u128(number),
    };
    identities::enter(&store.db, &arrival, start())
        .await
        .unwrap()
}

async fn somebody_is_issuer_and_subject_and_gets_a_name_of_their_own(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let name = |account: Result<Account, Turned>| account.unwrap().name.to_string();
    let reader = [Role::Reader];
    assert_eq!(
        comes(&store, 1, (ISSUER, "1"), &[], true).await,
        Err(Turned::NoRole)
    );
    assert_eq!(
        name(comes(&store, 2, (ISSUER, "1"), &reader, true).await),
        "siti"
    );
    assert_eq!(
        name(comes(&store, 3, (ISSUER, "2"), &reader, true).await),
        "siti-2"
    );
    let other = ("https://other.example", "1");
    assert_eq!(name(comes(&store, 4, other, &reader, true).await), "siti-3");
    assert_eq!(
        name(comes(&store, 5, (ISSUER, "1"), &reader, true).await),
        "siti"
    );
    let first = accounts::find(&store.db, Uuid::from_u128(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.password, first.seen), (None, Some(start())));

    let db = &store.db;
    let linked = identities::link(db, (ISSUER, "9"), first.id, start(), None)
        .await
        .unwrap();
    let again = identities::link(db, (ISSUER, "2"), first.id, start(), None)
        .await
        .unwrap();
    assert_eq!(
        [linked, again],
        [true, false],
        "that one is of somebody else"
    );
    assert_eq!(
        name(comes(&store, 6, (ISSUER, "9"), &reader, true).await),
        "siti"
    );
    assert_eq!(identities::list(db, first.id).await.unwrap().len(), 2);
    assert!(
        identities::unlink(db, (ISSUER, "9"), first.id, None)
            .await
            .unwrap()
    );
    assert!(
        !identities::unlink(db, (ISSUER, "2"), first.id, None)
            .await
            .unwrap()
    );
    assert_eq!(
        name(comes(&store, 7, (ISSUER, "9"), &reader, true).await),
        "siti-4"
    );
}

async fn roles_follow_and_an_answer_counts_once(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let who = (ISSUER, "1");
    let roles = |account: Result<Account, Turned>| -> Vec<Role> {
        account.unwrap().grants.iter().map(Grant::role).collect()
    };
    let operator = [Role::Operator];
    assert_eq!(
        roles(comes(&store, 1, who, &operator, true).await),
        operator
    );
    assert_eq!(
        comes(&store, 1, who, &operator, true).await,
        Err(Turned::Again)
    );
    assert_eq!(
        roles(comes(&store, 2, who, &[Role::Reader], false).await),
        operator
    );
    let reader = [Role::Reader];
    assert_eq!(
        roles(comes(&store, 3, who, &reader, true).await),
        reader,
        "the last operator, too"
    );
    assert_eq!(comes(&store, 4, who, &[], true).await, Err(Turned::NoRole));
    let mut held = accounts::find(&store.db, Uuid::from_u128(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (held.grants.len(), held.revision),
        (0, 3),
        "what was decided stays"
    );
    held.is_disabled = true;
    held.revision += 1;
    accounts::change(&store.db, &held, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        comes(&store, 5, who, &operator, true).await,
        Err(Turned::Disabled)
    );
}

async fn a_passkey_is_one_accounts_and_counts_up(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let db = &store.db;
    let siti = comes(&store, 1, (ISSUER, "1"), &[Role::Reader], true)
        .await
        .unwrap();
    let budi = comes(&store, 2, (ISSUER, "2"), &[Role::Reader], true)
        .await
        .unwrap();
    let passkey = |number: u128, of: &Account| Passkey {
        id: Uuid::from_u128(number),
        account: of.id,
        credential: number.to_be_bytes().to_vec(),
        passkey: "one".to_owned(),
        name: Line::parse("Laptop").unwrap(),
        created: start(),
        seen: None,
    };
    let first = passkey(10, &siti);
    passkeys::add(db, &first, None).await.unwrap().unwrap();
    let taken = Passkey {
        id: Uuid::from_u128(11),
        account: budi.id,
        ..first.clone()
    };
    assert_eq!(
        passkeys::add(db, &taken, None).await.unwrap(),
        Err(NotKept::Taken)
    );
    for number in 1..u128::from(MOST_PASSKEYS) {
        passkeys::add(db, &passkey(100 + number, &siti), None)
            .await
            .unwrap()
            .unwrap();
    }
    let more = passkeys::add(db, &passkey(99, &siti), None).await.unwrap();
    assert_eq!(more, Err(NotKept::TooMany));

    let (read, account) = passkeys::find(db, &first.credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&read, account.id), (&first, siti.id));
    let later = start() + Duration::hours(1);
    assert!(passkeys::note_use(db, &read, "two", later).await.unwrap());
    assert!(
        !passkeys::note_use(db, &read, "two", later).await.unwrap(),
        "one counter, one answer"
    );
    let (read, _) = passkeys::find(db, &first.credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((read.passkey.as_str(), read.seen), ("two", Some(later)));
    let name = Line::parse("Kunci").unwrap();
    assert!(
        !passkeys::rename(db, (budi.id, first.id), &name, None)
            .await
            .unwrap()
    );
    assert!(
        passkeys::rename(db, (siti.id, first.id), &name, None)
            .await
            .unwrap()
    );
    assert!(
        !passkeys::remove(db, (budi.id, first.id), None)
            .await
            .unwrap()
    );
    assert!(
        passkeys::remove(db, (siti.id, first.id), None)
            .await
            .unwrap()
    );
    assert_eq!(passkeys::find(db, &first.credential).await.unwrap(), None);
}
