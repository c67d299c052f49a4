//! The schema's history: one step per file, forward only, a released one is never edited.
//!
//! Steps are plain SQL that runs on SQLite and PostgreSQL alike; `dialect` fills in the few types whose names differ.
//! They know nobody, not even today's entities.

mod dialect;
mod m0001_logs_and_catalog;
mod m0002_payload_drops;
mod m0003_behind_since;
mod m0004_membership;
mod m0005_fork_place;
mod m0006_trust_marks;
mod m0007_audience;
mod m0008_lease;
mod m0009_epochs;
mod m0010_projection;
mod m0011_used_tokens;
mod m0012_classified;
mod m0013_answers;
mod m0014_tail;
mod m0015_left_out;
mod m0016_items;
mod m0017_drafts;
mod m0019_following;
mod m0020_hidden;
mod m0021_accounts;
mod m0022_audit;
mod m0023_second_factors;
mod m0024_agencies_of_people;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, async_trait};

/// All steps, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_logs_and_catalog::Migration),
            Box::new(m0002_payload_drops::Migration),
            Box::new(m0003_behind_since::Migration),
            Box::new(m0004_membership::Migration),
            Box::new(m0005_fork_place::Migration),
            Box::new(m0006_trust_marks::Migration),
            Box::new(m0007_audience::Migration),
            Box::new(m0008_lease::Migration),
            Box::new(m0009_epochs::Migration),
            Box::new(m0010_projection::Migration),
            Box::new(m0011_used_tokens::Migration),
            Box::new(m0012_classified::Migration),
            Box::new(m0013_answers::Migration),
            Box::new(m0014_tail::Migration),
            Box::new(m0015_left_out::Migration),
            Box::new(m0016_items::Migration),
            Box::new(m0017_drafts::Migration),
            Box::new(m0019_following::Migration),
            Box::new(m0020_hidden::Migration),
            Box::new(m0021_accounts::Migration),
            Box::new(m0022_audit::Migration),
            Box::new(m0023_second_factors::Migration),
            Box::new(m0024_agencies_of_people::Migration),
        ]
    }
}
