//! Where the two histories of a forked log part.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_fork_place"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, EVIDENCE).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The first entry that differs; nothing where only the roots at one size are known to differ.
const EVIDENCE: &[&str] = &["ALTER TABLE fork_evidence ADD COLUMN differs_at BIGINT"];
