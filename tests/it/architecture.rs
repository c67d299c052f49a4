//! Who may know whom: the manifests have no other edge, and each large library has one owner.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Which of our own crates each may know. `web` is the page that `node` embeds.
const EDGES: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("migrations", &[]),
    ("storage", &["domain", "migrations"]),
    ("outgoing", &[]),
    ("sync", &["domain", "outgoing", "storage"]),
    ("search", &["domain"]),
    ("credentials", &["domain"]),
    ("oidc", &["domain", "outgoing"]),
    ("passkeys", &["domain"]),
    (
        "graphql",
        &["credentials", "domain", "passkeys", "search", "storage"],
    ),
    ("web", &[]),
    (
        "node",
        &[
            "credentials",
            "domain",
            "graphql",
            "oidc",
            "outgoing",
            "passkeys",
            "search",
            "storage",
            "sync",
            "web",
        ],
    ),
];

/// Which crates may use a large library.
const OWNERS: [(&str, &[&str]); 15] = [
    ("sea-orm", &["storage"]),
    ("sea-orm-migration", &["migrations", "storage"]),
    ("async-graphql", &["graphql", "node"]),
    ("apollo-compiler", &["graphql"]),
    ("tantivy", &["search"]),
    ("argon2", &["credentials"]),
    ("totp-rs", &["credentials"]),
    ("jsonwebtoken", &["oidc"]),
    ("webauthn-rs", &["passkeys"]),
    ("reqwest", &["oidc", "outgoing", "sync"]),
    ("tokio-tungstenite", &["sync"]),
    ("axum", &["node"]),
    ("tower-http", &["node"]),
    ("clap", &["node"]),
    ("ed25519-dalek", &["domain"]),
];

/// What each crate depends on outside of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let workspace = read(&root.join("Cargo.toml"));
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("members are a list");
    let mut manifests = Vec::new();
    for member in members
        .iter()
        .filter_map(toml::Value::as_str)
        .filter(|member| *member != "tests")
    {
        match member.strip_suffix("/*") {
            Some(folder) => {
                let listed = std::fs::read_dir(root.join(folder)).expect("the folder is there");
                manifests.extend(listed.map(|entry| entry.expect("it can be listed").path()));
            }
            None => manifests.push(root.join(member)),
        }
    }
    let parse = |folder: std::path::PathBuf| {
        let manifest = read(&folder.join("Cargo.toml"));
        let name = manifest["package"]["name"]
            .as_str()
            .expect("a crate has a name")
            .to_owned();
        let of = |section: &str| {
            manifest
                .get(section)
                .and_then(toml::Value::as_table)
                .cloned()
                .unwrap_or_default()
        };
        let used = of("dependencies")
            .into_iter()
            .chain(of("build-dependencies"));
        (name, used.map(|(name, _)| name).collect())
    };
    manifests.into_iter().map(parse).collect()
}

fn read(file: &Path) -> toml::Value {
    let text = std::fs::read_to_string(file).expect("the manifest is there");
    toml::from_str(&text).expect("the manifest is TOML")
}

#[test]
fn crates_know_only_whom_they_may() {
    let dependencies = dependencies();
    let named: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(found, named, "a crate came or went: say whom it may know");
    for (name, allowed) in EDGES {
        let own: BTreeSet<&str> = dependencies[name]
            .iter()
            .map(String::as_str)
            .filter(|used| named.contains(used))
            .collect();
        let other: Vec<_> = own.iter().filter(|used| !allowed.contains(*used)).collect();
        assert!(other.is_empty(), "{name} may not know {other:?}");
    }
}

#[test]
fn every_large_library_has_its_owners_only() {
    let dependencies = dependencies();
    for (library, owners) in OWNERS {
        let users: Vec<&str> = dependencies
            .iter()
            .filter(|(_, used)| used.contains(library))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(users, owners, "who uses {library}");
    }
}

/// The switches that take rules away are compiled for the simulator only.
#[test]
fn the_program_has_no_mutations() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let tree = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "node",
            "--edges",
            "normal,build,features",
            "--offline",
            "--locked",
        ])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let features = String::from_utf8_lossy(&tree.stdout);
    assert!(features.contains("domain v"), "{features}");
    assert!(!features.contains("mutations"), "{features}");
}

#[test]
fn the_program_is_the_default_of_the_workspace() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let workspace = read(&root.join("Cargo.toml"));
    assert_eq!(
        workspace["workspace"]["default-members"],
        toml::Value::from(vec!["crates/node"])
    );
}
