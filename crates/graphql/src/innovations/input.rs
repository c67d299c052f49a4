//! Writing innovations into this hub's log.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use domain::catalog::{self, InnovationDraft};
use domain::entry::{Audience, Change, DeletionReason, Kind, Sight};
use domain::identity::{HubId, RecordId};
use storage::bodies;

use super::Innovation;
use crate::agencies::{issue, issue_all, own_agency, require};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::writing::Place;
use crate::objects::Warning;
use crate::scalars::{Long, PartialDate};
use crate::vocabulary::{
    AdoptionStatus, Affair, Form, Initiator, InnovationKind, LifecycleStage, RecordAudience,
    Sustained, Term,
};
use crate::{ApiError, HubContext};

/// What is said of an innovation. All faults are told at once, each with its field.
#[derive(InputObject)]
pub(crate) struct InnovationInput {
    /// The title, 3 to 200 characters.
    title: String,
    /// What the title's acronym stands for, up to 300 characters.
    acronym_of: Option<String>,
    /// The global id of the agency that owns it, of this hub.
    agency: ID,
    /// The unit inside the agency, up to 200 characters.
    unit_name: Option<String>,
    /// The registration number of JIPPNas, six digits.
    nri: Option<String>,
    /// Its numbers in other registers, up to 10.
    external_ids: Option<Vec<ExternalIdInput>>,
    /// LAN's type of innovation.
    kind: Option<InnovationKind>,
    /// What it renews.
    form: Option<Form>,
    /// Whether it is an application (SPBE).
    is_digital: Option<bool>,
    /// Who began it.
    initiator: Option<Initiator>,
    /// The affairs that it serves: the main one, then up to 4 that it crosses.
    affairs: Option<Vec<Affair>>,
    /// The goals that it serves, 1 to 17, without repeats.
    sdgs: Option<Vec<i32>>,
    /// Words by which it is found, up to 10 of 2 to 40 characters.
    tags: Option<Vec<String>>,
    /// Ringkasan, 200 words.
    summary: Option<String>,
    /// Latar belakang dan tujuan, 300 words.
    background: Option<String>,
    /// Kebaruan atau nilai tambah, 200 words.
    novelty: Option<String>,
    /// Implementasi, 200 words.
    implementation: Option<String>,
    /// Signifikansi dan dampak, 600 words.
    impact: Option<String>,
    /// Adaptabilitas: sudah direplikasi, 100 words.
    replicated_so_far: Option<String>,
    /// Adaptabilitas: potensi replikasi, 200 words.
    replication_potential: Option<String>,
    /// Sumber daya, 200 words.
    resources: Option<String>,
    /// Strategi keberlanjutan, 500 words.
    sustainability: Option<String>,
    /// What was hard, 300 words.
    challenges: Option<String>,
    /// What was learned, 300 words.
    lessons: Option<String>,
    /// What an adopter needs, up to 20 of up to 300 characters.
    preconditions: Option<Vec<String>>,
    /// When it was started, not after the trial.
    started_on: Option<PartialDate>,
    /// When its trial began, not after its regular use.
    trial_on: Option<PartialDate>,
    /// When its regular use began, not after today.
    implemented_on: Option<PartialDate>,
    /// Whom it serves.
    beneficiaries: Option<BeneficiariesInput>,
    /// Which coaching it needs next.
    #[graphql(default_with = "Term(catalog::LifecycleStage::Creation)")]
    stage: LifecycleStage,
    /// How far it is in use.
    #[graphql(default_with = "Term(catalog::AdoptionStatus::Initiative)")]
    adoption: AdoptionStatus,
    /// Whether it goes on.
    sustained: Option<SustainmentInput>,
    /// The place of service, not of a home.
    point: Option<PointInput>,
    /// Its web site.
    website: Option<String>,
    /// Where its facts were published, up to 20.
    sources: Option<Vec<SourceInput>>,
    /// Who may see it. Left out, a new record is for everybody, and a revised one for whom it was before.
    audience: Option<RecordAudience>,
}

/// A number in another register.
#[derive(InputObject)]
pub(crate) struct ExternalIdInput {
    /// The register: 2 to 20 of A-Z, 0-9 and _.
    scheme: String,
    /// The number or name in it, up to 64 characters.
    value: String,
}

/// Whom an innovation serves.
#[derive(InputObject)]
pub(crate) struct BeneficiariesInput {
    /// How many, 0 or more.
    count: Long,
    /// Of what: people, households, schools.
    unit: Option<String>,
    /// In which time.
    period: Option<String>,
}

/// Whether an innovation goes on.
#[derive(InputObject)]
pub(crate) struct SustainmentInput {
    /// The answer.
    answer: Sustained,
    /// Why, 100 words.
    reason: Option<String>,
}

/// A place inside Indonesia's box (WGS 84).
#[derive(InputObject)]
pub(crate) struct PointInput {
    /// Degrees north, -11.5 to 6.5.
    lat: f64,
    /// Degrees east, 94.5 to 141.5.
    lng: f64,
}

/// Where an innovation's facts were published.
#[derive(InputObject)]
pub(crate) struct SourceInput {
    /// The publication's title.
    title: String,
    /// Its address.
    url: Option<String>,
}

/// Why a record is taken back. Whatever the reason, every hub drops what the record said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(crate) enum WithdrawalReason {
    /// Personal data had to go (UU 27/2022). `holders` tells which hubs confirmed it.
    Erasure,
    /// It was published by mistake.
    Error,
    /// Another record took its place.
    Merged,
    /// Its owner took it back.
    #[default]
    Withdrawn,
}

impl From<WithdrawalReason> for DeletionReason {
    fn from(reason: WithdrawalReason) -> Self {
        match reason {
            WithdrawalReason::Erasure => Self::Erasure,
            WithdrawalReason::Error => Self::Error,
            WithdrawalReason::Merged => Self::Merged,
            WithdrawalReason::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What came of writing an innovation.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct WrittenInnovation {
    /// The innovation as readers see it now.
    innovation: Innovation,
    /// What deserves a second look, such as a text that is longer than asked for.
    warnings: Vec<Warning>,
}

impl InnovationInput {
    fn draft(self, hub: &HubId) -> Result<InnovationDraft, ApiError> {
        Ok(InnovationDraft {
            agency: own_agency("agency", &self.agency, hub)?.to_string(),
            title: self.title,
            acronym_of: self.acronym_of,
            unit_name: self.unit_name,
            nri: self.nri,
            external_ids: self
                .external_ids
                .into_iter()
                .flatten()
                .map(Into::into)
                .collect(),
            kind: self.kind.map(Term::to_code),
            form: self.form.map(Term::to_code),
            is_digital: self.is_digital,
            initiator: self.initiator.map(Term::to_code),
            affairs: self
                .affairs
                .into_iter()
                .flatten()
                .map(Term::to_code)
                .collect(),
            sdgs: self.sdgs.into_iter().flatten().map(i64::from).collect(),
            tags: self.tags.unwrap_or_default(),
            summary: self.summary,
            background: self.background,
            novelty: self.novelty,
            implementation: self.implementation,
            impact: self.impact,
            replicated_so_far: self.replicated_so_far,
            replication_potential: self.replication_potential,
            resources: self.resources,
            sustainability: self.sustainability,
            challenges: self.challenges,
            lessons: self.lessons,
            preconditions: self.preconditions.unwrap_or_default(),
            started_on: self.started_on.map(|date| date.0.to_string()),
            trial_on: self.trial_on.map(|date| date.0.to_string()),
            implemented_on: self.implemented_on.map(|date| date.0.to_string()),
            beneficiaries: self.beneficiaries.map(Into::into),
            stage: self.stage.to_code(),
            adoption: self.adoption.to_code(),
            sustained: self.sustained.map(Into::into),
            point: self.point.map(Into::into),
            website: self.website,
            sources: self.sources.into_iter().flatten().map(Into::into).collect(),
        })
    }
}

impl From<PointInput> for catalog::PointDraft {
    fn from(input: PointInput) -> Self {
        Self {
            lat: input.lat,
            lng: input.lng,
        }
    }
}

impl From<ExternalIdInput> for catalog::ExternalIdDraft {
    fn from(input: ExternalIdInput) -> Self {
        Self {
            scheme: input.scheme,
            value: input.value,
        }
    }
}

impl From<BeneficiariesInput> for catalog::BeneficiariesDraft {
    fn from(input: BeneficiariesInput) -> Self {
        let count = i64::try_from(input.count.0).expect("a Long is below 2^53");
        Self {
            count,
            unit: input.unit,
            period: input.period,
        }
    }
}

impl From<SustainmentInput> for catalog::SustainedDraft {
    fn from(input: SustainmentInput) -> Self {
        Self {
            answer: input.answer.to_code(),
            reason: input.reason,
        }
    }
}

impl From<SourceInput> for catalog::SourceDraft {
    fn from(input: SourceInput) -> Self {
        Self {
            title: input.title,
            url: input.url,
        }
    }
}

/// Publishes a new innovation of this hub.
pub(crate) async fn create(
    ctx: &Context<'_>,
    input: InnovationInput,
    acknowledge: Option<Vec<String>>,
) -> Result<WrittenInnovation, ApiError> {
    ctx.viewer().require_operator()?;
    put(ctx, Place::new(ctx, Audience::Public, acknowledge), input).await
}

/// Publishes a new revision of an innovation of this hub.
pub(crate) async fn revise(
    ctx: &Context<'_>,
    id: &ID,
    revision: Long,
    input: InnovationInput,
    acknowledge: Option<Vec<String>>,
) -> Result<WrittenInnovation, ApiError> {
    ctx.viewer().require_operator()?;
    let (record, audience) = own_innovation(ctx, id).await?;
    let place = Place::after(record, revision.0, audience, acknowledge);
    put(ctx, place, input).await
}

/// Takes an innovation of this hub back.
pub(crate) async fn withdraw(
    ctx: &Context<'_>,
    id: ID,
    revision: Long,
    reason: WithdrawalReason,
) -> Result<ID, ApiError> {
    ctx.viewer().require_operator()?;
    let (record, audience) = own_innovation(ctx, &id).await?;
    issue(
        ctx.hub(),
        record,
        revision.0 + 1,
        Kind::INNOVATION,
        audience,
        Change::Delete(reason.into()),
    )
    .await?;
    Ok(id)
}

/// The record of an innovation of this hub, and for whom it is.
async fn own_innovation(ctx: &Context<'_>, id: &ID) -> Result<(RecordId, Audience), ApiError> {
    let (owner, record) = GlobalId::innovation("id", id)?;
    if owner != *ctx.db().hub() {
        return Err(ApiError::Foreign {
            id: id.to_string(),
            owner,
        });
    }
    let ids = [(owner, record)];
    let found = storage::innovations::find_many(ctx.db(), &ids, Sight::All).await?;
    let entries = found.iter().map(|place| Some(place.entry));
    let said = bodies::load(ctx.db(), entries)
        .await?
        .into_iter()
        .flatten()
        .next();
    let said = said.ok_or_else(|| ApiError::NotFound {
        what: "innovation",
        id: id.to_string(),
    })?;
    Ok((record, said.audience.clone()))
}

/// Writes a text; the audience of the place counts where the input names none.
async fn put(
    ctx: &Context<'_>,
    mut place: Place,
    input: InnovationInput,
) -> Result<WrittenInnovation, ApiError> {
    let hub: &HubContext = ctx.hub();
    place.audience = input.audience.map_or(place.audience, Audience::from);
    let draft = input.draft(hub.db.hub())?;
    let innovation = catalog::Innovation::parse(&draft, hub.clock.now().date())?;
    require(ctx, "agency", innovation.agency, &place.audience).await?;
    let said = InnovationDraft::from(&innovation);
    issue_all(hub, vec![place.entry(ctx, Kind::INNOVATION, &said)?]).await?;
    let record = place.record;
    let ids = [(hub.db.hub().clone(), record)];
    let place = storage::innovations::find_many(&hub.db, &ids, Sight::All).await?;
    let shown = Innovation::read_all(&hub.db, place)
        .await?
        .into_iter()
        .flatten()
        .next();
    let innovation_shown = shown.ok_or_else(|| ApiError::NotFound {
        what: "innovation",
        id: record.to_string(),
    })?;
    Ok(WrittenInnovation {
        innovation: innovation_shown,
        warnings: innovation.warnings().into_iter().map(Into::into).collect(),
    })
}
