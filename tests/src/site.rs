//! Where a test's database lies, on each of the two that the hub promises.

use std::path::Path;
use std::sync::Arc;

use storage::Location;
use tempfile::TempDir;

use crate::postgres::Server;

/// The two database programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A place for a database that nobody else uses, gone when it is dropped.
#[derive(Debug)]
pub struct Site {
    location: Location,
    folder: TempDir,
    server: Option<Arc<Server>>,
}

impl Backend {
    /// Makes a place for a fresh database.
    pub async fn site(self) -> Site {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let server = (self == Self::Postgres).then(Server::shared);
        let location = match &server {
            Some(server) => Location::Postgres(server.create_database().await),
            None => Location::Sqlite(folder.path().join("simpul.db")),
        };
        Site {
            location,
            folder,
            server,
        }
    }
}

impl Site {
    /// Where the database is.
    pub const fn location(&self) -> &Location {
        &self.location
    }

    /// A folder beside it, for files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database's URL, as the settings name it.
    pub fn url(&self) -> String {
        match &self.location {
            Location::Sqlite(file) => format!("sqlite:{}", file.display()),
            Location::Postgres(url) => url.clone(),
        }
    }

    /// The server, on PostgreSQL.
    pub fn server(&self) -> Option<&Server> {
        self.server.as_deref()
    }

    /// The name of the database on its server.
    pub fn database_name(&self) -> &str {
        let url = match &self.location {
            Location::Postgres(url) => url,
            Location::Sqlite(_) => return "",
        };
        let name = url.rsplit('/').find(|part| part.contains("?host="));
        name.and_then(|name| name.split('?').next())
            .unwrap_or_default()
    }
}
