//! What is kept in memory of one segment: who may see what, and the documents of each value of a facet.

use std::sync::OnceLock;

use domain::entry::Sight;
use domain::identity::HubId;
use tantivy::columnar::Column;
use tantivy::index::SegmentReader;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet as _, TERMINATED};
use uuid::Uuid;

use crate::SearchError;
use crate::codes::{Codes, Values};
use crate::document::DocumentId;
use crate::fact::{AUDIENCE, Facet, seen};
use crate::lexicon::Lexicon;
use crate::schema::{FINGERPRINT, Fields, PUBLISHED, RECORD_HIGH, RECORD_LOW};
use domain::bits::Bits;

/// The facts of a segment. They are the same for as long as it is there.
pub(crate) struct Facts {
    /// The documents of each value, by facet and value.
    pub(crate) values: Values,
    /// The same by document; nothing where there are too many values.
    pub(crate) codes: Option<Codes>,
    /// The documents for each audience, by its rank.
    audiences: Vec<(u8, Bits)>,
    hubs: Vec<HubId>,
    /// The place of each document's hub in `hubs`.
    hub_of: Vec<u16>,
    high: Column<u64>,
    low: Column<u64>,
    fingerprint: Column<u64>,
    published: Column<i64>,
    /// Its words, from when they are first looked through.
    lexicon: OnceLock<Lexicon>,
}

impl Facts {
    pub(crate) fn read(segment: &SegmentReader, fields: &Fields) -> Result<Self, SearchError> {
        let bound = segment.max_doc();
        let mut values = Values::new();
        let mut audiences = Vec::new();
        let inverted = segment.inverted_index(fields.facts)?;
        let mut terms = inverted.terms().stream()?;
        while let Some((term, info)) = terms.next() {
            let Ok(term) = std::str::from_utf8(term) else {
                continue;
            };
            let facet = Facet::of_term(term);
            let audience = term
                .strip_prefix(AUDIENCE)
                .and_then(|rank| rank.parse().ok());
            if facet.is_none() && audience.is_none() {
                continue;
            }
            let mut bits = Bits::none(bound);
            let mut postings =
                inverted.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            while postings.doc() != TERMINATED {
                bits.insert(postings.doc());
                postings.advance();
            }
            match (facet, audience) {
                (Some((facet, value)), _) => {
                    values.entry(facet).or_default().push((value.into(), bits));
                }
                (None, Some(rank)) => audiences.push((rank, bits)),
                (None, None) => {}
            }
        }
        let (hubs, hub_of) = hubs_of(&values, bound);
        let fast = segment.fast_fields();
        Ok(Self {
            codes: Codes::of(&values, bound),
            values,
            audiences,
            hubs,
            hub_of,
            high: fast.u64(RECORD_HIGH)?,
            low: fast.u64(RECORD_LOW)?,
            fingerprint: fast.u64(FINGERPRINT)?,
            published: fast.i64(PUBLISHED)?,
            lexicon: OnceLock::new(),
        })
    }

    /// The words of the segment, which is the one that the facts were read of.
    pub(crate) fn lexicon(
        &self,
        segment: &SegmentReader,
        fields: &Fields,
    ) -> Result<&Lexicon, SearchError> {
        if let Some(lexicon) = self.lexicon.get() {
            return Ok(lexicon);
        }
        let read = Lexicon::read(segment, fields)?;
        Ok(self.lexicon.get_or_init(|| read))
    }

    /// The documents that somebody may see.
    pub(crate) fn seen(&self, sight: Sight, bound: u32) -> Bits {
        let mut bits = Bits::none(bound);
        for (rank, of_audience) in &self.audiences {
            if seen(sight, *rank) {
                bits.add(of_audience);
            }
        }
        bits
    }

    /// The documents that have a value of a facet, if any has.
    pub(crate) fn with(&self, facet: Facet, value: &str) -> Option<&Bits> {
        let mut values = self.values.get(&facet)?.iter();
        values.find(|(of, _)| **of == *value).map(|(_, bits)| bits)
    }

    /// The record of a document.
    pub(crate) fn id(&self, document: u32) -> DocumentId {
        let half = |column: &Column<u64>| column.first(document).unwrap_or_default();
        let record = Uuid::from_u64_pair(half(&self.high), half(&self.low));
        let hub = &self.hubs[usize::from(self.hub_of[document as usize])];
        (hub.clone(), record.into())
    }

    pub(crate) fn fingerprint(&self, document: u32) -> u64 {
        self.fingerprint.first(document).unwrap_or_default()
    }

    pub(crate) fn published(&self, document: u32) -> i64 {
        self.published.first(document).unwrap_or_default()
    }
}

fn hubs_of(values: &Values, bound: u32) -> (Vec<HubId>, Vec<u16>) {
    let mut hubs = Vec::new();
    let mut hub_of = vec![0; bound as usize];
    for (value, bits) in values.get(&Facet::Hub).into_iter().flatten() {
        let Ok(hub) = HubId::parse(value) else {
            continue;
        };
        let place = u16::try_from(hubs.len()).unwrap_or(u16::MAX);
        hubs.push(hub);
        for document in bits.iter() {
            hub_of[document as usize] = place;
        }
    }
    (hubs, hub_of)
}
