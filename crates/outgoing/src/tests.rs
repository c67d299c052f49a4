//! What may be asked, and what not.

use super::*;

fn public() -> Reach {
    Reach::with([])
}

#[test]
fn what_is_not_of_the_public_internet_is_not_asked() {
    for address in [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
    ] {
        assert!(!public().allows(address.parse().unwrap()), "{address}");
    }
    for address in [
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "103.10.10.10",
        "2606:4700::1",
        "2400::1",
    ] {
        assert!(public().allows(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn the_settings_open_what_they_name_and_nothing_else() {
    let reach = Reach::with(["10.9.0.0/16".parse().unwrap()]);
    assert!(reach.allows("10.9.1.1".parse().unwrap()));
    assert!(reach.allows("::ffff:10.9.1.1".parse().unwrap()));
    assert!(!reach.allows("10.8.1.1".parse().unwrap()));
    assert!(!reach.allows("127.0.0.1".parse().unwrap()));
}

#[test]
fn addresses_in_urls_are_looked_at_however_they_are_written() {
    for url in [
        "http://127.0.0.1:8013",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://[::1]:80/",
        "http://[::ffff:7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://user:word@10.0.0.1/",
    ] {
        assert!(public().check(&url.parse().unwrap()).is_err(), "{url}");
    }
    let name = "https://hub.example.go.id".parse().unwrap();
    assert!(
        public().check(&name).is_ok(),
        "names are looked at when they are looked up"
    );
    let told = public().check(&"http://10.0.0.1".parse().unwrap());
    let told = told.unwrap_err().to_string();
    assert!(
        told.contains("private_networks = [\"10.0.0.1\"] under [sync]"),
        "{told}"
    );
}

#[test]
fn of_a_names_addresses_only_public_ones_are_used() {
    let found = |texts: &[&str]| {
        let found: Vec<_> = texts
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
            .collect();
        public().sift("hub.id", found.into_iter())
    };
    let both = found(&["10.0.0.1", "1.1.1.1", "::1"]).unwrap();
    assert_eq!(both, ["1.1.1.1:0".parse().unwrap()]);
    let none = found(&["::ffff:10.0.0.1", "::1"]).unwrap_err();
    assert_eq!(none.address, "10.0.0.1".parse::<IpAddr>().unwrap());
    assert_eq!(found(&[]), Ok(Vec::new()));
}

#[tokio::test]
async fn a_name_that_leads_here_is_not_asked_and_the_error_says_which_line_to_add() {
    let client = Client::build(reqwest::Client::builder().no_proxy(), public()).unwrap();
    let failed = client.http.get("http://localhost:9/").send().await;
    let error = failed.unwrap_err();
    let forbidden = Forbidden::of(&error).unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!(forbidden.host, "localhost");
    assert!(forbidden.address.is_loopback());
    let client = Client::build(reqwest::Client::builder().no_proxy(), Reach::here()).unwrap();
    let failed = client.http.get("http://localhost:9/").send().await;
    let error = failed.unwrap_err();
    assert!(
        Forbidden::of(&error).is_none(),
        "nobody listens there, that is all: {error:?}"
    );
}
