//! Innovations as readers see them: filtered, ordered, and paged by keys, so that pages stay put while records arrive.

mod filter;
mod outline;
mod project;
mod together;

use std::collections::HashMap;

use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

pub use filter::InnovationFilter;
pub use outline::{
    Outline, count_outlines, find_outlines, hubs_described_by, list_outlines, list_outlines_of,
    winners_of,
};
pub(crate) use project::project;
pub use together::{Said, Together, WantedInnovation, WantedItems, together};

use crate::hubs::HubRows;
use crate::logs::EntryKey;
use crate::sql::Clause;
use crate::{Database, StorageError, hubs, sql};

/// An innovation's place in the catalog; what it says is read from its entry.
#[derive(Clone, Debug, PartialEq)]
pub struct InnovationRef {
    /// The key of the record's first entry.
    pub key: EntryKey,
    /// The hub that the innovation belongs to.
    pub hub: HubId,
    /// The innovation's record.
    pub record: RecordId,
    /// The entry that holds what is shown.
    pub entry: EntryKey,
    /// The entry that describes its agency, if the agency is here.
    pub agency: Option<EntryKey>,
    /// The entry that describes its hub, if the hub described itself.
    pub hub_entry: Option<EntryKey>,
    /// When the record was first written.
    pub published: OffsetDateTime,
    /// What refers to it and is for everybody, counted.
    pub counts: Counts,
    /// When what it tells was last known to be so: written or confirmed.
    pub current: OffsetDateTime,
    /// Where it stands in the order that was asked for.
    pub place: Place,
}

/// What refers to an innovation and is for everybody, counted when records come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Replications that were neither refused nor given up.
    pub replications: u64,
    /// Replications that are done, by their adopters' words.
    pub done: u64,
    /// Replications that are done and that the source confirmed.
    pub confirmed: u64,
    /// Hubs that endorse it.
    pub endorsements: u64,
    /// Awards, each once whoever tells of it.
    pub awards: u64,
}

/// The value by which a list is ordered, for going on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A time in Unix milliseconds.
    Time(i64),
    /// A folded title.
    Title(String),
}

/// The orders in which innovations can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By when the record was first written.
    Published,
    /// By when its newest revision was written.
    Updated,
    /// By title.
    Title,
    /// By when it was last current: written, or confirmed by its hub.
    Current,
}

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Oldest or alphabetically first at the top.
    Ascending,
    /// Newest or alphabetically last at the top.
    Descending,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// One stretch of a list.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The order.
    pub order: Order,
    /// Which way it is read.
    pub direction: Direction,
    /// Begin behind this innovation.
    pub after: Option<(Place, EntryKey)>,
    /// Stop before this innovation.
    pub before: Option<(Place, EntryKey)>,
    /// How many at most.
    pub limit: u32,
}

#[derive(FromQueryResult, Deserialize)]
struct InnovationRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    entry: i64,
    agency_entry: Option<i64>,
    hub_entry: Option<i64>,
    published: i64,
    updated: i64,
    replications: i64,
    replications_done: i64,
    replications_confirmed: i64,
    endorsements: i64,
    awards: i64,
    current_at: i64,
    title: Option<String>,
}

impl InnovationRow {
    fn counts(&self) -> Counts {
        Counts {
            replications: sql::unsigned(self.replications),
            done: sql::unsigned(self.replications_done),
            confirmed: sql::unsigned(self.replications_confirmed),
            endorsements: sql::unsigned(self.endorsements),
            awards: sql::unsigned(self.awards),
        }
    }
}

/// The columns of [`InnovationRow`].
const ROW: &str =
    "key, hub_id, hex(record), entry, agency_entry, hub_entry, published, updated, replications, replications_done,
     replications_confirmed, endorsements, awards, current_at, title";

impl Order {
    const fn column(self) -> &'static str {
        match self {
            Self::Published => "innovation.published",
            Self::Updated => "innovation.updated",
            Self::Title => "innovation.title_folded",
            Self::Current => "innovation.current_at",
        }
    }

    fn place(self, row: &InnovationRow) -> Place {
        match self {
            Self::Published => Place::Time(row.published),
            Self::Updated => Place::Time(row.updated),
            Self::Title => Place::Title(row.title.clone().unwrap_or_default()),
            Self::Current => Place::Time(row.current_at),
        }
    }

    /// Reads rows from a table expression, with the agencies that may be seen. Titles are long and read only where they order.
    fn select_from(self, tables: &str, sight: Sight) -> String {
        let sight = sight.rank();
        let title = match self {
            Self::Title => "innovation.title_folded",
            Self::Published | Self::Updated | Self::Current => "NULL",
        };
        format!(
            "SELECT innovation.key, innovation.hub_id, innovation.record, innovation.entry,
             agency.entry AS agency_entry, hub.entry AS hub_entry, innovation.published, innovation.updated,
             innovation.replications, innovation.replications_done, innovation.replications_confirmed,
             innovation.endorsements, innovation.awards, innovation.current_at,
             {title} AS title FROM {tables} LEFT JOIN hub ON hub.id = innovation.hub_id
             LEFT JOIN agency ON agency.record = innovation.agency AND agency.hub_id = innovation.hub_id
                 AND agency.audience <= {sight}"
        )
    }
}

/// Lists innovations.
pub async fn list(
    db: &Database,
    filter: &InnovationFilter,
    stretch: &Stretch,
) -> Result<Vec<InnovationRef>, StorageError> {
    let resident = db.resident().ask(db, |rows| rows.list(filter, stretch));
    if let Some(found) = resident.await? {
        return Ok(found);
    }
    let hubs = hubs::rows_of(db, filter.named()).await?;
    let (text, values) = statement(filter, stretch, &hubs);
    read(
        db,
        stretch.order,
        sql::list_of(db.reader(), ROW, &text, values).await?,
    )
    .await
}

/// How the database would read a list, step by step in its own words: for tests that hold it.
pub async fn plan(
    db: &Database,
    filter: &InnovationFilter,
    stretch: &Stretch,
) -> Result<Vec<String>, StorageError> {
    let hubs = hubs::rows_of(db, filter.named()).await?;
    let (text, values) = statement(filter, stretch, &hubs);
    Ok(sql::plan(db.reader(), &text, values).await?)
}

/// The statement that reads a list.
fn statement(filter: &InnovationFilter, stretch: &Stretch, hubs: &HubRows) -> (String, Vec<Value>) {
    let mut clause = filter.clause(stretch.order, hubs);
    let (forward, backward, word) = match stretch.direction {
        Direction::Ascending => (">", "<", "ASC"),
        Direction::Descending => ("<", ">", "DESC"),
    };
    let column = stretch.order.column();
    bound(&mut clause, column, forward, stretch.after.as_ref());
    bound(&mut clause, column, backward, stretch.before.as_ref());
    let limit = clause.bind(i64::from(stretch.limit));
    let text = format!(
        "{}{} ORDER BY {column} {word}, innovation.key {word} LIMIT {limit}",
        stretch.order.select_from("innovation", filter.sight),
        clause.text()
    );
    (text, clause.values)
}

fn bound(clause: &mut Clause, column: &str, comparison: &str, edge: Option<&(Place, EntryKey)>) {
    let Some((place, key)) = edge else { return };
    let place: Value = match place {
        Place::Time(time) => (*time).into(),
        Place::Title(title) => title.as_str().into(),
    };
    let (place, key) = (clause.bind(place), clause.bind(*key));
    clause.and(format!(
        "({column}, innovation.key) {comparison} ({place}, {key})"
    ));
}

/// Counts innovations.
pub async fn count(db: &Database, filter: &InnovationFilter) -> Result<u64, StorageError> {
    let hubs = hubs::rows_of(db, filter.named()).await?;
    let clause = filter.counted(&hubs);
    let text = sql::count_seen("innovation", &clause.text(), filter.sight);
    Ok(sql::unsigned(
        sql::number(db.reader(), &text, clause.values).await?,
    ))
}

/// Finds several innovations at once, of those that may be seen.
pub async fn find_many(
    db: &Database,
    ids: &[(HubId, RecordId)],
    sight: Sight,
) -> Result<Vec<InnovationRef>, StorageError> {
    let resident = db
        .resident()
        .ask(db, |rows| Some(rows.innovations(ids, sight)));
    if let Some(found) = resident.await? {
        return Ok(found);
    }
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(256) {
        let records = some.iter().map(|(_, record)| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, records.collect());
        let select = Order::Published.select_from("wanted CROSS JOIN innovation", sight);
        let rank = sight.rank();
        let text = format!(
            "{wanted} {select} WHERE innovation.record = wanted.value AND innovation.audience <= {rank}"
        );
        let rows = read(
            db,
            Order::Published,
            sql::list_of(db.reader(), ROW, &text, values).await?,
        )
        .await?;
        let wanted = |row: &InnovationRef| {
            some.iter()
                .any(|(hub, record)| *hub == row.hub && *record == row.record)
        };
        found.extend(rows.into_iter().filter(wanted));
    }
    Ok(found)
}

/// Finds this hub's innovations by their external ids, scheme and value: for importing the same file again.
pub async fn find_own_by_external_ids(
    db: &Database,
    ids: &[(&str, &str)],
) -> Result<Vec<((String, String), InnovationRef)>, StorageError> {
    let own = hubs::rows_of(db, [db.hub()].into_iter())
        .await?
        .id(db.hub());
    let mut found = Vec::new();
    for some in ids.chunks(256) {
        let (wanted, mut values) = sql::wanted(
            1,
            some.iter().map(|(_, value)| Value::from(*value)).collect(),
        );
        values.push(own.into());
        let text = format!(
            "{wanted} SELECT external_id.scheme, external_id.value, innovation.record
             FROM wanted CROSS JOIN external_id CROSS JOIN innovation
             WHERE external_id.value = wanted.value AND innovation.key = external_id.innovation
             AND innovation.hub_id = ${} ORDER BY innovation.key DESC",
            values.len()
        );
        let rows: Vec<ExternalIdRow> = sql::all(db.writer(), &text, values).await?;
        let asked = |row: &ExternalIdRow| some.contains(&(&row.scheme, &row.value));
        found.extend(rows.into_iter().filter(asked));
    }
    let records: Vec<_> = found
        .iter()
        .map(|row| (db.hub().clone(), row.record.into()))
        .collect();
    let places = find_many(db, &records, Sight::All).await?;
    let places: HashMap<_, _> = places
        .into_iter()
        .map(|place| (place.record, place))
        .collect();
    let placed = |row: ExternalIdRow| {
        let place = places.get(&RecordId::from(row.record))?;
        Some(((row.scheme, row.value), place.clone()))
    };
    Ok(found.into_iter().filter_map(placed).collect())
}

#[derive(FromQueryResult)]
struct ExternalIdRow {
    scheme: String,
    value: String,
    record: Uuid,
}

async fn read(
    db: &Database,
    order: Order,
    rows: Vec<InnovationRow>,
) -> Result<Vec<InnovationRef>, StorageError> {
    let mut innovations = Vec::with_capacity(rows.len());
    for row in rows {
        let moment = |millis: i64| {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
                .map_err(|error| StorageError::corrupt("innovation", row.key, error))
        };
        innovations.push(InnovationRef {
            key: row.key.into(),
            hub: hubs::slug(db, row.hub_id).await?,
            record: row.record.into(),
            entry: row.entry.into(),
            agency: row.agency_entry.map(EntryKey::from),
            hub_entry: row.hub_entry.map(EntryKey::from),
            published: moment(row.published)?,
            counts: row.counts(),
            current: moment(row.current_at)?,
            place: order.place(&row),
        });
    }
    Ok(innovations)
}
