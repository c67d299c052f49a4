//! Storing a verified page of a log, as a peer gave it: another hub's, or this hub's own that it lost.

use domain::clock::Clock;
use domain::log::{SignedCheckpoint, VerifiedPage};
use domain::rules::Rule;
use sea_orm::DatabaseTransaction;

use super::door::{self, Batch, Origin, Stored};
use super::{audience, heads, tiles};
use crate::following::Changed;
use crate::{Database, StorageError, sql, trust};

/// Stores a page whole, if the log is still what the page was proved to continue; a page that comes twice is refused
/// without harm. The root is compared, too: another process may have cut the log and brought another branch to this size.
/// With the mark of the trust by which the page's checkpoint counts, that must be the trust of now.
pub async fn apply(
    db: &Database,
    page: VerifiedPage,
    trust_mark: Option<i64>,
    clock: &dyn Clock,
) -> Result<Stored, StorageError> {
    let log = page.checkpoint.log().clone();
    let fresh = match page.from {
        0 => Some(audience::sight_here(db, &log.hub).await?),
        _ => None,
    };
    let tx = db.begin().await?;
    let mut row = heads::open_row(&tx, &log).await?;
    if let Some(why) = row.closed() {
        return Err(StorageError::Closed { hub: log.hub, why });
    }
    if let Some(judged) = trust_mark {
        check_trust(&tx, judged).await?;
    }
    let edge = tiles::edge(&tx, row.id, row.size()).await?;
    if !page.continues(&edge) && Rule::SizeCompared.holds() {
        return Err(StorageError::Moved {
            held: row.size(),
            from: page.from,
        });
    }
    if let Some(sight) = fresh {
        audience::note(&tx, &row, sight).await?;
        row.sight = sight;
    }
    let end = page.append.edge.size();
    if row
        .accepted_size
        .is_some_and(|accepted| end > sql::unsigned(accepted))
    {
        let why = "its hub's next log does not accept so much of it".to_owned();
        return Err(StorageError::Closed { hub: log.hub, why });
    }
    let batch = Batch {
        entries: page.entries,
        append: page.append,
        checkpoint: page.checkpoint,
    };
    let stored = door::pass(db, &tx, &row, Origin::of(db, &row), batch, clock.now()).await?;
    let changed = Changed::places(&row, row.size()..stored.size);
    if fresh.is_some() {
        // Who may see what of the hub may be another matter from now on.
        db.commit(tx, row.id, &stored.dropped, changed).await?;
    } else {
        db.commit_untold(tx, row.id, &stored.dropped, changed)
            .await?;
    }
    Ok(stored)
}

/// Refuses what was judged by an older trust than that of now.
async fn check_trust(tx: &DatabaseTransaction, judged: i64) -> Result<(), StorageError> {
    if trust::read_mark(tx).await? == judged {
        Ok(())
    } else {
        Err(StorageError::TrustMoved)
    }
}

/// Takes a checkpoint for a size that is held already, if it is of what is held; says whether it is. It counts by the trust of
/// this mark, which must be the trust of now.
pub async fn adopt(
    db: &Database,
    checkpoint: &SignedCheckpoint,
    trust_mark: i64,
    clock: &dyn Clock,
) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    check_trust(&tx, trust_mark).await?;
    let row = heads::open_row(&tx, checkpoint.log()).await?;
    let accepted = row.accepted_size.map_or(u64::MAX, sql::unsigned);
    if checkpoint.size() > row.size().min(accepted)
        || checkpoint.size() < sql::unsigned(row.proved_size)
    {
        return Ok(false);
    }
    let edge = tiles::edge(&tx, row.id, checkpoint.size()).await?;
    if edge.root() != *checkpoint.root() {
        return Ok(false);
    }
    let text =
        "UPDATE log SET proved_size = $1, checkpoint = $2, proved_at = $3, unproved_since = NULL,
        tail = CASE WHEN size > $1 THEN tail END WHERE id = $4";
    let values = vec![
        sql::signed(checkpoint.size()).into(),
        checkpoint.text().into(),
        door::millis(clock.now()).into(),
        row.id.into(),
    ];
    sql::execute(&tx, text, values).await?;
    db.commit_untold(tx, row.id, &[], Changed::Nothing).await?;
    Ok(true)
}
