//! What somebody may see of a snapshot: which documents are open to them, and how frequent words are among these.
//!
//! By these figures words are known, completed, corrected and weighed, so that nothing in an answer tells of documents that
//! are hidden or gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::entry::Sight;
use tantivy::index::SegmentId;
use tantivy::postings::TermInfo;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{InvertedIndexReader, Term};

use crate::snapshot::{Part, Snapshot};
use domain::bits::Bits;

/// How many terms' frequencies are remembered, of a snapshot and of each of its segments.
const MOST_REMEMBERED: usize = 20_000;

/// What viewers of one rank may see of a snapshot.
pub(crate) struct View {
    parts: Vec<Arc<Seen>>,
    documents: u64,
    frequencies: Frequencies,
    lengths: Mutex<HashMap<Field, u64>>,
}

/// What they may see of a segment, and what was counted of it. It is the same from one snapshot to the next, while nothing of
/// the segment is deleted.
struct Seen {
    segment: SegmentId,
    deleted: u32,
    documents: u64,
    /// The documents that are there and may be seen; nothing where that is every document.
    open: Option<Bits>,
    frequencies: Frequencies,
    lengths: Mutex<HashMap<Field, u64>>,
}

/// In how many documents terms stand.
#[derive(Default)]
struct Frequencies(Mutex<HashMap<Term, u64>>);

impl Frequencies {
    /// What is remembered of a term, or is found now.
    fn of(&self, term: &Term, find: impl FnOnce() -> tantivy::Result<u64>) -> tantivy::Result<u64> {
        if let Some(known) = remembered(&self.0).get(term) {
            return Ok(*known);
        }
        let found = find()?;
        let mut known = remembered(&self.0);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(term.clone(), found);
        Ok(found)
    }
}

/// The length of a field, as it is remembered or found now.
fn length_of(
    known: &Mutex<HashMap<Field, u64>>,
    field: Field,
    find: impl FnOnce() -> tantivy::Result<u64>,
) -> tantivy::Result<u64> {
    if let Some(known) = remembered(known).get(&field) {
        return Ok(*known);
    }
    let found = find()?;
    remembered(known).insert(field, found);
    Ok(found)
}

impl Seen {
    fn take(part: Part<'_>, sight: Sight) -> Self {
        let bits = part.open(sight);
        let documents = bits.count();
        Self {
            segment: part.reader.segment_id(),
            deleted: part.reader.num_deleted_docs(),
            documents,
            open: (documents < u64::from(part.reader.max_doc())).then_some(bits),
            frequencies: Frequencies::default(),
            lengths: Mutex::default(),
        }
    }

    /// Whether that is what may be seen of a segment now.
    fn is_of(&self, part: Part<'_>) -> bool {
        self.segment == part.reader.segment_id() && self.deleted == part.reader.num_deleted_docs()
    }

    fn frequency(&self, part: Part<'_>, term: &Term) -> tantivy::Result<u64> {
        let count = || {
            let inverted = part.reader.inverted_index(term.field())?;
            let found = inverted.terms().get(term.serialized_value_bytes())?;
            found.map_or(Ok(0), |info| {
                frequency_in(&inverted, &info, self.open.as_ref())
            })
        };
        match self.open {
            None => count(),
            Some(_) => self.frequencies.of(term, count),
        }
    }

    fn length(&self, part: Part<'_>, field: Field) -> tantivy::Result<u64> {
        length_of(&self.lengths, field, || {
            let lengths = part.reader.get_fieldnorms_reader(field)?;
            let of = |document| u64::from(lengths.fieldnorm(document));
            Ok(match &self.open {
                Some(open) => open.iter().map(of).sum(),
                None => (0..part.reader.max_doc()).map(of).sum(),
            })
        })
    }
}

impl View {
    /// What somebody may see of some segments; what an earlier view of the same rank knows of them is kept.
    pub(crate) fn take<'a>(
        parts: impl Iterator<Item = Part<'a>>,
        sight: Sight,
        before: Option<&Self>,
    ) -> Self {
        let known = before.map(|before| &before.parts[..]).unwrap_or_default();
        let seen = |part: Part<'a>| {
            let known = known.iter().find(|seen| seen.is_of(part));
            known.map_or_else(|| Arc::new(Seen::take(part, sight)), Arc::clone)
        };
        let parts: Vec<Arc<Seen>> = parts.map(seen).collect();
        Self {
            documents: parts.iter().map(|seen| seen.documents).sum(),
            parts,
            frequencies: Frequencies::default(),
            lengths: Mutex::default(),
        }
    }

    /// How many documents may be seen.
    pub(crate) const fn documents(&self) -> u64 {
        self.documents
    }

    /// By segment, which documents may be seen; nothing where that is every document.
    pub(crate) fn open(&self) -> impl Iterator<Item = Option<&Bits>> {
        self.parts.iter().map(|seen| seen.open.as_ref())
    }

    /// How many documents that may be seen have a term.
    pub(crate) fn frequency(&self, snapshot: &Snapshot, term: &Term) -> tantivy::Result<u64> {
        self.frequencies.of(term, || {
            let parts = snapshot.parts().zip(&self.parts);
            parts.map(|(part, seen)| seen.frequency(part, term)).sum()
        })
    }

    /// How many words stand in a field of all documents that may be seen, about.
    fn length(&self, snapshot: &Snapshot, field: Field) -> tantivy::Result<u64> {
        length_of(&self.lengths, field, || {
            let parts = snapshot.parts().zip(&self.parts);
            parts.map(|(part, seen)| seen.length(part, field)).sum()
        })
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
