//! The project's own vectors (`docs/vectors`): what the targets begin with, and what their keys really signed.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use domain::identity::{HubId, NetworkId};
use domain::log::{Checkpoint, PublicKey, SigningKey};
use domain::trust::{Trust, TrustedKey};
use serde_json::Value;
use time::OffsetDateTime;

const FILES: [&str; 7] = [
    include_str!("../../docs/vectors/entry.json"),
    include_str!("../../docs/vectors/checkpoint.json"),
    include_str!("../../docs/vectors/page.json"),
    include_str!("../../docs/vectors/receipt.json"),
    include_str!("../../docs/vectors/membership.json"),
    include_str!("../../docs/vectors/hub-token.json"),
    include_str!("../../docs/vectors/epoch.json"),
];

/// From which the key of hub id-14 is made.
const ASKING_SEED: [u8; 32] = [8; 32];

fn cases() -> &'static [Value] {
    static CASES: OnceLock<Vec<Value>> = OnceLock::new();
    CASES.get_or_init(|| {
        let file = |text: &&str| -> Vec<Value> {
            let file: Value = serde_json::from_str(text).expect("vectors are JSON");
            file["cases"].as_array().expect("they have cases").clone()
        };
        FILES.iter().flat_map(file).collect()
    })
}

fn of(check: &str) -> impl Iterator<Item = &'static Value> {
    cases().iter().filter(move |case| case["check"] == check)
}

/// What each target begins with: its name and its inputs.
pub fn seeds() -> Vec<(&'static str, Vec<String>)> {
    let texts = |check, key: &str| -> Vec<String> {
        of(check)
            .filter_map(|case| case[key].as_str().map(str::to_owned))
            .collect()
    };
    let page = |case: &Value| {
        let parts = ["before", "entries", "proof", "checkpoint"];
        let parts = parts.map(|part| (part.to_owned(), case[part].clone()));
        Value::Object(parts.into_iter().collect()).to_string()
    };
    vec![
        ("header", texts("header", "header")),
        ("payload", texts("payload", "payload")),
        ("membership", texts("membership", "body")),
        ("opening", texts("opening", "body")),
        (
            "token",
            tokens().map(str::to_owned).chain(unsigned()).collect(),
        ),
        ("checkpoint", notes().map(str::to_owned).collect()),
        ("page", of("page").map(page).collect()),
        (
            "receipt",
            of("receipt")
                .map(|case| case["receipt"].to_string())
                .collect(),
        ),
    ]
}

/// Every token of the vectors.
pub fn tokens() -> impl Iterator<Item = &'static str> {
    cases().iter().filter_map(|case| case["token"].as_str())
}

/// Header and claims of the vectors' tokens, with a line break between them.
fn unsigned() -> impl Iterator<Item = String> {
    of("signHubToken").map(|case| {
        let text = |key: &str| case[key].as_str().expect("it is a text");
        let claims = text("claims").replace("id-13", "id-14");
        format!("{}\n{claims}", text("header"))
    })
}

/// A hub that is asked with the vectors' tokens, when they were made: whom it trusts, its id, and the time.
pub fn asked_hub() -> (Trust, HubId, OffsetDateTime) {
    let first = of("hubToken").next().expect("there is a token");
    let text = |value: &'static Value| value.as_str().expect("it is a text");
    let hub = |name| HubId::parse(name).expect("it names a hub");
    let network = NetworkId::parse(text(&first["network"])).expect("it names a network");
    let mut trust = Trust::new(network);
    let key = PublicKey::parse(text(&first["keys"][0]["key"])).expect("it is a key");
    trust.add(hub(text(&first["keys"][0]["hub"])), TrustedKey::always(key));
    trust.add(
        hub("id-14"),
        TrustedKey::always(SigningKey::from_seed(&ASKING_SEED).public()),
    );
    let now = first["now"].as_i64().expect("it is a second");
    let now = OffsetDateTime::from_unix_timestamp(now).expect("it is a time");
    (trust, hub(text(&first["hub"])), now)
}

/// The key of hub id-14, which is trusted too and signs whatever the fuzzer says.
pub fn asking_key() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&ASKING_SEED)
}

/// Every checkpoint of the vectors.
fn notes() -> impl Iterator<Item = &'static str> {
    cases().iter().flat_map(|case| {
        [&case["checkpoint"], &case["receipt"]["checkpoint"]]
            .into_iter()
            .filter_map(Value::as_str)
    })
}

/// The keys under which anything of the vectors is asked.
pub fn keys() -> &'static [PublicKey] {
    static KEYS: OnceLock<Vec<PublicKey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let named: BTreeSet<&str> = cases()
            .iter()
            .filter_map(|case| case["publicKey"].as_str())
            .collect();
        named
            .into_iter()
            .filter_map(|key| PublicKey::parse(key).ok())
            .collect()
    })
}

/// A key that signed none of them.
pub fn another_key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// The texts that are signed in the vectors, as the vectors themselves say: those of the cases that hold or are made.
pub fn signed_bodies() -> &'static BTreeSet<String> {
    static BODIES: OnceLock<BTreeSet<String>> = OnceLock::new();
    BODIES.get_or_init(|| {
        let body = |note: &str| note.rfind("\n\n").map(|end| note[..=end].to_owned());
        notes().filter_map(body).collect()
    })
}

/// The headers of the log that the pages are of.
pub fn genuine_log() -> &'static [String] {
    static LOG: OnceLock<Vec<String>> = OnceLock::new();
    LOG.get_or_init(|| {
        let whole = of("page").next().expect("the first page is the whole log");
        let entries = whole["entries"].as_array().expect("it has entries");
        let header = |entry: &Value| {
            entry["header"]
                .as_str()
                .expect("a header is text")
                .to_owned()
        };
        let headers: Vec<String> = entries.iter().map(header).collect();
        let note = whole["checkpoint"].as_str().expect("a checkpoint is text");
        let stated = Checkpoint::parse(note).expect("it is one");
        assert_eq!(stated.size, headers.len() as u64);
        headers
    })
}
