//! Counting what the network's records say: the charts of a node.
//!
//! - [`Fact`] is what counts of one record, [`Told`] who says it and for whom.
//! - [`Columns`] hold the facts of all records in compact columns. They take records one by one, in any order, also ones
//!   that refer to others which have not come, and forget them again.
//! - [`Filter`] says which innovations are wanted; [`Columns::count`] makes the [`Figures`] that somebody may see of them,
//!   in one pass over what belongs to them.
//!
//! Nothing is counted that the viewer may not see, and no innovation's property is used that he may not see. A term that
//! only a newer version knows is counted as such, under its vocabulary's `OTHER`.
//!
//! What belongs to innovations lies by innovation in memory (`dossiers`), so that a count takes as long as there are innovations
//! to be counted and records of these, however many others there are.
//!
//! # Memory
//! An innovation takes about 60 bytes, a replication, transition, award, endorsement or thread 60, a need 60, a coaching
//! activity 100 and 4 for each that takes part; tables grow by doubling, so at most twice that is reserved. A reference to
//! a record that is not here takes the place that the record will take.
//!
//! Not here: where facts are read (`storage::statistics`), and the state of pulls (`standing`).

mod awards;
mod charts;
mod coaching;
mod columns;
mod count;
mod dossiers;
mod facts;
mod filter;
mod moves;
mod needs;
mod related;
mod replications;
mod rows;
mod sets;
mod slices;
#[cfg(test)]
mod tests;
mod totals;

pub use charts::{
    AffairCount, AwardCount, Chart, Charts, CoachingMonth, Figures, Flow, HubTotals, NeedGap,
    Needs, RegionCount, Replicated, ReplicationCount, Stage, StageMove, Totals, YearCount,
};
pub use columns::Columns;
pub use facts::{
    AgencyFact, AwardFact, CoachingFact, Fact, InnovationFact, NeedFact, ReplicationFact,
    ThreadFact, Told, TransitionFact,
};
pub use filter::Filter;
pub use slices::Slices;
