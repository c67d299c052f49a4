//! The one field of a subscription, where async-graphql looks for it.
//!
//! The specification lets a subscription select its field by a fragment, and more than once (section 5.2.4.1).
//! async-graphql overlooks what a fragment brings, and opens one stream for each time. So a valid document is rewritten:
//! everything that is selected of the field comes together in a single selection of it.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
    OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};

/// Rewrites every subscription of a document that passed validation.
pub(super) fn gather(document: &mut ExecutableDocument) {
    let fragments = &document.fragments;
    match &mut document.operations {
        DocumentOperations::Single(operation) => gather_in(&mut operation.node, fragments),
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                gather_in(&mut operation.node, fragments);
            }
        }
    }
}

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

fn gather_in(operation: &mut OperationDefinition, fragments: &Fragments) {
    let set = &mut operation.selection_set.node;
    let is_single = matches!(set.items.as_slice(), [one] if is_field(&one.node));
    if operation.ty != OperationType::Subscription || is_single {
        return;
    }
    let mut found = Vec::new();
    fields(set, fragments, &mut found);
    let mut found = found.into_iter();
    let Some(first) = found.next() else {
        return;
    };
    let mut field = first.clone();
    let inner = &mut field.node.selection_set.node.items;
    inner.extend(found.flat_map(|other| other.node.selection_set.node.items.iter().cloned()));
    let at = field.pos;
    set.items = vec![Positioned::new(Selection::Field(field), at)];
}

const fn is_field(selection: &Selection) -> bool {
    matches!(selection, Selection::Field(_))
}

/// The fields of a selection set, fragments followed. Fragments that go in a circle were refused.
fn fields<'a>(
    set: &'a SelectionSet,
    fragments: &'a Fragments,
    found: &mut Vec<&'a Positioned<Field>>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => found.push(field),
            Selection::InlineFragment(inline) => {
                fields(&inline.node.selection_set.node, fragments, found);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                    fields(&fragment.node.selection_set.node, fragments, found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[track_caller]
    fn check(query: &str, inner: &[&str]) {
        let mut document = parse_query(query).unwrap();
        gather(&mut document);
        let (_, operation) = document.operations.iter().next().unwrap();
        let [one] = operation.node.selection_set.node.items.as_slice() else {
            panic!("a single selection is expected: {query}");
        };
        let Selection::Field(field) = &one.node else {
            panic!("a field is expected: {query}");
        };
        assert_eq!(field.node.response_key().node, "a");
        let items = field.node.selection_set.node.items.iter();
        let names = items.map(|item| match &item.node {
            Selection::Field(field) => field.node.name.node.as_str(),
            Selection::FragmentSpread(spread) => spread.node.fragment_name.node.as_str(),
            Selection::InlineFragment(_) => "...",
        });
        assert_eq!(names.collect::<Vec<_>>(), inner, "{query}");
    }

    #[test]
    fn a_subscription_has_its_field_itself_and_once() {
        check("subscription { a { b } }", &["b"]);
        check("subscription { a { b } a { b c } }", &["b", "b", "c"]);
        check("subscription { ... { a { b } } a { c } }", &["b", "c"]);
        check(
            "subscription { ...F ...G } fragment F on S { ...G } fragment G on S { a { b ...H } }
             fragment H on T { c }",
            &["b", "H", "b", "H"],
        );
    }

    #[test]
    fn queries_stay_as_they_are() {
        let query = "{ a a ...F } fragment F on Q { a }";
        let mut document = parse_query(query).unwrap();
        gather(&mut document);
        let (_, operation) = document.operations.iter().next().unwrap();
        assert_eq!(operation.node.selection_set.node.items.len(), 3);
    }
}
