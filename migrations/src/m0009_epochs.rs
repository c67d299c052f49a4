//! What a hub's next log accepts of the one before, what was set aside by it, and why nothing is written at present.

crate::dialect::step!("m0009_epochs", EPOCHS);

/// `accepted_by` is the epoch of the log that says so. `set_aside` holds entries of histories that do not count: of the
/// hub's own with their payloads, to be issued again, of others without. `outcome` says what became of one. `branch` are
/// the heads of other histories of the hub's own log that were dealt with.
const EPOCHS: &[&str] = &[
    "ALTER TABLE log ADD COLUMN accepted_size BIGINT",
    "ALTER TABLE log ADD COLUMN accepted_root {blob}",
    "ALTER TABLE log ADD COLUMN accepted_by BIGINT",
    "ALTER TABLE store ADD COLUMN halt TEXT",
    "ALTER TABLE store ADD COLUMN halted_at BIGINT",
    "CREATE TABLE set_aside (
        id {id},
        log_id BIGINT NOT NULL,
        place BIGINT NOT NULL,
        leaf {blob} NOT NULL,
        record {uuid},
        header {blob} NOT NULL,
        payload {blob},
        reason TEXT NOT NULL,
        at BIGINT NOT NULL,
        outcome TEXT,
        UNIQUE (log_id, place, leaf))",
    "CREATE INDEX set_aside_record ON set_aside (record)",
    "CREATE TABLE branch (
        log_id BIGINT NOT NULL,
        size BIGINT NOT NULL,
        root {blob} NOT NULL,
        PRIMARY KEY (log_id, size, root)) {rowless}",
];
