//! Fields with different lists for the same argument conflict (section 5.3.2).
//!
//! The library compares two lists as far as the shorter one goes. Where lists of different lengths stand in the same
//! argument of fields with the same key, the document is looked at once more with texts in place of its lists, which it
//! compares whole.

use std::collections::HashMap;

use apollo_compiler::ast::{self, Definition, Document, Value};
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};

use super::Fault;

/// What the library calls a conflict between arguments.
const CONFLICT: &str = "ConflictingFieldArgument";

/// Whether lists of different lengths stand anywhere in the same argument of fields with the same key.
pub(super) fn differ(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|found| &found.selection_set);
    let fragments = document
        .fragments
        .values()
        .map(|found| &found.selection_set);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    let mut seen: HashMap<(&Name, &Name, &Name), Vec<usize>> = HashMap::new();
    while let Some(set) = sets.pop() {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    if differs(field, &mut seen) {
                        return true;
                    }
                    sets.push(&field.selection_set);
                }
                Selection::InlineFragment(inline) => sets.push(&inline.selection_set),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    false
}

fn differs<'a>(
    field: &'a Node<Field>,
    seen: &mut HashMap<(&'a Name, &'a Name, &'a Name), Vec<usize>>,
) -> bool {
    field.arguments.iter().any(|argument| {
        let mut lengths = Vec::new();
        measure(&argument.value, &mut lengths);
        let key = (field.response_key(), &field.name, &argument.name);
        let first = seen.entry(key).or_insert_with(|| lengths.clone());
        *first != lengths
    })
}

/// The lengths of the lists in a value, in the order of the text.
fn measure(value: &Value, lengths: &mut Vec<usize>) {
    match value {
        Value::List(items) => {
            lengths.push(items.len());
            for item in items {
                measure(item, lengths);
            }
        }
        Value::Object(fields) => {
            let inner = fields.iter().map(|(_, value)| value);
            inner.for_each(|value| measure(value, lengths));
        }
        _ => {}
    }
}

/// The document with a text in place of every list that a field is given.
pub(super) fn as_texts(document: &Document) -> Document {
    let mut document = document.clone();
    for definition in &mut document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                selections(&mut operation.make_mut().selection_set);
            }
            Definition::FragmentDefinition(fragment) => {
                selections(&mut fragment.make_mut().selection_set);
            }
            _ => {}
        }
    }
    document
}

/// The conflicts between arguments. Everything else that is wrong with texts in place of lists does not count.
pub(super) fn conflicts(
    document: ExecutableDocument,
    schema: &Valid<Schema>,
    most: usize,
) -> Vec<Fault> {
    match document.validate(schema) {
        Ok(_) => Vec::new(),
        Err(found) => super::told_of(schema, &found.errors, most, |name| name == Some(CONFLICT)),
    }
}

fn selections(set: &mut [ast::Selection]) {
    for selection in set {
        match selection {
            ast::Selection::Field(field) => {
                let field = field.make_mut();
                for given in &mut field.arguments {
                    text_for_list(&mut given.make_mut().value);
                }
                selections(&mut field.selection_set);
            }
            ast::Selection::InlineFragment(inline) => {
                selections(&mut inline.make_mut().selection_set);
            }
            ast::Selection::FragmentSpread(_) => {}
        }
    }
}

fn text_for_list(value: &mut Node<Value>) {
    match &**value {
        Value::List(_) => {
            sort(value);
            let text = value.to_string();
            *value.make_mut() = Value::String(text);
        }
        Value::Object(_) => {
            if let Value::Object(fields) = value.make_mut() {
                for (_, value) in fields {
                    text_for_list(value);
                }
            }
        }
        _ => {}
    }
}

/// Puts the fields of objects in one order: they are the same in any.
fn sort(value: &mut Node<Value>) {
    match value.make_mut() {
        Value::List(items) => {
            for item in items {
                sort(item);
            }
        }
        Value::Object(fields) => {
            for (_, value) in &mut *fields {
                sort(value);
            }
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        _ => {}
    }
}
