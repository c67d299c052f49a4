//! Recomputing everything from what is stored.

use domain::entry::Header;
use domain::identity::LogId;
use domain::log::{Checkpoint, Hash, RawEntry, TreeEdge};

use super::heads::{self, LogRow};
use super::{read, tiles};
use crate::{Database, StorageError, sql};

const STRETCH: u64 = 1000;
/// How many faults of one log are told one by one.
const MOST_FAULTS: usize = 100;

/// Something that is not as it was when it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The entry's place, or nothing when the fault is of the log.
    pub place: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// What recomputing a log found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The log.
    pub log: LogId,
    /// Entries read.
    pub entries: u64,
    /// Payloads read.
    pub payloads: u64,
    /// What is wrong, at most a hundred things.
    pub faults: Vec<Fault>,
}

/// Recomputes one log: payloads against headers, headers against tiles, tiles against the checkpoint. Whether the
/// checkpoint's signature is right is the caller's to say: `open` gives the reason when it is not. `progress` is told how
/// many more entries were read.
pub async fn verify(
    db: &Database,
    log: &LogId,
    open: impl Fn(&str) -> Result<(), String>,
    mut progress: impl FnMut(u64),
) -> Result<Option<Verified>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(None);
    };
    let mut verified = Verified {
        log: log.clone(),
        entries: 0,
        payloads: 0,
        faults: Vec::new(),
    };
    let mut edge = TreeEdge::default();
    let mut proved_root = (row.proved_size == 0).then(Hash::of_empty_tree);
    for from in (0..row.size()).step_by(1000) {
        let until = row.size().min(from + STRETCH);
        let entries = match read::stretch(db, row.id, from..until).await {
            Ok(entries) => entries,
            Err(StorageError::Corrupt { rule, .. }) => {
                let count = until - from;
                let what = format!(
                    "one of the {count} entries from here on is no text any more, so nothing behind it was read: {rule}"
                );
                verified.fault(Some(from), what);
                return Ok(Some(verified));
            }
            Err(error) => return Err(error),
        };
        edge = verified.take_stretch(
            from,
            until,
            &entries,
            edge,
            row.proved_size,
            &mut proved_root,
        );
        progress(entries.len() as u64);
    }
    verified.check_tiles(db, &row, &edge).await?;
    verified.check_checkpoint(&row, proved_root, open);
    Ok(Some(verified))
}

impl Verified {
    fn fault(&mut self, place: Option<u64>, what: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault {
                place,
                what: what.into(),
            });
        }
    }

    /// Reads entries into the tree, noting the root on passing the proved size.
    fn take_stretch(
        &mut self,
        from: u64,
        until: u64,
        entries: &[RawEntry],
        edge: TreeEdge,
        proved: i64,
        proved_root: &mut Option<Hash>,
    ) -> TreeEdge {
        if entries.len() as u64 != until - from {
            self.fault(
                Some(from),
                format!(
                    "{} of {} entries from here on are missing",
                    until - from - entries.len() as u64,
                    until - from
                ),
            );
        }
        for (place, entry) in (from..).zip(entries) {
            self.take_entry(place, entry);
        }
        let leaves: Vec<Hash> = entries
            .iter()
            .map(|entry| Hash::of_leaf(entry.header.as_bytes()))
            .collect();
        let proved = sql::unsigned(proved);
        if (from..=until).contains(&proved) && proved > from {
            let within = usize::try_from(proved - from)
                .unwrap_or(usize::MAX)
                .min(leaves.len());
            *proved_root = Some(edge.append(leaves[..within].iter().copied()).edge.root());
        }
        edge.append(leaves).edge
    }

    fn take_entry(&mut self, place: u64, entry: &RawEntry) {
        self.entries += 1;
        let Some(payload) = &entry.payload else {
            return;
        };
        self.payloads += 1;
        match Header::parse(&entry.header) {
            Ok(header) if header.commits_to(payload) => {}
            Ok(_) => self.fault(
                Some(place),
                "the payload is not the one that its header names",
            ),
            Err(error) => self.fault(
                Some(place),
                format!("a payload is kept behind an unreadable header: {error}"),
            ),
        }
    }

    async fn check_tiles(
        &mut self,
        db: &Database,
        row: &LogRow,
        edge: &TreeEdge,
    ) -> Result<(), StorageError> {
        match tiles::edge(db.reader(), row.id, row.size()).await {
            Ok(stored) if stored == *edge => Ok(()),
            Ok(_) => {
                self.fault(
                    None,
                    "the stored tree is not the tree over the stored headers",
                );
                Ok(())
            }
            Err(StorageError::Corrupt { rule, .. }) => {
                self.fault(None, rule);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn check_checkpoint(
        &mut self,
        row: &LogRow,
        root: Option<Hash>,
        open: impl Fn(&str) -> Result<(), String>,
    ) {
        let Some(text) = &row.checkpoint else {
            if row.proved_size > 0 {
                self.fault(None, "the checkpoint is missing");
            }
            return;
        };
        if let Err(why) = open(text) {
            self.fault(None, why);
        }
        match Checkpoint::parse(text) {
            Ok(stated) if stated.size != sql::unsigned(row.proved_size) => {
                self.fault(
                    None,
                    format!(
                        "the checkpoint states size {}, the log is proved up to {}",
                        stated.size, row.proved_size
                    ),
                );
            }
            Ok(stated) if Some(stated.root) != root => {
                self.fault(None, "the headers do not lead to the checkpoint's root: a header was changed, added or lost");
            }
            Ok(_) => {}
            Err(error) => self.fault(None, error.to_string()),
        }
    }
}
