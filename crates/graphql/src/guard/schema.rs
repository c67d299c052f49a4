//! What the guard knows of the schema: the types of variables and of fields.

use std::collections::{HashMap, HashSet};

use apollo_compiler::Schema;
use apollo_compiler::ast;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use async_graphql::Name;
use async_graphql::parser::types::{BaseType, OperationType, Type};

/// The types of a schema by name.
#[derive(Debug, Default)]
pub(super) struct SchemaTypes {
    inputs: HashMap<Name, InputType>,
    fields: HashMap<Name, HashMap<Name, Type>>,
    mutation: Option<String>,
    query: Option<String>,
    subscription: Option<String>,
}

/// What values one named type accepts.
#[derive(Debug)]
pub(super) enum InputType {
    /// One of these names.
    Enum(HashSet<Name>),
    /// An object of these fields.
    Object(InputObject),
}

/// The fields of an input object.
#[derive(Debug)]
pub(super) struct InputObject {
    pub(super) fields: HashMap<Name, InputField>,
    /// Exactly one field is given, and it is not null (the directive `@oneOf`).
    pub(super) one_of: bool,
}

/// One field of an input object.
#[derive(Debug)]
pub(super) struct InputField {
    pub(super) ty: Type,
    /// It has neither a default nor a nullable type.
    pub(super) required: bool,
}

impl SchemaTypes {
    pub(super) fn of(schema: &Schema) -> Self {
        let root = |kind| schema.root_operation(kind).map(ToString::to_string);
        let mut types = Self {
            query: root(ast::OperationType::Query),
            mutation: root(ast::OperationType::Mutation),
            subscription: root(ast::OperationType::Subscription),
            ..Self::default()
        };
        for (name, found) in &schema.types {
            types.add(Name::new(name), found);
        }
        types
    }

    /// The enum or input object of this name.
    pub(super) fn find_input(&self, name: &str) -> Option<&InputType> {
        self.inputs.get(name)
    }

    /// The type of a field of an object or interface.
    pub(super) fn find_field(&self, parent: &str, field: &str) -> Option<&Type> {
        self.fields.get(parent)?.get(field)
    }

    #[cfg(test)]
    pub(super) fn field_names(&self, parent: &str) -> Vec<&str> {
        let fields = self.fields.get(parent).into_iter().flatten();
        let mut names: Vec<_> = fields.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The type whose fields an operation of this kind selects.
    pub(super) fn root(&self, operation: OperationType) -> &str {
        let root = match operation {
            OperationType::Query => &self.query,
            OperationType::Mutation => &self.mutation,
            OperationType::Subscription => &self.subscription,
        };
        root.as_deref().unwrap_or_default()
    }

    fn add(&mut self, name: Name, found: &ExtendedType) {
        match found {
            ExtendedType::Object(found) => {
                let fields = found.fields.iter();
                let fields = fields.map(|(name, field)| (Name::new(name), converted(&field.ty)));
                self.fields.insert(name, fields.collect());
            }
            ExtendedType::Interface(found) => {
                let fields = found.fields.iter();
                let fields = fields.map(|(name, field)| (Name::new(name), converted(&field.ty)));
                self.fields.insert(name, fields.collect());
            }
            ExtendedType::Enum(found) => {
                let names = found.values.keys().map(Name::new).collect();
                self.inputs.insert(name, InputType::Enum(names));
            }
            ExtendedType::InputObject(found) => {
                self.inputs
                    .insert(name, InputType::Object(input_object(found)));
            }
            ExtendedType::Scalar(_) | ExtendedType::Union(_) => {}
        }
    }
}

fn input_object(found: &InputObjectType) -> InputObject {
    let fields = found.fields.iter().map(|(name, field)| {
        let ty = converted(&field.ty);
        let required = !ty.nullable && field.default_value.is_none();
        (Name::new(name), InputField { ty, required })
    });
    InputObject {
        fields: fields.collect(),
        one_of: found.directives.has("oneOf"),
    }
}

/// The same type as async-graphql has it.
fn converted(ty: &ast::Type) -> Type {
    let base = match ty {
        ast::Type::Named(name) | ast::Type::NonNullNamed(name) => BaseType::Named(Name::new(name)),
        ast::Type::List(item) | ast::Type::NonNullList(item) => {
            BaseType::List(Box::new(converted(item)))
        }
    };
    Type {
        base,
        nullable: !ty.is_non_null(),
    }
}

/// The type at the bottom of a list's, or the type itself.
pub(super) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => named(item),
        BaseType::Named(name) => name,
    }
}
