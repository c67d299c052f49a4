//! Telling other processes on the same database that payloads were dropped, so that they forget them too.

crate::dialect::step!("m0002_payload_drops", STORE);

/// How many commits dropped payloads.
const STORE: &[&str] = &["ALTER TABLE store ADD COLUMN drops BIGINT NOT NULL DEFAULT 0"];
