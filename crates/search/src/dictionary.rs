//! Which words there are for somebody: those of documents that they may see.

use std::collections::{BTreeSet, HashMap};

use domain::search::distance;
use tantivy::Term;
use tantivy::schema::Field;

use crate::SearchError;
use crate::lexicon::Lexicon;
use crate::schema::Fields;
use crate::snapshot::Snapshot;
use crate::view::{View, frequency_in};

/// The most words that one beginning stands for: the most frequent.
const MOST_WORDS: usize = 512;
/// The most words that are taken for a word with slips.
const MOST_NEAR: usize = 8;

/// A word, and how many documents have it.
pub(crate) type Counted = (String, u64);

/// The words of an index, as somebody sees them.
#[derive(Clone, Copy)]
pub(crate) struct Dictionary<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) fields: &'a Fields,
    pub(crate) view: &'a View,
}

impl Dictionary<'_> {
    /// How many documents have a term.
    pub(crate) fn frequency(&self, field: Field, term: &str) -> Result<u64, SearchError> {
        let term = Term::from_field_text(field, term);
        Ok(self.view.frequency(self.snapshot, &term)?)
    }

    /// The words that begin so, the most frequent first.
    pub(crate) fn words_beginning(&self, beginning: &str) -> Result<Vec<Counted>, SearchError> {
        let mut words = Frequencies::default();
        for (part, open) in self.snapshot.parts().zip(self.view.open()) {
            let inverted = part.reader.inverted_index(self.fields.words)?;
            let range = inverted.terms().range().ge(beginning.as_bytes());
            let mut terms = range.into_stream()?;
            while let Some((term, info)) = terms.next() {
                if !term.starts_with(beginning.as_bytes()) {
                    break;
                }
                words.add(term, frequency_in(&inverted, info, open)?);
            }
        }
        Ok(words.sorted(MOST_WORDS, |_| 0))
    }

    /// Of the words up to so many slips away that at least so many documents have, those that are as few slips away as any, the
    /// most frequent first, but for the word itself.
    pub(crate) fn words_near(
        &self,
        word: &str,
        slips: u8,
        least: u64,
    ) -> Result<Vec<Counted>, SearchError> {
        if slips == 0 {
            return Ok(Vec::new());
        }
        let lexicons = self.snapshot.parts();
        let lexicons = lexicons.map(|part| part.facts.lexicon(part.reader, self.fields));
        let lexicons = lexicons.collect::<Result<Vec<&Lexicon>, _>>()?;
        let sizes: Vec<usize> = lexicons.iter().map(|lexicon| lexicon.len()).collect();
        let mut alike = BTreeSet::new();
        for (lexicon, least) in lexicons.into_iter().zip(shares(least, &sizes)) {
            alike.extend(lexicon.near(word, slips, least));
        }
        alike.remove(word);
        let mut words = Frequencies::default();
        for found in alike {
            let frequency = self.frequency(self.fields.words, found)?;
            if frequency >= least {
                words.add(found.as_bytes(), frequency);
            }
        }
        let mut near = words.sorted(MOST_NEAR, |found| distance(word, found));
        let shortest = near.first().map(|(found, _)| distance(word, found));
        near.retain(|(found, _)| Some(distance(word, found)) == shortest);
        Ok(near)
    }
}

/// In how many documents of each segment a word must stand to be looked at, if it is to stand in `least` of all: one that does
/// has its share in one segment at least. The more words a segment has, the greater its share: by the root of their number, which
/// passes over the most if the words in at least n documents are an nth of all (Zipf's law).
fn shares(least: u64, sizes: &[usize]) -> Vec<u64> {
    let roots = sizes.iter().map(|size| (*size as u64).isqrt());
    let all: u64 = roots.clone().sum();
    let beyond = least.saturating_sub(1);
    let share = |root: u64| 1 + (beyond * root).checked_div(all).unwrap_or(0);
    roots.map(share).collect()
}

/// How many documents have each word.
#[derive(Default)]
struct Frequencies(HashMap<String, u64>);

impl Frequencies {
    fn add(&mut self, term: &[u8], documents: u64) {
        if documents == 0 {
            return;
        }
        if let Ok(word) = std::str::from_utf8(term) {
            *self.0.entry(word.to_owned()).or_default() += documents;
        }
    }

    /// At most so many, those of the least rank first, and of these the most frequent.
    fn sorted(self, most: usize, rank: impl Fn(&str) -> usize) -> Vec<Counted> {
        let mut words: Vec<(usize, String, u64)> = self
            .0
            .into_iter()
            .map(|(word, frequency)| (rank(&word), word, frequency))
            .collect();
        words.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then(b.2.cmp(&a.2))
                .then_with(|| a.1.cmp(&b.1))
        });
        words.truncate(most);
        words
            .into_iter()
            .map(|(_, word, frequency)| (word, frequency))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::shares;

    proptest! {
        #[test]
        fn who_stands_in_enough_documents_is_looked_at_in_some_segment(
            parts in prop::collection::vec((0_usize..9, 0_u64..5), 0..4),
            least in 0_u64..9,
        ) {
            let (sizes, frequencies): (Vec<usize>, Vec<u64>) = parts.into_iter().unzip();
            let shares = shares(least, &sizes);
            let is_looked_at = frequencies.iter().zip(&shares).any(|(has, share)| has >= share);
            prop_assert!(is_looked_at || frequencies.iter().sum::<u64>() < least.max(1));
        }
    }
}
