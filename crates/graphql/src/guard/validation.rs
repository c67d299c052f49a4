//! The rules of validation (GraphQL specification, section 5), held against a document before it is executed.
//!
//! - [`Validator`] is a schema that documents are held against. Most rules are apollo-compiler's.
//! - `values` keeps those that it leaves open: variables inside lists and objects, input objects with a field twice, input
//!   objects of which exactly one field is given.
//! - `lists` keeps one more: lists of different lengths are different arguments.
//!
//! `suggestions` says what may have been meant.
//!
//! All faults of one document are told, up to a bound. The work is bounded by what is measured before: whoever calls this
//! has applied [`Limits`]. Two more are for what the library does with a document: `stand_ins` keeps it from copying much,
//! `merging` from comparing much.
//!
//! Not here: the syntax, the size of documents, fragments in a circle (`document`), values of variables (`variables`).

mod lists;
mod merging;
mod stand_ins;
mod suggestions;
#[cfg(test)]
mod tests;
mod values;

use apollo_compiler::Schema;
use apollo_compiler::ast;
use apollo_compiler::parser::{Parser, SourceMap, SourceSpan};
use apollo_compiler::validation::{DiagnosticList, Valid};
use async_graphql::Pos;

use super::document::DocumentSize;
use super::limits::Limits;
use super::refusal::{Refusal, shortened, within};
use super::schema::SchemaTypes;

/// Characters of one fault that are told: it quotes names of the request, which may be long.
const MESSAGE_CHARS: usize = 500;

/// What async-graphql answers about types beside what the library knows of introspection.
const INTROSPECTION: &str = "extend type __Type { isOneOf: Boolean }";

/// Of the library's rules, the one that counts a field twice that is selected twice; `values` has it right.
const COUNTS_FIELDS: &str = "SubscriptionUsesMultipleFields";

/// One rule that a document breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Vec<Pos>,
    /// What may have been meant, for those who may see it.
    pub suggestion: Option<String>,
}

/// The text is not that of a schema, or of one that breaks the specification's rules.
#[derive(Debug, thiserror::Error)]
#[error("the schema breaks the rules of the specification: {0}")]
pub struct SchemaError(String);

/// A schema that documents are held against.
#[derive(Debug)]
pub(super) struct Validator {
    schema: Valid<Schema>,
}

impl Validator {
    pub(super) fn new(sdl: &str) -> Result<Self, SchemaError> {
        let builder = Schema::builder().adopt_orphan_extensions();
        let builder = builder
            .parse(sdl, "schema.graphql")
            .parse(INTROSPECTION, "introspection.graphql");
        let schema = builder.build().and_then(Schema::validate);
        let schema = schema.map_err(|found| SchemaError(found.errors.to_string()))?;
        Ok(Self { schema })
    }

    /// What is asked of the schema beside.
    pub(super) fn types(&self) -> SchemaTypes {
        SchemaTypes::of(&self.schema)
    }

    /// Holds a document against every rule. Its size must have been measured before.
    pub(super) fn check(
        &self,
        query: &str,
        size: &DocumentSize,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        let mut parser = Parser::new().recursion_limit(limits.brackets);
        let mut document = parser
            .parse_ast(query, "")
            .map_err(|found| syntax(&found.errors))?;
        let copied = size
            .selections
            .saturating_mul(stand_ins::put(&mut document));
        let what = "fields times items of the longest list or object";
        within(what, copied, limits.copied, None)?;
        let faults = self.faults(&document, size, limits)?;
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(faults))
        }
    }

    fn faults(
        &self,
        document: &ast::Document,
        size: &DocumentSize,
        limits: &Limits,
    ) -> Result<Vec<Fault>, Refusal> {
        let most = limits.errors;
        // What does not fit together is told alone: the rules that follow would see it as missing and say so.
        let typed = match document.to_executable(&self.schema) {
            Ok(typed) => typed,
            Err(found) => return Ok(told(&self.schema, &found.errors, most)),
        };
        let compared = merging::compared(&self.schema, &typed, size.selections);
        let what = "fields times object types at each level of interfaces";
        within(what, compared, limits.compared, None)?;
        let (typed, mut faults) = match typed.validate(&self.schema) {
            Ok(typed) => (typed.into_inner(), Vec::new()),
            Err(found) => {
                let told = told(&self.schema, &found.errors, most);
                (found.partial, told)
            }
        };
        for fault in values::faults(&self.schema, &typed) {
            if faults.len() == most {
                break;
            }
            if faults.iter().all(|told| told.message != fault.message) {
                faults.push(fault);
            }
        }
        if faults.is_empty() && lists::differ(&typed) {
            let compared = lists::as_texts(document).to_executable(&self.schema);
            faults = compared.map_or_else(
                |found| told(&self.schema, &found.errors, most),
                |typed| lists::conflicts(typed, &self.schema, most),
            );
        }
        faults.truncate(most);
        Ok(faults)
    }
}

/// What the library found, in the order of the text.
fn told(schema: &Schema, found: &DiagnosticList, most: usize) -> Vec<Fault> {
    told_of(schema, found, most, |name| name != Some(COUNTS_FIELDS))
}

/// What the library found of the kinds that are wanted, by the names it has for them.
fn told_of(
    schema: &Schema,
    found: &DiagnosticList,
    most: usize,
    is_wanted: impl Fn(Option<&str>) -> bool,
) -> Vec<Fault> {
    let wanted = found
        .iter()
        .filter(|diagnostic| is_wanted(diagnostic.error.unstable_error_name()));
    let told = wanted.map(|diagnostic| {
        let message = diagnostic.error.unstable_compat_message();
        let message = message.unwrap_or_else(|| diagnostic.error.to_string());
        let at = diagnostic.line_column_range();
        let kind = diagnostic.error.unstable_error_name();
        let suggestion = kind.and_then(|kind| suggestions::of(schema, kind, &message));
        Fault {
            suggestion,
            message: shortened(&message, MESSAGE_CHARS),
            at: at.map(|range| pos(range.start)).into_iter().collect(),
        }
    });
    told.take(most).collect()
}

/// The two parsers agree but for rare texts, such as names that only one of them reserves.
fn syntax(found: &DiagnosticList) -> Refusal {
    let first = found.iter().next();
    let reason = first
        .as_ref()
        .map_or_else(String::new, |first| first.error.to_string());
    let at = first.and_then(|first| first.line_column_range());
    Refusal::Parse {
        reason: shortened(&reason, 200),
        at: at.map(|range| pos(range.start)).into_iter().collect(),
    }
}

fn pos(at: apollo_compiler::parser::LineColumn) -> Pos {
    Pos {
        line: at.line,
        column: at.column,
    }
}

/// A fault at a place of the text.
fn fault(message: String, at: Option<SourceSpan>, sources: &SourceMap) -> Fault {
    let at = at.and_then(|at| at.line_column(sources));
    Fault {
        message: shortened(&message, MESSAGE_CHARS),
        at: at.map(pos).into_iter().collect(),
        suggestion: None,
    }
}
