//! Records that belong to others, through the public API of whole hubs.
//!
//! - `agreed`: what two hubs sign, seen by everybody. `belonging`: what goes where its
//!   innovation goes.
//! - `kinds`: each kind written, read, listed, revised and taken back, here and at a hub that pulls. `process`: replications
//!   over two hubs, lineage, what is out of date. `received`: what hubs keep that no form here would take. `privacy`:
//!   personal data. `flawed`: what is wrong beside other records. `units`: service units, and who holds coaching. `hiding`: discussions that a hub shows to its operator only. `cost`: how many statements a page takes.

mod agreed;
mod belonging;
mod cost;
mod flawed;
mod hiding;
pub(crate) mod kinds;
mod privacy;
mod process;
mod received;
mod units;

use serde_json::{Value, json};
use testkit::Federation;
use testkit::api::Answer;

/// Writes as the operator of a hub: a mutation with its arguments, and what is read back.
pub(crate) async fn write(
    hubs: &Federation,
    at: &str,
    mutation: &str,
    arguments: Value,
    read: &str,
) -> Value {
    let answer = try_write(hubs, at, mutation, arguments, read).await;
    answer.data()[mutation].take()
}

/// The same, whatever comes of it.
pub(crate) async fn try_write(
    hubs: &Federation,
    at: &str,
    mutation: &str,
    arguments: Value,
    read: &str,
) -> Answer {
    let schema = hubs.api(at).query(ARGUMENTS, json!({})).await;
    let fields = schema["__type"]["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["name"] == mutation);
    let field = field.unwrap_or_else(|| panic!("there is no mutation {mutation}"));
    let (mut declared, mut passed) = (Vec::new(), Vec::new());
    for argument in field["args"].as_array().unwrap() {
        let name = argument["name"].as_str().unwrap();
        if arguments.get(name).is_some() {
            declared.push(format!("${name}: {}", type_name(&argument["type"])));
            passed.push(format!("{name}: ${name}"));
        }
    }
    let (declared, passed) = (declared.join(", "), passed.join(", "));
    let document = format!("mutation({declared}) {{ {mutation}({passed}) {read} }}");
    hubs.api(at).ask_as_operator(&document, arguments).await
}

const ARGUMENTS: &str = "{ __type(name: \"Mutation\") { fields { name args { name type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

fn type_name(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_name(&of["ofType"])),
        Some("LIST") => format!("[{}]", type_name(&of["ofType"])),
        _ => of["name"].as_str().unwrap().to_owned(),
    }
}

/// The global id of what was written.
pub(crate) async fn id_of(hubs: &Federation, at: &str, mutation: &str, arguments: Value) -> String {
    let written = write(hubs, at, mutation, arguments, "{ id }").await;
    written["id"].as_str().unwrap().to_owned()
}

/// Something by its global id, as the operator of a hub sees it.
pub(crate) async fn node(hubs: &Federation, at: &str, id: &str, read: &str) -> Value {
    let document = format!("query($id: ID!) {{ node(id: $id) {{ __typename {read} }} }}");
    let data = hubs.api(at).mutate(&document, json!({ "id": id })).await;
    data["node"].clone()
}

/// An answer as the operator of a hub sees it.
pub(crate) async fn ask(hubs: &Federation, at: &str, document: &str, variables: Value) -> Value {
    hubs.api(at).mutate(document, variables).await
}
