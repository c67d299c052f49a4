//! What vouches for the entries of a log that lie beyond its newest checkpoint.

crate::dialect::step!("m0014_tail", TAIL);

/// The checkpoint to which the last page led, while its size is not reached.
const TAIL: &[&str] = &["ALTER TABLE log ADD COLUMN tail TEXT"];
