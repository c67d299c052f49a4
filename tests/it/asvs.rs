//! What `docs/asvs.md` says of the program: each place that it, and `docs/attacks.md`, names is there, each requirement stands in it once, and what is open
//! stands in its list.

use std::collections::BTreeSet;
use std::path::Path;

const PAGE: &str = include_str!("../../docs/asvs.md");
/// The attacks that are tried, whose files are named in the same way.
const ATTACKS: &str = include_str!("../../docs/attacks.md");

/// How many requirements levels 1 and 2 of OWASP's ASVS 5.0 have.
const REQUIREMENTS: usize = 253;

/// How places begin. Other words between backticks are settings, commands and names.
const BEGINNINGS: [&str; 13] = [
    "crates/",
    "docs/",
    "fuzz/",
    "migrations/",
    "scripts/",
    "tests/",
    "web/",
    "ARCHITECTURE.md",
    "Cargo.",
    "SECURITY.md",
    "deny.toml",
    "schema.graphql",
    "simpul.example.toml",
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The places between backticks: a path, and behind `::` a function in that file.
fn places() -> impl Iterator<Item = &'static str> {
    let is_place = |word: &&str| BEGINNINGS.iter().any(|it| word.starts_with(*it));
    let pages = [PAGE, ATTACKS].into_iter();
    let words = pages.flat_map(|page| page.split('`').skip(1).step_by(2));
    words.filter(is_place)
}

fn is_there(place: &str) -> bool {
    let Some((path, function)) = place.split_once("::") else {
        return root().join(place).exists();
    };
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    text.contains(&format!("fn {function}("))
}

/// Other pages that it leads to, by their paths from its folder.
fn pages() -> impl Iterator<Item = &'static str> {
    let pages = [PAGE, ATTACKS].into_iter();
    let links = pages.flat_map(|page| page.split("](").skip(1));
    let targets = links.filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.starts_with("http"))
}

/// The rows of tables that begin with a requirement's number, by cells.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &'static str| -> Vec<&'static str> {
        let inner = line.trim_matches('|');
        inner.split(" | ").map(str::trim).collect()
    };
    lines.map(cells).filter(|row| is_number(row[0])).collect()
}

/// The numbers of requirements about what the program does not have: `- 1.2.6, 1.2.7: why`.
fn not_here() -> Vec<&'static str> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("- "));
    let listed = lines.filter_map(|line| Some(line.split_once(": ")?.0));
    let words = listed.flat_map(|numbers| numbers.split(", "));
    words.filter(|word| is_number(word)).collect()
}

/// Whether a word has the form of a requirement's number, such as 6.2.12.
fn is_number(word: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    word.split('.').count() == 3 && word.split('.').all(is_digits)
}

#[test]
fn each_place_that_is_named_is_there() {
    assert!(!PAGE.contains("```"), "backticks stand around single words");
    let count = places().count();
    assert!(count > 200, "{count} places are found");
    let missing: BTreeSet<_> = places().filter(|place| !is_there(place)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let docs = root().join("docs");
    let missing: BTreeSet<_> = pages().filter(|page| !docs.join(page).exists()).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn each_requirement_stands_there_once() {
    let mut found = BTreeSet::new();
    let numbers = rows().into_iter().map(|row| row[0]).chain(not_here());
    let twice: Vec<_> = numbers.filter(|number| !found.insert(*number)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(found.len(), REQUIREMENTS);
}

#[test]
fn what_is_open_is_listed() {
    let rows = rows();
    let odd: Vec<_> = rows.iter().filter(|row| row.len() != 4).collect();
    assert!(odd.is_empty(), "rows have four cells: {odd:?}");
    let is_open = |place: &str| place.starts_with("**Open") || place.starts_with("**In part");
    let open = rows.iter().filter(|row| is_open(row[3]));
    let open: BTreeSet<_> = open.map(|row| row[0]).collect();
    let mut sections = PAGE.split("\n## ");
    let list = sections.find(|section| section.starts_with("What is open\n"));
    let words = list.expect("the section is there").split([' ', ',', '\n']);
    let numbers = words.filter_map(|word| word.strip_prefix('V'));
    let listed: BTreeSet<_> = numbers.filter(|word| is_number(word)).collect();
    assert_eq!(listed, open);
}
