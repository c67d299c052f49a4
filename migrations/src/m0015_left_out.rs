//! What hubs' next logs leave out of the logs before, kept for the hubs that wrote it.

crate::dialect::step!("m0015_left_out", LEFT_OUT);

/// `left_out` is a stretch of a log, from `start` up to `size`, that its hub's next log does not accept, and the hub's own
/// checkpoint over it; `left_out_tile` holds the tiles of the tree that the log itself has not. What was kept of others
/// before could not be proved, nor did anybody read it.
const LEFT_OUT: &[&str] = &[
    "CREATE TABLE left_out (
        id {id},
        log_id BIGINT NOT NULL REFERENCES log (id),
        start BIGINT NOT NULL,
        size BIGINT NOT NULL,
        checkpoint TEXT NOT NULL,
        at BIGINT NOT NULL)",
    "CREATE INDEX left_out_log ON left_out (log_id)",
    "CREATE TABLE left_out_entry (
        left_out BIGINT NOT NULL REFERENCES left_out (id),
        place BIGINT NOT NULL,
        record {uuid},
        audience INTEGER NOT NULL,
        header {blob} NOT NULL,
        payload {blob},
        PRIMARY KEY (left_out, place))",
    "CREATE INDEX left_out_entry_record ON left_out_entry (record)",
    "CREATE TABLE left_out_tile (
        left_out BIGINT NOT NULL REFERENCES left_out (id),
        level INTEGER NOT NULL,
        place BIGINT NOT NULL,
        hashes {blob} NOT NULL,
        PRIMARY KEY (left_out, level, place))",
    "DELETE FROM set_aside WHERE reason = 'foreign'",
];
