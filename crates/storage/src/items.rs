//! The records that belong to others, as readers see them: found by kind, by what they refer to, by state and place.

mod flags;
mod index;
mod project;

use std::collections::HashMap;

use domain::catalog::RegionCode;
use domain::entry::{Kind, Sight};
use domain::identity::{HubId, RecordId, RecordRef};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::hubs::HubRows;
use crate::innovations::Direction;
use crate::logs::EntryKey;
use crate::sql::Clause;
use crate::{Database, StorageError, hubs, sql};

pub use index::Role;
pub(crate) use project::{Touched, drop_where, one_at_a_time, project, settle};

/// An item's place among those of its kind; what it says is read from its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRef {
    /// The key of the record's first entry.
    pub key: EntryKey,
    /// The hub that says it.
    pub hub: HubId,
    /// The item's record.
    pub record: RecordId,
    /// The entry that holds what is shown.
    pub entry: EntryKey,
    /// When the record was first written, in Unix milliseconds.
    pub published: i64,
    /// By what lists are ordered: a moment in Unix milliseconds.
    pub place: i64,
    /// The state that follows from its own word and others'.
    pub state: Option<String>,
    /// Whose word a replication stands on.
    pub standing: Option<String>,
}

#[derive(FromQueryResult)]
struct ItemRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    entry: i64,
    published: i64,
    place: i64,
    state: Option<String>,
    standing: Option<String>,
}

const COLUMNS: &str = "item.key, item.hub_id, item.record, item.entry, item.published, item.place, item.state, item.standing";

/// Which items are wanted. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ItemFilter {
    /// Only items of this kind.
    pub kind: &'static str,
    /// Only items of these hubs; of all when there is none.
    pub hubs: Vec<HubId>,
    /// Only items that refer so to this record.
    pub refers_to: Option<(Role, RecordRef)>,
    /// Only items in one of these states; in all when there is none.
    pub states: Vec<&'static str>,
    /// Only items with this label.
    pub label: Option<String>,
    /// Only items of this region and those within it.
    pub region: Option<RegionCode>,
    /// Only items that may be seen.
    pub sight: Sight,
}

impl ItemFilter {
    fn clause(&self, hubs: &HubRows) -> Clause {
        let mut clause = Clause::default();
        // What refers to a record is found by that: the indexes by kind and hub are hidden from planners then.
        let is_by_link = self.refers_to.is_some();
        let kind = clause.bind(self.kind);
        clause.and(if is_by_link {
            format!("item.kind || '' = {kind}")
        } else {
            format!("item.kind = {kind}")
        });
        if !self.hubs.is_empty() {
            let marks: Vec<_> = self
                .hubs
                .iter()
                .map(|hub| clause.bind(hubs.id(hub)))
                .collect();
            let column = if is_by_link {
                "item.hub_id + 0"
            } else {
                "item.hub_id"
            };
            clause.and(format!("{column} IN ({})", marks.join(",")));
        }
        if let Some((role, target)) = &self.refers_to {
            let (role, hub) = (clause.bind(role.code()), clause.bind(target.hub.as_str()));
            let record = clause.bind(target.record.as_uuid());
            clause.and(format!(
                "item.key IN (SELECT item FROM item_link WHERE record = {record} AND role = {role} AND hub = {hub})"
            ));
        }
        if !self.states.is_empty() {
            let marks: Vec<_> = self
                .states
                .iter()
                .map(|state| clause.bind(*state))
                .collect();
            clause.and(format!("item.state IN ({})", marks.join(",")));
        }
        if let Some(label) = &self.label {
            let label = clause.bind(label.as_str());
            clause.and(format!("item.label = {label}"));
        }
        if let Some(region) = self.region {
            clause.within("item.region", region);
        }
        clause.seen("item.audience", self.sight);
        clause
    }
}

/// One stretch of a list of items.
#[derive(Clone, Copy, Debug)]
pub struct ItemStretch {
    /// Which way it is read, by place.
    pub direction: Direction,
    /// Begin behind this item.
    pub after: Option<(i64, EntryKey)>,
    /// Stop before this item.
    pub before: Option<(i64, EntryKey)>,
    /// How many at most.
    pub limit: u32,
}

/// Lists items by their places.
pub async fn list(
    db: &Database,
    filter: &ItemFilter,
    stretch: ItemStretch,
) -> Result<Vec<ItemRef>, StorageError> {
    let hubs = hubs::rows_of(db, filter.hubs.iter()).await?;
    let mut clause = filter.clause(&hubs);
    let (forward, backward, word) = match stretch.direction {
        Direction::Ascending => (">", "<", "ASC"),
        Direction::Descending => ("<", ">", "DESC"),
    };
    for (comparison, edge) in [(forward, stretch.after), (backward, stretch.before)] {
        if let Some((place, key)) = edge {
            let (place, key) = (clause.bind(place), clause.bind(key));
            clause.and(format!(
                "(item.place, item.key) {comparison} ({place}, {key})"
            ));
        }
    }
    let limit = clause.bind(i64::from(stretch.limit));
    let text = format!(
        "SELECT {COLUMNS} FROM item{} ORDER BY item.place {word}, item.key {word} LIMIT {limit}",
        clause.text()
    );
    read(db, sql::all(db.reader(), &text, clause.values).await?).await
}

/// Counts items.
pub async fn count(db: &Database, filter: &ItemFilter) -> Result<u64, StorageError> {
    let hubs = hubs::rows_of(db, filter.hubs.iter()).await?;
    let clause = filter.clause(&hubs);
    let text = format!("SELECT COUNT(*) FROM item{}", clause.text());
    Ok(sql::unsigned(
        sql::number(db.reader(), &text, clause.values).await?,
    ))
}

/// Lists items that break the rules of their courses, by their own word or beside others that may be seen, the last written
/// first: each with when it was written, in Unix milliseconds, by which a list goes on.
pub async fn list_flawed(
    db: &Database,
    sight: Sight,
    after: Option<(i64, EntryKey)>,
    limit: u32,
) -> Result<Vec<(i64, ItemRef)>, StorageError> {
    let mut clause = Clause::default();
    clause.and("item.flawed > 0".to_owned());
    let seen = flags::seen(sight);
    clause.and(format!("(item.flawed & {seen}) <> 0"));
    if let Some((updated, key)) = after {
        let (updated, key) = (clause.bind(updated), clause.bind(key));
        clause.and(format!("(item.updated, item.key) < ({updated}, {key})"));
    }
    clause.seen("item.audience", sight);
    let limit = clause.bind(i64::from(limit));
    let text = format!(
        "SELECT item.updated, {COLUMNS} FROM item{} ORDER BY item.updated DESC, item.key DESC LIMIT {limit}",
        clause.text()
    );
    let rows: Vec<FlawedRow> = sql::all(db.reader(), &text, clause.values).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push((row.updated, read_one(db, row.item).await?));
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct FlawedRow {
    updated: i64,
    #[sea_orm(nested)]
    item: ItemRow,
}

/// Finds several items at once, of those that may be seen.
pub async fn find_many(
    db: &Database,
    ids: &[(HubId, RecordId)],
    sight: Sight,
) -> Result<Vec<ItemRef>, StorageError> {
    let resident = db.resident().ask(db, |rows| Some(rows.items(ids, sight)));
    if let Some(found) = resident.await? {
        return Ok(found);
    }
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(256) {
        let records = some.iter().map(|(_, record)| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, records.collect());
        let rank = sight.rank();
        let text = format!(
            "{wanted} SELECT {COLUMNS} FROM wanted CROSS JOIN item
             WHERE item.record = wanted.value AND item.audience <= {rank}"
        );
        let items = read(db, sql::all(db.reader(), &text, values).await?).await?;
        let is_wanted = |item: &ItemRef| {
            some.iter()
                .any(|(hub, record)| *hub == item.hub && *record == item.record)
        };
        found.extend(items.into_iter().filter(is_wanted));
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct RelatedRow {
    target: Uuid,
    target_hub: String,
    kind: String,
    role: String,
    #[sea_orm(nested)]
    item: ItemRow,
}

/// A sort of items that refer to a record: their kind, and what they are to it.
pub type Relation = (&'static str, Role);

/// Items by how they refer to which record.
pub type Related = HashMap<(Relation, (HubId, RecordId)), Vec<ItemRef>>;

/// The items that refer so to several records, each record's newest first, at most `most` of each sort.
pub async fn related(
    db: &Database,
    relations: &[Relation],
    targets: &[(HubId, RecordId)],
    sight: Sight,
    most: u32,
) -> Result<Related, StorageError> {
    let resident = db.resident().ask(db, |rows| {
        Some(rows.all_related(relations, targets, sight, most))
    });
    if let Some(found) = resident.await? {
        return Ok(found);
    }
    let mut related = Related::new();
    for some in targets.chunks(256) {
        let records = some.iter().map(|(_, record)| record.as_uuid().into());
        let (wanted, mut values) = sql::wanted(1, records.collect());
        let mut sorts = Vec::with_capacity(relations.len());
        for (kind, role) in relations {
            values.extend([Value::from(role.code()), (*kind).into()]);
            let kind = values.len();
            sorts.push(format!(
                "(item_link.role = ${} AND item.kind = ${kind})",
                kind - 1
            ));
        }
        values.push(i64::from(most).into());
        let (sorts, most) = (sorts.join(" OR "), values.len());
        let rank = sight.rank();
        let text = format!(
            "{wanted} SELECT * FROM (SELECT item_link.record AS target, item_link.hub AS target_hub, item.kind AS kind,
                item_link.role AS role, {COLUMNS},
                ROW_NUMBER() OVER (PARTITION BY item_link.record, item_link.hub, item_link.role, item.kind
                    ORDER BY item.place DESC, item.key DESC) AS nth
             FROM wanted CROSS JOIN item_link CROSS JOIN item
             WHERE item_link.record = wanted.value AND item.key = item_link.item AND ({sorts}) AND item.audience <= {rank}) AS ranked
             WHERE nth <= ${most} ORDER BY place DESC, key DESC"
        );
        for row in sql::all::<RelatedRow>(db.reader(), &text, values).await? {
            let hub = HubId::parse(&row.target_hub)
                .map_err(|error| StorageError::corrupt("item_link", row.item.key, error))?;
            let is_so = |(kind, role): &&Relation| *kind == row.kind && role.code() == row.role;
            let Some(relation) = relations.iter().find(is_so) else {
                continue;
            };
            let target = (hub, RecordId::from(row.target));
            let item = read_one(db, row.item).await?;
            related.entry((*relation, target)).or_default().push(item);
        }
    }
    Ok(related)
}

/// The source's word on each of several replications, where it has answered and its word counts: the same by which the state
/// of a replication's row is derived.
pub async fn counting_answers(
    db: &Database,
    replications: &[(HubId, RecordId)],
    sight: Sight,
) -> Result<HashMap<(HubId, RecordId), ItemRef>, StorageError> {
    let mut found = HashMap::new();
    let is_kind = sql::unindexed("asked.kind", Kind::REPLICATION);
    let answer = project::counting_answer("key", "asked");
    for some in replications.chunks(256) {
        let records = some.iter().map(|(_, record)| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, records.collect());
        let rank = sight.rank();
        let text = format!(
            "{wanted} SELECT asked.record AS target, asker.slug AS target_hub, {COLUMNS}
             FROM wanted CROSS JOIN item AS asked JOIN hub AS asker ON asker.id = asked.hub_id
                JOIN item ON item.key = {answer}
             WHERE asked.record = wanted.value AND {is_kind} AND asked.audience <= {rank}"
        );
        for row in sql::all::<AnswerRow>(db.reader(), &text, values).await? {
            let hub = HubId::parse(&row.target_hub)
                .map_err(|error| StorageError::corrupt("hub", row.item.key, error))?;
            let replication = (hub, RecordId::from(row.target));
            found.insert(replication, read_one(db, row.item).await?);
        }
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct AnswerRow {
    target: Uuid,
    target_hub: String,
    #[sea_orm(nested)]
    item: ItemRow,
}

async fn read(db: &Database, rows: Vec<ItemRow>) -> Result<Vec<ItemRef>, StorageError> {
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(read_one(db, row).await?);
    }
    Ok(items)
}

async fn read_one(db: &Database, row: ItemRow) -> Result<ItemRef, StorageError> {
    Ok(ItemRef {
        key: row.key.into(),
        hub: hubs::slug(db, row.hub_id).await?,
        record: row.record.into(),
        entry: row.entry.into(),
        published: row.published,
        place: row.place,
        state: row.state,
        standing: row.standing,
    })
}
