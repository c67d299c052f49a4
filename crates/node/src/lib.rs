//! The program `simpul`: wiring, no rules.
//!
//! - [`cli`] is what can be typed; [`commands`] has one file for each subcommand.
//! - [`config`] reads the settings, [`keys`] the key and the token, [`system`] brings time and randomness.
//! - [`hub`] opens a hub from its settings; [`serving`] runs it: [`http`] and [`tasks`].
//! - [`indexing`] keeps the search index as the store is.
//! - [`import`] turns files into drafts, [`export`] makes files, [`seed`] makes records up; [`output`] shows results and progress.
//!
//! Only this crate knows its machine: files, environment, clock, terminal.

pub mod aside;
pub mod cli;
pub mod commands;
pub mod config;
pub mod deed;
pub mod export;
pub mod guard;
pub mod http;
pub mod hub;
pub mod import;
pub mod indexing;
pub mod introduction;
pub mod keys;
pub mod output;
pub mod pace;
pub mod seed;
pub mod serving;
pub mod system;
pub mod tasks;
pub mod telemetry;
pub mod tls;
