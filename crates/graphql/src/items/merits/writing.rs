//! Writing endorsements, assessments and awards.

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{
    self, AssessmentDraft, AwardDraft, EndorsementDraft, ScoreItemDraft, ScoreSheetDraft,
};
use domain::entry::{Audience, Kind};
use domain::role::Action;
use storage::items::Role;

use super::{Assessment, Award, Endorsement};
use crate::ApiError;
use crate::agencies::issue_all;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::writing::{
    Place, StepInput, day, draft_of, own_item, own_related, read_own, reference, write,
};
use crate::scalars::{HubId, Long, PartialDate};
use crate::vocabulary::{self, AwardBasis, RecordAudience};

/// A hub's word for an innovation of another hub.
#[derive(InputObject)]
pub(crate) struct EndorsementInput {
    /// The global id of the innovation, of another hub.
    innovation: ID,
    /// Why it is endorsed, 100 words.
    statement: String,
    /// When; today when left out.
    on: Option<PartialDate>,
}

/// An assessment of an innovation or of a hub.
#[derive(InputObject)]
pub(crate) struct AssessmentInput {
    /// The global id of the innovation. Not together with `assessedHub`.
    innovation: Option<ID>,
    /// The hub whose maturity is assessed. Not together with `innovation`.
    assessed_hub: Option<HubId>,
    /// By which instrument: 2 to 40 of A-Z, 0-9 and _, for example `IGA_SID`.
    instrument: String,
    /// Of which year the instrument is.
    year: u16,
    /// Where it begins: by whom it is about, or verified at once.
    step: StepInput<vocabulary::AssessmentState>,
    /// The total, a decimal number such as 65.01.
    total: String,
    /// The class, as the instrument names it.
    class: Option<String>,
    /// The items, up to 200. They are for the network; total and class are for everybody.
    items: Option<Vec<ScoreItemInput>>,
}

/// One item of an assessment. Numbers are decimal, such as 0.38.
#[derive(InputObject)]
pub(crate) struct ScoreItemInput {
    /// The indicator.
    indicator: String,
    /// How much it weighs; one when left out.
    weight: Option<String>,
    /// What was given.
    value: String,
    /// What could be given at most.
    max: Option<String>,
}

/// What an innovation or an agency won.
#[derive(InputObject)]
pub(crate) struct AwardInput {
    /// The global id of the innovation that won it. Not together with `agency`.
    innovation: Option<ID>,
    /// The global id of the agency that won it. Not together with `innovation`.
    agency: Option<ID>,
    /// The contest, by its usual name.
    scheme: String,
    /// The place in it, for example "Top 45".
    tier: String,
    /// The group of the contest.
    group: Option<String>,
    /// The year, not after this one.
    year: u16,
    /// The decree that names the winners.
    decree: Option<String>,
    /// CLAIMED by the owner's hub, CONFIRMED by the hub that gave it.
    basis: AwardBasis,
}

/// What can be said of others' merits.
#[derive(Default)]
pub(crate) struct MeritMutation;

/// What can be said of others' merits.
#[Object(serial)]
impl MeritMutation {
    /// Endorses an innovation of another hub. This hub's endorsement of the same innovation is replaced.
    async fn endorse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: EndorsementInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Endorsement, ApiError> {
        ctx.viewer().require(Action::Honour)?;
        let key = GlobalId::innovation("innovation", &input.innovation)?;
        let draft = EndorsementDraft {
            innovation: reference(key),
            statement: input.statement,
            on: day(ctx, input.on),
        };
        let today = ctx.latest_day();
        let said = catalog::Endorsement::parse(&draft, ctx.db().hub(), today)?;
        let target = said.innovation.clone();
        let before = own_related(ctx, Kind::ENDORSEMENT, Role::Subject, target).await?;
        let place = match before.first() {
            Some(before) => Place::after(
                before.place.record,
                before.body.revision,
                Audience::Public,
                acknowledge,
            ),
            None => Place::new(ctx, Audience::Public, acknowledge),
        };
        write(ctx, place, &said).await
    }

    /// Tells of an award.
    async fn add_award(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: AwardInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Award, ApiError> {
        ctx.viewer().require(Action::Honour)?;
        let innovation = input
            .innovation
            .map(|id| GlobalId::innovation("innovation", &id));
        let agency = input.agency.map(|id| GlobalId::agency("agency", &id));
        let draft = AwardDraft {
            innovation: innovation.transpose()?.map(reference),
            agency: agency.transpose()?.map(reference),
            scheme: input.scheme,
            tier: input.tier,
            group: input.group,
            year: input.year.into(),
            decree: input.decree,
            basis: input.basis.to_code(),
        };
        let today = ctx.latest_day();
        let said = catalog::Award::parse(&draft, ctx.db().hub(), today)?;
        write(ctx, Place::new(ctx, Audience::Public, acknowledge), &said).await
    }

    /// Publishes an assessment: total and class for everybody, its items for the network.
    async fn add_assessment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: AssessmentInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Assessment, ApiError> {
        ctx.viewer().require(Action::Honour)?;
        let innovation = input
            .innovation
            .map(|id| GlobalId::innovation("innovation", &id));
        let draft = AssessmentDraft {
            innovation: innovation.transpose()?.map(reference),
            hub: input.assessed_hub.map(|hub| hub.0.to_string()),
            instrument: input.instrument,
            year: input.year.into(),
            steps: vec![input.step.draft(ctx)],
            total: input.total,
            class: input.class,
        };
        let said = catalog::Assessment::parse(&draft, ctx.latest_day())?;
        let place = Place::new(ctx, Audience::Public, acknowledge);
        let sheet = input.items.map(|items| ScoreSheetDraft {
            assessment: place.record.to_string(),
            items: items.into_iter().map(Into::into).collect(),
        });
        let sheet = sheet.as_ref().map(catalog::ScoreSheet::parse).transpose()?;
        if let Some(sheet) = &sheet
            && sheet.total() != said.total
        {
            let sum = sheet.total();
            let reason = format!("is {}, and the items make {sum}", said.total);
            return Err(ApiError::invalid("total", reason));
        }
        let mut entries = vec![place.entry(ctx, Kind::ASSESSMENT, &said)?];
        if let Some(sheet) = &sheet {
            let network = Place::new(ctx, Audience::Network, None);
            entries.push(network.entry(ctx, Kind::SCORE_SHEET, sheet)?);
        }
        issue_all(ctx, entries).await?;
        read_own(ctx, place.record).await
    }

    /// Says whether an assessment of this hub was verified or refused.
    async fn settle_assessment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "The step.")] step: StepInput<vocabulary::AssessmentState>,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Assessment, ApiError> {
        ctx.viewer().require(Action::Honour)?;
        let shown = own_item(ctx, &id, Kind::ASSESSMENT).await?;
        let mut draft: AssessmentDraft = draft_of(&shown);
        draft.steps.push(step.draft(ctx));
        let said = catalog::Assessment::parse(&draft, ctx.latest_day())?;
        let audience = RecordAudience::from(&shown.body.audience).into();
        let place = Place::after(shown.place.record, revision.0, audience, acknowledge);
        write(ctx, place, &said).await
    }
}

impl From<ScoreItemInput> for ScoreItemDraft {
    fn from(input: ScoreItemInput) -> Self {
        Self {
            indicator: input.indicator,
            weight: input.weight,
            value: input.value,
            max: input.max,
        }
    }
}
