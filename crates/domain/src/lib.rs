//! What a hub knows and decides. Pure: no network, disk, clock or randomness of its own.
//!
//! - [`identity`] names networks, hubs, logs and records.
//! - [`entry`] is one revision of one record: header and payload, byte for byte.
//! - [`log`] proves that entries are all there and unaltered: Merkle tree, checkpoints, pages.
//! - [`healing`] says when a hub may write that may be behind what it published.
//! - [`trust`] says which key speaks for which hub, and who is in the network.
//! - [`account`] is what accounts are called; [`role`] says who may do what at this hub.
//! - [`audit`] is what was done at this hub, in one chain that shows when it is not whole.
//! - [`token`] is how one hub shows another who it is.
//! - [`standing`] says whether this hub holds what the others hold, and if not, why and since when.
//! - [`holding`] says which hubs have a record's newest entry.
//! - [`lease`] says how several processes of one hub share its work.
//! - [`catalog`] is the knowledge itself: regions, hubs, agencies, innovations.
//! - [`statistics`] counts what records say.
//! - [`search`] is how texts and what people type become words that find each other.
//! - [`bits`] are sets of small numbers, [`table`] rows that keep their places.
//! - [`rules`] names what the invariants rest on, for the simulator to take away.
//! - [`clock`] and [`entropy`] are how time and randomness come in.
//!
//! Not here: where any of it is kept (`storage`), how it travels (`sync`, `graphql`).

pub mod account;
pub mod audit;
pub mod bits;
pub mod catalog;
pub mod clock;
pub mod entropy;
pub mod entry;
pub mod healing;
pub mod holding;
pub mod identity;
pub mod lease;
pub mod log;
pub mod role;
pub mod rules;
pub mod search;
pub mod standing;
pub mod statistics;
pub mod table;
pub mod token;
pub mod trust;
