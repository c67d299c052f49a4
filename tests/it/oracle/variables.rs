//! Values for the variables of an operation, right and wrong ones.

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use super::document::Operation;
use super::model::{Kind, Model, Slot};

/// Values for what an operation declares.
pub(crate) fn values(operation: &Operation, model: &Model, chance: &mut fastrand::Rng) -> Value {
    let mut given = Map::new();
    for variable in &operation.variables {
        let Some(ty) = Type::new(&variable.ty) else {
            continue;
        };
        let may_be_left_out = ty.nullable || variable.default.is_some() || chance.u8(..20) == 0;
        if !(may_be_left_out && chance.u8(..4) == 0) {
            given.insert(variable.name.clone(), value(&ty, model, chance, 3));
        }
    }
    Value::Object(given)
}

fn value(ty: &Type, model: &Model, chance: &mut fastrand::Rng, deep: usize) -> Value {
    if chance.u8(..24) == 0 {
        return anything(chance);
    }
    if ty.nullable && chance.u8(..8) == 0 {
        return Value::Null;
    }
    let deep = deep.saturating_sub(1);
    match &ty.base {
        BaseType::List(item) if chance.u8(..6) == 0 => value(item, model, chance, deep),
        BaseType::List(item) => {
            let count = chance.usize(..3);
            (0..count)
                .map(|_| value(item, model, chance, deep))
                .collect()
        }
        BaseType::Named(name) => match model.kind(name) {
            Some(Kind::Enum(values)) => json!(chance.choice(values)),
            Some(Kind::Input(slots)) => {
                let mut given = Map::new();
                for slot in slots {
                    if slot.is_required() || (deep > 0 && chance.u8(..3) == 0) {
                        given.insert(slot.name.clone(), value(&slot.ty, model, chance, deep));
                    }
                }
                if chance.u8(..16) == 0 {
                    given.insert("x".to_owned(), Value::Null);
                }
                Value::Object(given)
            }
            Some(Kind::OneOf(slots)) => Value::Object(one(slots, model, chance, deep)),
            _ => scalar(name, chance),
        },
    }
}

fn one(
    slots: &[Slot],
    model: &Model,
    chance: &mut fastrand::Rng,
    deep: usize,
) -> Map<String, Value> {
    let mut given = Map::new();
    let count = if chance.u8(..8) == 0 { 2 } else { 1 };
    for _ in 0..count {
        let slot = &slots[chance.usize(..slots.len())];
        given.insert(slot.name.clone(), value(&slot.ty, model, chance, deep));
    }
    given
}

fn scalar(name: &str, chance: &mut fastrand::Rng) -> Value {
    match name {
        "Int" => json!([0, -7, i32::MAX, i32::MIN][chance.usize(..4)]),
        "Float" => [json!(1), json!(1.5), json!(-2e10)][chance.usize(..3)].clone(),
        "Boolean" => json!(chance.bool()),
        "ID" => [json!("x"), json!(3)][chance.usize(..2)].clone(),
        "String" => json!(["", "a"][chance.usize(..2)]),
        _ => anything(chance),
    }
}

fn anything(chance: &mut fastrand::Rng) -> Value {
    let all = [
        json!(null),
        json!(1),
        json!(1.5),
        json!(2_147_483_648_i64),
        json!(-2_147_483_649_i64),
        json!(true),
        json!("IDEA"),
        json!("NONE"),
        json!([]),
        json!([1]),
        json!([[1]]),
        json!([null]),
        json!({}),
        json!({"year": 1}),
        json!({"id": "a"}),
        json!({"id": null}),
        json!({"id": 1, "name": "a"}),
    ];
    all[chance.usize(..all.len())].clone()
}
