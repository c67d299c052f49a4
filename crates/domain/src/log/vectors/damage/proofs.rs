//! Paths, pages and receipts with one thing changed.

use super::super::check::key_of;
use super::super::file::{Case, Check, Consistency, Entry, Inclusion, PageCase, ReceiptCase};
use super::super::made::{Log, SEEDS};
use super::super::ours::case;
use crate::log::{Checkpoint, Hash, Receipt};

/// Proofs of the large log that must be refused.
pub(in super::super) fn proofs(log: &Log) -> Vec<Case> {
    let mut cases = inclusions(log);
    cases.extend(consistencies(log));
    cases
}

fn inclusions(log: &Log) -> Vec<Case> {
    let inclusion = Inclusion {
        leaf: 255,
        index: 255,
        size: 300,
        root: log.root(300),
        proof: log.inclusion(255, 300),
        holds: false,
    };
    let mut cases = Vec::new();
    let mut includes = |name: &str, change: &dyn Fn(&mut Inclusion)| {
        let mut damaged = inclusion.clone();
        change(&mut damaged);
        cases.push(case(
            format!("entry 255 of 300, {name}"),
            Check::Inclusion(damaged),
        ));
    };
    includes("at another index", &|case| case.index = 254);
    includes("of another leaf", &|case| case.leaf = 254);
    includes("in a tree of another height", &|case| case.size = 256);
    includes("at an index beyond the size", &|case| case.index = 300);
    includes("with another root", &|case| case.root = log.root(299));
    includes("with the last hash missing", &|case| drop(case.proof.pop()));
    includes("with a hash too many", &|case| case.proof.push(log.root(1)));
    includes("with two hashes swapped", &|case| case.proof.swap(0, 1));
    cases
}

fn consistencies(log: &Log) -> Vec<Case> {
    let consistency = Consistency {
        old_size: 200,
        old_root: log.root(200),
        new_size: 300,
        new_root: log.root(300),
        proof: log.consistency(200, 300),
        holds: false,
    };
    let mut cases = Vec::new();
    let mut continues = |name: &str, change: &dyn Fn(&mut Consistency)| {
        let mut damaged = consistency.clone();
        change(&mut damaged);
        cases.push(case(
            format!("size 300 continues size 200, {name}"),
            Check::Consistency(damaged),
        ));
    };
    continues("from another size", &|case| case.old_size = 201);
    continues("from another root", &|case| case.old_root = log.root(199));
    continues("to a tree of another height", &|case| case.new_size = 600);
    continues("to another root", &|case| case.new_root = log.root(299));
    continues("backwards", &|case| {
        std::mem::swap(&mut case.old_size, &mut case.new_size);
        std::mem::swap(&mut case.old_root, &mut case.new_root);
    });
    continues("without proof", &|case| case.proof.clear());
    continues("with the first hash missing", &|case| {
        drop(case.proof.remove(0));
    });
    continues("with a hash too many", &|case| case.proof.push(log.root(1)));
    cases
}

/// Pages that must be refused, each one change away from a page that holds.
pub(in super::super) fn pages(log: &Log, good: &PageCase) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut page = |name: &str, change: &dyn Fn(&mut PageCase)| {
        let mut damaged = PageCase {
            holds: false,
            ..good.clone()
        };
        change(&mut damaged);
        cases.push(case(name, Check::Page(damaged)));
    };
    page("without entries", &|page| {
        page.entries.clear();
        page.proof = log.consistency(3, 10);
    });
    page("with one entry left out", &|page| {
        drop(page.entries.remove(1));
    });
    page("with the last entry left out", &|page| {
        drop(page.entries.pop());
    });
    page("with two entries in the wrong order", &|page| {
        page.entries.swap(0, 1);
    });
    page("with an entry twice", &|page| {
        page.entries.push(page.entries[0].clone());
    });
    page("with a blank more in a header", &|page| {
        page.entries[0].header.push(' ');
    });
    page("with a payload that is another entry's", &|page| {
        page.entries[2].payload = page.entries[3].payload.clone();
    });
    page("with a payload where there is none", &|page| {
        page.entries[4].payload = page.entries[3].payload.clone();
    });
    page("after other entries than these", &|page| {
        drop(page.before.pop());
    });
    page("with the proof cut off", &|page| drop(page.proof.pop()));
    page("with a hash too many in the proof", &|page| {
        page.proof.push(log.root(1));
    });
    page("past the checkpoint's size", &|page| {
        page.checkpoint = log.checkpoint(7);
        page.proof.clear();
    });
    page("with a checkpoint that another key signed", &|page| {
        page.checkpoint = log.checkpoint_signed_by(10, &key_of(SEEDS[1]));
    });
    page("with a checkpoint of another log", &|page| {
        page.log = page.log.replace("id-13", "id-14");
    });
    cases.push(unreadable(log, None));
    cases.push(unreadable(log, Some("anything")));
    cases
}

/// A page whose only header cannot be read: it holds, but no payload can be told to be the right one.
fn unreadable(log: &Log, payload: Option<&str>) -> Case {
    let header = "hello";
    let stated = Checkpoint {
        log: log.origin.parse().unwrap(),
        size: 1,
        root: Hash::of_leaf(header.as_bytes()),
    };
    let check = Check::Page(PageCase {
        log: log.origin.to_owned(),
        public_key: log.public_key(),
        before: Vec::new(),
        entries: vec![Entry {
            header: header.to_owned(),
            payload: payload.map(str::to_owned),
        }],
        proof: Vec::new(),
        checkpoint: stated.sign(&log.key()).text().to_owned(),
        holds: payload.is_none(),
    });
    let with = if payload.is_none() { "without" } else { "with" };
    case(
        format!("a header that cannot be read, {with} a payload"),
        check,
    )
}

/// Receipts that must be refused.
pub(in super::super) fn receipts(log: &Log) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut receipt = |name: &str, change: &dyn Fn(&mut ReceiptCase)| {
        let receipt = log.receipt(5, 10);
        let mut damaged = ReceiptCase {
            public_key: log.public_key(),
            receipt,
            holds: false,
        };
        change(&mut damaged);
        cases.push(case(name, Check::Receipt(damaged)));
    };
    receipt("with one bit of the proof changed", &|case| {
        flip(&mut case.receipt);
    });
    receipt("with a hash of the proof missing", &|case| {
        drop(case.receipt.proof.pop());
    });
    receipt("at another place", &|case| case.receipt.index = 4);
    receipt("with a changed header", &|case| {
        case.receipt.header.push(' ');
    });
    receipt("with a changed payload", &|case| {
        let payload = case.receipt.payload.take();
        case.receipt.payload = payload.map(|text| text.replace("SITARANG", "SITARANC"));
    });
    receipt("under another key than the one that is trusted", &|case| {
        case.public_key = key_of(SEEDS[1]).public().to_string();
    });
    receipt("with a checkpoint of another size", &|case| {
        case.receipt.checkpoint = log.checkpoint(9);
    });
    receipt("with a checkpoint that nobody signed", &|case| {
        case.receipt.checkpoint = case.receipt.checkpoint.replace("\n10\n", "\n11\n");
    });
    cases
}

fn flip(receipt: &mut Receipt) {
    let mut bytes = *Hash::parse(&receipt.proof[0])
        .expect("a proof is of hashes")
        .as_bytes();
    bytes[7] ^= 0b0000_1000;
    receipt.proof[0] = Hash::from(bytes).to_string();
}
