//! The files that are ours. That of members and trust is made in [`membership`], that of hubs' tokens in [`token`],
//! that of a hub's next log in [`epoch`].

mod epoch;
mod membership;
mod token;

use super::check::key_of;
use super::damage;
use super::file::{
    Case, Check, CheckpointText, Consistency, Encoding, File, HeaderText, HeadsToken, Inclusion,
    KeyOf, Leaves, PageCase, PayloadText, Reading, ReceiptCase, RootOf, SignCheckpoint,
    StretchCase,
};
use super::made::{Log, SEEDS};
use crate::entry::{Header, SealedEntry};
use crate::log::{Checkpoint, Hash};

const SOURCE: &str = "made by this project's own code; CONTRIBUTING.md says how";

/// All files that are ours, by name.
pub(super) fn files() -> Vec<(&'static str, File)> {
    let (small, large) = (Log::of_10(), Log::of_300());
    vec![
        ("keys.json", keys()),
        ("checkpoint.json", checkpoints(&small)),
        ("entry.json", entries(&small)),
        ("log-300.json", proofs(&large)),
        ("page.json", pages(&small)),
        ("receipt.json", receipts(&small)),
        ("heads-token.json", tokens(&small, &large)),
        ("membership.json", membership::file()),
        ("hub-token.json", token::file()),
        ("epoch.json", epoch::file()),
    ]
}

pub(super) fn case(name: impl Into<String>, check: Check) -> Case {
    Case {
        name: name.into(),
        check,
    }
}

fn file(description: &str, cases: Vec<Case>) -> File {
    File {
        description: description.to_owned(),
        source: SOURCE.to_owned(),
        hashes: Encoding::Base64,
        leaves: None,
        cases,
    }
}

fn keys() -> File {
    let key = |(n, seed): (usize, &&str)| {
        let public = key_of(seed).public();
        let check = Check::Key(KeyOf {
            seed: (*seed).to_owned(),
            public_key: public.to_string(),
            fingerprint: public.fingerprint(),
        });
        case(
            format!("the key of RFC 8032 section 7.1 test {}", n + 1),
            check,
        )
    };
    let mut cases: Vec<Case> = SEEDS.iter().enumerate().map(key).collect();
    cases.extend(damage::keys(&key_of(SEEDS[0]).public().to_string()));
    file(
        "Public keys as text, and the fingerprints that people compare",
        cases,
    )
}

fn checkpoints(log: &Log) -> File {
    let sign = |size: u64| {
        let check = Check::SignCheckpoint(SignCheckpoint {
            seed: log.seed.to_owned(),
            origin: log.origin.to_owned(),
            size,
            root: log.root(size),
            checkpoint: log.checkpoint(size),
        });
        case(format!("a log of {size} entries"), check)
    };
    let mut cases = vec![sign(0), sign(1), sign(10)];
    let mut open = |name: &str, checkpoint: String, holds| {
        let public_key = log.public_key();
        cases.push(case(
            name,
            Check::Checkpoint(CheckpointText {
                public_key,
                checkpoint,
                holds,
            }),
        ));
    };
    let text = log.checkpoint(10);
    open("signed by the key", text.clone(), true);
    open(
        "with a cosignature of a key that nobody knows",
        format!("{text}\u{2014} witness.example AAAAAAAA\n"),
        true,
    );
    for (name, damaged) in damage::checkpoints(log) {
        open(name, damaged, false);
    }
    file("Checkpoints of logs (C2SP tlog-checkpoint)", cases)
}

fn entries(log: &Log) -> File {
    let mut cases = Vec::new();
    for (place, entry) in log.entries.iter().enumerate() {
        cases.push(header(
            format!("header of entry {place}"),
            &entry.header_text,
        ));
        if let Some(payload) = &entry.payload {
            let name = format!("payload of entry {place}");
            cases.push(payload_case(name, &entry.header_text, payload, true));
        }
    }
    let put = &log.entries[2];
    for (name, text) in damage::headers(put) {
        cases.push(header(name.to_owned(), &text));
    }
    for (name, text) in damage::payloads(put) {
        cases.push(payload_case(
            name.to_owned(),
            &put.header_text,
            &text,
            false,
        ));
    }
    let wrong = damage::wrong_size(put);
    cases.push(payload_case(
        "of another size than the header says".to_owned(),
        &wrong,
        payload_of(put),
        false,
    ));
    let deletion = &log.entries[7].header_text;
    cases.push(payload_case(
        "of a deletion".to_owned(),
        deletion,
        payload_of(put),
        false,
    ));
    file(
        "Headers with their leaf hashes and readings, payloads with their hashes and sizes",
        cases,
    )
}

pub(super) fn payload_of(entry: &SealedEntry) -> &str {
    entry.payload.as_deref().expect("the entry puts content")
}

fn header(name: String, text: &str) -> Case {
    let check = Check::Header(HeaderText {
        header: text.to_owned(),
        leaf_hash: Hash::of_leaf(text.as_bytes()).to_string(),
        reads: Header::parse(text).ok().map(Reading::from),
    });
    case(name, check)
}

fn payload_case(name: String, header: &str, payload: &str, holds: bool) -> Case {
    let check = Check::Payload(PayloadText {
        header: header.to_owned(),
        payload: payload.to_owned(),
        hash: Hash::of(payload.as_bytes()).to_string(),
        size: payload.len() as u64,
        holds,
    });
    case(name, check)
}

fn proofs(log: &Log) -> File {
    let root = |size: u64| {
        case(
            format!("root of size {size}"),
            Check::Root(RootOf {
                size,
                root: log.root(size),
            }),
        )
    };
    let mut cases: Vec<Case> = [0, 1, 2, 255, 256, 257, 299, 300].map(root).into();
    for (index, size) in [
        (0, 1),
        (0, 300),
        (1, 300),
        (127, 256),
        (255, 256),
        (255, 257),
        (256, 257),
        (256, 300),
        (299, 300),
    ] {
        let proof = log.inclusion(index, size);
        let check = Inclusion {
            leaf: index,
            index,
            size,
            root: log.root(size),
            proof,
            holds: true,
        };
        cases.push(case(
            format!("entry {index} of {size}"),
            Check::Inclusion(check),
        ));
    }
    for (old, new) in [
        (1, 2),
        (1, 300),
        (3, 300),
        (128, 300),
        (200, 256),
        (255, 300),
        (256, 300),
        (257, 300),
        (299, 300),
        (300, 300),
    ] {
        let (old_root, new_root) = (log.root(old), log.root(new));
        let proof = log.consistency(old, new);
        let check = Consistency {
            old_size: old,
            old_root,
            new_size: new,
            new_root,
            proof,
            holds: true,
        };
        cases.push(case(
            format!("size {new} continues size {old}"),
            Check::Consistency(check),
        ));
    }
    cases.extend(damage::proofs(log));
    let leaves = Leaves {
        encoding: Encoding::Text,
        values: log.headers(),
    };
    File {
        leaves: Some(leaves),
        ..file(
            "A log of 300 entries: roots and proofs across the edge of a tile",
            cases,
        )
    }
}

fn pages(log: &Log) -> File {
    let page = |from: usize, until: usize, size: u64| PageCase {
        log: log.origin.to_owned(),
        public_key: log.public_key(),
        before: log.headers()[..from].to_vec(),
        entries: log.page(from..until),
        proof: log.consistency(until as u64, size),
        checkpoint: log.checkpoint(size),
        holds: true,
    };
    let mut cases = vec![
        case("the whole log as one page", Check::Page(page(0, 10, 10))),
        case("the first entry alone", Check::Page(page(0, 1, 10))),
        case("a page in the middle", Check::Page(page(3, 8, 10))),
        case("the last page", Check::Page(page(8, 10, 10))),
        case(
            "a page up to an older checkpoint",
            Check::Page(page(3, 6, 7)),
        ),
    ];
    cases.extend(damage::pages(log, &page(3, 8, 10)));
    let stretch = |from: usize, until: usize, holds: bool| StretchCase {
        log: log.origin.to_owned(),
        public_key: log.public_key(),
        from: from as u64,
        before: log.frontier(from as u64),
        entries: log.page(from..until),
        proof: log.consistency(until as u64, 10),
        checkpoint: log.checkpoint(10),
        holds,
    };
    cases.extend([
        case(
            "a stretch behind what is not held",
            Check::Stretch(stretch(3, 8, true)),
        ),
        case(
            "a stretch up to the end",
            Check::Stretch(stretch(7, 10, true)),
        ),
        case(
            "a stretch from the beginning",
            Check::Stretch(stretch(0, 10, true)),
        ),
    ]);
    let mut swapped = stretch(7, 10, false);
    swapped.before.swap(0, 1);
    let mut shorter = stretch(7, 10, false);
    shorter.before.pop();
    let moved = StretchCase {
        from: 5,
        before: log.frontier(5),
        ..stretch(7, 10, false)
    };
    let otherwise = StretchCase {
        before: log.frontier(6),
        ..stretch(3, 8, false)
    };
    cases.extend([
        case(
            "the roots before a stretch in another order",
            Check::Stretch(swapped),
        ),
        case(
            "fewer roots than the place has bits",
            Check::Stretch(shorter),
        ),
        case(
            "a stretch from a place that is not its own",
            Check::Stretch(moved),
        ),
        case("the roots of another place", Check::Stretch(otherwise)),
    ]);
    file("Pages of a log, and what must be refused", cases)
}

fn receipts(log: &Log) -> File {
    let holds = |index: u64, size: u64| {
        let receipt = log.receipt(index, size);
        let check = Check::Receipt(ReceiptCase {
            public_key: log.public_key(),
            receipt,
            holds: true,
        });
        case(
            format!("entry {index} under the checkpoint of size {size}"),
            check,
        )
    };
    let mut cases = vec![
        holds(5, 10),
        holds(0, 1),
        holds(7, 10),
        holds(8, 10),
        holds(2, 10),
        holds(9, 10),
    ];
    cases.extend(damage::receipts(log));
    file("Receipts: one entry each, with what proves it", cases)
}

fn tokens(small: &Log, large: &Log) -> File {
    let empty = Checkpoint {
        log: "simpul/jipp/id-13.01/7".parse().unwrap(),
        size: 0,
        root: Hash::of_empty_tree(),
    };
    let empty = empty.sign(&key_of(SEEDS[2])).text().to_owned();
    let token = |name: &str, checkpoints: Vec<String>| {
        let parsed = checkpoints
            .iter()
            .map(|text| Checkpoint::parse(text).unwrap());
        let token = crate::log::heads_token(&mut parsed.collect::<Vec<_>>()).to_string();
        case(name, Check::HeadsToken(HeadsToken { checkpoints, token }))
    };
    let cases = vec![
        token("no heads at all", vec![]),
        token("one head", vec![small.checkpoint(10)]),
        token("a log without entries", vec![empty.clone()]),
        token(
            "heads in an order that is not the token's",
            vec![large.checkpoint(300), small.checkpoint(10), empty],
        ),
    ];
    file("The token over all heads that a node holds", cases)
}
