//! Documents that are meant to be valid, written at random.

use async_graphql::parser::types::{BaseType, Type};

use super::document::{
    Directive, Document, Field, Fragment, Operation, Selection, Value, Variable,
};
use super::model::{self, Kind, Model, Slot, named};

/// How deep selections and values go.
const DEEPEST: usize = 4;

/// What stands in documents that should mean something to a hub.
#[derive(Default)]
pub(crate) struct Pool {
    /// Global ids.
    pub(crate) ids: Vec<String>,
    /// Ids of hubs.
    pub(crate) hubs: Vec<String>,
    /// Words that are looked for, and names.
    pub(crate) words: Vec<String>,
}

impl Pool {
    /// What a value of this type may be; nothing if it has nothing of the sort.
    fn of(&self, name: &str) -> &[String] {
        match name {
            "ID" => &self.ids,
            "HubId" => &self.hubs,
            "String" => &self.words,
            _ => &[],
        }
    }
}

/// Writes documents for one schema.
pub(crate) struct Writer<'a> {
    pub(super) model: &'a Model,
    pub(super) chance: &'a mut fastrand::Rng,
    pool: Pool,
    variables: Vec<Variable>,
    fragments: Vec<Fragment>,
    aliases: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(model: &'a Model, chance: &'a mut fastrand::Rng) -> Self {
        Self::with_pool(model, chance, Pool::default())
    }

    pub(crate) const fn with_pool(
        model: &'a Model,
        chance: &'a mut fastrand::Rng,
        pool: Pool,
    ) -> Self {
        Self {
            model,
            chance,
            pool,
            variables: Vec::new(),
            fragments: Vec::new(),
            aliases: 0,
        }
    }

    pub(crate) fn document(&mut self) -> Document {
        let mut document = Document::default();
        let operations = if self.one_in(6) { 2 } else { 1 };
        for number in 0..operations {
            let (kind, root) = self
                .chance
                .choice(&self.model.roots)
                .expect("there are roots")
                .clone();
            let set = if kind == "subscription" {
                vec![Selection::Field(self.field(&root, DEEPEST))]
            } else {
                self.set(&root, DEEPEST)
            };
            let is_named = operations > 1 || self.chance.bool();
            document.operations.push(Operation {
                kind,
                name: is_named.then(|| format!("O{number}")),
                variables: std::mem::take(&mut self.variables),
                directives: Vec::new(),
                set,
            });
            // Variables belong to one operation, so fragments do: the next one writes its own.
            document.fragments.append(&mut self.fragments);
        }
        document
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.chance.usize(..times) == 0
    }

    fn set(&mut self, on: &str, deep: usize) -> Vec<Selection> {
        let count = self.chance.usize(1..4);
        (0..count).map(|_| self.selection(on, deep)).collect()
    }

    fn selection(&mut self, on: &str, deep: usize) -> Selection {
        if deep > 1 && self.one_in(4) {
            let overlapping = self.model.overlapping(on);
            let other = (*self.chance.choice(&overlapping).unwrap_or(&on)).to_owned();
            let directives = self.directives();
            let set = self.set(&other, deep - 1);
            if self.chance.bool() {
                let is_same = other == on && self.chance.bool();
                return Selection::Inline((!is_same).then_some(other), directives, set);
            }
            self.aliases += 1;
            let name = format!("F{}", self.aliases);
            let fragment = Fragment {
                name: name.clone(),
                on: other,
                directives: Vec::new(),
                set,
            };
            self.fragments.push(fragment);
            return Selection::Spread(name, directives);
        }
        Selection::Field(self.field(on, deep))
    }

    fn field(&mut self, on: &str, deep: usize) -> Field {
        let model = self.model;
        let fits = |field: &&model::Field| deep > 1 || !model.is_composite(named(&field.ty));
        let fields: Vec<_> = model.fields(on).iter().filter(fits).collect();
        let Some(field) = self
            .chance
            .choice(&fields)
            .filter(|_| !self.chance.clone().u8(..).is_multiple_of(16))
        else {
            return self.type_name();
        };
        let arguments = self.slots(&field.arguments, DEEPEST);
        let inner = named(&field.ty);
        let set = if model.is_composite(inner) {
            self.set(inner, deep - 1)
        } else {
            Vec::new()
        };
        // Fields without arguments and fields inside are the same wherever they stand, so they need no alias.
        let is_plain = arguments.is_empty() && set.is_empty() && self.one_in(2);
        Field {
            alias: (!is_plain).then(|| self.alias()),
            name: field.name.clone(),
            arguments,
            directives: self.directives(),
            set,
        }
    }

    fn type_name(&mut self) -> Field {
        Field {
            alias: self.chance.bool().then(|| self.alias()),
            name: "__typename".to_owned(),
            arguments: Vec::new(),
            directives: Vec::new(),
            set: Vec::new(),
        }
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    fn directives(&mut self) -> Vec<Directive> {
        if !self.one_in(10) {
            return Vec::new();
        }
        let flag: Type = Type::new("Boolean!").expect("it is a type");
        let name = ["skip", "include"][self.chance.usize(..2)];
        vec![Directive {
            name: name.to_owned(),
            arguments: vec![("if".to_owned(), self.value(&flag, false, 1))],
        }]
    }

    fn slots(&mut self, slots: &[Slot], deep: usize) -> Vec<(String, Value)> {
        let mut given = Vec::new();
        for slot in slots {
            if slot.is_required() || (deep > 1 && self.one_in(3)) {
                let value = self.value(&slot.ty, slot.has_default, deep);
                given.push((slot.name.clone(), value));
            }
        }
        given
    }

    fn value(&mut self, ty: &Type, has_default: bool, deep: usize) -> Value {
        if self.one_in(4) {
            return Value::Variable(self.variable(ty, has_default));
        }
        self.constant(ty, deep, true)
    }

    /// Declares a variable that fits there, in one of the ways in which it may.
    fn variable(&mut self, ty: &Type, has_default: bool) -> String {
        let name = format!("v{}", self.variables.len());
        let written = ty.to_string();
        let (ty, default) = match (ty.nullable, self.chance.usize(..3)) {
            (true, 0) => (format!("{written}!"), None),
            (true, 1) => (written, Some(self.constant(ty, 2, false))),
            (false, 0) => (
                written.trim_end_matches('!').to_owned(),
                Some(self.constant(ty, 2, false)),
            ),
            (false, 1) if has_default => (written.trim_end_matches('!').to_owned(), None),
            _ => (written, None),
        };
        self.variables.push(Variable {
            name: name.clone(),
            ty,
            default,
            directives: Vec::new(),
        });
        name
    }

    fn constant(&mut self, ty: &Type, deep: usize, may_vary: bool) -> Value {
        if ty.nullable && self.one_in(8) {
            return Value::Plain("null".to_owned());
        }
        match &ty.base {
            BaseType::List(item) if self.one_in(4) && !item.nullable => {
                self.constant(item, deep, may_vary)
            }
            BaseType::List(item) => {
                let count = self.chance.usize(..3);
                Value::List(
                    (0..count)
                        .map(|_| self.inner(item, false, deep, may_vary))
                        .collect(),
                )
            }
            BaseType::Named(name) => self.named(name, deep, may_vary),
        }
    }

    fn inner(&mut self, ty: &Type, has_default: bool, deep: usize, may_vary: bool) -> Value {
        let deep = deep.saturating_sub(1);
        if may_vary {
            self.value(ty, has_default, deep)
        } else {
            self.constant(ty, deep, false)
        }
    }

    fn named(&mut self, name: &str, deep: usize, may_vary: bool) -> Value {
        match self.model.kind(name) {
            Some(Kind::Enum(values)) => Value::Plain(
                self.chance
                    .choice(values)
                    .expect("an enum has values")
                    .clone(),
            ),
            Some(Kind::OneOf(slots)) => {
                let slot = &slots[self
                    .chance
                    .usize(..slots.len().min(if deep > 1 { slots.len() } else { 2 }))];
                let needed = Type {
                    nullable: false,
                    ..slot.ty.clone()
                };
                Value::Object(vec![(
                    slot.name.clone(),
                    self.inner(&needed, false, deep, may_vary),
                )])
            }
            Some(Kind::Input(slots)) => {
                let mut given = Vec::new();
                for slot in slots {
                    if slot.is_required() || (deep > 1 && self.one_in(4)) {
                        let value = self.inner(&slot.ty, slot.has_default, deep, may_vary);
                        given.push((slot.name.clone(), value));
                    }
                }
                Value::Object(given)
            }
            _ => Value::Plain(self.scalar(name)),
        }
    }

    fn scalar(&mut self, name: &str) -> String {
        if !self.one_in(8)
            && let Some(known) = self.chance.choice(self.pool.of(name))
        {
            return format!("\"{known}\"");
        }
        let numbers = ["0", "7", "-1", "2147483647", "-2147483648"];
        let texts = ["\"\"", "\"a\"", "\"\"\"b\"\"\"", "\"\\u00e9\""];
        let of = |chance: &mut fastrand::Rng, texts: &[&str]| {
            (*chance.choice(texts).expect("there are some")).to_owned()
        };
        match name {
            "Int" => of(self.chance, &numbers),
            "Float" => of(self.chance, &["1", "1.5", "-2e3", "0.0"]),
            "Boolean" => of(self.chance, &["true", "false"]),
            "ID" => of(self.chance, &["1", "\"x\"", "99999999999"]),
            "String" => of(self.chance, &texts),
            "Long" => of(self.chance, &["4294967296", "1"]),
            _ => of(
                self.chance,
                &["1", "\"a\"", "[1]", "{a: 1}", "true", "ENUM"],
            ),
        }
    }
}
