//! What this hub hides of its own and others' discussions.

crate::dialect::step!("m0020_hidden", HIDDEN);

/// Threads and posts, by hub and record, since they may come and go while they are hidden.
const HIDDEN: &[&str] = &["CREATE TABLE hidden (
        record {uuid} NOT NULL,
        hub {text} NOT NULL,
        reason {text} NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (record, hub)) {rowless}"];
