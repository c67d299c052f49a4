//! Which statements were run, and how a database would run them: for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sea_orm::{ConnectionTrait as _, DbBackend, Value};

use crate::{Database, StorageError, sql};

static SEEN: Mutex<BTreeMap<String, Vec<&'static str>>> = Mutex::new(BTreeMap::new());

/// A statement that was run.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its text.
    pub text: String,
    /// The types of its values, as PostgreSQL calls them.
    types: Vec<&'static str>,
}

/// Notes that a statement is run.
pub(crate) fn note(text: &str, values: &[Value]) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.contains_key(text) {
        seen.insert(text.to_owned(), values.iter().map(type_of).collect());
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Uuid(_) => "uuid",
        Value::Bytes(_) => "bytea",
        Value::String(_) => "text",
        Value::Int(_) | Value::SmallInt(_) => "integer",
        Value::Double(_) => "double precision",
        Value::Bool(_) => "boolean",
        _ => "bigint",
    }
}

/// All statements that this process ran, each once.
pub fn seen() -> Vec<Seen> {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let statement = |(text, types): (&String, &Vec<&'static str>)| Seen {
        text: text.clone(),
        types: types.clone(),
    };
    seen.iter().map(statement).collect()
}

/// How a database would run a statement, step by step in its own words. PostgreSQL takes an index wherever there is one that
/// serves, however small the tables are.
pub async fn plan(db: &Database, seen: &Seen) -> Result<Vec<String>, StorageError> {
    let Seen { text, types } = seen;
    if db.reader().get_database_backend() == DbBackend::Sqlite {
        return Ok(sql::plan(db.reader(), text, Vec::new()).await?);
    }
    let tx = db.begin().await?;
    let (signature, blanks) = if types.is_empty() {
        (String::new(), String::new())
    } else {
        let blanks = vec!["NULL"; types.len()].join(", ");
        (format!("({})", types.join(", ")), format!("({blanks})"))
    };
    for setting in [
        "SET LOCAL enable_seqscan = off",
        "SET LOCAL plan_cache_mode = force_generic_plan",
        &format!("PREPARE looked_at {signature} AS {text}"),
    ] {
        tx.execute_unprepared(setting).await?;
    }
    let plan = sql::plan(&tx, &format!("EXECUTE looked_at {blanks}"), Vec::new()).await;
    tx.execute_unprepared("DEALLOCATE looked_at").await?;
    tx.rollback().await?;
    Ok(plan?)
}
