//! To which agency of this hub things belong, for those who may do something with their own agency's only.
//!
//! Not here: what roles may do (`domain::role`), who asks ([`crate::context::Viewer`]).

use async_graphql::Context;
use domain::identity::{RecordId, RecordRef};
use domain::role::Action;
use storage::bodies::Item;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::innovations;
use crate::items::{self, Shown};

/// Refuses those who may not do something with a record of this hub.
pub(crate) async fn require_of(
    ctx: &Context<'_>,
    action: Action,
    record: &RecordRef,
) -> Result<(), ApiError> {
    if ctx.viewer().may(action) {
        return Ok(());
    }
    let agency = agency_of(ctx, record).await?;
    ctx.viewer().require_of(action, agency)
}

/// The agency of this hub to which a record belongs; nothing for one that is the hub's as a whole, or is not here.
async fn agency_of(ctx: &Context<'_>, record: &RecordRef) -> Result<Option<RecordId>, ApiError> {
    if record.hub != *ctx.db().hub() {
        return Ok(None);
    }
    let key = (record.hub.clone(), record.record);
    if let Some(innovation) = innovations::load(ctx, key.clone()).await? {
        return Ok(Some(innovation.said().agency));
    }
    let Some(shown) = items::find(ctx, key).await? else {
        return Ok(None);
    };
    match belongs_to(ctx, &shown) {
        Belongs::Agency(agency) => Ok(Some(agency)),
        Belongs::Record(to) if to.record != record.record => Box::pin(agency_of(ctx, &to)).await,
        Belongs::Record(_) | Belongs::Hub => Ok(None),
    }
}

/// To what an item belongs.
enum Belongs {
    Agency(RecordId),
    Record(RecordRef),
    Hub,
}

fn belongs_to(ctx: &Context<'_>, shown: &Shown) -> Belongs {
    let here = |record: RecordId| {
        Belongs::Record(RecordRef {
            hub: ctx.db().hub().clone(),
            record,
        })
    };
    match shown.item() {
        Item::Replication(said) => Belongs::Agency(said.adopter),
        Item::ReplicationAnswer(said) => Belongs::Record(said.replication.clone()),
        Item::Need(said) => Belongs::Agency(said.agency),
        Item::ServiceUnit(said) => Belongs::Agency(said.agency),
        Item::Evidence(said) => here(said.subject),
        Item::Budget(said) => here(said.innovation),
        Item::Confirmation(said) => here(said.innovation),
        Item::Transition(said) => here(said.innovation),
        _ => Belongs::Hub,
    }
}
