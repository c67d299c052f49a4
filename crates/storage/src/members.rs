//! What logs say of the network's members. It counts only where the log is the authority's: see [`crate::trust`].

use std::collections::BTreeSet;

use domain::entry::Payload;
use domain::identity::{HubId, RecordId};
use domain::trust::{Membership, MembershipDraft, last_words, named_in};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

use crate::bulk::Insert;
use crate::logs::EntryKey;
use crate::projection::{Change, Row};
use crate::{Database, StorageError, sql, trust};

/// The most members that are read: a network has dozens.
const MOST_MEMBERS: u32 = 10_000;

const MEMBERS: Insert<5> = Insert {
    table: "member",
    columns: ["key", "hub_id", "record", "entry", "body"],
    conflict: "",
};

const NAMES: Insert<3> = Insert {
    table: "member_name",
    columns: ["key", "hub_id", "member"],
    conflict: "ON CONFLICT (key) DO UPDATE SET member = excluded.member",
};

/// A member as its authority's log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The record that says it.
    pub record: RecordId,
    /// The entry that says it.
    pub entry: EntryKey,
    /// What it says.
    pub membership: Membership,
}

#[derive(FromQueryResult)]
struct MemberRow {
    key: i64,
    record: Uuid,
    entry: i64,
    body: String,
}

impl TryFrom<MemberRow> for Member {
    type Error = StorageError;

    fn try_from(row: MemberRow) -> Result<Self, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("member", row.key, rule);
        let draft: MembershipDraft =
            serde_json::from_str(&row.body).map_err(|error| corrupt(error.to_string()))?;
        Ok(Self {
            record: row.record.into(),
            entry: row.entry.into(),
            membership: Membership::read(&draft).map_err(|error| corrupt(error.to_string()))?,
        })
    }
}

/// Writes what a log says of members.
pub(crate) async fn project(
    tx: &DatabaseTransaction,
    rows: &[Row<'_, Membership>],
) -> Result<(), StorageError> {
    if rows.is_empty() {
        return Ok(());
    }
    let values = rows.iter().map(|row| {
        let draft = MembershipDraft::from(&row.content);
        let body = serde_json::to_string(&draft).expect("a draft is plain text and numbers");
        [
            row.change.key.into(),
            row.hub_id.into(),
            row.change.header.record.as_uuid().into(),
            row.change.entry.into(),
            body.into(),
        ]
    });
    MEMBERS.all(tx, values.collect()).await?;
    let named = rows.iter().map(|row| {
        let member = row.content.hub.as_str();
        [row.change.key.into(), row.hub_id.into(), member.into()]
    });
    Ok(NAMES.all(tx, named.collect()).await?)
}

/// After what a hub says of members changed, also by being deleted, cut or known as a whole at last. If it is the
/// authority, the next rounds look again at all heads: who was a stranger may be none, and pins may count again.
pub(crate) async fn note_change(tx: &DatabaseTransaction, hub_id: i64) -> Result<(), StorageError> {
    if is_authority(tx, hub_id).await? {
        trust::look_again(tx).await?;
    }
    Ok(())
}

/// Notes whom an entry names that cannot be read as a whole: nobody else's word counts for that hub either.
pub(crate) async fn name_unread(
    tx: &DatabaseTransaction,
    hub_id: i64,
    change: &Change<'_>,
) -> Result<(), StorageError> {
    let body = change.payload.and_then(|text| Payload::parse(text).ok());
    let Some(hub) = body.and_then(|payload| named_in(payload.body())) else {
        return Ok(());
    };
    let row = [change.key.into(), hub_id.into(), hub.as_str().into()];
    Ok(NAMES.all(tx, vec![row]).await?)
}

/// Forgets whom records named that their hub took back.
pub(crate) async fn forget_names(
    tx: &DatabaseTransaction,
    keys: impl Iterator<Item = EntryKey>,
) -> Result<(), StorageError> {
    for key in keys {
        let text = "DELETE FROM member_name WHERE key = $1";
        sql::execute(tx, text, vec![key.into()]).await?;
    }
    Ok(())
}

/// The records by which a hub's logs have spoken of a member from an entry on, there or in later logs.
pub(crate) async fn spoken_since(
    tx: &DatabaseTransaction,
    from: EntryKey,
    member: &HubId,
) -> Result<Vec<RecordId>, StorageError> {
    let text = "SELECT member.record FROM member_name JOIN member ON member.key = member_name.key
        JOIN log ON log.id = member.entry / 1099511627776 JOIN log AS parted ON parted.id = $1
        WHERE member_name.member = $2 AND member.hub_id = parted.hub_id
        AND (log.epoch > parted.epoch OR (log.id = parted.id AND member.entry >= $3))";
    let values = vec![from.log_id().into(), member.as_str().into(), from.into()];
    let rows = sql::rows(tx, text, values).await?;
    let records = rows.iter().map(|row| row.try_get_by_index::<Uuid>(0));
    Ok(records
        .map(|record| record.map(RecordId::from))
        .collect::<Result<_, _>>()?)
}

/// What a hub's logs say of a member now.
pub(crate) async fn last_word(
    tx: &DatabaseTransaction,
    hub_id: i64,
    member: &HubId,
) -> Result<Option<Membership>, StorageError> {
    let text = "SELECT member.key, member.record, member.entry, body FROM member_name JOIN member ON member.key = member_name.key
        JOIN log ON log.id = member.entry / 1099511627776
        WHERE member_name.member = $1 AND member.hub_id = $2 ORDER BY log.epoch DESC, member.entry DESC LIMIT 1";
    let row: Option<MemberRow> =
        sql::one(tx, text, vec![member.as_str().into(), hub_id.into()]).await?;
    let word = row.map(Member::try_from).transpose()?;
    Ok(word.map(|word| word.membership))
}

async fn is_authority(tx: &DatabaseTransaction, hub_id: i64) -> Result<bool, StorageError> {
    let text =
        "SELECT COUNT(*) FROM authority JOIN hub ON hub.slug = authority.hub WHERE hub.id = $1";
    Ok(sql::number(tx, text, vec![hub_id.into()]).await? > 0)
}

/// The hubs that a hub's log ever named, also those of which nothing can be read at present.
pub(crate) async fn names(
    db: &Database,
    authority: &HubId,
) -> Result<BTreeSet<HubId>, StorageError> {
    let text = "SELECT member FROM member_name JOIN hub ON hub.id = member_name.hub_id WHERE hub.slug = $1";
    let rows = sql::rows(db.reader(), text, vec![authority.as_str().into()]).await?;
    let mut names = BTreeSet::new();
    for row in rows {
        let name: String = row.try_get_by_index(0)?;
        names.extend(HubId::parse(&name).ok());
    }
    Ok(names)
}

/// The members that a hub's log names, each hub once, by what was said of it last. The newest words are read first, so
/// that the bound leaves out the oldest.
pub async fn list(db: &Database, authority: &HubId) -> Result<Vec<Member>, StorageError> {
    let text =
        "SELECT member.key, member.record, member.entry, body FROM member JOIN hub ON hub.id = member.hub_id
        JOIN log ON log.id = member.entry / 1099511627776
        WHERE hub.slug = $1 ORDER BY log.epoch DESC, member.entry DESC LIMIT $2";
    let values = vec![authority.as_str().into(), i64::from(MOST_MEMBERS).into()];
    let rows: Vec<MemberRow> = sql::all(db.reader(), text, values).await?;
    // A row that cannot be read speaks for nobody, and its hub stays named, so no pin speaks for it either.
    let read = |row: MemberRow| {
        Member::try_from(row)
            .inspect_err(|error| {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "a member cannot be read"
                );
            })
            .ok()
    };
    let said: Vec<Member> = rows.into_iter().rev().filter_map(read).collect();
    Ok(last_words(said, |member| &member.membership))
}
