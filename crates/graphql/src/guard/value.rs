//! The size of the values that a document or its variables give.

use std::convert::Infallible;

use async_graphql::{Name, Value};

/// Bytes of a text that weigh as much as one value: copying them costs about as much as making one.
const TEXT_BYTES_PER_UNIT: usize = 64;

/// What one value amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ValueSize {
    /// Values within it, itself included, where long texts count as several.
    pub(super) units: usize,
    /// Variables within it.
    pub(super) variable_uses: usize,
    /// Lists and objects inside one another.
    pub(super) depth: usize,
}

impl ValueSize {
    /// Measures a value. Neither the document's text nor JSON nests deeply enough to exhaust the stack here.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Binary(_) => Self {
                units: 1,
                variable_uses: 1,
                depth: 0,
            },
            Value::String(text) => Self::leaf(1 + text.len() / TEXT_BYTES_PER_UNIT),
            Value::List(items) => Self::around(items.iter()),
            Value::Object(fields) => Self::around(fields.values()),
            _ => Self::leaf(1),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.units = self.units.saturating_add(other.units);
        self.variable_uses = self.variable_uses.saturating_add(other.variable_uses);
        self.depth = self.depth.max(other.depth);
    }

    fn leaf(units: usize) -> Self {
        Self {
            units,
            ..Self::default()
        }
    }

    fn around<'a>(items: impl Iterator<Item = &'a Value>) -> Self {
        let mut size = Self::leaf(1);
        for item in items {
            size.add(Self::of(item));
        }
        size.depth += 1;
        size
    }
}

/// What stands for a variable in a value to be measured: a binary, which GraphQL texts cannot express.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the parser's conversion asks for a Result"
)]
pub(super) fn variable(_: Name) -> Result<Value, Infallible> {
    Ok(Value::Binary(Vec::new().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: serde_json::Value, units: usize, depth: usize) {
        let value = Value::from_json(json).expect("JSON is a value");
        let size = ValueSize::of(&value);
        assert_eq!((size.units, size.depth), (units, depth), "{value}");
    }

    #[test]
    fn values_weigh_by_number_and_length() {
        check(serde_json::json!(null), 1, 0);
        check(serde_json::json!("x".repeat(63)), 1, 0);
        check(serde_json::json!("x".repeat(64)), 2, 0);
        check(serde_json::json!([]), 1, 1);
        check(serde_json::json!([1, 2, [3]]), 5, 2);
        check(serde_json::json!({"a": {"b": [true]}}), 4, 3);
    }
}
