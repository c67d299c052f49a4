//! Statements in the SQL that both databases share: placeholders are `$1`, `$2` …

use domain::catalog::{RegionCode, fold};
use domain::entry::Sight;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult, Statement, Value};
use serde::de::DeserializeOwned;

fn statement(db: &impl ConnectionTrait, text: &str, values: Vec<Value>) -> Statement {
    #[cfg(feature = "witness")]
    crate::witness::note(text, &values);
    let backend = db.get_database_backend();
    let plain = match backend {
        DbBackend::Sqlite => without_numbers(text),
        _ => None,
    };
    match plain {
        Some(plain) => Statement::from_sql_and_values(backend, plain, values),
        None => Statement::from_sql_and_values(backend, text, values),
    }
}

/// The text with `?` for placeholders that are numbered in order, each used once. SQLite looks a numbered one up by its
/// name, and with hundreds of them that takes longer than the statement.
fn without_numbers(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('$');
    plain.push_str(parts.next()?);
    for (expected, part) in (1..).zip(parts) {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if part[..digits].parse() != Ok(expected) {
            return None;
        }
        plain.push('?');
        plain.push_str(&part[digits..]);
    }
    Some(plain)
}

/// Runs a statement and says how many rows it changed.
pub(crate) async fn execute(
    db: &impl ConnectionTrait,
    text: &str,
    values: Vec<Value>,
) -> Result<u64, DbErr> {
    let result = db.execute_raw(statement(db, text, values)).await?;
    Ok(result.rows_affected())
}

/// Reads all rows as they come.
pub(crate) async fn rows(
    db: &impl ConnectionTrait,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(statement(db, text, values)).await
}

/// Reads all rows into a struct.
pub(crate) async fn all<T: FromQueryResult>(
    db: &impl ConnectionTrait,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<T>, DbErr> {
    let rows = rows(db, text, values).await?;
    rows.iter()
        .map(|row| T::from_query_result(row, ""))
        .collect()
}

/// Reads the rows of a list, of which `packed` names the columns in the order of the struct's fields, as JSON can hold
/// them. SQLite gives them as one text: to carry a row over from SQLite's thread takes several times as long as to find it.
pub(crate) async fn list_of<T: FromQueryResult + DeserializeOwned>(
    db: &impl ConnectionTrait,
    packed: &str,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<T>, DbErr> {
    if db.get_database_backend() != DbBackend::Sqlite {
        return all(db, text, values).await;
    }
    let text = format!("SELECT json_group_array(json_array({packed})) FROM ({text})");
    let row = db.query_one_raw(statement(db, &text, values)).await?;
    let list: String = row.map_or_else(|| Ok("[]".to_owned()), |row| row.try_get_by_index(0))?;
    serde_json::from_str(&list).map_err(|error| DbErr::Type(error.to_string()))
}

/// How the database would run a statement, step by step in its own words.
pub(crate) async fn plan(
    db: &impl ConnectionTrait,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<String>, DbErr> {
    let (explain, column) = match db.get_database_backend() {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", 3),
        _ => ("EXPLAIN (COSTS OFF)", 0),
    };
    let steps = rows(db, &format!("{explain} {text}"), values).await?;
    let step = |row: &QueryResult| row.try_get_by_index(column);
    steps.iter().map(step).collect()
}

/// Reads the first row into a struct, if there is one.
pub(crate) async fn one<T: FromQueryResult>(
    db: &impl ConnectionTrait,
    text: &str,
    values: Vec<Value>,
) -> Result<Option<T>, DbErr> {
    let row = db.query_one_raw(statement(db, text, values)).await?;
    row.map(|row| T::from_query_result(&row, "")).transpose()
}

/// Reads the one number that the statement gives.
pub(crate) async fn number(
    db: &impl ConnectionTrait,
    text: &str,
    values: Vec<Value>,
) -> Result<i64, DbErr> {
    let row = db.query_one_raw(statement(db, text, values)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// A list for `IN (…)`: placeholders from `$first` on, and the values, repeated up to a power of two so that few
/// different statements reach the database's cache.
pub(crate) fn list(first: usize, mut values: Vec<Value>) -> (String, Vec<Value>) {
    let width = values.len().next_power_of_two();
    if let Some(last) = values.last().cloned() {
        values.resize(width, last);
    }
    let marks: Vec<String> = (first..first + values.len())
        .map(|n| format!("${n}"))
        .collect();
    (marks.join(","), values)
}

/// A table `wanted` of values, to be joined with a larger one: `{this} SELECT … FROM wanted CROSS JOIN large WHERE
/// large.column = wanted.value`. With a long `IN` list the databases would rather read the whole large table.
pub(crate) fn wanted(first: usize, values: Vec<Value>) -> (String, Vec<Value>) {
    let (marks, values) = list(first, values);
    let rows = marks.replace(',', "),(");
    let table =
        format!("WITH wanted (value) AS (SELECT DISTINCT column1 FROM (VALUES ({rows})) AS given)");
    (table, values)
}

/// The condition that a column has a value, hidden from planners, which would else begin with an index by that column and read
/// all rows of the value.
pub(crate) fn unindexed(column: &str, value: &str) -> String {
    format!("{column} || '' = '{value}'")
}

/// The statement that reads id and columns of all entries about some records, in the order of ids. Without that order
/// SQLite would read the whole table instead of its index.
pub(crate) fn entries_of(columns: &str, records: Vec<Value>) -> (String, Vec<Value>) {
    let (wanted, values) = wanted(1, records);
    let text = format!(
        "{wanted} SELECT id, {columns} FROM wanted CROSS JOIN entry
         WHERE entry.record = wanted.value ORDER BY entry.id"
    );
    (text, values)
}

/// The statement that counts the rows of a table under some conditions, without those that may not be seen. What is hidden
/// is subtracted, so that the count of all goes by the indexes that it always went by; it is few, or there is none.
pub(crate) fn count_seen(table: &str, conditions: &str, sight: Sight) -> String {
    let count = format!("SELECT COUNT(*) FROM {table}{conditions}");
    if sight == Sight::All {
        return count;
    }
    let word = if conditions.is_empty() {
        "WHERE"
    } else {
        "AND"
    };
    let rank = sight.rank();
    format!(
        "SELECT ({count}) - CASE WHEN EXISTS (SELECT 1 FROM {table} WHERE audience <> 0)
         THEN ({count} {word} {table}.audience <> 0 AND {table}.audience > {rank}) ELSE 0 END"
    )
}

/// A size or position as the databases hold it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("sizes and positions are parsed to fit a signed 64-bit column")
}

/// A size or position as the database gave it.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Conditions that all must hold, and the values bound in them.
#[derive(Default)]
pub(crate) struct Clause {
    conditions: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Clause {
    /// Binds a value and gives its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Adds a condition.
    pub(crate) fn and(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Asks that a column of region codes names a region or one within it.
    pub(crate) fn within(&mut self, column: &str, region: RegionCode) {
        // A code's parts are digits and dots; `/` is the character after the dot, `:` the one after 9.
        let after = if region.is_province() { '/' } else { ':' };
        let (first, last) = (
            self.bind(region.to_string()),
            self.bind(format!("{region}{after}")),
        );
        self.and(format!("{column} >= {first} AND {column} < {last}"));
    }

    /// Asks that a column of ranks of audiences names one that may be seen.
    pub(crate) fn seen(&mut self, column: &str, sight: Sight) {
        match sight {
            Sight::Public => self.and(format!("{column} = 0")),
            Sight::Network => self.and(format!("{column} <= {}", sight.rank())),
            Sight::All => {}
        }
    }

    /// Asks that a column of folded text holds every word, or the beginning of one.
    pub(crate) fn with_words(&mut self, column: &str, words: Option<&str>) {
        // Folded text has letters, digits and spaces only, so there is nothing to escape.
        let folded = words.map(fold).unwrap_or_default();
        for word in folded.split(' ').filter(|word| !word.is_empty()) {
            let pattern = self.bind(format!("% {word}%"));
            self.and(format!("' ' || {column} LIKE {pattern}"));
        }
    }

    /// The `WHERE` clause, or nothing when there is no condition.
    pub(crate) fn text(&self) -> String {
        match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::MigratorTrait as _;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn placeholders_in_order_lose_their_numbers() {
        let check =
            |text, expected: Option<&str>| assert_eq!(without_numbers(text).as_deref(), expected);
        check("SELECT 1", Some("SELECT 1"));
        check("a = $1 AND b IN ($2,$3)", Some("a = ? AND b IN (?,?)"));
        check(
            "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
            Some("?,?,?,?,?,?,?,?,?,?)"),
        );
        check("a = $2 AND b = $1", None);
        check("a = $1 OR b = $1", None);
    }

    #[test]
    fn a_list_is_as_long_as_a_power_of_two() {
        let (marks, values) = list(2, vec![1.into(), 2.into(), 3.into()]);
        assert_eq!((marks.as_str(), values.len()), ("$2,$3,$4,$5", 4));
    }

    #[tokio::test]
    async fn entries_about_records_are_found_by_their_index() {
        let db = sea_orm::Database::connect("sqlite::memory:")
            .await
            .expect("memory is there");
        migrations::Migrator::up(&db, None)
            .await
            .expect("the schema can be made");
        // What SQLite learned of the table when it was small misleads it later.
        let entry = "INSERT INTO entry (id, record, header) VALUES ($1, $2, $3)";
        for id in 1..3_i64 {
            let values = vec![id.into(), Uuid::nil().into(), vec![0_u8; 300].into()];
            execute(&db, entry, values)
                .await
                .expect("an entry can be kept");
        }
        execute(&db, "ANALYZE", vec![])
            .await
            .expect("it can be looked at");
        let records = (0..256).map(|number| Uuid::from_u128(number).into());
        let (text, values) = entries_of("header", records.collect());
        let steps = plan(&db, &text, values).await;
        let steps = steps.expect("the statement can be planned");
        let by_index = steps
            .iter()
            .any(|step| step.starts_with("SEARCH entry USING INDEX entry_record"));
        assert!(by_index, "{steps:?}");
    }
}
