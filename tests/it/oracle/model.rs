//! What documents are made from: the types of a schema, read from its text.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};

/// The types that every schema has beside its own (GraphQL specification, section 4.2).
const INTROSPECTION: &str = "
    type __Schema { description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
        directives: [__Directive!]! }
    type __Type { kind: __TypeKind! name: String description: String specifiedByURL: String
        fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
        enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
        inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type isOneOf: Boolean }
    type __Field { name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type!
        isDeprecated: Boolean! deprecationReason: String }
    type __InputValue { name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean!
        deprecationReason: String }
    type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
    type __Directive { name: String! description: String isRepeatable: Boolean! locations: [String!]!
        args(includeDeprecated: Boolean = false): [__InputValue!]! }
    scalar __TypeKind scalar Int scalar Float scalar String scalar Boolean scalar ID
    type Roots { __schema: __Schema! __type(name: String!): __Type }
";

/// A schema's types by name.
pub(crate) struct Model {
    types: BTreeMap<String, Kind>,
    pub(crate) roots: Vec<(&'static str, String)>,
}

pub(super) enum Kind {
    Scalar,
    Enum(Vec<String>),
    Input(Vec<Slot>),
    OneOf(Vec<Slot>),
    Object {
        fields: Vec<Field>,
        interfaces: Vec<String>,
    },
    Interface(Vec<Field>),
    Union(Vec<String>),
}

#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) arguments: Vec<Slot>,
}

/// An argument, or a field of an input object.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

impl Slot {
    pub(super) const fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

impl Model {
    pub(crate) fn of(sdl: &str) -> Self {
        let mut model = Self {
            types: BTreeMap::new(),
            roots: Vec::new(),
        };
        let parsed = [sdl, INTROSPECTION].map(|text| parse_schema(text).expect("a schema parses"));
        for definition in parsed.into_iter().flat_map(|parsed| parsed.definitions) {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let schema = schema.node;
                    for (kind, root) in [
                        ("query", schema.query),
                        ("mutation", schema.mutation),
                        ("subscription", schema.subscription),
                    ] {
                        model
                            .roots
                            .extend(root.map(|root| (kind, root.node.to_string())));
                    }
                }
                TypeSystemDefinition::Type(found) => {
                    let mut directives = found.node.directives.iter();
                    let is_one = directives.any(|directive| directive.node.name.node == "oneOf");
                    let name = found.node.name.node.to_string();
                    model.types.insert(name, kind(found.node.kind, is_one));
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        // No document can give a file, so what asks for one is refused whatever it says; graphql-js would take a text.
        for kind in model.types.values_mut() {
            if let Kind::Object { fields, .. } = kind {
                let is_file = |slot: &Slot| named(&slot.ty) == "Upload";
                fields.retain(|field| !field.arguments.iter().any(is_file));
            }
        }
        let added = model.fields("Roots").to_vec();
        model.types.remove("Roots");
        let query = model.roots[0].1.clone();
        if let Some(Kind::Object { fields, .. }) = model.types.get_mut(&query) {
            fields.extend(added);
        }
        model
    }

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.types.get(name)
    }

    pub(super) fn names(&self) -> Vec<&String> {
        self.types.keys().collect()
    }

    pub(super) fn fields(&self, name: &str) -> &[Field] {
        match self.kind(name) {
            Some(Kind::Object { fields, .. } | Kind::Interface(fields)) => fields,
            _ => &[],
        }
    }

    pub(super) fn is_composite(&self, name: &str) -> bool {
        matches!(
            self.kind(name),
            Some(Kind::Object { .. } | Kind::Interface(_) | Kind::Union(_))
        )
    }

    /// The objects that something of this type may be.
    pub(super) fn possible(&self, name: &str) -> Vec<&str> {
        match self.kind(name) {
            Some(Kind::Object { .. }) => self
                .types
                .get_key_value(name)
                .map(|(name, _)| name.as_str())
                .into_iter()
                .collect(),
            Some(Kind::Union(members)) => members.iter().map(String::as_str).collect(),
            Some(Kind::Interface(_)) => {
                let implements = |(other, kind): (&'_ String, &Kind)| match kind {
                    Kind::Object { interfaces, .. } => interfaces
                        .iter()
                        .any(|found| found == name)
                        .then(|| other.clone()),
                    _ => None,
                };
                let names: Vec<String> = self.types.iter().filter_map(implements).collect();
                names
                    .iter()
                    .filter_map(|name| self.types.get_key_value(name))
                    .map(|(name, _)| name.as_str())
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The types whose fragments may be spread where something of this type is selected.
    pub(super) fn overlapping(&self, name: &str) -> Vec<&str> {
        let possible = self.possible(name);
        let overlaps = |other: &&String| {
            self.is_composite(other)
                && self
                    .possible(other)
                    .iter()
                    .any(|found| possible.contains(found))
        };
        self.types
            .keys()
            .filter(overlaps)
            .map(String::as_str)
            .collect()
    }
}

/// The type at the bottom of a list's, or the type itself.
pub(super) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => named(item),
        BaseType::Named(name) => name,
    }
}

fn kind(kind: TypeKind, is_one: bool) -> Kind {
    match kind {
        TypeKind::Scalar => Kind::Scalar,
        TypeKind::Enum(found) => Kind::Enum(
            found
                .values
                .into_iter()
                .map(|value| value.node.value.node.to_string())
                .collect(),
        ),
        TypeKind::InputObject(found) => {
            let slots = found
                .fields
                .into_iter()
                .map(|field| slot(field.node))
                .collect();
            if is_one {
                Kind::OneOf(slots)
            } else {
                Kind::Input(slots)
            }
        }
        TypeKind::Object(found) => Kind::Object {
            fields: found
                .fields
                .into_iter()
                .map(|found| field(found.node))
                .collect(),
            interfaces: found
                .implements
                .into_iter()
                .map(|name| name.node.to_string())
                .collect(),
        },
        TypeKind::Interface(found) => Kind::Interface(
            found
                .fields
                .into_iter()
                .map(|found| field(found.node))
                .collect(),
        ),
        TypeKind::Union(found) => Kind::Union(
            found
                .members
                .into_iter()
                .map(|name| name.node.to_string())
                .collect(),
        ),
    }
}

fn field(found: FieldDefinition) -> Field {
    Field {
        name: found.name.node.to_string(),
        ty: found.ty.node,
        arguments: found
            .arguments
            .into_iter()
            .map(|found| slot(found.node))
            .collect(),
    }
}

fn slot(found: InputValueDefinition) -> Slot {
    Slot {
        name: found.name.node.to_string(),
        ty: found.ty.node,
        has_default: found.default_value.is_some(),
    }
}
