//! Breaking documents: small changes, each of which breaks a rule now and then, or none.
//!
//! Here are those of fields, fragments and operations; `given` has those of what is given to them.

/// Does something to one of the places that a walk shows.
macro_rules! at_one {
    ($document:expr, $each:ident, $chance:expr, $wanted:expr, $act:expr) => {{
        let mut count = 0_usize;
        $document.$each(|place| count += usize::from($wanted(&*place)));
        if count > 0 {
            let chosen = $chance.usize(..count);
            let mut at = 0;
            $document.$each(|place| {
                if $wanted(&*place) {
                    if at == chosen {
                        $act(place);
                    }
                    at += 1;
                }
            });
        }
    }};
}

mod given;

use super::document::{Document, Field, Fragment, Operation, Selection};
use super::model::Model;
use given::{
    add_argument, add_directive, add_inner, add_variable, any_value, change_default, change_value,
    change_variable, directive, double_argument, double_directive, double_inner, double_variable,
    drop_argument, drop_inner, drop_variable, plain, wrap_value,
};

type Change = fn(&mut Document, &Model, &mut fastrand::Rng);

const CHANGES: [Change; 33] = [
    rename_field,
    move_field,
    empty_set,
    set_below_leaf,
    ask_type_name,
    ask_schema,
    add_argument,
    drop_argument,
    double_argument,
    change_value,
    change_value,
    change_value,
    wrap_value,
    drop_inner,
    add_inner,
    double_inner,
    spread_unknown,
    spread_in_circle,
    leave_fragment,
    double_fragment,
    change_condition,
    double_variable,
    drop_variable,
    add_variable,
    change_variable,
    change_default,
    add_directive,
    double_directive,
    share_key,
    copy_changed,
    copy_changed,
    change_operations,
    change_operations,
];

/// Changes a document once.
pub(super) fn change(document: &mut Document, model: &Model, chance: &mut fastrand::Rng) {
    let change = chance.choice(CHANGES).expect("there are some");
    change(document, model, chance);
}

fn of<T: Clone>(chance: &mut fastrand::Rng, items: &[T]) -> T {
    chance.choice(items).expect("there are some").clone()
}

fn name(chance: &mut fastrand::Rng, names: &[&str]) -> String {
    of(chance, names).to_owned()
}

fn at_field(
    document: &mut Document,
    chance: &mut fastrand::Rng,
    wanted: impl Fn(&Field) -> bool,
    act: impl FnOnce(&mut Field),
) {
    let mut act = Some(act);
    let is_wanted =
        |selection: &Selection| matches!(selection, Selection::Field(field) if wanted(field));
    let mut count = 0_usize;
    document.each_set(|set| count += set.iter().filter(|found| is_wanted(found)).count());
    if count == 0 {
        return;
    }
    let mut left = chance.usize(..count) + 1;
    document.each_set(|set| {
        for selection in set.iter_mut().filter(|found| is_wanted(found)) {
            left = left.wrapping_sub(1);
            if let (0, Selection::Field(field)) = (left, selection)
                && let Some(act) = act.take()
            {
                act(field);
            }
        }
    });
}

fn rename_field(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_field(document, chance, |_| true, |field| field.name.push('x'));
}

/// Takes a field from where it stands to another place.
fn move_field(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let mut taken = None;
    at_field(
        document,
        chance,
        |_| true,
        |field| taken = Some(field.clone()),
    );
    if let Some(field) = taken {
        at_one!(
            document,
            each_set,
            chance,
            |_: &Vec<Selection>| true,
            |set: &mut Vec<Selection>| {
                set.push(Selection::Field(field.clone()));
            }
        );
    }
}

fn empty_set(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_field(
        document,
        chance,
        |field| !field.set.is_empty(),
        |field| field.set.clear(),
    );
}

fn field(name: &str) -> Field {
    Field {
        alias: None,
        name: name.to_owned(),
        arguments: Vec::new(),
        directives: Vec::new(),
        set: Vec::new(),
    }
}

fn set_below_leaf(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let inner = name(chance, &["id", "__typename", "x"]);
    at_field(
        document,
        chance,
        |field| field.set.is_empty(),
        |leaf| {
            leaf.set.push(Selection::Field(field(&inner)));
        },
    );
}

fn ask_type_name(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let mut asked = field("__typename");
    match chance.usize(..4) {
        0 => asked.set.push(Selection::Field(field("x"))),
        1 => asked.arguments.push(("x".to_owned(), plain("1"))),
        2 => asked.directives.push(directive("none", &[])),
        _ => asked.alias = Some("a1".to_owned()),
    }
    at_one!(
        document,
        each_set,
        chance,
        |_: &Vec<Selection>| true,
        |set: &mut Vec<Selection>| {
            set.push(Selection::Field(asked.clone()));
        }
    );
}

fn ask_schema(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let mut asked = field("__schema");
    asked.set.push(Selection::Field(field("description")));
    if chance.bool() {
        asked = field("__type");
        asked.arguments.push(("name".to_owned(), any_value(chance)));
        let inner = name(
            chance,
            &[
                "name",
                "isOneOf",
                "kind",
                "specifiedByURL",
                "specifiedByUrl",
            ],
        );
        asked.set.push(Selection::Field(field(&inner)));
    }
    at_one!(
        document,
        each_set,
        chance,
        |_: &Vec<Selection>| true,
        |set: &mut Vec<Selection>| {
            set.push(Selection::Field(asked.clone()));
        }
    );
}

fn spread_unknown(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    at_one!(
        document,
        each_set,
        chance,
        |_: &Vec<Selection>| true,
        |set: &mut Vec<Selection>| {
            set.push(Selection::Spread("None".to_owned(), Vec::new()));
        }
    );
}

fn spread_in_circle(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    if document.fragments.is_empty() {
        return;
    }
    let (one, other) = (
        chance.usize(..document.fragments.len()),
        chance.usize(..document.fragments.len()),
    );
    let spread = Selection::Spread(document.fragments[one].name.clone(), Vec::new());
    document.fragments[other].set.push(spread);
}

fn leave_fragment(document: &mut Document, model: &Model, chance: &mut fastrand::Rng) {
    let names = model.names();
    document.fragments.push(Fragment {
        name: "Left".to_owned(),
        on: of(chance, &names).clone(),
        directives: Vec::new(),
        set: vec![Selection::Field(field("__typename"))],
    });
    if chance.bool() {
        at_one!(
            document,
            each_set,
            chance,
            |_: &Vec<Selection>| true,
            |set: &mut Vec<Selection>| {
                set.push(Selection::Spread("Left".to_owned(), Vec::new()));
            }
        );
    }
}

fn double_fragment(document: &mut Document, _: &Model, _: &mut fastrand::Rng) {
    let first = document.fragments.first().cloned();
    document.fragments.extend(first);
}

fn change_condition(document: &mut Document, model: &Model, chance: &mut fastrand::Rng) {
    let names: Vec<&String> = model.names();
    let nothing = "Nothing".to_owned();
    let on = if chance.u8(..8) == 0 {
        nothing
    } else {
        of(chance, &names).clone()
    };
    if chance.bool() && !document.fragments.is_empty() {
        let at = chance.usize(..document.fragments.len());
        document.fragments[at].on = on;
        return;
    }
    at_one!(
        document,
        each_set,
        chance,
        |_: &Vec<Selection>| true,
        |set: &mut Vec<Selection>| {
            let inner = vec![Selection::Field(field("__typename"))];
            set.push(Selection::Inline(Some(on.clone()), Vec::new(), inner));
        }
    );
}

/// Gives a field the key of another one beside it.
fn share_key(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let has_two = |set: &Vec<Selection>| set.len() > 1;
    at_one!(document, each_set, chance, has_two, |set: &mut Vec<
        Selection,
    >| {
        let key = match &set[0] {
            Selection::Field(field) => field.alias.clone().unwrap_or_else(|| field.name.clone()),
            _ => "id".to_owned(),
        };
        let last = set.len() - 1;
        match &mut set[last] {
            Selection::Field(field) => field.alias = Some(key),
            Selection::Inline(_, _, inner) => {
                if let Some(Selection::Field(field)) = inner.first_mut() {
                    field.alias = Some(key);
                }
            }
            Selection::Spread(..) => {}
        }
    });
}

/// Writes a field twice, the second time with something else in it: below equal parents things conflict.
fn copy_changed(document: &mut Document, model: &Model, chance: &mut fastrand::Rng) {
    let mut copied = None;
    let is_rich = |field: &Field| !field.set.is_empty() || !field.arguments.is_empty();
    at_field(document, chance, is_rich, |field| {
        copied = Some(field.clone());
    });
    let Some(original) = copied else {
        return;
    };
    let mut copy = Document::default();
    copy.operations.push(Operation {
        kind: "query",
        name: None,
        variables: Vec::new(),
        directives: Vec::new(),
        set: vec![Selection::Field(original.clone())],
    });
    let changes: [Change; 8] = [
        change_value,
        wrap_value,
        drop_inner,
        double_inner,
        drop_argument,
        share_key,
        rename_key,
        rename_key,
    ];
    if !chance.u8(..).is_multiple_of(4) {
        let change = of(chance, &changes);
        change(&mut copy, model, chance);
    }
    let copied = copy.operations.remove(0).set;
    let is_here = |set: &Vec<Selection>| {
        set.iter().any(|found| matches!(found, Selection::Field(field) if field.alias == original.alias && field.name == original.name))
    };
    at_one!(document, each_set, chance, is_here, |set: &mut Vec<
        Selection,
    >| {
        if chance.bool() {
            set.extend(copied.iter().cloned());
        } else {
            set.push(Selection::Inline(None, Vec::new(), copied.clone()));
        }
    });
}

/// Gives a field the key of another one, of which nothing says that it stands beside it.
fn rename_key(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let mut keys = Vec::new();
    document.each_set(|set| {
        for selection in set {
            if let Selection::Field(field) = selection {
                keys.push(field.alias.clone().unwrap_or_else(|| field.name.clone()));
            }
        }
    });
    let key = of(chance, &keys);
    at_field(document, chance, |_| true, |field| field.alias = Some(key));
}

fn change_operations(document: &mut Document, _: &Model, chance: &mut fastrand::Rng) {
    let first = document.operations[0].clone();
    match chance.usize(..7) {
        0 => document.operations.push(first),
        1 => document.operations.push(Operation {
            name: None,
            ..first
        }),
        2 => {
            let other = Operation {
                name: Some("Other".to_owned()),
                ..first
            };
            document.operations.push(other);
        }
        3 => document.rest.push_str("type Added { id: ID }"),
        4 => {
            document.operations[0].kind = name_of_kind(chance);
        }
        _ => {
            let kind = first.kind;
            document.operations[0].kind = if chance.bool() { "subscription" } else { kind };
            document.operations[0].set.extend(first.set);
        }
    }
}

fn name_of_kind(chance: &mut fastrand::Rng) -> &'static str {
    of(chance, &["query", "mutation", "subscription"])
}
