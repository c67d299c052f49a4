//! Databases of older programs, kept as text, and changing a database behind the program's back.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};
use sea_orm_migration::MigratorTrait as _;
use serde_json::{Map, Value};
use storage::Location;
use uuid::Uuid;

/// Tables whose rows are numbered by the database.
const NUMBERED: [&str; 3] = ["hub", "log", "peer"];

/// Makes a database as an older program left it: the first `steps` of the schema, and these rows, one a line.
pub async fn load(location: &Location, steps: u32, rows: &str) {
    let db = connect(location).await;
    let made = migrations::Migrator::up(&db, Some(steps)).await;
    made.expect("the steps can be taken");
    for line in rows.lines() {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        let table = line["table"].as_str().expect("it names a table");
        let row = line["row"].as_object().expect("it has a row");
        run(&db, &insert(&db, table, row)).await;
    }
    if db.get_database_backend() == DbBackend::Postgres {
        for table in NUMBERED {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT COALESCE(MAX(id), 1) FROM {table}))"
            );
            run(&db, &next).await;
        }
    }
    db.close().await.expect("the connection closes");
}

/// Runs statements over a connection of its own.
pub async fn change(location: &Location, statements: &[&str]) {
    let db = connect(location).await;
    for statement in statements {
        run(&db, statement).await;
    }
    db.close().await.expect("the connection closes");
}

async fn run(db: &DatabaseConnection, text: &str) {
    let done = db.execute_unprepared(text).await;
    done.unwrap_or_else(|error| panic!("{error}: {text}"));
}

async fn connect(location: &Location) -> DatabaseConnection {
    let url = match location {
        Location::Sqlite(file) => format!("sqlite:{}?mode=rwc", file.display()),
        Location::Postgres(url) => url.clone(),
    };
    let db = sea_orm::Database::connect(url).await;
    db.expect("the database is there")
}

fn insert(db: &DatabaseConnection, table: &str, row: &Map<String, Value>) -> String {
    let columns: Vec<&str> = row.keys().map(String::as_str).collect();
    let values: Vec<String> = row.values().map(|value| literal(db, value)).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    format!("INSERT INTO {table} ({columns}) VALUES ({values})")
}

fn literal(db: &DatabaseConnection, value: &Value) -> String {
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let bytes = |hex: &str| {
        if is_postgres {
            format!("'\\x{hex}'::bytea")
        } else {
            format!("X'{hex}'")
        }
    };
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Object(typed) => {
            let (sort, text) = typed.iter().next().expect("it has one key");
            let text = text.as_str().expect("it has a text");
            match sort.as_str() {
                "uuid" if is_postgres => format!("'{text}'"),
                "uuid" => bytes(&Uuid::parse_str(text).expect("a UUID").simple().to_string()),
                "utf8" => bytes(&hex(text.as_bytes())),
                _ => bytes(text),
            }
        }
        other => panic!("no column holds {other}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every text");
        text
    })
}
