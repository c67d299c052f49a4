//! Under which rules an entry that shows nothing was last tried, so that a newer program tries it again.

crate::dialect::step!("m0010_projection", UNPROJECTED);

/// 0 for what was tried before rules had numbers.
const UNPROJECTED: &[&str] = &[
    "ALTER TABLE unprojected ADD COLUMN rules BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX unprojected_rules ON unprojected (rules, entry)",
];
