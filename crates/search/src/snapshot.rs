//! One committed state of the index, as it is searched.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use domain::entry::Sight;
use tantivy::index::{SegmentId, SegmentReader};
use tantivy::{IndexReader, Searcher};

use crate::SearchError;
use crate::dictionary::Dictionary;
use crate::document::DocumentId;
use crate::fact::Facet;
use crate::finding::Findings;
use crate::request::{Found, Mark, Request};
use crate::schema::Fields;
use crate::segment::Facts;
use crate::view::View;
use domain::bits::Bits;

/// One committed state of the index.
pub(crate) struct Snapshot {
    pub(crate) searcher: Searcher,
    segments: Vec<(SegmentId, Arc<Facts>)>,
    /// What each rank of viewers may see, from when it is first asked for.
    views: Arc<Views>,
    findings: Arc<Findings>,
    mark: Mark,
}

/// How many ranks of viewers there are, see [`Sight::rank`].
const RANKS: usize = 3;

/// What each rank of viewers may see.
#[derive(Default)]
struct Views {
    now: [OnceLock<Arc<View>>; RANKS],
    /// Of the last snapshot of which anybody asked.
    before: [Option<Arc<View>>; RANKS],
}

impl Views {
    /// Those of the next snapshot.
    fn next(&self) -> Self {
        let newest = |rank: usize| self.now[rank].get().or(self.before[rank].as_ref()).cloned();
        Self {
            now: <[OnceLock<Arc<View>>; RANKS]>::default(),
            before: std::array::from_fn(newest),
        }
    }
}

/// How a snapshot goes on from another one of which it has everything: by segment, its place there; nothing for a new one.
pub(crate) struct Grown(Vec<Option<usize>>);

impl Grown {
    /// Nothing if something of the other was taken out, or laid together.
    fn of(searcher: &Searcher, before: &Searcher) -> Option<Self> {
        let is_same = |one: &SegmentReader, other: &SegmentReader| {
            one.segment_id() == other.segment_id()
                && one.num_deleted_docs() == other.num_deleted_docs()
        };
        let before = before.segment_readers();
        let place = |segment: &SegmentReader| before.iter().position(|it| is_same(it, segment));
        let places: Vec<_> = searcher.segment_readers().iter().map(place).collect();
        (places.iter().flatten().count() == before.len()).then_some(Self(places))
    }

    /// The place that a segment had.
    pub(crate) fn before(&self, place: usize) -> Option<usize> {
        self.0[place]
    }
}

/// How many documents have each value of a facet, the most frequent first.
pub(crate) type Counts = Arc<[(String, u64)]>;

/// A segment with its facts.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) reader: &'a SegmentReader,
    pub(crate) facts: &'a Facts,
}

impl Part<'_> {
    /// The documents that are still there and that somebody may see. Nothing else is ever looked at.
    pub(crate) fn open(&self, sight: Sight) -> Bits {
        let bound = self.reader.max_doc();
        let mut open = self.facts.seen(sight, bound);
        if let Some(alive) = self.reader.alive_bitset() {
            let gone: Vec<u32> = open
                .iter()
                .filter(|document| alive.is_deleted(*document))
                .collect();
            for document in gone {
                open.remove(document);
            }
        }
        open
    }
}

impl Snapshot {
    /// Takes the newest commit that the reader has loaded; what was read of segments before is kept.
    pub(crate) fn take(
        reader: &IndexReader,
        fields: &Fields,
        mark: Mark,
        before: Option<&Self>,
    ) -> Result<Self, SearchError> {
        let known: HashMap<SegmentId, Arc<Facts>> = before
            .map(|before| before.segments.iter().cloned().collect())
            .unwrap_or_default();
        let searcher = reader.searcher();
        let facts = |segment: &SegmentReader| -> Result<_, SearchError> {
            let id = segment.segment_id();
            let facts = match known.get(&id) {
                Some(facts) => Arc::clone(facts),
                None => Arc::new(Facts::read(segment, fields)?),
            };
            Ok((id, facts))
        };
        let segments = searcher
            .segment_readers()
            .iter()
            .map(facts)
            .collect::<Result<_, _>>()?;
        let grown = before.and_then(|before| {
            let grown = Grown::of(&searcher, &before.searcher)?;
            Some((&*before.findings, grown))
        });
        Ok(Self {
            segments,
            views: Arc::new(before.map_or_else(Views::default, |before| before.views.next())),
            findings: Arc::new(Findings::of(searcher.num_docs(), grown)),
            searcher,
            mark,
        })
    }

    /// The same state, known to be that of the store at another mark.
    pub(crate) fn at(&self, mark: Mark) -> Self {
        Self {
            searcher: self.searcher.clone(),
            segments: self.segments.clone(),
            views: Arc::clone(&self.views),
            findings: Arc::clone(&self.findings),
            mark,
        }
    }

    /// How many innovations are in it.
    pub(crate) fn documents(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// The segments.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let readers = self.searcher.segment_readers().iter();
        readers
            .zip(&self.segments)
            .map(|(reader, (_, facts))| Part { reader, facts })
    }

    /// The state of the store that it has.
    pub(crate) const fn mark(&self) -> Mark {
        self.mark
    }

    /// What somebody may see of it.
    pub(crate) fn view(&self, sight: Sight) -> &View {
        let rank = usize::from(sight.rank()).min(RANKS - 1);
        let before = self.views.before[rank].as_deref();
        self.views.now[rank].get_or_init(|| Arc::new(View::take(self.parts(), sight, before)))
    }

    /// The words of it that somebody may see.
    pub(crate) fn words<'a>(&'a self, fields: &'a Fields, sight: Sight) -> Dictionary<'a> {
        Dictionary {
            snapshot: self,
            fields,
            view: self.view(sight),
        }
    }

    /// The fingerprints of all documents.
    pub(crate) fn fingerprints(&self) -> HashMap<DocumentId, u64> {
        let mut found = HashMap::new();
        for part in self.parts() {
            for document in part.reader.doc_ids_alive() {
                found.insert(part.facts.id(document), part.facts.fingerprint(document));
            }
        }
        found
    }

    pub(crate) fn search(
        self: Arc<Self>,
        fields: &Fields,
        request: &Request,
    ) -> Result<Found, SearchError> {
        let finding = self.findings.find(&self, fields, request)?;
        Ok(Found {
            hits: finding.page(request),
            mark: self.mark,
            finding,
            snapshot: self,
        })
    }

    /// How many documents have each value of a facet, the most frequent first.
    pub(crate) fn count(&self, facet: Facet, matched: &[Bits]) -> Counts {
        added_up(tally(facet, self.parts().zip(matched)).collect())
    }

    /// The same, where it is known of the state before.
    pub(crate) fn count_grown(
        &self,
        facet: Facet,
        matched: &[Bits],
        grown: &Grown,
        known: &[(String, u64)],
    ) -> Counts {
        let parts = self.parts().zip(matched).enumerate();
        let new = parts.filter(|(place, _)| grown.before(*place).is_none());
        let new = tally(facet, new.map(|(_, part)| part));
        let known = known.iter().map(|(value, count)| (value.as_str(), *count));
        added_up(new.chain(known).collect())
    }

    /// The same of all facets, for so few documents that each is looked at; nothing where they are many.
    pub(crate) fn count_few(&self, total: u64, matched: &[Bits]) -> Option<Vec<(Facet, Counts)>> {
        if total.saturating_mul(FEW_IN) > self.documents() {
            return None;
        }
        let mut counts: BTreeMap<Facet, Vec<(&str, u64)>> = BTreeMap::new();
        for (part, matched) in self.parts().zip(matched) {
            let counted = part.facts.codes.as_ref()?.count(matched);
            let values = part.facts.values.iter();
            let values =
                values.flat_map(|(facet, values)| values.iter().map(|(it, _)| (*facet, it)));
            for ((facet, value), count) in values.zip(counted) {
                counts.entry(facet).or_default().push((value, count));
            }
        }
        let counted = |facet| (facet, added_up(counts.remove(&facet).unwrap_or_default()));
        Some(Facet::ALL.into_iter().map(counted).collect())
    }
}

/// How many of some documents have each value of a facet, segment by segment.
fn tally<'a>(
    facet: Facet,
    parts: impl Iterator<Item = (Part<'a>, &'a Bits)>,
) -> impl Iterator<Item = (&'a str, u64)> {
    parts.flat_map(move |(part, matched)| {
        let filled = matched.filled();
        let values = part.facts.values.get(&facet).into_iter().flatten();
        values.map(move |(value, bits)| (&**value, filled.shared(bits)))
    })
}

/// Up to one in so many documents are few. In the small indexes of tests too, some are.
const FEW_IN: u64 = if cfg!(test) { 3 } else { 32 };

/// The counts of several segments together, which may have the same values.
fn added_up(mut counts: Vec<(&str, u64)>) -> Counts {
    counts.sort_unstable();
    counts.dedup_by(|(value, count), (kept, all)| {
        let is_same = value == kept;
        *all += if is_same { *count } else { 0 };
        is_same
    });
    most_frequent_first(counts)
}

/// Counts in the order in which they are told, without values that no document has.
pub(crate) fn most_frequent_first(mut counts: Vec<(&str, u64)>) -> Counts {
    counts.retain(|(_, count)| *count > 0);
    counts.sort_unstable_by(|(value, count), (other, other_count)| {
        other_count.cmp(count).then_with(|| value.cmp(other))
    });
    let owned = counts.into_iter();
    owned
        .map(|(value, count)| (value.to_owned(), count))
        .collect()
}
