//! What stays at this hub: drafts, people and accounts.

use async_graphql::MergedObject;

use crate::accounts::{AccountMutation, AccountQuery};
use crate::drafts::DraftQuery;
use crate::drafts::writing::DraftMutation;
use crate::people::{PersonMutation, PersonQuery};

/// What can be asked of what stays at this hub.
#[derive(Default, MergedObject)]
pub(crate) struct LocalQuery(DraftQuery, PersonQuery, AccountQuery);

/// What can be done with what stays at this hub.
#[derive(Default, MergedObject)]
pub(crate) struct LocalMutation(DraftMutation, PersonMutation, AccountMutation);
