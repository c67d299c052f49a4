//! Who is a member of the network, and what an operator says against it.

crate::dialect::step!("m0004_membership", MEMBERSHIP);

/// A member's row says what one record of the log of `hub_id` says; it counts if that log is the authority's.
const MEMBERSHIP: &[&str] = &[
    "CREATE TABLE member (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        record {uuid} NOT NULL,
        entry BIGINT NOT NULL,
        body TEXT NOT NULL) {rowless}",
    "CREATE INDEX member_hub ON member (hub_id, entry)",
    "CREATE TABLE authority (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        hub TEXT NOT NULL)",
    "CREATE TABLE denial (
        hub TEXT NOT NULL PRIMARY KEY,
        added_at BIGINT NOT NULL)",
];
