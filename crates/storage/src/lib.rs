//! What a hub remembers, in SQLite or PostgreSQL.
//!
//! - [`Database`] opens either, migrates it, and hands out one writer and many readers.
//! - [`logs`] is the one door for writes: entries, payloads, tiles, checkpoint and projection in one transaction, whether
//!   written here or pulled from a peer. Commit order is log order.
//! - [`hubs`], [`agencies`], [`innovations`] and [`items`] are the projection that readers see.
//! - [`drafts`] and [`people`] never leave this hub; [`local`] changes them together with its log, [`credits`] keeps what
//!   innovations tell of people as those agreed to.
//! - [`accounts`] are who signs in at this hub; [`audit`] is what was done here, by whom.
//! - [`answers`] keeps what this hub says of replications for whom those are.
//! - [`following`] is how what is derived from the store follows it, commit by commit.
//! - [`peers`] are whom this hub pulls; [`trust`] is whom it believes, made of [`members`], [`pins`] and denials.
//! - [`leases`] are who of several processes on one database does what; [`tokens`] are what none of them takes twice.
//! - [`holders`] is what peers showed that they hold; [`samples`] tells made-up records from real ones.
//! - [`resident`] keeps the rows by which lists and relations are answered in memory.
//! - [`statistics`] are the columns by which records are counted.
//! - [`traffic`] is whether logs move in bulk, to which what can wait gives way.
//! - [`standing`] is how this hub stands with all of them; [`checkup`] looks at a database without changing it.
//!
//! Not here: what may be believed (`domain::log`, `domain::trust`), and when anything happens (`node`).

mod bulk;
mod content;
mod database;
mod error;
mod projection;
mod resident;
mod sql;

pub mod accounts;
pub mod agencies;
pub mod answers;
pub mod audit;
pub mod bodies;
pub mod checkup;
pub mod credits;
pub mod drafts;
pub mod following;
pub mod halt;
pub mod hidden;
pub mod holders;
pub mod hubs;
pub mod innovations;
pub mod items;
pub mod leases;
pub mod local;
pub mod logs;
pub mod members;
pub mod peers;
pub mod people;
pub mod pins;
pub mod samples;
pub mod standing;
pub mod statistics;
pub mod tokens;
pub mod traffic;
pub mod trust;
#[cfg(feature = "witness")]
pub mod witness;

pub use database::{Database, Location, Owner};
pub use error::StorageError;
