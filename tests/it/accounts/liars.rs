//! Providers that lie: what they say signs nobody in.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Clock as _;
use node::system::{SystemClock, SystemEntropy};
use oidc::{Answer, Identity, OidcError, Provider, Settings};
use outgoing::Reach;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::Federation;
use testkit::drawing::Drawing;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;

use super::oidc::Traveller;

/// What the fake says, and what it was asked.
struct Said {
    issuer: String,
    /// What the configuration says otherwise than it should.
    configuration: Value,
    /// The keys that it shows.
    keys: Vec<Value>,
    /// What it gives for a code.
    token: Value,
    userinfo: Value,
    /// What it was last asked with.
    form: String,
    /// It sends whoever asks for a token elsewhere.
    redirects: bool,
}

#[derive(Clone)]
struct Fake {
    said: Arc<Mutex<Said>>,
    keys_read: Arc<AtomicUsize>,
}

/// What a provider gives for a code instead of an honest token.
type Lie<'a> = Box<dyn Fn(Value) -> Value + 'a>;

/// A key of the fake.
struct Key {
    pair: EcdsaKeyPair,
    name: &'static str,
}

impl Key {
    fn make(name: &'static str) -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self {
            pair: EcdsaKeyPair::generate(algorithm).unwrap(),
            name,
        }
    }

    fn shown(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": part(&point[1..33]), "y": part(&point[33..])})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), text.as_bytes())
            .unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let fake = Self {
            said: Arc::new(Mutex::new(Said {
                issuer: format!("http://{address}"),
                configuration: json!({}),
                keys: Vec::new(),
                token: Value::Null,
                userinfo: Value::Null,
                form: String::new(),
                redirects: false,
            })),
            keys_read: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(userinfo))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said.lock().unwrap());
    }

    fn issuer(&self) -> String {
        self.said.lock().unwrap().issuer.clone()
    }

    fn provider(&self, wanted: &[&str]) -> Provider {
        Provider::new(Settings {
            reach: Reach::here(),
            issuer: self.issuer(),
            client_id: "simpul".to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            redirect_uri: "https://hub.example/auth/palsu/callback".to_owned(),
            wanted: wanted.iter().map(|claim| (*claim).to_owned()).collect(),
            roots: None,
        })
        .unwrap()
    }

    /// What an honest token says to a sign-in with this nonce.
    fn claims(&self, nonce: &str, now: OffsetDateTime) -> Value {
        let second = now.unix_timestamp();
        json!({"iss": self.issuer(), "sub": "ada", "aud": "simpul", "nonce": nonce,
            "iat": second, "exp": second + 300, "roles": ["kurator"]})
    }
}

async fn configuration(State(fake): State<Fake>) -> String {
    let said = fake.said.lock().unwrap();
    let issuer = &said.issuer;
    let mut whole = json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/me"), "authorization_response_iss_parameter_supported": true});
    for (name, value) in said.configuration.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole.to_string()
}

async fn keys(State(fake): State<Fake>) -> String {
    fake.keys_read.fetch_add(1, Ordering::Relaxed);
    json!({"keys": fake.said.lock().unwrap().keys}).to_string()
}

async fn token(State(fake): State<Fake>, form: String) -> Response {
    let mut said = fake.said.lock().unwrap();
    said.form = form;
    if said.redirects {
        return Redirect::temporary("/keys").into_response();
    }
    if said.token.is_null() {
        return (StatusCode::BAD_REQUEST, "{\"error\": \"invalid_grant\"}").into_response();
    }
    said.token.to_string().into_response()
}

async fn userinfo(State(fake): State<Fake>) -> String {
    fake.said.lock().unwrap().userinfo.to_string()
}

fn parameter(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found
        .unwrap_or_else(|| panic!("{url} has no {name}"))
        .1
        .into_owned()
}

/// What a browser brings back.
fn answer(parts: Value) -> Answer {
    serde_json::from_value(parts).unwrap()
}

/// Signs in once: `lie` makes what the provider gives for the code out of the honest claims.
async fn signed_in(
    fake: &Fake,
    provider: &Provider,
    now: OffsetDateTime,
    lie: impl FnOnce(Value) -> Value,
) -> Result<Identity, OidcError> {
    let (url, flow) = provider.begin(&SystemEntropy, now).await?;
    let token = lie(fake.claims(&parameter(&url, "nonce"), now));
    fake.change(|said| said.token = token);
    let back = json!({"state": flow.state, "code": "c", "iss": fake.issuer()});
    provider.finish(&flow, answer(back), now).await
}

fn given(id_token: String) -> Value {
    json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token})
}

fn es256(name: &str) -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": name})
}

#[tokio::test]
async fn tokens_that_lie_are_not_believed() {
    let (fake, key) = (Fake::start().await, Key::make("k1"));
    fake.change(|said| said.keys = vec![key.shown()]);
    let (provider, now) = (fake.provider(&[]), SystemClock.now());
    let honest = signed_in(&fake, &provider, now, |claims| {
        given(key.sign(&es256("k1"), &claims))
    });
    assert_eq!(honest.await.unwrap().subject, "ada");

    let second = now.unix_timestamp();
    for (claim, value) in [
        ("nonce", json!("another")),
        ("aud", json!("another")),
        ("aud", json!(["simpul", "another"])),
        ("azp", json!("another")),
        ("iss", json!("https://sso.example")),
        ("exp", json!(second - 61)),
        ("iat", json!(second - 700)),
        ("nbf", json!(second + 100)),
        ("sub", json!("")),
    ] {
        let lie = |mut claims: Value| {
            claims[claim] = value.clone();
            given(key.sign(&es256("k1"), &claims))
        };
        let refused = signed_in(&fake, &provider, now, lie).await.unwrap_err();
        assert!(
            matches!(refused, OidcError::Token(_)),
            "{claim} {value}: {refused}"
        );
    }

    let other = Key::make("k1");
    let public = key.pair.public_key().as_ref().to_vec();
    let by_secret = |header: Value, claims: Value| {
        let text = unsigned(&header, &claims);
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &public);
        let signature = hmac::sign(&secret, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    };
    let lies: [(&str, Lie<'_>); 7] = [
        (
            "another key",
            Box::new(|claims| given(other.sign(&es256("k1"), &claims))),
        ),
        (
            "an unknown key",
            Box::new(|claims| given(other.sign(&es256("k9"), &claims))),
        ),
        (
            "no signature",
            Box::new(|claims| given(format!("{}.", unsigned(&json!({"alg": "none"}), &claims)))),
        ),
        (
            "an empty signature",
            Box::new(|claims| given(format!("{}.", unsigned(&es256("k1"), &claims)))),
        ),
        (
            "the public key as a secret",
            Box::new(|claims| given(by_secret(json!({"alg": "HS256", "kid": "k1"}), claims))),
        ),
        (
            "a token of another kind",
            Box::new(|claims| {
                given(key.sign(
                    &json!({"alg": "ES256", "kid": "k1", "typ": "logout+jwt"}),
                    &claims,
                ))
            }),
        ),
        ("no token", Box::new(|_| json!({"access_token": "a"}))),
    ];
    for (name, lie) in &lies {
        let refused = signed_in(&fake, &provider, now, lie).await;
        assert!(refused.is_err(), "{name}");
    }
    let changed = |claims: Value| {
        let signed = key.sign(&es256("k1"), &claims);
        let mut other = claims;
        other["sub"] = json!("budi");
        let signature = signed.rsplit('.').next().unwrap();
        given(format!("{}.{signature}", unsigned(&es256("k1"), &other)))
    };
    assert!(signed_in(&fake, &provider, now, changed).await.is_err());
    let honest = signed_in(&fake, &provider, now, |claims| {
        given(key.sign(&es256("k1"), &claims))
    });
    assert_eq!(
        honest.await.unwrap().subject,
        "ada",
        "and the provider is not given up"
    );
}

#[tokio::test]
async fn a_browser_must_bring_back_what_it_was_given() {
    let (fake, key) = (Fake::start().await, Key::make("k1"));
    fake.change(|said| said.keys = vec![key.shown()]);
    let (provider, now) = (fake.provider(&[]), SystemClock.now());
    let (url, flow) = provider.begin(&SystemEntropy, now).await.unwrap();
    let token = key.sign(&es256("k1"), &fake.claims(&parameter(&url, "nonce"), now));
    fake.change(|said| said.token = given(token));
    let issuer = fake.issuer();
    for back in [
        json!({}),
        json!({"code": "c", "iss": issuer}),
        json!({"state": "another", "code": "c", "iss": issuer}),
        json!({"state": flow.state, "code": "c"}),
        json!({"state": flow.state, "code": "c", "iss": "https://sso.example"}),
        json!({"state": flow.state, "iss": issuer}),
        json!({"state": flow.state, "code": "c".repeat(5_000), "iss": issuer}),
        json!({"state": flow.state, "error": "access_denied", "iss": issuer}),
    ] {
        let refused = provider
            .finish(&flow, answer(back.clone()), now)
            .await
            .unwrap_err();
        assert!(!refused.is_of_provider(), "{back}: {refused}");
    }
    assert_eq!(
        fake.said.lock().unwrap().form,
        "",
        "and no code was sent for any of these"
    );

    let back = json!({"state": flow.state, "code": "c&d", "iss": issuer});
    provider.finish(&flow, answer(back), now).await.unwrap();
    let form = fake.said.lock().unwrap().form.clone();
    let (form, verifier) = form
        .rsplit_once("&client_id=simpul")
        .map(|(form, _)| form.rsplit_once("&code_verifier=").unwrap())
        .unwrap();
    assert_eq!(
        form,
        "grant_type=authorization_code&code=c%26d&redirect_uri=https%3A%2F%2Fhub.example%2Fauth%2Fpalsu%2Fcallback"
    );
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(parameter(&url, "code_challenge"), challenge);
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
}

#[tokio::test]
async fn keys_are_read_anew_once_a_minute_at_most() {
    let (fake, old, new) = (Fake::start().await, Key::make("k1"), Key::make("k2"));
    fake.change(|said| said.keys = vec![old.shown()]);
    let (provider, start) = (fake.provider(&[]), SystemClock.now());
    let with_new = |claims: Value| given(new.sign(&es256("k2"), &claims));
    for _ in 0..5 {
        assert!(signed_in(&fake, &provider, start, with_new).await.is_err());
    }
    assert_eq!(fake.keys_read.load(Ordering::Relaxed), 1);
    fake.change(|said| said.keys = vec![old.shown(), new.shown()]);
    let soon = start + Duration::seconds(59);
    assert!(signed_in(&fake, &provider, soon, with_new).await.is_err());
    let later = start + Duration::seconds(61);
    assert!(signed_in(&fake, &provider, later, with_new).await.is_ok());
    assert_eq!(fake.keys_read.load(Ordering::Relaxed), 2);
    // A key that the provider does not show any more is believed for an hour at most.
    fake.change(|said| said.keys = vec![new.shown()]);
    let with_old = |claims: Value| given(old.sign(&es256("k1"), &claims));
    let hour = later + Duration::hours(1);
    assert!(signed_in(&fake, &provider, hour, with_old).await.is_err());
}

#[tokio::test]
async fn a_provider_is_no_other_and_says_no_more_than_it_may() {
    let (fake, key) = (Fake::start().await, Key::make("k1"));
    fake.change(|said| said.keys = vec![key.shown()]);
    let now = SystemClock.now();
    let honest = |claims: Value| given(key.sign(&es256("k1"), &claims));
    for configuration in [
        json!({"issuer": "https://sso.example"}),
        json!({"token_endpoint": "http://169.254.169.254/latest"}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"more": "x".repeat(300_000)}),
    ] {
        fake.change(|said| said.configuration = configuration);
        let refused = fake.provider(&[]).begin(&SystemEntropy, now).await;
        assert!(refused.unwrap_err().is_of_provider());
    }
    fake.change(|said| said.configuration = json!({}));
    let provider = fake.provider(&["groups"]);
    for (userinfo, is_taken) in [
        (
            json!({"sub": "ada", "groups": ["a"], "roles": ["admin"]}),
            true,
        ),
        (json!({"sub": "budi", "groups": ["a"]}), false),
        (json!({"groups": ["a"]}), false),
        (json!("text"), false),
    ] {
        fake.change(|said| said.userinfo = userinfo.clone());
        let identity = signed_in(&fake, &provider, now, honest).await;
        assert_eq!(identity.is_ok(), is_taken, "{userinfo}");
        if let Ok(identity) = identity {
            assert_eq!(oidc::values(&identity.claims, "groups"), ["a"]);
            assert_eq!(
                oidc::values(&identity.claims, "roles"),
                ["kurator"],
                "the token goes first"
            );
        }
    }
    let provider = fake.provider(&[]);
    let much = |claims| {
        let mut much = honest(claims);
        much["more"] = json!("x".repeat(300_000));
        much
    };
    let refused = signed_in(&fake, &provider, now, much).await.unwrap_err();
    assert!(matches!(refused, OidcError::TooLarge { .. }), "{refused}");
    fake.change(|said| said.redirects = true);
    let refused = signed_in(&fake, &provider, now, honest).await.unwrap_err();
    assert!(
        matches!(refused, OidcError::Status { status: 307, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_hub_lets_nobody_in_by_a_lie_nor_elsewhere_afterwards() {
    let (fake, key) = (Fake::start().await, Key::make("k1"));
    fake.change(|said| {
        said.keys = vec![key.shown()];
        said.userinfo = json!({"sub": "ada"});
    });
    let settings = format!(
        "[http]\npublic_url = \"http://127.0.0.1:{{port}}\"\n[[oidc]]\nname = \"palsu\"\nissuer = \"{}\"
client_id = \"simpul\"\neverybody = \"READER\"\n",
        fake.issuer()
    );
    let hubs = Federation::build(Drawing::of(["a"]).configured("a", &settings)).await;
    let hub = hubs.api("a").url().to_owned();
    let now = SystemClock.now();
    let come_back = async |browser: &mut Traveller, to: &str, lie: Option<&str>| {
        let begun = browser.begin(&hub, "palsu", to).await;
        let mut claims = fake.claims(&parameter(begun.as_str(), "nonce"), now);
        if let Some(claim) = lie {
            claims[claim] = json!("lie");
        }
        fake.change(|said| said.token = given(key.sign(&es256("k1"), &claims)));
        let mut back = reqwest::Url::parse(&format!("{hub}/auth/palsu/callback")).unwrap();
        back.query_pairs_mut()
            .append_pair("state", &parameter(begun.as_str(), "state"))
            .append_pair("code", "c")
            .append_pair("iss", &fake.issuer());
        (browser.come_back(&back).await, back)
    };
    let mut browser = Traveller::new();
    for claim in ["nonce", "aud", "iss"] {
        let ((status, page), _) = come_back(&mut browser, "/", Some(claim)).await;
        assert_eq!(status, 502, "{page}");
        assert!(!page.contains("ada"), "{page}");
        assert_eq!(browser.cookie(&hub, "simpul"), None, "{claim}");
    }
    for elsewhere in [
        "https://jahat.example",
        "//jahat.example",
        "/\\jahat.example",
        "javascript:1",
    ] {
        let ((status, page), _) = come_back(&mut browser, elsewhere, None).await;
        assert!(status == 200 && page.contains("0;url=/\""), "{page}");
    }
    // What came back counts once, though this provider would take its code twice.
    let mut copy = browser.clone();
    let begun = copy.begin(&hub, "palsu", "/").await;
    let kept = copy.clone();
    let claims = fake.claims(&parameter(begun.as_str(), "nonce"), now);
    fake.change(|said| said.token = given(key.sign(&es256("k1"), &claims)));
    let mut back = reqwest::Url::parse(&format!("{hub}/auth/palsu/callback")).unwrap();
    back.query_pairs_mut()
        .append_pair("state", &parameter(begun.as_str(), "state"))
        .append_pair("code", "c")
        .append_pair("iss", &fake.issuer());
    assert_eq!(copy.come_back(&back).await.0, 200);
    let (status, page) = kept.clone().come_back(&back).await;
    assert!(status == 400 && page.contains("used already"), "{page}");
    let unknown = reqwest::Url::parse(&format!("{hub}/auth/lain/start")).unwrap();
    assert_eq!(browser.come_back(&unknown).await.0, 404);
}
