//! This hub's answers to replications, for whom the replications are.
//!
//! What the source of a replication says is for whom the replication is. The adopter's hub may open the replication to
//! everybody when the answer is written already, and only this hub can say its answer to them: [`settle`] writes such answers
//! anew, one in each transaction, and goes on where it was when it was cut off.

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::RecordId;
use domain::log::SigningKey;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::bodies::{self, Content, Item};
use crate::items::Role;
use crate::{Database, StorageError, logs, sql};

#[derive(FromQueryResult)]
struct DueRow {
    record: Uuid,
    entry: i64,
}

/// Writes the answers that are due, at most `most`, and says how many. One that somebody else writes meanwhile is left for the
/// next time.
pub async fn settle(
    db: &Database,
    key: &SigningKey,
    most: u32,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<u32, StorageError> {
    let due = due(db, most).await?;
    let read = bodies::load(db, due.iter().map(|row| Some(row.entry.into()))).await?;
    let mut settled = 0;
    for (row, body) in due.iter().zip(read) {
        let Some(body) = body else { continue };
        let Content::Item(item) = &body.content else {
            continue;
        };
        if !matches!(**item, Item::ReplicationAnswer(_)) {
            continue;
        }
        let entry = EntryDraft {
            record: RecordId::from(row.record),
            revision: body.revision + 1,
            kind: Kind::parse(Kind::REPLICATION_ANSWER).expect("our own kinds are well formed"),
            audience: Audience::Public,
            at: clock.now(),
            change: Change::Put(item.to_text()),
        };
        match logs::issue(db, key, vec![entry], clock, entropy).await {
            Ok(_) => settled += 1,
            Err(StorageError::Conflict { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(settled)
}

/// This hub's answers that are not for everybody, to replications of its innovations that are.
async fn due(db: &Database, most: u32) -> Result<Vec<DueRow>, StorageError> {
    let (answer, replication) = (Kind::REPLICATION_ANSWER, Kind::REPLICATION);
    let (subject, source) = (Role::Subject.code(), Role::Source.code());
    let is_replication = sql::unindexed("asked.kind", replication);
    let text = format!(
        "SELECT said.record AS record, said.entry AS entry
         FROM hub CROSS JOIN item AS said CROSS JOIN item_link AS link CROSS JOIN item AS asked CROSS JOIN item_link AS origin
            JOIN hub AS asker ON asker.id = asked.hub_id AND asker.slug = link.hub
         WHERE hub.slug = $1 AND said.hub_id = hub.id AND said.kind = '{answer}' AND said.audience <> 0 AND said.audience = 1
            AND link.item = said.key AND link.role = '{subject}'
            AND asked.record = link.record AND {is_replication} AND asked.audience = 0
            AND origin.item = asked.key AND origin.role = '{source}' AND origin.hub = hub.slug
         ORDER BY said.key LIMIT $2"
    );
    let values = vec![db.hub().as_str().into(), i64::from(most).into()];
    Ok(sql::all(db.reader(), &text, values).await?)
}
