//! Writing what is said of one innovation beside its text.

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{
    self, BudgetDraft, ConfirmationDraft, EvidenceDraft, Facts, InnovationDraft, Path,
    ServiceUnitDraft, TransitionDraft,
};
use domain::entry::{Audience, Kind};
use domain::identity::RecordRef;
use domain::role::Action;
use storage::items::Role;

use super::moves::transition_of;
use super::{Budget, Confirmation, Evidence, ServiceUnit, Transition, evidence_kinds};
use crate::ApiError;
use crate::access;
use crate::agencies::{own_agency, require};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations::Innovation;
use crate::innovations::text::PointInput;
use crate::items::writing::{Place, day, own_innovation, own_related, read_own, write};
use crate::scalars::{Long, PartialDate, RegionCode};
use crate::vocabulary::{EvidenceKind, RecordAudience, ServiceUnitKind, TransitionAxis};

/// What is said of a service unit.
#[derive(InputObject)]
pub(crate) struct ServiceUnitInput {
    /// The global id of the agency that runs it, of this hub.
    agency: ID,
    /// Its name, 3 to 200 characters.
    name: String,
    /// What sort of place it is.
    kind: ServiceUnitKind,
    /// The region in which it lies.
    region: Option<RegionCode>,
    /// Where it lies.
    point: Option<PointInput>,
}

/// A move of an innovation.
#[derive(InputObject)]
pub(crate) struct TransitionInput {
    /// The global id of the innovation, of this hub.
    innovation: ID,
    /// Along what it moves.
    axis: TransitionAxis,
    /// The code of the state that it leaves; where it is now when left out.
    from: Option<String>,
    /// The code of the state that it reaches.
    to: String,
    /// The day on which it takes effect; today when left out.
    on: Option<PartialDate>,
    /// The role or office that decided it, no name.
    decided_by: String,
    /// Why, 100 words. Needed for going back, for giving up, and for skipping the trial.
    reason: Option<String>,
    /// The global ids of the evidence for it, of this hub, up to 10.
    evidence: Option<Vec<ID>>,
    /// The global id of the transition that this one takes the place of.
    corrects: Option<ID>,
}

/// The facts of a proof.
#[derive(InputObject)]
pub(crate) struct EvidenceInput {
    /// The global id of what it proves, of this hub.
    subject: ID,
    /// What sort of proof it is.
    kind: EvidenceKind,
    /// Its title, 2 to 300 characters.
    title: String,
    /// The document's number.
    number: Option<String>,
    /// The document's date, not after today.
    date: Option<PartialDate>,
    /// The media type of the file.
    media_type: Option<String>,
    /// The size of the file in bytes.
    bytes: Option<Long>,
    /// The SHA-256 of the file as 64 hexadecimal digits.
    sha256: Option<String>,
    /// Where it is published.
    url: Option<String>,
    /// The indicator that it serves, for example `IGA-2026/16`.
    indicator: Option<String>,
    /// Who may see it. For the network when left out, since letters carry names and signatures.
    audience: Option<RecordAudience>,
}

/// The money of one innovation in one year.
#[derive(InputObject)]
pub(crate) struct BudgetInput {
    /// The global id of the innovation, of this hub.
    innovation: ID,
    /// The year.
    year: u16,
    /// Whole rupiah (IDR).
    amount: Long,
    /// Where the money comes from.
    source: Option<String>,
    /// Who may see it; the network when left out.
    audience: Option<RecordAudience>,
}

/// What can be said of one innovation beside its text.
#[derive(Default)]
pub(crate) struct ProgressMutation;

/// What can be said of one innovation beside its text.
#[Object(serial)]
impl ProgressMutation {
    /// Registers a service unit of an agency of this hub.
    async fn register_service_unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: ServiceUnitInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<ServiceUnit, ApiError> {
        ctx.viewer().require(Action::KeepAgencies)?;
        let agency = own_agency("agency", &input.agency, ctx.db().hub())?;
        require(ctx, "agency", agency, &Audience::Public).await?;
        let draft = ServiceUnitDraft {
            agency: agency.to_string(),
            name: input.name,
            kind: input.kind.to_code(),
            region: input.region.map(|region| region.0.to_string()),
            point: input.point.map(Into::into),
        };
        let said = catalog::ServiceUnit::parse(&draft)?;
        write(ctx, Place::new(ctx, Audience::Public, acknowledge), &said).await
    }

    /// Adds the facts of a proof to a record of this hub.
    async fn add_evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: EvidenceInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Evidence, ApiError> {
        ctx.viewer().require(Action::Document)?;
        let (hub, subject) = GlobalId::record("subject", &input.subject)?;
        let target = RecordRef {
            hub,
            record: subject,
        };
        if target.hub != *ctx.db().hub() || crate::node::id_of_record(ctx, &target).await?.is_none()
        {
            let reason = "is not a record of this hub";
            return Err(ApiError::invalid("subject", reason));
        }
        access::require_of(ctx, Action::Document, &target).await?;
        let draft = EvidenceDraft {
            subject: subject.to_string(),
            kind: input.kind.to_code(),
            title: input.title,
            number: input.number,
            date: input.date.map(|date| date.0.to_string()),
            media_type: input.media_type,
            bytes: input.bytes.map(|bytes| bytes.0.cast_signed()),
            sha256: input.sha256,
            url: input.url,
            indicator: input.indicator,
        };
        let said = catalog::Evidence::parse(&draft, ctx.latest_day())?;
        let audience = input.audience.unwrap_or(RecordAudience::Network).into();
        write(ctx, Place::new(ctx, audience, acknowledge), &said).await
    }

    /// Says what an innovation of this hub costs in a year.
    async fn add_budget(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: BudgetInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Budget, ApiError> {
        ctx.viewer().require(Action::Document)?;
        let innovation = own_innovation(ctx, "innovation", &input.innovation).await?;
        document(ctx, &innovation)?;
        let draft = BudgetDraft {
            innovation: innovation.reference().record.to_string(),
            year: input.year.into(),
            amount: input.amount.0.cast_signed(),
            source: input.source,
        };
        let said = catalog::Budget::parse(&draft)?;
        let audience = input.audience.unwrap_or(RecordAudience::Network).into();
        write(ctx, Place::new(ctx, audience, acknowledge), &said).await
    }

    /// Says that what an innovation of this hub tells is still so ("masih berlaku"). It is then current again.
    async fn confirm_current(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the innovation.")] innovation: ID,
        #[graphql(desc = "The day on which it was looked at; today when left out.")] on: Option<
            PartialDate,
        >,
    ) -> Result<Confirmation, ApiError> {
        ctx.viewer().require(Action::Document)?;
        let innovation = own_innovation(ctx, "innovation", &innovation).await?;
        document(ctx, &innovation)?;
        let target = innovation.reference();
        let draft = ConfirmationDraft {
            innovation: target.record.to_string(),
            on: day(ctx, on),
        };
        let said = catalog::Confirmation::parse(&draft, ctx.latest_day())?;
        let audience = innovation.audience_of().clone();
        let before = own_related(ctx, Kind::CONFIRMATION, Role::Subject, target).await?;
        let place = match before.first() {
            Some(before) => Place::after(before.place.record, before.body.revision, audience, None),
            None => Place::new(ctx, audience, None),
        };
        write(ctx, place, &said).await
    }

    /// Moves an innovation of this hub to another stage or adoption status. What the move needs is said all at once when it
    /// is missing. The innovation and the move are written together.
    async fn record_transition(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: TransitionInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Transition, ApiError> {
        ctx.viewer().require(Action::Document)?;
        let innovation = own_innovation(ctx, "innovation", &input.innovation).await?;
        document(ctx, &innovation)?;
        move_innovation(ctx, &innovation, input, acknowledge).await
    }
}

/// Refuses those who may not tell how an innovation goes on.
fn document(ctx: &Context<'_>, innovation: &Innovation) -> Result<(), ApiError> {
    let agency = Some(innovation.said().agency);
    ctx.viewer().require_of(Action::Document, agency)
}

async fn move_innovation(
    ctx: &Context<'_>,
    innovation: &Innovation,
    input: TransitionInput,
    acknowledge: Option<Vec<String>>,
) -> Result<Transition, ApiError> {
    let target = innovation.reference();
    let today = ctx.latest_day();
    let draft = draft(ctx, innovation, input)?;
    let said = catalog::Transition::parse(&draft, today)?;
    let before = own_related(ctx, Kind::TRANSITION, Role::Subject, target.clone()).await?;
    let evidence = own_related(ctx, Kind::EVIDENCE, Role::Subject, target.clone()).await?;
    let mut moves: Vec<_> = before
        .iter()
        .filter_map(|shown| Some((shown.place.record, transition_of(shown)?)))
        .collect();
    let facts = Facts {
        innovation: innovation.said(),
        path: &Path::of(innovation.said(), &moves),
        evidence: &evidence_kinds(evidence.iter()),
        today,
    };
    facts.require(&said)?;
    let audience = innovation.audience_of().clone();
    let place = Place::new(ctx, audience.clone(), acknowledge);
    moves.push((place.record, &said));
    let moved = moved(innovation, &said, &Path::of(innovation.said(), &moves))?;
    let text = Place {
        record: target.record,
        revision: innovation.revision_of() + 1,
        audience,
        acknowledged: place.acknowledged.clone(),
    };
    let entries = vec![
        place.entry(ctx, Kind::TRANSITION, &said)?,
        text.entry_as_before(ctx, Kind::INNOVATION, &moved),
    ];
    crate::agencies::issue_all(ctx, entries).await?;
    read_own(ctx, place.record).await
}

/// The innovation at the end of its path along the axis of a move that was added; a move that corrects none is that end.
fn moved(
    innovation: &Innovation,
    said: &catalog::Transition,
    path: &Path,
) -> Result<InnovationDraft, ApiError> {
    let mut draft = InnovationDraft::from(innovation.said());
    let axis = said.step.axis();
    let end = path
        .last(axis)
        .map_or(said.step.to(), |last| last.step.to());
    if said.corrects.is_none() && end != said.step.to() {
        let reason =
            "is the day of other transitions that do not fit together; correct one of those first";
        return Err(ApiError::invalid("on", reason));
    }
    match axis {
        catalog::TransitionAxis::Lifecycle => end.clone_into(&mut draft.stage),
        catalog::TransitionAxis::Adoption => end.clone_into(&mut draft.adoption),
        catalog::TransitionAxis::Other => {}
    }
    Ok(draft)
}

fn draft(
    ctx: &Context<'_>,
    innovation: &Innovation,
    input: TransitionInput,
) -> Result<TransitionDraft, ApiError> {
    let here = match input.axis.0 {
        catalog::TransitionAxis::Lifecycle => innovation.said().stage.to_string(),
        _ => innovation.said().adoption.to_string(),
    };
    let own = |field, id: &ID, kind| {
        let (hub, record) = GlobalId::item(field, id, kind)?;
        if hub != *ctx.db().hub() {
            return Err(ApiError::invalid(field, "is not a record of this hub"));
        }
        Ok(record.to_string())
    };
    let evidence = input.evidence.unwrap_or_default();
    Ok(TransitionDraft {
        innovation: innovation.reference().record.to_string(),
        axis: input.axis.to_code(),
        from: input.from.unwrap_or(here),
        to: input.to,
        on: day(ctx, input.on),
        decided_by: input.decided_by,
        reason: input.reason,
        evidence: evidence
            .iter()
            .map(|id| own("evidence", id, Kind::EVIDENCE))
            .collect::<Result<_, _>>()?,
        corrects: input
            .corrects
            .map(|id| own("corrects", &id, Kind::TRANSITION))
            .transpose()?,
    })
}
