//! Since when a log is behind the newest head that was seen of it.

crate::dialect::step!("m0003_behind_since", LOG);

/// In Unix milliseconds; nothing while the log is at the newest head that was seen.
const LOG: &[&str] = &["ALTER TABLE log ADD COLUMN behind_since BIGINT"];
