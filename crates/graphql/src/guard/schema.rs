//! What the guard knows of the schema, read from its SDL: the types of variables and of fields.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, OperationType, SchemaDefinition, Type,
    TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::parser::{Error as ParseError, parse_schema};
use async_graphql::{Name, Positioned};

/// The types of a schema by name. Of the types built into async-graphql (scalars, introspection, federation) it knows nothing.
#[derive(Debug, Default)]
pub(super) struct SchemaTypes {
    names: HashSet<Name>,
    inputs: HashMap<Name, InputType>,
    fields: HashMap<Name, HashMap<Name, Type>>,
    mutation: Option<Name>,
    query: Option<Name>,
    subscription: Option<Name>,
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
    pub(super) fn from_sdl(sdl: &str) -> Result<Self, ParseError> {
        let mut types = Self::default();
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => types.add(definition.node),
                TypeSystemDefinition::Schema(definition) => types.set_roots(definition.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        Ok(types)
    }

    /// Whether the schema has a type of this name that its SDL tells, or a scalar of the specification.
    pub(super) fn has(&self, name: &str) -> bool {
        let scalars = ["Int", "Float", "String", "Boolean", "ID"];
        scalars.contains(&name) || self.names.contains(name)
    }

    /// The enum or input object of this name.
    pub(super) fn find_input(&self, name: &str) -> Option<&InputType> {
        self.inputs.get(name)
    }

    /// The type of a field of an object or interface.
    pub(super) fn find_field(&self, parent: &str, field: &str) -> Option<&Type> {
        self.fields.get(parent)?.get(field)
    }

    /// The type whose fields an operation of this kind selects.
    pub(super) fn root(&self, operation: OperationType) -> &str {
        let (root, default) = match operation {
            OperationType::Query => (&self.query, "Query"),
            OperationType::Mutation => (&self.mutation, "Mutation"),
            OperationType::Subscription => (&self.subscription, "Subscription"),
        };
        root.as_deref().unwrap_or(default)
    }

    fn set_roots(&mut self, definition: SchemaDefinition) {
        let name = |name: Option<Positioned<Name>>| name.map(|name| name.node);
        self.query = name(definition.query);
        self.mutation = name(definition.mutation);
        self.subscription = name(definition.subscription);
    }

    fn add(&mut self, definition: TypeDefinition) {
        let mut directives = definition.directives.iter();
        let one_of = directives.any(|directive| directive.node.name.node == "oneOf");
        let name = definition.name.node;
        self.names.insert(name.clone());
        match definition.kind {
            TypeKind::Object(kind) => self.add_fields(name, kind.fields),
            TypeKind::Interface(kind) => self.add_fields(name, kind.fields),
            TypeKind::Enum(kind) => {
                let names = kind.values.into_iter().map(|value| value.node.value.node);
                self.inputs.insert(name, InputType::Enum(names.collect()));
            }
            TypeKind::InputObject(kind) => {
                let fields = kind.fields.into_iter().map(|field| input_field(field.node));
                let fields = fields.collect();
                let object = InputType::Object(InputObject { fields, one_of });
                self.inputs.insert(name, object);
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }

    /// Federation writes a type's further fields as an extension of it, so several definitions may bear one name.
    fn add_fields(&mut self, name: Name, fields: Vec<Positioned<FieldDefinition>>) {
        let fields = fields.into_iter().map(|field| field.node);
        let fields = fields.map(|field| (field.name.node, field.ty.node));
        self.fields.entry(name).or_default().extend(fields);
    }
}

/// The type at the bottom of a list's, or the type itself.
pub(super) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => named(item),
        BaseType::Named(name) => name,
    }
}

fn input_field(definition: InputValueDefinition) -> (Name, InputField) {
    let ty = definition.ty.node;
    let required = !ty.nullable && definition.default_value.is_none();
    (definition.name.node, InputField { ty, required })
}
