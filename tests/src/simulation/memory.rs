//! A hub's memory as values: logs, what is shown of them, peers, and whom the hub believes. It is the database of the
//! simulator; what it decides it asks of the code that decides for the real one (`Intake`, `LogState`, `Trust`).
//!
//! - [`MemoryLog`] is one log. [`Memory`] is all of it at one moment; a clone is a backup and costs little.
//! - [`MemoryStore`] is the memory of a running node, and the product's [`sync::store::Store`].
//! - `standing` makes trust from it; `sight` keeps to what the hub may have; `healing` is what becomes of logs that were put back
//!   or closed, `left_out` what is kept of others' then; `deleted` is what of that must not come back.

mod deleted;
mod handle;
mod healing;
mod left_out;
mod log;
mod reissuing;
mod sight;
mod standing;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::entry::{HEADER_VERSION, Header, Kind, Operation, Sight};
use domain::identity::{Epoch, HubId, LogId, NetworkId, RecordId};
use domain::log::{
    Checkpoint, Hash, Held, Intake, PublicKey, SigningKey, VerifiedEntry, VerifiedPage, heads_token,
};
use domain::rules::Rule;
use domain::trust::{Trust, TrustedKey};
use storage::StorageError;
use storage::halt::Halted;
use storage::logs::Stored;
use storage::logs::fill::Filled;
use storage::peers::Peer;
use uuid::Uuid;

use deleted::records_of;
pub use handle::{Commit, MemoryStore, Watch};
pub use healing::{Reason, Renewed, SetAside};
pub use left_out::LeftOut;
use log::WithEpoch;
pub use log::{Kept, MemoryLog, is_for_everyone};
pub(crate) use standing::read_membership;

/// What speaks for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The epoch of its log.
    pub epoch: Epoch,
    /// Its place there.
    pub place: u64,
    /// The payload's text.
    pub payload: Arc<str>,
}

/// What readers see: by hub and record.
pub type Projection = BTreeMap<(HubId, RecordId), Shown>;

/// Where an entry is, among those of its hub.
type Place = (Epoch, u64);

/// Whose entries are taken in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Here,
    /// The hub's own, as a peer has it.
    Own,
    Elsewhere,
}

/// Everything that a hub remembers.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The network.
    pub network: NetworkId,
    /// The hub.
    pub hub: HubId,
    /// The database's name.
    pub store: Uuid,
    /// Commits so far.
    pub position: u64,
    /// The logs.
    pub logs: BTreeMap<LogId, Arc<MemoryLog>>,
    /// What readers see.
    pub shown: Arc<Projection>,
    /// Whom records of kind `membership` named, by the hub that said it.
    names: Arc<BTreeMap<(HubId, RecordId), HubId>>,
    /// The hubs that are pulled.
    pub peers: Vec<Peer>,
    /// The hub whose word on members counts.
    pub authority: Option<HubId>,
    /// Keys that the operator wrote down.
    pub pins: Vec<(HubId, TrustedKey)>,
    /// Hubs of which nothing new is taken.
    pub denied: BTreeSet<HubId>,
    /// Why the hub writes nothing, if so.
    pub halted: Option<Halted>,
    /// Entries of histories that do not count.
    pub aside: Vec<SetAside>,
    /// What other hubs' next logs leave out.
    pub left_out: Vec<LeftOut>,
    branches: BTreeSet<(LogId, u64, String)>,
    strangers: BTreeSet<LogId>,
    /// What peers showed that they hold.
    pub holdings: BTreeMap<(i64, LogId), u64>,
    /// The hub's own key, by which others know it.
    pub key: Option<PublicKey>,
    /// What sources say, without the hub's own key.
    trust: Option<Trust>,
    trust_mark: i64,
    settled_mark: i64,
}

impl Memory {
    /// An empty database.
    pub fn new(network: NetworkId, hub: HubId, store: Uuid) -> Self {
        Self {
            network,
            hub,
            store,
            position: 0,
            logs: BTreeMap::new(),
            shown: Arc::default(),
            names: Arc::default(),
            peers: Vec::new(),
            authority: None,
            pins: Vec::new(),
            denied: BTreeSet::new(),
            halted: None,
            aside: Vec::new(),
            left_out: Vec::new(),
            branches: BTreeSet::new(),
            strangers: BTreeSet::new(),
            holdings: BTreeMap::new(),
            key: None,
            trust: None,
            trust_mark: 0,
            settled_mark: 0,
        }
    }

    /// The name of a hub's log.
    pub fn log_id(&self, hub: &HubId, epoch: u64) -> LogId {
        LogId {
            network: self.network.clone(),
            hub: hub.clone(),
            epoch: Epoch::new(epoch).expect("the simulator's epochs are small"),
        }
    }

    /// Opens the hub's own log.
    pub fn open_own(&mut self, epoch: u64, key: &SigningKey) {
        let log = self.log_id(&self.hub, epoch);
        let opened = MemoryLog::open(log.clone(), key);
        self.key = Some(key.public());
        self.logs.insert(log.clone(), Arc::new(opened));
        self.stamp(&log);
    }

    /// The logs of a hub, in order.
    pub fn logs_of(&self, hub: &HubId) -> impl Iterator<Item = &LogId> {
        self.logs.keys().filter(move |log| log.hub == *hub)
    }

    fn log_mut(&mut self, log: &LogId) -> &mut MemoryLog {
        Arc::make_mut(self.logs.entry(log.clone()).or_default())
    }

    /// Counts a commit that changed a log.
    fn stamp(&mut self, log: &LogId) {
        self.position += 1;
        let position = self.position;
        self.log_mut(log).position = position;
        if self.authority.as_ref() == Some(&log.hub) {
            self.trust = None;
        }
    }

    /// The hash over all proved heads.
    pub fn token(&self) -> String {
        let head = |(id, log): (&LogId, &Arc<MemoryLog>)| {
            let checkpoint = log.checkpoint.as_ref()?;
            Some(Checkpoint {
                log: id.clone(),
                size: checkpoint.size(),
                root: *checkpoint.root(),
            })
        };
        let mut heads: Vec<_> = self.logs.iter().filter_map(head).collect();
        heads_token(&mut heads).to_string()
    }

    /// Appends entries to the hub's own log.
    pub fn issue(
        &mut self,
        key: &SigningKey,
        entries: Vec<VerifiedEntry>,
    ) -> Result<LogId, StorageError> {
        let hub = self.hub.clone();
        let log = self.own_log().cloned();
        let log = log.ok_or_else(|| StorageError::NoLog(hub.clone()))?;
        if let Some(why) = self.log_mut(&log).closed() {
            return Err(StorageError::Closed { hub, why });
        }
        if let Some(halted) = self.halted {
            let why = halted.why.to_string();
            return Err(StorageError::Closed { hub, why });
        }
        let held = self.log_mut(&log);
        let leaves = entries
            .iter()
            .map(|entry| Hash::of_leaf(entry.header_text.as_bytes()));
        let append = held.edge.append(leaves);
        let checkpoint = Checkpoint {
            log: log.clone(),
            size: append.edge.size(),
            root: append.edge.root(),
        };
        let page = VerifiedPage {
            from: held.size(),
            root: held.edge.root(),
            entries,
            append,
            checkpoint: checkpoint.sign(key),
        };
        self.pass(page, Origin::Here);
        Ok(log)
    }

    /// Stores a page of another hub's log, if the log still is what it continues.
    pub fn apply(&mut self, page: VerifiedPage) -> Result<Stored, StorageError> {
        let log = page.checkpoint.log().clone();
        let held = self.logs.get(&log);
        if let Some(why) = held.and_then(|held| held.closed()) {
            return Err(StorageError::Closed { hub: log.hub, why });
        }
        let edge = held.map(|held| held.edge.clone()).unwrap_or_default();
        if !page.continues(&edge) && Rule::SizeCompared.holds() {
            let (held, from) = (edge.size(), page.from);
            return Err(StorageError::Moved { held, from });
        }
        let end = page.append.edge.size();
        let accepted = self.logs.get(&log).and_then(|held| held.accepted);
        if accepted.is_some_and(|(accepted, _)| end > accepted.size) {
            let why = "its hub's next log does not accept so much of it".to_owned();
            return Err(StorageError::Closed { hub: log.hub, why });
        }
        if page.from == 0 {
            let sight = self.sight_here(&log.hub);
            self.log_mut(&log).sight = sight;
        }
        let origin = self.origin(&log);
        Ok(self.pass(page, origin))
    }

    fn pass(&mut self, page: VerifiedPage, origin: Origin) -> Stored {
        let log = page.checkpoint.log().clone();
        let from = self.log_mut(&log).size();
        let mut intake = self.decide(&log, from, &page.entries, origin);
        let openings = Self::openings(from, &page.entries, &intake.winners);
        if self.cut_first(&log, &openings) {
            intake = self.decide(&log, from, &page.entries, origin);
        }
        if origin == Origin::Elsewhere && Rule::KeptBeforeDropped.holds() {
            self.keep_unsettled(&log, &intake.superseded);
        }
        self.forget_aside(&log, origin, &page.entries);
        let mut were_missing = false;
        for (epoch, place) in &intake.superseded {
            were_missing |= self.drop_payload(&log.with(*epoch), *place);
        }
        if were_missing {
            self.note_change(&log.hub);
        }
        self.project(&log, from, &page.entries, &intake);
        let held = self.log_mut(&log);
        held.missing
            .extend(intake.missing.iter().map(|place| from + *place as u64));
        let mut stored = Stored::default();
        stored.entries = page.entries.len() as u64;
        stored.missing = intake.missing.len() as u64;
        let records = records_of(&page.entries);
        held.add(page.entries, &intake.kept, page.append, &page.checkpoint);
        stored.size = held.size();
        if origin == Origin::Own {
            self.keep_overlooked(&log, records);
        }
        for opening in &openings {
            self.accept(&log, opening);
        }
        if self.is_settled(&log) {
            self.release_left_out(&log);
        }
        self.stamp(&log);
        stored
    }

    fn decide(
        &self,
        log: &LogId,
        size: u64,
        entries: &[VerifiedEntry],
        origin: Origin,
    ) -> Intake<Place> {
        let held = self.held(log, size, entries);
        let sight = self.logs.get(log).map_or(Sight::Public, |log| log.sight);
        let is_entitled =
            |header: &Header| origin != Origin::Elsewhere || sight.sees(&header.audience);
        Intake::of(entries, |record| held.get(&record), is_entitled)
    }

    /// What the logs of a hub hold of the records of some entries; of this log what stands before a size.
    fn held(
        &self,
        log: &LogId,
        size: u64,
        entries: &[VerifiedEntry],
    ) -> BTreeMap<RecordId, Held<Place>> {
        let wanted = records_of(entries);
        let mut found: BTreeMap<RecordId, Held<Place>> = BTreeMap::new();
        for (id, other) in self.logs.iter().filter(|(id, _)| id.hub == log.hub) {
            let entries = (0..).zip(&other.entries);
            let entries = entries.take_while(|(place, _)| id != log || *place < size);
            for (place, entry) in entries {
                let Some(header) = &entry.header else {
                    continue;
                };
                if !wanted.contains(&header.record) {
                    continue;
                }
                let record = found.entry(header.record).or_insert(Held {
                    entries: Vec::new(),
                    newest_here: None,
                    is_in_later: false,
                });
                if id.epoch > log.epoch {
                    record.is_in_later = true;
                    continue;
                }
                record.entries.push((id.epoch, place));
                if id == log {
                    record.newest_here = record.newest_here.max(Some(header.revision));
                }
            }
        }
        found
    }

    /// Drops a payload that is superseded, and says whether it was missing.
    fn drop_payload(&mut self, log: &LogId, place: u64) -> bool {
        let held = self.log_mut(log);
        let was_missing = held.missing.remove(&place);
        let index = usize::try_from(place).unwrap_or(usize::MAX);
        if let Some(entry) = held.entries.get_mut(index) {
            entry.payload = None;
        }
        was_missing
    }

    /// Shows what speaks for its record from now on.
    fn project(
        &mut self,
        log: &LogId,
        from: u64,
        entries: &[VerifiedEntry],
        intake: &Intake<Place>,
    ) {
        let mut says_of_members = false;
        let shown = Arc::make_mut(&mut self.shown);
        for place in &intake.winners {
            let Ok(header) = &entries[*place].header else {
                continue;
            };
            let key = (log.hub.clone(), header.record);
            says_of_members |= Self::says_of_members(header);
            shown.remove(&key);
            let payload = entries[*place].payload.as_deref();
            let payload = payload.filter(|_| intake.kept[*place]);
            standing::note_name(&mut self.names, &key, header, payload);
            if let Some(payload) = payload.filter(|_| header.version <= HEADER_VERSION) {
                let now = Shown {
                    epoch: log.epoch,
                    place: from + *place as u64,
                    payload: payload.into(),
                };
                shown.insert(key, now);
            }
        }
        if says_of_members {
            self.note_change(&log.hub);
        }
    }

    /// Stores payloads that are missing and match their headers.
    pub fn fill(&mut self, log: &LogId, payloads: Vec<(u64, String)>) -> Filled {
        let mut filled = Filled::default();
        if !self.logs.contains_key(log) {
            return filled;
        }
        for (place, payload) in payloads {
            let held = self.log_mut(log);
            let Some(entry) = held.entry(place).cloned() else {
                continue;
            };
            let Some(header) = entry.header.filter(|header| header.commits_to(&payload)) else {
                filled.false_ones += 1;
                continue;
            };
            if !held.missing.remove(&place) {
                continue;
            }
            let index = usize::try_from(place).expect("the entry is held");
            held.entries[index].payload = Some(payload.as_str().into());
            filled.filled += 1;
            let entry = VerifiedEntry {
                header_text: entry.text.to_string(),
                header: Ok((*header).clone()),
                payload: Some(payload),
            };
            let entries = [entry];
            let intake = self.decide(log, place, &entries, self.origin(log));
            self.project(log, place, &entries, &intake);
            for opening in Self::openings(place, &entries, &intake.winners) {
                self.accept(log, &opening);
            }
        }
        if filled.filled > 0 {
            self.note_change(&log.hub);
            self.stamp(log);
        }
        filled
    }

    /// The entries of a log that speak for their records: no later log of its hub has them.
    pub fn speaking(&self, log: &LogId) -> Vec<(u64, &Header)> {
        let later = self
            .logs
            .iter()
            .filter(|(id, _)| id.hub == log.hub && id.epoch > log.epoch);
        let later: Vec<_> = later.map(|(_, held)| held).collect();
        let is_in_later = |record: RecordId| {
            let mut entries = later.iter().flat_map(|held| &held.entries);
            entries.any(|entry| {
                entry
                    .header
                    .as_ref()
                    .is_some_and(|found| found.record == record)
            })
        };
        let held = self.logs.get(log).into_iter();
        let speaking = held.flat_map(|held| held.speaking());
        speaking
            .filter(|(_, header)| !is_in_later(header.record))
            .collect()
    }

    /// Makes the projection anew from the entries, by its definition: of each record the newest revision in its hub's
    /// latest log that has it speaks, if its payload is held.
    pub fn projection_from_entries(&self) -> Projection {
        let mut newest: BTreeMap<(HubId, RecordId), (Epoch, u64, u64)> = BTreeMap::new();
        for (id, log) in &self.logs {
            for (place, entry) in (0..).zip(&log.entries) {
                let Some(header) = &entry.header else {
                    continue;
                };
                let rank = (id.epoch, header.revision, place);
                let slot = newest.entry((id.hub.clone(), header.record));
                let slot = slot.or_insert(rank);
                if (rank.0, rank.1) > (slot.0, slot.1) {
                    *slot = rank;
                }
            }
        }
        let shown = |(key, (epoch, _, place)): ((HubId, RecordId), (Epoch, u64, u64))| {
            let log = self.log_id(&key.0, epoch.get());
            let entry = self.logs.get(&log)?.entry(place)?;
            let header = entry.header.as_deref()?;
            let is_read = header.version <= HEADER_VERSION
                && matches!(header.operation, Operation::Put { .. });
            let payload = entry.payload.clone().filter(|_| is_read)?;
            let shown = Shown {
                epoch,
                place,
                payload,
            };
            Some((key, shown))
        };
        newest.into_iter().filter_map(shown).collect()
    }

    /// Whether a record of a kind is a word on a member.
    fn says_of_members(header: &Header) -> bool {
        header.kind.as_str() == Kind::MEMBERSHIP
    }
}
