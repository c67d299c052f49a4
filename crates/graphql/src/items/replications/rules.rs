//! What a replication of this hub must keep beside other records.

use async_graphql::Context;
use domain::catalog::{self, Ancestry, Lineage, ProgressState, Vocabulary as _};
use domain::entry::{Kind, Sight};
use domain::identity::{RecordId, RecordRef};
use storage::bodies::Item;
use storage::items::{self, Role};

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::innovations::input::{innovation_of, own_body};
use crate::items::Shown;
use crate::items::writing::own_related;

/// An agency takes over what another agency has.
pub(super) async fn refuse_own(
    ctx: &Context<'_>,
    source: &RecordRef,
    adopter: RecordId,
) -> Result<(), ApiError> {
    if source.hub != *ctx.db().hub() {
        return Ok(());
    }
    let Some(body) = own_body(ctx, source.record).await? else {
        return Err(ApiError::invalid("source", "is no innovation of this hub"));
    };
    if innovation_of(&body).is_some_and(|innovation| innovation.agency == adopter) {
        return Err(ApiError::invalid(
            "adopter",
            "owns the innovation; a replication is by another agency",
        ));
    }
    Ok(())
}

/// An agency asks for an innovation once, until that was refused, given up or done.
pub(super) async fn refuse_twice(
    ctx: &Context<'_>,
    source: &RecordRef,
    adopter: RecordId,
) -> Result<(), ApiError> {
    let ended = [
        ProgressState::Refused,
        ProgressState::Cancelled,
        ProgressState::Done,
    ]
    .map(ProgressState::code);
    let said = own_related(ctx, Kind::REPLICATION, Role::Source, source.clone()).await?;
    let is_open = |shown: &&std::sync::Arc<Shown>| {
        let Item::Replication(replication) = shown.item() else {
            return false;
        };
        let state = shown.place.state.as_deref();
        replication.adopter == adopter && state.is_none_or(|state| !ended.contains(&state))
    };
    match said.iter().find(is_open) {
        None => Ok(()),
        Some(first) => {
            let id = first.id();
            let reason = format!(
                "asked for this innovation already: {}; go on with that",
                *id
            );
            Err(ApiError::invalid("adopter", reason))
        }
    }
}

/// What came of a replication is an innovation of this hub, and not one that its source came of.
pub(super) async fn require_adapted(
    ctx: &Context<'_>,
    replication: &RecordRef,
    said: &catalog::Replication,
) -> Result<(), ApiError> {
    let Some(adapted) = said.adapted_innovation else {
        return Ok(());
    };
    let refuse = |reason: &str| Err(ApiError::invalid("adaptedInnovation", reason));
    if own_body(ctx, adapted).await?.is_none() {
        return refuse("is no innovation of this hub");
    }
    let adapted = RecordRef {
        hub: ctx.db().hub().clone(),
        record: adapted,
    };
    if comes_of(ctx, replication, &said.source, &adapted).await? {
        return refuse("is what the source came of, so the two would come of each other");
    }
    Ok(())
}

/// How many innovations are looked at for a ring.
const MOST_LOOKED_AT: usize = 200;
/// How many replications of one innovation are looked at.
const MOST_NEXT: u32 = 100;

/// Whether an innovation came of another, as far as records here tell, within ten generations; the replication that is about to
/// be written left out.
async fn comes_of(
    ctx: &Context<'_>,
    replication: &RecordRef,
    innovation: &RecordRef,
    other: &RecordRef,
) -> Result<bool, ApiError> {
    let mut lineage = Lineage::begin(
        innovation.clone(),
        Lineage::MOST_GENERATIONS,
        MOST_LOOKED_AT,
    );
    let relation = (Kind::REPLICATION, Role::Adapted);
    while let Some((Ancestry::Sources, frontier)) = lineage.frontier() {
        let targets: Vec<_> = frontier
            .iter()
            .map(|at| (at.hub.clone(), at.record))
            .collect();
        let found = items::related(ctx.db(), &[relation], &targets, Sight::All, MOST_NEXT).await?;
        let places = found.into_values().flatten().collect();
        let shown = Shown::read_all(ctx.db(), places).await?;
        let sources = shown.iter().flatten().filter_map(|shown| {
            let Item::Replication(said) = shown.item() else {
                return None;
            };
            let reference = shown.reference();
            let counts = reference != *replication && super::goes_on(&shown.place);
            counts.then(|| super::adaptation(reference, said))
        });
        lineage.take(sources.collect());
    }
    Ok(lineage.innovations().any(|(met, _)| met == other))
}
