//! Keys, checkpoints, headers and payloads with one thing changed.

use super::super::check::key_of;
use super::super::file::{Case, Check, PublicKeyText};
use super::super::made::{Log, SEEDS};
use super::super::ours::{case, payload_of};
use crate::entry::{MAX_HEADER_BYTES, SealedEntry};
use crate::log::note;

/// Texts that are no key, or one that may not be trusted.
pub(in super::super) fn keys(good: &str) -> Vec<Case> {
    let short = good.replace('=', "");
    let texts = [
        ("a key", good, true),
        (
            "a point of order 1",
            "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            false,
        ),
        (
            "a point of order 4",
            "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            false,
        ),
        (
            "no point of the curve",
            "ed25519:AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            false,
        ),
        ("without its algorithm", &good["ed25519:".len()..], false),
        ("of another algorithm", "rsa:AQAB", false),
        ("base64 without padding", &short, false),
        (
            "31 bytes",
            "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            false,
        ),
    ];
    let check = |(name, text, holds): (&str, &str, bool)| {
        case(
            name,
            Check::PublicKey(PublicKeyText {
                text: text.to_owned(),
                holds,
            }),
        )
    };
    texts.into_iter().map(check).collect()
}

pub(in super::super) fn checkpoints(log: &Log) -> Vec<(&'static str, String)> {
    let good = log.checkpoint(10);
    let replaced = |from: &str, to: &str| replaced(&good, from, to);
    let (origin, root) = (log.origin, log.root(10));
    let signed = |text: &str| note::sign(text, origin, &log.key());
    vec![
        (
            "signed by another key",
            log.checkpoint_signed_by(10, &key_of(SEEDS[1])),
        ),
        ("another size", replaced("\n10\n", "\n11\n")),
        ("another root", replaced(&root, &log.root(9))),
        ("another epoch", replaced("/1764000000\n", "/1764000001\n")),
        (
            "without signature",
            good[..=good.find("\n\n").expect("a note has a blank line")].to_owned(),
        ),
        ("without its last line feed", good.trim_end().to_owned()),
        (
            "the signature under another name",
            replaced("\u{2014} simpul", "\u{2014} Simpul"),
        ),
        (
            "the signature with one bit changed",
            flip_last_base64(&good),
        ),
        (
            "signed, a size with a leading zero",
            signed(&format!("{origin}\n010\n{root}\n")),
        ),
        (
            "signed, a size with a sign",
            signed(&format!("{origin}\n+10\n{root}\n")),
        ),
        (
            "signed, lines that end with a carriage return",
            signed(&format!("{origin}\r\n10\r\n{root}\r\n")),
        ),
        (
            "signed, a size of minus nothing",
            signed(&format!("{origin}\n-0\n{root}\n")),
        ),
        (
            "signed, an empty line in the text",
            signed(&format!("{origin}\n10\n{root}\n\nmore\n")),
        ),
        (
            "signed, a size past 2^63 - 1",
            signed(&format!("{origin}\n9223372036854775808\n{root}\n")),
        ),
        ("signed, without a root", signed(&format!("{origin}\n10\n"))),
        (
            "signed, a root without padding",
            signed(&format!("{origin}\n10\n{}\n", root.trim_end_matches('='))),
        ),
        (
            "signed, an origin of another form",
            signed(&format!(
                "{}\n10\n{root}\n",
                origin.replace("simpul/", "other/")
            )),
        ),
        (
            "signed, an epoch with a leading zero",
            signed(&format!("{}\n10\n{root}\n", origin.replace("/17", "/017"))),
        ),
    ]
}

/// A text with one thing changed that is there.
fn replaced(good: &str, from: &str, to: &str) -> String {
    let text = good.replace(from, to);
    assert_ne!(text, good, "{from:?} does not occur");
    text
}

/// Changes the last byte that the base64 at the end of a text holds.
fn flip_last_base64(text: &str) -> String {
    let end = text.trim_end().trim_end_matches('=').len();
    let last = text.as_bytes()[end - 2];
    let other = if last == b'A' { 'B' } else { 'A' };
    format!("{}{other}{}", &text[..end - 2], &text[end - 1..])
}

/// Headers that are kept and relayed all the same: some read otherwise, some cannot be read.
pub(in super::super) fn headers(put: &SealedEntry) -> Vec<(&'static str, String)> {
    let good = &put.header_text;
    let replaced = |from: &str, to: &str| replaced(good, from, to);
    vec![
        (
            "with a key of a newer version",
            replaced("\"op\"", "\"later\":[1,{\"x\":null}],\"op\""),
        ),
        (
            "with blanks, which count",
            replaced("\"v\":1,", "\"v\": 1, "),
        ),
        (
            "with an escaped letter",
            replaced("\"innovation\"", "\"\\u0069nnovation\""),
        ),
        ("of a newer header version", replaced("\"v\":1", "\"v\":2")),
        (
            "of an audience that this version does not know",
            replaced("\"public\"", "\"group:7\""),
        ),
        (
            "with a time in another zone",
            replaced("03:06:05Z", "10:06:05+07:00"),
        ),
        (
            "with a key twice that this version does not know",
            replaced("\"op\"", "\"later\":1,\"later\":2,\"op\""),
        ),
        (
            "with a reason that a put needs not",
            replaced("\"op\"", "\"reason\":null,\"op\""),
        ),
        (
            "with a key twice that this version knows: not readable",
            replaced("\"op\"", "\"op\":\"put\",\"op\""),
        ),
        (
            "with a reason that is a number: not readable",
            replaced("\"op\"", "\"reason\":1,\"op\""),
        ),
        (
            "with a revision that is a fraction: not readable",
            replaced("\"revision\":1", "\"revision\":1.0"),
        ),
        (
            "with the first revision 0: not readable",
            replaced("\"revision\":1", "\"revision\":0"),
        ),
        (
            "of an operation that does not exist: not readable",
            replaced("\"put\"", "\"patch\""),
        ),
        (
            "a deletion that names a payload: not readable",
            replaced("\"put\"", "\"delete\",\"reason\":\"error\""),
        ),
        ("without a version: not readable", replaced("\"v\":1,", "")),
        ("not JSON: not readable", "hello".to_owned()),
        (
            "longer than 1 KiB: not readable",
            replaced(
                "}",
                &format!(",\"x\":\"{}\"}}", "x".repeat(MAX_HEADER_BYTES)),
            ),
        ),
    ]
}

/// A header that names the right payload with a wrong size.
pub(in super::super) fn wrong_size(put: &SealedEntry) -> String {
    let size = payload_of(put).len();
    replaced(
        &put.header_text,
        &format!("\"size\":{size}"),
        &format!("\"size\":{}", size + 1),
    )
}

pub(in super::super) fn payloads(put: &SealedEntry) -> Vec<(&'static str, String)> {
    let good = payload_of(put);
    vec![
        (
            "with one letter changed",
            good.replace("SITARANG", "SITARANC"),
        ),
        ("with a blank more", good.replace(',', ", ")),
        ("cut off", good[..good.len() - 1].to_owned()),
        ("empty", String::new()),
    ]
}
