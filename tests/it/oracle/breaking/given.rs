//! Breaking what is given: arguments, values, variables and directives.

use super::super::document::{Directive, Document, Value, Variable};
use super::super::model::Model;
use super::{at_field, name, of};

pub(super) fn plain(text: &str) -> Value {
    Value::Plain(text.to_owned())
}

pub(super) fn any_value(chance: &mut fastrand::Rng) -> Value {
    let plain_values = [
        "1",
        "-1",
        "2147483648",
        "-2147483649",
        "99999999999999999999",
        "1.5",
        "1e3",
        "\"s\"",
        "true",
        "null",
        "IDEA",
        "NONE",
        "[]",
        "[1]",
        "[[1]]",
        "[null]",
        "[\"a\" \"b\"]",
        "{}",
        "{a: 1}",
        "{id: 1}",
        "{id: null}",
        "{id: 1, name: \"a\"}",
        "{year: 1}",
        "{from: 1}",
        "{from: null}",
        "$v0",
        "$v1",
        "[$v0]",
        "{a: $v0}",
        "{id: $v1}",
        "$none",
    ];
    plain(of(chance, &plain_values))
}

pub(super) fn add_argument(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let given = (
        name(chance, &["x", "id", "int", "if", "filter"]),
        any_value(chance),
    );
    if chance.bool() {
        at_field(
            document,
            chance,
            |field| !field.arguments.is_empty(),
            |field| field.arguments.push(given),
        );
    } else {
        at_one!(
            document,
            each_arguments,
            chance,
            |_: &Vec<_>| true,
            |all: &mut Vec<_>| all.push(given.clone())
        );
    }
}

pub(super) fn drop_argument(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_one!(
        document,
        each_arguments,
        chance,
        |all: &Vec<_>| !all.is_empty(),
        |all: &mut Vec<_>| {
            all.pop();
        }
    );
}

pub(super) fn double_argument(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_one!(
        document,
        each_arguments,
        chance,
        |all: &Vec<_>| !all.is_empty(),
        |all: &mut Vec<(String, Value)>| {
            all.push(all[0].clone());
        }
    );
}

pub(super) fn change_value(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let other = any_value(chance);
    at_one!(
        document,
        each_value,
        chance,
        |_: &Value| true,
        |value: &mut Value| *value = other.clone()
    );
}

pub(super) fn wrap_value(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let twice = chance.bool();
    at_one!(
        document,
        each_value,
        chance,
        |_: &Value| true,
        |value: &mut Value| {
            let mut items = vec![value.clone()];
            if twice {
                items.push(value.clone());
            }
            *value = Value::List(items);
        }
    );
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::List(items) => !items.is_empty(),
        _ => false,
    }
}

pub(super) fn drop_inner(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_one!(
        document,
        each_value,
        chance,
        is_filled,
        |value: &mut Value| match value {
            Value::Object(fields) => drop(fields.remove(0)),
            Value::List(items) => drop(items.pop()),
            _ => {}
        }
    );
}

pub(super) fn add_inner(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let key = name(chance, &["x", "year", "id", "name", "inner", "tags"]);
    let other = any_value(chance);
    at_one!(
        document,
        each_value,
        chance,
        is_filled,
        |value: &mut Value| match value {
            Value::Object(fields) => fields.push((key.clone(), other.clone())),
            Value::List(items) => items.push(other.clone()),
            _ => {}
        }
    );
}

pub(super) fn double_inner(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_one!(
        document,
        each_value,
        chance,
        is_filled,
        |value: &mut Value| match value {
            Value::Object(fields) => fields.push(fields[0].clone()),
            Value::List(items) => items.push(items[0].clone()),
            _ => {}
        }
    );
}

pub(super) fn double_variable(document: &mut Document, _: &Model, _: &mut fastrand::Rng) {
    let variables = &mut document.operations[0].variables;
    let first = variables.first().cloned();
    variables.extend(first);
}

pub(super) fn drop_variable(document: &mut Document, _: &Model, _: &mut fastrand::Rng) {
    document.operations[0].variables.pop();
}

fn any_type(model: &Model, chance: &mut fastrand::Rng) -> String {
    let names: Vec<&String> = model.names();
    let nothing = "Nothing".to_owned();
    let name = if chance.u8(..8) == 0 {
        &nothing
    } else {
        of(chance, &names)
    };
    match chance.usize(..5) {
        0 => format!("{name}!"),
        1 => format!("[{name}]"),
        2 => format!("[{name}!]!"),
        _ => name.clone(),
    }
}

pub(super) fn add_variable(document: &mut Document, model: &Model, chance: &mut fastrand::Rng) {
    let variable = Variable {
        name: "added".to_owned(),
        ty: any_type(model, chance),
        default: chance.bool().then(|| any_value(chance)),
        directives: Vec::new(),
    };
    document.operations[0].variables.push(variable);
    let used = Value::Variable("added".to_owned());
    at_one!(
        document,
        each_value,
        chance,
        |_: &Value| true,
        |value: &mut Value| *value = used.clone()
    );
}

pub(super) fn change_variable(document: &mut Document, model: &Model, chance: &mut fastrand::Rng) {
    let other = any_type(model, chance);
    let variables = &mut document.operations[0].variables;
    if variables.is_empty() {
        return;
    }
    let at = chance.usize(..variables.len());
    let ty = &mut variables[at].ty;
    *ty = match chance.usize(..5) {
        0 => ty.trim_end_matches('!').to_owned(),
        1 => format!("[{ty}]"),
        2 => ty.replace('!', ""),
        3 => ty.trim_matches(|c| matches!(c, '[' | ']' | '!')).to_owned(),
        _ => other,
    };
}

pub(super) fn change_default(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let variables = &mut document.operations[0].variables;
    if variables.is_empty() {
        return;
    }
    let at = chance.usize(..variables.len());
    variables[at].default = match chance.usize(..3) {
        0 => None,
        1 => Some(plain("null")),
        _ => Some(any_value(chance)),
    };
}

pub(super) fn directive(name: &str, arguments: &[(&str, Value)]) -> Directive {
    let given = arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    Directive {
        name: name.to_owned(),
        arguments: given.collect(),
    }
}

fn any_directive(chance: &mut fastrand::Rng) -> Directive {
    let value = any_value(chance);
    match chance.usize(..9) {
        0 => directive("none", &[]),
        1 => directive("skip", &[("if", plain("true"))]),
        2 => directive("include", &[("if", value)]),
        3 => directive("include", &[]),
        4 => directive("deprecated", &[]),
        5 => directive("note", &[("tags", value)]),
        6 => directive("note", &[("level", value)]),
        7 => directive("once", &[("flag", plain("true"))]),
        _ => directive("once", &[("flag", value), ("x", plain("1"))]),
    }
}

pub(super) fn add_directive(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let added = any_directive(chance);
    at_one!(
        document,
        each_directives,
        chance,
        |_: &Vec<_>| true,
        |all: &mut Vec<_>| all.push(added.clone())
    );
}

pub(super) fn double_directive(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let added = any_directive(chance);
    at_one!(
        document,
        each_directives,
        chance,
        |_: &Vec<_>| true,
        |all: &mut Vec<Directive>| {
            all.push(added.clone());
            all.push(all[0].clone());
        }
    );
}
