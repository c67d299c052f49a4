//! The root fields of an operation, for the audit: their names, and what they are about as far as an argument says it.

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Value, Variables};

use crate::audit::asking::Root;

/// The root fields of an operation, those in fragments too. The guard bounded them and let no circle pass.
pub(super) fn of(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Vec<Root> {
    let mut roots = Vec::new();
    collect(
        document,
        &operation.selection_set.node,
        variables,
        &mut roots,
    );
    roots
}

fn collect(
    document: &ExecutableDocument,
    selected: &SelectionSet,
    variables: &Variables,
    roots: &mut Vec<Root>,
) {
    for item in &selected.items {
        match &item.node {
            Selection::Field(field) => roots.push(root(&field.node, variables)),
            Selection::InlineFragment(fragment) => {
                collect(
                    document,
                    &fragment.node.selection_set.node,
                    variables,
                    roots,
                );
            }
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node);
                if let Some(fragment) = fragment {
                    collect(
                        document,
                        &fragment.node.selection_set.node,
                        variables,
                        roots,
                    );
                }
            }
        }
    }
}

fn root(field: &Field, variables: &Variables) -> Root {
    let id = field.get_argument("id").cloned();
    let given = |name: Name| Ok::<_, ()>(variables.get(&name).cloned().unwrap_or_default());
    let id = id.and_then(|id| id.node.into_const_with(given).ok());
    Root {
        key: field.response_key().node.to_string(),
        field: field.name.node.to_string(),
        id: match id {
            Some(Value::String(id)) => Some(id),
            _ => None,
        },
    }
}
