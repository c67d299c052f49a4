//! Which tokens of hubs were used, for several processes on one database. SQLite has none: its processes remember alone.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

/// Nothing of it waits for the disk. The row without a hub says since when what is used is noted: it is gone with all
/// others after a crash of the database.
const USED_TOKENS: &[&str] = &[
    "CREATE UNLOGGED TABLE used_token (
        hub {text} NOT NULL,
        id {blob} NOT NULL,
        expires BIGINT NOT NULL,
        PRIMARY KEY (hub, id))",
    "INSERT INTO used_token (hub, id, expires)
     VALUES ('', '', CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT))",
];

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0011_used_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if dialect::is_postgres(manager) {
            dialect::run(manager, USED_TOKENS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
