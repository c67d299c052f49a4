//! What was done at this hub: events that are only ever appended. The databases themselves refuse to change or remove one.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect;

/// `text` is what is hashed; the other columns of an event say the same, for lists. Of `audit_chain` there is one row: where the
/// chain ends, and up to where its beginning was cut off. `audit_origin` holds addresses, which go after a while.
const AUDIT: &[&str] = &[
    "CREATE TABLE audit_event (
        seq {key},
        at BIGINT NOT NULL,
        actor {text} NOT NULL,
        action {text} NOT NULL,
        outcome {text} NOT NULL,
        object {text} NOT NULL,
        text {blob} NOT NULL,
        hash {blob} NOT NULL)",
    "CREATE INDEX audit_event_at ON audit_event (at, seq)",
    "CREATE INDEX audit_event_actor ON audit_event (actor, seq)",
    "CREATE INDEX audit_event_action ON audit_event (action, seq)",
    "CREATE INDEX audit_event_outcome ON audit_event (outcome, seq)",
    "CREATE INDEX audit_event_object ON audit_event (object, seq)",
    "CREATE TABLE audit_chain (
        id INTEGER NOT NULL PRIMARY KEY,
        seq BIGINT NOT NULL,
        hash {blob} NOT NULL,
        cut_seq BIGINT NOT NULL,
        cut_hash {blob} NOT NULL)",
    "CREATE TABLE audit_origin (
        seq {key},
        salt {blob} NOT NULL,
        address TEXT NOT NULL,
        at BIGINT NOT NULL)",
    "CREATE INDEX audit_origin_at ON audit_origin (at)",
];

const SQLITE: &[&str] = &[
    "CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event
        BEGIN SELECT RAISE(ABORT, 'events of the audit are not changed'); END",
    "CREATE TRIGGER audit_event_delete BEFORE DELETE ON audit_event
        WHEN OLD.seq > (SELECT MAX(cut_seq) FROM audit_chain)
        BEGIN SELECT RAISE(ABORT, 'events of the audit are not removed'); END",
    "CREATE TRIGGER audit_chain_update BEFORE UPDATE ON audit_chain
        WHEN NEW.seq < OLD.seq OR NEW.cut_seq < OLD.cut_seq OR NEW.cut_seq > NEW.seq
        BEGIN SELECT RAISE(ABORT, 'the audit does not go back'); END",
    "CREATE TRIGGER audit_chain_delete BEFORE DELETE ON audit_chain
        BEGIN SELECT RAISE(ABORT, 'the end of the audit is not removed'); END",
];

const POSTGRES: &[&str] = &[
    "CREATE FUNCTION audit_event_kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND OLD.seq <= (SELECT MAX(cut_seq) FROM audit_chain) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'events of the audit are neither changed nor removed';
        END $$",
    "CREATE FUNCTION audit_chain_kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND NEW.seq >= OLD.seq AND NEW.cut_seq >= OLD.cut_seq AND NEW.cut_seq <= NEW.seq THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'the audit does not go back';
        END $$",
    "CREATE FUNCTION audit_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the audit is not emptied'; END $$",
    "CREATE TRIGGER audit_event_kept BEFORE UPDATE OR DELETE ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_event_kept()",
    "CREATE TRIGGER audit_chain_kept BEFORE UPDATE OR DELETE ON audit_chain
        FOR EACH ROW EXECUTE FUNCTION audit_chain_kept()",
    "CREATE TRIGGER audit_event_not_emptied BEFORE TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION audit_not_emptied()",
    "CREATE TRIGGER audit_chain_not_emptied BEFORE TRUNCATE ON audit_chain
        FOR EACH STATEMENT EXECUTE FUNCTION audit_not_emptied()",
];

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0022_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, AUDIT).await?;
        let triggers = [SQLITE, POSTGRES][usize::from(dialect::is_postgres(manager))];
        dialect::run(manager, triggers).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
