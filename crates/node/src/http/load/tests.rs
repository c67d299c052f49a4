//! Who is refused when it is too much, and who is not.

use super::*;

fn load(settings: &str) -> Load {
    let text = format!("[hub]\nnetwork = \"jipp\"\nid = \"id-13\"\n{settings}");
    Load::new(&Config::parse(&text).unwrap())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is given to what takes no address, too"
)]
fn at(ip: &str) -> Option<ClientAddress> {
    Some(ClientAddress {
        ip: ip.parse().unwrap(),
        is_by_tls: false,
    })
}

fn account(token: Option<u128>) -> Asker {
    Asker::Account {
        account: Uuid::from_u128(7),
        token: token.map(Uuid::from_u128),
    }
}

/// How many of a hundred are let through.
fn passed(load: &Load, client: Option<ClientAddress>, asker: &Asker) -> usize {
    (0..100)
        .filter(|_| load.count(client, asker).is_ok())
        .count()
}

#[test]
fn each_is_counted_by_who_they_are_and_whoever_shows_nothing_by_address() {
    let load = load(
        "[http.rates]\naddress_per_minute = 20\naccount_per_minute = 60\ntoken_per_minute = 40\nhub_per_minute = 100\nunlimited = [\"198.51.100.0/24\"]",
    );
    let hub = |id| Asker::Hub(HubId::parse(id).unwrap());
    assert_eq!(passed(&load, at("192.0.2.1"), &Asker::Anyone), 10);
    assert_eq!(passed(&load, at("192.0.2.2"), &Asker::Anyone), 10);
    assert_eq!(passed(&load, at("2001:db8::1"), &Asker::Anyone), 10);
    assert_eq!(
        passed(&load, at("2001:db8::2"), &Asker::Anyone),
        0,
        "one office"
    );
    assert_eq!(passed(&load, None, &Asker::Anyone), 10);
    assert_eq!(
        passed(&load, at("192.0.2.1"), &account(Some(1))),
        20,
        "the token"
    );
    assert_eq!(
        passed(&load, at("192.0.2.1"), &account(Some(2))),
        10,
        "the account"
    );
    assert_eq!(
        passed(&load, at("192.0.2.3"), &account(None)),
        0,
        "wherever"
    );
    assert_eq!(passed(&load, at("192.0.2.1"), &hub("hub-a")), 50);
    assert_eq!(passed(&load, at("192.0.2.1"), &hub("hub-b")), 50);
    assert_eq!(passed(&load, at("192.0.2.1"), &Asker::Operator), 100);
    assert_eq!(passed(&load, at("198.51.100.9"), &Asker::Anyone), 100);
}

#[test]
fn who_guesses_credentials_is_not_looked_at_for_a_while_and_nobody_else_suffers() {
    let load = load("[http.rates]\naddress_per_minute = 20");
    let guesser = at("192.0.2.1");
    assert!(load.look(guesser).is_ok());
    assert_eq!(passed(&load, guesser, &Asker::Wrong), 10);
    let refused = load.look(guesser).unwrap_err();
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let header = refused.header.as_ref().unwrap();
    assert_eq!(*header, (header::RETRY_AFTER, HeaderValue::from(3)));
    assert!(load.look(at("192.0.2.2")).is_ok());
    assert_eq!(
        passed(&load, guesser, &Asker::Anyone),
        10,
        "that is another count"
    );
    assert_eq!(load.tally().by_rate.load(Ordering::Relaxed), 181);
}

#[test]
fn whoever_shows_nothing_is_sent_away_first() {
    let load = load("[http.limits]\nrequests = 3\nrequests_reserved = 1");
    let first = load.place(&Asker::Anyone).unwrap();
    let _second = load.place(&Asker::Operator).unwrap();
    for asker in [Asker::Anyone, Asker::Wrong] {
        let refused = load.place(&asker).unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(load.look_for_place(&asker).is_err());
    }
    assert!(load.look_for_place(&account(None)).is_ok());
    let third = load.place(&account(None)).unwrap();
    assert!(
        load.place(&Asker::Operator).is_err(),
        "there is an end to it"
    );
    drop(first);
    assert!(load.place(&Asker::Anyone).is_ok());
    drop(third);
}

#[test]
fn sockets_and_streams_are_bounded_by_address_except_of_a_proxy() {
    let load = load("[http.limits]\nsockets = 3\nsockets_per_address = 1");
    let one = load.socket(at("192.0.2.1")).unwrap();
    assert!(load.socket(at("192.0.2.1")).is_err());
    let here = [load.socket(at("127.0.0.1")), load.socket(at("127.0.0.1"))];
    assert!(here.iter().all(Result::is_ok));
    assert!(load.socket(at("192.0.2.2")).is_err(), "in all");
    drop(one);
    assert!(load.socket(at("192.0.2.2")).is_ok());
    let _events = load.events(at("192.0.2.1")).unwrap();
    assert!(load.events(at("192.0.2.1")).is_err());
}
