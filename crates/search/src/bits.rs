//! Sets of documents of one segment, as bits: what makes exact totals and counts of facets cheap.

/// A set of numbers below a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set.
    pub(crate) fn none(bound: u32) -> Self {
        Self(vec![0; words(bound)])
    }

    /// All numbers below the bound.
    pub(crate) fn all(bound: u32) -> Self {
        let mut all = vec![u64::MAX; words(bound)];
        if let Some(last) = all.last_mut()
            && !bound.is_multiple_of(64)
        {
            *last = (1 << (bound % 64)) - 1;
        }
        Self(all)
    }

    /// The empty set below the same bound.
    pub(crate) fn emptied(&self) -> Self {
        Self(vec![0; self.0.len()])
    }

    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }

    pub(crate) fn insert(&mut self, number: u32) {
        self.0[(number / 64) as usize] |= 1 << (number % 64);
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.0[(number / 64) as usize] &= !(1 << (number % 64));
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        self.0[(number / 64) as usize] & (1 << (number % 64)) != 0
    }

    pub(crate) fn keep(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= other;
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    pub(crate) fn take_out(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= !other;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.0).flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(place * 64 + bit)
            })
        })
    }

    /// The words that hold anything, for counting what this set shares with many others.
    pub(crate) fn filled(&self) -> Filled<'_> {
        let filled = self.0.iter().filter(|word| **word != 0).count();
        if filled * 4 > self.0.len() {
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
pub(crate) enum Filled<'a> {
    Dense(&'a [u64]),
    Sparse(Vec<(usize, u64)>),
}

impl Filled<'_> {
    /// How many numbers are in another set, too.
    pub(crate) fn shared(&self, other: &Bits) -> u64 {
        let count = |own: u64, other: u64| u64::from((own & other).count_ones());
        match self {
            Self::Dense(words) => words
                .iter()
                .zip(&other.0)
                .map(|(own, other)| count(*own, *other))
                .sum(),
            Self::Sparse(words) => words
                .iter()
                .map(|(place, own)| count(*own, other.0[*place]))
                .sum(),
        }
    }
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
        ) {
            let set = |bits: &Bits| bits.iter().collect::<BTreeSet<u32>>();
            let (l, r) = (bits(&left, 300), bits(&right, 300));
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
            prop_assert_eq!(Bits::all(300).count(), 300);
            prop_assert!(right.iter().all(|number| r.contains(*number)));
        }
    }
}
