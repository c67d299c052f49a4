//! A hub's memory. Every test runs on SQLite and on PostgreSQL; nothing is replaced but clock and randomness.
//!
//! - `opening`: whose database it is, and coming back to it. `writing`: the hub's own entries. `desk`: those of several at once.
//! - `pulling`: pages of other hubs, honest and odd ones. `projection`: what readers see is what the entries say.
//! - `audience`, `viewers`: what is not for everybody. `left_out`, `unsettled`: what is kept for other hubs; `doubtful`: for
//!   the operator.
//! - `leases`: several processes on one database. `locks`: writers at once.
//!   `standing`: what is known of all logs. `listing`: orders and pages. `filtering`: which innovations a list holds.
//!   `following`: what changed since a commit. `statistics`: columns that follow the store. `plans`: how pages of many innovations are read.
//!   `at_once`, `resident`: lists out of memory. `trusting`: what follows when the authority says something else.
//! - `accounts`, `factors`, `identities`: who signs in, and by what.
//! - `drafts`: what stays at the hub. `erasing`: what leaves the disk. `items`: what follows from several hubs' words. `samples`: made-up records. `tokens`: what is
//!   taken once. `audit`: the chain of what was done. `upgrading`: databases of older and of newer programs.

mod accounts;
mod at_once;
mod audience;
mod audit;
mod desk;
mod doubtful;
mod drafts;
mod erasing;
mod factors;
mod filtering;
mod following;
mod identities;
mod items;
mod leases;
mod left_out;
mod listing;
mod locks;
mod opening;
mod openings;
mod plans;
mod projection;
mod pulling;
mod resident;
mod samples;
mod standing;
mod statistics;
mod tokens;
mod trusting;
mod unsettled;
mod upgrading;
mod viewers;
mod words;
mod writing;

/// What a check that finds faults finds when all is well.
const NONE: [&str; 0] = [];
