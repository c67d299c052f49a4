//! Agencies as readers see them.

use std::collections::HashMap;

use domain::catalog::{Agency, RegionCode, Vocabulary, fold};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use uuid::Uuid;

use crate::bulk::Insert;
use crate::hubs::HubRows;
use crate::logs::EntryKey;
use crate::projection::Row;
use crate::sql::Clause;
use crate::{Database, StorageError, hubs, sql};

const AGENCIES: Insert<8> = Insert {
    table: "agency",
    columns: [
        "key",
        "hub_id",
        "record",
        "entry",
        "name_folded",
        "kind",
        "region",
        "audience",
    ],
    conflict: "",
};

/// An agency's place in the catalog; what it says is read from its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyRef {
    /// The key of the record's first entry.
    pub key: EntryKey,
    /// The hub that the agency belongs to.
    pub hub: HubId,
    /// The agency's record.
    pub record: RecordId,
    /// The entry that holds what is shown.
    pub entry: EntryKey,
    /// The name in the form by which agencies are ordered.
    pub name_folded: String,
}

#[derive(FromQueryResult)]
struct AgencyRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    entry: i64,
    name_folded: String,
}

/// Which agencies are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AgencyFilter {
    /// Only agencies of this hub.
    pub hub: Option<HubId>,
    /// Only agencies of this region and those within it.
    pub region: Option<RegionCode>,
    /// Only agencies with all these words in their names.
    pub words: Option<String>,
    /// Only agencies that may be seen.
    pub sight: Sight,
}

const SELECT: &str =
    "SELECT agency.key, agency.hub_id, agency.record, agency.entry, agency.name_folded FROM";

/// Lists agencies by name, after one of them, at most `limit`.
pub async fn list(
    db: &Database,
    filter: &AgencyFilter,
    after: Option<(String, EntryKey)>,
    limit: u32,
) -> Result<Vec<AgencyRef>, StorageError> {
    let hubs = hubs::rows_of(db, filter.hub.iter()).await?;
    let mut clause = clause_of(filter, &hubs);
    if let Some((name, key)) = after {
        let (name, key) = (clause.bind(name), clause.bind(key));
        clause.and(format!("(name_folded, key) > ({name}, {key})"));
    }
    let limit = clause.bind(i64::from(limit));
    let text = format!(
        "{SELECT} agency{} ORDER BY name_folded, key LIMIT {limit}",
        clause.text()
    );
    read(db, sql::all(db.reader(), &text, clause.values).await?).await
}

/// Counts agencies.
pub async fn count(db: &Database, filter: &AgencyFilter) -> Result<u64, StorageError> {
    let hubs = hubs::rows_of(db, filter.hub.iter()).await?;
    let clause = conditions(filter, &hubs);
    let text = sql::count_seen("agency", &clause.text(), filter.sight);
    Ok(sql::unsigned(
        sql::number(db.reader(), &text, clause.values).await?,
    ))
}

/// Finds several agencies at once, of those that may be seen.
pub async fn find_many(
    db: &Database,
    ids: &[(HubId, RecordId)],
    sight: Sight,
) -> Result<Vec<AgencyRef>, StorageError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(256) {
        let records = some.iter().map(|(_, record)| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, records.collect());
        let rank = sight.rank();
        let text = format!(
            "{wanted} {SELECT} wanted CROSS JOIN agency
             WHERE agency.record = wanted.value AND agency.audience <= {rank}"
        );
        let rows = read(db, sql::all(db.reader(), &text, values).await?).await?;
        found.extend(rows.into_iter().filter(|agency| {
            some.iter()
                .any(|(hub, record)| *hub == agency.hub && *record == agency.record)
        }));
    }
    Ok(found)
}

async fn read(db: &Database, rows: Vec<AgencyRow>) -> Result<Vec<AgencyRef>, StorageError> {
    let mut agencies = Vec::with_capacity(rows.len());
    for row in rows {
        agencies.push(AgencyRef {
            key: row.key.into(),
            hub: hubs::slug(db, row.hub_id).await?,
            record: row.record.into(),
            entry: row.entry.into(),
            name_folded: row.name_folded,
        });
    }
    Ok(agencies)
}

fn clause_of(filter: &AgencyFilter, hubs: &HubRows) -> Clause {
    let mut clause = conditions(filter, hubs);
    clause.seen("audience", filter.sight);
    clause
}

fn conditions(filter: &AgencyFilter, hubs: &HubRows) -> Clause {
    let mut clause = Clause::default();
    if let Some(hub) = &filter.hub {
        let hub = clause.bind(hubs.id(hub));
        clause.and(format!("hub_id = {hub}"));
    }
    if let Some(region) = filter.region {
        clause.within("region", region);
    }
    clause.with_words("name_folded", filter.words.as_deref());
    clause
}

/// Writes agencies, and moves the innovations of those that moved.
pub(crate) async fn project(
    tx: &DatabaseTransaction,
    hub_id: i64,
    rows: &[Row<'_, Agency>],
) -> Result<(), StorageError> {
    let values = rows.iter().map(|row| {
        let agency = &row.content;
        [
            row.change.key.into(),
            row.hub_id.into(),
            row.change.header.record.as_uuid().into(),
            row.change.entry.into(),
            fold(agency.name.as_str()).into(),
            agency.kind.code().into(),
            agency.region.map(|region| region.to_string()).into(),
            i32::from(row.change.header.audience.rank()).into(),
        ]
    });
    AGENCIES.all(tx, values.collect()).await?;
    for some in rows.chunks(256) {
        let records = some
            .iter()
            .map(|row| row.change.header.record.as_uuid().into());
        let (marks, mut values) = sql::list(2, records.collect());
        let text = format!(
            "UPDATE innovation SET region = (SELECT agency.region FROM agency
                WHERE agency.hub_id = innovation.hub_id AND agency.record = innovation.agency
                AND agency.audience <= innovation.audience)
             WHERE hub_id = $1 AND agency IN ({marks})"
        );
        values.insert(0, hub_id.into());
        sql::execute(tx, &text, values).await?;
    }
    Ok(())
}

/// Takes the regions of agencies that go from their innovations; agencies that stay give theirs again.
pub(crate) async fn take_regions(
    tx: &DatabaseTransaction,
    hub_id: i64,
    agencies: Vec<Value>,
) -> Result<(), StorageError> {
    let (marks, mut values) = sql::list(2, agencies);
    let text =
        format!("UPDATE innovation SET region = NULL WHERE hub_id = $1 AND agency IN ({marks})");
    values.insert(0, hub_id.into());
    sql::execute(tx, &text, values).await?;
    Ok(())
}

/// The regions of agencies, each with the rank of the agency's audience.
pub(crate) type Regions = HashMap<RecordId, (String, i32)>;

/// The regions of a hub's agencies, by record.
pub(crate) async fn regions(
    tx: &DatabaseTransaction,
    hub_id: i64,
    records: impl Iterator<Item = RecordId>,
) -> Result<Regions, StorageError> {
    let records: std::collections::BTreeSet<_> = records.collect();
    let records: Vec<_> = records
        .into_iter()
        .map(|record| record.as_uuid().into())
        .collect();
    let mut regions = HashMap::new();
    for some in records.chunks(256) {
        let (marks, mut values) = sql::list(2, some.to_vec());
        let text = format!(
            "SELECT record, region, audience FROM agency WHERE hub_id = $1 AND region IS NOT NULL AND record IN ({marks})"
        );
        values.insert(0, hub_id.into());
        for row in sql::rows(tx, &text, values).await? {
            let record: Uuid = row.try_get_by_index(0)?;
            let region = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            regions.insert(record.into(), region);
        }
    }
    Ok(regions)
}
