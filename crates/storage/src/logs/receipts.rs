//! Proving one record's newest entry to anybody.

use std::cmp::Reverse;

use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use domain::log::{Receipt, proof};
use sea_orm::FromQueryResult;

use super::heads::{self, LogRow};
use super::{EntryKey, read, tiles};
use crate::{Database, StorageError, sql};

#[derive(FromQueryResult)]
struct Newest {
    id: i64,
    audience: i32,
}

/// Makes a receipt for a record's newest entry; nothing for a record that is not held and proved, or that whoever asks may
/// not see. Which key is trusted for
/// the checkpoint is the caller's to say.
pub async fn receipt(
    db: &Database,
    hub: &HubId,
    record: RecordId,
    sight: Sight,
) -> Result<Option<Receipt>, StorageError> {
    let found = newest(db, hub, record).await?;
    let Some((found, row, checkpoint)) =
        found.filter(|(found, ..)| found.audience <= sight.rank().into())
    else {
        return Ok(None);
    };
    let entry = EntryKey::from(found.id);
    let size = sql::unsigned(row.proved_size);
    let ranges = proof::inclusion(entry.place(), size);
    let tiles = tiles::load(db.reader(), row.id, proof::tiles(&ranges)).await?;
    let proof = proof::hashes(&ranges, &tiles)
        .ok_or_else(|| StorageError::corrupt("tile", row.id, "a tile is missing or short"))?;
    let place = entry.place();
    let Some(raw) = read::stretch(db, row.id, place..place + 1).await?.pop() else {
        return Ok(None);
    };
    Ok(Some(Receipt {
        header: raw.header,
        payload: raw.payload,
        index: place,
        proof: proof.iter().map(ToString::to_string).collect(),
        public_key: String::new(),
        checkpoint,
    }))
}

async fn newest(
    db: &Database,
    hub: &HubId,
    record: RecordId,
) -> Result<Option<(Newest, LogRow, String)>, StorageError> {
    let mut proved = heads::list_proved(db).await?;
    proved.retain(|head| head.log.hub == *hub);
    proved.sort_unstable_by_key(|head| Reverse(head.log.epoch));
    for head in proved {
        let Some(row) = heads::find_row(db.reader(), &head.log).await? else {
            continue;
        };
        let keys = EntryKey::range_of(row.id);
        let proved = EntryKey::new(row.id, head.size);
        let text = "SELECT id, audience FROM entry WHERE record = $1 AND id >= $2 AND id < $3 ORDER BY revision DESC, id LIMIT 1";
        let values = vec![record.as_uuid().into(), keys.start.into(), proved.into()];
        if let Some(found) = sql::one::<Newest>(db.reader(), text, values).await? {
            return Ok(Some((found, row, head.checkpoint)));
        }
    }
    Ok(None)
}
