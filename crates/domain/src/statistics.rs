//! Counting what the network's records say: the charts of a node.
//!
//! - [`Fact`] is what counts of one record, [`Told`] who says it and for whom.
//! - [`Columns`] hold the facts of all records in compact columns. They take records one by one, in any order, also ones
//!   that refer to others which have not come, and forget them again.
//! - [`Filter`] says which innovations are wanted; [`Columns::count`] makes the [`Figures`] that somebody may see of them,
//!   in one pass over each column.
//!
//! Nothing is counted that the viewer may not see, and no innovation's property is used that he may not see. A term that
//! only a newer version knows is counted as such, under its vocabulary's `OTHER`.
//!
//! # Memory
//! An innovation takes about 60 bytes, a replication, transition, award, endorsement, thread or need 40 to 50, a coaching
//! activity 60 and 4 for each that takes part; tables grow by doubling, so at most twice that is reserved. A reference to
//! a record that is not here takes the place that the record will take.
//!
//! Not here: where facts are read (`storage::statistics`), and the state of pulls (`standing`).

mod charts;
mod columns;
mod count;
mod facts;
mod filter;
mod flows;
mod groups;
mod replications;
mod rows;
mod sets;
pub mod table;
#[cfg(test)]
mod tests;

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
