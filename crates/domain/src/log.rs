//! What proves that a log's entries are all there and unaltered (protocol section 4).
//!
//! - [`struct@Hash`], [`TreeEdge`], [`TileId`] and [`Tiles`]: the Merkle tree of RFC 6962, kept as tiles; [`Frontier`]: the same
//!   in as few hashes as can be, where nothing is kept.
//! - [`proof`]: that an entry is in a tree, and that one tree continues another.
//! - [`Checkpoint`], [`SignedCheckpoint`]: the origin's word on size and root, a signed note.
//! - [`Page`]: entries on their way from one hub to another; only [`Page::verify`] makes a [`VerifiedPage`].
//! - [`Intake`]: what becomes of entries that are taken in: kept, shown, superseded, missing.
//! - [`Receipt`]: one entry with everything that proves it, for people without a node.
//! - [`Opening`]: what a hub's next log keeps of the one before; [`left_out`]: what others keep beside it for the hub.
//! - [`LogState`]: how far this hub has come with a log, in one word.

mod checkpoint;
mod frontier;
mod hash;
mod intake;
mod key;
pub mod left_out;
mod note;
mod page;
pub mod proof;
mod receipt;
mod state;
mod succession;
mod tile;
mod tree;
#[cfg(test)]
mod vectors;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, heads_token};
pub use frontier::Frontier;
pub use hash::Hash;
pub use intake::{Held, Intake};
pub use key::{KeyError, PublicKey, SigningKey};
pub use page::{
    MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, Page, PageError, RawEntry, VerifiedEntry, VerifiedPage,
    VerifiedStretch,
};
pub use receipt::{Receipt, ReceiptError, VerifiedReceipt};
pub use state::{LogFacts, LogState};
pub use succession::{
    Accepted, Opening, OpeningError, Settlement, epoch_past, first_epoch, may_begin, needs_opening,
};
pub use tile::{TILE_WIDTH, TileId, Tiles};
pub use tree::{Append, TreeEdge};
