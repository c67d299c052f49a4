//! A storm over real hubs, and what must hold when it is over.
//!
//! - [`plan`]: what happens, drawn from a seed. Pure.
//! - [`ledger`]: what was written, and what of it must still be there at the end.
//! - [`storm`]: the plan carried out.
//! - [`quiet`]: what must hold when links are whole, all hubs run and nobody writes.

pub mod ledger;
pub mod plan;
pub mod quiet;
pub mod storm;
