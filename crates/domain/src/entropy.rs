//! Randomness as an input: the program brings the system's, the tests a seeded one.

/// Fills buffers with random bytes that nobody can foretell.
pub trait Entropy: Send + Sync {
    /// Overwrites the whole buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}
