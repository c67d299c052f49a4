//! Cases that must be refused: a case that holds, with one thing changed.
//!
//! - [`texts`]: keys, checkpoints, headers and payloads.
//! - [`proofs`]: what proves entries: paths, pages and receipts.

mod proofs;
mod texts;

pub(super) use proofs::{pages, proofs, receipts};
pub(super) use texts::{checkpoints, headers, keys, payloads, wrong_size};
