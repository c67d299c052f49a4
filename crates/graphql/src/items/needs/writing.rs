//! Writing needs.

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{self, NeedDraft};
use domain::entry::{Audience, Kind};
use domain::role::Action;

use super::Need;
use crate::ApiError;
use crate::access;
use crate::agencies::{own_agency, require};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::writing::{Place, StepInput, draft_of, own_item, reference, write};
use crate::scalars::{Long, RegionCode};
use crate::vocabulary::{self, Affair, Term};

/// What an agency looks for.
#[derive(InputObject)]
pub(crate) struct NeedInput {
    /// The global id of the agency, of this hub.
    agency: ID,
    /// What it looks for, 150 words.
    statement: String,
    /// The affairs that it concerns: the main one, then up to 4 more.
    affairs: Option<Vec<Affair>>,
    /// The goals that it serves, 1 to 17, without repeats.
    sdgs: Option<Vec<i32>>,
    /// Where it is felt.
    region: Option<RegionCode>,
}

/// What can be said of needs.
#[derive(Default)]
pub(crate) struct NeedMutation;

/// What can be said of needs.
#[Object(serial)]
impl NeedMutation {
    /// Says what an agency of this hub looks for.
    async fn add_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: NeedInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Need, ApiError> {
        ctx.viewer().require(Action::WriteNeeds)?;
        let agency = own_agency("agency", &input.agency, ctx.db().hub())?;
        ctx.viewer().require_of(Action::WriteNeeds, Some(agency))?;
        require(ctx, "agency", agency, &Audience::Public).await?;
        let draft = NeedDraft {
            agency: agency.to_string(),
            statement: input.statement,
            affairs: input
                .affairs
                .into_iter()
                .flatten()
                .map(Term::to_code)
                .collect(),
            sdgs: input.sdgs.into_iter().flatten().map(i64::from).collect(),
            region: input.region.map(|region| region.0.to_string()),
            steps: vec![StepInput::new(catalog::NeedState::Open, None).draft(ctx)],
            innovation: None,
        };
        let said = catalog::Need::parse(&draft, ctx.latest_day())?;
        write(ctx, Place::new(ctx, Audience::Public, acknowledge), &said).await
    }

    /// Says how a need of this hub goes on: an innovation was chosen, or it is closed.
    async fn update_need(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "The step.")] step: StepInput<vocabulary::NeedState>,
        #[graphql(desc = "The global id of the innovation that was chosen; needed for MATCHED.")]
        chosen: Option<ID>,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Need, ApiError> {
        ctx.viewer().require(Action::WriteNeeds)?;
        let shown = own_item(ctx, &id, Kind::NEED).await?;
        access::require_of(ctx, Action::WriteNeeds, &shown.reference()).await?;
        let mut draft: NeedDraft = draft_of(&shown);
        draft.steps.push(step.draft(ctx));
        let chosen = chosen.map(|id| GlobalId::innovation("chosen", &id));
        draft.innovation = chosen.transpose()?.map(reference).or(draft.innovation);
        let said = catalog::Need::parse(&draft, ctx.latest_day())?;
        let audience = shown.body.audience.clone();
        let place = Place::after(shown.place.record, revision.0, audience, acknowledge);
        write(ctx, place, &said).await
    }
}
