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
    /// none. When left out, as many as a quarter of the machine's memory holds.
    pub records_in_memory: Option<usize>,
}

/// What the row of a record takes in memory, in bytes, about.
const ROW: u64 = 256;
/// Where nothing tells how much memory there is.
const RECORDS_IN_MEMORY: usize = 2_000_000;

impl DatabaseConfig {
    /// Of how many records the rows are kept in memory, on a machine with so many bytes of memory.
    pub fn records_in_memory(&self, memory: Option<u64>) -> usize {
        let fitting = |memory: u64| usize::try_from(memory / 4 / ROW).unwrap_or(usize::MAX);
        let default = || memory.map_or(RECORDS_IN_MEMORY, fitting);
        self.records_in_memory.unwrap_or_else(default)
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::Sqlite("simpul.db".into()),
            records_in_memory: None,
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
        // What stands behind the scheme may be a password.
        let scheme = raw.split(':').next().unwrap_or_default();
        Err(format!(
            "the address that begins with {scheme:?} is neither sqlite:FILE nor postgres://USER:PASSWORD@HOST/DATABASE"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_take_a_quarter_of_the_memory_unless_it_is_said() {
        let mut config = DatabaseConfig::default();
        assert_eq!(config.records_in_memory(Some(4 << 30)), 4 << 20);
        assert_eq!(config.records_in_memory(None), 2_000_000);
        config.records_in_memory = Some(0);
        assert_eq!(config.records_in_memory(Some(4 << 30)), 0);
    }
}
