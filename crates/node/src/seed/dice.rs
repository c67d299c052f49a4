//! Numbers that look random and are the same for the same seed on every machine.

/// A generator of pseudo-random numbers (`SplitMix64`), good enough to choose words.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for one thing of a seed: throwing more for one thing changes no other.
    pub(super) fn of(seed: u64, what: &str, number: u64) -> Self {
        let mut dice = Self(seed);
        for byte in what.bytes() {
            dice.0 = dice.next() ^ u64::from(byte);
        }
        dice.0 = dice.next() ^ number;
        dice.next();
        dice
    }

    /// 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `count`, which is not 0.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(count);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// A number from `first` to `last`.
    pub(super) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// A number from 0 up to `count`, small ones far oftener: the second of the halves comes in a quarter of throws.
    pub(super) fn early(&mut self, count: u64) -> u64 {
        let one = self.below(count);
        one.min(self.below(count))
    }

    /// True in so many of a hundred throws.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A place in a list that is not empty.
    pub(super) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    /// One of a list that is not empty.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.place(from.len())]
    }

    /// One of a list, each as often as its weight says.
    pub(super) fn weigh<T: Copy>(&mut self, from: &[(u64, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in from {
            if left < *weight {
                return *choice;
            }
            left -= weight;
        }
        from[0].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed, what, number| -> Vec<u64> {
            let mut dice = Dice::of(seed, what, number);
            (0..8).map(|_| dice.below(1000)).collect()
        };
        assert_eq!(throws(7, "agency", 1), throws(7, "agency", 1));
        for other in [(8, "agency", 1), (7, "item", 1), (7, "agency", 2)] {
            assert_ne!(throws(7, "agency", 1), throws(other.0, other.1, other.2));
        }
    }

    #[test]
    fn throws_stay_within_bounds_and_reach_all_of_them() {
        let mut dice = Dice::of(1, "bounds", 0);
        let mut seen = [0_u32; 6];
        for _ in 0..600 {
            let throw = dice.between(1, 6);
            seen[usize::try_from(throw).unwrap() - 1] += 1;
        }
        assert!(seen.iter().all(|times| *times > 50), "{seen:?}");
        assert_eq!(dice.below(1), 0);
    }
}
