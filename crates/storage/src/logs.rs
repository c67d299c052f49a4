//! The one door for writes, and what is read from the logs.
//!
//! - [`issue`] writes this hub's own entries, and at the [`desk`] those that wait go together; [`apply`] stores a verified page of another's. Both pass the same door:
//!   entries, dropped payloads, tiles, checkpoint and projection in one transaction.
//! - [`heads`] is what this hub holds of every log; [`read`] gives pages and payloads to peers; [`receipt`] proves one entry.
//! - [`fill`] brings payloads that were missing; [`watching`] notes what was seen but not yet held.
//! - [`audience`] keeps of each log what this hub may have, when trust changes.
//! - [`verify`] recomputes everything from what is stored; [`repair`] puts bytes back that were changed on the disk; [`rebuild`] makes the projection anew.
//! - [`unprojected`] lists what shows nothing; [`reproject`] tries it again after an upgrade.
//!
//! - [`cutting`] takes out what does not count any more, [`aside`] keeps this hub's own of it and [`left_out`] others';
//!   [`reopening`] begins the hub's next log.
//!
//! An entry is never changed; its payload may go, when it is superseded or erased, and it goes itself only by [`cutting`].

pub mod aside;
pub mod audience;
pub mod cutting;
pub mod desk;
mod door;
pub mod fill;
pub mod heads;
mod held;
mod issuing;
mod key;
pub mod left_out;
mod pulled;
pub mod read;
pub mod rebuild;
mod receipts;
pub mod reopening;
pub mod repair;
pub mod reproject;
pub mod succession;
mod tiles;
pub mod unprojected;
pub mod verify;
pub mod watching;

pub use door::Stored;
pub(crate) use door::millis;
pub use issuing::{Issued, issue, issue_with, open_own, own_log};
pub use key::EntryKey;
pub use pulled::{adopt, apply};
pub use receipts::receipt;
