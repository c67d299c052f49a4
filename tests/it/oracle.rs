//! What the front door lets through is what the specification allows, by the word of a second implementation.
//!
//! Documents are written at random for our own schema and for a small one that has every kind of type; most are then
//! broken. graphql-js (`tests/conformance/oracle.mjs`) and the guard must say the same of each, and of the values of
//! variables. Every rule of the specification has to be broken often, or the comparison would say little.
//!
//! - `model` is the schema that documents are made from, `document` a document as a tree.
//! - `writing` makes valid ones, `breaking` changes them; `variables` makes values.

mod breaking;
mod document;
pub(crate) mod model;
pub(crate) mod variables;
pub(crate) mod writing;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use async_graphql::Variables;
use graphql::guard::{Asked, ErrorCode, Guarded, Limits};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use model::Model;
use writing::Writer;

const KINDS: &str = include_str!("oracle/kinds.graphql");
/// Documents for each schema.
const DOCUMENTS: usize = 2_500;
/// How many documents must break each rule, and how many must break none.
const FEWEST_BROKEN: usize = 15;
const FEWEST_VALID: usize = 800;
/// How many requests must have wrong variables, and how many right ones.
const FEWEST_VARIABLES: usize = 50;

/// What we refuse and graphql-js does not: a part of our message, a part of the document, and why.
const STRICTER: [(&str, &str, &str); 4] = [
    (
        "can not specify @skip or @include on root fields",
        "subscription",
        "the edition of September 2025 forbids it in subscriptions (5.2.4.1); graphql-js 16 follows an earlier one",
    ),
    (
        " cannot represent value: null",
        "[null",
        "a list is given for a scalar of our own; none of ours takes one, and the library looks for null in it",
    ),
    (
        "the document is not GraphQL: expected variable",
        "@once",
        "async-graphql's parser wants the directives of a variable before its default; our schema has none that may stand there",
    ),
    (
        "must be non-nullable to be used for OneOf",
        "$",
        "graphql-js 16 overlooks it where the input object's own type is not nullable",
    ),
];
/// What graphql-js refuses and we do not: a part of its message, and why.
const LOOSER: [(&str, &str); 1] = [(
    "must be non-nullable to be used for OneOf",
    "by the specification a default of the variable will do, as anywhere (5.8.5, IsNonNullPosition)",
)];

struct Case {
    schema: &'static str,
    document: String,
    operation: Option<String>,
    variables: Value,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Verdict {
    Invalid,
    WrongVariables,
    Right,
}

#[tokio::test]
async fn the_guard_and_graphql_js_say_the_same() {
    let ours = graphql::whole_sdl();
    let schemas = [("ours", ours.as_str()), ("kinds", KINDS)];
    let mut cases = Vec::new();
    for (name, sdl) in schemas {
        let model = Model::of(sdl);
        let mut chance = fastrand::Rng::with_seed(26);
        cases.extend((0..DOCUMENTS).map(|_| case(name, &model, &mut chance)));
    }
    let theirs = asked(&schemas, &cases).await;
    // Bounds are no rules of the specification.
    let limits = Limits {
        root_fields: 1_000,
        aliases: 1_000,
        compared: usize::MAX,
        ..Limits::default()
    };
    let guards = schemas.map(|(name, sdl)| {
        let guarded = Guarded::new((), sdl, limits.clone());
        (name, guarded.expect("the schema is one"))
    });
    let guards = BTreeMap::from(guards);
    let mut broken: BTreeMap<String, usize> = BTreeMap::new();
    let mut counted = BTreeMap::new();
    let mut differences = String::new();
    let mut different = 0;
    for rule in names(&theirs[0]["rules"]) {
        broken.insert(rule, 0);
    }
    for (case, theirs) in cases.iter().zip(&theirs[1..]) {
        let rules = names(&theirs["broken"]);
        let (verdict, said) = admitted(&guards[case.schema], case).await;
        if theirs["failed"] == true {
            assert_eq!(verdict, Verdict::Invalid, "{}: {said}", case.document);
            continue;
        }
        let expected = match (rules.is_empty(), &theirs["variables"]) {
            (false, _) => Verdict::Invalid,
            (true, Value::Bool(true)) => Verdict::Right,
            (true, _) => Verdict::WrongVariables,
        };
        let is_known = STRICTER
            .iter()
            .any(|(part, of, _)| said.contains(part) && case.document.contains(of));
        let there = theirs["said"].as_str().unwrap_or_default();
        let is_stricter = is_known && verdict == Verdict::Invalid;
        let is_looser = LOOSER.iter().any(|(part, _)| there.contains(part))
            && rules == ["VariablesInAllowedPosition"];
        if verdict != expected && !is_stricter && !is_looser {
            different += 1;
            if different <= 20 {
                let Case {
                    document,
                    variables,
                    schema,
                    ..
                } = case;
                write!(differences, "\n{schema}: {document} {variables}\n  here {verdict:?}: {said}\n  there {expected:?}: {rules:?} {there}\n").unwrap();
            }
        }
        *counted.entry(format!("{expected:?}")).or_insert(0_usize) += 1;
        for rule in rules {
            *broken.entry(rule).or_default() += 1;
        }
    }
    assert!(
        different == 0,
        "{different} of {} differ:{differences}",
        cases.len()
    );
    let seldom: Vec<_> = broken
        .iter()
        .filter(|(_, count)| **count < FEWEST_BROKEN)
        .collect();
    assert!(seldom.is_empty(), "hardly ever broken: {seldom:?}");
    assert_eq!(broken.len(), 27, "26 rules, and the syntax");
    assert!(counted["Right"] >= FEWEST_VALID, "{counted:?}");
    assert!(counted["WrongVariables"] >= FEWEST_VARIABLES, "{counted:?}");
}

fn case(schema: &'static str, model: &Model, chance: &mut fastrand::Rng) -> Case {
    let mut document = Writer::new(model, chance).document();
    for _ in 0..[0, 1, 1, 1, 2][chance.usize(..5)] {
        breaking::change(&mut document, model, chance);
    }
    Case {
        schema,
        operation: document.operations[0].name.clone(),
        variables: variables::values(&document.operations[0], model, chance),
        document: document.to_string(),
    }
}

/// What the guard says, and the first of its errors.
async fn admitted(guarded: &Guarded<()>, case: &Case) -> (Verdict, String) {
    let asked = Asked {
        query: &case.document,
        operation_name: case.operation.as_deref(),
        variables: Variables::from_json(case.variables.clone()),
        ..Asked::default()
    };
    match guarded.admit(asked).await {
        Ok(_) => (Verdict::Right, String::new()),
        Err(refusal) => {
            let verdict = match refusal.code() {
                ErrorCode::ParseFailed | ErrorCode::ValidationFailed => Verdict::Invalid,
                ErrorCode::BadUserInput => Verdict::WrongVariables,
                other => panic!("{other}: {refusal}: {}", case.document),
            };
            (verdict, refusal.into_errors().swap_remove(0).message)
        }
    }
}

/// What graphql-js says: its rules, then of each case.
async fn asked(schemas: &[(&str, &str)], cases: &[Case]) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    super::conformance::install(&folder).await;
    let schemas: BTreeMap<_, _> = schemas.iter().copied().collect();
    let mut lines = format!("{}\n", json!(schemas));
    for Case {
        schema,
        document,
        operation,
        variables,
    } in cases
    {
        let case = json!({ "schema": schema, "document": document, "operation": operation, "variables": variables });
        writeln!(lines, "{case}").unwrap();
    }
    let mut oracle = Command::new("node")
        .arg("oracle.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("Node.js is installed");
    let mut stdin = oracle.stdin.take().unwrap();
    let writing = tokio::spawn(async move { stdin.write_all(lines.as_bytes()).await });
    let output = oracle.wait_with_output().await.unwrap();
    writing.await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), cases.len() + 1, "each case is answered");
    answers
}

fn names(value: &Value) -> Vec<String> {
    let names = value.as_array().into_iter().flatten();
    names
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}
