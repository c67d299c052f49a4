//! What peers showed that they hold of each log, and so whether they have a record's newest entry.

use domain::entry::Header;
use domain::holding::{Holding, Newest, PeerHolding};
use domain::identity::{HubId, LogId, RecordId};
use sea_orm::FromQueryResult;
use time::OffsetDateTime;

use crate::logs::{EntryKey, millis};
use crate::{Database, StorageError, sql};

/// Notes that a peer holds a log up to a size. Only what changed is written.
pub async fn note(
    db: &Database,
    peer: i64,
    log: &LogId,
    size: u64,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let text = "INSERT INTO peer_head (peer, log, size, seen_at)
        SELECT $1, log.id, $2, $3 FROM log JOIN hub ON hub.id = log.hub_id WHERE slug = $4 AND epoch = $5
        ON CONFLICT (peer, log) DO UPDATE SET size = excluded.size, seen_at = excluded.seen_at
        WHERE peer_head.size <> excluded.size";
    let values = vec![
        peer.into(),
        sql::signed(size).into(),
        millis(now).into(),
        log.hub.as_str().into(),
        sql::signed(log.epoch.get()).into(),
    ];
    sql::execute(db.writer(), text, values).await?;
    Ok(())
}

/// Notes that a peer holds all logs up to where they are proved here.
pub async fn note_all(db: &Database, peer: i64, now: OffsetDateTime) -> Result<(), StorageError> {
    let text = "INSERT INTO peer_head (peer, log, size, seen_at)
        SELECT $1, log.id, proved_size, $2 FROM log WHERE checkpoint IS NOT NULL
        ON CONFLICT (peer, log) DO UPDATE SET size = excluded.size, seen_at = excluded.seen_at
        WHERE peer_head.size <> excluded.size";
    let values = vec![peer.into(), millis(now).into()];
    sql::execute(db.writer(), text, values).await?;
    Ok(())
}

/// Forgets what a peer was noted to hold.
pub async fn forget(db: &Database, peer: i64) -> Result<(), StorageError> {
    let text = "DELETE FROM peer_head WHERE peer = $1";
    sql::execute(db.writer(), text, vec![peer.into()]).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct NewestRow {
    id: i64,
    header: Vec<u8>,
}

#[derive(FromQueryResult)]
struct PeerRow {
    hub: String,
    size: Option<i64>,
    seen_at: Option<i64>,
}

/// Says which peers showed that they hold a record's newest entry; nothing for a record that was never here.
pub async fn find(
    db: &Database,
    hub: &HubId,
    record: RecordId,
) -> Result<Option<Holding>, StorageError> {
    let text = "SELECT entry.id, entry.header FROM entry
        JOIN log ON entry.id >= log.id * $1 AND entry.id < (log.id + 1) * $1
        JOIN hub ON hub.id = log.hub_id
        WHERE entry.record = $2 AND slug = $3 ORDER BY epoch DESC, revision DESC, entry.id LIMIT 1";
    let values = vec![
        EntryKey::range_of(0).end.into(),
        record.as_uuid().into(),
        hub.as_str().into(),
    ];
    let Some(row) = sql::one::<NewestRow>(db.reader(), text, values).await? else {
        return Ok(None);
    };
    let key = EntryKey::from(row.id);
    let header = std::str::from_utf8(&row.header)
        .map_err(|error| StorageError::corrupt("entry", row.id, error))
        .map(Header::parse)?;
    let header = header.map_err(|error| StorageError::corrupt("entry", row.id, error))?;
    let text = "SELECT peer.hub, peer_head.size, peer_head.seen_at FROM peer
        LEFT JOIN peer_head ON peer_head.peer = peer.id AND peer_head.log = $1 ORDER BY peer.id LIMIT 1000";
    let rows: Vec<PeerRow> = sql::all(db.reader(), text, vec![key.log_id().into()]).await?;
    let peers = rows.into_iter().map(|row| {
        Ok(PeerHolding {
            hub: HubId::parse(&row.hub)
                .map_err(|error| StorageError::corrupt("peer", &row.hub, error))?,
            size: row.size.map_or(0, sql::unsigned),
            seen_at: row.seen_at,
        })
    });
    Ok(Some(Holding {
        newest: Newest {
            index: key.place(),
            revision: header.revision,
            operation: header.operation,
        },
        peers: peers.collect::<Result<_, StorageError>>()?,
    }))
}
