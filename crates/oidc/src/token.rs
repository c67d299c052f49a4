//! Whether an ID token is to be believed (OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725). Pure: the time comes in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::Claims;

/// How tokens may be signed. Never by a secret that both sides know, and never not at all (RFC 8725, sections 3.1 and 3.2).
const ALGORITHMS: [(&str, Algorithm, KeyAlgorithm); 8] = [
    ("RS256", Algorithm::RS256, KeyAlgorithm::RS256),
    ("RS384", Algorithm::RS384, KeyAlgorithm::RS384),
    ("RS512", Algorithm::RS512, KeyAlgorithm::RS512),
    ("PS256", Algorithm::PS256, KeyAlgorithm::PS256),
    ("PS384", Algorithm::PS384, KeyAlgorithm::PS384),
    ("ES256", Algorithm::ES256, KeyAlgorithm::ES256),
    ("ES384", Algorithm::ES384, KeyAlgorithm::ES384),
    ("EdDSA", Algorithm::EdDSA, KeyAlgorithm::EdDSA),
];
/// The longest token that is looked at, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// The most keys of a provider that are looked at.
const MOST_KEYS: usize = 100;
/// How far the two clocks may be apart.
const LEEWAY: Duration = Duration::seconds(60);
/// How old a token may be when it comes: it was made for this very sign-in.
const OLDEST: Duration = Duration::minutes(10);
/// The longest name of somebody (OpenID Connect Core 1.0, section 2).
const MOST_SUBJECT: usize = 255;

/// Why an ID token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not three parts of base64 with JSON in them.
    #[error("it is not a signed token")]
    Form,
    /// It is signed in a way that is not taken.
    #[error("it is signed by {0:?}; only public keys are taken")]
    Algorithm(String),
    /// It is a token of another kind, or has demands that are not known here.
    #[error("its header has {0:?}")]
    Header(&'static str),
    /// The provider shows no key for it. Its keys may have changed since they were read.
    #[error("the provider shows no key for it")]
    NoKey,
    /// Its signature is not of the key that it names.
    #[error("its signature is wrong")]
    Signature,
    /// A claim is missing, or not what it should be.
    #[error("its claim {0:?} is missing or wrong")]
    Claim(&'static str),
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom: what this hub is called there.
    pub client_id: &'a str,
    /// For which sign-in.
    pub nonce: &'a str,
    /// The time.
    pub now: OffsetDateTime,
}

/// The keys that a provider shows (RFC 7517).
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Jwk>);

impl Keys {
    /// Takes the keys of a set that can be read; there may be some for other ends beside them. Nothing for what is no set.
    pub fn read(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?.iter().take(MOST_KEYS);
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        Some(Self(keys.filter(is_for_signing).collect()))
    }

    /// The one key by which a token may be signed. Without a name it must be the only one.
    fn find(&self, header: &Header) -> Option<&Jwk> {
        let fits = |key: &&Jwk| {
            let name = key.common.key_id.as_deref();
            let is_named = header
                .key
                .as_deref()
                .is_none_or(|named| name == Some(named));
            is_named && may_sign(key, header.algorithm)
        };
        let mut found = self.0.iter().filter(fits);
        let one = found.next()?;
        (header.key.is_some() || found.next().is_none()).then_some(one)
    }
}

fn is_for_signing(key: &Jwk) -> bool {
    let used = key.common.public_key_use.as_ref();
    used.is_none_or(|used| *used == PublicKeyUse::Signature)
}

fn may_sign(key: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm as A;
    let is_of_family = match &key.algorithm {
        AlgorithmParameters::RSA(_) => {
            matches!(
                algorithm,
                A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384
            )
        }
        AlgorithmParameters::EllipticCurve(_) => matches!(algorithm, A::ES256 | A::ES384),
        AlgorithmParameters::OctetKeyPair(_) => algorithm == A::EdDSA,
        _ => false,
    };
    let is_stated = |stated| {
        ALGORITHMS
            .iter()
            .any(|it| (it.1, it.2) == (algorithm, stated))
    };
    is_of_family && key.common.key_algorithm.is_none_or(is_stated)
}

struct Header {
    algorithm: Algorithm,
    key: Option<String>,
}

impl Header {
    fn read(token: &str) -> Result<Self, TokenError> {
        let part = token.split('.').next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Form)?;
        let said: Claims = serde_json::from_slice(&bytes).map_err(|_| TokenError::Form)?;
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let given = text("alg").ok_or(TokenError::Form)?;
        let known = ALGORITHMS.iter().find(|(name, ..)| *name == given);
        let (_, algorithm, _) =
            known.ok_or_else(|| TokenError::Algorithm(given.chars().take(20).collect()))?;
        if said.contains_key("crit") {
            return Err(TokenError::Header("crit"));
        }
        let is_id_token = text("typ").is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
        if !is_id_token {
            return Err(TokenError::Header("typ"));
        }
        Ok(Self {
            algorithm: *algorithm,
            key: text("kid").map(str::to_owned),
        })
    }
}

/// What an ID token says, if it is to be believed.
///
/// # Errors
/// It is not.
pub fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, TokenError> {
    if token.len() > MOST_BYTES {
        return Err(TokenError::Form);
    }
    let header = Header::read(token)?;
    let key = keys.find(&header).ok_or(TokenError::NoKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| TokenError::NoKey)?;
    let mut only_signature = Validation::new(header.algorithm);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    let decoded = decode::<Claims>(token, &key, &only_signature);
    let claims = decoded.map_err(|_| TokenError::Signature)?.claims;
    check(&claims, expected)?;
    Ok(claims)
}

/// Whether the claims of a token whose signature is right are those of this very sign-in.
fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let needed = |is_so: bool, name| {
        let wrong = TokenError::Claim(name);
        is_so.then_some(()).ok_or(wrong)
    };
    needed(text("iss") == Some(expected.issuer), "iss")?;
    let subject = text("sub").unwrap_or_default();
    let is_name = (1..=MOST_SUBJECT).contains(&subject.len());
    needed(is_name && !subject.contains(char::is_control), "sub")?;
    let (is_for_us, is_for_others) = match claims.get("aud") {
        Some(Value::String(one)) => (one == expected.client_id, false),
        Some(Value::Array(list)) => {
            let is_us = |value: &&Value| value.as_str() == Some(expected.client_id);
            (
                list.iter().any(|value| is_us(&value)),
                !list.iter().all(|value| is_us(&value)),
            )
        }
        _ => (false, false),
    };
    needed(is_for_us, "aud")?;
    let by = claims.get("azp");
    let is_by_us = by.and_then(Value::as_str) == Some(expected.client_id);
    needed(is_by_us || (by.is_none() && !is_for_others), "azp")?;
    needed(text("nonce") == Some(expected.nonce), "nonce")?;
    check_times(claims, expected.now)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit")]
fn check_times(claims: &Claims, now: OffsetDateTime) -> Result<(), TokenError> {
    let moment = |name| claims.get(name).and_then(Value::as_f64);
    let at = |moment: OffsetDateTime| moment.unix_timestamp() as f64;
    let ends_later = moment("exp").is_some_and(|end| end > at(now - LEEWAY));
    let is_fresh = moment("iat")
        .is_some_and(|made| made <= at(now + LEEWAY) && made >= at(now - OLDEST - LEEWAY));
    let has_begun =
        !claims.contains_key("nbf") || moment("nbf").is_some_and(|begin| begin <= at(now + LEEWAY));
    for (is_so, name) in [(ends_later, "exp"), (is_fresh, "iat"), (has_begun, "nbf")] {
        if !is_so {
            return Err(TokenError::Claim(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://sso.example",
            client_id: "simpul",
            nonce: "n-1",
            now: OffsetDateTime::from_unix_timestamp(NOW).unwrap(),
        }
    }

    fn checked(changed: &[(&str, Value)]) -> Result<(), TokenError> {
        let mut claims = json!({
            "iss": "https://sso.example", "sub": "ada", "aud": "simpul", "nonce": "n-1",
            "iat": NOW, "exp": NOW + 300,
        });
        for (name, value) in changed {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
                value => claims[*name] = value.clone(),
            }
        }
        check(claims.as_object().unwrap(), &expected())
    }

    #[test]
    fn a_token_of_this_sign_in_is_believed() {
        for changed in [
            &[][..],
            &[("aud", json!(["simpul"]))],
            &[("azp", json!("simpul"))],
            &[
                ("aud", json!(["other", "simpul"])),
                ("azp", json!("simpul")),
            ],
            &[("exp", json!(NOW - 59))],
            &[("iat", json!(NOW - 659)), ("exp", json!(NOW + 1))],
            &[("iat", json!(NOW + 60))],
            &[("nbf", json!(NOW + 60))],
            &[("iat", json!(1.8e9))],
        ] {
            assert_eq!(checked(changed), Ok(()), "{changed:?}");
        }
    }

    #[test]
    fn any_claim_that_is_not_as_it_must_be_is_fatal() {
        for (name, values) in [
            (
                "iss",
                vec![
                    json!(null),
                    json!("https://sso.example/"),
                    json!(["https://sso.example"]),
                ],
            ),
            (
                "sub",
                vec![
                    json!(null),
                    json!(""),
                    json!(7),
                    json!("x".repeat(256)),
                    json!("a\nb"),
                ],
            ),
            (
                "aud",
                vec![
                    json!(null),
                    json!("other"),
                    json!([]),
                    json!(["other"]),
                    json!({"a": "simpul"}),
                ],
            ),
            ("azp", vec![json!("other"), json!(["simpul"]), json!(7)]),
            ("nonce", vec![json!(null), json!("n-2"), json!(["n-1"])]),
            ("exp", vec![json!(null), json!(NOW - 60), json!("never")]),
            ("iat", vec![json!(null), json!(NOW + 61), json!(NOW - 661)]),
            ("nbf", vec![json!(NOW + 61), json!("now")]),
        ] {
            for value in values {
                let changed = [(name, value)];
                assert_eq!(
                    checked(&changed),
                    Err(TokenError::Claim(name)),
                    "{changed:?}"
                );
            }
        }
        let shared = checked(&[("aud", json!(["simpul", "other"]))]);
        assert_eq!(shared, Err(TokenError::Claim("azp")));
    }

    fn header(said: Value) -> Result<Algorithm, TokenError> {
        let part = URL_SAFE_NO_PAD.encode(said.to_string());
        Header::read(&format!("{part}.e30.AA")).map(|header| header.algorithm)
    }

    #[test]
    fn only_public_keys_sign() {
        assert_eq!(
            header(json!({"alg": "ES256", "typ": "JWT", "kid": "1"})),
            Ok(Algorithm::ES256)
        );
        for alg in ["none", "None", "HS256", "HS512", "RS1", "es256", ""] {
            let refused = header(json!({"alg": alg}));
            assert_eq!(refused, Err(TokenError::Algorithm(alg.to_owned())));
        }
        let typ = header(json!({"alg": "ES256", "typ": "at+jwt"}));
        assert_eq!(typ, Err(TokenError::Header("typ")));
        let crit = header(json!({"alg": "ES256", "crit": ["b64"], "b64": false}));
        assert_eq!(crit, Err(TokenError::Header("crit")));
        for form in ["", ".", "e30", "e30.e30.e30", "!.e30.e30"] {
            assert_eq!(
                Header::read(form).map(drop),
                Err(TokenError::Form),
                "{form}"
            );
        }
    }

    #[test]
    fn a_key_is_found_by_its_name_and_fits_its_algorithm() {
        let ec = |kid: &str, more: Value| {
            let mut key = json!({"kty": "EC", "crv": "P-256", "kid": kid,
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
            for (name, value) in more.as_object().unwrap() {
                key[name] = value.clone();
            }
            key
        };
        let keys = |list: Vec<Value>| Keys::read(&json!({ "keys": list })).unwrap();
        let asked = |key: Option<&str>, algorithm| Header {
            algorithm,
            key: key.map(str::to_owned),
        };
        let found = |keys: &Keys, key, algorithm| keys.find(&asked(key, algorithm)).is_some();
        let odd = json!({"kty": "LATTICE", "kid": "9"});
        let two = keys(vec![
            ec("1", json!({})),
            ec("2", json!({"alg": "ES256"})),
            odd,
        ]);
        assert!(found(&two, Some("1"), Algorithm::ES256));
        assert!(!found(&two, Some("3"), Algorithm::ES256));
        assert!(!found(&two, Some("1"), Algorithm::RS256));
        assert!(!found(&two, Some("2"), Algorithm::ES384));
        assert!(
            !found(&two, None, Algorithm::ES256),
            "which of the two is not said"
        );
        let one = keys(vec![
            ec("1", json!({"use": "sig"})),
            ec("2", json!({"use": "enc"})),
        ]);
        assert!(found(&one, None, Algorithm::ES256));
        assert!(!found(&one, Some("2"), Algorithm::ES256));
        assert!(Keys::read(&json!({})).is_none());
    }
}
