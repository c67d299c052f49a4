//! What this hub hides of discussions, its own and others': such threads and posts are shown to its operator only.
//!
//! No log tells of it, and no other hub heeds it: the entries are held, proved and passed on as before. Posts go with their
//! thread. A row of `item` that is hidden has the audience of what is for this hub alone, so that whatever reads items
//! keeps to it.

use std::collections::HashMap;

use domain::audit::Deed;
use domain::entry::Kind;
use domain::identity::{HubId, RecordId, RecordRef};
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::following::Changed;
use crate::items::Role;
use crate::logs::{EntryKey, millis};
use crate::{Database, StorageError, audit, sql};

/// Why something is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The reason, in the operator's words.
    pub reason: String,
    /// Since when, in Unix milliseconds.
    pub at: i64,
}

#[derive(FromQueryResult)]
struct HiddenRow {
    record: Uuid,
    hub: String,
    reason: String,
    at: i64,
}

/// Hides a thread or post, or gives another reason.
pub async fn hide(
    db: &Database,
    of: &RecordRef,
    reason: &str,
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let text = "INSERT INTO hidden (record, hub, reason, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (record, hub) DO UPDATE SET reason = excluded.reason";
    let at = millis(now);
    change(db, of, text, vec![reason.into(), at.into()], by).await
}

/// Shows it again.
pub async fn show(db: &Database, of: &RecordRef, by: Option<&Deed>) -> Result<(), StorageError> {
    let text = "DELETE FROM hidden WHERE record = $1 AND hub = $2";
    change(db, of, text, Vec::new(), by).await
}

async fn change(
    db: &Database,
    of: &RecordRef,
    text: &str,
    more: Vec<Value>,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let named = || vec![of.record.as_uuid().into(), of.hub.as_str().into()];
    sql::execute(&tx, text, [named(), more].concat()).await?;
    let (thread, post, subject) = (Kind::THREAD, Kind::POST, Role::Subject.code());
    let is_kind = sql::unindexed("item.kind", thread);
    let is_post = sql::unindexed("item.kind", post);
    let text = format!(
        "SELECT item.key FROM item JOIN hub ON hub.id = item.hub_id
         WHERE item.record = $1 AND hub.slug = $2 AND ({is_kind} OR {is_post})"
    );
    let own = keys(&tx, &text, named()).await?;
    let text = format!(
        "SELECT item.key FROM item_link CROSS JOIN item
         WHERE item_link.record = $1 AND item_link.role = '{subject}' AND item_link.hub = $2
            AND item.key = item_link.item AND {is_post}"
    );
    let posts = keys(&tx, &text, named()).await?;
    let changed = own.first().map_or(Changed::Nothing, |key| {
        Changed::Entries(key.get()..key.get() + 1)
    });
    settle(&tx, [own, posts].concat()).await?;
    let told = audit::told(by, format!("record:{of}"));
    db.commit_shown(tx, changed, told.as_slice()).await?;
    Ok(())
}

async fn keys(
    tx: &DatabaseTransaction,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<EntryKey>, StorageError> {
    let rows = sql::rows(tx, text, values).await?;
    let key = |row: &sea_orm::QueryResult| Ok(row.try_get_by_index::<i64>(0)?.into());
    rows.iter().map(key).collect()
}

/// Gives threads and posts the audience that they have here, by the keys of their rows. While they are written their entries
/// are not there yet, and the rows have the audience that the entries will have.
pub(crate) async fn settle(
    tx: &DatabaseTransaction,
    keys: Vec<EntryKey>,
) -> Result<(), StorageError> {
    let subject = Role::Subject.code();
    for some in keys.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|key| Value::from(*key)).collect());
        let text = format!(
            "UPDATE item SET audience = CASE WHEN
                EXISTS (SELECT 1 FROM hidden JOIN hub ON hub.slug = hidden.hub
                    WHERE hidden.record = item.record AND hub.id = item.hub_id)
                OR EXISTS (SELECT 1 FROM item_link JOIN hidden ON hidden.record = item_link.record AND hidden.hub = item_link.hub
                    WHERE item_link.item = item.key AND item_link.role = '{subject}')
                THEN 2 ELSE COALESCE((SELECT entry.audience FROM entry WHERE entry.id = item.entry), item.audience) END
             WHERE key IN ({marks})"
        );
        sql::execute(tx, &text, values).await?;
    }
    Ok(())
}

/// Whether anything is hidden.
pub(crate) async fn is_any(tx: &DatabaseTransaction) -> Result<bool, StorageError> {
    let rows = sql::rows(tx, "SELECT 1 FROM hidden LIMIT 1", vec![]).await?;
    Ok(!rows.is_empty())
}

/// What is hidden of these, by its own name and not by its thread's.
pub async fn find_many(
    db: &Database,
    ids: &[(HubId, RecordId)],
) -> Result<HashMap<(HubId, RecordId), Hidden>, StorageError> {
    let mut found = HashMap::new();
    for some in ids.chunks(256) {
        let records = some.iter().map(|(_, record)| record.as_uuid().into());
        let (wanted, values) = sql::wanted(1, records.collect());
        let text = format!(
            "{wanted} SELECT hidden.record, hidden.hub, hidden.reason, hidden.at FROM wanted CROSS JOIN hidden
             WHERE hidden.record = wanted.value"
        );
        for row in sql::all::<HiddenRow>(db.reader(), &text, values).await? {
            let hub = HubId::parse(&row.hub)
                .map_err(|error| StorageError::corrupt("hidden", row.record, error))?;
            let HiddenRow { reason, at, .. } = row;
            found.insert((hub, row.record.into()), Hidden { reason, at });
        }
    }
    Ok(found)
}
