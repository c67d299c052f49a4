//! Reading rows out of the tables: all, or those of some records.

use std::collections::{BTreeSet, HashMap};

use domain::identity::{HubId, RecordId};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use super::rows::Rows;
use super::told::{HubRow, InnovationTold, ItemTold, Told, What};
use crate::following::Snapshot;
use crate::following::table::{self, Table};
use crate::innovations::Counts;
use crate::{StorageError, sql};

#[derive(FromQueryResult, Deserialize)]
struct AgencyRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    entry: i64,
}

#[derive(FromQueryResult, Deserialize)]
struct InnovationRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    entry: i64,
    agency: Uuid,
    stage: String,
    adoption: String,
    year: Option<i32>,
    affairs: i64,
    sdgs: i64,
    region: Option<String>,
    published: i64,
    current_at: i64,
    replications: i64,
    replications_done: i64,
    replications_confirmed: i64,
    endorsements: i64,
    awards: i64,
}

#[derive(FromQueryResult, Deserialize)]
struct ItemRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    entry: i64,
    kind: String,
    published: i64,
    place: i64,
    state: Option<String>,
    standing: Option<String>,
}

#[derive(FromQueryResult, Deserialize)]
struct LinkRow {
    item: i64,
    role: String,
    hub: String,
    record: Uuid,
}

const AGENCY: Table = Table {
    name: "agency",
    packed: "key, hub_id, hex(record), audience, entry",
    columns: "agency.key, agency.hub_id, agency.record, agency.audience, agency.entry",
};
const INNOVATION: Table = Table {
    name: "innovation",
    packed: "key, hub_id, hex(record), audience, entry, hex(agency), stage, adoption, year, affairs, sdgs, region, published,
        current_at, replications, replications_done, replications_confirmed, endorsements, awards",
    columns: "innovation.key, innovation.hub_id, innovation.record, innovation.audience, innovation.entry, innovation.agency,
        innovation.stage, innovation.adoption, innovation.year, innovation.affairs, innovation.sdgs, innovation.region,
        innovation.published, innovation.current_at, innovation.replications, innovation.replications_done,
        innovation.replications_confirmed, innovation.endorsements, innovation.awards",
};
const ITEM: Table = Table {
    name: "item",
    packed: "key, hub_id, hex(record), audience, entry, kind, published, place, state, standing",
    columns: "item.key, item.hub_id, item.record, item.audience, item.entry, item.kind, item.published, item.place, item.state,
        item.standing",
};

/// The hubs by their rows.
pub(super) struct Hubs(HashMap<i64, HubId>);

impl Hubs {
    /// Reads the rows of all hubs.
    pub(super) async fn read(snapshot: &Snapshot) -> Result<(Self, Vec<HubRow>), StorageError> {
        let mut rows = Vec::new();
        let text = "SELECT id, slug, entry FROM hub ORDER BY id";
        for row in sql::rows(snapshot.tx(), text, vec![]).await? {
            let id: i64 = row.try_get_by_index(0)?;
            let slug: String = row.try_get_by_index(1)?;
            rows.push(HubRow {
                id,
                hub: HubId::parse(&slug)
                    .map_err(|error| StorageError::corrupt("hub", id, error))?,
                entry: row.try_get_by_index(2)?,
            });
        }
        let named = rows.iter().map(|row| (row.id, row.hub.clone()));
        Ok((Self(named.collect()), rows))
    }

    pub(super) fn hub(&self, id: i64) -> Result<&HubId, StorageError> {
        let found = self.0.get(&id);
        found.ok_or_else(|| StorageError::corrupt("hub", id, "the row is missing"))
    }

    fn told(
        &self,
        hub: i64,
        record: Uuid,
        audience: i32,
        what: What,
    ) -> Result<Told, StorageError> {
        Ok(Told {
            hub: self.hub(hub)?.clone(),
            record,
            rank: u8::try_from(audience).unwrap_or(u8::MAX),
            what,
        })
    }

    fn agency(&self, row: &AgencyRow) -> Result<Told, StorageError> {
        let what = What::Agency { entry: row.entry };
        self.told(row.hub_id, row.record, row.audience, what)
    }

    fn innovation(&self, row: InnovationRow) -> Result<Told, StorageError> {
        let region = row.region.as_deref().map(str::parse).transpose();
        let what = InnovationTold {
            key: row.key,
            entry: row.entry,
            agency: row.agency,
            stage: row.stage,
            adoption: row.adoption,
            year: row.year,
            affairs: row.affairs,
            sdgs: row.sdgs,
            region: region.map_err(|error| StorageError::corrupt("innovation", row.key, error))?,
            published: row.published,
            current: row.current_at,
            counts: Counts {
                replications: sql::unsigned(row.replications),
                done: sql::unsigned(row.replications_done),
                confirmed: sql::unsigned(row.replications_confirmed),
                endorsements: sql::unsigned(row.endorsements),
                awards: sql::unsigned(row.awards),
            },
        };
        self.told(row.hub_id, row.record, row.audience, What::Innovation(what))
    }

    fn items(&self, rows: Vec<ItemRow>, links: Vec<LinkRow>) -> Result<Vec<Told>, StorageError> {
        let mut links_of: HashMap<i64, Vec<(String, HubId, Uuid)>> = HashMap::new();
        for LinkRow {
            item,
            role,
            hub,
            record,
        } in links
        {
            let hub = HubId::parse(&hub)
                .map_err(|error| StorageError::corrupt("item_link", item, error))?;
            links_of.entry(item).or_default().push((role, hub, record));
        }
        let told = |row: ItemRow| {
            let what = ItemTold {
                key: row.key,
                entry: row.entry,
                kind: row.kind,
                published: row.published,
                place: row.place,
                state: row.state,
                standing: row.standing,
                links: links_of.remove(&row.key).unwrap_or_default(),
            };
            self.told(row.hub_id, row.record, row.audience, What::Item(what))
        };
        rows.into_iter().map(told).collect()
    }
}

/// Reads everything; nothing if that is more than `most` records.
pub(super) async fn all(snapshot: &Snapshot, most: usize) -> Result<Option<Rows>, StorageError> {
    let (hubs, hub_rows) = Hubs::read(snapshot).await?;
    let mut rows = Rows::default();
    rows.set_hubs(&hub_rows);
    let mut key = i64::MIN;
    loop {
        let some: Vec<AgencyRow> = AGENCY.behind(snapshot, key).await?;
        let Some(last) = some.last() else { break };
        key = last.key;
        for row in &some {
            rows.set(hubs.agency(row)?);
        }
    }
    key = i64::MIN;
    loop {
        let some: Vec<InnovationRow> = INNOVATION.behind(snapshot, key).await?;
        let Some(last) = some.last() else { break };
        key = last.key;
        for row in some {
            rows.set(hubs.innovation(row)?);
        }
        if rows.len() > most {
            return Ok(None);
        }
    }
    key = i64::MIN;
    loop {
        let some: Vec<ItemRow> = ITEM.behind(snapshot, key).await?;
        let (Some(first), Some(last)) = (some.first(), some.last()) else {
            return Ok(Some(rows));
        };
        let first = first.key;
        key = last.key;
        let links = table::links_between(snapshot, first, key).await?;
        for told in hubs.items(some, links)? {
            rows.set(told);
        }
        if rows.len() > most {
            return Ok(None);
        }
    }
}

/// Reads the rows of some records, of those that are here.
pub(super) async fn some(
    snapshot: &Snapshot,
    hubs: &Hubs,
    records: &BTreeSet<(HubId, RecordId)>,
) -> Result<Vec<Told>, StorageError> {
    let ids: BTreeSet<Uuid> = records.iter().map(|(_, record)| record.as_uuid()).collect();
    let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
    let mut told = Vec::new();
    for some in ids.chunks(256) {
        for row in AGENCY.of(snapshot, some).await? {
            told.push(hubs.agency(&row)?);
        }
        for row in INNOVATION.of(snapshot, some).await? {
            told.push(hubs.innovation(row)?);
        }
        let rows: Vec<ItemRow> = ITEM.of(snapshot, some).await?;
        for rows in table::in_chunks(rows, 256) {
            let links = table::links_of(snapshot, rows.iter().map(|row| row.key)).await?;
            told.extend(hubs.items(rows, links)?);
        }
    }
    // A record of another hub may bear the same id.
    told.retain(|told| records.contains(&told.key()));
    Ok(told)
}
