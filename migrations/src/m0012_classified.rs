//! Ways to the newest innovations of a province, a stage or an adoption status, however few or old those are.

crate::dialect::step!("m0012_classified", CLASSIFIED);

/// Without them, a page of what is rare walks through all innovations by time. A province is the first two digits of a
/// region.
const CLASSIFIED: &[&str] = &[
    "CREATE INDEX innovation_province ON innovation (substr(region, 1, 2), published, key)",
    "CREATE INDEX innovation_stage ON innovation (stage, published, key)",
    "CREATE INDEX innovation_adoption ON innovation (adoption, published, key)",
];
