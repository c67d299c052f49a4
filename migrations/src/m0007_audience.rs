//! For whom entries and catalog rows are, what is kept of each log because of it, and what peers hold.

crate::dialect::step!("m0007_audience", AUDIENCE);

/// An audience is kept as its rank: 0 for everybody, 1 for the network, 2 for one of a newer version. A log's sight is the
/// highest rank of which payloads are kept. Nothing but public payloads was kept before, so 0 is right for all that is here.
const AUDIENCE: &[&str] = &[
    "ALTER TABLE entry ADD COLUMN audience INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX entry_hidden ON entry (id) WHERE audience <> 0",
    "ALTER TABLE innovation ADD COLUMN audience INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX innovation_hidden ON innovation (key) WHERE audience <> 0",
    "ALTER TABLE agency ADD COLUMN audience INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX agency_hidden ON agency (key) WHERE audience <> 0",
    "ALTER TABLE log ADD COLUMN sight INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE store ADD COLUMN trust_mark BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE store ADD COLUMN settled_mark BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE peer_head (
        peer BIGINT NOT NULL,
        log BIGINT NOT NULL,
        size BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        PRIMARY KEY (peer, log)) {rowless}",
];
