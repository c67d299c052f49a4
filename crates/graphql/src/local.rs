//! What stays at this hub: drafts, people, accounts, and what was done here.

use async_graphql::MergedObject;

use crate::accounts::{AccountMutation, AccountQuery};
use crate::audit::AuditQuery;
use crate::drafts::DraftQuery;
use crate::drafts::writing::DraftMutation;
use crate::people::{PersonMutation, PersonQuery};

/// What can be asked of what stays at this hub.
#[derive(Default, MergedObject)]
pub(crate) struct LocalQuery(DraftQuery, PersonQuery, AccountQuery, AuditQuery);

/// What can be done with what stays at this hub.
#[derive(Default, MergedObject)]
pub(crate) struct LocalMutation(DraftMutation, PersonMutation, AccountMutation);
