//! Keeping the search index as the store is.
//!
//! - [`follow`] is the task that does it: it is woken by commits, and looks at what they changed.
//! - [`follower`] carries it out: what changed since a commit, or everything, compared with what the index has.
//!
//! The index is never asked for what the store knows, and nothing that writes to the store waits for it.

pub mod follow;
pub mod follower;
