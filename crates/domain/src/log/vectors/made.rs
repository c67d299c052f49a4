//! The logs of our vectors, made from fixed seeds, so that each run makes the same bytes.

use std::sync::atomic::{AtomicU8, Ordering};

use time::{Duration, OffsetDateTime};

use super::check::key_of;
use super::file::Entry;
use crate::entropy::Entropy;
use crate::entry::{Audience, Change, DeletionReason, EntryDraft, Kind, SealedEntry};
use crate::identity::RecordId;
use crate::log::{Checkpoint, Frontier, Hash, Receipt, SigningKey, Tiles, TreeEdge, proof};

/// The seeds of RFC 8032 section 7.1, tests 1 to 3. Everybody knows them, so they sign nothing but vectors.
pub(super) const SEEDS: [&str; 3] = [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
];
const BEGINNING: OffsetDateTime = time::macros::datetime!(2026-08-20 03:04:05 UTC);

/// A log with all its entries and payloads.
pub(super) struct Log {
    pub(super) origin: &'static str,
    pub(super) seed: &'static str,
    pub(super) entries: Vec<SealedEntry>,
}

/// Counts upwards: bytes that differ from call to call and come again in the next run.
#[derive(Default)]
struct Counter(AtomicU8);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        let call = self.0.fetch_add(1, Ordering::Relaxed);
        buffer.fill(call);
    }
}

impl Log {
    /// Three hundred entries of one hub: 120 records, most of them revised, some of them deleted in the end.
    pub(super) fn of_300() -> Self {
        let counter = Counter::default();
        let record = |n: u8| record(1000 + u16::from(n));
        let mut entries = Vec::new();
        for place in 0..300_u16 {
            let n = u8::try_from(place % 120).expect("below 120");
            let revision = u64::from(place / 120 + 1);
            let change = match (revision, n % 4) {
                (3, 0) => Change::Delete(DeletionReason::Withdrawn),
                _ => Change::Put(format!(
                    r#"{{"title":"Inovasi {n}","revision":{revision}}}"#
                )),
            };
            entries.push(
                draft(place, record(n), revision, Kind::INNOVATION, change)
                    .seal(&counter)
                    .unwrap(),
            );
        }
        Self {
            origin: "simpul/jipp/id-35/1764000300",
            seed: SEEDS[1],
            entries,
        }
    }

    /// Ten entries of one hub: itself, an agency, innovations; one is revised, one withdrawn, one erased.
    pub(super) fn of_10() -> Self {
        let counter = Counter::default();
        let put = |text: &str| Change::Put(text.to_owned());
        let agency = record(2);
        let innovation = |title: &str| {
            put(&format!(
                r#"{{"title":"{title}","agency":"{agency}","affairs":["HEALTH"],"stage":"CREATION","adoption":"TRIAL"}}"#
            ))
        };
        let said = [
            (
                record(1),
                1,
                Kind::HUB,
                put(
                    r#"{"name":"Hub JIPP Sumatera Barat","kind":"PROVINCE","region":"13","status":"ACTIVE"}"#,
                ),
            ),
            (
                agency,
                1,
                Kind::AGENCY,
                put(r#"{"name":"Pemerintah Kota Payakumbuh","kind":"CITY_GOV","region":"13.76"}"#),
            ),
            (record(3), 1, Kind::INNOVATION, innovation("SITARANG")),
            (
                record(4),
                1,
                Kind::INNOVATION,
                innovation("Posyandu “Cerdas” — tanpa antre"),
            ),
            (record(5), 1, Kind::INNOVATION, innovation("Ambulans Desa")),
            (
                record(3),
                2,
                Kind::INNOVATION,
                innovation("SITARANG, revisi"),
            ),
            (record(6), 1, Kind::INNOVATION, innovation("Kelas Ibu")),
            (
                record(4),
                2,
                Kind::INNOVATION,
                Change::Delete(DeletionReason::Withdrawn),
            ),
            (
                record(7),
                1,
                "later-kind",
                put(r#"{"what":"a kind that only a newer version knows"}"#),
            ),
            (
                record(5),
                2,
                Kind::INNOVATION,
                Change::Delete(DeletionReason::Erasure),
            ),
        ];
        let seal = |(place, (record, revision, kind, change))| {
            draft(place, record, revision, kind, change)
                .seal(&counter)
                .unwrap()
        };
        let entries = (0..).zip(said).map(seal).collect();
        Self {
            origin: "simpul/jipp/id-13/1764000000",
            seed: SEEDS[0],
            entries,
        }
    }

    pub(super) fn key(&self) -> SigningKey {
        key_of(self.seed)
    }

    pub(super) fn public_key(&self) -> String {
        self.key().public().to_string()
    }

    pub(super) fn headers(&self) -> Vec<String> {
        self.entries
            .iter()
            .map(|entry| entry.header_text.clone())
            .collect()
    }

    /// The entries at these places as a hub gives them once the whole log is stored: superseded payloads are gone.
    pub(super) fn page(&self, places: std::ops::Range<usize>) -> Vec<Entry> {
        let entry = |entry: &SealedEntry| Entry {
            header: entry.header_text.clone(),
            payload: entry.payload.clone().filter(|_| self.is_newest(entry)),
        };
        self.entries[places].iter().map(entry).collect()
    }

    fn is_newest(&self, entry: &SealedEntry) -> bool {
        let record = |other: &&SealedEntry| other.header.record == entry.header.record;
        self.entries.iter().rfind(record) == Some(entry)
    }

    fn leaves(&self, size: u64) -> impl Iterator<Item = Hash> {
        let size = usize::try_from(size).unwrap();
        self.entries[..size]
            .iter()
            .map(|entry| Hash::of_leaf(entry.header_text.as_bytes()))
    }

    fn tiles(&self, size: u64) -> Tiles {
        let mut tiles = Tiles::default();
        for (tile, hashes) in TreeEdge::default().append(self.leaves(size)).tiles {
            tiles.insert(tile, hashes);
        }
        tiles
    }

    pub(super) fn root(&self, size: u64) -> String {
        TreeEdge::default()
            .append(self.leaves(size))
            .edge
            .root()
            .to_string()
    }

    pub(super) fn frontier(&self, size: u64) -> Vec<String> {
        let frontier = Frontier::default().append(self.leaves(size));
        frontier.roots().iter().map(ToString::to_string).collect()
    }

    pub(super) fn inclusion(&self, index: u64, size: u64) -> Vec<String> {
        self.texts(&proof::inclusion(index, size), size)
    }

    pub(super) fn consistency(&self, old: u64, new: u64) -> Vec<String> {
        self.texts(&proof::consistency(old, new), new)
    }

    fn texts(&self, ranges: &[std::ops::Range<u64>], size: u64) -> Vec<String> {
        let hashes = proof::hashes(ranges, &self.tiles(size)).unwrap();
        hashes.iter().map(ToString::to_string).collect()
    }

    pub(super) fn checkpoint(&self, size: u64) -> String {
        self.checkpoint_signed_by(size, &self.key())
    }

    pub(super) fn checkpoint_signed_by(&self, size: u64, key: &SigningKey) -> String {
        let stated = Checkpoint {
            log: self.origin.parse().unwrap(),
            size,
            root: Hash::parse(&self.root(size)).unwrap(),
        };
        stated.sign(key).text().to_owned()
    }

    pub(super) fn receipt(&self, index: u64, size: u64) -> Receipt {
        let place = usize::try_from(index).unwrap();
        let entry = self.page(place..place + 1).remove(0);
        Receipt {
            header: entry.header,
            payload: entry.payload,
            index,
            proof: self.inclusion(index, size),
            checkpoint: self.checkpoint(size),
            public_key: self.public_key(),
        }
    }
}

fn record(n: u16) -> RecordId {
    let at = BEGINNING + Duration::seconds(n.into());
    let counter = Counter(AtomicU8::new(n.to_be_bytes()[1]));
    RecordId::generate(at, &counter)
}

fn draft(place: u16, record: RecordId, revision: u64, kind: &str, change: Change) -> EntryDraft {
    EntryDraft {
        record,
        revision,
        kind: Kind::parse(kind).unwrap(),
        audience: Audience::Public,
        at: BEGINNING + Duration::minutes(place.into()),
        change,
    }
}
