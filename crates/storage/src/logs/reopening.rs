//! Beginning a new log for this hub, and issuing again what was set aside.

use std::collections::HashMap;

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{Audience, Change, EntryDraft, Header, Kind, Payload};
use domain::healing::{Again, Aside, Deletion};
use domain::identity::{Epoch, HubId, LogId, RecordId};
use domain::log::{Accepted, Checkpoint, Opening, SigningKey, TreeEdge, epoch_past};
use domain::trust::{Membership, MembershipDraft, named_in};
use sea_orm::DatabaseTransaction;

use super::aside::{self, SetAside};
use super::heads::{self, LogRow};
use super::{EntryKey, cutting, door, held, issuing, tiles};
use crate::following::Changed;
use crate::halt::{self, Halted};
use crate::{Database, StorageError, members, sql};

/// How many entries are issued again in one transaction.
const AT_A_TIME: u32 = 500;

/// Why a new log is begun.
#[derive(Clone, Copy, Debug)]
pub enum Occasion<'a> {
    /// The hub is halted.
    Halted {
        /// By this very halt, if one is given: one that another process ended, or that grew graver, begins none.
        judged: Option<&'a Halted>,
        /// The log that was noted outside the database as the open one.
        noted: Option<Epoch>,
    },
    /// Of these logs of the hub less counts than is held, since the key that signed them was closed: so much of each.
    KeyClosed(&'a [(LogId, u64)]),
}

/// Begins a new log that accepts the last one that counts, as far as it counts, and writes again. Gives nothing if there is
/// no occasion any more. Before it, one is begun for each earlier log that is [contested].
pub async fn reopen(
    db: &Database,
    key: &SigningKey,
    occasion: Occasion<'_>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Option<LogId>, StorageError> {
    let no_log = || StorageError::NoLog(db.hub().clone());
    let open = issuing::own_log(db).await?.ok_or_else(no_log)?;
    let tx = db.begin().await?;
    // Holds the hub, and so all its logs.
    heads::open_row(&tx, &open).await?;
    if let Occasion::KeyClosed(ends) = occasion {
        cut_all(db, &tx, ends, clock).await?;
    }
    // A later one that was only heard of may hold what speaks of earlier ones: it is passed over, not followed.
    let old = heads::newest_held_of(&tx, db.network(), db.hub()).await?;
    let old = old.ok_or_else(no_log)?;
    let row = heads::open_row(&tx, &old).await?;
    if row.has_successor() {
        return Ok(None);
    }
    let mut known = None;
    if let Occasion::Halted { judged, noted } = occasion {
        let halted = halt::lock(&tx).await?;
        if halted.is_none() || judged.is_some_and(|judged| halted.as_ref() != Some(judged)) {
            return Ok(None);
        }
        known = noted;
    }
    halt::lift_in(&tx).await?;
    let mut dropped = Vec::new();
    let next = Next {
        db,
        tx: &tx,
        key,
        known,
        clock,
        entropy,
    };
    for earlier in heads::contested_of_hub(&tx, row.hub_id, old.epoch).await? {
        let earlier = LogId {
            epoch: earlier,
            ..old.clone()
        };
        dropped.extend(next.begin(&earlier).await?.dropped);
    }
    let last = next.begin(&old).await?;
    dropped.extend(last.dropped);
    let changed = Changed::Hub(row.hub_id);
    db.commit(tx, last.log_id, &dropped, changed).await?;
    Ok(Some(last.log))
}

/// The hub's logs that are contested before its open one: by that nobody else learns how much of them counts.
pub async fn contested(db: &Database) -> Result<Vec<Epoch>, StorageError> {
    let Some(open) = issuing::own_log(db).await? else {
        return Ok(Vec::new());
    };
    match heads::find_row(db.reader(), &open).await? {
        Some(row) => heads::contested_of_hub(db.reader(), row.hub_id, open.epoch).await,
        None => Ok(Vec::new()),
    }
}

/// Begins logs of this hub, in one transaction.
struct Next<'a> {
    db: &'a Database,
    tx: &'a DatabaseTransaction,
    key: &'a SigningKey,
    /// An epoch that is taken beside those of the logs that are held.
    known: Option<Epoch>,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
}

/// A log that was begun.
struct Begun {
    log: LogId,
    log_id: i64,
    dropped: Vec<EntryKey>,
}

impl Next<'_> {
    /// Begins a log that accepts all that is held of an earlier one.
    async fn begin(&self, old: &LogId) -> Result<Begun, StorageError> {
        let Self {
            db,
            tx,
            key,
            clock,
            entropy,
            ..
        } = *self;
        let row = heads::open_row(tx, old).await?;
        let mut known = heads::epochs_of_hub(tx, row.hub_id).await?;
        known.extend(self.known);
        let second = u64::try_from(clock.now().unix_timestamp()).unwrap_or_default();
        let epoch = epoch_past(old.epoch, &known, second);
        let edge = tiles::edge(tx, row.id, row.size()).await?;
        let checkpoint = sign_anew(tx, &row, old, &edge, key, clock).await?;
        let log = LogId {
            epoch: epoch.map_err(|error| StorageError::corrupt("log", row.id, error))?,
            ..old.clone()
        };
        let opening = Opening {
            previous: old.epoch,
            accepted: Accepted {
                size: edge.size(),
                root: edge.root(),
            },
            checkpoint: Some(checkpoint),
        };
        let new_row = heads::open_row(tx, &log).await?;
        let draft = EntryDraft {
            record: RecordId::generate(clock.now(), entropy),
            revision: 1,
            kind: Kind::parse(Kind::EPOCH).map_err(domain::entry::SealError::Header)?,
            audience: Audience::Public,
            at: clock.now(),
            change: Change::Put(opening.to_body()),
        };
        let sealed = vec![draft.seal(entropy)?];
        let stored = issuing::append(db, tx, &new_row, &log, key, sealed, clock).await?;
        let stamp = "UPDATE log SET position = (SELECT position + 1 FROM store) WHERE id = $1";
        sql::execute(tx, stamp, vec![new_row.id.into()]).await?;
        Ok(Begun {
            log,
            log_id: new_row.id,
            dropped: stored.dropped,
        })
    }
}

/// Cuts logs to what counts of them, the newest first, so that what it said of those before it is taken back.
async fn cut_all(
    db: &Database,
    tx: &DatabaseTransaction,
    ends: &[(LogId, u64)],
    clock: &dyn Clock,
) -> Result<(), StorageError> {
    let mut ends = ends.to_vec();
    ends.sort_unstable_by_key(|(log, _)| std::cmp::Reverse(log.epoch));
    for (log, size) in &ends {
        if let Some(row) = heads::lock_row(tx, log).await? {
            cutting::cut_in(db, tx, &row, *size, None, clock.now()).await?;
        }
    }
    Ok(())
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
) -> Result<String, StorageError> {
    let checkpoint = Checkpoint {
        log: log.clone(),
        size: edge.size(),
        root: edge.root(),
    };
    let checkpoint = checkpoint.sign(key).text().to_owned();
    let text = "UPDATE log SET proved_size = $1, newest_seen = $1, checkpoint = $2, tail = NULL, proved_at = $3, forked_at = NULL, parked = NULL,
        position = (SELECT position + 1 FROM store) WHERE id = $4";
    let values = vec![
        sql::signed(edge.size()).into(),
        checkpoint.as_str().into(),
        door::millis(clock.now()).into(),
        row.id.into(),
    ];
    sql::execute(tx, text, values).await?;
    Ok(checkpoint)
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
    let (mut all, mut spoken) = (Reissued::default(), Spoken::default());
    loop {
        let some = reissue_some(db, key, &mut spoken, clock, entropy).await?;
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
    spoken: &mut Spoken,
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
        spoken,
    };
    let mut sealed = Vec::new();
    for entry in aside::waiting(&tx, AT_A_TIME).await? {
        let (again, draft) = records.again(&entry).await?;
        if let Some(draft) = draft {
            sealed.push(draft.seal(entropy)?);
        }
        let (outcome, counted) = match again {
            Again::Issue(_) => ("issued", &mut done.issued),
            Again::Not(outcome) => (outcome, &mut done.settled),
            Again::Conflict => ("conflict", &mut done.conflicts),
        };
        *counted += 1;
        aside::settle(&tx, entry.id, outcome, outcome == "conflict").await?;
    }
    if done == Reissued::default() {
        return Ok(done);
    }
    let (mut dropped, mut size) = (Vec::new(), row.size());
    if !sealed.is_empty() {
        let stored = issuing::append(db, &tx, &row, &log, key, sealed, clock).await?;
        (dropped, size) = (stored.dropped, stored.size);
    }
    let changed = Changed::places(&row, row.size()..size);
    db.commit(tx, row.id, &dropped, changed).await?;
    Ok(done)
}

/// What the hub's logs hold of the records that are issued again.
struct Records<'a> {
    tx: &'a DatabaseTransaction,
    row: &'a LogRow,
    newest: HashMap<RecordId, (u64, Deletion)>,
    spoken: &'a mut Spoken,
}

/// The words on members that were issued again so far.
type Spoken = Vec<Said>;

/// A word on a member that was issued again. Those that a peer held come in their order, so none of them keeps the next away.
struct Said {
    member: HubId,
    by: RecordId,
    is_of_branch: bool,
    /// What it says, if it can be read.
    word: Option<Membership>,
}

impl Records<'_> {
    /// What becomes of one entry, and as what it is said again.
    async fn again(
        &mut self,
        entry: &SetAside,
    ) -> Result<(Again, Option<EntryDraft>), StorageError> {
        let text = String::from_utf8_lossy(&entry.header);
        let Ok(header) = Header::parse(&text) else {
            return Ok((Again::Not("unreadable"), None));
        };
        let payload = entry.payload.as_deref().map(std::str::from_utf8);
        let payload = payload
            .transpose()
            .map_err(|error| StorageError::corrupt("set_aside", entry.id, error))?;
        let (newest, deletion) = self.newest(header.record).await?;
        let member = member(&header, payload);
        let is_of_branch = entry.reason == aside::Reason::Branch.code();
        let again = Again::of(&Aside {
            header: &header,
            payload,
            is_of_branch,
            revisions: self.revisions(entry, &header).await?,
            newest,
            deletion,
            has_word_since: match &member {
                Some((member, _)) => self.has_word_since(entry, header.record, member).await?,
                None => false,
            },
            opens: match &member {
                Some((member, word)) => self.opens(member, word.as_ref()).await?,
                None => false,
            },
        });
        let Again::Issue(change) = &again else {
            return Ok((again, None));
        };
        if let Some((member, word)) = member {
            self.spoken.push(Said {
                member,
                by: header.record,
                is_of_branch,
                word,
            });
        }
        let deletion = match change {
            Change::Delete(_) => Deletion::Stands,
            Change::Put(_) => Deletion::None,
        };
        self.newest.insert(header.record, (newest + 1, deletion));
        let draft = EntryDraft {
            record: header.record,
            revision: newest + 1,
            kind: header.kind,
            audience: header.audience,
            at: header.at,
            change: change.clone(),
        };
        Ok((again, Some(draft)))
    }

    /// Whether another record has spoken of a member since the history of an entry parts from ours.
    async fn has_word_since(
        &self,
        entry: &SetAside,
        record: RecordId,
        member: &HubId,
    ) -> Result<bool, StorageError> {
        let said_again = self.spoken.iter().filter(|said| said.member == *member);
        let (of_branches, ours): (Vec<&Said>, Vec<&Said>) =
            said_again.partition(|said| said.is_of_branch);
        let parted = aside::first(self.tx, entry.log_id, &entry.reason).await?;
        let since = members::spoken_since(self.tx, parted, member).await?;
        let ours = ours.into_iter().map(|said| said.by);
        let is_other =
            |by: &RecordId| *by != record && of_branches.iter().all(|said| said.by != *by);
        Ok(since.into_iter().chain(ours).any(|by| is_other(&by)))
    }

    /// Whether a word on a member says more in its favour than what is said now.
    async fn opens(&self, member: &HubId, word: Option<&Membership>) -> Result<bool, StorageError> {
        let said_again = self.spoken.iter().rfind(|said| said.member == *member);
        let now = match said_again {
            Some(said) => said.word.clone(),
            None => members::last_word(self.tx, self.row.hub_id, member).await?,
        };
        Ok(word
            .zip(now.as_ref())
            .is_some_and(|(word, now)| word.opens(now)))
    }

    /// The lowest and the highest revision that the same history says of a record.
    async fn revisions(
        &self,
        entry: &SetAside,
        header: &Header,
    ) -> Result<(u64, u64), StorageError> {
        let all = aside::of_record(self.tx, header.record.as_uuid(), &entry.reason).await?;
        let revisions = all.iter().map(|other| other.revision);
        let own = (header.revision, header.revision);
        Ok(revisions.fold(own, |(first, last), other| {
            (first.min(other), last.max(other))
        }))
    }

    /// A record's newest revision, and whether it is gone.
    async fn newest(&mut self, record: RecordId) -> Result<(u64, Deletion), StorageError> {
        if let Some(known) = self.newest.get(&record) {
            return Ok(*known);
        }
        let found = held::newest(self.tx, self.row, record).await?;
        self.newest.insert(record, found);
        Ok(found)
    }
}

/// The member of the network on whom an entry is a word, and the word, if it can be read.
fn member(header: &Header, payload: Option<&str>) -> Option<(HubId, Option<Membership>)> {
    let payload = payload.filter(|_| header.kind.as_str() == Kind::MEMBERSHIP)?;
    let payload = Payload::parse(payload).ok()?;
    let draft: Option<MembershipDraft> = serde_json::from_str(payload.body()).ok();
    let word = draft.and_then(|draft| Membership::read(&draft).ok());
    Some((named_in(payload.body())?, word))
}
