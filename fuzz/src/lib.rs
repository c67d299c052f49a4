//! What must hold of anything that a stranger sends. Each function takes bytes that libFuzzer makes up, and panics when its
//! property does not hold. `scripts/fuzz` runs them; [`vectors`] gives what they begin with.
//!
//! Not here: settings and the guard file, which only who runs the hub can write.

pub mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::catalog::{
    Agency, AgencyDraft, HubProfile, HubProfileDraft, Innovation, InnovationDraft,
};
use domain::entry::{Header, MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, Operation, Payload};
use domain::log::{
    Checkpoint, Frontier, Hash, MAX_PAGE_BYTES, Opening, Page, PublicKey, RawEntry, Receipt,
    SignedCheckpoint, TreeEdge,
};
use domain::token::{self, MAX_TOKEN_BYTES, MOST_LIFE_SECONDS, MOST_SKEW_SECONDS};
use domain::trust::{Membership, MembershipDraft, named_in};
use ed25519_dalek::Signer as _;
use serde_json::Value;

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A header that reads keeps its bounds, reads the same with a key that nobody knows, and commits to one payload only.
pub fn header(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(header) = Header::parse(text) else {
        return;
    };
    assert!(text.len() <= MAX_HEADER_BYTES);
    assert!((1..=i64::MAX as u64).contains(&header.revision));
    let kind = header.kind.as_str();
    assert_eq!(domain::entry::Kind::parse(kind).as_ref(), Ok(&header.kind));
    let end = text.rfind('}').expect("a header is an object");
    let longer = format!(
        "{},\"of a newer version\":[{{}}]{}",
        &text[..end],
        &text[end..]
    );
    if longer.len() <= MAX_HEADER_BYTES {
        assert_eq!(Header::parse(&longer).as_ref(), Ok(&header));
    }
    for payload in ["", "{}", text] {
        if header.commits_to(payload) {
            let Operation::Put {
                payload: hash,
                size,
            } = header.operation
            else {
                panic!("a deletion has no payload");
            };
            assert_eq!(
                (hash, size as usize),
                (Hash::of(payload.as_bytes()), payload.len())
            );
        }
    }
}

/// A payload that reads has its body in it, word for word, and reading that as anything ends in a value or an error.
pub fn payload(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if text.len() > MAX_PAYLOAD_BYTES {
        return;
    }
    let Ok(payload) = Payload::parse(text) else {
        return;
    };
    let body = payload.body();
    assert!(text.contains(body));
    assert!(serde_json::from_str::<&serde_json::value::RawValue>(body).is_ok());
    let _: Option<_> = named_in(body);
    let innovation = draft::<InnovationDraft>(body).map(|draft| Innovation::read(&draft).is_ok());
    let agency = draft::<AgencyDraft>(body).map(|draft| Agency::read(&draft).is_ok());
    let profile = draft::<HubProfileDraft>(body).map(|draft| HubProfile::read(&draft).is_ok());
    let _: Vec<_> = std::hint::black_box(vec![innovation, agency, profile]);
    membership(body.as_bytes());
}

fn draft<T: for<'a> serde::Deserialize<'a>>(body: &str) -> Result<T, ()> {
    serde_json::from_str(body).map_err(drop)
}

/// A membership that reads is kept as its draft, and reads the same from there; whom it names is found by name, too.
pub fn membership(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(said) = draft::<MembershipDraft>(text) else {
        return;
    };
    let Ok(membership) = Membership::read(&said) else {
        return;
    };
    assert!((1..=8).contains(&membership.keys.len()) && membership.endpoints.len() <= 4);
    let kept = serde_json::to_string(&MembershipDraft::from(&membership)).expect("a draft is JSON");
    let again = Membership::read(&draft::<MembershipDraft>(&kept).expect("it was made here"));
    assert_eq!(again.expect("what was read can be read again"), membership);
    assert_eq!(named_in(text), Some(membership.hub));
}

/// A checkpoint that reads is the text that it prints, whoever else signed it; under the vectors' key only those open that
/// the key signed.
pub fn checkpoint(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(stated) = Checkpoint::parse(text) else {
        return;
    };
    assert!(text.len() <= 16 * 1024);
    let lines = format!("{}\n{}\n{}\n", stated.log, stated.size, stated.root);
    assert!(
        text.starts_with(&lines),
        "what is read is what stands there"
    );
    assert_eq!(stated.log.to_string().parse().as_ref(), Ok(&stated.log));
    let cosigned = format!("{text}\u{2014} witness.example AAAA\n");
    if cosigned.len() <= 16 * 1024 {
        assert_eq!(Checkpoint::parse(&cosigned).as_ref(), Ok(&stated));
    }
    let signed = stated.clone().sign(&vectors::another_key());
    assert_eq!(Checkpoint::parse(signed.text()).as_ref(), Ok(&stated));
    for key in vectors::keys() {
        if let Ok(opened) = SignedCheckpoint::open(text, &key) {
            assert_eq!(opened.text(), text);
            assert!(
                vectors::signed_bodies().contains(body_of(text)),
                "nobody signed {text:?}"
            );
        }
    }
}

fn body_of(note: &str) -> &str {
    note.rfind("\n\n").map_or("", |end| &note[..=end])
}

/// A page that verifies leads to the root over what was held and what it brings, and under a checkpoint of the vectors' log
/// brings that log's entries and no others, each with its own payload.
pub fn page(bytes: &[u8]) {
    let Ok(given) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let Some((held, page, note)) = page_of(&given) else {
        return;
    };
    let entries = page.entries.clone();
    let edge = TreeEdge::default()
        .append(held.iter().map(|header| Hash::of_leaf(header.as_bytes())))
        .edge;
    for key in vectors::keys() {
        let Ok(checkpoint) = SignedCheckpoint::open(&note, &key) else {
            continue;
        };
        let beside = page
            .clone()
            .verify_beside(Frontier::from(&edge), &checkpoint);
        let Ok(verified) = page.clone().verify(&edge, checkpoint) else {
            assert!(beside.is_err(), "it is believed without what is before it");
            continue;
        };
        let beside = beside.expect("it is believed with what is before it");
        assert_eq!(beside.end, Frontier::from(&verified.append.edge));
        let all: Vec<&str> = held
            .iter()
            .map(String::as_str)
            .chain(entries.iter().map(|entry| entry.header.as_str()))
            .collect();
        let root = naive_root(&all);
        assert_eq!(verified.append.edge.root(), root);
        assert_eq!(verified.append.edge.size(), all.len() as u64);
        if verified.checkpoint.size() == all.len() as u64 {
            assert_eq!(*verified.checkpoint.root(), root);
        }
        check_bounds(&entries);
        check_genuine(&verified.checkpoint, &all);
        for (entry, raw) in verified.entries.iter().zip(&entries) {
            assert_eq!(
                (&entry.header_text, &entry.payload),
                (&raw.header, &raw.payload)
            );
            if let Some(payload) = &raw.payload {
                let header =
                    Header::parse(&raw.header).expect("a payload needs a header that reads");
                let Operation::Put { payload: hash, .. } = header.operation else {
                    panic!("a deletion has no payload");
                };
                assert_eq!(hash, Hash::of(payload.as_bytes()));
            }
        }
    }
}

fn page_of(given: &Value) -> Option<(Vec<String>, Page, String)> {
    let list = |value: &Value| -> Option<Vec<String>> {
        value
            .as_array()?
            .iter()
            .map(|text| Some(text.as_str()?.to_owned()))
            .collect()
    };
    let entry = |entry: &Value| {
        Some(RawEntry {
            header: entry["header"].as_str()?.to_owned(),
            payload: entry["payload"].as_str().map(str::to_owned),
        })
    };
    let entries = given["entries"]
        .as_array()?
        .iter()
        .map(entry)
        .collect::<Option<_>>()?;
    let proof = list(&given["proof"])?
        .iter()
        .map(|hash| Hash::parse(hash))
        .collect::<Option<_>>()?;
    let note = given["checkpoint"].as_str()?.to_owned();
    Some((list(&given["before"])?, Page { entries, proof }, note))
}

fn check_bounds(entries: &[RawEntry]) {
    assert!((1..=1000).contains(&entries.len()));
    assert!(
        entries
            .iter()
            .all(|entry| entry.header.len() <= MAX_HEADER_BYTES)
    );
    let bytes: usize = entries.iter().map(RawEntry::bytes).sum();
    assert!(bytes <= MAX_PAGE_BYTES + MAX_PAYLOAD_BYTES + MAX_HEADER_BYTES);
}

/// Under a checkpoint of the log of the vectors these are that log's entries.
fn check_genuine(checkpoint: &SignedCheckpoint, headers: &[&str]) {
    let genuine = vectors::genuine_log();
    let size = usize::try_from(checkpoint.size()).unwrap_or(usize::MAX);
    if let Some(prefix) = genuine.get(..size)
        && naive_root(&prefix.iter().map(String::as_str).collect::<Vec<_>>()) == *checkpoint.root()
    {
        assert!(
            genuine
                .iter()
                .map(String::as_str)
                .take(headers.len())
                .eq(headers.iter().copied())
        );
    }
}

/// The root as RFC 6962 section 2.1 defines it, without any cleverness.
fn naive_root(headers: &[&str]) -> Hash {
    match headers {
        [] => Hash::of_empty_tree(),
        [one] => Hash::of_leaf(one.as_bytes()),
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            Hash::of_node(&naive_root(left), &naive_root(right))
        }
    }
}

/// A receipt that verifies under a key of the vectors proves an entry that its hub wrote, at its place.
pub fn receipt(bytes: &[u8]) {
    let Ok(receipt) = serde_json::from_slice::<Receipt>(bytes) else {
        return;
    };
    for key in vectors::keys() {
        let Ok(proved) = receipt.verify(&key) else {
            continue;
        };
        assert!(receipt.index < proved.checkpoint.size());
        assert_eq!(Header::parse(&receipt.header).as_ref(), Ok(&proved.header));
        let genuine = vectors::genuine_log();
        let place = usize::try_from(receipt.index).unwrap_or(usize::MAX);
        let stated = genuine.get(..usize::try_from(proved.checkpoint.size()).unwrap_or(usize::MAX));
        if let Some(prefix) = stated
            && naive_root(&prefix.iter().map(String::as_str).collect::<Vec<_>>())
                == *proved.checkpoint.root()
        {
            assert_eq!(
                genuine[place], receipt.header,
                "another header at place {place}"
            );
        }
        if let Some(payload) = &receipt.payload {
            assert!(proved.header.commits_to(payload));
        }
        let json = serde_json::to_vec(&receipt).expect("a receipt is JSON");
        assert_eq!(
            serde_json::from_slice::<Receipt>(&json).ok().as_ref(),
            Some(&receipt)
        );
    }
    let _: Result<_, _> = PublicKey::parse(&receipt.public_key);
}

/// A token counts only if it is one of those that the vectors' key signed, byte for byte. And whatever a key in use signs,
/// a header and claims with a line break between them, counts only within every bound.
pub fn token(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (trust, us, now) = vectors::asked_hub();
    if let Ok(counted) = token::verify(text, &trust, &us, now) {
        assert!(text.len() <= MAX_TOKEN_BYTES && token::is_one(text));
        assert!(
            vectors::tokens().any(|signed| signed == text),
            "nobody signed {text:?}"
        );
        assert!(trust.standing(&counted.issuer).is_some());
    }
    let Some((header, claims)) = text.split_once('\n') else {
        return;
    };
    let said = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let said = said.join(".");
    let signature = vectors::asking_key().sign(said.as_bytes()).to_bytes();
    let made = format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature));
    let Ok(counted) = token::verify(&made, &trust, &us, now) else {
        return;
    };
    assert!(made.len() <= MAX_TOKEN_BYTES);
    let header: Value = serde_json::from_str(header).expect("a header is JSON");
    assert_eq!(header, serde_json::json!({"alg": "EdDSA", "typ": "JWT"}));
    let claims: Value = serde_json::from_str(claims).expect("claims are JSON");
    assert_eq!(claims["iss"], counted.issuer.as_str());
    assert_eq!(claims["aud"], us.as_str());
    assert_eq!(claims["network"], trust.network().as_str());
    assert_eq!(claims["jti"], *counted.id);
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&counted.made.into(), &counted.expires.into())
    );
    let id = URL_SAFE_NO_PAD
        .decode(&counted.id)
        .expect("it is base64url");
    assert!((16..=64).contains(&id.len()));
    assert!((1..=MOST_LIFE_SECONDS).contains(&(counted.expires - counted.made)));
    let now = now.unix_timestamp();
    assert!(counted.made - now <= MOST_SKEW_SECONDS && now - counted.expires <= MOST_SKEW_SECONDS);
}

/// What a log's first entry says of the one before reads the same when it is written anew, and with a key that nobody
/// knows; its numbers fit where they are kept.
pub fn opening(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(opening) = Opening::parse(text) else {
        return;
    };
    assert!(opening.previous.get() <= i64::MAX as u64);
    assert!(opening.accepted.size <= i64::MAX as u64);
    assert_eq!(Opening::parse(&opening.to_body()).as_ref(), Ok(&opening));
    if let Some(end) = text.rfind('}') {
        let longer = format!("{},\"newer\":[{{}}]{}", &text[..end], &text[end..]);
        assert_eq!(Opening::parse(&longer).as_ref(), Ok(&opening));
    }
    let accepted = opening.accepted;
    for root in [None, Some(accepted.root), Some(Hash::of(text.as_bytes()))] {
        for held in [0, accepted.size, u64::MAX] {
            let _ = std::hint::black_box(accepted.settle(held, root));
        }
    }
}
