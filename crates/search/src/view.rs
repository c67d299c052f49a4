//! What somebody may see of a snapshot: which documents are open to them, and how frequent words are among these.
//!
//! By these figures words are known, completed, corrected and weighed, so that nothing in an answer tells of documents that
//! are hidden or gone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::entry::Sight;
use tantivy::postings::TermInfo;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{InvertedIndexReader, Term};

use crate::snapshot::{Part, Snapshot};
use domain::bits::Bits;

/// How many terms' frequencies are remembered.
const MOST_REMEMBERED: usize = 20_000;

/// What viewers of one rank may see of a snapshot.
pub(crate) struct View {
    /// By segment: the documents that are there and may be seen; nothing where that is every document.
    open: Vec<Option<Bits>>,
    documents: u64,
    frequencies: Mutex<HashMap<Term, u64>>,
    lengths: Mutex<HashMap<Field, u64>>,
}

impl View {
    /// What somebody may see of some segments.
    pub(crate) fn take<'a>(parts: impl Iterator<Item = Part<'a>>, sight: Sight) -> Self {
        let (mut open, mut documents) = (Vec::new(), 0);
        for part in parts {
            let bits = part.open(sight);
            let count = bits.count();
            documents += count;
            open.push((count < u64::from(part.reader.max_doc())).then_some(bits));
        }
        Self {
            open,
            documents,
            frequencies: Mutex::default(),
            lengths: Mutex::default(),
        }
    }

    /// How many documents may be seen.
    pub(crate) const fn documents(&self) -> u64 {
        self.documents
    }

    /// By segment, which documents may be seen; nothing where that is every document.
    pub(crate) fn open(&self) -> impl Iterator<Item = Option<&Bits>> {
        self.open.iter().map(Option::as_ref)
    }

    /// How many documents that may be seen have a term.
    pub(crate) fn frequency(&self, snapshot: &Snapshot, term: &Term) -> tantivy::Result<u64> {
        let is_whole = self.open.iter().all(Option::is_none);
        if !is_whole && let Some(known) = remembered(&self.frequencies).get(term) {
            return Ok(*known);
        }
        let mut frequency = 0;
        for (part, open) in snapshot.parts().zip(self.open()) {
            let inverted = part.reader.inverted_index(term.field())?;
            let found = inverted.terms().get(term.serialized_value_bytes())?;
            if let Some(info) = found {
                frequency += frequency_in(&inverted, &info, open)?;
            }
        }
        if !is_whole {
            let mut known = remembered(&self.frequencies);
            if known.len() >= MOST_REMEMBERED {
                known.clear();
            }
            known.insert(term.clone(), frequency);
        }
        Ok(frequency)
    }

    /// How many words stand in a field of all documents that may be seen, about.
    fn length(&self, snapshot: &Snapshot, field: Field) -> tantivy::Result<u64> {
        if let Some(known) = remembered(&self.lengths).get(&field) {
            return Ok(*known);
        }
        let mut length = 0;
        for (part, open) in snapshot.parts().zip(self.open()) {
            let lengths = part.reader.get_fieldnorms_reader(field)?;
            let of = |document| u64::from(lengths.fieldnorm(document));
            length += match open {
                Some(open) => open.iter().map(of).sum::<u64>(),
                None => (0..part.reader.max_doc()).map(of).sum(),
            };
        }
        remembered(&self.lengths).insert(field, length);
        Ok(length)
    }
}

/// In how many documents of a segment that may be seen a term stands.
pub(crate) fn frequency_in(
    inverted: &InvertedIndexReader,
    info: &TermInfo,
    open: Option<&Bits>,
) -> tantivy::Result<u64> {
    let Some(open) = open else {
        return Ok(u64::from(info.doc_freq));
    };
    let mut frequency = 0;
    let mut blocks = inverted.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    loop {
        let documents = blocks.docs();
        if documents.is_empty() {
            return Ok(frequency);
        }
        frequency += documents
            .iter()
            .map(|document| u64::from(open.contains(*document)))
            .sum::<u64>();
        blocks.advance();
    }
}

fn remembered<T>(known: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The figures by which documents are ranked for somebody: those of what they may see.
pub(crate) struct Figures<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) view: &'a View,
}

impl Bm25StatisticsProvider for Figures<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        // Lengths of nothing would be no number.
        Ok(self.view.length(self.snapshot, field)?.max(1))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.view.documents.max(1))
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.view.frequency(self.snapshot, term)
    }
}
