//! Accounts, what shows whose they are, and when that is worth nothing any more.

use domain::account::AccountName;
use domain::catalog::Line;
use domain::identity::RecordId;
use domain::role::{Grant, Role, TokenScope};
use storage::accounts::sessions::{self, Began, MOST_SESSIONS, Session};
use storage::accounts::tokens::{self, AccountToken, MOST_TOKENS};
use storage::accounts::{self, Account, AccountError, failures, invitations};
use testkit::{Backend, Store};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

on_both_databases! {
    an_account_is_kept_with_its_roles_and_its_name_is_given_once,
    somebody_can_manage_accounts_at_any_time,
    an_invitation_is_taken_once_and_in_time,
    a_session_ends_unused_and_in_any_case,
    a_new_password_ends_what_was_begun_with_the_old_one,
    a_disabled_account_opens_nothing,
    a_token_ends_in_time_and_when_it_is_taken_back,
    who_guesses_waits,
}

const IDLE: Duration = Duration::minutes(30);

fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

pub(super) fn account(number: u128, name: &str, roles: &[Role]) -> Account {
    let grant = |role: &Role| {
        let agency = (*role == Role::Contributor).then(|| RecordId::from(Uuid::from_u128(7)));
        Grant::new(*role, agency).unwrap()
    };
    Account {
        id: Uuid::from_u128(number),
        revision: 1,
        name: AccountName::parse(name).unwrap(),
        display: Line::parse("Siti Rahma").unwrap(),
        grants: roles.iter().map(grant).collect(),
        password: None,
        is_disabled: false,
        failures: 0,
        paused_until: OffsetDateTime::UNIX_EPOCH,
        created: start(),
        seen: None,
    }
}

async fn added(store: &Store, number: u128, name: &str, roles: &[Role]) -> Account {
    let account = account(number, name, roles);
    accounts::add(&store.db, &account, None)
        .await
        .unwrap()
        .unwrap();
    account
}

fn session(of: &Account, number: u128, at: OffsetDateTime) -> Session {
    Session {
        id: Uuid::from_u128(number),
        account: of.id,
        created: at,
        seen: at,
        expires: at + Duration::hours(12),
        client: "test".to_owned(),
        began: Began::Password,
    }
}

async fn begin(store: &Store, of: &Account, number: u128, at: OffsetDateTime) -> Vec<u8> {
    let hash = number.to_be_bytes().repeat(2);
    sessions::begin(&store.db, &session(of, number, at), &hash, None)
        .await
        .unwrap();
    hash
}

async fn goes_on(store: &Store, hash: &[u8], at: OffsetDateTime) -> bool {
    let found = sessions::find(&store.db, hash, at, IDLE).await.unwrap();
    found.is_some()
}

async fn an_account_is_kept_with_its_roles_and_its_name_is_given_once(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = added(&store, 1, "siti", &[Role::Contributor, Role::Curator]).await;
    added(&store, 2, "budi", &[]).await;
    let read = accounts::by_name(&store.db, &siti.name).await.unwrap();
    assert_eq!(read.as_ref(), Some(&siti));
    let double = accounts::add(&store.db, &account(3, "siti", &[]), None)
        .await
        .unwrap();
    assert_eq!(double, Err(AccountError::Taken(siti.name.clone())));

    let names = async |after: Option<&AccountName>, limit| -> Vec<String> {
        let listed = accounts::list(&store.db, after, limit).await.unwrap();
        listed
            .iter()
            .map(|account| account.name.to_string())
            .collect()
    };
    assert_eq!(names(None, 9).await, ["budi", "siti"]);
    assert_eq!(names(None, 1).await, ["budi"]);
    let budi = AccountName::parse("budi").unwrap();
    assert_eq!(names(Some(&budi), 9).await, ["siti"]);

    let mut changed = siti.clone();
    changed.revision = 2;
    changed.grants = vec![Grant::new(Role::Reader, None).unwrap()];
    accounts::change(&store.db, &changed, None)
        .await
        .unwrap()
        .unwrap();
    let read = accounts::find(&store.db, siti.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&changed));
    let (expected, held) = (1, 2);
    let late = accounts::change(&store.db, &changed, None).await.unwrap();
    assert_eq!(late, Err(AccountError::Changed { expected, held }));
}

async fn somebody_can_manage_accounts_at_any_time(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let mut first = added(&store, 1, "satu", &[Role::Operator]).await;
    let second = added(&store, 2, "dua", &[Role::Operator]).await;
    first.revision = 2;
    first.is_disabled = true;
    accounts::change(&store.db, &first, None)
        .await
        .unwrap()
        .unwrap();
    for last in [
        Account {
            grants: vec![],
            ..second.clone()
        },
        Account {
            is_disabled: true,
            ..second.clone()
        },
    ] {
        let last = Account {
            revision: 2,
            ..last
        };
        let refused = accounts::change(&store.db, &last, None).await.unwrap();
        assert_eq!(refused, Err(AccountError::LastOperator));
    }
    assert_eq!(
        accounts::find(&store.db, second.id).await.unwrap(),
        Some(second)
    );
}

async fn an_invitation_is_taken_once_and_in_time(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = added(&store, 1, "siti", &[]).await;
    let (db, end) = (&store.db, start() + Duration::days(7));
    invitations::put(db, siti.id, b"older", end, None)
        .await
        .unwrap();
    invitations::put(db, siti.id, b"newer", end, None)
        .await
        .unwrap();
    assert_eq!(
        invitations::find(db, b"older", start()).await.unwrap(),
        None
    );
    assert_eq!(invitations::find(db, b"newer", end).await.unwrap(), None);
    let late = invitations::accept(db, b"newer", siti.id, "hash", end, None)
        .await
        .unwrap();
    assert!(!late);
    let before = end - Duration::seconds(1);
    let found = invitations::find(db, b"newer", before).await.unwrap();
    assert_eq!(found, Some(siti.clone()));
    let accept = async |hash: &[u8]| {
        let accepted = invitations::accept(db, hash, siti.id, "hash", before, None).await;
        accepted.unwrap()
    };
    assert_eq!(
        [accept(b"newer").await, accept(b"newer").await],
        [true, false]
    );
    let read = accounts::find(db, siti.id).await.unwrap().unwrap();
    assert_eq!(read.password.as_deref(), Some("hash"));
}

async fn a_session_ends_unused_and_in_any_case(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = added(&store, 1, "siti", &[]).await;
    let hash = begin(&store, &siti, 10, start()).await;
    assert!(!goes_on(&store, b"another", start()).await);
    assert!(!goes_on(&store, &hash, start() + IDLE).await);
    // Used every twenty minutes it goes on, up to its end.
    let mut at = start();
    while at + Duration::minutes(20) < start() + Duration::hours(12) {
        at += Duration::minutes(20);
        assert!(goes_on(&store, &hash, at).await, "{at}");
    }
    assert!(!goes_on(&store, &hash, start() + Duration::hours(12)).await);

    assert!(
        sessions::renew(&store.db, Uuid::from_u128(10), b"renewed")
            .await
            .unwrap()
    );
    assert!(!goes_on(&store, &hash, at).await);
    assert!(goes_on(&store, b"renewed", at).await);
    assert!(
        !sessions::end(&store.db, Uuid::from_u128(2), Uuid::from_u128(10), None)
            .await
            .unwrap()
    );
    assert!(
        sessions::end(&store.db, siti.id, Uuid::from_u128(10), None)
            .await
            .unwrap()
    );
    assert!(!goes_on(&store, b"renewed", at).await);

    for number in 0..u128::from(MOST_SESSIONS) + 2 {
        let second = i64::try_from(number).unwrap();
        begin(
            &store,
            &siti,
            100 + number,
            start() + Duration::seconds(second),
        )
        .await;
    }
    let kept = sessions::list(&store.db, siti.id).await.unwrap();
    assert_eq!(kept.len() as u64, MOST_SESSIONS);
    assert_eq!(
        kept.last().map(|session| session.id),
        Some(Uuid::from_u128(102))
    );
    begin(&store, &siti, 200, start() + Duration::days(2)).await;
    assert_eq!(sessions::list(&store.db, siti.id).await.unwrap().len(), 1);
}

async fn a_new_password_ends_what_was_begun_with_the_old_one(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = added(&store, 1, "siti", &[]).await;
    let budi = added(&store, 2, "budi", &[]).await;
    let own = begin(&store, &siti, 10, start()).await;
    let other = begin(&store, &siti, 11, start()).await;
    let of_budi = begin(&store, &budi, 12, start()).await;
    let end = start() + Duration::days(7);
    invitations::put(&store.db, siti.id, b"link", end, None)
        .await
        .unwrap();
    let but_for = Some(Uuid::from_u128(10));
    accounts::set_password(&store.db, siti.id, "new", but_for, None)
        .await
        .unwrap();
    assert!(goes_on(&store, &own, start()).await);
    assert!(!goes_on(&store, &other, start()).await);
    assert!(goes_on(&store, &of_budi, start()).await);
    assert_eq!(
        invitations::find(&store.db, b"link", start())
            .await
            .unwrap(),
        None
    );
}

async fn a_disabled_account_opens_nothing(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let mut siti = added(&store, 1, "siti", &[Role::Curator]).await;
    let session = begin(&store, &siti, 10, start()).await;
    let token = token(&siti, 20);
    tokens::add(&store.db, &token, b"token", None)
        .await
        .unwrap();
    let end = start() + Duration::days(7);
    invitations::put(&store.db, siti.id, b"link", end, None)
        .await
        .unwrap();
    siti.revision = 2;
    siti.is_disabled = true;
    accounts::change(&store.db, &siti, None)
        .await
        .unwrap()
        .unwrap();
    assert!(!goes_on(&store, &session, start()).await);
    assert_eq!(
        tokens::find(&store.db, b"token", start()).await.unwrap(),
        None
    );
    assert_eq!(
        invitations::find(&store.db, b"link", start())
            .await
            .unwrap(),
        None
    );
    siti.revision = 3;
    siti.is_disabled = false;
    accounts::change(&store.db, &siti, None)
        .await
        .unwrap()
        .unwrap();
    // Its tokens are worth something again, its sessions and links are not.
    assert!(!goes_on(&store, &session, start()).await);
    assert!(
        tokens::find(&store.db, b"token", start())
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        invitations::find(&store.db, b"link", start())
            .await
            .unwrap(),
        None
    );
}

fn token(of: &Account, number: u128) -> AccountToken {
    AccountToken {
        id: Uuid::from_u128(number),
        account: of.id,
        name: Line::parse("Dasbor").unwrap(),
        hint: "simpul_t_abcd".to_owned(),
        scope: TokenScope::Write,
        created: start(),
        expires: start() + Duration::days(90),
        seen: None,
    }
}

async fn a_token_ends_in_time_and_when_it_is_taken_back(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = added(&store, 1, "siti", &[]).await;
    let made = token(&siti, 20);
    assert!(tokens::add(&store.db, &made, b"token", None).await.unwrap());
    let found = tokens::find(&store.db, b"token", start()).await.unwrap();
    assert_eq!(found, Some((made.clone(), siti.clone())));
    assert_eq!(
        tokens::find(&store.db, b"other", start()).await.unwrap(),
        None
    );
    assert_eq!(
        tokens::find(&store.db, b"token", made.expires)
            .await
            .unwrap(),
        None
    );
    let listed = tokens::list(&store.db, siti.id).await.unwrap();
    assert_eq!(listed[0].seen, Some(start()));

    for number in 1..u128::from(MOST_TOKENS) {
        let more = token(&siti, 20 + number);
        assert!(
            tokens::add(&store.db, &more, &number.to_be_bytes(), None)
                .await
                .unwrap()
        );
    }
    let beyond = token(&siti, 999);
    assert!(
        !tokens::add(&store.db, &beyond, b"beyond", None)
            .await
            .unwrap()
    );
    assert!(
        tokens::remove(&store.db, siti.id, made.id, None)
            .await
            .unwrap()
    );
    assert_eq!(
        tokens::find(&store.db, b"token", start()).await.unwrap(),
        None
    );
    assert!(
        tokens::add(&store.db, &beyond, b"beyond", None)
            .await
            .unwrap()
    );
}

async fn who_guesses_waits(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let siti = added(&store, 1, "siti", &[]).await;
    let paused = async || {
        let read = accounts::find(&store.db, siti.id).await.unwrap().unwrap();
        (
            read.failures,
            (read.paused_until - start()).whole_seconds().max(0),
        )
    };
    for failures in 1..=5 {
        let noted = failures::note(&store.db, siti.id, start()).await.unwrap();
        assert_eq!(noted, failures);
        assert_eq!(paused().await, (failures, 0));
    }
    failures::note(&store.db, siti.id, start()).await.unwrap();
    assert_eq!(paused().await, (6, 30));
    failures::note(&store.db, siti.id, start()).await.unwrap();
    assert_eq!(paused().await, (7, 60));
    failures::forget(&store.db, siti.id, Some(start()), None)
        .await
        .unwrap();
    assert_eq!(paused().await, (0, 0));
    let read = accounts::find(&store.db, siti.id).await.unwrap().unwrap();
    assert_eq!(read.seen, Some(start()));
}
