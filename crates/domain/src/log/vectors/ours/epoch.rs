//! What a hub's next log says of the one before, and what becomes of that.

use super::super::file::{File, OpeningReading, OpeningText, SettlementOf};
use super::{Case, Check, case};
use crate::log::Hash;

pub(super) fn file() -> File {
    let mut cases = openings();
    cases.extend(settlements());
    super::file(
        "Bodies of openings, and what becomes of the log before",
        cases,
    )
}

fn openings() -> Vec<Case> {
    let root = Hash::of_leaf(b"root").to_string();
    let good = format!(r#"{{"previous":1790000000,"size":86,"root":"{root}"}}"#);
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let empty = with("86", "0");
    let reading = |name: &str, body: String, is_read: bool| {
        let reads = OpeningReading::of(&body);
        assert_eq!(reads.is_some(), is_read, "{name}: {body}");
        case(name, Check::Opening(OpeningText { body, reads }))
    };
    vec![
        reading("an opening", good.clone(), true),
        reading("one that accepts nothing", empty, true),
        reading(
            "with what a newer version says",
            with("{", r#"{"why":"fork","#),
            true,
        ),
        reading(
            "with a checkpoint",
            with("{", r#"{"checkpoint":"a note\n","#),
            true,
        ),
        reading(
            "a checkpoint that is null",
            with("{", r#"{"checkpoint":null,"#),
            true,
        ),
        reading(
            "a checkpoint that is a number",
            with("{", r#"{"checkpoint":86,"#),
            false,
        ),
        reading(
            "the largest epoch",
            with("1790000000", "9223372036854775807"),
            true,
        ),
        reading(
            "an epoch beyond the largest",
            with("1790000000", "9223372036854775808"),
            false,
        ),
        reading(
            "a size beyond the largest",
            with("86", "9223372036854775808"),
            false,
        ),
        reading("a negative size", with("86", "-1"), false),
        reading("a size that is a text", with("86", r#""86""#), false),
        reading("a size with a fraction", with("86", "86.5"), false),
        reading(
            "without previous",
            with(r#""previous":1790000000,"#, ""),
            false,
        ),
        reading(
            "a root that is null",
            with(&format!("\"{root}\""), "null"),
            false,
        ),
        reading("a root of 31 bytes", with(&root, &"A".repeat(42)), false),
        reading(
            "a root that stands twice",
            with("{", &format!(r#"{{"root":"{root}","#)),
            false,
        ),
        reading("a list", format!("[{good}]"), false),
        reading("cut off", good[..good.len() - 1].to_owned(), false),
    ]
}

fn settlements() -> Vec<Case> {
    let [good, other] = [b"good", b"evil"].map(|text| Hash::of_leaf(text).to_string());
    let settling = |name: &str, held: u64, root: Option<&String>| {
        let mut of = SettlementOf {
            held,
            root_there: root.cloned(),
            accepted_size: 5,
            accepted_root: good.clone(),
            settlement: String::new(),
        };
        of.found().clone_into(&mut of.settlement);
        case(name, Check::Settlement(of))
    };
    vec![
        settling("as much is held as counts", 5, Some(&good)),
        settling("more is held", 8, Some(&good)),
        settling("less is held", 4, None),
        settling("as much of another history is held", 5, Some(&other)),
        settling("more of another history is held", 8, Some(&other)),
        settling("nothing is held", 0, None),
    ]
}
