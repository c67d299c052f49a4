//! Storing a verified page of another hub's log.

use domain::clock::Clock;
use domain::log::VerifiedPage;

use super::door::{self, Batch, Origin, Stored};
use super::heads;
use crate::{Database, StorageError};

/// Stores a page whole, if the log is still where the page begins; a page that comes twice is refused without harm.
pub async fn apply(
    db: &Database,
    page: VerifiedPage,
    clock: &dyn Clock,
) -> Result<Stored, StorageError> {
    let log = page.checkpoint.log().clone();
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, &log).await?;
    if let Some(why) = row.closed() {
        return Err(StorageError::Closed { hub: log.hub, why });
    }
    if row.size() != page.from {
        return Err(StorageError::Moved {
            held: row.size(),
            from: page.from,
        });
    }
    let batch = Batch {
        entries: page.entries,
        append: page.append,
        checkpoint: page.checkpoint,
    };
    let stored = door::pass(&tx, &row, Origin::Elsewhere, batch, clock.now()).await?;
    db.commit(tx, row.id, &stored.dropped).await?;
    Ok(stored)
}
