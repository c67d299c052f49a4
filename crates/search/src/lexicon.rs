//! The words of a segment, laid out so that those a slip or two away from one are found without looking closely at the
//! others.
//!
//! Beside each word stands a sketch of its letters. A slip changes at most two bits of a sketch, so most words are passed over
//! by comparing half a sketch of several words at once, and only for the few that are left the slips are counted. The words
//! that most documents have come first, so that who looks for frequent ones passes over the others, which are nearly all.

use std::cmp::Reverse;

use domain::search::distance_within;
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

/// Words of one length, the most frequent first.
#[derive(Default)]
struct Words {
    /// In how many documents of the segment each stands, whether these are still there or not.
    frequencies: Vec<u32>,
    /// Of each word, which letters it has.
    once: Vec<u32>,
    /// Which it has twice.
    twice: Vec<u32>,
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
        while let Some((term, info)) = terms.next() {
            if let Ok(word) = std::str::from_utf8(term) {
                lexicon.add(word, info.doc_freq);
            }
        }
        Ok(lexicon.sorted())
    }

    fn add(&mut self, word: &str, frequency: u32) {
        let length = word.chars().count();
        if length > LONGEST {
            return;
        }
        if self.lengths.len() <= length {
            self.lengths.resize_with(length + 1, Words::default);
        }
        self.lengths[length].push(word, Sketch::of(word), frequency);
    }

    /// The same, once all words were added.
    fn sorted(self) -> Self {
        let lengths = self.lengths.into_iter().map(Words::sorted).collect();
        Self { lengths }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.lengths.iter().map(|words| words.once.len()).sum()
    }

    /// The words that are at most so many slips away from one, that one too if it is here, and that stand in at least so many
    /// documents of the segment.
    pub(crate) fn near<'a>(
        &'a self,
        word: &'a str,
        slips: u8,
        least: u64,
    ) -> impl Iterator<Item = &'a str> {
        let length = word.chars().count();
        let slips = usize::from(slips);
        let sketch = Sketch::of(word);
        let lengths = self.lengths.iter().enumerate();
        let lengths = lengths.filter(move |(of, _)| of.abs_diff(length) <= slips);
        let alike = lengths.flat_map(move |(_, words)| words.alike(sketch, slips, least));
        alike.filter(move |found| distance_within(word, found, slips).is_some())
    }
}

/// How many words are compared at once.
const LANES: usize = 64;

impl Words {
    fn push(&mut self, word: &str, sketch: Sketch, frequency: u32) {
        self.frequencies.push(frequency);
        self.once.push(sketch.once);
        self.twice.push(sketch.twice);
        self.text.push_str(word);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
    }

    fn sorted(self) -> Self {
        let mut order: Vec<usize> = (0..self.once.len()).collect();
        order.sort_by_key(|place| Reverse(self.frequencies[*place]));
        let mut sorted = Self {
            text: String::with_capacity(self.text.len()),
            ..Self::default()
        };
        for place in order {
            let (once, twice) = (self.once[place], self.twice[place]);
            let sketch = Sketch { once, twice };
            sorted.push(self.word(place), sketch, self.frequencies[place]);
        }
        sorted
    }

    /// The words that are frequent enough and whose sketches differ by no more than so many slips may change.
    fn alike(&self, sketch: Sketch, slips: usize, least: u64) -> impl Iterator<Item = &str> {
        let is_frequent = |frequency: &u32| u64::from(*frequency) >= least;
        let end = self.frequencies.partition_point(is_frequent);
        let mut found = Vec::new();
        let blocks = self.once[..end].chunks(LANES);
        let blocks = blocks.zip(self.twice[..end].chunks(LANES));
        for (nth, (once, twice)) in blocks.enumerate() {
            let left = match slips {
                0 => left_over::<0>(once, sketch.once),
                1 => left_over::<2>(once, sketch.once),
                _ => left_over::<4>(once, sketch.once),
            };
            let may_be = left.iter().zip(once).zip(twice).enumerate();
            let may_be = may_be.filter(|(_, ((left, _), _))| **left == 0);
            let is_alike = |once: u32, twice: u32| {
                let bits = (once ^ sketch.once).count_ones() + (twice ^ sketch.twice).count_ones();
                bits as usize <= 2 * slips
            };
            let alike = may_be.filter(|(_, ((_, once), twice))| is_alike(**once, **twice));
            found.extend(alike.map(|(place, _)| nth * LANES + place));
        }
        found.into_iter().map(|place| self.word(place))
    }

    fn word(&self, place: usize) -> &str {
        let end = |place: usize| self.ends[place] as usize;
        let start = place.checked_sub(1).map_or(0, end);
        &self.text[start..end(place)]
    }
}

/// In which bits each of some sketches differs from one, but for the lowest `BITS`: nothing is left of those that differ in no
/// more. Without a branch, so that compilers do several at once.
fn left_over<const BITS: usize>(sketches: &[u32], sketch: u32) -> [u32; LANES] {
    let mut left = [u32::MAX; LANES];
    for (left, of) in left.iter_mut().zip(sketches) {
        let mut differing = of ^ sketch;
        for _ in 0..BITS {
            differing &= differing.wrapping_sub(1);
        }
        *left = differing;
    }
    left
}

/// Which letters a word has, and which it has twice. Letters that share a bit count as one.
#[derive(Clone, Copy)]
struct Sketch {
    once: u32,
    twice: u32,
}

impl Sketch {
    fn of(word: &str) -> Self {
        let (mut once, mut twice) = (0, 0);
        for letter in word.chars() {
            let bit = 1 << (u32::from(letter) % 32);
            twice |= once & bit;
            once |= bit;
        }
        Self { once, twice }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use domain::search::distance;

    use super::*;

    proptest! {
        /// Words of few letters, so that many are near one another.
        #[test]
        fn exactly_the_words_that_are_near_are_found(
            words in prop::collection::btree_set("[abcé]{0,7}", 0..60),
            word in "[abcdé]{1,7}",
            slips in 0_u8..3,
            least in 0_u32..4,
        ) {
            let mut lexicon = Lexicon::default();
            let frequency = |word: &str| u32::try_from(word.len()).unwrap() % 3 + 1;
            for word in &words {
                lexicon.add(word, frequency(word));
            }
            let lexicon = lexicon.sorted();
            let found: BTreeSet<&str> = lexicon.near(&word, slips, least.into()).collect();
            let is_near = |of: &&String| distance(&word, of) <= usize::from(slips) && frequency(of) >= least;
            let expected = words.iter().filter(is_near).map(String::as_str);
            prop_assert_eq!(found, expected.collect::<BTreeSet<_>>());
            prop_assert_eq!(lexicon.len(), words.len());
        }
    }
}
