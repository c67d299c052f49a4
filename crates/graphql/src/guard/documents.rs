//! Parsed and validated documents, kept by their text: a hundred copies of one cost less than making it.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Name, Pos, Positioned};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::document::{DocumentSize, measure};
use super::limits::Limits;
use super::refusal::Refusal;
use super::validation::Validator;
use super::{subscription, text};

/// Longest text, in bytes, that is remembered: a client repeats its documents, and those it wrote are not longer.
const MAX_TEXT_BYTES: usize = 16 * 1024;
/// What all remembered documents may take in memory, in bytes, as far as [`Parsed`] estimates it.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// How many documents of a usual size that is.
const DOCUMENTS: usize = 2048;
/// Memory of one field, argument or value, in bytes, over its text.
const PART_BYTES: usize = 256;

/// The response key under which [`mark`] asks for `__typename`.
pub(super) const MARK: &str = "__executed";

/// A document that the guard let through, but for its variables.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) document: ExecutableDocument,
    pub(super) size: DocumentSize,
    /// An estimate of what it takes in memory, with its text.
    bytes: u32,
}

impl Parsed {
    fn new(query: &str, limits: &Limits, validator: &Validator) -> Result<Self, Refusal> {
        text::check(query, limits)?;
        let mut document = parse_query(query)?;
        let size = measure(&document, limits)?;
        validator.check(query, &size, limits)?;
        subscription::gather(&mut document);
        mark(&mut document);
        let bytes = (2 + size.parts) * PART_BYTES + query.len();
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Ok(Self {
            document,
            size,
            bytes,
        })
    }
}

/// The documents seen lately.
#[derive(Debug)]
pub(super) struct Documents(Cache<Box<str>, Arc<Parsed>, Bytes>);

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<Box<str>, Arc<Parsed>> for Bytes {
    fn weight(&self, _: &Box<str>, parsed: &Arc<Parsed>) -> u64 {
        parsed.bytes.into()
    }
}

impl Documents {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(DOCUMENTS, MAX_BYTES, Bytes))
    }

    pub(super) fn find(&self, query: &str) -> Option<Arc<Parsed>> {
        self.0.get(query)
    }

    pub(super) fn get(
        &self,
        query: &str,
        limits: &Limits,
        validator: &Validator,
    ) -> Result<Arc<Parsed>, Refusal> {
        if let Some(parsed) = self.find(query) {
            return Ok(parsed);
        }
        let parsed = Arc::new(Parsed::new(query, limits, validator)?);
        if query.len() <= MAX_TEXT_BYTES {
            self.0.insert(query.into(), Arc::clone(&parsed));
        }
        Ok(parsed)
    }
}

/// Adds a field to every query and mutation that cannot fail and is taken out of the answer again.
///
/// async-graphql answers a document that it refuses and one whose every field failed with the same `data: null`. With
/// this field the second has data in any case.
fn mark(document: &mut ExecutableDocument) {
    match &mut document.operations {
        DocumentOperations::Single(operation) => mark_operation(&mut operation.node),
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                mark_operation(&mut operation.node);
            }
        }
    }
}

fn mark_operation(operation: &mut OperationDefinition) {
    if operation.ty == OperationType::Subscription {
        return;
    }
    let at = |name| Positioned::new(Name::new(name), Pos::default());
    let field = Field {
        alias: Some(at(MARK)),
        name: at("__typename"),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    };
    let field = Selection::Field(Positioned::new(field, Pos::default()));
    let set = &mut operation.selection_set.node;
    set.items.push(Positioned::new(field, Pos::default()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator() -> Validator {
        Validator::new("type Query { hub: Int x: Query }").unwrap()
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = Documents::new();
        let (limits, validator) = (Limits::default(), validator());
        let first = documents.get("{ hub }", &limits, &validator).unwrap();
        let second = documents.get("{ hub }", &limits, &validator).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn neither_refused_nor_long_texts_are_remembered() {
        let documents = Documents::new();
        let (limits, validator) = (Limits::default(), validator());
        let long = format!("{{ hub }} #{}", "x".repeat(MAX_TEXT_BYTES));
        documents.get(&long, &limits, &validator).unwrap();
        documents.get("{ hub", &limits, &validator).unwrap_err();
        documents.get("{ bub }", &limits, &validator).unwrap_err();
        assert_eq!(documents.0.len(), 0);
    }

    #[test]
    fn what_is_remembered_stays_within_its_bytes() {
        let documents = Documents::new();
        let (limits, validator) = (Limits::default(), validator());
        let fields = " hub".repeat(1_000);
        for number in 0..200 {
            let query = format!("{{ x {{ {fields} }} }} # {number}");
            documents.get(&query, &limits, &validator).unwrap();
        }
        assert!(documents.0.weight() <= MAX_BYTES);
        assert!((1..100).contains(&documents.0.len()));
    }
}
