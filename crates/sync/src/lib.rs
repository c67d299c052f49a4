//! Pulling peers until every hub holds the same logs.
//!
//! - [`plan`] decides what to do about a log, and when to come back. Pure.
//! - [`outgoing`] says where this hub's own requests may go.
//! - [`peer`] asks, over the peer's public GraphQL schema: [`peer::HttpPeer`] is the real one.
//! - [`round`] carries the decisions out and stores what verifies.
//! - [`hint`] hears at once when a peer changed, so that a round need not wait for its turn.
//! - [`store`] is what a round needs of the node's memory.
//! - [`healing`] brings a hub back to writing that may be behind what it published.
//! - [`repair`] asks for entries whose bytes were changed here.
//!
//! A round may stop anywhere and be run again: a page is stored whole or not at all.
//! Not here: when rounds happen (`node::tasks`), what proves a page (`domain::log`).

pub mod documents;
pub mod healing;
pub mod hint;
pub mod outgoing;
pub mod peer;
pub mod plan;
pub mod repair;
pub mod round;
pub mod store;
