//! Telling other processes on the same database that payloads were dropped, so that they forget them too.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_payload_drops"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, STORE).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// How many commits dropped payloads.
const STORE: &[&str] = &["ALTER TABLE store ADD COLUMN drops BIGINT NOT NULL DEFAULT 0"];
