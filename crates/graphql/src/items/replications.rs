//! Replications: both sides' words, and what they make together. [`writing`] says them, by the [`rules`] between
//! several of them.

mod rules;
pub(crate) mod writing;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::catalog::{self, ReplicationProgress as Progress, Vocabulary as _, Words};
use domain::identity::RecordRef;
use storage::items::{ItemFilter, ItemRef, Role};
use tokio::sync::OnceCell;

use super::progress::seen_evidence;
use super::reference::{AgencyReference, InnovationReference};
use super::{Shown, ShowsItem as _, connection, item};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::loaders::{AnswerKey, Records};
use crate::paging::PageArgs;
use crate::row::row;
use crate::scalars::{HubId, PartialDate};
use crate::vocabulary::{
    AnswerState, ProgressState, ReplicationConflict, ReplicationScope, ReplicationSide,
    ReplicationStanding, ReplicationState,
};

item! {
    /// A replication ("replikasi"): an agency takes an innovation over, in whole or in part. The adopter's hub says it, the
    /// source's hub answers, and `progress` is what both words make together.
    Replication with ReplicationFacts: REPLICATION says catalog::Replication
}

item! {
    /// The source's word on a replication.
    ReplicationAnswer with ReplicationAnswerFacts: REPLICATION_ANSWER says catalog::ReplicationAnswer
}

connection! {
    /// A page of replications, those that moved last first.
    ReplicationConnection of ReplicationEdge: Replication
}

/// One step of a side.
#[derive(SimpleObject)]
#[graphql(
    serial,
    concrete(name = "ReplicationStep", params(ReplicationState)),
    concrete(name = "ReplicationAnswerStep", params(AnswerState))
)]
pub(crate) struct Step<S: async_graphql::OutputType> {
    /// The state that was reached.
    state: S,
    /// When it took effect.
    on: PartialDate,
    /// Why.
    reason: Option<String>,
    /// Whether the step keeps the rules of its order; one that does not is shown as it came.
    is_in_order: bool,
}

/// What both sides' words make together: how far it is stands in the replication's row, and the source's word is read when
/// it is asked for.
pub(crate) struct ReplicationProgress {
    replication: ReplicationFacts,
    answer: OnceCell<Option<ReplicationAnswer>>,
}

impl ReplicationProgress {
    fn reached(&self) -> (catalog::ProgressState, catalog::ReplicationStanding) {
        let place = &self.replication.0.place;
        let of_row = place.state.as_deref().zip(place.standing.as_deref());
        of_row.map_or_else(
            || catalog::derive_progress(self.replication.said().state(), None),
            |(state, standing)| {
                (
                    catalog::ProgressState::read(state),
                    catalog::ReplicationStanding::read(standing),
                )
            },
        )
    }

    async fn counting_answer(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<&ReplicationAnswer>, ApiError> {
        let read = || counting_answer(ctx, &self.replication.0);
        Ok(self.answer.get_or_try_init(read).await?.as_ref())
    }
}

/// What both sides' words make together. Every hub derives it alike, whichever word arrived first.
#[Object(serial)]
impl ReplicationProgress {
    /// How far it is.
    async fn state(&self) -> ProgressState {
        self.reached().0.into()
    }

    /// Whose word it stands on.
    async fn standing(&self) -> ReplicationStanding {
        self.reached().1.into()
    }

    /// Who is to do the next step; null when it is at its end.
    async fn next(&self) -> Option<ReplicationSide> {
        let next = catalog::next_side(self.replication.said().state(), self.reached());
        next.map(Into::into)
    }

    /// Where the words do not fit.
    async fn conflicts(&self, ctx: &Context<'_>) -> Result<Vec<ReplicationConflict>, ApiError> {
        let answer = self.counting_answer(ctx).await?;
        let said = answer.map(|answer| answer.1.said());
        let progress = Progress::of(self.replication.said(), said);
        Ok(progress.conflicts.into_iter().map(Into::into).collect())
    }

    /// The source's word; null while it has not answered or its answer has not arrived here.
    async fn answer(&self, ctx: &Context<'_>) -> Result<Option<&ReplicationAnswer>, ApiError> {
        self.counting_answer(ctx).await
    }
}

fn steps<S: catalog::Course>(history: &catalog::History<S>) -> Vec<Step<crate::vocabulary::Term<S>>>
where
    crate::vocabulary::Term<S>: async_graphql::OutputType,
{
    let wrong: Vec<usize> = history.missteps().into_iter().map(|(nth, _)| nth).collect();
    let step = |(nth, step): (usize, &catalog::Step<S>)| Step {
        state: step.state.into(),
        on: PartialDate(step.on),
        reason: step.reason.as_ref().map(ToString::to_string),
        is_in_order: !wrong.contains(&nth),
    };
    history.steps().iter().enumerate().map(step).collect()
}

#[Object(serial)]
impl ReplicationFacts {
    /// The innovation that is taken over, of any hub.
    async fn source(&self) -> InnovationReference {
        InnovationReference(self.said().source.clone())
    }

    /// The agency that takes it over.
    async fn adopter(&self) -> AgencyReference {
        AgencyReference(self.own(self.said().adopter))
    }

    /// What the adopter made of it.
    async fn adapted_innovation(&self) -> Option<InnovationReference> {
        let adapted = self.said().adapted_innovation?;
        Some(InnovationReference(self.own(adapted)))
    }

    /// How far the adopter has come, by its own word.
    async fn state(&self) -> ReplicationState {
        self.said().state().into()
    }

    /// The adopter's steps, the first one first.
    async fn steps(&self) -> Vec<Step<ReplicationState>> {
        steps(&self.said().steps)
    }

    /// How far the replication is by both sides' words.
    async fn progress(&self) -> ReplicationProgress {
        ReplicationProgress {
            replication: self.clone(),
            answer: OnceCell::new(),
        }
    }

    /// How much is taken over.
    async fn scope(&self) -> ReplicationScope {
        self.said().scope.into()
    }

    /// Inspirasi: what drew the adopter, 100 words (KIPP, group of replications).
    async fn inspiration(&self) -> Option<&str> {
        self.said().inspiration.as_ref().map(Words::as_str)
    }

    /// Proses: how it is taken over, 200 words (KIPP, group of replications).
    async fn process(&self) -> Option<&str> {
        self.said().process.as_ref().map(Words::as_str)
    }

    /// Faktor pembeda: what is different at the adopter's, 100 words (KIPP, group of replications).
    async fn difference(&self) -> Option<&str> {
        self.said().difference.as_ref().map(Words::as_str)
    }

    /// What had to be adapted, 200 words.
    async fn adaptation_notes(&self) -> Option<&str> {
        self.said().adaptation_notes.as_ref().map(Words::as_str)
    }

    /// What stood in the way, 200 words.
    async fn obstacles(&self) -> Option<&str> {
        self.said().obstacles.as_ref().map(Words::as_str)
    }

    /// What came of it, 200 words.
    async fn outcome(&self) -> Option<&str> {
        self.said().outcome.as_ref().map(Words::as_str)
    }

    /// When it is to begin.
    async fn planned_on(&self) -> Option<PartialDate> {
        self.said().planned_on.map(PartialDate)
    }
}

impl Replication {
    /// The record, to be named by others.
    pub(crate) fn reference(&self) -> RecordRef {
        self.1.0.reference()
    }

    /// Whether it was neither refused nor given up.
    pub(crate) fn goes_on(&self) -> bool {
        goes_on(&self.1.0.place)
    }

    /// The step between two innovations that it makes.
    pub(crate) fn adaptation(&self) -> catalog::Adaptation {
        adaptation(self.reference(), self.1.said())
    }
}

/// Whether a replication was neither refused nor given up.
fn goes_on(place: &ItemRef) -> bool {
    let ended = [
        catalog::ProgressState::Refused.code(),
        catalog::ProgressState::Cancelled.code(),
    ];
    let state = place.state.as_deref();
    state.is_none_or(|state| !ended.contains(&state))
}

/// What a replication needs and is not among what somebody may see, in words.
pub(crate) async fn faults_of(
    ctx: &Context<'_>,
    shown: &Shown,
    said: &catalog::Replication,
) -> Result<Vec<String>, ApiError> {
    let mut faults = Vec::new();
    if said.source.hub == shown.place.hub {
        let key = (said.source.hub.clone(), said.source.record);
        let source = crate::innovations::load(ctx, key).await?;
        if source.is_some_and(|source| source.said().agency == said.adopter) {
            faults.push("its adopter owns the innovation".to_owned());
        }
    }
    if let Some(evidence) = seen_evidence(ctx, &shown.reference()).await?
        && let Err(told) = said.require(&evidence)
    {
        let lacks = told.fields().iter().map(|fault| fault.reason.clone());
        faults.extend(lacks);
    }
    Ok(faults)
}

/// The step between two innovations that a replication makes.
fn adaptation(replication: RecordRef, said: &catalog::Replication) -> catalog::Adaptation {
    let adapted = said.adapted_innovation.map(|record| RecordRef {
        hub: replication.hub.clone(),
        record,
    });
    catalog::Adaptation {
        source: said.source.clone(),
        adapted,
        replication,
    }
}

impl ReplicationFacts {
    fn own(&self, record: domain::identity::RecordId) -> RecordRef {
        let hub = self.0.place.hub.clone();
        RecordRef { hub, record }
    }
}

/// Of the answers to a replication the one that counts.
async fn counting_answer(
    ctx: &Context<'_>,
    asked: &Shown,
) -> Result<Option<ReplicationAnswer>, ApiError> {
    let key = (asked.place.hub.clone(), asked.place.record);
    let found = ctx
        .data_unchecked::<Records>()
        .load_one(AnswerKey((ctx.sight_on(&key.0).await?, key)))
        .await
        .map_err(crate::root::shared)?;
    Ok(found.and_then(ReplicationAnswer::show))
}

#[Object(serial)]
impl ReplicationAnswerFacts {
    /// The global id of the replication that is answered.
    async fn replication_id(&self) -> ID {
        let replication = self.said().replication.clone();
        GlobalId::Item(
            domain::entry::Kind::REPLICATION,
            replication.hub,
            replication.record,
        )
        .to_id()
    }

    /// The replication that is answered; null while it has not arrived here.
    async fn replication(&self, ctx: &Context<'_>) -> Result<Option<Replication>, ApiError> {
        let replication = self.said().replication.clone();
        super::load(ctx, (replication.hub, replication.record)).await
    }

    /// What the source says last.
    async fn state(&self) -> AnswerState {
        self.said().state().into()
    }

    /// The source's steps, the first one first.
    async fn steps(&self) -> Vec<Step<AnswerState>> {
        steps(&self.said().steps)
    }

    /// More about it, 100 words.
    async fn note(&self) -> Option<&str> {
        self.said().note.as_ref().map(Words::as_str)
    }
}

/// Which replications are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct ReplicationFilterInput {
    /// Only replications of this innovation.
    source: Option<ID>,
    /// Only replications by this agency. Not together with `source`.
    adopter: Option<ID>,
    /// Only replications that these hubs say.
    hubs: Option<Vec<HubId>>,
    /// Only replications that are so far by both sides' words.
    states: Option<Vec<ProgressState>>,
}

impl ReplicationFilterInput {
    pub(crate) fn filter(self) -> Result<ItemFilter, ApiError> {
        let refers_to = match (self.source, self.adopter) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid(
                    "filter.adopter",
                    "give source or adopter, not both",
                ));
            }
            (Some(source), None) => {
                let (hub, record) = GlobalId::innovation("filter.source", &source)?;
                Some((Role::Source, RecordRef { hub, record }))
            }
            (None, Some(adopter)) => {
                let (hub, record) = GlobalId::agency("filter.adopter", &adopter)?;
                Some((Role::Agency, RecordRef { hub, record }))
            }
            (None, None) => None,
        };
        Ok(ItemFilter {
            hubs: crate::paging::bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            states: crate::paging::bounded("filter.states", self.states)?
                .into_iter()
                .map(|state| state.0.code())
                .collect(),
            refers_to,
            ..ItemFilter::default()
        })
    }
}

/// What can be asked of replications.
#[derive(Default)]
pub(crate) struct ReplicationQuery;

/// What can be asked of replications.
#[Object(serial)]
impl ReplicationQuery {
    /// A replication by its global id; null when it is not here.
    async fn replication(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Replication>, ApiError> {
        super::load(
            ctx,
            GlobalId::item("id", &id, domain::entry::Kind::REPLICATION)?,
        )
        .await
    }

    /// Replications, those that moved last first.
    #[graphql(complexity = "crate::paging::complexity(first, last, child_complexity)")]
    async fn replications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, up to 100; 20 when neither is given.")]
        first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, up to 100.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which replications are wanted.")] filter: Option<ReplicationFilterInput>,
    ) -> Result<ReplicationConnection, ApiError> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let filter = filter.unwrap_or_default().filter()?;
        Ok(super::list(ctx, args, filter).await?.into())
    }
}

row! {
    /// Replications of an innovation, counted from the records that are here and for everybody.
    #[derive(Clone, Copy)]
    pub(crate) struct ReplicationCounts {
        /// Those that adopters tell of and that were neither refused nor given up.
        pub(crate) claimed: crate::scalars::Long,
        /// Those that are done, by their adopters' words.
        pub(crate) done: crate::scalars::Long,
        /// Those that are done and that the source confirmed.
        pub(crate) confirmed: crate::scalars::Long,
    }
}
