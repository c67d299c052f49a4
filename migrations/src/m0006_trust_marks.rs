//! Whom an authority ever named, and whether trust widened while a round ran.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_trust_marks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, MARKS).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A name stays when what was said of it can no longer be read, also over a rebuild: else a pin would count again for a hub
/// whose revocation somebody withholds.
const MARKS: &[&str] = &[
    "CREATE TABLE member_name (
        key BIGINT NOT NULL PRIMARY KEY,
        hub_id BIGINT NOT NULL,
        member TEXT NOT NULL) {rowless}",
    "ALTER TABLE peer ADD COLUMN trust_mark BIGINT NOT NULL DEFAULT 0",
];
