//! Whom an authority ever named, and whether trust widened while a round ran.

crate::dialect::step!("m0006_trust_marks", MARKS);

/// A name stays when what was said of it can no longer be read, also over a rebuild: else a pin would count again for a hub
/// whose revocation somebody withholds.
const MARKS: &[&str] = &[
    "CREATE TABLE member_name (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        member TEXT NOT NULL) {rowless}",
    "ALTER TABLE peer ADD COLUMN trust_mark BIGINT NOT NULL DEFAULT 0",
];
