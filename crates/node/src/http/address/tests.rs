//! Whom headers of proxies make a client, and whom not.

use super::*;

fn proxies() -> Proxies {
    let networks = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];
    Proxies::new(
        networks
            .map(|net| Network::try_from(net.to_owned()).unwrap())
            .into(),
    )
}

fn headers(name: &'static str, lines: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_static(line));
    }
    headers
}

#[track_caller]
fn check(peer: &str, lines: &[&'static str], client: &str) {
    let peer = SocketAddr::new(peer.parse().unwrap(), 40_000);
    let found = proxies().client(peer, false, &headers(FORWARDED_FOR, lines));
    assert_eq!(
        found.ip,
        client.parse::<IpAddr>().unwrap(),
        "{peer} {lines:?}"
    );
}

#[test]
fn a_stranger_is_where_the_connection_comes_from_whatever_it_says() {
    check("192.0.2.1", &[], "192.0.2.1");
    check("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
    check("::ffff:192.0.2.1", &["198.51.100.7"], "192.0.2.1");
    check("2001:db8::9", &["127.0.0.1"], "2001:db8::9");
}

#[test]
fn behind_trusted_proxies_the_first_untrusted_from_the_right_counts() {
    check("127.0.0.1", &[], "127.0.0.1");
    check("127.0.0.1", &["192.0.2.1"], "192.0.2.1");
    // What the client itself wrote stands further left.
    check("127.0.0.1", &["203.0.113.5, 192.0.2.1"], "192.0.2.1");
    check("127.0.0.1", &["127.0.0.1, 192.0.2.1"], "192.0.2.1");
    check("127.0.0.1", &["203.0.113.5", "192.0.2.1"], "192.0.2.1");
    check(
        "127.0.0.1",
        &["203.0.113.5, 192.0.2.1, 10.1.1.1"],
        "192.0.2.1",
    );
    check("fd00::5", &["192.0.2.1,10.2.2.2", "10.1.1.1"], "192.0.2.1");
    check("10.3.3.3", &["10.2.2.2, 10.1.1.1"], "10.2.2.2");
}

#[test]
fn what_is_no_address_is_not_looked_behind() {
    check("127.0.0.1", &["203.0.113.5, unknown"], "127.0.0.1");
    check("127.0.0.1", &["203.0.113.5, _hidden, 10.1.1.1"], "10.1.1.1");
    check("127.0.0.1", &["203.0.113.5,"], "127.0.0.1");
    let mut latin = HeaderMap::new();
    let line = HeaderValue::from_bytes(b"203.0.113.5, caf\xe9").unwrap();
    latin.insert(FORWARDED_FOR, line);
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    assert_eq!(proxies().client(peer, false, &latin).ip, peer.ip());
}

#[test]
fn addresses_are_written_in_several_ways() {
    for (text, address) in [
        ("192.0.2.1:5678", "192.0.2.1"),
        ("[2001:db8::1]:5678", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ] {
        assert_eq!(parse(text), Some(address.parse().unwrap()), "{text}");
    }
    for text in ["", "192.0.2", "[192.0.2.1", "2001:db8::1]:5", "example.org"] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn only_a_trusted_proxy_says_that_it_was_asked_by_tls() {
    for (peer, own, said, by_tls) in [
        ("127.0.0.1", false, "https", true),
        ("127.0.0.1", false, "http", false),
        ("127.0.0.1", false, "https, http", false),
        ("192.0.2.1", false, "https", false),
        ("192.0.2.1", true, "http", true),
    ] {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        let found = proxies().client(peer, own, &headers(FORWARDED_PROTO, &[said]));
        assert_eq!(found.is_by_tls, by_tls, "{peer} {own} {said}");
    }
}

#[test]
fn an_office_with_ipv6_is_one() {
    let block = |text: &str| AddressBlock::of(text.parse().unwrap());
    assert_eq!(block("2001:db8:1:2::3"), block("2001:db8:1:2:ffff::4"));
    assert_ne!(block("2001:db8:1:2::3"), block("2001:db8:1:3::3"));
    assert_eq!(block("::ffff:192.0.2.1"), block("192.0.2.1"));
    assert_ne!(block("192.0.2.1"), block("192.0.2.2"));
}
