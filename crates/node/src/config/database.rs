//! Where the hub remembers: the section `[database]`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use storage::Location;

/// Where the hub remembers: the section `[database]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    pub url: DatabaseUrl,
    /// Of how many records the rows are kept in memory at most, so that lists are answered without asking the database; 0 for
    /// none.
    pub records_in_memory: usize,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::Sqlite("simpul.db".into()),
            records_in_memory: 2_000_000,
        }
    }
}

/// The address of a database.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(String),
}

impl DatabaseUrl {
    /// Parses an address.
    pub fn parse(raw: &str) -> Result<Self, String> {
        if let Some(file) = raw.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
            return Ok(Self::Sqlite(file.trim_start_matches("//").into()));
        }
        if raw.starts_with("postgres://") || raw.starts_with("postgresql://") {
            return Ok(Self::Postgres(raw.to_owned()));
        }
        Err(format!(
            "{raw:?} is neither sqlite:FILE nor postgres://USER:PASSWORD@HOST/DATABASE"
        ))
    }

    /// Where the database is, with a file relative to `folder`.
    pub fn location(&self, folder: &Path) -> Location {
        match self {
            Self::Sqlite(file) => Location::Sqlite(folder.join(file)),
            Self::Postgres(url) => Location::Postgres(url.clone()),
        }
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        Self::parse(&raw)
    }
}

impl From<DatabaseUrl> for String {
    fn from(url: DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(file) => format!("sqlite:{}", file.display()),
            DatabaseUrl::Postgres(url) => url,
        }
    }
}

/// A PostgreSQL address may hold a password, so it is not shown.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}
