//! Where the two histories of a forked log part.

crate::dialect::step!("m0005_fork_place", EVIDENCE);

/// The first entry that differs; nothing where only the roots at one size are known to differ.
const EVIDENCE: &[&str] = &["ALTER TABLE fork_evidence ADD COLUMN differs_at BIGINT"];
