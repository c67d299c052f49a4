//! Innovations with all that is shown with them, for an index beside the store.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::catalog::RegionCode;
use domain::entry::Kind;
use domain::identity::{HubId, RecordId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::items::Role;
use crate::logs::EntryKey;
use crate::{Database, StorageError, hubs, sql};

/// What is shown of an innovation, and with it to those who see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The hub that it belongs to.
    pub hub: HubId,
    /// Its record.
    pub record: RecordId,
    /// The entry that holds what it says.
    pub entry: EntryKey,
    /// The entry that describes its agency, if whoever sees the innovation may see the agency.
    pub agency: Option<EntryKey>,
    /// The entry that describes its hub, if the hub described itself.
    pub hub_entry: Option<EntryKey>,
    /// The rank of its audience.
    pub audience: u8,
    /// When it was first written, in Unix milliseconds.
    pub published: i64,
    /// When its newest revision was written, in Unix milliseconds.
    pub updated: i64,
    /// The region of its agency, as far as that may be seen.
    pub region: Option<RegionCode>,
    /// The schemes of the awards that it won, folded, as far as they are for everybody.
    pub awards: BTreeSet<String>,
    /// The other records of which something is shown here, but for its agency: its hub's description and its awards. When
    /// one of them changes, this may show something else.
    pub parts: BTreeSet<(HubId, RecordId)>,
    key: i64,
}

impl Outline {
    /// Stands for all of it: another one says that something else is shown.
    pub fn fingerprint(&self) -> u64 {
        // The same in every process of one program; another program may compute another, which costs a look at each.
        let mut hasher = DefaultHasher::new();
        (self.entry, self.agency, self.hub_entry, self.audience).hash(&mut hasher);
        (self.published, self.updated, self.region).hash(&mut hasher);
        (&self.awards, &self.parts).hash(&mut hasher);
        hasher.finish()
    }

    /// Its place among all innovations, for going on from there.
    pub const fn place(&self) -> i64 {
        self.key
    }
}

#[derive(FromQueryResult)]
struct OutlineRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    entry: i64,
    agency_entry: Option<i64>,
    hub_entry: Option<i64>,
    audience: i32,
    published: i64,
    updated: i64,
    region: Option<String>,
    awards: i64,
    hub_record: Option<Uuid>,
}

const SELECT: &str =
    "SELECT innovation.key, innovation.hub_id, innovation.record, innovation.entry,
    agency.entry AS agency_entry, hub.entry AS hub_entry, innovation.audience, innovation.published,
    innovation.updated, innovation.region, innovation.awards, hub.record AS hub_record";
const JOINS: &str = "LEFT JOIN hub ON hub.id = innovation.hub_id
    LEFT JOIN agency ON agency.record = innovation.agency AND agency.hub_id = innovation.hub_id
        AND agency.audience <= innovation.audience";

/// Innovations in the order of their places, after one of them, at most `limit`.
pub async fn list_outlines(
    db: &Database,
    after: i64,
    limit: u32,
) -> Result<Vec<Outline>, StorageError> {
    let text = format!(
        "{SELECT} FROM innovation {JOINS} WHERE innovation.key > $1 ORDER BY innovation.key LIMIT $2"
    );
    let values = vec![after.into(), i64::from(limit).into()];
    read(db, sql::all(db.reader(), &text, values).await?).await
}

/// The innovations of a hub, by its row, in the order of their places, after one of them, at most `limit`.
pub async fn list_outlines_of(
    db: &Database,
    hub_id: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<Outline>, StorageError> {
    let text = format!(
        "{SELECT} FROM innovation {JOINS} WHERE innovation.hub_id = $1 AND innovation.key > $2
         ORDER BY innovation.key LIMIT $3"
    );
    let values = vec![hub_id.into(), after.into(), i64::from(limit).into()];
    read(db, sql::all(db.reader(), &text, values).await?).await
}

/// The innovations with these records, those of agencies with these records, and those that won an award with one.
pub async fn find_outlines(
    db: &Database,
    records: &[RecordId],
) -> Result<Vec<Outline>, StorageError> {
    let mut all: BTreeSet<RecordId> = records.iter().copied().collect();
    all.extend(winners(db, records).await?);
    let all: Vec<RecordId> = all.into_iter().collect();
    let mut found = Vec::new();
    for some in all.chunks(256) {
        for column in ["record", "agency"] {
            let wanted = some.iter().map(|record| record.as_uuid().into());
            let (wanted, values) = sql::wanted(1, wanted.collect());
            let text = format!(
                "{wanted} {SELECT} FROM wanted CROSS JOIN innovation {JOINS}
                 WHERE innovation.{column} = wanted.value"
            );
            found.extend(sql::all::<OutlineRow>(db.reader(), &text, values).await?);
        }
    }
    found.sort_unstable_by_key(|row| row.key);
    found.dedup_by_key(|row| row.key);
    read(db, found).await
}

/// The rows of the hubs that describe themselves with one of these records.
pub async fn hubs_described_by(
    db: &Database,
    records: &[RecordId],
) -> Result<BTreeSet<i64>, StorageError> {
    let mut hubs = BTreeSet::new();
    for some in records.chunks(256) {
        let wanted = some.iter().map(|record| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, wanted.collect());
        let text =
            format!("{wanted} SELECT hub.id FROM wanted JOIN hub ON hub.record = wanted.value");
        for row in sql::rows(db.reader(), &text, values).await? {
            hubs.insert(row.try_get_by_index(0)?);
        }
    }
    Ok(hubs)
}

/// Who won the awards with these records.
async fn winners(db: &Database, records: &[RecordId]) -> Result<Vec<RecordId>, StorageError> {
    let mut winners = Vec::new();
    for some in records.chunks(256) {
        let wanted = some.iter().map(|record| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, wanted.collect());
        let is_award = sql::unindexed("item.kind", Kind::AWARD);
        let text = format!(
            "{wanted} SELECT item_link.record FROM wanted CROSS JOIN item CROSS JOIN item_link
             WHERE item.record = wanted.value AND {is_award} AND item_link.item = item.key"
        );
        for row in sql::rows(db.reader(), &text, values).await? {
            winners.push(row.try_get_by_index::<Uuid>(0)?.into());
        }
    }
    Ok(winners)
}

/// Who won the awards that a hub, by its row, tells of.
pub async fn winners_of(db: &Database, hub_id: i64) -> Result<Vec<RecordId>, StorageError> {
    let text = "SELECT item_link.record FROM item JOIN item_link ON item_link.item = item.key
        WHERE item.hub_id = $1 AND item.kind = $2";
    let values = vec![hub_id.into(), Kind::AWARD.into()];
    let rows = sql::rows(db.reader(), text, values).await?;
    let winner = |row: &sea_orm::QueryResult| Ok(row.try_get_by_index::<Uuid>(0)?.into());
    rows.iter().map(winner).collect()
}

/// How many innovations there are, whoever may see them.
pub async fn count_outlines(db: &Database) -> Result<u64, StorageError> {
    let text = "SELECT COUNT(*) FROM innovation";
    Ok(sql::unsigned(sql::number(db.reader(), text, vec![]).await?))
}

async fn read(db: &Database, rows: Vec<OutlineRow>) -> Result<Vec<Outline>, StorageError> {
    let awarded = rows.iter().filter(|row| row.awards > 0);
    let mut schemes = schemes(db, awarded.map(|row| row.record).collect()).await?;
    let mut outlines = Vec::with_capacity(rows.len());
    for row in rows {
        let hub = hubs::slug(db, row.hub_id).await?;
        let won = schemes.remove(&(row.record, hub.as_str().to_owned()));
        let won = won.unwrap_or_default();
        let described_by = row
            .hub_record
            .map(|record| (hub.clone(), RecordId::from(record)));
        outlines.push(Outline {
            hub,
            record: row.record.into(),
            entry: row.entry.into(),
            agency: row.agency_entry.map(EntryKey::from),
            hub_entry: row.hub_entry.map(EntryKey::from),
            audience: u8::try_from(row.audience).unwrap_or(u8::MAX),
            published: row.published,
            updated: row.updated,
            region: row
                .region
                .and_then(|region| RegionCode::parse(&region).ok()),
            awards: won.iter().map(|(scheme, _)| scheme.clone()).collect(),
            parts: won
                .iter()
                .map(|(_, award)| award.clone())
                .chain(described_by)
                .collect(),
            key: row.key,
        });
    }
    Ok(outlines)
}

/// What awards that are for everybody say, by who won them: schemes and records.
type Won = HashMap<(Uuid, String), BTreeSet<(String, (HubId, RecordId))>>;

/// The awards that are for everybody, by who won them.
async fn schemes(db: &Database, records: Vec<Uuid>) -> Result<Won, StorageError> {
    let mut schemes = Won::new();
    for some in records.chunks(256) {
        let (wanted, mut values) =
            sql::wanted(1, some.iter().map(|record| Value::from(*record)).collect());
        let bound = values.len();
        values.extend([Value::from(Role::Subject.code()), Kind::AWARD.into()]);
        let (role, kind) = (bound + 1, bound + 2);
        let text = format!(
            "{wanted} SELECT item_link.record, item_link.hub, item.label, item.record, item.hub_id
             FROM wanted CROSS JOIN item_link CROSS JOIN item
             WHERE item_link.record = wanted.value AND item_link.role = ${role} AND item.key = item_link.item
                AND item.kind = ${kind} AND item.audience = 0 AND item.word IS NOT NULL AND item.label IS NOT NULL"
        );
        for row in sql::rows(db.reader(), &text, values).await? {
            let won_by = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let label: String = row.try_get_by_index(2)?;
            let scheme = label.split('|').next().unwrap_or_default().to_owned();
            let award: Uuid = row.try_get_by_index(3)?;
            let hub = hubs::slug(db, row.try_get_by_index(4)?).await?;
            schemes
                .entry(won_by)
                .or_default()
                .insert((scheme, (hub, award.into())));
        }
    }
    Ok(schemes)
}
