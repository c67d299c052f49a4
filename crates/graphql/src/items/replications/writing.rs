//! Writing both sides' words of replications.

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{self, EvidenceKind, ReplicationAnswerDraft, ReplicationDraft};
use domain::entry::{Audience, Kind};
use domain::identity::{RecordId, RecordRef};
use domain::role::Action;
use storage::bodies::Item;
use storage::items::Role;

use super::{Replication, ReplicationAnswer, rules};
use crate::ApiError;
use crate::access;
use crate::agencies::{own_agency, require};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::Shown;
use crate::items::progress::evidence_kinds;
use crate::items::writing::{Place, StepInput, draft_of, own_item, own_related, write};
use crate::scalars::{Long, PartialDate};
use crate::vocabulary::{self, ReplicationScope};

/// An adopter's interest in an innovation.
#[derive(InputObject)]
pub(crate) struct InterestInput {
    /// The global id of the innovation, of any hub; it need not have arrived here.
    source: ID,
    /// The global id of the agency that would take it over, of this hub.
    adopter: ID,
    /// How much is to be taken over.
    scope: ReplicationScope,
    /// What draws the adopter, 100 words.
    inspiration: Option<String>,
    /// When it is to begin.
    planned_on: Option<PartialDate>,
    /// The day of the interest; today when left out.
    on: Option<PartialDate>,
}

/// What is said of a replication from now on. What is left out stays as it was.
#[derive(InputObject)]
pub(crate) struct ReplicationInput {
    /// The next step.
    step: Option<StepInput<vocabulary::ReplicationState>>,
    /// The global id of the innovation that came of it, of this hub.
    adapted_innovation: Option<ID>,
    /// How much is taken over.
    scope: Option<ReplicationScope>,
    /// What drew the adopter, 100 words.
    inspiration: Option<String>,
    /// How it is taken over, 200 words.
    process: Option<String>,
    /// What is different at the adopter's, 100 words.
    difference: Option<String>,
    /// What had to be adapted, 200 words.
    adaptation_notes: Option<String>,
    /// What stood in the way, 200 words.
    obstacles: Option<String>,
    /// What came of it, 200 words.
    outcome: Option<String>,
    /// When it is to begin.
    planned_on: Option<PartialDate>,
}

impl ReplicationInput {
    fn apply(self, ctx: &Context<'_>, draft: &mut ReplicationDraft) -> Result<(), ApiError> {
        draft.steps.extend(self.step.map(|step| step.draft(ctx)));
        if let Some(id) = &self.adapted_innovation {
            draft.adapted_innovation = Some(adapted(ctx, id)?.to_string());
        }
        if let Some(scope) = self.scope {
            draft.scope = scope.to_code();
        }
        let planned_on = self.planned_on.map(|date| date.0.to_string());
        for (given, said) in [
            (self.inspiration, &mut draft.inspiration),
            (self.process, &mut draft.process),
            (self.difference, &mut draft.difference),
            (self.adaptation_notes, &mut draft.adaptation_notes),
            (self.obstacles, &mut draft.obstacles),
            (self.outcome, &mut draft.outcome),
            (planned_on, &mut draft.planned_on),
        ] {
            if given.is_some() {
                *said = given;
            }
        }
        Ok(())
    }
}

fn adapted(ctx: &Context<'_>, id: &ID) -> Result<RecordId, ApiError> {
    let (hub, record) = GlobalId::innovation("adaptedInnovation", id)?;
    if hub == *ctx.db().hub() {
        return Ok(record);
    }
    let reason = format!("is an innovation of hub {hub}; name what this hub's agency made of it");
    Err(ApiError::invalid("adaptedInnovation", reason))
}

/// What the source says of a replication.
#[derive(InputObject)]
pub(crate) struct ReplicationAnswerInput {
    /// The next step.
    step: StepInput<vocabulary::AnswerState>,
    /// More about it, 100 words; what was said before stays when left out.
    note: Option<String>,
}

/// What can be said of replications.
#[derive(Default)]
pub(crate) struct ReplicationMutation;

/// What can be said of replications.
#[Object(serial)]
impl ReplicationMutation {
    /// Says that an agency of this hub would like to take an innovation over ("minat"). Its hub is asked to answer; until
    /// both agreed, the network sees it and the public does not.
    async fn declare_interest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: InterestInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Replication, ApiError> {
        ctx.viewer().require(Action::Replicate)?;
        let (hub, record) = GlobalId::innovation("source", &input.source)?;
        let adopter = own_agency("adopter", &input.adopter, ctx.db().hub())?;
        ctx.viewer().require_of(Action::Replicate, Some(adopter))?;
        require(ctx, "adopter", adopter, &Audience::Network).await?;
        let source = RecordRef { hub, record };
        rules::refuse_own(ctx, &source, adopter).await?;
        rules::refuse_twice(ctx, &source, adopter).await?;
        let step = StepInput::new(catalog::ReplicationState::Interested, input.on);
        let draft = ReplicationDraft {
            source: source.to_string(),
            adopter: adopter.to_string(),
            steps: vec![step.draft(ctx)],
            scope: input.scope.to_code(),
            inspiration: input.inspiration,
            planned_on: input.planned_on.map(|date| date.0.to_string()),
            ..ReplicationDraft::default()
        };
        let said = catalog::Replication::parse(&draft, ctx.latest_day())?;
        write(ctx, Place::new(ctx, said.audience(), acknowledge), &said).await
    }

    /// Says how a replication of this hub goes on. AGREED needs evidence of the agreement, DONE an outcome and evidence of
    /// what was done.
    async fn update_replication(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "What is said from now on.")] input: ReplicationInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Replication, ApiError> {
        ctx.viewer().require(Action::Replicate)?;
        let shown = own_item(ctx, &id, Kind::REPLICATION).await?;
        access::require_of(ctx, Action::Replicate, &shown.reference()).await?;
        let mut draft: ReplicationDraft = draft_of(&shown);
        let names_adapted = input.adapted_innovation.is_some();
        input.apply(ctx, &mut draft)?;
        let said = catalog::Replication::parse(&draft, ctx.latest_day())?;
        if names_adapted {
            rules::require_adapted(ctx, &shown.reference(), &said).await?;
        }
        said.require(&evidence_of(ctx, &shown).await?)?;
        require(ctx, "adopter", said.adopter, &said.audience()).await?;
        let place = Place::after(shown.place.record, revision.0, said.audience(), acknowledge);
        write(ctx, place, &said).await
    }

    /// Answers a replication of an innovation of this hub: welcomes or refuses it, agrees, confirms or disputes it. This
    /// hub's answer grows by a step, what it said before stays. It is for whom the replication is: when the adopter opens that to
    /// everybody, this hub says its answer to everybody too, by itself.
    async fn answer_replication(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the replication; it must have arrived here.")]
        replication: ID,
        #[graphql(desc = "What is said.")] input: ReplicationAnswerInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<ReplicationAnswer, ApiError> {
        ctx.viewer().require(Action::Replicate)?;
        let key = GlobalId::item("replication", &replication, Kind::REPLICATION)?;
        let asked = crate::items::find(ctx, key)
            .await?
            .ok_or_else(|| ApiError::NotFound {
                what: "replication",
                id: replication.to_string(),
            })?;
        let source = concerned(ctx, &asked)?;
        access::require_of(ctx, Action::Replicate, source).await?;
        let target = asked.reference();
        let before =
            own_related(ctx, Kind::REPLICATION_ANSWER, Role::Subject, target.clone()).await?;
        let before = before.into_iter().min_by_key(|answer| answer.place.record);
        let mut draft = before.as_ref().map_or_else(
            || ReplicationAnswerDraft {
                replication: target.to_string(),
                ..ReplicationAnswerDraft::default()
            },
            |shown| draft_of(shown),
        );
        draft.steps.push(input.step.draft(ctx));
        draft.note = input.note.or(draft.note);
        let said = catalog::ReplicationAnswer::parse(&draft, ctx.latest_day())?;
        let audience = asked.body.audience.clone();
        let place = match &before {
            Some(before) => {
                let (record, revision) = (before.place.record, before.body.revision);
                Place::after(record, revision, audience, acknowledge)
            }
            None => Place::new(ctx, audience, acknowledge),
        };
        // Everybody reads it as soon as the adopter agreed.
        place.look_at(&said)?;
        write(ctx, place, &said).await
    }
}

/// Only the hub whose innovation is taken over has a say.
fn concerned<'a>(ctx: &Context<'_>, asked: &'a Shown) -> Result<&'a RecordRef, ApiError> {
    let Item::Replication(replication) = asked.item() else {
        unreachable!("a replication is found by the id of one");
    };
    let owner = &replication.source.hub;
    if owner == ctx.db().hub() {
        return Ok(&replication.source);
    }
    Err(ApiError::invalid(
        "replication",
        format!("is of an innovation of hub {owner}; only that hub answers it"),
    ))
}

async fn evidence_of(ctx: &Context<'_>, shown: &Shown) -> Result<Vec<EvidenceKind>, ApiError> {
    let found = own_related(ctx, Kind::EVIDENCE, Role::Subject, shown.reference()).await?;
    Ok(evidence_kinds(found.iter()))
}
