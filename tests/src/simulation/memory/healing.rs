//! What becomes of a hub's own log when it was put back, and of logs that their hubs closed: cutting, setting aside, the
//! next log and what it accepts. What is decided, `domain::healing` and `domain::log` decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{Audience, Change, EntryDraft, Header, Kind, Operation, Payload};
use domain::healing::{Deletion, Guard, Halt};
use domain::identity::{Epoch, LogId, RecordId};
use domain::log::{
    Accepted, Checkpoint, Opening, Settlement, SigningKey, VerifiedEntry, epoch_past,
};
use domain::rules::Rule;
use storage::StorageError;
use storage::halt::Halted;
pub use storage::logs::aside::Reason;
use time::OffsetDateTime;

use super::{Kept, Memory, MemoryLog, Origin, Shown, WithEpoch, standing};

/// The header's text of an entry that was set aside, and of the one that says the same again.
pub type Renewed = (Arc<str>, Arc<str>);

/// An entry of a history that does not count.
#[derive(Clone, Debug)]
pub struct SetAside {
    /// The log in which it stood.
    pub log: LogId,
    /// Where.
    pub place: u64,
    /// The entry.
    pub entry: Kept,
    /// Why it is set aside.
    pub reason: Reason,
    /// What became of it; nothing while it waits to be issued again.
    pub outcome: Option<&'static str>,
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

impl Memory {
    /// How far the hub's own log has come.
    pub fn guard(&self) -> Option<Guard> {
        let log = self.own_log()?;
        let held = self.logs.get(log)?;
        Some(Guard {
            epoch: log.epoch,
            size: held.size(),
            root: held.edge.root(),
        })
    }

    /// Writes nothing from now on. The first time it is another store to its peers, and looks at all that they hold.
    pub(super) fn halt(&mut self, why: Halt, now: OffsetDateTime) {
        let known = self.halted;
        if known.is_none() {
            self.look_again();
            self.store = uuid::Uuid::from_u128(self.store.as_u128().wrapping_add(1 << 64));
        }
        self.halted = Some(Halted {
            why: known.map_or(why, |known| known.why.max(why)),
            at: known.map_or(millis(now), |known| millis(now).max(known.at + 1)),
        });
    }

    /// Keeps entries that stood from a place on.
    pub(super) fn set_aside(&mut self, log: &LogId, from: u64, entries: Vec<Kept>, reason: Reason) {
        for (place, entry) in (from..).zip(entries) {
            let is_same = |held: &&mut SetAside| {
                held.log == *log && held.place == place && held.entry.text == entry.text
            };
            match self.aside.iter_mut().find(is_same) {
                Some(held)
                    if matches!(held.outcome, None | Some("missing"))
                        || held.outcome == Some("doubtful") && reason.outcome().is_none() =>
                {
                    if held.outcome == Some("doubtful") {
                        held.reason = reason;
                    }
                    if entry.payload.is_some() && held.outcome.is_some() {
                        held.outcome = reason.outcome();
                    }
                    held.entry.payload = held.entry.payload.take().or(entry.payload);
                }
                Some(_) => {}
                None => self.aside.push(SetAside {
                    log: log.clone(),
                    place,
                    entry,
                    reason,
                    outcome: reason.outcome(),
                }),
            }
        }
    }

    /// Keeps entries of another history of the hub's own log, from a place on.
    pub(super) fn keep_branch(
        &mut self,
        log: &LogId,
        from: u64,
        entries: Vec<Kept>,
        reason: Reason,
    ) {
        let headers = entries.iter().filter_map(|entry| entry.header.as_deref());
        let records: BTreeSet<RecordId> = headers.map(|header| header.record).collect();
        self.set_aside(log, from, entries, reason);
        if reason.outcome().is_none() || !Rule::DeletedNotKept.holds() {
            return;
        }
        let gone = records
            .into_iter()
            .filter(|record| self.deletion_of(&log.hub, *record).0 != Deletion::None);
        let gone: BTreeSet<RecordId> = gone.collect();
        for held in &mut self.aside {
            if held.record().is_some_and(|record| gone.contains(&record)) {
                held.entry.payload = None;
            }
        }
    }

    /// Takes out what a log holds from a size on, and says how much that was.
    pub(super) fn cut(&mut self, log: &LogId, size: u64, reason: Option<Reason>) -> u64 {
        let Some(held) = self.logs.get(log) else {
            return 0;
        };
        let taken = held.size().saturating_sub(size);
        if taken == 0 {
            return 0;
        }
        let from = usize::try_from(size).expect("logs are short");
        let gone = held.entries[from..].to_vec();
        if log.hub == self.hub {
            let reason = reason.unwrap_or(Reason::Local);
            self.set_aside(log, size, gone.clone(), reason);
        } else if reason != Some(Reason::Doubtful) {
            self.keep_left_out(log, size);
        }
        self.log_mut(log).cut(size);
        let noted = self.holdings.iter_mut().filter(|((_, of), _)| of == log);
        noted.for_each(|(_, held)| *held = (*held).min(size));
        let headers = gone.iter().filter_map(|entry| entry.header.as_deref());
        let records: BTreeSet<RecordId> = headers.map(|header| header.record).collect();
        for record in records {
            self.show_before(log, record);
        }
        self.note_change(&log.hub);
        if size == 0 {
            self.take_back(log);
        }
        taken
    }

    /// Shows of a record what the hub's logs still say of it: a later log before an earlier one, in it the first of the
    /// highest revision.
    fn show_before(&mut self, log: &LogId, record: RecordId) {
        let key = (log.hub.clone(), record);
        Arc::make_mut(&mut self.shown).remove(&key);
        let of_hub = self.logs.iter().filter(|(id, _)| id.hub == log.hub);
        let left = of_hub.flat_map(|(id, held)| {
            let entries = (0..).zip(&held.entries);
            entries.filter_map(move |(place, entry)| {
                let header = entry
                    .header
                    .clone()
                    .filter(|found| found.record == record)?;
                Some((id.epoch, place, header, entry.payload.clone()))
            })
        });
        let speaks = |(epoch, place, header, _): &(Epoch, u64, Arc<Header>, Option<Arc<str>>)| {
            (*epoch, header.revision, std::cmp::Reverse(*place))
        };
        let Some((epoch, place, header, payload)) = left.max_by_key(speaks) else {
            Arc::make_mut(&mut self.names).remove(&key);
            return;
        };
        standing::note_name(&mut self.names, &key, &header, payload.as_deref());
        let is_put = matches!(header.operation, Operation::Put { .. });
        let is_entitled = log.hub == self.hub || self.logs[log].sight.sees(&header.audience);
        match payload {
            None if is_put && is_entitled => {
                self.log_mut(&log.with(epoch)).missing.insert(place);
            }
            Some(payload) if header.version <= domain::entry::HEADER_VERSION => {
                let now = Shown {
                    epoch,
                    place,
                    payload,
                };
                Arc::make_mut(&mut self.shown).insert(key, now);
            }
            _ => {}
        }
    }

    /// Applies what the first entry of a log says before the log supersedes anything in others, so that what goes is kept with
    /// its payload. Says whether it says something.
    pub(super) fn cut_first(&mut self, log: &LogId, openings: &[Opening]) -> bool {
        let is_first = Rule::KeptBeforeDropped.holds();
        for opening in openings.iter().filter(|_| is_first) {
            self.accept(log, opening);
        }
        is_first && !openings.is_empty()
    }

    /// Applies what the first entry of a log says of the log before it.
    pub(super) fn accept(&mut self, log: &LogId, opening: &Opening) {
        if opening.previous >= log.epoch {
            return;
        }
        let previous = log.with(opening.previous);
        let accepted = opening.accepted;
        let held = self.log_mut(&previous);
        if held.accepted.is_some_and(|(_, by)| by > log.epoch) {
            return;
        }
        held.accepted = Some((accepted, log.epoch));
        let there = held.edge_at(accepted.size).map(|edge| edge.root());
        let settlement = accepted.settle(held.size(), there);
        if settlement != Settlement::Settled && Rule::AcceptedLookedFor.holds() {
            self.look_again();
        }
        match settlement {
            Settlement::Cut(size) => drop(self.cut(&previous, size, Some(Reason::Branch))),
            Settlement::Astray => return,
            Settlement::Settled => self.release_left_out(&previous),
            Settlement::Short => {}
        }
        let held = self.log_mut(&previous);
        held.is_forked = false;
        held.newest_seen = accepted.size;
    }

    /// Takes back what the first entry of a log said, which was cut, and lets those of the hub's other logs say it.
    fn take_back(&mut self, log: &LogId) {
        let of_hub: Vec<LogId> = self.logs_of(&log.hub).cloned().collect();
        let mut is_freed = false;
        for other in &of_hub {
            let held = self.log_mut(other);
            if held.accepted.is_some_and(|(_, by)| by == log.epoch) {
                held.accepted = None;
                is_freed = true;
            }
        }
        for other in of_hub.iter().filter(|_| is_freed) {
            let first = self.logs.get(other).and_then(|held| held.entry(0).cloned());
            let payload = first.and_then(|first| first.payload);
            if let Some(opening) = payload.as_deref().and_then(opening_of) {
                self.accept(other, &opening);
            }
        }
    }

    /// The hub's open log: that of its highest epoch of which anything counts.
    pub fn own_log(&self) -> Option<&LogId> {
        let counts = |log: &LogId| {
            let held = &self.logs[log];
            held.size() > 0 || held.newest_seen > 0 || held.checkpoint.is_some()
        };
        let of_hub = || self.logs.keys().filter(|log| log.hub == self.hub);
        of_hub()
            .rfind(|log| counts(log))
            .or_else(|| of_hub().next_back())
    }

    /// The hub's own logs that were signed beyond the end of a key which the authority closed, with how much of each counts.
    pub fn closed_logs(&mut self) -> Vec<(LogId, u64)> {
        let trust = self.believed().clone();
        let end = |log: &LogId| {
            let checkpoint = self.logs[log].checkpoint.as_ref()?;
            Some((log.clone(), trust.bound(checkpoint.text())?))
        };
        self.logs_of(&self.hub).filter_map(end).collect()
    }

    /// Begins the hub's next log, which accepts what counts of the last one of which anything does: all that is held, or so
    /// much of some logs as was signed before a key was closed. Gives the logs that were begun: before it one for each that is
    /// contested.
    pub fn reopen(
        &mut self,
        key: &SigningKey,
        noted: Option<Epoch>,
        ends: &[(LogId, u64)],
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Vec<LogId>, StorageError> {
        for (log, size) in ends.iter().rev() {
            self.cut(log, *size, None);
        }
        let is_held = |log: &&LogId| log.hub == self.hub && self.logs[*log].size() > 0;
        let held = self.logs.keys().rfind(is_held);
        let own = held.or_else(|| self.own_log()).cloned();
        let old = own.ok_or_else(|| StorageError::NoLog(self.hub.clone()))?;
        let earlier = self.contested(&old).into_iter();
        earlier
            .chain([old])
            .map(|old| self.begin_after(&old, key, noted, clock, entropy))
            .collect()
    }

    /// The hub's own logs before one of which two histories are out, and of which no later log speaks.
    pub fn contested(&self, before: &LogId) -> Vec<LogId> {
        let earlier = self.logs_of(&self.hub).filter(|log| *log < before);
        let is_contested = |log: &&LogId| {
            let held = &self.logs[*log];
            let is_other =
                |aside: &SetAside| aside.log == **log && aside.reason != Reason::Doubtful;
            let is_known = self.branches.iter().any(|(branch, _, _)| branch == *log);
            held.size() > 0
                && held.accepted.is_none()
                && (is_known || self.aside.iter().any(is_other))
        };
        let contested = earlier.filter(|_| Rule::EarlierSettled.holds());
        contested.filter(is_contested).cloned().collect()
    }

    /// Begins a log that accepts all that is held of an earlier one.
    fn begin_after(
        &mut self,
        old: &LogId,
        key: &SigningKey,
        noted: Option<Epoch>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<LogId, StorageError> {
        let known = self.logs_of(&self.hub).map(|log| log.epoch);
        let known: Vec<Epoch> = known.chain(noted).collect();
        let log = self.log_mut(old);
        let accepted = Accepted {
            size: log.size(),
            root: log.edge.root(),
        };
        let checkpoint = Some(log.close(old, key));
        self.stamp(old);
        let second = u64::try_from(clock.now().unix_timestamp()).unwrap_or_default();
        let epoch = epoch_past(old.epoch, &known, second).expect("the simulator's times are early");
        let next = old.with(epoch);
        let previous = old.epoch;
        let opening = Opening {
            previous,
            accepted,
            checkpoint,
        };
        let body = opening.to_body();
        self.halted = None;
        let empty = MemoryLog::open(next.clone(), key);
        self.logs.insert(next.clone(), Arc::new(empty));
        let draft = EntryDraft {
            record: RecordId::generate(clock.now(), entropy),
            revision: 1,
            kind: Kind::parse(Kind::EPOCH).expect("it is a word"),
            audience: Audience::Public,
            at: clock.now(),
            change: Change::Put(body),
        };
        self.issue(key, vec![sealed(draft, entropy)?])?;
        Ok(next)
    }

    /// Takes a checkpoint of what is held already; says whether it is of that.
    pub(super) fn adopt(&mut self, checkpoint: &domain::log::SignedCheckpoint) -> bool {
        let log = checkpoint.log();
        let size = checkpoint.size();
        let held = self.log_mut(log);
        let most = held
            .accepted
            .map_or(u64::MAX, |(accepted, _)| accepted.size);
        let root = held.edge_at(size.min(most)).map(|edge| edge.root());
        if size > most || size < held.proved_size || root.as_ref() != Some(checkpoint.root()) {
            return false;
        }
        held.proved_size = size;
        held.checkpoint = Some(checkpoint.clone());
        if held.size() == size {
            held.tail = None;
        }
        held.is_unproved = false;
        self.stamp(log);
        true
    }

    /// The openings among entries that speak: only the first entry of a log may be one.
    pub(super) fn openings(
        from: u64,
        entries: &[VerifiedEntry],
        winners: &[usize],
    ) -> Vec<Opening> {
        let said = winners.iter().filter(|place| from + **place as u64 == 0);
        let said = said.filter_map(|place| {
            let entry = &entries[*place];
            let header = entry.header.as_ref().ok()?;
            let is_opening = header.kind.as_str() == Kind::EPOCH;
            entry
                .payload
                .as_deref()
                .filter(|_| is_opening)
                .and_then(opening_of)
        });
        said.collect()
    }

    pub(super) fn origin(&self, log: &LogId) -> Origin {
        if log.hub == self.hub {
            Origin::Own
        } else {
            Origin::Elsewhere
        }
    }
}

impl SetAside {
    pub(super) fn record(&self) -> Option<RecordId> {
        self.entry.header.as_ref().map(|header| header.record)
    }

    /// Whether it waits to be issued again.
    pub fn waits(&self) -> bool {
        self.outcome.is_none()
    }
}

impl MemoryLog {
    /// Nothing more is added to it: its last checkpoint is signed once more.
    fn close(&mut self, log: &LogId, key: &SigningKey) -> String {
        let checkpoint = Checkpoint {
            log: log.clone(),
            size: self.size(),
            root: self.edge.root(),
        };
        let checkpoint = checkpoint.sign(key);
        let text = checkpoint.text().to_owned();
        self.checkpoint = Some(checkpoint);
        self.tail = None;
        self.proved_size = self.size();
        self.newest_seen = self.size();
        self.is_forked = false;
        self.parked = None;
        text
    }
}

pub(super) fn opening_of(payload: &str) -> Option<Opening> {
    let payload = Payload::parse(payload).ok()?;
    Opening::parse(payload.body()).ok()
}

pub(super) fn sealed(
    draft: EntryDraft,
    entropy: &dyn Entropy,
) -> Result<VerifiedEntry, StorageError> {
    let sealed = draft.seal(entropy)?;
    Ok(VerifiedEntry {
        header_text: sealed.header_text,
        header: Ok(sealed.header),
        payload: sealed.payload,
    })
}
