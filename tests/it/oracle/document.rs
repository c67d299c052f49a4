//! A document as it is made and broken: a tree that need not be valid, and its text.

use std::fmt::{self, Display, Formatter, Write as _};

#[derive(Clone, Default)]
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
    pub(super) fragments: Vec<Fragment>,
    /// Text at the end that is neither.
    pub(super) rest: String,
}

#[derive(Clone)]
pub(crate) struct Operation {
    pub(super) kind: &'static str,
    pub(crate) name: Option<String>,
    pub(super) variables: Vec<Variable>,
    pub(super) directives: Vec<Directive>,
    pub(super) set: Vec<Selection>,
}

#[derive(Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) default: Option<Value>,
    pub(super) directives: Vec<Directive>,
}

#[derive(Clone)]
pub(super) struct Fragment {
    pub(super) name: String,
    pub(super) on: String,
    pub(super) directives: Vec<Directive>,
    pub(super) set: Vec<Selection>,
}

#[derive(Clone)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Value)>,
}

#[derive(Clone)]
pub(super) enum Selection {
    Field(Field),
    Spread(String, Vec<Directive>),
    Inline(Option<String>, Vec<Directive>, Vec<Selection>),
}

#[derive(Clone)]
pub(super) struct Field {
    pub(super) alias: Option<String>,
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Value)>,
    pub(super) directives: Vec<Directive>,
    pub(super) set: Vec<Selection>,
}

#[derive(Clone)]
pub(super) enum Value {
    /// Anything that is written as it is.
    Plain(String),
    Variable(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Document {
    /// The fields of the first operation itself that stand in no fragment.
    pub(crate) fn root_fields(&self) -> Vec<String> {
        let selected = self.operations[0].set.iter();
        let fields = selected.filter_map(|selection| match selection {
            Selection::Field(field) => Some(field.name.clone()),
            Selection::Spread(..) | Selection::Inline(..) => None,
        });
        fields.collect()
    }

    /// Every selection set, its own first and those within it after it.
    pub(super) fn each_set(&mut self, mut see: impl FnMut(&mut Vec<Selection>)) {
        fn within(set: &mut Vec<Selection>, see: &mut impl FnMut(&mut Vec<Selection>)) {
            see(set);
            for selection in set {
                match selection {
                    Selection::Field(field) => {
                        if !field.set.is_empty() {
                            within(&mut field.set, see);
                        }
                    }
                    Selection::Inline(_, _, set) => within(set, see),
                    Selection::Spread(..) => {}
                }
            }
        }
        let operations = self.operations.iter_mut().map(|found| &mut found.set);
        let fragments = self.fragments.iter_mut().map(|found| &mut found.set);
        operations
            .chain(fragments)
            .for_each(|set| within(set, &mut see));
    }

    /// Every place that has directives.
    pub(super) fn each_directives(&mut self, mut see: impl FnMut(&mut Vec<Directive>)) {
        for operation in &mut self.operations {
            see(&mut operation.directives);
            for variable in &mut operation.variables {
                see(&mut variable.directives);
            }
        }
        for fragment in &mut self.fragments {
            see(&mut fragment.directives);
        }
        self.each_set(|set| {
            for selection in set {
                match selection {
                    Selection::Field(field) => see(&mut field.directives),
                    Selection::Spread(_, directives) | Selection::Inline(_, directives, _) => {
                        see(directives);
                    }
                }
            }
        });
    }

    /// Every list of arguments.
    pub(super) fn each_arguments(&mut self, mut see: impl FnMut(&mut Vec<(String, Value)>)) {
        self.each_set(|set| {
            for selection in set {
                if let Selection::Field(field) = selection {
                    see(&mut field.arguments);
                }
            }
        });
        self.each_directives(|directives| {
            for directive in directives {
                see(&mut directive.arguments);
            }
        });
    }

    /// Every value, defaults included, with those inside it.
    pub(super) fn each_value(&mut self, mut see: impl FnMut(&mut Value)) {
        fn within(value: &mut Value, see: &mut impl FnMut(&mut Value)) {
            see(value);
            match value {
                Value::List(items) => {
                    for item in items {
                        within(item, see);
                    }
                }
                Value::Object(fields) => {
                    for (_, value) in fields {
                        within(value, see);
                    }
                }
                _ => {}
            }
        }
        for operation in &mut self.operations {
            let defaults = operation
                .variables
                .iter_mut()
                .filter_map(|found| found.default.as_mut());
            defaults.for_each(|value| within(value, &mut see));
        }
        self.each_arguments(|arguments| {
            for (_, value) in arguments {
                within(value, &mut see);
            }
        });
    }
}

impl Display for Document {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for operation in &self.operations {
            write!(f, "{}", operation.kind)?;
            if let Some(name) = &operation.name {
                write!(f, " {name}")?;
            }
            if !operation.variables.is_empty() {
                f.write_char('(')?;
                for Variable {
                    name,
                    ty,
                    default,
                    directives,
                } in &operation.variables
                {
                    write!(f, "${name}: {ty}")?;
                    if let Some(default) = default {
                        write!(f, " = {default}")?;
                    }
                    write_directives(f, directives)?;
                    f.write_char(' ')?;
                }
                f.write_char(')')?;
            }
            write_directives(f, &operation.directives)?;
            write_set(f, &operation.set)?;
        }
        for Fragment {
            name,
            on,
            directives,
            set,
        } in &self.fragments
        {
            write!(f, "fragment {name} on {on}")?;
            write_directives(f, directives)?;
            write_set(f, set)?;
        }
        f.write_str(&self.rest)
    }
}

fn write_directives(f: &mut Formatter<'_>, directives: &[Directive]) -> fmt::Result {
    for Directive { name, arguments } in directives {
        write!(f, " @{name}")?;
        write_arguments(f, arguments)?;
    }
    Ok(())
}

fn write_arguments(f: &mut Formatter<'_>, arguments: &[(String, Value)]) -> fmt::Result {
    if arguments.is_empty() {
        return Ok(());
    }
    f.write_char('(')?;
    for (name, value) in arguments {
        write!(f, "{name}: {value} ")?;
    }
    f.write_char(')')
}

fn write_set(f: &mut Formatter<'_>, set: &[Selection]) -> fmt::Result {
    f.write_str(" { ")?;
    for selection in set {
        match selection {
            Selection::Field(field) => {
                if let Some(alias) = &field.alias {
                    write!(f, "{alias}: ")?;
                }
                f.write_str(&field.name)?;
                write_arguments(f, &field.arguments)?;
                write_directives(f, &field.directives)?;
                if !field.set.is_empty() {
                    write_set(f, &field.set)?;
                }
            }
            Selection::Spread(name, directives) => {
                write!(f, "...{name}")?;
                write_directives(f, directives)?;
            }
            Selection::Inline(on, directives, set) => {
                f.write_str("...")?;
                if let Some(on) = on {
                    write!(f, " on {on}")?;
                }
                write_directives(f, directives)?;
                write_set(f, set)?;
            }
        }
        f.write_char(' ')?;
    }
    f.write_str("}\n")
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Variable(name) => write!(f, "${name}"),
            Self::List(items) => {
                f.write_char('[')?;
                items.iter().try_for_each(|item| write!(f, "{item} "))?;
                f.write_char(']')
            }
            Self::Object(fields) => {
                f.write_char('{')?;
                fields
                    .iter()
                    .try_for_each(|(name, value)| write!(f, "{name}: {value} "))?;
                f.write_char('}')
            }
        }
    }
}
