//! Beginning a new log for this hub, and issuing again what was set aside.

use std::collections::HashMap;

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{Audience, Change, EntryDraft, Header, Kind, Operation, Payload};
use domain::identity::{Epoch, LogId, RecordId};
use domain::log::{Accepted, Checkpoint, Opening, SigningKey, TreeEdge};
use sea_orm::DatabaseTransaction;

use super::aside::{self, SetAside};
use super::heads::{self, LogRow};
use super::{cutting, door, held, issuing, tiles};
use crate::halt::{self, Halted};
use crate::{Database, StorageError, sql};

/// How many entries are issued again in one transaction.
const AT_A_TIME: u32 = 500;

/// Why a new log is begun.
#[derive(Clone, Copy, Debug)]
pub enum Occasion<'a> {
    /// The hub is halted, by this very halt if one is given: one that another process ended, or that grew graver, begins none.
    Halted(Option<&'a Halted>),
    /// The key that signed the open log counts up to this size only.
    KeyClosed(u64),
}

/// Begins a new log that accepts the open one as far as it counts, and writes again. Gives nothing if there is no occasion
/// any more.
pub async fn reopen(
    db: &Database,
    key: &SigningKey,
    occasion: Occasion<'_>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Option<LogId>, StorageError> {
    let old = issuing::own_log(db)
        .await?
        .ok_or_else(|| StorageError::NoLog(db.hub().clone()))?;
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, &old).await?;
    if row.has_successor() {
        return Ok(None);
    }
    let size = match occasion {
        Occasion::KeyClosed(size) => size.min(row.size()),
        Occasion::Halted(judged) => {
            let halted = halt::lock(&tx).await?;
            if halted.is_none() || judged.is_some_and(|judged| halted.as_ref() != Some(judged)) {
                return Ok(None);
            }
            row.size()
        }
    };
    cutting::cut_in(db, &tx, &row, size, None, clock.now()).await?;
    let edge = tiles::edge(&tx, row.id, size).await?;
    sign_anew(&tx, &row, &old, &edge, key, clock).await?;
    let second = u64::try_from(clock.now().unix_timestamp()).unwrap_or_default();
    let next = second.max(old.epoch.get() + 1);
    let log = LogId {
        epoch: Epoch::new(next).map_err(|error| StorageError::corrupt("log", next, error))?,
        ..old.clone()
    };
    let opening = Opening {
        previous: old.epoch,
        accepted: Accepted {
            size,
            root: edge.root(),
        },
    };
    halt::lift_in(&tx).await?;
    let new_row = heads::open_row(&tx, &log).await?;
    let draft = EntryDraft {
        record: RecordId::generate(clock.now(), entropy),
        revision: 1,
        kind: Kind::parse(Kind::EPOCH).map_err(domain::entry::SealError::Header)?,
        audience: Audience::Public,
        at: clock.now(),
        change: Change::Put(opening.to_body()),
    };
    let sealed = vec![draft.seal(entropy)?];
    let stored = issuing::append(db, &tx, &new_row, &log, key, sealed, clock).await?;
    db.commit(tx, new_row.id, &stored.dropped).await?;
    Ok(Some(log))
}

/// The old log's last checkpoint is signed once more, by the key of today: the one before may be closed, or of another
/// history.
async fn sign_anew(
    tx: &DatabaseTransaction,
    row: &LogRow,
    log: &LogId,
    edge: &TreeEdge,
    key: &SigningKey,
    clock: &dyn Clock,
) -> Result<(), StorageError> {
    let checkpoint = Checkpoint {
        log: log.clone(),
        size: edge.size(),
        root: edge.root(),
    };
    let text = "UPDATE log SET proved_size = $1, newest_seen = $1, checkpoint = $2, proved_at = $3, forked_at = NULL, parked = NULL,
        position = (SELECT position + 1 FROM store) WHERE id = $4";
    let values = vec![
        sql::signed(edge.size()).into(),
        checkpoint.sign(key).text().into(),
        door::millis(clock.now()).into(),
        row.id.into(),
    ];
    sql::execute(tx, text, values).await?;
    Ok(())
}

/// What issuing again came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reissued {
    /// Entries that were issued again.
    pub issued: u64,
    /// Entries that need not be: superseded, deleted since, or held already.
    pub settled: u64,
    /// Entries of records that were changed in both histories: what is shown stays, the other is kept as evidence.
    pub conflicts: u64,
}

/// Issues again what was set aside of this hub's own, some entries at a time. Nothing is done while the hub is halted.
pub async fn reissue(
    db: &Database,
    key: &SigningKey,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Reissued, StorageError> {
    let mut all = Reissued::default();
    loop {
        let some = reissue_some(db, key, clock, entropy).await?;
        if some == Reissued::default() {
            return Ok(all);
        }
        all.issued += some.issued;
        all.settled += some.settled;
        all.conflicts += some.conflicts;
    }
}

async fn reissue_some(
    db: &Database,
    key: &SigningKey,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Reissued, StorageError> {
    let mut done = Reissued::default();
    let Some(log) = issuing::own_log(db).await? else {
        return Ok(done);
    };
    let tx = db.begin().await?;
    let row = heads::open_row(&tx, &log).await?;
    if row.closed().is_some() || row.has_successor() || halt::read_in(&tx).await?.is_some() {
        return Ok(done);
    }
    let mut records = Records {
        tx: &tx,
        row: &row,
        newest: HashMap::new(),
    };
    let mut sealed = Vec::new();
    for entry in aside::waiting(&tx, AT_A_TIME).await? {
        match records.again(&entry).await? {
            Again::Issue(draft) => {
                sealed.push(draft.seal(entropy)?);
                aside::settle(&tx, entry.id, "issued", false).await?;
                done.issued += 1;
            }
            Again::Not(outcome) => {
                aside::settle(&tx, entry.id, outcome, false).await?;
                done.settled += 1;
            }
            Again::Conflict => {
                aside::settle(&tx, entry.id, "conflict", true).await?;
                done.conflicts += 1;
            }
        }
    }
    if done == Reissued::default() {
        return Ok(done);
    }
    let mut dropped = Vec::new();
    if !sealed.is_empty() {
        let stored = issuing::append(db, &tx, &row, &log, key, sealed, clock).await?;
        dropped = stored.dropped;
    }
    db.commit(tx, row.id, &dropped).await?;
    Ok(done)
}

enum Again {
    Issue(EntryDraft),
    Not(&'static str),
    Conflict,
}

/// What the hub's logs hold of the records that are issued again.
struct Records<'a> {
    tx: &'a DatabaseTransaction,
    row: &'a LogRow,
    newest: HashMap<RecordId, (u64, bool)>,
}

impl Records<'_> {
    /// What becomes of one entry.
    async fn again(&mut self, entry: &SetAside) -> Result<Again, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("set_aside", entry.id, rule);
        let text = String::from_utf8_lossy(&entry.header);
        let Ok(header) = Header::parse(&text) else {
            return Ok(Again::Not("unreadable"));
        };
        if header.kind.as_str() == Kind::EPOCH {
            return Ok(Again::Not("opening"));
        }
        let (newest, is_deleted) = self.newest(header.record).await?;
        let change = match (&header.operation, &entry.payload) {
            _ if is_deleted => return Ok(Again::Not("deleted")),
            // Nothing is brought back that was deleted in either history.
            (Operation::Delete { reason }, _) => Change::Delete(*reason),
            (Operation::Put { .. }, None) => return self.without_payload(entry, &header).await,
            (Operation::Put { .. }, Some(payload)) => {
                let payload =
                    std::str::from_utf8(payload).map_err(|error| corrupt(error.to_string()))?;
                match Payload::parse(payload) {
                    Ok(payload) => Change::Put(payload.body().to_owned()),
                    Err(_) => return Ok(Again::Not("unreadable")),
                }
            }
        };
        let is_deletion = matches!(change, Change::Delete(_));
        let is_of_branch = entry.reason == aside::Reason::Branch.code();
        if is_of_branch && !is_deletion && newest >= self.first_of_branch(entry, &header).await? {
            return Ok(Again::Conflict);
        }
        self.newest.insert(header.record, (newest + 1, is_deletion));
        Ok(Again::Issue(EntryDraft {
            record: header.record,
            revision: newest + 1,
            kind: header.kind,
            audience: header.audience,
            at: header.at,
            change,
        }))
    }

    /// Within its history it was superseded, or no supplier had it so far.
    async fn without_payload(
        &self,
        entry: &SetAside,
        header: &Header,
    ) -> Result<Again, StorageError> {
        let all = aside::of_record(self.tx, header.record.as_uuid(), &entry.reason).await?;
        let is_superseded = all.iter().any(|other| other.revision > header.revision);
        Ok(Again::Not(if is_superseded {
            "superseded"
        } else {
            "missing"
        }))
    }

    /// The first revision that the other history says of a record: what is shown here is older, or was changed in both.
    async fn first_of_branch(
        &self,
        entry: &SetAside,
        header: &Header,
    ) -> Result<u64, StorageError> {
        let all = aside::of_record(self.tx, header.record.as_uuid(), &entry.reason).await?;
        let first = all.iter().map(|other| other.revision).min();
        Ok(first.unwrap_or(header.revision))
    }

    /// A record's newest revision, and whether it says that the record is gone.
    async fn newest(&mut self, record: RecordId) -> Result<(u64, bool), StorageError> {
        if let Some(known) = self.newest.get(&record) {
            return Ok(*known);
        }
        let found = held::newest(self.tx, self.row, record).await?;
        self.newest.insert(record, found);
        Ok(found)
    }
}
