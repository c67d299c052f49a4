//! One file for each subcommand: a struct whose comments are its help, and a `run`.

pub mod bench;
pub mod demo;
pub mod deny;
pub mod doctor;
pub mod evidence;
pub mod heal;
pub mod import;
pub mod init;
pub mod join;
pub mod key;
pub mod member;
pub mod peer;
pub mod pin;
pub mod rebuild;
pub mod receipt;
pub mod recover;
pub mod repair;
pub mod schema;
pub mod seed;
pub mod serve;
pub mod status;
pub mod sync;
pub mod unprojected;
pub mod verify;
pub mod verify_receipt;
pub mod who_holds;
