//! Cases that must be refused: a case that holds, with one thing changed.
//!
//! - [`bodies`]: what is said of members.
//! - [`texts`]: keys, checkpoints, headers and payloads.
//! - [`proofs`]: what proves entries: paths, pages and receipts.

mod bodies;
mod proofs;
mod texts;

pub(super) use bodies::memberships;
pub(super) use proofs::{pages, proofs, receipts};
pub(super) use texts::{checkpoints, headers, keys, payloads, wrong_size};
