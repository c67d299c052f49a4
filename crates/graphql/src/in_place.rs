//! Resolving the objects of a long list without a heap allocation for every field.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::ContainerType;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

/// An object whose fields are resolved one after the other where they stand. async-graphql makes a boxed future of each
/// field, which for fields that only read memory takes longer than the reading: half the time of a page of records.
///
/// Fields are resolved by the object's own resolvers, and what this does not cover (fragments, directives, a response
/// key that stands twice) goes the usual way. Extensions of async-graphql would not see these fields; the schema has
/// none. An object must not hold itself in place, however far below: its future would be endless.
#[derive(Clone)]
pub(crate) struct InPlace<T>(pub(crate) T);

impl<T: ContainerType + Sync> OutputType for InPlace<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let Some(fields) = plain_fields(&ctx.item.node) else {
            return self.0.resolve(ctx, field).await;
        };
        let mut values = IndexMap::with_capacity(fields.len());
        for field in fields {
            let key = field.node.response_key().node.clone();
            let value = if field.node.name.node == "__typename" {
                Ok(Some(self.0.introspection_type_name().into_owned().into()))
            } else {
                self.0.resolve_field(&ctx.with_field(field)).await
            };
            match value {
                Ok(value) => drop(values.insert(key, value.unwrap_or_default())),
                Err(error) => ctx.add_error(error),
            }
        }
        // As async-graphql does it: an object of which every field failed is null.
        if values.is_empty() {
            return Ok(Value::Null);
        }
        Ok(Value::Object(values))
    }
}

/// The selected fields, if they are nothing but fields, each with a response key of its own.
pub(crate) fn plain_fields(set: &SelectionSet) -> Option<Vec<&Positioned<Field>>> {
    let mut fields: Vec<&Positioned<Field>> = Vec::with_capacity(set.items.len());
    for selection in &set.items {
        let Selection::Field(field) = &selection.node else {
            return None;
        };
        let key = &field.node.response_key().node;
        let is_twice = fields
            .iter()
            .any(|other| other.node.response_key().node == *key);
        if is_twice || !field.node.directives.is_empty() {
            return None;
        }
        fields.push(field);
    }
    Some(fields)
}
