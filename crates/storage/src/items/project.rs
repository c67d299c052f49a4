//! Writing the rows of items, and what other rows say because of them.
//!
//! An item may change what another row shows: an answer moves a replication on, a replication is counted at its source, a
//! confirmation makes an innovation current. Those rows are settled after all others of a batch are written, from what the
//! tables then hold, so that nothing hangs on the order in which records come.

use std::collections::BTreeSet;

use domain::catalog::{
    AnswerState, ProgressState, ReplicationStanding, ReplicationState, Vocabulary, derive_progress,
};
use domain::entry::Kind;
use domain::identity::HubId;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, FromQueryResult, Value};
use uuid::Uuid;

use super::flags;
use super::index::{Index, Role};
use crate::bulk::Insert;
use crate::content::Item;
use crate::logs::{EntryKey, millis};
use crate::projection::Row;
use crate::{StorageError, hidden, sql};

const ITEMS: Insert<16> = Insert {
    table: "item",
    columns: [
        "key",
        "hub_id",
        "record",
        "entry",
        "kind",
        "audience",
        "word",
        "state",
        "standing",
        "label",
        "place",
        "region",
        "published",
        "updated",
        "flawed",
        "leg",
    ],
    conflict: "",
};
const LINKS: Insert<4> = Insert {
    table: "item_link",
    columns: ["item", "role", "hub", "record"],
    conflict: "ON CONFLICT DO NOTHING",
};

/// Records whose rows may say something else because of what a batch writes and removes.
#[derive(Default)]
pub(crate) struct Touched(BTreeSet<Uuid>);

impl Touched {
    /// Adds what items refer to that are about to go.
    pub(crate) async fn before_removal(
        &mut self,
        tx: &DatabaseTransaction,
        keys: &[Value],
    ) -> Result<(), StorageError> {
        for some in keys.chunks(256) {
            let (marks, values) = sql::list(1, some.to_vec());
            let text = format!("SELECT record FROM item_link WHERE item IN ({marks})");
            self.read(tx, &text, values).await?;
        }
        Ok(())
    }

    /// Adds records of which it is not known whether anything refers to them.
    pub(crate) async fn referred_to(
        &mut self,
        tx: &DatabaseTransaction,
        records: impl Iterator<Item = Uuid>,
    ) -> Result<(), StorageError> {
        let records: Vec<Value> = records.map(Value::from).collect();
        for some in records.chunks(256) {
            let (wanted, values) = sql::wanted(1, some.to_vec());
            let text = format!(
                "{wanted} SELECT record FROM wanted CROSS JOIN item_link
                 WHERE item_link.record = wanted.value"
            );
            self.read(tx, &text, values).await?;
        }
        Ok(())
    }

    async fn read(
        &mut self,
        tx: &DatabaseTransaction,
        text: &str,
        values: Vec<Value>,
    ) -> Result<(), StorageError> {
        for row in sql::rows(tx, text, values).await? {
            self.0.insert(row.try_get_by_index(0)?);
        }
        Ok(())
    }

    fn values(&self) -> Vec<Value> {
        self.0.iter().map(|record| Value::from(*record)).collect()
    }
}

/// Writes items and what they refer to.
pub(crate) async fn project(
    tx: &DatabaseTransaction,
    hub_id: i64,
    rows: &[Row<'_, Item>],
    touched: &mut Touched,
) -> Result<(), StorageError> {
    if rows.is_empty() {
        return Ok(());
    }
    let hub = slug(tx, hub_id).await?;
    let (mut items, mut links) = (Vec::new(), Vec::new());
    for row in rows {
        let index = Index::of(&row.content, &hub, row.change.header);
        let record = row.change.header.record.as_uuid();
        touched.0.insert(record);
        for link in &index.links {
            touched.0.insert(link.record.as_uuid());
            links.push([
                row.change.key.into(),
                link.role.code().into(),
                link.hub.as_str().into(),
                link.record.as_uuid().into(),
            ]);
        }
        items.push([
            row.change.key.into(),
            row.hub_id.into(),
            record.into(),
            row.change.entry.into(),
            row.content.kind().into(),
            i32::from(row.change.header.audience.rank()).into(),
            index.word.into(),
            index.word.into(),
            None::<String>.into(),
            index.label.into(),
            index.place.into(),
            index.region.map(|region| region.to_string()).into(),
            millis(row.change.published).into(),
            millis(row.change.header.at).into(),
            own_flaw(&row.content).into(),
            index.leg.into(),
        ]);
    }
    ITEMS.all(tx, items).await?;
    LINKS.all(tx, links).await?;
    let said = rows
        .iter()
        .filter(|row| matches!(row.content, Item::Thread(_) | Item::Post(_)));
    let said: Vec<EntryKey> = said.map(|row| row.change.key).collect();
    if !said.is_empty() && hidden::is_any(tx).await? {
        hidden::settle(tx, said).await?;
    }
    Ok(())
}

/// How an item is flagged by its own word.
fn own_flaw(item: &Item) -> i32 {
    if item.faults().is_empty() {
        0
    } else {
        flags::OWN
    }
}

async fn slug(tx: &DatabaseTransaction, hub_id: i64) -> Result<HubId, StorageError> {
    let rows = sql::rows(
        tx,
        "SELECT slug FROM hub WHERE id = $1",
        vec![hub_id.into()],
    )
    .await?;
    let row = rows
        .first()
        .ok_or_else(|| StorageError::corrupt("hub", hub_id, "the row is missing"))?;
    let slug: String = row.try_get_by_index(0)?;
    HubId::parse(&slug).map_err(|error| StorageError::corrupt("hub", hub_id, error))
}

/// Settles the rows that were touched. The transaction settles alone: see [`one_at_a_time`].
pub(crate) async fn settle(
    tx: &DatabaseTransaction,
    mut touched: Touched,
) -> Result<(), StorageError> {
    if touched.0.is_empty() {
        return Ok(());
    }
    for some in touched.values().chunks(256) {
        settle_replications(tx, some.to_vec(), &mut touched).await?;
        flags::settle(tx, some).await?;
    }
    for some in touched.values().chunks(256) {
        count_at_innovations(tx, some.to_vec()).await?;
    }
    Ok(())
}

/// What is settled is read from rows that another transaction may be about to change, and changes rows of other hubs. So
/// on PostgreSQL a transaction lets nobody else settle from before it changes such rows until it ends: it takes the row of
/// `store`, which every commit takes in any case.
pub(crate) async fn one_at_a_time(tx: &DatabaseTransaction) -> Result<(), StorageError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        sql::rows(tx, "SELECT id FROM store FOR UPDATE", vec![]).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct ReplicationRow {
    key: i64,
    word: String,
    state: Option<String>,
    standing: Option<String>,
    answer: Option<String>,
}

// `CROSS JOIN` keeps SQLite to the order that is written: else it may begin with all records of a hub and a kind.

/// A column of the answer to a replication that counts: the word of the source's hub, if it is for all who see the
/// replication; of several the record that was made first.
pub(super) fn counting_answer(column: &str, replication: &str) -> String {
    let (answer, subject, source) = (
        Kind::REPLICATION_ANSWER,
        Role::Subject.code(),
        Role::Source.code(),
    );
    format!(
        "(SELECT said.{column} FROM item_link AS link CROSS JOIN item AS said CROSS JOIN hub AS teller
            CROSS JOIN item_link AS origin
         WHERE said.key = link.item AND said.kind = '{answer}' AND said.audience <= {replication}.audience
            AND teller.id = said.hub_id AND origin.item = {replication}.key AND origin.role = '{source}'
            AND origin.hub = teller.slug AND link.record = {replication}.record AND link.role = '{subject}'
            AND link.hub = (SELECT slug FROM hub WHERE hub.id = {replication}.hub_id)
         ORDER BY said.record LIMIT 1)"
    )
}

/// Derives the state of replications from both sides' words.
async fn settle_replications(
    tx: &DatabaseTransaction,
    records: Vec<Value>,
    touched: &mut Touched,
) -> Result<(), StorageError> {
    let (wanted, values) = sql::wanted(1, records);
    let is_kind = sql::unindexed("item.kind", Kind::REPLICATION);
    let answer = counting_answer("word", "item");
    let text = format!(
        "{wanted} SELECT item.key, item.word, item.state, item.standing, {answer} AS answer
         FROM wanted CROSS JOIN item WHERE item.record = wanted.value AND {is_kind}"
    );
    let mut changed = Vec::new();
    for row in sql::all::<ReplicationRow>(tx, &text, values).await? {
        let (state, standing) = derive(&row);
        let is_so = row.state.as_deref() == Some(state.code())
            && row.standing.as_deref() == Some(standing.code());
        if !is_so {
            let text = "UPDATE item SET state = $1, standing = $2 WHERE key = $3";
            let values = vec![state.code().into(), standing.code().into(), row.key.into()];
            sql::execute(tx, text, values).await?;
            changed.push(Value::from(row.key));
        }
    }
    touched.before_removal(tx, &changed).await
}

fn derive(row: &ReplicationRow) -> (ProgressState, ReplicationStanding) {
    derive_progress(
        ReplicationState::read(&row.word),
        row.answer.as_deref().map(AnswerState::read),
    )
}

/// Counts at innovations what refers to them and is for everybody, and notes when they were last current.
async fn count_at_innovations(
    tx: &DatabaseTransaction,
    records: Vec<Value>,
) -> Result<(), StorageError> {
    let of_audience = |role: Role, kind: &str, audience: &str| {
        format!(
            "FROM item_link CROSS JOIN item
             WHERE item.key = item_link.item AND item.kind = '{kind}' AND item.audience {audience}
                AND item_link.record = innovation.record AND item_link.role = '{}'
                AND item_link.hub = (SELECT slug FROM hub WHERE hub.id = innovation.hub_id)",
            role.code()
        )
    };
    let of = |role, kind| of_audience(role, kind, "= 0");
    let replications = of(Role::Source, Kind::REPLICATION);
    let endorsements = of(Role::Subject, Kind::ENDORSEMENT);
    let awards = of(Role::Subject, Kind::AWARD);
    // A confirmation counts if it is for all who may see the innovation.
    let for_all = "<= innovation.audience";
    let confirmations = of_audience(Role::Subject, Kind::CONFIRMATION, for_all);
    let (done, confirmed) = (
        ProgressState::Done.code(),
        ReplicationStanding::Confirmed.code(),
    );
    let (cancelled, refused) = (
        ProgressState::Cancelled.code(),
        ProgressState::Refused.code(),
    );
    let (marks, values) = sql::list(1, records);
    let text = format!(
        "UPDATE innovation SET
            replications = (SELECT COUNT(*) {replications} AND item.state NOT IN ('{cancelled}', '{refused}')),
            replications_done = (SELECT COUNT(*) {replications} AND item.state = '{done}'),
            replications_confirmed = (SELECT COUNT(*) {replications} AND item.state = '{done}'
                AND item.standing = '{confirmed}'),
            endorsements = (SELECT COUNT(DISTINCT item.hub_id) {endorsements} AND item.word IS NOT NULL),
            awards = (SELECT COUNT(DISTINCT item.label) {awards} AND item.word IS NOT NULL),
            current_at = COALESCE((SELECT MAX(item.place) {confirmations} AND item.place > innovation.updated), updated)
         WHERE record IN ({marks})"
    );
    sql::execute(tx, &text, values).await?;
    Ok(())
}

/// Drops the rows of items that their entries show no longer, for all entries of a range that match a condition.
pub(crate) async fn drop_where(
    tx: &DatabaseTransaction,
    condition: &str,
    values: &[Value],
) -> Result<(), StorageError> {
    let text = format!("SELECT key FROM item WHERE {condition}");
    let keys = sql::rows(tx, &text, values.to_vec()).await?;
    let keys: Vec<Value> = keys
        .iter()
        .map(|row| Ok(Value::from(EntryKey::from(row.try_get_by_index::<i64>(0)?))))
        .collect::<Result<_, StorageError>>()?;
    let mut touched = Touched::default();
    touched.before_removal(tx, &keys).await?;
    for text in [
        format!("DELETE FROM item_link WHERE item IN (SELECT key FROM item WHERE {condition})"),
        format!("DELETE FROM item WHERE {condition}"),
    ] {
        sql::execute(tx, &text, values.to_vec()).await?;
    }
    settle(tx, touched).await
}
