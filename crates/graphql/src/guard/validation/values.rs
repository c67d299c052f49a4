//! The rules about values that the library leaves open.
//!
//! - A variable fits where it stands, also inside a list or an input object (section 5.8.5); a default of `null` is none.
//! - A variable is declared, also where a scalar of our own takes any value (5.8.3).
//! - An input object has each of its fields once (5.6.3), and one marked `@oneOf` exactly one, which is not null (5.6.4).
//! - An `Upload` comes with a multipart request, which we do not take: it has no value but null.
//! - A subscription has a single field, however often it is selected (5.2.4.1).

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{
    Argument, InputValueDefinition, OperationType, Type, Value, VariableDefinition,
};
use apollo_compiler::executable::{DirectiveList, Operation, Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};

use super::{Fault, fault};

/// The faults of a document whose fields and arguments are known.
pub(super) fn faults(schema: &Schema, document: &ExecutableDocument) -> Vec<Fault> {
    let mut faults = Vec::new();
    for operation in document.operations.iter() {
        let variables = operation.variables.iter();
        let mut walk = Walk {
            schema,
            document,
            variables: variables.map(|found| (&found.name, found)).collect(),
            spread: HashSet::new(),
            faults: &mut faults,
        };
        walk.operation(operation);
    }
    faults
}

/// What a place asks of a value; nothing if any value will do.
#[derive(Clone, Copy)]
struct Place<'a> {
    ty: &'a Type,
    /// What stands there if no value is given.
    has_default: bool,
    /// The input object that has exactly one field, if the place is such a field.
    one_of: Option<&'a Name>,
}

impl<'a> Place<'a> {
    fn of(definition: &'a InputValueDefinition) -> Self {
        Self {
            ty: &definition.ty,
            has_default: definition.default_value.is_some(),
            one_of: None,
        }
    }

    const fn item(ty: &'a Type) -> Self {
        Self {
            ty,
            has_default: false,
            one_of: None,
        }
    }

    /// Whether values of the variable fit here (the specification's `IsVariableUsageAllowed`).
    fn takes(self, variable: &VariableDefinition) -> bool {
        let default = variable.default_value.as_ref();
        let is_never_null = default.is_some_and(|default| !default.is_null());
        let needs_value = self.ty.is_non_null() || self.one_of.is_some();
        if needs_value && !variable.ty.is_non_null() {
            let has_value = is_never_null || self.has_default;
            return has_value && variable.ty.is_assignable_to(&self.ty.clone().nullable());
        }
        variable.ty.is_assignable_to(self.ty)
    }
}

struct Walk<'a, 'f> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    variables: HashMap<&'a Name, &'a Node<VariableDefinition>>,
    /// The fragments that this operation was seen to spread.
    spread: HashSet<&'a Name>,
    faults: &'f mut Vec<Fault>,
}

impl<'a> Walk<'a, '_> {
    fn operation(&mut self, operation: &'a Node<Operation>) {
        for variable in &operation.variables {
            self.directives(&variable.directives);
            if let Some(default) = &variable.default_value {
                self.value(default, Some(Place::item(&variable.ty)));
            }
        }
        self.directives(&operation.directives);
        self.selections(&operation.selection_set);
        if operation.operation_type == OperationType::Subscription {
            self.single_field(operation);
        }
    }

    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.arguments, &field.definition.arguments);
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(inline) => self.selections(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment
                        && self.spread.insert(&fragment.name)
                    {
                        self.directives(&fragment.directives);
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a DirectiveList) {
        for directive in directives {
            if let Some(definition) = self.schema.directive_definitions.get(&directive.name) {
                self.arguments(&directive.arguments, &definition.arguments);
            }
        }
    }

    fn arguments(
        &mut self,
        given: &'a [Node<Argument>],
        definitions: &'a [Node<InputValueDefinition>],
    ) {
        for argument in given {
            let definition = definitions.iter().find(|found| found.name == argument.name);
            let place = definition.map(|definition| Place::of(definition));
            self.value(&argument.value, place);
        }
    }

    fn value(&mut self, value: &'a Node<Value>, place: Option<Place<'a>>) {
        match &**value {
            Value::Variable(name) => self.variable(name, value, place),
            Value::List(items) => {
                let item = place.and_then(|place| match place.ty {
                    Type::List(item) | Type::NonNullList(item) => Some(Place::item(item)),
                    _ => None,
                });
                for value in items {
                    self.value(value, item);
                }
            }
            Value::Object(fields) => self.object(fields, value, place),
            Value::Null => {}
            _ => self.upload(value, place),
        }
    }

    fn variable(&mut self, name: &Name, value: &Node<Value>, place: Option<Place<'a>>) {
        let Some(variable) = self.variables.get(name) else {
            let message = format!("Variable \"${name}\" is not defined.");
            return self.tell(message, value);
        };
        if let Some(place) = place.filter(|place| !place.takes(variable)) {
            let (is, needed) = (&variable.ty, place.ty);
            let message = match place.one_of {
                Some(object) if variable.ty.is_assignable_to(needed) => format!(
                    "Variable \"${name}\" is of type \"{is}\" but must be non-nullable to be used for OneOf Input Object \"{object}\"."
                ),
                _ => format!(
                    "Variable \"${name}\" of type \"{is}\" used in position expecting type \"{needed}\"."
                ),
            };
            self.tell(message, value);
        }
    }

    fn object(
        &mut self,
        fields: &'a [(Name, Node<Value>)],
        value: &'a Node<Value>,
        place: Option<Place<'a>>,
    ) {
        let definition = place.and_then(|place| self.input_object(place.ty));
        let is_one = definition.is_some_and(|found| found.directives.has("oneOf"));
        let mut names = HashSet::new();
        for (name, value) in fields {
            if !names.insert(name) {
                let message = format!("There can be only one input field named \"{name}\".");
                self.tell(message, value);
            }
            let field = definition.and_then(|definition| definition.fields.get(name));
            let place = field.map(|field| Place {
                one_of: definition.filter(|_| is_one).map(|found| &found.name),
                ..Place::of(field)
            });
            self.value(value, place);
        }
        let is_whole = matches!(fields, [(_, one)] if !one.is_null());
        if let Some(definition) = definition
            && is_one
            && !is_whole
        {
            let name = &definition.name;
            let message = format!(
                "OneOf Input Object \"{name}\" must specify exactly one key, and not null."
            );
            self.tell(message, value);
        }
    }

    fn input_object(&self, ty: &Type) -> Option<&'a Node<InputObjectType>> {
        match self.schema.types.get(ty.inner_named_type())? {
            ExtendedType::InputObject(found) => Some(found),
            _ => None,
        }
    }

    fn upload(&mut self, value: &Node<Value>, place: Option<Place<'a>>) {
        if place.is_some_and(|place| place.ty.inner_named_type() == "Upload") {
            self.tell(
                "An \"Upload\" comes in the parts of a multipart request only.".to_owned(),
                value,
            );
        }
    }

    fn single_field(&mut self, operation: &'a Node<Operation>) {
        let mut keys = HashSet::new();
        let mut seen = HashSet::new();
        let mut sets = vec![&operation.selection_set];
        while let Some(set) = sets.pop() {
            for selection in &set.selections {
                match selection {
                    Selection::Field(field) => {
                        keys.insert(field.response_key());
                    }
                    Selection::InlineFragment(inline) => sets.push(&inline.selection_set),
                    Selection::FragmentSpread(spread) => {
                        let fragment = self.document.fragments.get(&spread.fragment_name);
                        if seen.insert(&spread.fragment_name) {
                            sets.extend(fragment.map(|fragment| &fragment.selection_set));
                        }
                    }
                }
            }
        }
        if keys.len() > 1 {
            let message = "A subscription must select only one top level field.".to_owned();
            let at = operation.location();
            self.faults.push(fault(message, at, &self.document.sources));
        }
    }

    fn tell(&mut self, message: String, value: &Node<Value>) {
        let at = value.location();
        self.faults.push(fault(message, at, &self.document.sources));
    }
}
