//! The index by which innovations are found: documents in, hits out. Tantivy lives here and nowhere else.
//!
//! - [`Document`] is what is to be found of one innovation; [`Writer`] puts documents into the index and takes them out.
//! - [`Index`] answers a [`Request`]: hits, exact totals, counts of facets, and what may have been meant. A [`Reading`] of it
//!   is one state, of which several things are asked.
//! - [`Handle`] is where those who answer find the index, which is opened beside them.
//! - `plan` says which terms of the index a text asks for, `matching` which documents hold them, `ranking` which are best.
//! - `similar` finds what is like an innovation, `fitting` what may be what somebody wishes for ([`Wish`]).
//! - `view` is what viewers of a rank may see of all this, and `dictionary` which words there are for them.
//!
//! An index is derived from the store and may be deleted at any time. It keeps no texts, only words and where they stand;
//! whoever shows a hit reads the record. What somebody may not see is left out of everything that an answer tells.
//!
//! Not here: which records there are and what they say (`storage`), when the index follows them (`node`).

mod analyzer;
mod codes;
mod dictionary;
mod document;
mod fact;
mod finding;
mod fitting;
mod handle;
mod index;
mod lexicon;
mod marked;
mod matching;
mod of_text;
mod plan;
mod queue;
mod ranking;
mod reading;
mod request;
mod schema;
mod segment;
mod similar;
mod snapshot;
#[cfg(test)]
mod tests;
mod view;
mod writer;

pub use document::{Document, DocumentFacts, DocumentId, DocumentTexts};
pub use fact::Facet;
pub use fitting::{Fit, Wish};
pub use handle::{Handle, NotReady, State};
pub use index::{Index, Progress, Status, clear_unused};
pub use marked::Marked;
pub use reading::Reading;
pub use request::{Filter, Found, Hit, Mark, Request};
pub use writer::Writer;

/// Why the index could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Another process writes to the folder.
    #[error("another process uses the search index in {0}; stop it first")]
    InUse(String),
    /// The folder cannot be used.
    #[error("the search index in {folder} cannot be opened")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The index itself failed.
    #[error("the search index failed")]
    Failed(#[from] tantivy::TantivyError),
    /// A list of terms could not be read.
    #[error("the search index cannot be read")]
    Read(#[from] std::io::Error),
}
