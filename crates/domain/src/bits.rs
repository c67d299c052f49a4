//! Sets of small numbers, as bits: what makes exact totals and counts of facets cheap.

/// A set of numbers. It takes an eighth of a byte for each number up to the largest; numbers above are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set, with room for numbers below a bound.
    pub fn none(bound: u32) -> Self {
        Self(vec![0; words(bound)])
    }

    /// All numbers below the bound.
    pub fn all(bound: u32) -> Self {
        let mut all = vec![u64::MAX; words(bound)];
        if let Some(last) = all.last_mut()
            && !bound.is_multiple_of(64)
        {
            *last = (1 << (bound % 64)) - 1;
        }
        Self(all)
    }

    /// The empty set of the same size.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self(vec![0; self.0.len()])
    }

    /// What it takes in memory.
    pub const fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }

    /// Adds a number, and says whether it was not there.
    pub fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// Takes a number out.
    pub fn remove(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut((number / 64) as usize) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Whether a number is there.
    pub fn contains(&self, number: u32) -> bool {
        let word = self.0.get((number / 64) as usize);
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Takes out what is not in another set.
    pub fn keep(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= other;
        }
    }

    /// Takes out the numbers of which something does not hold.
    pub fn retain(&mut self, mut holds: impl FnMut(u32) -> bool) {
        for (place, word) in (0_u32..).zip(&mut self.0) {
            for bit in ones_of(*word) {
                if !holds(place * 64 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// Adds what is in another set.
    pub fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    /// Takes out what is in another set.
    pub fn take_out(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= !other;
        }
    }

    /// How many numbers are there.
    pub fn count(&self) -> u64 {
        shared(&self.0, &self.0)
    }

    /// The numbers, the least first.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0_u32..).zip(&self.0);
        words.flat_map(|(place, word)| ones_of(*word).map(move |bit| place * 64 + bit))
    }

    /// The words that hold anything, for counting what this set shares with many others.
    pub fn filled(&self) -> Filled<'_> {
        let filled = self.0.iter().filter(|word| **word != 0).count();
        if filled * 16 > self.0.len() {
            return Filled::Dense(&self.0);
        }
        let words = (0_usize..).zip(&self.0);
        Filled::Sparse(
            words
                .filter(|(_, word)| **word != 0)
                .map(|(place, word)| (place, *word))
                .collect(),
        )
    }
}

/// The words of a set that hold anything.
#[derive(Debug)]
pub enum Filled<'a> {
    /// All words, since many hold something.
    Dense(&'a [u64]),
    /// Those that do, with their places.
    Sparse(Vec<(usize, u64)>),
}

impl Filled<'_> {
    /// How many numbers are in another set, too.
    pub fn shared(&self, other: &Bits) -> u64 {
        let count = |own: u64, other: u64| u64::from((own & other).count_ones());
        match self {
            Self::Dense(words) => shared(words, &other.0),
            Self::Sparse(words) => words
                .iter()
                .map(|(place, own)| count(*own, other.0.get(*place).copied().unwrap_or(0)))
                .sum(),
        }
    }
}

/// The numbers of the bits of a word that are set, the least first.
fn ones_of(word: u64) -> impl Iterator<Item = u32> {
    let mut left = word;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// Words that are looked at together.
type Lanes = [u64; 4];
/// So many words make a block.
const BLOCK: usize = 8 * LANES;
const LANES: usize = 4;

/// How many bits are set in both of two sequences of words. Counting the bits of a word takes a dozen steps on a processor
/// that is not known to count them, so words are first added up bit by bit (Harley and Seal; Muła, Kurz and Lemire, "Faster
/// population counts using AVX2 instructions", 2018).
fn shared(left: &[u64], right: &[u64]) -> u64 {
    let both = left.len().min(right.len());
    let (left, right) = (&left[..both], &right[..both]);
    let ((left, left_rest), (right, right_rest)) =
        (left.as_chunks::<BLOCK>(), right.as_chunks::<BLOCK>());
    let (mut ones, mut twos, mut fours) = ([0; LANES], [0; LANES], [0; LANES]);
    let mut eights = 0;
    for (left, right) in left.iter().zip(right) {
        let both = |nth: usize| -> Lanes {
            std::array::from_fn(|lane| left[nth * LANES + lane] & right[nth * LANES + lane])
        };
        let twos_of = |ones: &mut Lanes, nth: usize| add(ones, both(nth), both(nth + 1));
        let (a, b) = (twos_of(&mut ones, 0), twos_of(&mut ones, 2));
        let fours_a = add(&mut twos, a, b);
        let (a, b) = (twos_of(&mut ones, 4), twos_of(&mut ones, 6));
        let fours_b = add(&mut twos, a, b);
        eights += count(add(&mut fours, fours_a, fours_b));
    }
    let rest = left_rest.iter().zip(right_rest);
    let rest = rest.map(|(left, right)| u64::from((left & right).count_ones()));
    8 * eights + 4 * count(fours) + 2 * count(twos) + count(ones) + rest.sum::<u64>()
}

/// Adds two words to a sum bit by bit, and gives what carries over.
fn add(sum: &mut Lanes, one: Lanes, other: Lanes) -> Lanes {
    std::array::from_fn(|lane| {
        let (held, one, other) = (sum[lane], one[lane], other[lane]);
        let half = held ^ one;
        sum[lane] = half ^ other;
        (held & one) | (half & other)
    })
}

fn count(lanes: Lanes) -> u64 {
    lanes.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn words(bound: u32) -> usize {
    bound.div_ceil(64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use super::*;

    fn bits(numbers: &BTreeSet<u32>, bound: u32) -> Bits {
        let mut bits = Bits::none(bound);
        for number in numbers {
            bits.insert(*number);
        }
        bits
    }

    proptest! {
        #[test]
        fn they_are_sets(
            left in prop::collection::btree_set(0_u32..300, 0..40),
            right in prop::collection::btree_set(0_u32..300, 0..250),
            bound in 0_u32..400,
        ) {
            let set = |bits: &Bits| bits.iter().collect::<BTreeSet<u32>>();
            let (l, r) = (bits(&left, 300), bits(&right, bound));
            prop_assert_eq!(set(&l), left.clone());
            prop_assert_eq!(l.count(), left.len() as u64);
            prop_assert_eq!(l.filled().shared(&r), left.intersection(&right).count() as u64);
            prop_assert_eq!(r.filled().shared(&l), left.intersection(&right).count() as u64);
            let mut kept = l.clone();
            kept.keep(&r);
            prop_assert_eq!(set(&kept), left.intersection(&right).copied().collect());
            let mut added = l.clone();
            added.add(&r);
            prop_assert_eq!(set(&added), left.union(&right).copied().collect());
            let mut rest = l.clone();
            rest.take_out(&r);
            prop_assert_eq!(set(&rest), left.difference(&right).copied().collect());
            let mut even = l.clone();
            even.retain(|number| number % 2 == 0);
            prop_assert_eq!(set(&even), left.iter().copied().filter(|number| number % 2 == 0).collect());
            prop_assert_eq!(Bits::all(300).count(), 300);
            prop_assert!(right.iter().all(|number| r.contains(*number)));
        }
    }

    proptest! {
        #[test]
        fn long_sequences_are_counted_as_word_by_word(
            left in prop::collection::vec(any::<u64>(), 0..200),
            right in prop::collection::vec(any::<u64>(), 200),
        ) {
            let expected: u32 = left.iter().zip(&right).map(|(l, r)| (l & r).count_ones()).sum();
            prop_assert_eq!(shared(&left, &right[..left.len()]), u64::from(expected));
        }
    }
}
