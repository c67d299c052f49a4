//! Reading facts out of the tables: all, or those of some records.

use std::collections::{BTreeSet, HashMap};

use domain::catalog::{
    AdoptionStatus, Awarded, LifecycleStage, ProgressState, RegionCode, ReplicationStanding,
    Vocabulary,
};
use domain::entry::Kind;
use domain::identity::{HubId, RecordId, RecordRef};
use domain::statistics::{
    AgencyFact, AwardFact, CoachingFact, Columns, Fact, InnovationFact, NeedFact, ReplicationFact,
    ThreadFact, Told, TransitionFact,
};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::content::{Content, Item};
use crate::following::Snapshot;
use crate::following::table::{self, Table};
use crate::items::Role;
use crate::{StorageError, sql};

/// The names of hubs, by row.
pub(super) struct Names(HashMap<i64, HubId>);

impl Names {
    pub(super) async fn read(snapshot: &Snapshot) -> Result<Self, StorageError> {
        let mut names = HashMap::new();
        for row in sql::rows(snapshot.tx(), "SELECT id, slug FROM hub", vec![]).await? {
            let id: i64 = row.try_get_by_index(0)?;
            names.insert(id, parsed(&row.try_get_by_index::<String>(1)?, "hub", id)?);
        }
        Ok(Self(names))
    }

    pub(super) fn hub(&self, hub_id: i64) -> Result<&HubId, StorageError> {
        let found = self.0.get(&hub_id);
        found.ok_or_else(|| StorageError::corrupt("hub", hub_id, "the row is missing"))
    }
}

#[derive(FromQueryResult, Deserialize)]
struct AgencyRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    region: Option<String>,
}

#[derive(FromQueryResult, Deserialize)]
struct InnovationRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    agency: Uuid,
    stage: String,
    adoption: String,
    year: Option<i32>,
    affairs: i64,
    sdgs: i64,
    current_at: i64,
}

#[derive(FromQueryResult, Deserialize)]
struct ItemRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    entry: i64,
    kind: String,
    word: Option<String>,
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
    packed: "key, hub_id, hex(record), audience, region",
    columns: "agency.key, agency.hub_id, agency.record, agency.audience, agency.region",
};
const INNOVATION: Table = Table {
    name: "innovation",
    packed: "key, hub_id, hex(record), audience, hex(agency), stage, adoption, year, affairs, sdgs, current_at",
    columns: "innovation.key, innovation.hub_id, innovation.record, innovation.audience, innovation.agency,
        innovation.stage, innovation.adoption, innovation.year, innovation.affairs, innovation.sdgs, innovation.current_at",
};
const ITEM: Table = Table {
    name: "item",
    packed: "key, hub_id, hex(record), audience, entry, kind, word, state, standing",
    columns: "item.key, item.hub_id, item.record, item.audience, item.entry, item.kind, item.word, item.state, item.standing",
};
/// Reads everything.
pub(super) async fn all(snapshot: &Snapshot, names: &Names) -> Result<Columns, StorageError> {
    let mut columns = Columns::default();
    let mut key = i64::MIN;
    loop {
        let rows: Vec<AgencyRow> = AGENCY.behind(snapshot, key).await?;
        let Some(last) = rows.last() else { break };
        key = last.key;
        for row in rows {
            columns.set(&agency(names, row)?);
        }
    }
    key = i64::MIN;
    loop {
        let rows: Vec<InnovationRow> = INNOVATION.behind(snapshot, key).await?;
        let Some(last) = rows.last() else { break };
        key = last.key;
        for row in rows {
            columns.set(&innovation(names, row)?);
        }
    }
    key = i64::MIN;
    loop {
        let rows: Vec<ItemRow> = ITEM.behind(snapshot, key).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            break;
        };
        let (from, until) = (first.key, last.key);
        key = last.key;
        let links = table::links_between(snapshot, from, until).await?;
        for told in items(snapshot, names, rows, links).await? {
            columns.set(&told);
        }
    }
    columns.settle();
    Ok(columns)
}

/// Reads what some records are now. Of those that are not here, and those that do not count, nothing comes.
pub(super) async fn some(
    snapshot: &Snapshot,
    names: &Names,
    records: &BTreeSet<(HubId, RecordId)>,
) -> Result<Vec<Told>, StorageError> {
    let ids: Vec<Value> = records
        .iter()
        .map(|(_, record)| Value::from(record.as_uuid()))
        .collect();
    let mut told = Vec::new();
    for some in ids.chunks(256) {
        for row in AGENCY.of(snapshot, some).await? {
            told.push(agency(names, row)?);
        }
        for row in INNOVATION.of(snapshot, some).await? {
            told.push(innovation(names, row)?);
        }
        let rows: Vec<ItemRow> = ITEM.of(snapshot, some).await?;
        for rows in table::in_chunks(rows, 256) {
            let links = table::links_of(snapshot, rows.iter().map(|row| row.key)).await?;
            told.extend(items(snapshot, names, rows, links).await?);
        }
    }
    // A record of another hub may bear the same id.
    told.retain(|told| records.contains(&(told.hub.clone(), told.record)));
    Ok(told)
}

fn told(
    names: &Names,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    fact: Fact,
) -> Result<Told, StorageError> {
    Ok(Told {
        hub: names.hub(hub_id)?.clone(),
        record: record.into(),
        rank: u8::try_from(audience).unwrap_or(u8::MAX),
        fact,
    })
}

fn agency(names: &Names, row: AgencyRow) -> Result<Told, StorageError> {
    let region = row.region.as_deref();
    let region = region.map(|code| parsed::<RegionCode>(code, "agency", row.key));
    let fact = Fact::Agency(AgencyFact {
        region: region.transpose()?,
    });
    told(names, row.hub_id, row.record, row.audience, fact)
}

fn innovation(names: &Names, row: InnovationRow) -> Result<Told, StorageError> {
    let fact = Fact::Innovation(InnovationFact {
        agency: row.agency.into(),
        stage: LifecycleStage::read(&row.stage),
        adoption: AdoptionStatus::read(&row.adoption),
        year: row.year.and_then(|year| u16::try_from(year).ok()),
        affairs: row.affairs.cast_unsigned(),
        sdgs: u32::try_from(row.sdgs).unwrap_or_default(),
        current: row.current_at,
    });
    told(names, row.hub_id, row.record, row.audience, fact)
}

fn parsed<T: std::str::FromStr<Err: ToString>>(
    text: &str,
    table: &'static str,
    key: i64,
) -> Result<T, StorageError> {
    let corrupt = |error: T::Err| StorageError::corrupt(table, key, error.to_string());
    text.parse().map_err(corrupt)
}

/// Whether what counts of a kind is not in its row, but has to be read from what the record says.
fn is_in_body(kind: &str) -> bool {
    matches!(
        kind,
        Kind::TRANSITION | Kind::AWARD | Kind::COACHING | Kind::NEED
    )
}

async fn items(
    snapshot: &Snapshot,
    names: &Names,
    rows: Vec<ItemRow>,
    links: Vec<LinkRow>,
) -> Result<Vec<Told>, StorageError> {
    let mut links_of: HashMap<i64, Vec<LinkRow>> = HashMap::new();
    for link in links {
        links_of.entry(link.item).or_default().push(link);
    }
    let in_body = rows.iter().filter(|row| is_in_body(&row.kind));
    let bodies = bodies(snapshot, in_body.map(|row| row.entry).collect()).await?;
    let mut facts = Vec::with_capacity(rows.len());
    for row in rows {
        let hub = names.hub(row.hub_id)?;
        let fact = if is_in_body(&row.kind) {
            bodies
                .get(&row.entry)
                .and_then(|payload| said(hub, &row.kind, payload))
        } else {
            let links = links_of.remove(&row.key).unwrap_or_default();
            indexed(&row, &links)?
        };
        if let Some(fact) = fact {
            facts.push(told(names, row.hub_id, row.record, row.audience, fact)?);
        }
    }
    Ok(facts)
}

async fn bodies(
    snapshot: &Snapshot,
    entries: Vec<i64>,
) -> Result<HashMap<i64, String>, StorageError> {
    let mut bodies = HashMap::with_capacity(entries.len());
    for some in entries.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|entry| (*entry).into()).collect());
        let text =
            format!("SELECT id, payload FROM entry WHERE payload IS NOT NULL AND id IN ({marks})");
        for row in sql::rows(snapshot.tx(), &text, values).await? {
            if let Ok(payload) = String::from_utf8(row.try_get_by_index(1)?) {
                bodies.insert(row.try_get_by_index(0)?, payload);
            }
        }
    }
    Ok(bodies)
}

/// What counts of a record by its row and what it refers to; nothing of kinds that do not count.
fn indexed(row: &ItemRow, links: &[LinkRow]) -> Result<Option<Fact>, StorageError> {
    let refers = |role: Role| {
        let link = links.iter().find(|link| link.role == role.code());
        link.map(|link| {
            Ok::<_, StorageError>(RecordRef {
                hub: parsed(&link.hub, "item_link", row.key)?,
                record: link.record.into(),
            })
        })
        .transpose()
    };
    let subject = refers(Role::Subject)?;
    Ok(match row.kind.as_str() {
        Kind::CONFIRMATION => subject.map(Fact::Confirmation),
        Kind::REPLICATION_ANSWER => subject.map(Fact::Answer),
        Kind::ENDORSEMENT if row.word.is_some() => subject.map(Fact::Endorsement),
        Kind::THREAD => Some(Fact::Thread(ThreadFact { subject })),
        Kind::REPLICATION => match (refers(Role::Source)?, refers(Role::Agency)?) {
            (Some(source), Some(adopter)) => Some(Fact::Replication(ReplicationFact {
                source,
                adopter: adopter.record,
                state: ProgressState::read(row.state.as_deref().unwrap_or_default()),
                standing: ReplicationStanding::read(row.standing.as_deref().unwrap_or_default()),
            })),
            _ => None,
        },
        _ => None,
    })
}

/// What counts of what a record says.
fn said(hub: &HubId, kind: &str, payload: &str) -> Option<Fact> {
    let kind = Kind::parse(kind).ok()?;
    let Ok(Content::Item(item)) = Content::read(&kind, payload) else {
        return None;
    };
    Some(match *item {
        Item::Transition(said) => Fact::Transition(TransitionFact {
            innovation: said.innovation,
            step: said.step,
            on: said.on,
            corrects: said.corrects,
        }),
        Item::Award(said) if said.counts_from(hub) => Fact::Award(AwardFact {
            winner: said.awarded.record().clone(),
            is_agency: matches!(said.awarded, Awarded::Agency(_)),
            scheme: said.scheme.to_string(),
            tier: said.tier.to_string(),
            year: said.year,
            basis: said.basis,
        }),
        Item::Coaching(said) => Fact::Coaching(CoachingFact {
            year: u16::try_from(said.starts_at.year()).unwrap_or_default(),
            month: said.starts_at.month().into(),
            state: said.steps.state(),
            region: said.region,
            agencies: said.agencies,
            innovations: said.innovations,
        }),
        Item::Need(said) => Fact::Need(NeedFact {
            agency: said.agency,
            affairs: said.affairs.bits(),
            sdgs: said.sdgs.bits(),
            region: said.region,
            state: said.steps.state(),
        }),
        _ => return None,
    })
}
