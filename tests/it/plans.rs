//! How the databases run what a hub asks of them: no statement reads a table that grows with the network, unless it is
//! named here with its reason.
//!
//! Two hubs fill, pull each other and are asked all that the cookbook asks; then each statement that was run is explained.

use storage::witness;
use testkit::Backend;

use super::queries;

/// The tables that grow with the network.
const LARGE: [&str; 17] = [
    "agency",
    "audit_event",
    "audit_origin",
    "branch",
    "commit_change",
    "credit",
    "draft",
    "entry",
    "external_id",
    "innovation",
    "innovation_tag",
    "item",
    "item_link",
    "left_out_entry",
    "missing_payload",
    "tile",
    "unprojected",
];

/// Statements that read a large table, by a part of their text, and why they may.
const MAY: [(&str, &str); 7] = [
    (
        "AND said.audience <> 0 AND said.audience = 1",
        "its index has only what is not for everybody, and it is asked after commits only",
    ),
    (
        "SELECT (SELECT COUNT(*) FROM innovation",
        "a total of what a filter finds is counted, of an index where there is one",
    ),
    (
        "SELECT COUNT(*) FROM innovation",
        "once, when the search index is compared with the store",
    ),
    (
        "SELECT COUNT(*) FROM item WHERE item.kind = ",
        "a total of what a filter finds is counted",
    ),
    (
        "FROM item WHERE item.flawed > 0",
        "its index has only what breaks rules",
    ),
    (
        "SELECT item_link.record FROM item JOIN item_link ON item_link.item = item.key",
        "all awards of one hub, when that is called otherwise",
    ),
    (
        "WHERE innovation.audience = 0 ORDER BY innovation.published",
        "the newest that may be seen; hardly any may not",
    ),
];

on_both_databases! {
    no_statement_reads_a_table_that_grows,
}

async fn no_statement_reads_a_table_that_grows(backend: Backend) {
    let hubs = queries::ask_all(backend).await;
    let id = hubs.publish(queries::ASKED, "Antrean").await;
    let revision = hubs.revise(queries::ASKED, &id, 1, "Antrean daring").await;
    hubs.withdraw(queries::ASKED, &id, revision).await;
    hubs.sync_until_quiet().await;
    let db = &hubs.hub(queries::ASKED).db;
    let mut unused: Vec<&str> = MAY.iter().map(|(part, _)| *part).collect();
    let mut wrong = Vec::new();
    let seen = witness::seen();
    assert!(seen.len() > 100, "{} statements", seen.len());
    for seen in &seen {
        let text = seen.text.as_str();
        if !may_be_explained(text) {
            continue;
        }
        let plan = witness::plan(db, seen)
            .await
            .unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let names = names(text);
        let is_bounded =
            text.contains("LIMIT") && plan.iter().filter(|step| reads(step)).count() == 1;
        let is_long = plan.iter().any(|step| reads_much(step, is_bounded, &names));
        let may = MAY.iter().find(|(part, _)| text.contains(part));
        match may {
            Some((part, _)) => unused.retain(|known| known != part),
            None if is_long => wrong.push(format!("{text}\n  {}", plan.join("\n  "))),
            None => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} statements read much:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(unused.is_empty(), "{unused:?} are asked no more");
}

fn may_be_explained(text: &str) -> bool {
    let text = text.trim_start();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
        .iter()
        .any(|word| text.starts_with(word))
}

/// The large tables in a statement, by the names that they have in it.
fn names(text: &str) -> Vec<String> {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut names = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if LARGE.contains(word) {
            names.push((*word).to_owned());
            if let [Some(as_), Some(name)] = [words.get(place + 1), words.get(place + 2)]
                && as_.eq_ignore_ascii_case("as")
            {
                names.push((*name).to_owned());
            }
        }
    }
    names
}

/// Whether a step of SQLite's plan reads a table.
fn reads(step: &str) -> bool {
    step.starts_with("SEARCH ") || step.starts_with("SCAN ")
}

/// Whether a step of a plan reads a large table, or all its rows of one kind: those only until the statement has enough, if
/// it reads nothing else.
fn reads_much(step: &str, is_bounded: bool, names: &[String]) -> bool {
    let step = step.trim();
    let scanned = step
        .strip_prefix("SCAN ")
        .or_else(|| step.split_once("Seq Scan on ").map(|(_, table)| table));
    let of_a_kind = step.ends_with("(kind=?)") || step.ends_with("(hub_id=? AND kind=?)");
    let table = scanned.or_else(|| {
        step.strip_prefix("SEARCH ")
            .filter(|_| of_a_kind && !is_bounded)
    });
    table.is_some_and(|table| {
        let name = table.split_whitespace().next().unwrap_or_default();
        names.iter().any(|known| known == name)
    })
}
