//! What was seen of a log but is not yet held, and what was found wrong with it.

use domain::identity::{HubId, LogId};
use domain::log::SignedCheckpoint;
use sea_orm::FromQueryResult;
use time::OffsetDateTime;

use super::{heads, millis};
use crate::following::Changed;
use crate::{Database, StorageError, sql};

/// Notes that a trusted checkpoint states this size.
pub async fn note_seen(
    db: &Database,
    log: &LogId,
    size: u64,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, log).await?;
    // A log that was behind before the time was kept has none: it is behind since now, as far as anybody knows.
    let text = "UPDATE log SET newest_seen = CASE WHEN newest_seen < $1 THEN $1 ELSE newest_seen END,
        behind_since = COALESCE(behind_since, $2) WHERE id = $3 AND size < $1 AND (newest_seen < $1 OR behind_since IS NULL)";
    let values = vec![sql::signed(size).into(), millis(now).into(), row.id.into()];
    if sql::execute(&tx, text, values).await? > 0 || row.size == 0 {
        tx.commit().await?;
    }
    Ok(())
}

/// Waits no more for what was seen of a log and is not held: the key that stated it was closed before. What counts is stated
/// again.
pub async fn forget_seen(db: &Database, log: &LogId) -> Result<(), StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(());
    };
    let text = "UPDATE log SET newest_seen = size, behind_since = NULL, unproved_since = NULL
        WHERE id = $1 AND newest_seen > size";
    sql::execute(db.writer(), text, vec![row.id.into()]).await?;
    Ok(())
}

/// Notes that no supplier proves the newest head.
pub async fn note_unproved(
    db: &Database,
    log: &LogId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(());
    };
    let text = "UPDATE log SET unproved_since = COALESCE(unproved_since, $1) WHERE id = $2";
    sql::execute(db.writer(), text, vec![millis(now).into(), row.id.into()]).await?;
    Ok(())
}

/// Notes that suppliers were found again, before pulling.
pub async fn note_hope(db: &Database, log: &LogId) -> Result<(), StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(());
    };
    if row.unproved_since.is_some() {
        let text = "UPDATE log SET unproved_since = NULL WHERE id = $1";
        sql::execute(db.writer(), text, vec![row.id.into()]).await?;
    }
    Ok(())
}

/// Sets a log aside, or takes it up again when there is no reason left.
pub async fn park(db: &Database, log: &LogId, reason: Option<&str>) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, log).await?;
    let text = "UPDATE log SET parked = $1 WHERE id = $2";
    sql::execute(
        &tx,
        text,
        vec![reason.map(str::to_owned).into(), row.id.into()],
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Two checkpoints that cannot both be true of one log.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ForkEvidence {
    /// The size at which they part.
    pub size: i64,
    /// What we hold.
    pub ours: String,
    /// What the peer gave.
    pub theirs: String,
    /// The peer that gave it.
    pub peer: String,
    /// When it was found, in Unix milliseconds.
    pub found_at: i64,
    /// The first entry at which the two histories differ, if it is known.
    pub differs_at: Option<i64>,
}

/// What comes of two checkpoints that cannot both be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Another hub's log is frozen, unless its next one says what counts.
    Frozen,
    /// They are kept, and nothing else.
    Noted,
}

/// The most pieces of evidence that are kept of one log, and listed.
const MOST_KEPT: u32 = 200;
const MOST_LISTED: u32 = 100;

/// Keeps two checkpoints that cannot both be true, of each size the first, and of one log two hundred.
pub async fn note_fork(
    db: &Database,
    theirs: &SignedCheckpoint,
    differs_at: Option<u64>,
    peer: &HubId,
    consequence: Consequence,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, theirs.log()).await?;
    let keep = "INSERT INTO fork_evidence (log_id, size, ours, theirs, peer, found_at, differs_at)
        SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT)
        WHERE (SELECT COUNT(*) FROM fork_evidence WHERE log_id = $1) < $8 ON CONFLICT DO NOTHING";
    let values = vec![
        row.id.into(),
        sql::signed(theirs.size()).into(),
        row.checkpoint.unwrap_or_default().into(),
        theirs.text().into(),
        peer.as_str().into(),
        millis(now).into(),
        differs_at.map(sql::signed).into(),
        i64::from(MOST_KEPT).into(),
    ];
    let mut changes = sql::execute(&tx, keep, values).await?;
    if consequence == Consequence::Frozen && theirs.log().hub != *db.hub() {
        let freeze = "UPDATE log SET forked_at = $1 WHERE id = $2 AND accepted_by IS NULL AND forked_at IS NULL";
        changes += sql::execute(&tx, freeze, vec![millis(now).into(), row.id.into()]).await?;
    }
    // What is known already is no news for peers, which would ask again.
    if changes > 0 {
        db.commit_untold(tx, row.id, &[], Changed::Nothing).await?;
    }
    Ok(())
}

/// Freezes a log no more, since none of its evidence counts: the keys of its hub changed. Nothing happens if there is other
/// evidence than was looked at. What was kept is still listed.
pub async fn thaw(db: &Database, log: &LogId, judged: usize) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, log).await?;
    let text = "UPDATE log SET forked_at = NULL WHERE id = $1 AND forked_at IS NOT NULL
        AND (SELECT COUNT(*) FROM fork_evidence WHERE log_id = $1) = $2";
    let judged = i64::try_from(judged).unwrap_or(i64::MAX);
    if sql::execute(&tx, text, vec![row.id.into(), judged.into()]).await? > 0 {
        db.commit_untold(tx, row.id, &[], Changed::Nothing).await?;
    }
    Ok(())
}

/// How many pieces of evidence are kept against a log.
pub async fn count_evidence(db: &Database, log: &LogId) -> Result<u64, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(0);
    };
    let text = "SELECT COUNT(*) FROM fork_evidence WHERE log_id = $1";
    let number = sql::number(db.reader(), text, vec![row.id.into()]).await?;
    Ok(sql::unsigned(number))
}

/// The evidence kept against a log: the first hundred pieces, by size.
pub async fn list_evidence(db: &Database, log: &LogId) -> Result<Vec<ForkEvidence>, StorageError> {
    evidence(db, log, MOST_LISTED).await
}

/// All evidence kept against a log.
pub async fn all_evidence(db: &Database, log: &LogId) -> Result<Vec<ForkEvidence>, StorageError> {
    evidence(db, log, MOST_KEPT).await
}

async fn evidence(
    db: &Database,
    log: &LogId,
    limit: u32,
) -> Result<Vec<ForkEvidence>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(Vec::new());
    };
    let text = "SELECT size, ours, theirs, peer, found_at, differs_at FROM fork_evidence WHERE log_id = $1 ORDER BY size LIMIT $2";
    let values = vec![row.id.into(), i64::from(limit).into()];
    Ok(sql::all(db.reader(), text, values).await?)
}
