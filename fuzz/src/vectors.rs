//! The project's own vectors (`docs/vectors`): what the targets begin with, and what their keys really signed.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use domain::log::{Checkpoint, PublicKey, SigningKey};
use serde_json::Value;

const FILES: [&str; 5] = [
    include_str!("../../docs/vectors/entry.json"),
    include_str!("../../docs/vectors/checkpoint.json"),
    include_str!("../../docs/vectors/page.json"),
    include_str!("../../docs/vectors/receipt.json"),
    include_str!("../../docs/vectors/membership.json"),
];

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
