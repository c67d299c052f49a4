//! The file of the tokens by which hubs show who they are.

use super::super::check::key_of;
use super::super::file::{Case, Check, File, HubKey, HubToken, SignHubToken};
use super::super::made::SEEDS;
use super::case;
use crate::token;

const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
const CLAIMS: &str = r#"{"iss":"id-13","aud":"id-35","network":"jipp","iat":1787195045,"exp":1787195105,"jti":"AAECAwQFBgcICQoLDA0ODw"}"#;
const MADE: i64 = 1_787_195_045;

pub(super) fn file() -> File {
    let mut cases = vec![
        made("a token of a minute", HEADER, CLAIMS),
        made(
            "names in another order",
            r#"{"typ":"JWT","alg":"EdDSA"}"#,
            CLAIMS,
        ),
    ];
    cases.extend(times());
    cases.extend(keys());
    cases.extend(texts());
    super::file(
        "Tokens by which a hub shows another who it is. Those that hold are signed with the key of RFC 8032 test 1",
        cases,
    )
}

fn made(name: &str, header: &str, claims: &str) -> Case {
    let check = SignHubToken {
        seed: SEEDS[0].to_owned(),
        header: header.to_owned(),
        claims: claims.to_owned(),
        token: token::sign_texts(header, claims, &key_of(SEEDS[0])),
    };
    case(name, Check::SignHubToken(check))
}

fn key(hub: &str, seed: &str, until: Option<u64>) -> HubKey {
    HubKey {
        hub: hub.to_owned(),
        key: key_of(seed).public().to_string(),
        until,
    }
}

/// The token of these texts at id-35, in the second in which it was made.
fn asked(header: &str, claims: &str) -> HubToken {
    HubToken {
        network: "jipp".to_owned(),
        hub: "id-35".to_owned(),
        now: MADE,
        keys: vec![key("id-13", SEEDS[0], None)],
        token: token::sign_texts(header, claims, &key_of(SEEDS[0])),
        holds: true,
    }
}

fn counts(name: &str, check: HubToken) -> Case {
    case(name, Check::HubToken(check))
}

fn refused(name: &str, check: HubToken) -> Case {
    let holds = false;
    counts(name, HubToken { holds, ..check })
}

fn times() -> Vec<Case> {
    let at = |now| HubToken {
        now,
        ..asked(HEADER, CLAIMS)
    };
    let until = |exp: i64| asked(HEADER, &CLAIMS.replace("1787195105", &exp.to_string()));
    vec![
        counts("at once", at(MADE)),
        counts("a minute too early", at(MADE - 60)),
        refused("more than a minute too early", at(MADE - 61)),
        counts("a minute too late", at(MADE + 120)),
        refused("more than a minute too late", at(MADE + 121)),
        counts("for two minutes", until(MADE + 120)),
        refused("for more than two minutes", until(MADE + 121)),
        refused("for no time", until(MADE)),
        refused("ended before it was made", until(MADE - 1)),
        refused(
            "a time with a fraction",
            asked(HEADER, &CLAIMS.replace("1787195105", "1787195105.0")),
        ),
    ]
}

fn keys() -> Vec<Case> {
    let with = |keys| HubToken {
        keys,
        ..asked(HEADER, CLAIMS)
    };
    let to = |hub: &str| HubToken {
        hub: hub.to_owned(),
        ..asked(HEADER, CLAIMS)
    };
    let network = HubToken {
        network: "other".to_owned(),
        ..asked(HEADER, CLAIMS)
    };
    let both = vec![key("id-13", SEEDS[1], None), key("id-13", SEEDS[0], None)];
    let old = vec![
        key("id-13", SEEDS[0], Some(606)),
        key("id-13", SEEDS[1], None),
    ];
    vec![
        counts("one of two keys in use", with(both)),
        refused("a key that has an end", with(old)),
        refused("another key", with(vec![key("id-13", SEEDS[1], None)])),
        refused(
            "the key of another hub",
            with(vec![key("id-14", SEEDS[0], None)]),
        ),
        refused("a hub that nobody knows", with(vec![])),
        refused("for another hub", to("id-36")),
        refused("of another network", network),
    ]
}

fn texts() -> Vec<Case> {
    let header = |text: &str| asked(text, CLAIMS);
    let claims = |from: &str, to: &str| asked(HEADER, &CLAIMS.replace(from, to));
    let text = |change: &dyn Fn(&str) -> String| {
        let good = asked(HEADER, CLAIMS);
        HubToken {
            token: change(&good.token),
            ..good
        }
    };
    vec![
        counts(
            "a claim that is not known",
            claims("\"jti\"", "\"later\":[1],\"jti\""),
        ),
        refused("no algorithm", header(r#"{"alg":"none","typ":"JWT"}"#)),
        refused(
            "another algorithm",
            header(r#"{"alg":"HS256","typ":"JWT"}"#),
        ),
        refused("no type", header(r#"{"alg":"EdDSA"}"#)),
        refused("another type", header(r#"{"alg":"EdDSA","typ":"jwt"}"#)),
        refused(
            "a header with more names",
            header(r#"{"alg":"EdDSA","typ":"JWT","kid":"1"}"#),
        ),
        refused(
            "something critical",
            header(r#"{"alg":"EdDSA","typ":"JWT","crit":["exp"]}"#),
        ),
        refused(
            "a name twice in the header",
            header(r#"{"alg":"EdDSA","typ":"JWT","typ":"JWT"}"#),
        ),
        refused(
            "a claim twice",
            claims("\"iss\":\"id-13\"", "\"iss\":\"id-13\",\"iss\":\"id-13\""),
        ),
        refused("no jti", claims(",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\"", "")),
        refused(
            "a short jti",
            claims("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0O"),
        ),
        refused("a jti with padding", claims("DA0ODw", "DA0ODw==")),
        refused("several receivers", claims("\"id-35\"", "[\"id-35\"]")),
        refused("an issuer that is no hub id", claims("id-13", "ID-13")),
        refused("claims that are no object", asked(HEADER, "[]")),
        refused("padding", text(&|good| format!("{good}="))),
        refused("a fourth part", text(&|good| format!("{good}.AA"))),
        refused(
            "two parts",
            text(&|good| good.rsplit_once('.').unwrap().0.to_owned()),
        ),
        refused(
            "the signature of other claims",
            text(&|good| {
                let other = asked(HEADER, &CLAIMS.replace("jti", "jtj")).token;
                let (said, _) = good.rsplit_once('.').unwrap();
                format!("{said}.{}", other.rsplit_once('.').unwrap().1)
            }),
        ),
        refused("a signature whose last bits are not 0", text(&last_bits)),
        refused(
            "more than 2048 bytes",
            claims(
                "\"jti\"",
                &format!("\"later\":\"{}\",\"jti\"", "x".repeat(1500)),
            ),
        ),
    ]
}

/// Changes the last digit in bits that say nothing: 64 bytes end in the middle of it.
fn last_bits(good: &str) -> String {
    let (kept, last) = good.split_at(good.len() - 1);
    let last = last.as_bytes()[0];
    format!("{kept}{}", char::from(last + 1))
}
