//! Tests of whole hubs: one program, so that it is linked once.
//!
//! - `scenarios`: hubs together, through the public API. `liars`: what a lying relay achieves (nothing).
//!   `tails`: what no checkpoint vouches for gives way. `membership`: whom the authority names; `stolen_keys`: what a
//!   thief signed. `hints`: hubs that tell one another at once. `healing`: hubs that were put back.
//! - `storage`: a hub's memory, on both databases. `api`: one hub's answers; `items`: the records that
//!   belong to others; `drafts`, `credits`: what stays at a hub, and what leaves it. `statistics`: what is counted. `processes`: the
//!   real program;
//!   `doctor`: what it finds wrong; `repair`: what it mends; `upgrade`: what an older one left;
//!   `together`: several on one database; `tls`: over HTTPS; `seeding`: made-up records;
//!   `in_and_out`: files into a hub and out of one. `at_once`: who writes reads it at once. `bounds`: how much a supplier can make a hub take, and wait.
//! - `searching`: finding by words, and an index that follows the store. `queries`: the cookbook's.
//! - `audit`: what was done is told, by whom, and no more than that.
//! - `simulation`: many nodes in virtual time. `schema`, `architecture`, `tidy`: what must stay true of the source.
//!   `courses`: what is told of steps is what the rules say. `conformance`: suites of others; `oracle`: what is valid
//!   GraphQL, by a second implementation; `leaks`: whatever is asked, nobody reads what is not theirs; `secrets`: keys that a passphrase protects;
//!   `asking`: what settings close and bound; `serving`: how a hub serves the internet; `uploads`: requests with files. `asvs`: what the
//!   checklist says is so. `reader`: an independent implementation.

#![expect(
    clippy::unwrap_used,
    reason = "in a test every fault is a panic, also in what several tests share"
)]

/// Makes two tests of each function, one for each database.
macro_rules! on_both_databases {
    ($($name:ident,)+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(testkit::Backend::Sqlite).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(testkit::Backend::Postgres).await;
            })+
        }
    };
}

mod accounts;
mod api;
mod architecture;
mod asking;
mod asvs;
mod at_once;
mod audience;
mod audit;
mod bounds;
mod commands;
mod conformance;
mod courses;
mod credits;
mod doctor;
mod drafts;
mod healing;
mod hints;
mod importing;
mod in_and_out;
mod items;
mod leaks;
mod left_out;
mod liars;
mod membership;
mod oracle;
mod plans;
mod processes;
mod queries;
mod reader;
mod repair;
mod retired_keys;
mod scenarios;
mod schema;
mod searching;
mod secrets;
mod seeding;
mod serving;
mod simulation;
mod soak;
mod statistics;
mod stolen_keys;
mod storage;
mod tails;
mod tidy;
mod tls;
mod together;
mod turns;
mod upgrade;
mod uploads;
