//! By what each document of a segment is counted, document by document: so that a few documents are counted by looking at
//! them, not at the sets of all documents that have each value.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::bits::Bits;

use crate::fact::Facet;

/// The documents of each value, by facet and value.
pub(crate) type Values = BTreeMap<Facet, Vec<(Arc<str>, Bits)>>;

/// The values of each document, by their places among all values of all facets.
pub(crate) struct Codes {
    /// Where the values of each document end; those of the next begin there.
    ends: Vec<u32>,
    numbers: Vec<u16>,
    /// How many values there are.
    values: usize,
}

impl Codes {
    /// Those of documents below a bound; nothing where there are too many values to be told apart by so small a number.
    pub(crate) fn of(values: &Values, bound: u32) -> Option<Self> {
        let all = || values.values().flatten().map(|(_, documents)| documents);
        let many = all().count();
        u16::try_from(many).ok()?;
        let mut ends = vec![0; bound as usize];
        for document in all().flat_map(Bits::iter) {
            ends[document as usize] += 1;
        }
        let mut first = 0;
        for end in &mut ends {
            first += std::mem::replace(end, first);
        }
        let mut numbers = vec![0; first as usize];
        // Each end stands at its beginning, and moves on with every value that is put there.
        for (code, documents) in (0_u16..).zip(all()) {
            for document in documents.iter() {
                let end = &mut ends[document as usize];
                numbers[*end as usize] = code;
                *end += 1;
            }
        }
        Some(Self {
            ends,
            numbers,
            values: many,
        })
    }

    /// How many of some documents have each value, in the order of all values.
    pub(crate) fn count(&self, documents: &Bits) -> Vec<u64> {
        let mut counts = vec![0; self.values];
        for document in documents.iter() {
            let at = document as usize;
            let first = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            for code in &self.numbers[first as usize..self.ends[at] as usize] {
                counts[usize::from(*code)] += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(documents: &[bool]) -> Bits {
        let mut bits = Bits::none(0);
        for (document, _) in (0..).zip(documents).filter(|(_, is_in)| **is_in) {
            bits.insert(document);
        }
        bits
    }

    fn documents() -> impl Strategy<Value = Vec<bool>> {
        prop::collection::vec(any::<bool>(), 200)
    }

    proptest! {
        #[test]
        fn documents_are_counted_as_sets_are(
            stages in prop::collection::vec(documents(), 0..5),
            goals in prop::collection::vec(documents(), 0..5),
            matched in documents(),
        ) {
            let set = |of: &[Vec<bool>]| of.iter().map(|it| (Arc::from("v"), bits(it))).collect();
            let values = Values::from([(Facet::Stage, set(&stages)), (Facet::Sdg, set(&goals))]);
            let matched = bits(&matched);
            let shared = |(_, documents): &(Arc<str>, Bits)| matched.filled().shared(documents);
            let expected: Vec<u64> = values.values().flatten().map(shared).collect();
            prop_assert_eq!(Codes::of(&values, 200).unwrap().count(&matched), expected);
        }
    }

    #[test]
    fn more_values_than_there_are_numbers_have_none() {
        let value = || (Arc::from("v"), Bits::none(0));
        let many = std::iter::repeat_with(value).take(1 << 16).collect();
        assert!(Codes::of(&Values::from([(Facet::Award, many)]), 10).is_none());
    }
}
