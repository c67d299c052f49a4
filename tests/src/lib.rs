//! What tests of whole hubs stand on.
//!
//! - [`federation`]: several real hubs in one process, whose rounds happen when the test says so; [`drawing`] says who
//!   pulls whom, [`api`] asks a hub as anybody would; [`form`] with files.
//! - [`relay`]: a proxy before a hub that lies. [`counter`]: one that counts. [`noise`]: one that makes noise where hints are expected.
//!   [`tls`]: one with TLS, and certificates for it.
//! - [`store`]: a hub's memory without its program, on either database of [`site`]; [`dump`] shows what readers see,
//!   [`records`] is what hubs say, [`fixture`] what older programs left, [`forge`] what only another program would say.
//! - [`judged`]: the data folder's records behind an index, and how people judge what it finds.
//! - [`simulation`]: many nodes in virtual time, from a seed.
//! - [`program`]: the real program, run as people run it.
//! - [`fleet`]: many hubs as processes; [`soak`] lets a storm blow over them, [`network`] measures what they cost.
//! - [`hostile`]: clients that mean harm, and what somebody who asks as usual notices of them.
//! - [`postgres`]: a throw-away server. [`clock`], [`entropy`], [`patience`]: time and chance in the test's hand.
//!
//! Only the network, the clock and randomness are ever replaced; the database is real.

#![expect(
    clippy::missing_panics_doc,
    reason = "in a test every fault is a panic"
)]

pub mod api;
pub mod clock;
pub mod counter;
pub mod drawing;
pub mod dump;
pub mod entropy;
pub mod federation;
pub mod fixture;
pub mod fleet;
pub mod forge;
pub mod form;
pub mod hostile;
pub mod judged;
pub mod network;
pub mod noise;
pub mod patience;
pub mod postgres;
pub mod program;
pub mod records;
pub mod relay;
pub mod simulation;
pub mod site;
pub mod soak;
pub mod store;
pub mod tls;

pub use drawing::Drawing;
pub use federation::Federation;
pub use site::Backend;
pub use store::Store;
