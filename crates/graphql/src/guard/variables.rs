//! Variables have the types that the operation declares (GraphQL specification, section 6.1.2).
//!
//! async-graphql looks at a variable only where an argument takes it, in the middle of execution. Here all are checked
//! before, and all wrong ones are told at once. Scalars that the specification does not define accept every value, but that a
//! received file, which stands as a binary that no text can express ([`crate::uploads`]), is an `Upload` and nothing else is.

use std::fmt;

use async_graphql::parser::types::{BaseType, OperationDefinition, Type, VariableDefinition};
use async_graphql::{Pos, Value, Variables};

use super::document::DocumentSize;
use super::files;
use super::limits::Limits;
use super::refusal::{Refusal, within};
use super::schema::{InputObject, InputType, SchemaTypes};
use super::value::ValueSize;

/// A variable whose value does not have its declared type.
#[derive(Debug, PartialEq, Eq)]
pub struct VariableError {
    /// The variable's name, without the dollar sign.
    pub name: String,
    /// Where in its value: field names and list positions, outermost first.
    pub path: Vec<String>,
    /// What is expected there, and what was found.
    pub reason: String,
    /// Where the operation declares the variable.
    pub at: Pos,
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "variable ${}", self.name)?;
        for step in &self.path {
            write!(f, ".{step}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Refuses variables that are too deep, or too large for the number of places that copy them.
pub(super) fn check_size(
    operation: &OperationDefinition,
    variables: &Variables,
    document: &DocumentSize,
    limits: &Limits,
) -> Result<(), Refusal> {
    let mut largest = 1;
    for value in variables.values() {
        let size = ValueSize::of(value);
        let what = "lists and objects within one another in a variable";
        within(what, size.depth, limits.variable_depth, None)?;
        largest = largest.max(size.units);
    }
    for default in operation
        .variable_definitions
        .iter()
        .filter_map(|definition| definition.node.default_value())
    {
        largest = largest.max(ValueSize::of(default).units);
    }
    let copied = largest.saturating_mul(document.variable_uses);
    let values = document.values.saturating_add(copied);
    within("values when expanded", values, limits.values, None)
}

/// Refuses variables that do not have the types declared for them, at most `limits.errors` of them.
pub(super) fn check_types(
    operation: &OperationDefinition,
    variables: &Variables,
    types: &SchemaTypes,
    limits: &Limits,
) -> Result<(), Refusal> {
    let wrong = operation
        .variable_definitions
        .iter()
        .filter_map(|definition| {
            let mut fault = wrong_variable(&definition.node, variables, types).err()?;
            fault.path.reverse();
            Some(VariableError {
                name: definition.node.name.node.to_string(),
                path: fault.path,
                reason: fault.reason,
                at: definition.pos,
            })
        });
    let wrong: Vec<_> = wrong
        .chain(files::elsewhere(operation, variables))
        .take(limits.errors)
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Variables(wrong))
    }
}

/// What is wrong with a value, and where, innermost step first.
struct Fault {
    path: Vec<String>,
    reason: String,
}

impl Fault {
    fn new(reason: String) -> Self {
        let path = Vec::new();
        Self { path, reason }
    }

    fn within(mut self, step: &impl ToString) -> Self {
        self.path.push(step.to_string());
        self
    }
}

fn wrong_variable(
    definition: &VariableDefinition,
    variables: &Variables,
    types: &SchemaTypes,
) -> Result<(), Fault> {
    let ty = &definition.var_type.node;
    match variables.get(&definition.name.node) {
        Some(value) => check(value, ty, types),
        None if ty.nullable || definition.default_value.is_some() => Ok(()),
        None => Err(Fault::new(format!(
            "{ty} is expected, but it was not given"
        ))),
    }
}

fn check(value: &Value, ty: &Type, types: &SchemaTypes) -> Result<(), Fault> {
    if matches!(value, Value::Null) {
        return if ty.nullable {
            Ok(())
        } else {
            Err(unexpected(ty, value))
        };
    }
    match (&ty.base, value) {
        (BaseType::List(item), Value::List(values)) => {
            for (position, value) in values.iter().enumerate() {
                check(value, item, types).map_err(|fault| fault.within(&position))?;
            }
            Ok(())
        }
        // One value where a list is expected is a list of one (section 3.11).
        (BaseType::List(item), value) => check(value, item, types),
        (BaseType::Named(name), value) => match types.find_input(name) {
            Some(InputType::Enum(names)) => match value {
                Value::String(text) if names.contains(text.as_str()) => Ok(()),
                _ => Err(unexpected(ty, value)),
            },
            Some(InputType::Object(object)) => match value {
                Value::Object(_) => check_object(value, object, types),
                _ => Err(unexpected(ty, value)),
            },
            None if scalar_accepts(name, value) => Ok(()),
            None => Err(unexpected(ty, value)),
        },
    }
}

fn check_object(value: &Value, object: &InputObject, types: &SchemaTypes) -> Result<(), Fault> {
    let Value::Object(given) = value else {
        return Ok(());
    };
    for (name, value) in given {
        let Some(field) = object.fields.get(name) else {
            return Err(Fault::new("there is no such field".to_owned()).within(name));
        };
        check(value, &field.ty, types).map_err(|fault| fault.within(name))?;
    }
    let missing = |name| !given.contains_key(name);
    let required = object.fields.iter().filter(|(_, field)| field.required);
    if let Some((name, field)) = required.into_iter().find(|(name, _)| missing(*name)) {
        let reason = format!("{} is expected, but it was not given", field.ty);
        return Err(Fault::new(reason).within(name));
    }
    let one = given.len() == 1 && given.values().all(|value| *value != Value::Null);
    if object.one_of && !one {
        let reason = "exactly one field is expected, and not null".to_owned();
        return Err(Fault::new(reason));
    }
    Ok(())
}

/// Input coercion of the five scalars that the specification defines (section 3.5).
fn scalar_accepts(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("Int", Value::Number(number)) => number
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        ("Float", Value::Number(_))
        | ("String" | "ID", Value::String(_))
        | ("Boolean", Value::Boolean(_))
        | ("Upload", Value::Binary(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Int" | "Float" | "String" | "ID" | "Boolean" | "Upload", _) | (_, Value::Binary(_)) => {
            false
        }
        _ => true,
    }
}

fn unexpected(ty: &Type, value: &Value) -> Fault {
    let found = match value {
        Value::Null => "null",
        Value::Number(_) => "a number that does not fit",
        Value::Boolean(_) => "a boolean",
        Value::String(_) => "a text that does not fit",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Binary(_) => "a file",
        Value::Enum(_) => "another value",
    };
    Fault::new(format!("{ty} is expected, found {found}"))
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "tables of values read better without references"
)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;
    use serde_json::{Value as Json, json};

    use super::super::validation::Validator;
    use super::*;

    const SDL: &str = "
        type Query { a: Int }
        scalar Date
        enum Stage { IDEA TRIAL }
        input Filter { stage: Stage! = IDEA tags: [String!] year: Int! from: Date inner: Filter }
        input Key @oneOf { id: ID name: String }
        directive @oneOf on INPUT_OBJECT
    ";

    fn operation(query: &str) -> OperationDefinition {
        match parse_query(query).expect("the document parses").operations {
            DocumentOperations::Single(operation) => operation.node,
            DocumentOperations::Multiple(_) => panic!("one operation without a name is expected"),
        }
    }

    fn told(declared: &str, variables: Json) -> Vec<String> {
        let validator = Validator::new(SDL).expect("the schema is one");
        let types = validator.types();
        let operation = operation(&format!("query({declared}) {{ a }}"));
        let variables = Variables::from_json(variables);
        match check_types(&operation, &variables, &types, &Limits::default()) {
            Ok(()) => Vec::new(),
            Err(refusal) => refusal
                .into_errors()
                .into_iter()
                .map(|error| error.message)
                .collect(),
        }
    }

    #[track_caller]
    fn check_good(ty: &str, value: Json) {
        let told = told(&format!("$v: {ty}"), json!({ "v": value }));
        assert_eq!(told, [""; 0], "{ty} {value}");
    }

    #[track_caller]
    fn check_wrong(ty: &str, value: Json, message: &str) {
        let told = told(&format!("$v: {ty}"), json!({ "v": value }));
        assert_eq!(told, [message], "{ty} {value}");
    }

    #[test]
    fn values_that_fit_pass() {
        for (ty, value) in [
            ("Int", json!(null)),
            ("Int", json!(i32::MIN)),
            ("Int!", json!(i32::MAX)),
            ("Float", json!(1)),
            ("Float", json!(1.5)),
            ("String", json!("")),
            ("Boolean", json!(false)),
            ("ID", json!("x")),
            ("ID", json!(7)),
            ("Date", json!("yesterday")),
            ("Unknown", json!([{}])),
            ("Stage", json!("TRIAL")),
            ("[Int]", json!([1, null])),
            ("[Int!]!", json!(1)),
            ("[[Int]]", json!([[1], null, 2])),
            ("Filter", json!({"year": 2021})),
            (
                "Filter!",
                json!({"year": 2021, "tags": ["a"], "stage": "IDEA", "from": 3, "inner": {"year": 1}}),
            ),
            ("Key", json!({"id": 1})),
        ] {
            check_good(ty, value);
        }
    }

    #[test]
    fn values_that_do_not_fit_are_told_with_their_place() {
        check_wrong(
            "Int",
            json!(2_147_483_648_i64),
            "variable $v: Int is expected, found a number that does not fit",
        );
        check_wrong(
            "Int",
            json!(1.5),
            "variable $v: Int is expected, found a number that does not fit",
        );
        check_wrong(
            "Int!",
            json!(null),
            "variable $v: Int! is expected, found null",
        );
        check_wrong(
            "Int",
            json!("1"),
            "variable $v: Int is expected, found a text that does not fit",
        );
        check_wrong(
            "Float",
            json!("1"),
            "variable $v: Float is expected, found a text that does not fit",
        );
        check_wrong(
            "String!",
            json!(1),
            "variable $v: String! is expected, found a number that does not fit",
        );
        check_wrong(
            "Boolean",
            json!("true"),
            "variable $v: Boolean is expected, found a text that does not fit",
        );
        check_wrong(
            "ID",
            json!(1.5),
            "variable $v: ID is expected, found a number that does not fit",
        );
        check_wrong(
            "ID",
            json!({}),
            "variable $v: ID is expected, found an object",
        );
        check_wrong(
            "Stage",
            json!("DONE"),
            "variable $v: Stage is expected, found a text that does not fit",
        );
        check_wrong(
            "Upload",
            json!("#__graphql_file__:x"),
            "variable $v: Upload is expected, found a text that does not fit",
        );
        check_wrong(
            "[Int!]",
            json!([1, null]),
            "variable $v.1: Int! is expected, found null",
        );
        check_wrong(
            "Filter",
            json!([]),
            "variable $v: Filter is expected, found a list",
        );
        check_wrong(
            "Filter",
            json!({}),
            "variable $v.year: Int! is expected, but it was not given",
        );
        check_wrong(
            "Filter",
            json!({"year": 1, "yeer": 1}),
            "variable $v.yeer: there is no such field",
        );
        check_wrong(
            "Filter",
            json!({"year": 1, "stage": null}),
            "variable $v.stage: Stage! is expected, found null",
        );
        check_wrong(
            "[Filter]",
            json!([{"year": 1, "inner": {"year": 1, "tags": ["a", 2]}}]),
            "variable $v.0.inner.tags.1: String! is expected, found a number that does not fit",
        );
        let one = "variable $v: exactly one field is expected, and not null";
        check_wrong("Key", json!({}), one);
        check_wrong("Key", json!({"id": null}), one);
        check_wrong("Key", json!({"id": 1, "name": "a"}), one);
    }

    #[test]
    fn all_wrong_variables_are_told_at_once() {
        let told = told(
            "$a: Int!, $b: Int! = 1, $c: Int, $d: Int!",
            json!({"d": "x", "other": 1}),
        );
        let expected = [
            "variable $a: Int! is expected, but it was not given",
            "variable $d: Int! is expected, found a text that does not fit",
        ];
        assert_eq!(told, expected);
    }

    #[track_caller]
    fn check_size_bound(uses: usize, value: Json, refused: Option<&str>) {
        let operation = operation("query($v: T) { a }");
        let document = DocumentSize {
            values: 10,
            variable_uses: uses,
            ..DocumentSize::default()
        };
        let limits = Limits {
            values: 110,
            variable_depth: 3,
            ..Limits::default()
        };
        let variables = Variables::from_json(json!({ "v": value }));
        let found = check_size(&operation, &variables, &document, &limits);
        assert_eq!(
            found.err().map(|refusal| refusal.to_string()).as_deref(),
            refused
        );
    }

    #[test]
    fn copies_and_depth_of_variables_are_bounded() {
        let fours = json!([1, 1, 1]);
        check_size_bound(25, fours.clone(), None);
        let refused = "the request has 114 values when expanded; at most 110 are allowed";
        check_size_bound(26, fours, Some(refused));
        check_size_bound(1, json!("x".repeat(64 * 99)), None);
        let refused = "the request has 111 values when expanded; at most 110 are allowed";
        check_size_bound(1, json!("x".repeat(64 * 100)), Some(refused));
        check_size_bound(0, json!([[[1]]]), None);
        let refused = "the request has 4 lists and objects within one another in a variable; at most 3 are allowed";
        check_size_bound(0, json!([[{"a": [1]}]]), Some(refused));
    }
}
