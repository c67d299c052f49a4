//! Since when a log is behind the newest head that was seen of it.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_behind_since"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, LOG).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// In Unix milliseconds; nothing while the log is at the newest head that was seen.
const LOG: &[&str] = &["ALTER TABLE log ADD COLUMN behind_since BIGINT"];
