//! Short texts in place of long ones, while a document is validated.
//!
//! No rule looks into a text, only whether two are the same. The library copies arguments into what it tells about fields
//! that conflict, once for every such field: with the texts themselves a quarter of a megabyte would become a gigabyte.

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::ast::{Argument, Definition, Directive, Document, Selection, Value};

/// Bytes of a text that may stay.
const SHORT: usize = 32;

/// Replaces every long text by a short one, the same for the same text. Tells how many words the largest value still has:
/// the items of a list or object, or the digits of a number.
pub(super) fn put(document: &mut Document) -> usize {
    let mut walk = Walk::default();
    for definition in &mut document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                let operation = operation.make_mut();
                for variable in &mut operation.variables {
                    let variable = variable.make_mut();
                    walk.directives(&mut variable.directives);
                    if let Some(default) = &mut variable.default_value {
                        walk.value(default);
                    }
                }
                walk.directives(&mut operation.directives);
                walk.selections(&mut operation.selection_set);
            }
            Definition::FragmentDefinition(fragment) => {
                let fragment = fragment.make_mut();
                walk.directives(&mut fragment.directives);
                walk.selections(&mut fragment.selection_set);
            }
            _ => {}
        }
    }
    walk.largest
}

#[derive(Default)]
struct Walk {
    texts: HashMap<String, usize>,
    largest: usize,
}

impl Walk {
    fn selections(&mut self, selections: &mut [Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let field = field.make_mut();
                    self.arguments(&mut field.arguments);
                    self.directives(&mut field.directives);
                    self.selections(&mut field.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&mut spread.make_mut().directives);
                }
                Selection::InlineFragment(inline) => {
                    let inline = inline.make_mut();
                    self.directives(&mut inline.directives);
                    self.selections(&mut inline.selection_set);
                }
            }
        }
    }

    fn directives(&mut self, directives: &mut [Node<Directive>]) {
        for directive in directives {
            self.arguments(&mut directive.make_mut().arguments);
        }
    }

    fn arguments(&mut self, arguments: &mut [Node<Argument>]) {
        for argument in arguments {
            self.value(&mut argument.make_mut().value);
        }
    }

    fn value(&mut self, value: &mut Node<Value>) {
        match value.make_mut() {
            Value::String(text) if text.len() > SHORT => {
                let next = self.texts.len();
                let number = *self.texts.entry(std::mem::take(text)).or_insert(next);
                *text = format!("a text of more than {SHORT} bytes, number {number}");
            }
            Value::List(items) => {
                self.largest = self.largest.max(items.len());
                for item in items {
                    self.value(item);
                }
            }
            Value::Object(fields) => {
                self.largest = self.largest.max(fields.len());
                for (_, value) in fields {
                    self.value(value);
                }
            }
            Value::Int(number) => self.digits(number.as_str()),
            Value::Float(number) => self.digits(number.as_str()),
            _ => {}
        }
    }

    fn digits(&mut self, number: &str) {
        self.largest = self.largest.max(number.len() / size_of::<usize>());
    }
}
