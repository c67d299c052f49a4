//! What a page of a log costs to make and to prove, without network and disk: `cargo bench -p domain`.
//!
//! A page has 1,000 entries of about 1.5 KB, so a time in milliseconds is a cost per entry in microseconds.

use divan::Bencher;
use domain::entropy::Entropy;
use domain::entry::{Audience, Change, EntryDraft, Header, Kind, SealedEntry};
use domain::identity::{Epoch, HubId, LogId, NetworkId, RecordId};
use domain::log::{Checkpoint, Hash, Page, RawEntry, SignedCheckpoint, SigningKey, TreeEdge};
use time::OffsetDateTime;

const ENTRIES: u128 = 1000;

fn main() {
    divan::main();
}

/// Not random at all, which costs nothing.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn draft(number: u128) -> EntryDraft {
    let body = format!(
        r#"{{"title":"Inovasi {number}","summary":"{}"}}"#,
        "kata ".repeat(240)
    );
    EntryDraft {
        record: RecordId::from(uuid::Uuid::from_u128(number)),
        revision: 1,
        kind: Kind::parse(Kind::INNOVATION).expect("our own kinds are well formed"),
        audience: Audience::Public,
        at: OffsetDateTime::UNIX_EPOCH,
        change: Change::Put(body),
    }
}

fn sealed() -> Vec<SealedEntry> {
    let seal = |number| draft(number).seal(&Zeros).expect("the draft fits");
    (0..ENTRIES).map(seal).collect()
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn checkpoint(edge: &TreeEdge) -> SignedCheckpoint {
    let log = LogId {
        network: NetworkId::parse("bench").expect("a network"),
        hub: HubId::parse("id-13").expect("a hub"),
        epoch: Epoch::new(1).expect("an epoch"),
    };
    let (size, root) = (edge.size(), edge.root());
    Checkpoint { log, size, root }.sign(&key())
}

fn leaves(entries: &[SealedEntry]) -> impl Iterator<Item = Hash> {
    entries
        .iter()
        .map(|entry| Hash::of_leaf(entry.header_text.as_bytes()))
}

/// Salting, hashing and writing the texts of a page of new entries.
#[divan::bench]
fn seal_page(bencher: Bencher<'_, '_>) {
    bencher.bench(sealed);
}

/// Growing the tree by a page of headers.
#[divan::bench]
fn append_page(bencher: Bencher<'_, '_>) {
    let entries = sealed();
    bencher.bench(|| TreeEdge::default().append(leaves(&entries)));
}

/// Everything that makes a page believable: leaves, root, proof, and the hash of each payload.
#[divan::bench]
fn verify_page(bencher: Bencher<'_, '_>) {
    let entries = sealed();
    let checkpoint = checkpoint(&TreeEdge::default().append(leaves(&entries)).edge);
    let raw = |entry: SealedEntry| RawEntry {
        header: entry.header_text,
        payload: entry.payload,
    };
    let entries: Vec<_> = entries.into_iter().map(raw).collect();
    bencher
        .with_inputs(|| (entries.clone(), checkpoint.clone()))
        .bench_values(|(entries, checkpoint)| {
            let page = Page {
                entries,
                proof: Vec::new(),
            };
            page.verify(&TreeEdge::default(), checkpoint)
                .expect("an honest page verifies")
        });
}

/// Reading a page of headers.
#[divan::bench]
fn parse_headers(bencher: Bencher<'_, '_>) {
    let entries = sealed();
    bencher.bench(|| {
        let read = entries
            .iter()
            .map(|entry| Header::parse(&entry.header_text));
        read.collect::<Result<Vec<_>, _>>()
    });
}

/// The one signature of a page.
#[divan::bench]
fn open_checkpoint(bencher: Bencher<'_, '_>) {
    let text = checkpoint(&TreeEdge::default()).text().to_owned();
    let key = key().public();
    bencher.bench(|| SignedCheckpoint::open(&text, &key));
}
