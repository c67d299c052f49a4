//! Chance that comes again: everything that is left to it in a simulation is drawn from one seed.

use std::sync::{Arc, Mutex, PoisonError};

use domain::entropy::Entropy;

use crate::entropy::SeededEntropy;

/// Draws from a seed. Clones draw from the same row of numbers.
#[derive(Clone, Debug)]
pub struct Random(Arc<Mutex<SeededEntropy>>);

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        let entropy = SeededEntropy::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        Self(Arc::new(Mutex::new(entropy)))
    }

    fn draw(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number below a bound, which is not 0.
    pub fn below(&self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// A place in a list of this length, which is not 0.
    pub fn place(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("it is below a length")
    }

    /// True so many times of a thousand.
    pub fn chance(&self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }

    /// One of some things; there is one at least.
    pub fn pick<'a, T>(&self, things: &'a [T]) -> &'a T {
        &things[self.place(things.len())]
    }

    /// Mixes a list.
    pub fn shuffle<T>(&self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.place(last + 1));
        }
    }
}

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(buffer);
    }
}
