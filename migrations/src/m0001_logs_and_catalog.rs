//! The logs, what peers and pins are known, and the catalog that readers see.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_logs_and_catalog"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, LOGS).await?;
        dialect::run(manager, PEERS).await?;
        dialect::run(manager, CATALOG).await?;
        if dialect::is_postgres(manager) {
            dialect::run(manager, POSTGRES_STORAGE).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// An entry's key is its log's id in the upper bits and its place in the log in the lower 40, so that a log lies
/// together and in order. Texts are kept as bytes: what an origin signed may hold what a text column refuses.
const LOGS: &[&str] = &[
    "CREATE TABLE store (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        store {uuid} NOT NULL,
        network TEXT NOT NULL,
        hub TEXT NOT NULL,
        position BIGINT NOT NULL)",
    "CREATE TABLE hub (
        id {id},
        slug {text} NOT NULL UNIQUE,
        record {uuid},
        entry BIGINT,
        name TEXT,
        kind TEXT,
        region {text})",
    "CREATE TABLE log (
        id {id},
        hub_id BIGINT NOT NULL REFERENCES hub (id),
        epoch BIGINT NOT NULL,
        size BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        proved_size BIGINT NOT NULL,
        checkpoint TEXT,
        newest_seen BIGINT NOT NULL,
        position BIGINT NOT NULL,
        proved_at BIGINT,
        unproved_since BIGINT,
        forked_at BIGINT,
        parked TEXT,
        UNIQUE (hub_id, epoch))",
    "CREATE INDEX log_position ON log (position)",
    "CREATE TABLE entry (
        id {key},
        record {uuid},
        revision BIGINT,
        header {blob} NOT NULL,
        payload {blob})",
    "CREATE INDEX entry_record ON entry (record)",
    "CREATE TABLE tile (
        log_id BIGINT NOT NULL,
        level INTEGER NOT NULL,
        place BIGINT NOT NULL,
        hashes {blob} NOT NULL,
        PRIMARY KEY (log_id, level, place))",
    "CREATE TABLE missing_payload (entry {key})",
    "CREATE TABLE unprojected (
        entry {key},
        reason TEXT NOT NULL,
        detail TEXT NOT NULL)",
    "CREATE TABLE fork_evidence (
        log_id BIGINT NOT NULL,
        size BIGINT NOT NULL,
        ours TEXT NOT NULL,
        theirs TEXT NOT NULL,
        peer TEXT NOT NULL,
        found_at BIGINT NOT NULL,
        PRIMARY KEY (log_id, size))",
];

const PEERS: &[&str] = &[
    "CREATE TABLE peer (
        id {id},
        url TEXT NOT NULL UNIQUE,
        hub TEXT NOT NULL,
        added_at BIGINT NOT NULL,
        store {uuid},
        cursor TEXT,
        heads_token TEXT,
        last_round_at BIGINT,
        last_success_at BIGINT,
        failures BIGINT NOT NULL,
        strikes BIGINT NOT NULL,
        parked TEXT,
        last_error TEXT,
        rounds BIGINT NOT NULL,
        entries BIGINT NOT NULL,
        bytes_received BIGINT NOT NULL)",
    "CREATE TABLE pin (
        hub TEXT NOT NULL,
        key TEXT NOT NULL,
        first_size BIGINT NOT NULL,
        last_size BIGINT,
        added_at BIGINT NOT NULL,
        PRIMARY KEY (hub, key))",
    "CREATE TABLE stranger (
        hub TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        peer TEXT NOT NULL,
        size BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        PRIMARY KEY (hub, epoch, peer))",
];

/// A catalog row's key is the key of its record's first entry, which stays for the record's life. `entry` is the entry
/// that holds what is shown; an entry never changes, so whatever is read from it may be kept in memory.
const CATALOG: &[&str] = &[
    "CREATE TABLE hub_profile (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        record {uuid} NOT NULL,
        entry BIGINT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        region {text}) {rowless}",
    "CREATE INDEX hub_profile_hub ON hub_profile (hub_id, key)",
    "CREATE TABLE agency (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        record {uuid} NOT NULL,
        entry BIGINT NOT NULL,
        name_folded {text} NOT NULL,
        kind TEXT NOT NULL,
        region {text},
        UNIQUE (record, hub_id)) {rowless}",
    "CREATE INDEX agency_name ON agency (name_folded, key)",
    "CREATE TABLE innovation (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        record {uuid} NOT NULL,
        entry BIGINT NOT NULL,
        agency {uuid} NOT NULL,
        region {text},
        title_folded {text} NOT NULL,
        stage TEXT NOT NULL,
        adoption TEXT NOT NULL,
        year INTEGER,
        affairs BIGINT NOT NULL,
        sdgs BIGINT NOT NULL,
        published BIGINT NOT NULL,
        updated BIGINT NOT NULL) {rowless}",
    "CREATE UNIQUE INDEX innovation_record ON innovation (record, hub_id)",
    "CREATE INDEX innovation_published ON innovation (published, key)",
    "CREATE INDEX innovation_updated ON innovation (updated, key)",
    "CREATE INDEX innovation_title ON innovation (title_folded, key)",
    "CREATE INDEX innovation_hub ON innovation (hub_id, published, key)",
    "CREATE INDEX innovation_region ON innovation (region, published, key)",
    "CREATE INDEX innovation_agency ON innovation (agency, hub_id)",
    "CREATE TABLE innovation_tag (
        tag {text} NOT NULL,
        innovation BIGINT NOT NULL,
        PRIMARY KEY (tag, innovation)) {rowless}",
    "CREATE INDEX innovation_tag_innovation ON innovation_tag (innovation)",
    "CREATE TABLE external_id (
        scheme {text} NOT NULL,
        value {text} NOT NULL,
        innovation BIGINT NOT NULL,
        PRIMARY KEY (value, scheme, innovation)) {rowless}",
    "CREATE INDEX external_id_innovation ON external_id (innovation)",
];

/// Keeps a payload beside its header up to a database page, and spends no time on squeezing it.
const POSTGRES_STORAGE: &[&str] = &[
    "ALTER TABLE entry SET (toast_tuple_target = 8160)",
    "ALTER TABLE entry ALTER COLUMN payload SET STORAGE EXTERNAL",
    "ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL",
];
