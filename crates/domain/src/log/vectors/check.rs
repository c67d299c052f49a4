//! Holding one case against the program's own code. What is of members and trust stands in [`trust`], what
//! is of the tokens of hubs in [`token`], what is of a hub's next log in [`epoch`].

mod epoch;
mod token;
mod trust;

use super::file::{
    Check, CheckpointText, Consistency, Encoding, Entry, File, HeaderText, HeadsToken, Inclusion,
    KeyOf, NoteText, PageCase, PayloadText, Reading, ReceiptCase, SignCheckpoint, SignNote,
    StretchCase,
};
use crate::entry::{Header, Operation};
use crate::log::{
    Checkpoint, Frontier, Hash, Page, PublicKey, RawEntry, SignedCheckpoint, SigningKey, Tiles,
    TreeEdge, heads_token, note, proof,
};

/// In what the program differs from the file.
type Difference = Result<(), String>;

/// Says in what the program differs from the file, if it does.
pub(super) fn check(file: &File, case: &Check) -> Difference {
    match case {
        Check::Root(case) => same(
            "root",
            &file.write(&file.edge(case.size).root()),
            &case.root,
        ),
        Check::Inclusion(case) => case.check(file),
        Check::Consistency(case) => case.check(file),
        Check::PublicKey(case) => as_said(PublicKey::parse(&case.text).is_ok(), case.holds),
        Check::Key(case) => case.check(),
        Check::SignNote(case) => case.check(),
        Check::Note(case) => as_said(case.is_signed(), case.holds),
        Check::SignCheckpoint(case) => case.check(),
        Check::Checkpoint(case) => as_said(case.is_signed(), case.holds),
        Check::Header(case) => case.check(),
        Check::Payload(case) => case.check(),
        Check::Page(case) => as_said(case.verify().is_ok(), case.holds),
        Check::Stretch(case) => as_said(case.verify().is_ok(), case.holds),
        Check::Receipt(case) => as_said(case.proves(), case.holds),
        Check::HeadsToken(case) => case.check(),
        Check::Membership(case) => case.check(),
        Check::Trust(case) => case.check(),
        Check::SignHubToken(case) => case.check(),
        Check::HubToken(case) => as_said(case.counts(), case.holds),
        Check::Opening(case) => case.check(),
        Check::Settlement(case) => case.check(),
    }
}

impl File {
    fn leaves(&self, size: u64) -> impl Iterator<Item = Hash> {
        let leaves = self.leaves.as_ref().expect("the file has leaves");
        let hash = |value: &String| match leaves.encoding {
            Encoding::Hex => Hash::of_leaf(&unhex(value)),
            Encoding::Text | Encoding::Base64 => Hash::of_leaf(value.as_bytes()),
        };
        let size = usize::try_from(size).unwrap();
        assert!(size <= leaves.values.len(), "the file has fewer leaves");
        leaves.values[..size].iter().map(hash)
    }

    fn edge(&self, size: u64) -> TreeEdge {
        TreeEdge::default().append(self.leaves(size)).edge
    }

    fn tiles(&self, size: u64) -> Tiles {
        let mut tiles = Tiles::default();
        for (tile, hashes) in TreeEdge::default().append(self.leaves(size)).tiles {
            tiles.insert(tile, hashes);
        }
        tiles
    }

    fn write(&self, hash: &Hash) -> String {
        match self.hashes {
            Encoding::Hex => hex(hash.as_bytes()),
            Encoding::Base64 | Encoding::Text => hash.to_string(),
        }
    }

    fn read(&self, text: &str) -> Hash {
        match self.hashes {
            Encoding::Hex => Hash::from(<[u8; 32]>::try_from(unhex(text)).unwrap()),
            Encoding::Base64 | Encoding::Text => Hash::parse(text).unwrap(),
        }
    }

    fn read_all(&self, texts: &[String]) -> Vec<Hash> {
        texts.iter().map(|text| self.read(text)).collect()
    }
}

impl Inclusion {
    /// A proof that holds must also be the one that this program makes.
    fn check(&self, file: &File) -> Difference {
        let (root, told) = (file.read(&self.root), file.read_all(&self.proof));
        let leaf = file.leaves(self.leaf + 1).last().expect("one leaf or more");
        let found = proof::includes(&leaf, self.index, self.size, &root, &told);
        as_said(found, self.holds)?;
        if !self.holds {
            return Ok(());
        }
        let ranges = proof::inclusion(self.index, self.size);
        let made = proof::hashes(&ranges, &file.tiles(self.size));
        same("proof", &made, &Some(told))
    }
}

impl Consistency {
    fn check(&self, file: &File) -> Difference {
        let (old, new) = (file.read(&self.old_root), file.read(&self.new_root));
        let told = file.read_all(&self.proof);
        let found = proof::continues(self.old_size, &old, self.new_size, &new, &told);
        as_said(found, self.holds)?;
        if !self.holds {
            return Ok(());
        }
        let ranges = proof::consistency(self.old_size, self.new_size);
        let made = proof::hashes(&ranges, &file.tiles(self.new_size));
        same("proof", &made, &Some(told))
    }
}

impl KeyOf {
    fn check(&self) -> Difference {
        let key = key_of(&self.seed).public();
        same("key", &key.to_string(), &self.public_key)?;
        same("fingerprint", &key.fingerprint(), &self.fingerprint)
    }
}

impl SignNote {
    fn check(&self) -> Difference {
        let made = note::sign(&self.text, &self.key_name, &key_of(&self.seed));
        same("note", &made, &self.note)
    }
}

impl NoteText {
    fn is_signed(&self) -> bool {
        let key = public_key(&self.public_key);
        note::split(&self.note)
            .is_some_and(|(text, lines)| note::is_signed_by(text, lines, &self.key_name, &key))
    }
}

impl SignCheckpoint {
    fn check(&self) -> Difference {
        let stated = Checkpoint {
            log: self.origin.parse().unwrap(),
            size: self.size,
            root: Hash::parse(&self.root).unwrap(),
        };
        same(
            "reading",
            &Checkpoint::parse(&self.checkpoint),
            &Ok(stated.clone()),
        )?;
        let made = stated.sign(&key_of(&self.seed));
        same("checkpoint", &made.text(), &self.checkpoint.as_str())
    }
}

impl CheckpointText {
    fn is_signed(&self) -> bool {
        SignedCheckpoint::open(&self.checkpoint, &public_key(&self.public_key)).is_ok()
    }
}

impl HeaderText {
    fn check(&self) -> Difference {
        let leaf = Hash::of_leaf(self.header.as_bytes()).to_string();
        same("leaf hash", &leaf, &self.leaf_hash)?;
        let read = Header::parse(&self.header).ok().map(Reading::from);
        same("reading", &read, &self.reads)
    }
}

impl From<Header> for Reading {
    fn from(header: Header) -> Self {
        let (op, payload, size, reason) = match header.operation {
            Operation::Put { payload, size } => {
                ("put", Some(payload.to_string()), Some(size), None)
            }
            Operation::Delete { reason } => ("delete", None, None, Some(reason.code().to_owned())),
        };
        Self {
            v: header.version,
            record: header.record.to_string(),
            revision: header.revision,
            kind: header.kind.as_str().to_owned(),
            op: op.to_owned(),
            audience: header.audience.code().to_owned(),
            at: header.at.unix_timestamp(),
            payload,
            size,
            reason,
        }
    }
}

impl PayloadText {
    fn check(&self) -> Difference {
        let hash = Hash::of(self.payload.as_bytes()).to_string();
        same("hash", &hash, &self.hash)?;
        same("size", &(self.payload.len() as u64), &self.size)?;
        let header = Header::parse(&self.header);
        as_said(
            header.is_ok_and(|header| header.commits_to(&self.payload)),
            self.holds,
        )
    }
}

impl PageCase {
    fn verify(&self) -> Result<(), String> {
        let opened = open(&self.checkpoint, &self.public_key, &self.log)?;
        let leaves = self
            .before
            .iter()
            .map(|header| Hash::of_leaf(header.as_bytes()));
        let ours = TreeEdge::default().append(leaves).edge;
        page(&self.entries, &self.proof)
            .verify(&ours, opened)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

impl StretchCase {
    fn verify(&self) -> Result<(), String> {
        let opened = open(&self.checkpoint, &self.public_key, &self.log)?;
        let before = Frontier::new(self.from, hashes(&self.before));
        let before = before.ok_or("there are more or fewer roots than the place has bits")?;
        page(&self.entries, &self.proof)
            .verify_beside(before, &opened)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

fn open(checkpoint: &str, key: &str, log: &str) -> Result<SignedCheckpoint, String> {
    let opened = SignedCheckpoint::open(checkpoint, &public_key(key));
    let opened = opened.map_err(|error| error.to_string())?;
    same("log", &opened.log().to_string(), &log.to_owned())?;
    Ok(opened)
}

fn page(entries: &[Entry], proof: &[String]) -> Page {
    Page {
        entries: entries.iter().map(RawEntry::from).collect(),
        proof: hashes(proof),
    }
}

fn hashes(texts: &[String]) -> Vec<Hash> {
    let read = |text: &String| Hash::parse(text).expect("a hash");
    texts.iter().map(read).collect()
}

impl ReceiptCase {
    fn proves(&self) -> bool {
        self.receipt.verify(&public_key(&self.public_key)).is_ok()
    }
}

impl HeadsToken {
    fn check(&self) -> Difference {
        let heads = self
            .checkpoints
            .iter()
            .map(|text| Checkpoint::parse(text).unwrap());
        let token = heads_token(&mut heads.collect::<Vec<_>>());
        same("token", &token.to_string(), &self.token)
    }
}

fn public_key(text: &str) -> PublicKey {
    PublicKey::parse(text).unwrap()
}

/// The key of a seed in hex.
pub(super) fn key_of(seed: &str) -> SigningKey {
    SigningKey::from_seed(&<[u8; 32]>::try_from(unhex(seed)).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).expect("half a byte is a digit");
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty(), "{text:?} has half a byte");
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(byte).collect()
}

fn as_said(found: bool, said: bool) -> Difference {
    match (found, said) {
        (false, true) => Err("it must hold and does not".to_owned()),
        (true, false) => Err("it must be refused and is not".to_owned()),
        _ => Ok(()),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, said: &T) -> Difference {
    if found == said {
        return Ok(());
    }
    Err(format!("{what} is {found:?}, the file says {said:?}"))
}
