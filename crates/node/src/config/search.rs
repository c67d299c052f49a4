//! How the hub finds records by their words: the section `[search]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the hub finds records by their words: the section `[search]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Whether this process keeps an index and answers searches.
    pub enabled: bool,
    /// The folder of the index. Each process has its own: a second one on the same folder takes one beside it.
    pub folder: PathBuf,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            folder: "search".into(),
        }
    }
}
