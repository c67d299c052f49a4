//! What a hub's next log says of the one before: taken from its first entry, and applied to what is held.

use domain::entry::Payload;
use domain::identity::{Epoch, LogId};
use domain::log::left_out::Chained;
use domain::log::{Accepted, Opening, Settlement};
use domain::rules::Rule;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use time::OffsetDateTime;

use super::aside::Reason;
use super::heads::{self, LogRow};
use super::{cutting, left_out, read, tiles};
use crate::content::Unreadable;
use crate::logs::EntryKey;
use crate::projection::Said;
use crate::{Database, StorageError, sql, trust};

/// Applies what first entries of logs say of the logs before them.
pub(crate) async fn project(
    db: &Database,
    tx: &DatabaseTransaction,
    said: &[Said],
) -> Result<Vec<(EntryKey, Unreadable)>, StorageError> {
    let mut unreadable = Vec::new();
    for Said { entry, at, opening } in said {
        let entry = *entry;
        if entry.place() > 0 {
            let why = Unreadable::new("place", "an opening stands first in its log");
            unreadable.push((entry, why));
            continue;
        }
        let Some(log) = heads::find_by_id(tx, entry.log_id()).await? else {
            continue;
        };
        let log = log.log_id(db.network())?;
        if opening.previous >= log.epoch {
            let why = Unreadable::new("epoch", "an opening speaks of an earlier log than its own");
            unreadable.push((entry, why));
            continue;
        }
        accept(db, tx, &log, opening, *at).await?;
    }
    Ok(unreadable)
}

async fn accept(
    db: &Database,
    tx: &DatabaseTransaction,
    log: &LogId,
    opening: &Opening,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let previous = LogId {
        epoch: opening.previous,
        ..log.clone()
    };
    let row = heads::open_row(tx, &previous).await?;
    let text = "UPDATE log SET accepted_size = $1, accepted_root = $2, accepted_by = $3
        WHERE id = $4 AND (accepted_by IS NULL OR accepted_by <= $3)";
    let values = vec![
        sql::signed(opening.accepted.size).into(),
        opening.accepted.root.as_bytes().to_vec().into(),
        sql::signed(log.epoch.get()).into(),
        row.id.into(),
    ];
    if sql::execute(tx, text, values).await? > 0 {
        settle(db, tx, &row, &opening.accepted, now).await?;
    }
    pass_over(tx, &row, log).await
}

/// What was seen of logs between these two, and is not held, is waited for no more: their hub lost them and went on without.
/// Whoever holds one states it in every look at the heads, and then it is looked for again.
async fn pass_over(
    tx: &DatabaseTransaction,
    previous: &LogRow,
    next: &LogId,
) -> Result<(), StorageError> {
    let text = "UPDATE log SET newest_seen = size, behind_since = NULL, unproved_since = NULL
        WHERE hub_id = $1 AND epoch > $2 AND epoch < $3 AND newest_seen > size";
    let next = sql::signed(next.epoch.get());
    let values = vec![previous.hub_id.into(), previous.epoch.into(), next.into()];
    sql::execute(tx, text, values).await?;
    Ok(())
}

/// Brings a log to what its successor accepts of it, as far as that can be done with what is held.
async fn settle(
    db: &Database,
    tx: &DatabaseTransaction,
    row: &LogRow,
    accepted: &Accepted,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let there = if accepted.size <= row.size() {
        Some(tiles::edge(tx, row.id, accepted.size).await?.root())
    } else {
        None
    };
    let settlement = accepted.settle(row.size(), there);
    if settlement != Settlement::Settled && Rule::AcceptedLookedFor.holds() {
        // While the log was frozen, heads of it were passed over that count now.
        trust::look_again(tx).await?;
    }
    match settlement {
        Settlement::Cut(size) => {
            // What peers hold of it was not written here, so nothing of it outranks what is shown.
            let reason = Some(Reason::Branch);
            Box::pin(cutting::cut_in(db, tx, row, size, reason, now)).await?;
        }
        // Which place it strays from is asked of peers in the next round; until then the log stays frozen.
        Settlement::Astray => return Ok(()),
        Settlement::Settled => left_out::release(tx, row).await?,
        Settlement::Short => {}
    }
    let text = "UPDATE log SET forked_at = NULL, newest_seen = $1 WHERE id = $2";
    sql::execute(
        tx,
        text,
        vec![sql::signed(accepted.size).into(), row.id.into()],
    )
    .await?;
    Ok(())
}

/// Looks whether a log has come to what its successor accepts of it: then nothing of that is left out.
pub(super) async fn release(
    tx: &DatabaseTransaction,
    row: &LogRow,
    size: u64,
) -> Result<(), StorageError> {
    if row.accepted_size != Some(sql::signed(size)) {
        return Ok(());
    }
    let grown = LogRow {
        size: sql::signed(size),
        ..row.clone()
    };
    if chained(tx, &grown).await?.is_settled {
        left_out::release(tx, &grown).await?;
    }
    Ok(())
}

/// What is known of a log among those of its hub.
pub(super) async fn chained(
    tx: &DatabaseTransaction,
    row: &LogRow,
) -> Result<Chained, StorageError> {
    let epoch = Epoch::new(sql::unsigned(row.epoch));
    let epoch = epoch.map_err(|error| StorageError::corrupt("log", row.id, error))?;
    let accepted = accepted_of(row)?;
    let is_settled = match &accepted {
        Some((accepted, _)) if accepted.size <= row.size() => {
            tiles::edge(tx, row.id, accepted.size).await?.root() == accepted.root
        }
        _ => false,
    };
    Ok(Chained {
        epoch,
        accepted_by: accepted.map(|(_, by)| by),
        is_settled,
    })
}

/// Takes back what the first entry of a log said, which was cut, and lets those of the hub's other logs say it.
pub(super) async fn take_back(
    db: &Database,
    tx: &DatabaseTransaction,
    row: &LogRow,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let text = "UPDATE log SET accepted_size = NULL, accepted_root = NULL, accepted_by = NULL
        WHERE hub_id = $1 AND accepted_by = $2";
    let freed = sql::execute(tx, text, vec![row.hub_id.into(), row.epoch.into()]).await?;
    if freed == 0 {
        return Ok(());
    }
    for id in heads::ids_of_hub(tx, row.hub_id).await? {
        let Some(other) = heads::find_by_id(tx, id).await? else {
            continue;
        };
        if let Some(opening) = said_by(tx, id).await? {
            accept(db, tx, &other.log_id(db.network())?, &opening, now).await?;
        }
    }
    Ok(())
}

/// What the first entry of a log says of the log before it.
async fn said_by(db: &impl ConnectionTrait, log_id: i64) -> Result<Option<Opening>, StorageError> {
    let first = read::stretch_in(db, log_id, 0..1).await?.pop();
    let payload = first.and_then(|first| first.payload);
    let payload = payload
        .as_deref()
        .and_then(|text| Payload::parse(text).ok());
    Ok(payload.and_then(|payload| Opening::parse(payload.body()).ok()))
}

/// The same, of a log that is held.
pub async fn opening(db: &Database, log: &LogId) -> Result<Option<Opening>, StorageError> {
    match heads::find_row(db.reader(), log).await? {
        Some(row) => said_by(db.reader(), row.id).await,
        None => Ok(None),
    }
}

/// What a row says of its successor.
pub(super) fn accepted_of(row: &LogRow) -> Result<Option<(Accepted, Epoch)>, StorageError> {
    let (Some(size), Some(root), Some(by)) =
        (row.accepted_size, &row.accepted_root, row.accepted_by)
    else {
        return Ok(None);
    };
    let corrupt = |rule: &str| StorageError::corrupt("log", row.id, rule);
    let root: [u8; 32] = root[..]
        .try_into()
        .map_err(|_| corrupt("the accepted root has not 32 bytes"))?;
    let by = Epoch::new(sql::unsigned(by)).map_err(|_| corrupt("no epoch accepts it"))?;
    let size = sql::unsigned(size);
    let root = root.into();
    Ok(Some((Accepted { size, root }, by)))
}
