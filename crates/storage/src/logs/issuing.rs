//! Writing this hub's own entries.

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{EntryDraft, SealedEntry};
use domain::identity::{Epoch, LogId};
use domain::log::{Append, Checkpoint, Hash, SigningKey, VerifiedEntry};

use super::door::{self, Batch, Origin};
use super::heads;
use super::{EntryKey, tiles};
use crate::{Database, StorageError, sql};

/// What writing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The entries, in the order of the drafts.
    pub entries: Vec<EntryKey>,
    /// The commit that holds them.
    pub position: u64,
}

/// Opens this hub's first log, if it has none, with a signed checkpoint of its emptiness.
pub async fn open_own(
    db: &Database,
    epoch: Epoch,
    key: &SigningKey,
    clock: &dyn Clock,
) -> Result<LogId, StorageError> {
    if let Some(log) = own_log(db).await? {
        return Ok(log);
    }
    let log = LogId {
        network: db.network().clone(),
        hub: db.hub().clone(),
        epoch,
    };
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, &log).await?;
    let empty = Checkpoint {
        log: log.clone(),
        size: 0,
        root: Hash::of_empty_tree(),
    }
    .sign(key);
    let text = "UPDATE log SET checkpoint = $1, proved_at = $2 WHERE id = $3";
    let values = vec![
        empty.text().into(),
        door::millis(clock.now()).into(),
        row.id.into(),
    ];
    sql::execute(&tx, text, values).await?;
    db.commit(tx, row.id, &[]).await?;
    Ok(log)
}

/// This hub's open log: that of its highest epoch.
pub async fn own_log(db: &Database) -> Result<Option<LogId>, StorageError> {
    let heads = heads::list_proved(db).await?;
    let own = heads
        .into_iter()
        .map(|head| head.log)
        .filter(|log| log.hub == *db.hub());
    Ok(own.max_by_key(|log| log.epoch))
}

/// Appends entries to this hub's log, all or none. Each draft must be its record's next revision.
pub async fn issue(
    db: &Database,
    key: &SigningKey,
    drafts: Vec<EntryDraft>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Issued, StorageError> {
    let log = own_log(db)
        .await?
        .ok_or_else(|| StorageError::NoLog(db.hub().clone()))?;
    // Salting and hashing is the slow part, so it comes before the lock.
    let sealed = drafts
        .into_iter()
        .map(|draft| draft.seal(entropy))
        .collect::<Result<Vec<_>, _>>()?;
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, &log).await?;
    if let Some(why) = row.closed() {
        return Err(StorageError::Closed { hub: log.hub, why });
    }
    let edge = tiles::edge(&tx, row.id, row.size()).await?;
    let append = edge.append(
        sealed
            .iter()
            .map(|entry| Hash::of_leaf(entry.header_text.as_bytes())),
    );
    let checkpoint = checkpoint(&log, &append).sign(key);
    let entries = (row.size()..append.edge.size())
        .map(|place| EntryKey::new(row.id, place))
        .collect();
    let batch = Batch {
        entries: sealed.into_iter().map(verified).collect(),
        append,
        checkpoint,
    };
    let stored = door::pass(&tx, &row, Origin::Here, batch, clock.now()).await?;
    let position = db.commit(tx, row.id, &stored.dropped).await?;
    Ok(Issued { entries, position })
}

fn checkpoint(log: &LogId, append: &Append) -> Checkpoint {
    Checkpoint {
        log: log.clone(),
        size: append.edge.size(),
        root: append.edge.root(),
    }
}

fn verified(entry: SealedEntry) -> VerifiedEntry {
    VerifiedEntry {
        header_text: entry.header_text,
        header: Ok(entry.header),
        payload: entry.payload,
    }
}
