//! The size of a parsed document with its fragments spread, found without spreading them.
//!
//! Fragments that spread the next one twice double with each level: thirty of them, under a kilobyte of text, are a
//! thousand million fields to whoever walks them. Here each fragment is measured once and its size added wherever it
//! is spread, so the work grows with the text alone.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Pos, Positioned, Value};

use super::limits::Limits;
use super::refusal::{Refusal, shortened, within};
use super::value::{ValueSize, variable};

/// What a document amounts to, within every bound of [`Limits`] that needs no variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentSize {
    /// Fields, spreads and inline fragments of all operations, fragments spread.
    pub selections: usize,
    /// Values given to arguments in all operations, fragments spread; see [`Limits::values`].
    pub values: usize,
    /// Places of all operations, fragments spread, that are given a variable.
    pub variable_uses: usize,
    /// Parts of the text that were looked at, each of them once: the work done here, and what the document takes in memory.
    pub parts: usize,
}

/// Measures a document, or says which bound it exceeds. The work is linear in the text, whatever the fragments do.
pub fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<DocumentSize, Refusal> {
    within(
        "fragments",
        document.fragments.len(),
        limits.fragments,
        None,
    )?;
    let operations = document.operations.iter();
    within("operations", operations.len(), limits.operations, None)?;
    let mut meter = Meter::new(document, limits);
    let operations = meter.operations()?;
    let fragments = meter.fragments()?;
    for size in [operations, fragments] {
        let selections = "fields and fragments when expanded";
        within(selections, size.selections, limits.selections, None)?;
        within("values when expanded", size.values, limits.values, None)?;
    }
    Ok(DocumentSize {
        selections: operations.selections,
        values: operations.values,
        variable_uses: operations.variable_uses,
        parts: meter.parts,
    })
}

/// What one part of the document amounts to. Counts saturate: past the largest number they are refused all the same.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Selection sets inside one another, this one included.
    depth: usize,
    /// Fields at the level of the selection set itself.
    width: usize,
    selections: usize,
    values: usize,
    variable_uses: usize,
}

impl Size {
    /// Adds what stands beside: another selection, or what a fragment puts in its own place.
    fn add(&mut self, other: Self) {
        self.width = self.width.saturating_add(other.width);
        self.add_below(other);
    }

    /// Adds what stands one level below: its fields do not widen this level.
    fn add_below(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.selections = self.selections.saturating_add(other.selections);
        self.values = self.values.saturating_add(other.values);
        self.variable_uses = self.variable_uses.saturating_add(other.variable_uses);
    }

    fn add_values(&mut self, size: ValueSize) {
        self.values = self.values.saturating_add(size.units);
        self.variable_uses = self.variable_uses.saturating_add(size.variable_uses);
    }
}

enum Fragment {
    /// It is being measured further up: a spread of it here closes a circle.
    Open,
    Measured(Size),
}

struct Meter<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    fragments: HashMap<&'a str, Fragment>,
    open: Vec<&'a str>,
    aliases: HashMap<&'a str, usize>,
    directives: usize,
    parts: usize,
}

impl<'a> Meter<'a> {
    fn new(document: &'a ExecutableDocument, limits: &'a Limits) -> Self {
        Self {
            document,
            limits,
            fragments: HashMap::new(),
            open: Vec::new(),
            aliases: HashMap::new(),
            directives: 0,
            parts: 0,
        }
    }

    fn operations(&mut self) -> Result<Size, Refusal> {
        let mut total = Size::default();
        for (_, operation) in self.document.operations.iter() {
            total.add(self.operation(operation)?);
        }
        Ok(total)
    }

    fn fragments(&mut self) -> Result<Size, Refusal> {
        let mut total = Size::default();
        for (name, definition) in &self.document.fragments {
            let set = &definition.node.selection_set;
            total.add(self.fragment(name, set, 1)?);
        }
        Ok(total)
    }

    fn operation(
        &mut self,
        operation: &'a Positioned<OperationDefinition>,
    ) -> Result<Size, Refusal> {
        let definitions = &operation.node.variable_definitions;
        let at = Some(operation.pos);
        within("variables", definitions.len(), self.limits.variables, at)?;
        let mut size = self.directives(&operation.node.directives)?;
        for definition in definitions {
            self.parts += 1;
            size.add(self.directives(&definition.node.directives)?);
            if let Some(default) = &definition.node.default_value {
                size.add_values(self.value(&default.node, default.pos)?);
            }
        }
        let selected = self.selection_set(&operation.node.selection_set, 1)?;
        within(
            "fields of the operation itself",
            selected.width,
            self.limits.root_fields,
            at,
        )?;
        size.add(selected);
        Ok(size)
    }

    /// Measures the set at the given level, of which the operation's own is the first.
    fn selection_set(
        &mut self,
        set: &'a Positioned<SelectionSet>,
        level: usize,
    ) -> Result<Size, Refusal> {
        self.depth_within(level, set)?;
        let mut total = Size {
            depth: 1,
            ..Size::default()
        };
        for selection in &set.node.items {
            let mut found = self.selection(selection, level)?;
            found.selections = found.selections.saturating_add(1);
            total.add(found);
        }
        Ok(total)
    }

    fn selection(
        &mut self,
        selection: &'a Positioned<Selection>,
        level: usize,
    ) -> Result<Size, Refusal> {
        self.parts += 1;
        let mut size = self.directives(selection.node.directives())?;
        match &selection.node {
            Selection::Field(field) => self.field(field, level, &mut size)?,
            Selection::InlineFragment(inline) => {
                size.add(deeper(
                    self.selection_set(&inline.node.selection_set, level + 1)?,
                ));
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                if let Some(definition) = self.document.fragments.get(name) {
                    self.not_open(name, spread)?;
                    let set = &definition.node.selection_set;
                    size.add(deeper(self.fragment(name, set, level + 1)?));
                }
            }
        }
        Ok(size)
    }

    fn field(
        &mut self,
        field: &'a Positioned<Field>,
        level: usize,
        size: &mut Size,
    ) -> Result<(), Refusal> {
        size.width += 1;
        if field.node.alias.is_some() {
            self.alias(field)?;
        }
        let arguments = field.node.arguments.iter();
        size.add_values(self.arguments(
            arguments.map(|(_, given)| (given.pos, given.node.clone().into_const_with(variable))),
            field.pos,
        )?);
        if !field.node.selection_set.node.items.is_empty() {
            size.add_below(deeper(
                self.selection_set(&field.node.selection_set, level + 1)?,
            ));
        }
        Ok(())
    }

    /// The size of a fragment, measured at its first spread and remembered.
    fn fragment(
        &mut self,
        name: &'a str,
        set: &'a Positioned<SelectionSet>,
        level: usize,
    ) -> Result<Size, Refusal> {
        if let Some(Fragment::Measured(size)) = self.fragments.get(name) {
            let size = *size;
            self.depth_within(level - 1 + size.depth, set)?;
            return Ok(size);
        }
        self.fragments.insert(name, Fragment::Open);
        self.open.push(name);
        let definition = &self.document.fragments[name].node;
        let mut size = self.directives(&definition.directives)?;
        size.add(self.selection_set(set, level)?);
        self.open.pop();
        self.fragments.insert(name, Fragment::Measured(size));
        Ok(size)
    }

    fn not_open<T>(&self, name: &str, spread: &Positioned<T>) -> Result<(), Refusal> {
        if !matches!(self.fragments.get(name), Some(Fragment::Open)) {
            return Ok(());
        }
        let circle = self.open.iter().skip_while(|open| **open != name);
        Err(Refusal::FragmentCycle {
            path: circle.map(|name| shortened(name, 60)).take(10).collect(),
            at: spread.pos,
        })
    }

    fn alias(&mut self, field: &'a Positioned<Field>) -> Result<(), Refusal> {
        let name = field.node.name.node.as_str();
        let found = self.aliases.entry(name).or_default();
        *found += 1;
        if *found <= self.limits.aliases {
            return Ok(());
        }
        Err(Refusal::TooComplex {
            what: Cow::Owned(format!("aliases of the field {}", shortened(name, 60))),
            found: *found,
            limit: self.limits.aliases,
            at: Some(field.pos),
        })
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) -> Result<Size, Refusal> {
        let mut size = Size::default();
        for directive in directives {
            self.directives += 1;
            let at = Some(directive.pos);
            within("directives", self.directives, self.limits.directives, at)?;
            size.values = size.values.saturating_add(1);
            let arguments = directive.node.arguments.iter();
            size.add_values(
                self.arguments(
                    arguments.map(|(_, given)| {
                        (given.pos, given.node.clone().into_const_with(variable))
                    }),
                    directive.pos,
                )?,
            );
        }
        Ok(size)
    }

    fn arguments(
        &mut self,
        arguments: impl ExactSizeIterator<Item = (Pos, Result<Value, Infallible>)>,
        at: Pos,
    ) -> Result<ValueSize, Refusal> {
        let what = "arguments in one place";
        within(what, arguments.len(), self.limits.arguments, Some(at))?;
        let mut total = ValueSize::default();
        for (at, Ok(value)) in arguments {
            total.add(self.value(&value, at)?);
        }
        Ok(total)
    }

    fn value(&mut self, value: &Value, at: Pos) -> Result<ValueSize, Refusal> {
        let size = ValueSize::of(value);
        self.parts = self.parts.saturating_add(size.units);
        let what = "lists and objects within one another";
        within(what, size.depth, self.limits.value_depth, Some(at))?;
        Ok(size)
    }

    fn depth_within<T>(&self, depth: usize, place: &Positioned<T>) -> Result<(), Refusal> {
        let what = "levels of fields and fragments";
        within(what, depth, self.limits.depth, Some(place.pos))
    }
}

/// The size of a selection set as its parent counts it: one level more.
fn deeper(mut size: Size) -> Size {
    size.depth += 1;
    size
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn measured(query: &str, limits: &Limits) -> Result<DocumentSize, Refusal> {
        measure(&parse_query(query).expect("the document parses"), limits)
    }

    #[track_caller]
    fn check_size(query: &str, selections: usize, values: usize, variable_uses: usize) {
        let size = measured(query, &Limits::default()).expect("it is within the bounds");
        let found = (size.selections, size.values, size.variable_uses);
        assert_eq!(found, (selections, values, variable_uses), "{query}");
    }

    #[test]
    fn fragments_count_wherever_they_are_spread() {
        check_size("{ a b }", 2, 0, 0);
        check_size("{ a { b c } }", 3, 0, 0);
        check_size("{ ... { a } ... on T { b } }", 4, 0, 0);
        check_size("{ ...F ...F } fragment F on T { a }", 4, 0, 0);
        check_size(
            "{ ...F x { ...F } } fragment F on T { a { ...G } } fragment G on T { b c }",
            11,
            0,
            0,
        );
        check_size("query A { a } query B { b }", 2, 0, 0);
        check_size("{ ...Unknown }", 1, 0, 0);
    }

    #[test]
    fn values_count_wherever_they_are_spread() {
        check_size("{ a(b: 1, c: [1, {d: 2}]) }", 1, 5, 0);
        check_size(
            "query($v: Int) { ...F ...F } fragment F on T { a(b: $v, c: [$v, 1]) }",
            4,
            8,
            4,
        );
        check_size("query($v: [Int] = [1, 2]) { a(b: $v) }", 1, 4, 1);
        check_size("{ a @skip(if: true) @d }", 1, 3, 0);
        let long = format!(r#"{{ a(b: "{}") }}"#, "x".repeat(6_400));
        check_size(&long, 1, 101, 0);
    }

    /// Both sides of a bound: `query(limit)` passes, `query(limit + 1)` is refused with the count in the message.
    #[track_caller]
    fn check_bound(
        what: &str,
        set: fn(&mut Limits) -> &mut usize,
        query: impl Fn(usize) -> String,
    ) {
        let mut limits = Limits::default();
        let limit = *set(&mut limits).min(&mut 40);
        *set(&mut limits) = limit;
        let passes = query(limit);
        assert!(
            measured(&passes, &limits).is_ok(),
            "{passes}: {:?}",
            measured(&passes, &limits)
        );
        let refused = query(limit + 1);
        let refusal = measured(&refused, &limits).expect_err(&refused);
        let found = limit + 1;
        let expected = format!("the request has {found} {what}; at most {limit} are allowed");
        assert_eq!(refusal.to_string(), expected, "{refused}");
    }

    fn times(number: usize, part: impl Fn(usize) -> String) -> String {
        (0..number).map(part).collect()
    }

    fn nested(levels: usize) -> String {
        format!(
            "{}a{}",
            "{ a ".repeat(levels - 1) + "{ ",
            " }".repeat(levels)
        )
    }

    #[test]
    fn every_bound_is_exact() {
        check_bound(
            "operations",
            |limits| &mut limits.operations,
            |n| times(n, |i| format!("query Q{i} {{ a }} ")),
        );
        check_bound(
            "fragments",
            |limits| &mut limits.fragments,
            |n| {
                format!(
                    "{{ a }} {}",
                    times(n, |i| format!("fragment F{i} on T {{ a }} "))
                )
            },
        );
        check_bound(
            "fields of the operation itself",
            |limits| &mut limits.root_fields,
            |n| format!("{{ {} }}", times(n, |i| format!("f{i} {{ b c }} "))),
        );
        check_bound(
            "fields of the operation itself",
            |limits| &mut limits.root_fields,
            |n| {
                format!(
                    "{{ ...F ... {{ b }} }} fragment F on T {{ {} }}",
                    "a ".repeat(n - 1)
                )
            },
        );
        check_bound(
            "aliases of the field a",
            |limits| &mut limits.aliases,
            |n| format!("{{ b {{ {} }} }}", times(n, |i| format!("x{i}: a "))),
        );
        check_bound(
            "arguments in one place",
            |limits| &mut limits.arguments,
            |n| format!("{{ a({}) }}", times(n, |i| format!("x{i}: 1 "))),
        );
        check_bound(
            "directives",
            |limits| &mut limits.directives,
            |n| format!("{{ a {} b @d }}", "@d ".repeat(n - 1)),
        );
        check_bound(
            "variables",
            |limits| &mut limits.variables,
            |n| format!("query({}) {{ a }}", times(n, |i| format!("$x{i}: Int "))),
        );
        check_bound(
            "levels of fields and fragments",
            |limits| &mut limits.depth,
            nested,
        );
        check_bound(
            "lists and objects within one another",
            |limits| &mut limits.value_depth,
            |n| format!("{{ a(b: {}{}) }}", "[".repeat(n), "]".repeat(n)),
        );
        check_bound(
            "lists and objects within one another",
            |limits| &mut limits.value_depth,
            |n| format!("query($v: T = {}{}) {{ a }}", "[".repeat(n), "]".repeat(n)),
        );
    }

    #[test]
    fn every_bound_on_the_expanded_document_is_exact() {
        let what = "fields and fragments when expanded";
        check_bound(
            what,
            |limits| &mut limits.selections,
            |n| format!("{{ x {{ {} }} }}", "a ".repeat(n - 1)),
        );
        check_bound(
            what,
            |limits| &mut limits.selections,
            |n| {
                let fields = "a ".repeat(n - 6);
                format!(
                    "{{ x {{ ...F ...F }} }} fragment F on T {{ a }} fragment Unused on T {{ {fields} b b b b b }}"
                )
            },
        );
        let what = "values when expanded";
        check_bound(
            what,
            |limits| &mut limits.values,
            |n| {
                format!(
                    "{{ x {{ ...F ...F }} y(b: [{}]) }} fragment F on T {{ a(b: [1]) }}",
                    "1 ".repeat(n - 5)
                )
            },
        );
        let what = "levels of fields and fragments";
        check_bound(
            what,
            |limits| &mut limits.depth,
            |n| format!("{{ ... {{ ...F }} }} fragment F on T {}", nested(n - 2)),
        );
        check_bound(
            what,
            |limits| &mut limits.depth,
            |n| {
                format!(
                    "{{ ...F x {{ x {{ ...F }} }} }} fragment F on T {}",
                    nested(n - 3)
                )
            },
        );
    }

    #[test]
    fn doubling_fragments_are_refused_after_one_look_at_each() {
        let doubling = times(31, |i| {
            format!("fragment F{i} on T{{...F{0} ...F{0}}}", i + 1)
        });
        let query = format!("{{x{{...F0}}}}{doubling}fragment F31 on T{{a}}");
        assert!(query.len() < 1_100, "{}", query.len());
        let limits = Limits {
            depth: 40,
            ..Limits::default()
        };
        let document = parse_query(&query).unwrap();
        let refusal = measure(&document, &limits).unwrap_err();
        let expanded = 3_usize << 31;
        let what = format!("the request has {expanded} fields and fragments");
        assert!(refusal.to_string().starts_with(&what), "{refusal}");

        let mut meter = Meter::new(&document, &limits);
        meter.operations().unwrap();
        meter.fragments().unwrap();
        assert_eq!(meter.parts, 2 + 31 * 2 + 1);
    }

    #[test]
    fn counts_saturate() {
        let doubling = times(70, |i| {
            format!("fragment F{i} on T{{...F{0} ...F{0}}}", i + 1)
        });
        let query = format!("{{x{{...F0}}}}{doubling}fragment F70 on T{{a}}");
        let limits = Limits {
            depth: 100,
            ..Limits::default()
        };
        let refusal = measured(&query, &limits).unwrap_err();
        let what = format!("the request has {} fields and fragments", usize::MAX);
        assert!(refusal.to_string().starts_with(&what), "{refusal}");
    }

    #[test]
    fn fragments_in_a_circle_are_refused() {
        for (query, circle) in [
            ("{ ...A } fragment A on T { ...A }", "A"),
            (
                "{ ...A } fragment A on T { ...B } fragment B on T { x { ...A } }",
                "A, B",
            ),
            (
                "{ ...X } fragment X on T { ...A } fragment A on T { ...B } fragment B on T { ...A }",
                "A, B",
            ),
        ] {
            let refusal = measured(query, &Limits::default()).unwrap_err();
            let expected = format!("the fragments {circle} spread one another in a circle");
            assert_eq!(refusal.to_string(), expected);
            assert_eq!(refusal.code().as_str(), "GRAPHQL_VALIDATION_FAILED");
        }
        // Which fragment comes first is chance where no operation spreads them.
        measured(
            "{ a } fragment A on T { ...B } fragment B on T { ...A }",
            &Limits::default(),
        )
        .unwrap_err();
    }
}
