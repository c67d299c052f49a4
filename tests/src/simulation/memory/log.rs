//! One log in memory: its entries, its tree, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::entry::{Audience, Header, Sight};
use domain::identity::{Epoch, LogId};
use domain::log::{
    Accepted, Append, Checkpoint, Hash, LogFacts, LogState, RawEntry, SignedCheckpoint, SigningKey,
    Tiles, TreeEdge, VerifiedEntry, proof,
};
use domain::rules::Rule;
use storage::logs::heads::Head;
use sync::peer::StatedPage;

/// An entry as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The header's text.
    pub text: Arc<str>,
    /// The header, if it can be read.
    pub header: Option<Arc<Header>>,
    /// The payload, if it is held.
    pub payload: Option<Arc<str>>,
}

impl From<RawEntry> for Kept {
    fn from(entry: RawEntry) -> Self {
        Self {
            header: Header::parse(&entry.header).ok().map(Arc::new),
            text: entry.header.into(),
            payload: entry.payload.map(Arc::from),
        }
    }
}

/// A log as a hub holds it.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    /// The entries in order.
    pub entries: Vec<Kept>,
    /// The right edge of the tree over them.
    pub edge: TreeEdge,
    tiles: Tiles,
    bytes: u64,
    /// The size up to which the log can be proved to others.
    pub proved_size: u64,
    /// The signed checkpoint at that size.
    pub checkpoint: Option<SignedCheckpoint>,
    /// The signed checkpoint that vouches for what is held beyond that size.
    pub tail: Option<SignedCheckpoint>,
    /// The largest size that a trusted checkpoint was seen to state.
    pub newest_seen: u64,
    /// The commit that last changed it.
    pub position: u64,
    /// No supplier proves the newest head.
    pub is_unproved: bool,
    /// Two histories were found.
    pub is_forked: bool,
    /// What peers gave of other histories.
    pub evidence: Vec<String>,
    /// Why it is set aside.
    pub parked: Option<String>,
    /// How much of it its hub's next log accepts, and which log that is.
    pub accepted: Option<(Accepted, Epoch)>,
    /// Places whose payloads are missing.
    pub missing: BTreeSet<u64>,
    /// What the hub keeps of it.
    pub sight: Sight,
}

impl MemoryLog {
    /// How many entries are held.
    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// How far the hub has come with it.
    pub fn state(&self) -> LogState {
        LogState::of(&LogFacts {
            size: self.size(),
            proved_size: self.proved_size,
            newest_seen: self.newest_seen,
            missing: self.missing.len() as u64,
            forked: self.is_forked,
            parked: self.parked.is_some(),
            unproved: self.is_unproved,
        })
    }

    /// Whether every payload that is missing is not for everyone.
    pub fn lacks_only_hidden(&self) -> bool {
        self.missing.iter().all(|place| {
            let header = self.entry(*place).and_then(|entry| entry.header.as_deref());
            header.is_some_and(|header| !is_for_everyone(header))
        })
    }

    /// Why nothing may be added.
    pub fn closed(&self) -> Option<String> {
        let forked = self.is_forked.then(|| "it is forked".to_owned());
        forked.or_else(|| self.parked.clone())
    }

    /// All that is known of it.
    pub fn head(&self, log: &LogId) -> Head {
        Head {
            log: log.clone(),
            size: self.size(),
            bytes: self.bytes,
            proved_size: self.proved_size,
            checkpoint: self
                .checkpoint
                .as_ref()
                .map(|checkpoint| checkpoint.text().to_owned()),
            tail: self.tail.as_ref().map(|tail| tail.text().to_owned()),
            newest_seen: self.newest_seen,
            missing: self.missing.len() as u64,
            unprojected: 0,
            position: self.position,
            proved_at: None,
            behind_since: None,
            forked_at: self.is_forked.then_some(0),
            state: self.state(),
            parked: self.parked.clone(),
            accepted: self.accepted,
        }
    }

    /// The headers' texts that it can prove to others.
    pub fn proved_texts(&self) -> Vec<Arc<str>> {
        let entries = self.entries.iter().map(|entry| Arc::clone(&entry.text));
        let proved = usize::try_from(self.proved_size).unwrap_or(usize::MAX);
        entries.take(proved).collect()
    }

    /// The entry at a place, if it is held.
    pub fn entry(&self, place: u64) -> Option<&Kept> {
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The right edge as it was at a size that is held.
    pub fn edge_at(&self, size: u64) -> Option<TreeEdge> {
        if size > self.size() {
            return None;
        }
        TreeEdge::read(size, &self.tiles)
    }

    /// Adds entries; `kept` says whose payloads are stored.
    pub fn add(
        &mut self,
        entries: Vec<VerifiedEntry>,
        kept: &[bool],
        append: Append,
        checkpoint: &SignedCheckpoint,
    ) {
        for (entry, kept) in entries.into_iter().zip(kept) {
            self.bytes +=
                (entry.header_text.len() + entry.payload.as_ref().map_or(0, String::len)) as u64;
            self.entries.push(Kept {
                text: entry.header_text.into(),
                header: entry.header.ok().map(Arc::new),
                payload: entry.payload.filter(|_| *kept).map(Arc::from),
            });
        }
        self.take_tree(append);
        self.newest_seen = self.newest_seen.max(checkpoint.size());
        let is_reached = self.edge.size() == checkpoint.size();
        self.tail = (!is_reached).then(|| checkpoint.clone());
        if is_reached || !Rule::ProvedWhenReached.holds() {
            self.proved_size = self.edge.size();
            self.checkpoint = Some(checkpoint.clone());
            self.is_unproved = false;
        }
    }

    /// Opens an empty log with a signed checkpoint of its emptiness.
    pub fn open(log: LogId, key: &SigningKey) -> Self {
        let root = Hash::of_empty_tree();
        let empty = Checkpoint { log, size: 0, root };
        Self {
            checkpoint: Some(empty.sign(key)),
            ..Self::default()
        }
    }

    /// Only the first entries, not yet proved.
    #[must_use]
    pub fn first(&self, size: u64) -> Self {
        let keep = usize::try_from(size).unwrap_or(usize::MAX);
        let mut first = Self {
            entries: self.entries.iter().take(keep).cloned().collect(),
            ..Self::default()
        };
        let leaves = first
            .entries
            .iter()
            .map(|entry| Hash::of_leaf(entry.text.as_bytes()));
        let append = TreeEdge::default().append(leaves.collect::<Vec<_>>());
        first.take_tree(append);
        first
    }

    /// With more entries, all payloads held, proved by a key.
    #[must_use]
    pub fn continued(mut self, log: &LogId, entries: Vec<VerifiedEntry>, key: &SigningKey) -> Self {
        let leaves = entries
            .iter()
            .map(|entry| Hash::of_leaf(entry.header_text.as_bytes()));
        let append = self.edge.append(leaves);
        let checkpoint = Checkpoint {
            log: log.clone(),
            size: append.edge.size(),
            root: append.edge.root(),
        };
        let kept = vec![true; entries.len()];
        self.add(entries, &kept, append, &checkpoint.sign(key));
        self
    }

    /// Takes out what stands from a size on, as if it had never come.
    pub(super) fn cut(&mut self, size: u64) {
        let keep = usize::try_from(size).expect("logs are short");
        let left = self.first(size);
        self.bytes = 0;
        for entry in &self.entries[..keep] {
            self.bytes +=
                (entry.text.len() + entry.payload.as_ref().map_or(0, |text| text.len())) as u64;
        }
        self.entries = left.entries;
        self.edge = left.edge;
        self.tiles = left.tiles;
        self.missing.retain(|place| *place < size);
        self.newest_seen = size;
        self.is_unproved = false;
        self.is_forked = false;
        if self.proved_size >= size {
            self.tail = None;
        }
        if self.proved_size > size {
            self.proved_size = 0;
            self.checkpoint = None;
        }
    }

    fn take_tree(&mut self, append: Append) {
        for (tile, hashes) in append.tiles {
            self.tiles.insert(tile, hashes);
        }
        self.edge = append.edge;
    }

    /// The first place at which this log and what another has proved differ, if both hold it.
    pub fn parts_from(&self, other: &Self) -> Option<u64> {
        let proved = usize::try_from(other.proved_size).expect("logs are short");
        let mut pairs = self.entries.iter().zip(&other.entries[..proved]);
        let place = pairs.position(|(one, other)| one.text != other.text);
        place.map(|place| place as u64)
    }

    /// Gives a page as a hub answers it.
    pub fn page(&self, from: u64, most: u64) -> Option<StatedPage> {
        let checkpoint = self.checkpoint.as_ref()?;
        let end = self.proved_size.min(from.saturating_add(most));
        let places = from.min(end)..end;
        let entries = places.filter_map(|place| self.raw(place)).collect();
        let proof = self.proof(end, self.proved_size)?;
        Some(StatedPage {
            page: domain::log::Page { entries, proof },
            checkpoint: checkpoint.text().to_owned(),
        })
    }

    /// Whether an entry's payload may be given to whom sees so much.
    pub fn may_give(&self, place: u64, sight: Sight) -> bool {
        let header = self.entry(place).and_then(|entry| entry.header.as_deref());
        header.is_none_or(|header| sight.sees(&header.audience))
    }

    fn raw(&self, place: u64) -> Option<RawEntry> {
        let entry = self.entry(place)?;
        Some(RawEntry {
            header: entry.text.to_string(),
            payload: entry.payload.as_deref().map(str::to_owned),
        })
    }

    fn proof(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        proof::hashes(&proof::consistency(old, new), &self.tiles)
    }

    /// The places whose payloads speak for their records: the newest revisions of records with content for everyone.
    pub fn speaking(&self) -> impl Iterator<Item = (u64, &Header)> {
        let mut newest = BTreeMap::new();
        for (place, entry) in (0..).zip(&self.entries) {
            if let Some(header) = entry.header.as_deref() {
                let slot = newest.entry(header.record).or_insert((place, header));
                if slot.1.revision < header.revision {
                    *slot = (place, header);
                }
            }
        }
        newest.into_values()
    }

    /// The same, in the order of the log.
    pub fn speaking_in_order(&self) -> Vec<(u64, &Header)> {
        let mut speaking: Vec<_> = self.speaking().collect();
        speaking.sort_unstable_by_key(|(place, _)| *place);
        speaking
    }
}

/// Whether everybody may have a payload.
pub fn is_for_everyone(header: &Header) -> bool {
    header.audience == Audience::Public
}

/// Naming another log of the same hub.
pub(super) trait WithEpoch {
    fn with(&self, epoch: Epoch) -> LogId;
}

impl WithEpoch for LogId {
    fn with(&self, epoch: Epoch) -> LogId {
        LogId {
            epoch,
            ..self.clone()
        }
    }
}
