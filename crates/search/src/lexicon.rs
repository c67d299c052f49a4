//! The words of a segment, laid out so that those a slip or two away from one are found without looking closely at the
//! others.
//!
//! Beside each word stands a sketch of its letters. A slip changes at most two bits of a sketch, so most words are passed over
//! by counting bits, and only for the few that are left the slips are counted.

use domain::search::distance;
use tantivy::index::SegmentReader;

use crate::SearchError;
use crate::schema::Fields;

/// Longer words are never taken for others, in letters.
const LONGEST: usize = 40;

/// The words of one segment, by their length.
#[derive(Default)]
pub(crate) struct Lexicon {
    lengths: Vec<Words>,
}

/// Words of one length.
#[derive(Default)]
struct Words {
    sketches: Vec<u64>,
    text: String,
    /// Where each word ends in the text.
    ends: Vec<u32>,
}

impl Lexicon {
    /// Reads all words of a segment.
    pub(crate) fn read(segment: &SegmentReader, fields: &Fields) -> Result<Self, SearchError> {
        let mut lexicon = Self::default();
        let inverted = segment.inverted_index(fields.words)?;
        let mut terms = inverted.terms().stream()?;
        while let Some((term, _)) = terms.next() {
            if let Ok(word) = std::str::from_utf8(term) {
                lexicon.add(word);
            }
        }
        Ok(lexicon)
    }

    fn add(&mut self, word: &str) {
        let length = word.chars().count();
        if length > LONGEST {
            return;
        }
        if self.lengths.len() <= length {
            self.lengths.resize_with(length + 1, Words::default);
        }
        let words = &mut self.lengths[length];
        words.sketches.push(sketch(word));
        words.text.push_str(word);
        words
            .ends
            .push(u32::try_from(words.text.len()).unwrap_or(u32::MAX));
    }

    /// The words that are at most so many slips away from one, that one too if it is here.
    pub(crate) fn near<'a>(&'a self, word: &'a str, slips: u8) -> impl Iterator<Item = &'a str> {
        let length = word.chars().count();
        let slips = usize::from(slips);
        let sketch = sketch(word);
        let lengths = self.lengths.iter().enumerate();
        let lengths = lengths.filter(move |(of, _)| of.abs_diff(length) <= slips);
        let alike = lengths.flat_map(move |(_, words)| words.alike(sketch, slips));
        alike.filter(move |found| distance(word, found) <= slips)
    }
}

impl Words {
    fn alike(&self, sketch: u64, slips: usize) -> impl Iterator<Item = &str> {
        let most = u32::try_from(2 * slips).unwrap_or(u32::MAX);
        let sketches = self.sketches.iter().enumerate();
        sketches
            .filter(move |(_, of)| (**of ^ sketch).count_ones() <= most)
            .map(|(place, _)| self.word(place))
    }

    fn word(&self, place: usize) -> &str {
        let end = |place: usize| self.ends[place] as usize;
        let start = place.checked_sub(1).map_or(0, end);
        &self.text[start..end(place)]
    }
}

/// Which letters a word has, and, in the upper half, which it has twice. Letters that share a bit count as one.
fn sketch(word: &str) -> u64 {
    let (mut once, mut twice) = (0_u32, 0_u32);
    for letter in word.chars() {
        let bit = 1 << (u32::from(letter) % 32);
        twice |= once & bit;
        once |= bit;
    }
    u64::from(once) | u64::from(twice) << 32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Words of few letters, so that many are near one another.
        #[test]
        fn exactly_the_words_that_are_near_are_found(
            words in prop::collection::btree_set("[abcé]{0,7}", 0..60),
            word in "[abcdé]{1,7}",
            slips in 0_u8..3,
        ) {
            let mut lexicon = Lexicon::default();
            for word in &words {
                lexicon.add(word);
            }
            let found: BTreeSet<&str> = lexicon.near(&word, slips).collect();
            let expected = words.iter().filter(|of| distance(&word, of) <= usize::from(slips));
            prop_assert_eq!(found, expected.map(String::as_str).collect::<BTreeSet<_>>());
        }
    }
}
