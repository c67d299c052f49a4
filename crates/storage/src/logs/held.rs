//! What is held of records before entries about them are taken in.

use std::collections::{HashMap, HashSet};

use domain::entry::Header;
use domain::healing::Deletion;
use domain::identity::RecordId;
use domain::log::{Held, VerifiedEntry};
use sea_orm::{DatabaseTransaction, Value};
use time::OffsetDateTime;

use super::EntryKey;
use super::heads::{self, LogRow};
use crate::{StorageError, sql};

/// A record as the logs of its hub have it.
pub(super) struct HeldRecord {
    /// Its first entry.
    pub(super) first: EntryKey,
    /// Whether that stands in a later log than the one that takes entries in.
    pub(super) is_first_later: bool,
    /// When it was written.
    pub(super) published: OffsetDateTime,
    /// Its newest revision.
    pub(super) newest: u64,
    /// What decides over new entries.
    pub(super) revisions: Held<EntryKey>,
    /// The log and the revision of the last of these.
    speaking: Option<(i64, u64)>,
}

/// The hub's logs, with where each stands to the one that takes entries in.
struct Logs {
    /// Ids in the order of epochs; the one that takes in is at `here`.
    ids: Vec<i64>,
    here: usize,
    size: u64,
}

/// Reads what is held of the records of some entries, in this log before its size and in the others of its hub.
pub(super) async fn read(
    tx: &DatabaseTransaction,
    log: &LogRow,
    entries: &[VerifiedEntry],
) -> Result<HashMap<RecordId, HeldRecord>, StorageError> {
    let logs = Logs::of(tx, log).await?;
    if log.size == 0 && logs.ids.len() == 1 {
        return Ok(HashMap::new());
    }
    let headers = entries
        .iter()
        .filter_map(|entry| entry.header.as_ref().ok());
    let ids = headers.map(|header| header.record.as_uuid().into());
    let mut held = HashMap::new();
    for (rank, key, header) in find(tx, &logs, ids.collect()).await? {
        note(&mut held, rank.cmp(&logs.here), key, &header);
    }
    Ok(held)
}

/// A record's newest revision in a hub's logs, 0 if there is none, and whether they say that the record is gone.
pub(super) async fn newest(
    tx: &DatabaseTransaction,
    log: &LogRow,
    record: RecordId,
) -> Result<(u64, Deletion), StorageError> {
    let logs = Logs::of(tx, log).await?;
    let found = find(tx, &logs, vec![record.as_uuid().into()]).await?;
    let newest = found.iter().map(|(_, _, header)| header.revision).max();
    Ok((newest.unwrap_or_default(), deletion(&found)))
}

/// Those of some records of which the hub's logs say that they are gone, with the entry that says so where a later log
/// overlooks it. The log is looked at up to a size.
pub(super) async fn deleted(
    tx: &DatabaseTransaction,
    log: &LogRow,
    size: u64,
    records: &HashSet<RecordId>,
) -> Result<Vec<(RecordId, Option<EntryKey>)>, StorageError> {
    let logs = Logs {
        size,
        ..Logs::of(tx, log).await?
    };
    let ids = records.iter().map(|record| record.as_uuid().into());
    let mut said: HashMap<RecordId, Vec<(usize, EntryKey, Header)>> = HashMap::new();
    for entry in find(tx, &logs, ids.collect()).await? {
        said.entry(entry.2.record).or_default().push(entry);
    }
    let gone = said.into_iter().filter_map(|(record, said)| {
        let overlooked = match deletion(&said) {
            Deletion::None => return None,
            Deletion::Overlooked(place) => Some(said[place].1),
            Deletion::Stands => None,
        };
        Some((record, overlooked))
    });
    Ok(gone.collect())
}

fn deletion(said: &[(usize, EntryKey, Header)]) -> Deletion {
    let said: Vec<_> = said.iter().map(|(log, _, header)| (*log, header)).collect();
    Deletion::of(&said)
}

/// The entries of some records in the hub's logs, in the order of logs and places.
async fn find(
    tx: &DatabaseTransaction,
    logs: &Logs,
    ids: Vec<Value>,
) -> Result<Vec<(usize, EntryKey, Header)>, StorageError> {
    let mut found = Vec::new();
    for some in ids.chunks(256) {
        let (text, values) = sql::entries_of("header", some.to_vec());
        for row in sql::rows(tx, &text, values).await? {
            let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
            // Another hub's record may bear the same id, by ill will; it is another record.
            if let Some(rank) = logs.rank(key) {
                let header: Vec<u8> = row.try_get_by_index(1)?;
                let header = std::str::from_utf8(&header).ok().map(Header::parse);
                found.extend(
                    header
                        .and_then(Result::ok)
                        .map(|header| (rank, key, header)),
                );
            }
        }
    }
    found.sort_unstable_by_key(|(rank, key, _)| (*rank, *key));
    found.dedup_by_key(|(_, key, _)| *key);
    Ok(found)
}

impl Logs {
    async fn of(tx: &DatabaseTransaction, log: &LogRow) -> Result<Self, StorageError> {
        let ids = heads::ids_of_hub(tx, log.hub_id).await?;
        let here = ids.iter().position(|id| *id == log.id).unwrap_or_default();
        let size = log.size();
        Ok(Self { ids, here, size })
    }

    /// Where an entry's log stands among the hub's; nothing for entries of other hubs and those still to be taken in.
    fn rank(&self, key: EntryKey) -> Option<usize> {
        let rank = self.ids.iter().position(|id| *id == key.log_id())?;
        (rank != self.here || key.place() < self.size).then_some(rank)
    }
}

fn note(
    held: &mut HashMap<RecordId, HeldRecord>,
    rank: std::cmp::Ordering,
    key: EntryKey,
    header: &Header,
) {
    let fresh = || HeldRecord {
        first: key,
        is_first_later: rank.is_gt(),
        published: header.at,
        newest: 0,
        revisions: Held {
            entries: Vec::new(),
            newest_here: None,
            is_in_later: false,
        },
        speaking: None,
    };
    let record = held.entry(header.record).or_insert_with(fresh);
    record.newest = record.newest.max(header.revision);
    let revisions = &mut record.revisions;
    if rank.is_gt() {
        revisions.is_in_later = true;
        return;
    }
    // Of each log only the newest revision may still have a payload; it went when the next one came.
    let speaks = record
        .speaking
        .is_none_or(|(log, revision)| log != key.log_id() || revision < header.revision);
    if speaks {
        if record.speaking.is_some_and(|(log, _)| log == key.log_id()) {
            revisions.entries.pop();
        }
        revisions.entries.push(key);
        record.speaking = Some((key.log_id(), header.revision));
    }
    if rank.is_eq() {
        revisions.newest_here = revisions.newest_here.max(Some(header.revision));
    }
}
