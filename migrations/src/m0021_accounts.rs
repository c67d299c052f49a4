//! Accounts of this hub with their roles, and what shows whose account it is. They stay at this hub.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

/// Of passwords, sessions, tokens and invitations only hashes are kept. Moments are Unix milliseconds. `failures` counts since
/// the last success, and nobody signs in before `paused_until`. The agency of a grant that is of the whole hub is '', and so is that of a draft which names none yet.
const ACCOUNTS: &[&str] = &[
    "CREATE TABLE account (
        id {uuid} NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL,
        name {text} NOT NULL UNIQUE,
        display TEXT NOT NULL,
        password TEXT,
        failures BIGINT NOT NULL DEFAULT 0,
        paused_until BIGINT NOT NULL DEFAULT 0,
        disabled INTEGER NOT NULL DEFAULT 0,
        created BIGINT NOT NULL,
        seen BIGINT)",
    "CREATE TABLE account_grant (
        account {uuid} NOT NULL,
        role {text} NOT NULL,
        agency {text} NOT NULL,
        PRIMARY KEY (account, role, agency)) {rowless}",
    "CREATE TABLE account_invitation (
        hash {blob} NOT NULL PRIMARY KEY,
        account {uuid} NOT NULL,
        expires BIGINT NOT NULL)",
    "CREATE INDEX account_invitation_account ON account_invitation (account)",
    "CREATE TABLE account_session (
        hash {blob} NOT NULL PRIMARY KEY,
        id {uuid} NOT NULL UNIQUE,
        account {uuid} NOT NULL,
        created BIGINT NOT NULL,
        seen BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        client TEXT NOT NULL)",
    "CREATE INDEX account_session_account ON account_session (account, created)",
    "CREATE INDEX account_session_expires ON account_session (expires)",
    "CREATE TABLE account_token (
        hash {blob} NOT NULL PRIMARY KEY,
        id {uuid} NOT NULL UNIQUE,
        account {uuid} NOT NULL,
        name TEXT NOT NULL,
        hint TEXT NOT NULL,
        scope {text} NOT NULL,
        created BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        seen BIGINT)",
    "CREATE INDEX account_token_account ON account_token (account, created)",
    "ALTER TABLE draft ADD COLUMN agency {text} NOT NULL DEFAULT ''",
    "CREATE INDEX draft_agency ON draft (agency, updated, record)",
];

/// The agency of drafts that are there already.
const AGENCIES: [&str; 2] = [
    "UPDATE draft SET agency = COALESCE(json_extract(body, '$.agency'), '')",
    "UPDATE draft SET agency = COALESCE(body::jsonb ->> 'agency', '')",
];

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0021_accounts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, ACCOUNTS).await?;
        let agencies = AGENCIES[usize::from(dialect::is_postgres(manager))];
        dialect::run(manager, &[agencies]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
