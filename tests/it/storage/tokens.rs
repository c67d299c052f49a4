//! Tokens that were used: by one process, by several, and after a restart.

use domain::token::{MOST_IDS_PER_HUB, Token, TokenError};
use storage::tokens::UsedTokens;
use testkit::dump::{change, column};
use testkit::records::hub_id;
use testkit::{Backend, Store};
use time::{Duration, OffsetDateTime};

on_both_databases! {
    a_token_counts_once_and_a_restart_lets_none_through_again,
}

#[expect(
    clippy::disallowed_methods,
    reason = "PostgreSQL says by its own clock since when it remembers"
)]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A token of hub-b, made at a time.
fn token(id: &str, made: OffsetDateTime) -> Token {
    Token {
        issuer: hub_id("hub-b"),
        id: id.to_owned(),
        made: made.unix_timestamp(),
        expires: made.unix_timestamp() + 60,
    }
}

async fn a_token_counts_once_and_a_restart_lets_none_through_again(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let start = now();
    let first = UsedTokens::new(&store.db, start);
    let used = token("one", start);
    assert_eq!(first.note(&used, start).await.unwrap(), Ok(()));
    let again = first.note(&used, start).await.unwrap();
    assert_eq!(again, Err(TokenError::Replayed));
    let of_another = Token {
        issuer: hub_id("hub-c"),
        ..used.clone()
    };
    assert_eq!(first.note(&of_another, start).await.unwrap(), Ok(()));

    let later = start + Duration::seconds(5);
    let restarted = UsedTokens::new(&store.db, later);
    let expected = match backend {
        Backend::Postgres => TokenError::Replayed,
        Backend::Sqlite => TokenError::Unremembered(5),
    };
    assert_eq!(restarted.note(&used, later).await.unwrap(), Err(expected));
    let fresh = token("two", later);
    assert_eq!(restarted.note(&fresh, later).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn processes_on_one_database_take_a_token_once() {
    let store = Store::fresh(Backend::Postgres, "hub-a").await;
    let start = now();
    let process = || UsedTokens::new(&store.db, start);
    let (one, other) = (process(), process());
    for number in 0..50 {
        let token = token(&number.to_string(), start);
        let (here, there) = tokio::join!(one.note(&token, start), other.note(&token, start));
        let both = [here.unwrap(), there.unwrap()];
        assert!(both.contains(&Ok(())), "{both:?}");
        assert!(both.contains(&Err(TokenError::Replayed)), "{both:?}");
    }
}

#[tokio::test]
async fn the_databases_memory_has_a_bound_forgets_what_is_over_and_survives_no_crash() {
    let store = Store::fresh(Backend::Postgres, "hub-a").await;
    let location = store.site().location();
    let count = async || column(location, "SELECT CAST(COUNT(*) AS TEXT) FROM used_token").await;
    let start = now();
    let used = UsedTokens::new(&store.db, start);
    let filling = format!(
        "INSERT INTO used_token (hub, id, expires)
         SELECT 'hub-b', decode(lpad(to_hex(n), 64, '0'), 'hex'), {}
         FROM generate_series(1, {MOST_IDS_PER_HUB}) AS n",
        start.unix_timestamp() + 60
    );
    change(location, &filling).await;
    let full = used.note(&token("one", start), start).await.unwrap();
    assert_eq!(full, Err(TokenError::TooMany(hub_id("hub-b"))));
    // As long as they would be taken, and no longer.
    let late = start + Duration::seconds(120);
    let still = used.note(&token("two", late), late).await.unwrap();
    assert_eq!(still, Err(TokenError::TooMany(hub_id("hub-b"))));
    let over = start + Duration::seconds(131);
    assert_eq!(
        used.note(&token("three", over), over).await.unwrap(),
        Ok(())
    );
    assert_eq!(count().await, ["2"], "the token and since when");

    // What a crash of PostgreSQL does to such a table.
    change(location, "TRUNCATE used_token").await;
    let refused = used.note(&token("three", over), over).await.unwrap();
    assert!(matches!(refused, Err(TokenError::Unremembered(_))));
    assert_eq!(used.note(&token("four", over), over).await.unwrap(), Ok(()));
    let early = token("five", over - Duration::seconds(1));
    let refused = used.note(&early, over).await.unwrap();
    assert_eq!(refused, Err(TokenError::Unremembered(1)));
}
