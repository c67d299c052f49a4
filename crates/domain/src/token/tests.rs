//! Tokens: what counts, what is refused, and what is remembered.

use time::Duration;
use time::macros::datetime;

use super::*;
use crate::log::PublicKey;
use crate::trust::{TrustSources, TrustedKey};

const NOW: OffsetDateTime = datetime!(2026-08-20 03:04:05 UTC);

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn network() -> NetworkId {
    NetworkId::parse("jipp").unwrap()
}

fn hub(id: &str) -> HubId {
    HubId::parse(id).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// Trust in keys of id-13: an old one with an end, and one or more that are open.
fn trust(open: &[PublicKey]) -> Trust {
    let mut trust = Trust::new(network());
    let closed = TrustedKey {
        until: Some(100),
        ..TrustedKey::always(key(9).public())
    };
    trust.add(hub("id-13"), closed);
    for key in open {
        trust.add(hub("id-13"), TrustedKey::always(*key));
    }
    trust
}

fn made(seed: u8, receiver: &str) -> String {
    let (issuer, receiver) = (hub("id-13"), hub(receiver));
    sign(&network(), &issuer, &receiver, NOW, &key(seed), &Sevens)
}

#[track_caller]
fn refused(result: Result<Token, TokenError>, expected: &str) {
    let told = result.unwrap_err().to_string();
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_token_counts_for_its_receiver_and_its_time() {
    let trust = trust(&[key(1).public(), key(2).public()]);
    let us = hub("id-35");
    for seed in [1, 2] {
        let token = verify(&made(seed, "id-35"), &trust, &us, NOW).unwrap();
        assert_eq!(token.issuer, hub("id-13"));
        assert_eq!(token.expires, NOW.unix_timestamp() + 60);
    }
    refused(verify(&made(9, "id-35"), &trust, &us, NOW), "at present");
    refused(verify(&made(3, "id-35"), &trust, &us, NOW), "not signed");
    refused(verify(&made(1, "id-36"), &trust, &us, NOW), "for hub id-36");
    let text = made(1, "id-35");
    let at = |seconds| verify(&text, &trust, &us, NOW + Duration::seconds(seconds));
    assert!(at(-60).is_ok() && at(120).is_ok());
    refused(at(-61), "made 61 seconds from now");
    refused(at(121), "ended 61 seconds ago");
}

#[test]
fn the_unknown_the_closed_and_the_denied_are_not_heard() {
    let us = hub("id-35");
    let text = made(1, "id-35");
    refused(
        verify(&text, &Trust::new(network()), &us, NOW),
        "not known here",
    );
    let sources = TrustSources {
        pins: vec![(hub("id-13"), TrustedKey::always(key(1).public()))],
        ..TrustSources::default()
    };
    let denying = TrustSources {
        denied: [hub("id-13")].into(),
        ..sources.clone()
    };
    let pinned = Trust::from_sources(network(), sources);
    assert!(verify(&text, &pinned, &us, NOW).is_ok());
    let denied = Trust::from_sources(network(), denying);
    refused(verify(&text, &denied, &us, NOW), "denied");
}

#[test]
fn a_token_is_read_strictly() {
    let trust = trust(&[key(1).public()]);
    let us = hub("id-35");
    let claims = format!(
        r#"{{"iss":"id-13","aud":"id-35","network":"jipp","iat":{0},"exp":{0},"jti":"{1}"}}"#,
        NOW.unix_timestamp(),
        URL_SAFE_NO_PAD.encode([7; 16])
    );
    let check = |header: &str, claims: &str, expected: &str| {
        refused(
            verify(&sign_texts(header, claims, &key(1)), &trust, &us, NOW),
            expected,
        );
    };
    check(HEADER, &claims, "counts for 0 seconds");
    let other = claims.replace("id-35", "ID-35");
    check(HEADER, &other, "not readable");
    check(HEADER, &claims.replace("jipp", "other"), "network other");
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","crit":["exp"]}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","typ":"JWT"}"#,
    ] {
        check(header, &claims, "not readable");
    }
    check(
        HEADER,
        &claims.replace("{\"iss\"", "{\"iss\":\"id-13\",\"iss\""),
        "duplicate",
    );
    let good = made(1, "id-35");
    for changed in [
        format!("{good}="),
        format!("{good}."),
        good.replace('.', ".."),
        "x".repeat(2049),
    ] {
        assert!(verify(&changed, &trust, &us, NOW).is_err(), "{changed}");
    }
}

#[test]
fn a_token_is_used_once_and_no_hub_crowds_out_another() {
    let mut seen = Seen::since(NOW);
    let token = |hub_id: &str, number: usize, expires: i64| Token {
        issuer: hub(hub_id),
        id: number.to_string(),
        made: NOW.unix_timestamp(),
        expires: NOW.unix_timestamp() + expires,
    };
    seen.note(&token("id-13", 0, 60), NOW).unwrap();
    let again = seen.note(&token("id-13", 0, 60), NOW);
    assert_eq!(again, Err(TokenError::Replayed));
    // As long as it would be taken, and no longer.
    let late = NOW + Duration::seconds(120);
    assert_eq!(
        seen.note(&token("id-13", 0, 60), late),
        Err(TokenError::Replayed)
    );
    assert_eq!(seen.note(&token("id-14", 0, 60), NOW), Ok(()));
    for number in 1..MOST_IDS_PER_HUB {
        seen.note(&token("id-13", number, 60), NOW).unwrap();
    }
    let full = seen.note(&token("id-13", MOST_IDS_PER_HUB, 60), NOW);
    assert_eq!(full, Err(TokenError::TooMany(hub("id-13"))));
    assert_eq!(seen.note(&token("id-14", 1, 60), NOW), Ok(()));
    let later = NOW + Duration::seconds(121);
    seen.note(&token("id-13", MOST_IDS_PER_HUB, 120), later)
        .unwrap();
    assert_eq!(seen.count(), 3, "what is over was forgotten");
    for number in 0..MOST_IDS {
        let _ = seen.note(&token(&format!("h-{}", number / 4_000), number, 120), later);
    }
    assert_eq!(seen.count(), MOST_IDS);
}

#[test]
fn what_was_made_before_anybody_took_note_is_refused() {
    let mut seen = Seen::since(NOW);
    let mut note = |made: i64| {
        let token = Token {
            issuer: hub("id-13"),
            id: made.to_string(),
            made: NOW.unix_timestamp() + made,
            expires: NOW.unix_timestamp() + 60,
        };
        seen.note(&token, NOW)
    };
    assert_eq!(note(0), Ok(()));
    assert_eq!(note(-1), Err(TokenError::Unremembered(1)));
    assert_eq!(note(-1), Err(TokenError::Unremembered(1)));
    assert_eq!(note(30), Ok(()));
}
