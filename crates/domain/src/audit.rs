//! What was done at this hub: who, when, from where, what it was before and is now. One chain of events, each with the hash of all
//! before it, so that none is changed, left out or put between unseen.
//!
//! - [`Action`] names everything that is told, [`Actor`] who did it; [`Deed`] is both with the moment and the place.
//! - [`Told`] is a deed with what became of it, [`Event`] one that has its place in the chain.
//! - [`Chain`] links events and [`Verifier`] looks whether they are whole; [`Break`] says where they are not.
//! - [`Tally`] counts what was refused, so that a flood of it becomes a few events.
//!
//! No event holds secrets or personal data beyond names of accounts: an address is there by a commitment ([`Origin`]).
//! Not here: where events are kept (`storage::audit`), what is told of each change (there, beside the change).

mod action;
mod chain;
mod event;
mod tally;

pub use action::{AuditAction as Action, AuditOutcome as Outcome};
pub use chain::{Break, Chain, Linked, Verifier};
pub use event::{Actor, Deed, Event, EventError, MOST_TEXT, Origin, Told};
pub use tally::{Refusal, Tally};
