//! What readers see, as text: for comparing two databases, or one before and after.

use std::collections::BTreeMap;
use std::fmt;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, Statement,
    TransactionTrait as _,
};
use storage::Location;

/// The lines of every table that is made from entries, sorted. Keys are written as log and place, so that two databases
/// that learned of the logs in another order have equal dumps.
#[derive(Clone, PartialEq, Eq)]
pub struct Dump(BTreeMap<&'static str, Vec<String>>);

/// The tables of the projection and their columns; `#` marks an entry's key, `@` a UUID, `~` a hub's row.
const TABLES: [(&str, &[&str]); 9] = [
    (
        "hub",
        &["slug", "@record", "#entry", "name", "kind", "region"],
    ),
    (
        "agency",
        &[
            "#key",
            "~hub_id",
            "@record",
            "#entry",
            "name_folded",
            "kind",
            "region",
        ],
    ),
    (
        "innovation",
        &[
            "#key",
            "~hub_id",
            "@record",
            "#entry",
            "@agency",
            "region",
            "title_folded",
            "stage",
            "adoption",
            "year",
            "affairs",
            "sdgs",
            "published",
            "updated",
            "replications",
            "replications_done",
            "replications_confirmed",
            "endorsements",
            "awards",
            "current_at",
        ],
    ),
    (
        "item",
        &[
            "#key",
            "~hub_id",
            "@record",
            "#entry",
            "kind",
            "audience",
            "word",
            "state",
            "standing",
            "label",
            "place",
            "region",
            "published",
            "updated",
            "flawed",
            "leg",
        ],
    ),
    ("item_link", &["#item", "role", "hub", "@record"]),
    ("innovation_tag", &["tag", "#innovation"]),
    ("external_id", &["scheme", "value", "#innovation"]),
    ("member", &["#key", "~hub_id", "@record", "#entry", "body"]),
    ("unprojected", &["#entry", "reason", "detail"]),
];

impl Dump {
    /// Reads the tables over a connection of its own.
    pub async fn read(location: &Location) -> Self {
        let db = connect(location).await;
        let mut tables = BTreeMap::new();
        for (table, columns) in TABLES {
            let columns: Vec<String> = columns
                .iter()
                .map(|column| expression(&db, table, column))
                .collect();
            let text = format!("SELECT {} FROM {table}", columns.join(" || '|' || "));
            let mut lines = rows(&db, &text).await;
            lines.sort_unstable();
            tables.insert(table, lines);
        }
        db.close().await.expect("the connection closes");
        Self(tables)
    }

    /// The lines of one table.
    pub fn table(&self, name: &str) -> &[String] {
        self.0
            .get(name)
            .expect("tests name tables of the projection")
    }

    /// Without the hubs that never described themselves: those only show that a log was heard of.
    #[must_use]
    pub fn without_bare_hubs(mut self) -> Self {
        if let Some(hubs) = self.0.get_mut("hub") {
            hubs.retain(|line| !line.ends_with("|-|-|-|-|-"));
        }
        self
    }
}

/// One statement's first column.
pub async fn column(location: &Location, text: &str) -> Vec<String> {
    let db = connect(location).await;
    let found = rows(&db, text).await;
    db.close().await.expect("the connection closes");
    found
}

/// Runs one statement over a connection of its own, as somebody would who changes a database by hand.
pub async fn change(location: &Location, text: &str) {
    let url = match location {
        Location::Sqlite(file) => format!("sqlite:{}", file.display()),
        Location::Postgres(url) => url.clone(),
    };
    let db = sea_orm::Database::connect(url).await;
    let db = db.expect("the database is there");
    db.execute_unprepared(text)
        .await
        .expect("the statement is right");
    db.close().await.expect("the connection closes");
}

/// A table of PostgreSQL that nobody can read until this is dropped or let go.
#[derive(Debug)]
pub struct Held(DatabaseTransaction);

impl Held {
    /// Keeps a table.
    pub async fn table(location: &Location, table: &str) -> Self {
        let db = connect(location).await;
        let tx = db.begin().await.expect("a transaction begins");
        let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        let locked = tx.execute_unprepared(&lock).await;
        locked.expect("the table can be locked");
        Self(tx)
    }

    /// Lets it go.
    pub async fn let_go(self) {
        self.0.rollback().await.expect("the transaction ends");
    }
}

async fn connect(location: &Location) -> DatabaseConnection {
    let url = match location {
        Location::Sqlite(file) => format!("sqlite:{}?mode=ro", file.display()),
        Location::Postgres(url) => url.clone(),
    };
    sea_orm::Database::connect(url)
        .await
        .expect("the database is there")
}

async fn rows(db: &DatabaseConnection, text: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), text);
    let rows = db
        .query_all_raw(statement)
        .await
        .expect("the statement is right");
    let first =
        |row: &sea_orm::QueryResult| row.try_get_by_index(0).expect("the first column is text");
    rows.iter().map(first).collect()
}

fn expression(db: &DatabaseConnection, table: &str, column: &str) -> String {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    let text = match column.split_at(1) {
        ("@", name) if postgres => format!("replace({name}::text, '-', '')"),
        ("@", name) => format!("NULLIF(lower(hex({name})), '')"),
        ("#", name) => format!(
            "(SELECT h.slug || '/' || CAST(l.epoch AS TEXT) FROM log l JOIN hub h ON h.id = l.hub_id WHERE l.id = {table}.{name} >> 40)
             || '#' || CAST({table}.{name} & 1099511627775 AS TEXT)"
        ),
        ("~", name) => format!("(SELECT h.slug FROM hub h WHERE h.id = {table}.{name})"),
        _ => format!("CAST({column} AS TEXT)"),
    };
    format!("COALESCE({text}, '-')")
}

impl fmt::Debug for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, lines) in &self.0 {
            writeln!(f, "{table}")?;
            for line in lines {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}
