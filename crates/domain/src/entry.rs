//! Entries: one revision of one record each, kept and relayed byte for byte (protocol section 3).
//!
//! - [`header`] is what is always present and what the log's tree is over.
//! - [`payload`] is the body behind it, which may be absent: superseded, erased, or not for this hub.
//! - [`draft`] makes both at the origin.
//!
//! Texts are never re-serialised: the parsed [`Header`] is a reading of the bytes beside it.

mod draft;
mod header;
mod payload;

pub use draft::{Change, EntryDraft, SealError, SealedEntry};
pub use header::{Audience, DeletionReason, Header, HeaderError, Kind, Operation, Sight};
pub use payload::{Payload, PayloadError};

/// The longest header, in bytes.
pub const MAX_HEADER_BYTES: usize = 1024;
/// The longest payload, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;
/// The header version that this program writes and interprets.
pub const HEADER_VERSION: u32 = 1;
/// The payload schema that this program writes.
pub const PAYLOAD_SCHEMA: u32 = 1;
