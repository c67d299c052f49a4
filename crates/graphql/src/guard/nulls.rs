//! A failed field is null, and so is its parent where it may not be (GraphQL specification, section 6.4.4).
//!
//! async-graphql leaves a failed field out of its object, and an object of which every field failed out of its own.
//! Clients written from the schema find a hole where a value or null must be. The path of each error says where the
//! hole is, and the schema how far up null has to go.

use std::collections::HashMap;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Name, PathSegment, ServerError, Value};

use super::schema::{SchemaTypes, named};

/// Puts null wherever the errors say that a field failed.
pub(super) fn put(
    data: &mut Value,
    errors: &[ServerError],
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    types: &SchemaTypes,
) {
    let failed = errors.iter().filter(|error| !error.path.is_empty());
    // All holes are filled before any parent is taken away: after that, a parent that is null stays null.
    let failed: Vec<_> = failed
        .filter_map(|error| Some((&error.path, fill(data, &error.path)?)))
        .collect();
    let mut shape = Shape::of_operation(operation, types);
    for (path, nulls_at) in failed {
        let nullable = shape.nullable(path, document, types);
        let keeps = (0..=nulls_at)
            .rev()
            .find(|&length| nullable.get(length) == Some(&true));
        set_null(data, &path[..keeps.unwrap_or(0)]);
    }
}

/// Fills the hole at the end of a path. Tells the length of the path that leads to null, if it does not lead to a value.
fn fill(value: &mut Value, path: &[PathSegment]) -> Option<usize> {
    let Some((segment, rest)) = path.split_first() else {
        return (*value == Value::Null).then_some(0);
    };
    let inner = match segment {
        PathSegment::Field(key) => {
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            let Value::Object(fields) = value else {
                return None;
            };
            fields.entry(Name::new(key)).or_insert(Value::Null)
        }
        PathSegment::Index(index) => match value {
            Value::List(items) => items.get_mut(*index)?,
            Value::Null => return Some(0),
            _ => return None,
        },
    };
    fill(inner, rest).map(|length| length + 1)
}

fn set_null(mut value: &mut Value, path: &[PathSegment]) {
    for segment in path {
        let inner = match (value, segment) {
            (Value::Object(fields), PathSegment::Field(key)) => fields.get_mut(key.as_str()),
            (Value::List(items), PathSegment::Index(index)) => items.get_mut(*index),
            _ => None,
        };
        let Some(inner) = inner else { return };
        value = inner;
    }
    *value = Value::Null;
}

/// What an operation selects at one place of the answer. Looked at only where errors lead, each place once.
struct Shape<'a> {
    ty: Option<&'a Type>,
    sets: Vec<(&'a str, &'a SelectionSet)>,
    fields: Option<HashMap<&'a str, Shape<'a>>>,
}

impl<'a> Shape<'a> {
    fn of_operation(operation: &'a OperationDefinition, types: &'a SchemaTypes) -> Self {
        Self {
            ty: None,
            sets: vec![(types.root(operation.ty), &operation.selection_set.node)],
            fields: None,
        }
    }

    /// For each beginning of a path, from the empty one, whether null may be there. A type that is not known may not be null.
    fn nullable(
        &mut self,
        path: &[PathSegment],
        document: &'a ExecutableDocument,
        types: &'a SchemaTypes,
    ) -> Vec<bool> {
        let mut nullable = vec![true];
        let mut shape = self;
        let mut ty = None;
        for segment in path {
            ty = match segment {
                PathSegment::Field(key) => {
                    let fields = shape.fields(document, types);
                    let Some(field) = fields.get_mut(key.as_str()) else {
                        break;
                    };
                    shape = field;
                    shape.ty
                }
                PathSegment::Index(_) => ty.and_then(item),
            };
            nullable.push(ty.is_some_and(|ty| ty.nullable));
        }
        nullable
    }

    fn fields(
        &mut self,
        document: &'a ExecutableDocument,
        types: &'a SchemaTypes,
    ) -> &mut HashMap<&'a str, Shape<'a>> {
        let sets = &self.sets;
        self.fields.get_or_insert_with(|| {
            let mut fields = HashMap::new();
            for (parent, set) in sets {
                collect(set, parent, document, types, &mut fields);
            }
            fields
        })
    }
}

/// Collects the fields that a set selects, whichever type its object turns out to have: fields of different types that
/// share a response key must agree in nullability (section 5.3.2).
fn collect<'a>(
    set: &'a SelectionSet,
    parent: &'a str,
    document: &'a ExecutableDocument,
    types: &'a SchemaTypes,
    fields: &mut HashMap<&'a str, Shape<'a>>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let ty = types.find_field(parent, &field.node.name.node);
                let key = field.node.response_key().node.as_str();
                let empty = Shape {
                    ty,
                    sets: Vec::new(),
                    fields: None,
                };
                let shape = fields.entry(key).or_insert(empty);
                let inner = ty.map(named).unwrap_or_default();
                shape.sets.push((inner, &field.node.selection_set.node));
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let parent = condition.map_or(parent, |condition| &condition.node.on.node);
                collect(
                    &inline.node.selection_set.node,
                    parent,
                    document,
                    types,
                    fields,
                );
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    let parent = &fragment.node.type_condition.node.on.node;
                    collect(
                        &fragment.node.selection_set.node,
                        parent,
                        document,
                        types,
                        fields,
                    );
                }
            }
        }
    }
}

fn item(ty: &Type) -> Option<&Type> {
    match &ty.base {
        BaseType::List(item) => Some(item),
        BaseType::Named(_) => None,
    }
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
        schema { query: Root }
        type Root { hub: Hub! hubs: [Hub!]! any: [Hub] node: Node maybe: Hub }
        interface Node { id: ID! }
        type Hub implements Node { id: ID! name: String! note: String hub: Hub tags: [String!] rows: [[Int]!]! }
    ";

    /// The answer to `query` after async-graphql left out what failed at the given paths, written `a.0.b`.
    #[track_caller]
    fn check(query: &str, data: Json, failed: &[&str], expected: Json) {
        let document = parse_query(query).expect("the document parses");
        let DocumentOperations::Single(operation) = &document.operations else {
            panic!("one operation without a name is expected");
        };
        let validator = Validator::new(SDL).expect("the schema is one");
        let types = validator.types();
        let errors: Vec<_> = failed.iter().map(|path| error_at(path)).collect();
        let mut found = Value::from_json(data).expect("JSON is a value");
        put(&mut found, &errors, &document, &operation.node, &types);
        assert_eq!(
            found.into_json().expect("a value is JSON"),
            expected,
            "{query} {failed:?}"
        );
    }

    fn error_at(path: &str) -> ServerError {
        let segments = path.split('.').map(|segment| match segment.parse() {
            Ok(index) => PathSegment::Index(index),
            Err(_) => PathSegment::Field(segment.to_owned()),
        });
        ServerError::new("failed", None).with_path(segments.collect())
    }

    #[test]
    fn a_failed_field_is_null_where_it_may_be() {
        check("{maybe{id}}", json!({}), &["maybe"], json!({"maybe": null}));
        check("{m: maybe{id}}", json!({}), &["m"], json!({"m": null}));
        check(
            "{hub{id note}}",
            json!({"hub": {"id": 1}}),
            &["hub.note"],
            json!({"hub": {"id": 1, "note": null}}),
        );
        check(
            "{hubs{id note}}",
            json!({"hubs": [{"id": 1}, {"id": 2, "note": "b"}]}),
            &["hubs.0.note"],
            json!({"hubs": [{"id": 1, "note": null}, {"id": 2, "note": "b"}]}),
        );
    }

    #[test]
    fn an_object_whose_every_field_failed_is_still_one() {
        check(
            "{hub{note}}",
            json!({"hub": null}),
            &["hub.note"],
            json!({"hub": {"note": null}}),
        );
        check(
            "{hub{note hub{note}}}",
            json!({"hub": null}),
            &["hub.note", "hub.hub"],
            json!({"hub": {"note": null, "hub": null}}),
        );
    }

    #[test]
    fn null_goes_up_to_where_it_may_be() {
        check(
            "{hub{name}}",
            json!({"hub": null}),
            &["hub.name"],
            json!(null),
        );
        check(
            "{maybe{id name}}",
            json!({"maybe": {"id": 1}}),
            &["maybe.name"],
            json!({"maybe": null}),
        );
        check(
            "{hubs{id name}}",
            json!({"hubs": [{"id": 1}]}),
            &["hubs.0.name"],
            json!(null),
        );
        check(
            "{any{id name}}",
            json!({"any": [{"id": 1}, {"id": 2, "name": "b"}]}),
            &["any.0.name"],
            json!({"any": [null, {"id": 2, "name": "b"}]}),
        );
        check(
            "{maybe{hub{id name}}}",
            json!({"maybe": {"hub": {}}}),
            &["maybe.hub.id", "maybe.hub.name"],
            json!({"maybe": {"hub": null}}),
        );
        check(
            "{maybe{id note name}}",
            json!({"maybe": {"id": 1}}),
            &["maybe.name", "maybe.note"],
            json!({"maybe": null}),
        );
    }

    #[test]
    fn a_list_is_null_as_a_whole() {
        check(
            "{hub{tags}}",
            json!({"hub": {}}),
            &["hub.tags.1"],
            json!({"hub": {"tags": null}}),
        );
        check(
            "{maybe{id rows}}",
            json!({"maybe": {"id": 1}}),
            &["maybe.rows.0.1"],
            json!({"maybe": null}),
        );
    }

    #[test]
    fn fragments_are_followed() {
        let spread = "{node{id ...H}} fragment H on Hub{name note}";
        check(
            spread,
            json!({"node": {"id": 1, "name": "a"}}),
            &["node.note"],
            json!({"node": {"id": 1, "name": "a", "note": null}}),
        );
        check(
            spread,
            json!({"node": {"id": 1}}),
            &["node.name"],
            json!({"node": null}),
        );
        check(
            "{node{... on Hub{name} ...{id}}}",
            json!({"node": {"id": 1}}),
            &["node.name"],
            json!({"node": null}),
        );
    }

    #[test]
    fn what_has_a_value_or_no_known_type_is_left() {
        check(
            "{maybe{note}}",
            json!({"maybe": {"note": "a"}}),
            &["maybe.note"],
            json!({"maybe": {"note": "a"}}),
        );
        check("{_entities{id}}", json!({}), &["_entities"], json!(null));
    }
}
