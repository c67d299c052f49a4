//! The hubs of the network as readers see them: every hub whose log is held, described by its own record if there is one.

use std::collections::HashMap;
use std::sync::RwLock;

use domain::catalog::{HubProfile, Vocabulary};
use domain::identity::{HubId, RecordId};
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use uuid::Uuid;

use crate::bulk::Insert;
use crate::logs::EntryKey;
use crate::projection::Row;
use crate::{Database, StorageError, sql};

/// A hub as it is held here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// The hub's slug.
    pub id: HubId,
    /// The hub's row, the order of lists of hubs.
    pub key: i64,
    /// The entry that describes it, unless it never described itself.
    pub entry: Option<EntryKey>,
}

#[derive(FromQueryResult)]
struct HubRow {
    id: i64,
    slug: String,
    entry: Option<i64>,
}

impl TryFrom<HubRow> for Hub {
    type Error = StorageError;

    fn try_from(row: HubRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: HubId::parse(&row.slug)
                .map_err(|error| StorageError::corrupt("hub", row.id, error))?,
            key: row.id,
            entry: row.entry.map(EntryKey::from),
        })
    }
}

/// Lists hubs in the order in which they became known, after one of them, at most `limit`.
pub async fn list(db: &Database, after: Option<i64>, limit: u32) -> Result<Vec<Hub>, StorageError> {
    let text = "SELECT id, slug, entry FROM hub WHERE id > $1 ORDER BY id LIMIT $2";
    let values = vec![after.unwrap_or(0).into(), i64::from(limit).into()];
    let rows: Vec<HubRow> = sql::all(db.reader(), text, values).await?;
    rows.into_iter().map(Hub::try_from).collect()
}

/// Counts the hubs.
pub async fn count(db: &Database) -> Result<u64, StorageError> {
    let number = sql::number(db.reader(), "SELECT COUNT(*) FROM hub", vec![]).await?;
    Ok(sql::unsigned(number))
}

/// Finds several hubs at once.
pub async fn find_many(db: &Database, ids: &[HubId]) -> Result<Vec<Hub>, StorageError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (marks, values) = sql::list(1, ids.iter().map(|id| Value::from(id.as_str())).collect());
    let text = format!("SELECT id, slug, entry FROM hub WHERE slug IN ({marks})");
    let rows: Vec<HubRow> = sql::all(db.reader(), &text, values).await?;
    rows.into_iter().map(Hub::try_from).collect()
}

/// The slugs by their rows' ids, and the ids by their slugs; a row never changes its slug, so what was read once stays right.
#[derive(Debug, Default)]
pub(crate) struct Slugs {
    by_id: RwLock<HashMap<i64, HubId>>,
    by_slug: RwLock<HashMap<HubId, i64>>,
}

/// The rows of hubs that a filter names, so that statements bind their ids: behind a subselect PostgreSQL's planner does not
/// see which hub is meant, and cannot tell how much it holds.
#[derive(Default)]
pub(crate) struct HubRows(HashMap<HubId, i64>);

/// The id of no hub: nothing is found of a hub that is not known here.
const NO_HUB: i64 = 0;

impl HubRows {
    /// The id of a hub's row.
    pub(crate) fn id(&self, hub: &HubId) -> i64 {
        self.0.get(hub).copied().unwrap_or(NO_HUB)
    }
}

/// Finds the rows of hubs, in memory or in one statement.
pub(crate) async fn rows_of(
    db: &Database,
    hubs: impl Iterator<Item = &HubId>,
) -> Result<HubRows, StorageError> {
    let mut found = HashMap::new();
    let mut unknown = Vec::new();
    {
        let known = db.slugs().by_slug.read().expect("no writer panics");
        for hub in hubs {
            match known.get(hub) {
                Some(id) => drop(found.insert(hub.clone(), *id)),
                None => unknown.push(hub.clone()),
            }
        }
    }
    for hub in find_many(db, &unknown).await? {
        let mut known = db.slugs().by_slug.write().expect("no writer panics");
        known.insert(hub.id.clone(), hub.key);
        found.insert(hub.id, hub.key);
    }
    Ok(HubRows(found))
}

/// The slug of a hub's row.
pub async fn slug(db: &Database, hub_id: i64) -> Result<HubId, StorageError> {
    if let Some(slug) = db
        .slugs()
        .by_id
        .read()
        .expect("no writer panics")
        .get(&hub_id)
    {
        return Ok(slug.clone());
    }
    let text = "SELECT id, slug, entry FROM hub WHERE id = $1";
    let row: Option<HubRow> = sql::one(db.reader(), text, vec![hub_id.into()]).await?;
    let row = row.ok_or_else(|| StorageError::corrupt("hub", hub_id, "the row is missing"))?;
    let slug = Hub::try_from(row)?.id;
    db.slugs()
        .by_id
        .write()
        .expect("no writer panics")
        .insert(hub_id, slug.clone());
    Ok(slug)
}

const PROFILES: Insert<7> = Insert {
    table: "hub_profile",
    columns: ["key", "hub_id", "record", "entry", "name", "kind", "region"],
    conflict: "",
};

/// Writes what a hub says of itself. Of several records that describe it, the newest that has content is shown, so what
/// is shown does not hang on how they came.
pub(crate) async fn project(
    tx: &DatabaseTransaction,
    rows: &[Row<'_, HubProfile>],
) -> Result<(), StorageError> {
    let values = rows.iter().map(|row| {
        let profile = &row.content;
        [
            row.change.key.into(),
            row.hub_id.into(),
            row.change.header.record.as_uuid().into(),
            row.change.entry.into(),
            profile.name.as_str().into(),
            profile.kind.code().into(),
            profile.region.map(|region| region.to_string()).into(),
        ]
    });
    Ok(PROFILES.all(tx, values.collect()).await?)
}

/// Shows the newest description that is held of a hub.
pub(crate) async fn show_newest(tx: &DatabaseTransaction, hub_id: i64) -> Result<(), StorageError> {
    let newest = |column: &str| {
        format!(
            "{column} = (SELECT {column} FROM hub_profile JOIN log ON log.id = hub_profile.entry / 1099511627776
                WHERE hub_profile.hub_id = hub.id ORDER BY epoch DESC, key DESC LIMIT 1)"
        )
    };
    let columns = ["record", "entry", "name", "kind", "region"].map(newest);
    let text = format!("UPDATE hub SET {} WHERE id = $1", columns.join(", "));
    sql::execute(tx, &text, vec![hub_id.into()]).await?;
    Ok(())
}

/// The record with which a hub describes itself, if it has one.
pub async fn own_record(db: &Database) -> Result<Option<RecordId>, StorageError> {
    let text = "SELECT record FROM hub WHERE slug = $1 AND record IS NOT NULL";
    let rows = sql::rows(db.reader(), text, vec![db.hub().as_str().into()]).await?;
    let record = rows.first().map(|row| row.try_get_by_index::<Uuid>(0));
    Ok(record.transpose()?.map(RecordId::from))
}
