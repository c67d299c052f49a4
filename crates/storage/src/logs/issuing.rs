//! Writing this hub's own entries.

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{EntryDraft, SealedEntry};
use domain::identity::{Epoch, LogId};
use domain::log::{Append, Checkpoint, Hash, SigningKey, VerifiedEntry};
use sea_orm::DatabaseTransaction;

use super::door::{self, Batch, Origin, Stored};
use super::heads::{self, LogRow};
use super::{EntryKey, tiles};
use crate::following::Changed;
use crate::local::Local;
use crate::{Database, StorageError, halt, sql};

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
    db.commit(tx, row.id, &[], Changed::Nothing).await?;
    Ok(log)
}

/// This hub's open log: that of its highest epoch of which anything counts.
pub async fn own_log(db: &Database) -> Result<Option<LogId>, StorageError> {
    heads::newest_of(db.reader(), db.network(), db.hub()).await
}

/// Appends entries to this hub's log, all or none. Each draft must be its record's next revision.
pub async fn issue(
    db: &Database,
    key: &SigningKey,
    drafts: Vec<EntryDraft>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Issued, StorageError> {
    issue_with(db, key, drafts, Local::default(), clock, entropy).await
}

/// The same, together with changes of what stays at this hub: all of it is done, or nothing.
pub async fn issue_with(
    db: &Database,
    key: &SigningKey,
    drafts: Vec<EntryDraft>,
    local: Local,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Issued, StorageError> {
    let issued = issue_untold(db, key, drafts, local, clock, entropy).await?;
    db.show(issued.position).await;
    Ok(issued)
}

/// The same for who calls [`Database::show`] before anybody is told.
pub(super) async fn issue_untold(
    db: &Database,
    key: &SigningKey,
    drafts: Vec<EntryDraft>,
    local: Local,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Issued, StorageError> {
    let log = own_log(db)
        .await?
        .ok_or_else(|| StorageError::NoLog(db.hub().clone()))?;
    if !db.booted().await {
        let why = "the hub has just started and asks its peers whether they hold more of it; try again in some seconds";
        let (hub, why) = (log.hub, why.to_owned());
        return Err(StorageError::Closed { hub, why });
    }
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
    if row.has_successor() {
        let why = "the hub has just gone on in a new log; try again".to_owned();
        return Err(StorageError::Closed { hub: log.hub, why });
    }
    if let Some(halted) = halt::read_in(&tx).await? {
        let why = halted.why.to_string();
        return Err(StorageError::Closed { hub: log.hub, why });
    }
    local.apply(&tx).await?;
    let entries: Vec<_> = (0..sealed.len()).map(|place| row.key(place)).collect();
    let stored = append(db, &tx, &row, &log, key, sealed, clock).await?;
    let changed = Changed::places(&row, row.size()..stored.size);
    let position = db
        .commit_audited(tx, row.id, &stored.dropped, changed, &local.audit)
        .await?;
    Ok(Issued { entries, position })
}

/// Appends entries to a log of this hub whose row the transaction holds, and signs it.
pub(super) async fn append(
    db: &Database,
    tx: &DatabaseTransaction,
    row: &LogRow,
    log: &LogId,
    key: &SigningKey,
    sealed: Vec<SealedEntry>,
    clock: &dyn Clock,
) -> Result<Stored, StorageError> {
    let edge = tiles::edge(tx, row.id, row.size()).await?;
    let append = edge.append(
        sealed
            .iter()
            .map(|entry| Hash::of_leaf(entry.header_text.as_bytes())),
    );
    let batch = Batch {
        entries: sealed.into_iter().map(verified).collect(),
        checkpoint: checkpoint(log, &append).sign(key),
        append,
    };
    door::pass(db, tx, row, Origin::Here, batch, clock.now()).await
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
