//! Files among the variables: where a binary stands, which is one that was received ([`crate::uploads`]).
//!
//! That each stands where an `Upload` is declared is looked at with all other types (`variables`); here is what no type is
//! declared for.

use async_graphql::parser::types::OperationDefinition;
use async_graphql::{Name, Value, Variables};

use super::variables::VariableError;

/// Files that were given for variables which the operation does not declare.
pub(super) fn elsewhere<'a>(
    operation: &'a OperationDefinition,
    variables: &'a Variables,
) -> impl Iterator<Item = VariableError> + 'a {
    let is_declared = |name: &Name| {
        let mut declared = operation.variable_definitions.iter();
        declared.any(|definition| definition.node.name.node == *name)
    };
    let given = variables.iter();
    let lost = given.filter(move |(name, value)| !is_declared(name) && has_file(value));
    lost.map(move |(name, _)| VariableError {
        name: name.to_string(),
        path: Vec::new(),
        reason: "a file was given for it, but the operation declares no such variable".to_owned(),
        at: operation.selection_set.pos,
    })
}

fn has_file(value: &Value) -> bool {
    match value {
        Value::Binary(_) => true,
        Value::List(values) => values.iter().any(has_file),
        Value::Object(fields) => fields.values().any(has_file),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;

    use super::super::limits::Limits;
    use super::super::refusal::Refusal;
    use super::super::validation::Validator;
    use super::super::variables::check_types;
    use super::*;
    use crate::Upload;

    const SDL: &str = "
        type Query { a: Int }
        scalar Date
        scalar Upload
        enum Stage { IDEA TRIAL }
        input Filter { from: Date inner: Filter file: Upload files: [Upload!] }
    ";

    #[track_caller]
    fn check(declared: &str, given: Value, message: Option<&str>) {
        let validator = Validator::new(SDL).expect("the schema is one");
        let document = parse_query(format!("query({declared}) {{ a }}")).expect("it is one");
        let DocumentOperations::Single(operation) = document.operations else {
            panic!("one operation is expected");
        };
        let mut variables = Variables::default();
        variables.insert(Name::new("v"), given);
        let limits = Limits::default();
        let found = check_types(&operation.node, &variables, &validator.types(), &limits);
        let told = found.err().map(Refusal::into_errors);
        let told = told.map(|errors| errors[0].message.clone());
        assert_eq!(told.as_deref(), message, "{declared}");
    }

    #[test]
    fn a_file_is_an_upload_and_nothing_else_is() {
        let file = || Upload::variable(0);
        let within = |name: &str, value| Value::Object([(Name::new(name), value)].into());
        check("$v: Upload!", file(), None);
        check("$v: [Upload!]!", Value::List(vec![file(), file()]), None);
        check("$v: Filter", within("file", file()), None);
        check("$v: Filter", within("inner", within("file", file())), None);
        for expected in ["String", "ID!", "Int", "Stage", "Filter", "Date", "Unknown"] {
            let found = format!("variable $v: {expected} is expected, found a file");
            check(&format!("$v: {expected}"), file(), Some(&found));
        }
        let hidden = "variable $v.from: Date is expected, found a file";
        check("$v: Filter", within("from", file()), Some(hidden));
        let text = "variable $v.files.1: Upload! is expected, found a text that does not fit";
        let files = Value::List(vec![file(), Value::from("#__graphql_file__:0")]);
        check("$v: Filter", within("files", files), Some(text));
        let lost =
            "variable $v: a file was given for it, but the operation declares no such variable";
        check("$w: Upload", within("from", file()), Some(lost));
    }
}
