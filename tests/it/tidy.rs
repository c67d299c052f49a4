//! Small rules of the source that no compiler holds.

use std::path::{Path, PathBuf};

const MOST_LINES: usize = 500;

/// Files that may be longer, and why.
const LONG_FILES: [(&str, &str); 3] = [
    (
        "crates/graphql/src/guard/document.rs",
        "one walk over a document, whose parts call each other",
    ),
    (
        "crates/node/src/http/graphql/tests.rs",
        "a table of requests and answers",
    ),
    (
        "crates/node/src/http/graphql/ws/tests.rs",
        "a table of conversations",
    ),
];

/// What is not to stay in the source; in two halves, so that this file may name them.
const LEFT_OVERS: [(&str, &str); 6] = [
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("todo", "!("),
    ("unimplemented", "!("),
    ("dbg", "!("),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every Rust file of the workspace, with its path from the root.
fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = ["crates", "fuzz", "migrations", "tests", "web"]
        .map(|folder| root().join(folder))
        .into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
            let path = entry.expect("it can be listed").path();
            let is_ours = !path.ends_with("node_modules") && !path.ends_with("target");
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path
                    .strip_prefix(root())
                    .expect("it lies there")
                    .display()
                    .to_string();
                files.push((
                    name,
                    std::fs::read_to_string(&path).expect("sources are text"),
                ));
            }
        }
    }
    assert!(files.len() > 100, "{} sources are found", files.len());
    files.sort();
    files
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "no opening line: {silent:?}");
}

#[test]
fn no_file_is_long_without_a_reason() {
    let sources = sources();
    let is_excused = |name: &str| LONG_FILES.iter().any(|(file, _)| *file == name);
    let long: Vec<_> = sources
        .iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(name, lines)| *lines > MOST_LINES && !is_excused(name))
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:?}");
    for (file, _) in LONG_FILES {
        let lines = sources
            .iter()
            .find(|(name, _)| name == file)
            .map_or(0, |(_, text)| text.lines().count());
        assert!(lines > MOST_LINES, "{file} needs no exception any more");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (number, line) in (1..).zip(text.lines()) {
            let left = LEFT_OVERS.iter().any(|(one, two)| {
                let word = [*one, *two].concat();
                line.match_indices(&word)
                    .any(|(place, _)| stands_alone(line, place, &word))
            });
            if left {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Which day it is depends on where: `domain::catalog` says what is meant, once.
#[test]
fn no_day_is_that_of_utc() {
    let word = ["now()", ".date()"].concat();
    let asks =
        |(name, text): &(String, String)| name.starts_with("crates/") && text.contains(&word);
    let found: Vec<_> = sources().into_iter().filter(asks).collect();
    let names: Vec<_> = found.iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "{names:?}");
}

/// Whether a word stands there, and not a part of a longer one.
fn stands_alone(line: &str, place: usize, word: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let after = line[place + word.len()..].chars().next();
    !is_letter(line[..place].chars().next_back()) && (word.ends_with('(') || !is_letter(after))
}
