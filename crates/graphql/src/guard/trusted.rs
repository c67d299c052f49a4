//! Trusted documents: those that are known before anybody asks, by their hash.
//!
//! A client's build writes its documents into a manifest; the hub reads it when it starts. The client then sends `documentId`
//! (GraphQL over HTTP, appendix "Persisted Documents") or `extensions.persistedQuery` (Apollo) in place of the text. Where
//! only trusted documents are taken, nobody can ask what no developer wrote.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use domain::log::Hash;
use serde::Deserialize;
use serde_json::Value;

/// How an id says that it is a hash (GraphQL over HTTP, appendix "Persisted Documents").
const PREFIX: &str = "sha256:";
/// How many documents may be trusted.
const MOST: usize = 20_000;
/// Bytes of an id, at most.
const LONGEST_ID: usize = 200;

/// Why a manifest is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is neither Apollo's form nor a map of texts by id.
    #[error(
        "it is neither {{\"id\": \"document\", …}} nor a manifest of format \"apollo-persisted-query-manifest\": {0}"
    )]
    Form(String),
    /// An id is no hash of its document.
    #[error(
        "the document {0} has another SHA-256; its manifest is of another build, make it again"
    )]
    Hash(String),
    /// An id is no id.
    #[error("an id has 1 to {LONGEST_ID} characters")]
    Id,
    /// Two documents have the same id.
    #[error("two documents have the id {0}")]
    Twice(String),
    /// There are too many.
    #[error("there are more than {MOST} documents")]
    Many,
}

/// Documents that are known before anybody asks.
#[derive(Debug, Default)]
pub struct TrustedDocuments {
    /// By the ids that they were given.
    by_id: HashMap<Box<str>, Arc<str>>,
    /// By their SHA-256 in hexadecimal.
    by_hash: HashMap<Box<str>, Arc<str>>,
}

impl TrustedDocuments {
    /// Adds a document under its hash.
    pub fn add(&mut self, text: &str) {
        self.by_hash.insert(hash(text).into(), text.into());
    }

    /// Adds the documents of a manifest: a map of texts by id, or what Apollo's tools write. Ids that are a SHA-256 must be
    /// that of their document.
    ///
    /// # Errors
    /// The manifest cannot be read, or contradicts itself or what was added before.
    pub fn read(&mut self, manifest: &str) -> Result<(), ManifestError> {
        for (id, text) in documents(manifest)? {
            let hash = hash(&text);
            if id.is_empty() || id.len() > LONGEST_ID {
                return Err(ManifestError::Id);
            }
            if is_hash(&id) && hex_of(&id) != hash {
                return Err(ManifestError::Hash(id));
            }
            let text: Arc<str> = text.into();
            let before = self.by_id.insert(id.clone().into(), Arc::clone(&text));
            if before.is_some_and(|before| before != text) {
                return Err(ManifestError::Twice(id));
            }
            self.by_hash.insert(hash.into(), text);
            if self.by_id.len() > MOST {
                return Err(ManifestError::Many);
            }
        }
        Ok(())
    }

    /// The document of an id: a name of the manifest, or a SHA-256 in hexadecimal, with `sha256:` before it or not.
    pub fn find(&self, id: &str) -> Option<&str> {
        let found = self.by_id.get(id);
        let found = found.or_else(|| self.by_hash.get(hex_of(id)));
        found.map(|text| &**text)
    }

    /// Whether a text is that of a trusted document.
    pub fn has(&self, text: &str) -> bool {
        self.by_hash.contains_key(hash(text).as_str())
    }

    /// The documents of manifests, with the ids that these give them.
    pub fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_id.iter().map(|(id, text)| (&**id, &**text))
    }
}

/// What Apollo's tools write.
#[derive(Deserialize)]
struct Manifest {
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

fn documents(manifest: &str) -> Result<Vec<(String, String)>, ManifestError> {
    let form = |error: serde_json::Error| ManifestError::Form(error.to_string());
    let read: Value = serde_json::from_str(manifest).map_err(form)?;
    if read.get("format").is_some_and(Value::is_string) && read.get("operations").is_some() {
        let manifest: Manifest = serde_json::from_value(read).map_err(form)?;
        let operations = manifest.operations.into_iter();
        return Ok(operations.map(|found| (found.id, found.body)).collect());
    }
    let texts: HashMap<String, String> = serde_json::from_value(read).map_err(form)?;
    Ok(texts.into_iter().collect())
}

fn hex_of(id: &str) -> &str {
    id.strip_prefix(PREFIX).unwrap_or(id)
}

fn is_hash(id: &str) -> bool {
    let hex = hex_of(id);
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The SHA-256 of a text, in hexadecimal.
fn hash(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Hash::of(text.as_bytes()).as_bytes() {
        write!(hex, "{byte:02x}").expect("a text takes everything");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{ one }";
    const HASH: &str = "f15b80b63a6cd9c87f53532d69b4a3d5a24b6e2b8e6b6e3cf2a4e4ad7a4f4b5c";

    fn trusted(manifest: &str) -> Result<TrustedDocuments, ManifestError> {
        let mut trusted = TrustedDocuments::default();
        trusted.read(manifest).map(|()| trusted)
    }

    #[test]
    fn documents_are_found_by_name_and_by_hash() {
        let hash = hash(TEXT);
        let manifests = [
            format!(r#"{{"One": "{TEXT}"}}"#),
            format!(
                r#"{{"format": "apollo-persisted-query-manifest", "version": 1,
                "operations": [{{"id": "One", "name": "One", "type": "query", "body": "{TEXT}"}}]}}"#
            ),
        ];
        for manifest in manifests {
            let trusted = trusted(&manifest).unwrap();
            for id in ["One", &hash, &format!("sha256:{hash}")] {
                assert_eq!(trusted.find(id), Some(TEXT), "{id}");
            }
            assert_eq!(trusted.find("Two"), None);
            assert!(trusted.has(TEXT));
            assert!(!trusted.has("{ one  }"));
        }
    }

    #[test]
    fn what_is_no_manifest_is_told() {
        let told = |manifest: &str| trusted(manifest).unwrap_err();
        assert!(matches!(told("[1]"), ManifestError::Form(_)));
        assert!(matches!(told(r#"{"a": 1}"#), ManifestError::Form(_)));
        assert_eq!(
            told(&format!(r#"{{"{HASH}": "{TEXT}"}}"#)),
            ManifestError::Hash(HASH.to_owned())
        );
        assert_eq!(told(r#"{"": "{ one }"}"#), ManifestError::Id);
        let mut twice = trusted(r#"{"a": "{ one }"}"#).unwrap();
        let again = twice.read(r#"{"a": "{ two }"}"#).unwrap_err();
        assert_eq!(again, ManifestError::Twice("a".to_owned()));
    }
}
