//! The records that belong to others, indexed by what they refer to; what an innovation counts of them.

crate::dialect::step!("m0016_items", ITEMS);

/// `word` is what the record says of its own state, `state` what follows from it together with others' words. `label` is
/// by what records of one kind are told apart when they are counted, `place` orders their lists. A link names its target
/// by hub and record, since the target may not have arrived.
const ITEMS: &[&str] = &[
    "CREATE TABLE item (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        record {uuid} NOT NULL,
        entry BIGINT NOT NULL,
        kind {text} NOT NULL,
        audience INTEGER NOT NULL,
        word {text},
        state {text},
        standing {text},
        label {text},
        place BIGINT NOT NULL,
        region {text},
        published BIGINT NOT NULL,
        updated BIGINT NOT NULL) {rowless}",
    "CREATE UNIQUE INDEX item_record ON item (record, hub_id)",
    "CREATE INDEX item_place ON item (kind, place, key)",
    "CREATE INDEX item_hub ON item (hub_id, kind, place, key)",
    "CREATE INDEX agency_hub ON agency (hub_id, name_folded, key)",
    "CREATE INDEX item_hidden ON item (hub_id, kind, key) WHERE audience <> 0",
    "CREATE TABLE item_link (
        item BIGINT NOT NULL,
        role {text} NOT NULL,
        hub {text} NOT NULL,
        record {uuid} NOT NULL,
        PRIMARY KEY (record, role, item)) {rowless}",
    "CREATE INDEX item_link_item ON item_link (item)",
    "ALTER TABLE innovation ADD COLUMN replications BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE innovation ADD COLUMN replications_done BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE innovation ADD COLUMN replications_confirmed BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE innovation ADD COLUMN endorsements BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE innovation ADD COLUMN awards BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE innovation ADD COLUMN current_at BIGINT NOT NULL DEFAULT 0",
    "UPDATE innovation SET current_at = updated",
    "CREATE INDEX innovation_current ON innovation (current_at, key)",
    "CREATE INDEX innovation_replications ON innovation (replications, key)",
];
