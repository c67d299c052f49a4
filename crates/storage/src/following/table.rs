//! Reading the rows of a table for whoever follows the store: all of them, stretch by stretch, or those of some records.

use sea_orm::{FromQueryResult, Value};
use serde::de::DeserializeOwned;

use super::Snapshot;
use crate::{StorageError, sql};

/// How many rows one statement reads when everything is read.
const STRETCH: i64 = 4000;

/// One table: its columns as SQLite packs them, and as both databases read them.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) packed: &'static str,
    pub(crate) columns: &'static str,
}

/// What refers to what.
pub(crate) const LINK: Table = Table {
    name: "item_link",
    packed: "item, role, hub, hex(record)",
    columns: "item_link.item, item_link.role, item_link.hub, item_link.record",
};

impl Table {
    /// The rows of a table behind a key, in the order of keys.
    pub(crate) async fn behind<T: FromQueryResult + DeserializeOwned>(
        &self,
        snapshot: &Snapshot,
        key: i64,
    ) -> Result<Vec<T>, StorageError> {
        let Self {
            name,
            packed,
            columns,
        } = self;
        let text =
            format!("SELECT {columns} FROM {name} WHERE key > $1 ORDER BY key LIMIT {STRETCH}");
        Ok(sql::list_of(snapshot.tx(), packed, &text, vec![key.into()]).await?)
    }

    /// The rows of some records.
    pub(crate) async fn of<T: FromQueryResult + DeserializeOwned>(
        &self,
        snapshot: &Snapshot,
        records: &[Value],
    ) -> Result<Vec<T>, StorageError> {
        let Self {
            name,
            packed,
            columns,
        } = self;
        let (wanted, values) = sql::wanted(1, records.to_vec());
        let text = format!(
            "{wanted} SELECT {columns} FROM wanted CROSS JOIN {name} WHERE {name}.record = wanted.value"
        );
        Ok(sql::list_of(snapshot.tx(), packed, &text, values).await?)
    }
}

/// What the items between two keys refer to.
pub(crate) async fn links_between<T: FromQueryResult + DeserializeOwned>(
    snapshot: &Snapshot,
    first: i64,
    last: i64,
) -> Result<Vec<T>, StorageError> {
    let text = format!(
        "SELECT {} FROM item_link WHERE item >= $1 AND item <= $2",
        LINK.columns
    );
    let values = vec![first.into(), last.into()];
    Ok(sql::list_of(snapshot.tx(), LINK.packed, &text, values).await?)
}

/// What some items refer to.
pub(crate) async fn links_of<T: FromQueryResult + DeserializeOwned>(
    snapshot: &Snapshot,
    items: impl Iterator<Item = i64>,
) -> Result<Vec<T>, StorageError> {
    let (marks, values) = sql::list(1, items.map(Value::from).collect());
    let text = format!(
        "SELECT {} FROM item_link WHERE item IN ({marks})",
        LINK.columns
    );
    Ok(sql::list_of(snapshot.tx(), LINK.packed, &text, values).await?)
}

/// Rows in portions of at most so many.
pub(crate) fn in_chunks<T>(all: Vec<T>, most: usize) -> impl Iterator<Item = Vec<T>> {
    let mut all = all.into_iter();
    std::iter::from_fn(move || {
        let some: Vec<T> = all.by_ref().take(most).collect();
        (!some.is_empty()).then_some(some)
    })
}
