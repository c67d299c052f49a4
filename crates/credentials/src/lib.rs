//! How somebody shows whose account it is. Pure: time and randomness come in.
//!
//! - [`password`] hashes passwords and compares them, slowly.
//! - [`secret`] makes what is told once and kept as a hash: tokens, sessions, invitations.
//! - [`totp`] is a second factor: codes that an app shows. [`recovery`] are codes on paper instead.
//!
//! Not here: where any of it is kept (`storage::accounts`), what accounts may do (`domain::role`), passkeys (`passkeys`),
//! accounts of other systems (`oidc`).

pub mod password;
pub mod recovery;
pub mod secret;
pub mod totp;
