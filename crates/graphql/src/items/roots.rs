//! What can be asked and said of the records that belong to others, together.

use async_graphql::MergedObject;

use super::coaching::CoachingQuery;
use super::coaching::writing::CoachingMutation;
use super::discussion::DiscussionQuery;
use super::discussion::hiding::HidingMutation;
use super::discussion::writing::DiscussionMutation;
use super::flawed::FlawedQuery;
use super::lineage::LineageQuery;
use super::merits::MeritQuery;
use super::merits::writing::MeritMutation;
use super::needs::NeedQuery;
use super::needs::writing::NeedMutation;
use super::progress::writing::ProgressMutation;
use super::replications::ReplicationQuery;
use super::replications::writing::ReplicationMutation;
use super::writing::ItemMutation;

/// What can be asked of records that belong to others.
#[derive(Default, MergedObject)]
pub(crate) struct ItemsQuery(
    ReplicationQuery,
    LineageQuery,
    FlawedQuery,
    MeritQuery,
    CoachingQuery,
    DiscussionQuery,
    NeedQuery,
);

/// What can be said in records that belong to others.
#[derive(Default, MergedObject)]
pub(crate) struct ItemsMutation(
    ProgressMutation,
    ReplicationMutation,
    MeritMutation,
    CoachingMutation,
    DiscussionMutation,
    HidingMutation,
    NeedMutation,
    ItemMutation,
);
