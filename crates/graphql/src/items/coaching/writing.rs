//! Writing coaching activities.

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{self, CoachingActivityDraft};
use domain::entry::{Audience, Kind};
use domain::role::Action;
use time::format_description::well_known::Rfc3339;

use super::Coaching;
use crate::ApiError;
use crate::agencies::{own_agency, require};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::writing::{Place, StepInput, draft_of, own_item, references, write};
use crate::scalars::{DateTime, Long, RegionCode};
use crate::vocabulary::{self, CoachingKind, CoachingMode, LifecycleStage, Term};

/// An activity that is planned, or that was held.
#[derive(InputObject)]
pub(crate) struct CoachingActivityInput {
    /// Its title, 3 to 200 characters.
    title: String,
    /// What sort of coaching it is.
    kind: CoachingKind,
    /// Which stages it serves, at least one.
    phases: Vec<LifecycleStage>,
    /// When it begins.
    starts_at: DateTime,
    /// When it ends.
    ends_at: Option<DateTime>,
    /// How people take part.
    mode: CoachingMode,
    /// Where: the name of a house or an address on the web.
    place: Option<String>,
    /// In which region.
    region: Option<RegionCode>,
    /// The global id of the agency that holds it, of this hub; the hub itself when left out.
    host: Option<ID>,
    /// The global ids of the agencies that it is for, of any hub, up to 100.
    agencies: Option<Vec<ID>>,
    /// The global ids of the innovations that it is about, of any hub, up to 100.
    innovations: Option<Vec<ID>>,
    /// How many people took part.
    participant_count: Option<Long>,
    /// What came of it, 200 words.
    outcome: Option<String>,
    /// Where it begins: PLANNED, or DONE for what was held already.
    step: StepInput<vocabulary::CoachingState>,
}

/// What is said of an activity from now on. What is left out stays as it was.
#[derive(InputObject)]
pub(crate) struct CoachingActivityUpdate {
    /// The next step.
    step: Option<StepInput<vocabulary::CoachingState>>,
    /// When it begins.
    starts_at: Option<DateTime>,
    /// When it ends.
    ends_at: Option<DateTime>,
    /// Where.
    place: Option<String>,
    /// How many people took part.
    participant_count: Option<Long>,
    /// What came of it, 200 words.
    outcome: Option<String>,
}

/// What can be said of coaching.
#[derive(Default)]
pub(crate) struct CoachingMutation;

/// What can be said of coaching.
#[Object(serial)]
impl CoachingMutation {
    /// Publishes a coaching activity of this hub.
    async fn add_coaching_activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: CoachingActivityInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Coaching, ApiError> {
        ctx.viewer().require(Action::Coach)?;
        let draft = CoachingActivityDraft {
            title: input.title,
            kind: input.kind.to_code(),
            phases: input.phases.into_iter().map(Term::to_code).collect(),
            starts_at: moment(&input.starts_at),
            ends_at: input.ends_at.as_ref().map(moment),
            mode: input.mode.to_code(),
            place: input.place,
            region: input.region.map(|region| region.0.to_string()),
            host: host(ctx, input.host.as_ref()).await?,
            agencies: references("agencies", input.agencies, GlobalId::agency)?,
            innovations: references("innovations", input.innovations, GlobalId::innovation)?,
            participant_count: input.participant_count.map(|count| count.0.cast_signed()),
            outcome: input.outcome,
            steps: vec![input.step.draft(ctx)],
        };
        let said = catalog::CoachingActivity::parse(&draft, ctx.latest_day())?;
        write(ctx, Place::new(ctx, Audience::Public, acknowledge), &said).await
    }

    /// Says how a coaching activity of this hub goes on.
    async fn update_coaching_activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "What is said from now on.")] input: CoachingActivityUpdate,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Coaching, ApiError> {
        ctx.viewer().require(Action::Coach)?;
        let shown = own_item(ctx, &id, Kind::COACHING).await?;
        let mut draft: CoachingActivityDraft = draft_of(&shown);
        draft.steps.extend(input.step.map(|step| step.draft(ctx)));
        draft.starts_at = input.starts_at.as_ref().map_or(draft.starts_at, moment);
        draft.ends_at = input.ends_at.as_ref().map(moment).or(draft.ends_at);
        draft.place = input.place.or(draft.place);
        let count = input.participant_count.map(|count| count.0.cast_signed());
        draft.participant_count = count.or(draft.participant_count);
        draft.outcome = input.outcome.or(draft.outcome);
        let said = catalog::CoachingActivity::parse(&draft, ctx.latest_day())?;
        let audience = shown.body.audience.clone();
        let place = Place::after(shown.place.record, revision.0, audience, acknowledge);
        write(ctx, place, &said).await
    }
}

/// The record of the agency that holds an activity, which everybody may see.
async fn host(ctx: &Context<'_>, id: Option<&ID>) -> Result<Option<String>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    let agency = own_agency("host", id, ctx.db().hub())?;
    require(ctx, "host", agency, &Audience::Public).await?;
    Ok(Some(agency.to_string()))
}

fn moment(at: &DateTime) -> String {
    at.0.format(&Rfc3339)
        .expect("a moment of the schema has a year of four digits")
}
