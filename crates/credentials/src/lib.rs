//! How somebody shows whose account it is. Pure: time and randomness come in.
//!
//! - [`password`] hashes passwords and compares them, slowly.
//! - [`secret`] makes what is told once and kept as a hash: tokens, sessions, invitations.
//!
//! Not here: where any of it is kept (`storage::accounts`), what accounts may do (`domain::role`).

pub mod password;
pub mod secret;
