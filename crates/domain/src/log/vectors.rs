//! The vectors of `docs/vectors`, which any language can read, held against this crate's code.
//!
//! - [`file`] is their form, as `docs/vectors/README.md` tells it.
//! - [`check`] holds one case against what the program itself uses.
//! - [`ours`] makes the files that are ours from the logs of [`made`], and [`damage`] the cases that must be refused.
//!   The test compares them with what lies there; with `SIMPUL_WRITE_VECTORS=1` it writes them.

mod check;
mod damage;
mod file;
mod made;
mod ours;

use std::path::{Path, PathBuf};

use file::File;

/// The files that others published; the rest are ours.
const PUBLISHED: [&str; 2] = ["merkle-tree.json", "signed-note.json"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "json"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_case_of_every_file_is_as_the_file_says() {
    for name in names() {
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        let file: File =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!file.cases.is_empty(), "{name} has no cases");
        for case in &file.cases {
            let result = check::check(&file, &case.check);
            result.unwrap_or_else(|why| panic!("{name}, {}: {why}", case.name));
        }
    }
}

#[test]
fn our_files_are_what_this_code_makes() {
    let is_writing = std::env::var_os("SIMPUL_WRITE_VECTORS").is_some_and(|value| value == "1");
    let mut expected: Vec<String> = PUBLISHED.map(str::to_owned).into();
    for (name, file) in ours::files() {
        let path = folder().join(name);
        let made = serde_json::to_string_pretty(&file).unwrap() + "\n";
        if is_writing {
            std::fs::write(&path, &made).unwrap();
        }
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            made == held,
            "{name} is stale; see CONTRIBUTING.md on how to write the vectors anew"
        );
        expected.push(name.to_owned());
    }
    expected.sort();
    assert_eq!(
        names(),
        expected,
        "docs/vectors has other files than those that are made or published"
    );
}
