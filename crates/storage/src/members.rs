//! What logs say of the network's members. It counts only where the log is the authority's: see [`crate::trust`].

use std::collections::BTreeSet;

use domain::identity::{HubId, RecordId};
use domain::trust::{Membership, MembershipDraft};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

use crate::bulk::Insert;
use crate::logs::EntryKey;
use crate::projection::Row;
use crate::{Database, StorageError, sql, trust};

/// The most members that are read: a network has dozens.
const MOST_MEMBERS: u32 = 10_000;

const MEMBERS: Insert<5> = Insert {
    table: "member",
    columns: ["key", "hub_id", "record", "entry", "body"],
    conflict: "",
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

/// Writes what a log says of members, and lets the next rounds look again at all heads: who was a stranger may be none.
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
    trust::look_again(tx).await
}

/// The members that a hub's log names, each hub once, by what was said of it last.
pub async fn list(db: &Database, authority: &HubId) -> Result<Vec<Member>, StorageError> {
    let text =
        "SELECT member.key, member.record, member.entry, body FROM member JOIN hub ON hub.id = member.hub_id
        WHERE hub.slug = $1 ORDER BY member.entry DESC LIMIT $2";
    let values = vec![authority.as_str().into(), i64::from(MOST_MEMBERS).into()];
    let rows: Vec<MemberRow> = sql::all(db.reader(), text, values).await?;
    let mut members: Vec<Member> = Vec::with_capacity(rows.len());
    let mut seen = BTreeSet::new();
    for row in rows {
        let member = Member::try_from(row)?;
        if seen.insert(member.membership.hub.clone()) {
            members.push(member);
        }
    }
    members.sort_by(|one, other| one.membership.hub.cmp(&other.membership.hub));
    Ok(members)
}
