//! What an author says of an innovation, as it is typed, and as a draft of it is shown.
//!
//! [`Told`] are the fields that whoever writes may leave out, in every form and in drafts alike. What must be said in a form
//! stands in the form's own type.

use async_graphql::{ComplexObject, ID, InputObject, SimpleObject};
use domain::catalog::{self, InnovationDraft, Vocabulary};

use super::parts;
use crate::scalars::{Long, PartialDate};
use crate::vocabulary::{Affair, Form, Initiator, InnovationKind, Sustained, Term};

/// What is told of an innovation beside its title, its agency and its stage.
#[derive(Clone, Debug, Default, InputObject, SimpleObject)]
#[graphql(input_name = "ToldInput", complex)]
pub(crate) struct Told {
    /// What the title's acronym stands for, up to 300 characters.
    acronym_of: Option<String>,
    /// The unit inside the agency, up to 200 characters.
    unit_name: Option<String>,
    /// The registration number of JIPPNas, six digits.
    nri: Option<String>,
    /// Its numbers in other registers, up to 10.
    #[graphql(skip_output)]
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
    #[graphql(skip_output)]
    beneficiaries: Option<BeneficiariesInput>,
    /// Whether it goes on.
    #[graphql(skip_output)]
    sustained: Option<SustainmentInput>,
    /// The place of service, not of a home.
    #[graphql(skip_output)]
    point: Option<PointInput>,
    /// Its web site.
    website: Option<String>,
    /// Where its facts were published, up to 20.
    #[graphql(skip_output)]
    sources: Option<Vec<SourceInput>>,
    /// The people who had a part in it, by their ids at this hub, up to 20. Others read their names if they agreed to it, and
    /// else their offices.
    #[graphql(skip_output)]
    pub(crate) credits: Option<Vec<ID>>,
}

/// A number in another register.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ExternalIdInput {
    /// The register: 2 to 20 of A-Z, 0-9 and _.
    scheme: String,
    /// The number or name in it, up to 64 characters.
    value: String,
}

/// Whom an innovation serves.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct BeneficiariesInput {
    /// How many, 0 or more.
    count: Long,
    /// Of what: people, households, schools.
    unit: Option<String>,
    /// In which time.
    period: Option<String>,
}

/// Whether an innovation goes on.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SustainmentInput {
    /// The answer.
    answer: Sustained,
    /// Why, 100 words.
    reason: Option<String>,
}

/// A place inside Indonesia's box (WGS 84).
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct PointInput {
    /// Degrees north, -11.5 to 6.5.
    lat: f64,
    /// Degrees east, 94.5 to 141.5.
    lng: f64,
}

/// Where an innovation's facts were published.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SourceInput {
    /// The publication's title.
    title: String,
    /// Its address.
    url: Option<String>,
}

#[ComplexObject]
impl Told {
    /// Its numbers in other registers.
    async fn external_ids(&self) -> Vec<parts::ExternalId> {
        let ids = self.external_ids.iter().flatten();
        ids.map(|id| parts::ExternalId::new(&id.scheme, &id.value))
            .collect()
    }

    /// Whom it serves.
    async fn beneficiaries(&self) -> Option<parts::Beneficiaries> {
        let served = self.beneficiaries.as_ref()?;
        let (unit, period) = (served.unit.clone(), served.period.clone());
        Some(parts::Beneficiaries::new(served.count, unit, period))
    }

    /// Whether it goes on.
    async fn sustained(&self) -> Option<parts::Sustainment> {
        let sustained = self.sustained.as_ref()?;
        let reason = sustained.reason.clone();
        Some(parts::Sustainment::new(sustained.answer, reason))
    }

    /// The place of service.
    async fn point(&self) -> Option<parts::Point> {
        let PointInput { lat, lng } = self.point?;
        Some(parts::Point::from(catalog::Point { lat, lng }))
    }

    /// Where its facts were published.
    async fn sources(&self) -> Vec<parts::Source> {
        let sources = self.sources.iter().flatten();
        sources
            .map(|source| parts::Source::new(&source.title, source.url.clone()))
            .collect()
    }
}

impl Told {
    /// The same as a draft, without title, agency, stage, adoption and credits.
    pub(crate) fn draft(self) -> InnovationDraft {
        let day = |date: Option<PartialDate>| date.map(|date| date.0.to_string());
        let affairs = self.affairs.into_iter().flatten();
        InnovationDraft {
            acronym_of: self.acronym_of,
            unit_name: self.unit_name,
            nri: self.nri,
            external_ids: convert(self.external_ids),
            kind: self.kind.map(Term::to_code),
            form: self.form.map(Term::to_code),
            is_digital: self.is_digital,
            initiator: self.initiator.map(Term::to_code),
            affairs: affairs.map(Term::to_code).collect(),
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
            started_on: day(self.started_on),
            trial_on: day(self.trial_on),
            implemented_on: day(self.implemented_on),
            beneficiaries: self.beneficiaries.map(Into::into),
            sustained: self.sustained.map(Into::into),
            point: self.point.map(Into::into),
            website: self.website,
            sources: convert(self.sources),
            ..InnovationDraft::default()
        }
    }
}

fn convert<I: Into<O>, O>(given: Option<Vec<I>>) -> Vec<O> {
    given.into_iter().flatten().map(Into::into).collect()
}

impl From<InnovationDraft> for Told {
    fn from(draft: InnovationDraft) -> Self {
        let day = |raw: Option<String>| {
            let date = catalog::PartialDate::parse(&raw?).ok()?;
            Some(PartialDate(date))
        };
        let affairs: Vec<Affair> = draft
            .affairs
            .iter()
            .filter_map(|raw| term(Some(raw)))
            .collect();
        let sdgs = draft
            .sdgs
            .into_iter()
            .filter_map(|goal| i32::try_from(goal).ok());
        Self {
            acronym_of: draft.acronym_of,
            unit_name: draft.unit_name,
            nri: draft.nri,
            external_ids: Some(convert(Some(draft.external_ids))),
            kind: term(draft.kind.as_deref()),
            form: term(draft.form.as_deref()),
            is_digital: draft.is_digital,
            initiator: term(draft.initiator.as_deref()),
            affairs: Some(affairs),
            sdgs: Some(sdgs.collect()),
            tags: Some(draft.tags),
            summary: draft.summary,
            background: draft.background,
            novelty: draft.novelty,
            implementation: draft.implementation,
            impact: draft.impact,
            replicated_so_far: draft.replicated_so_far,
            replication_potential: draft.replication_potential,
            resources: draft.resources,
            sustainability: draft.sustainability,
            challenges: draft.challenges,
            lessons: draft.lessons,
            preconditions: Some(draft.preconditions),
            started_on: day(draft.started_on),
            trial_on: day(draft.trial_on),
            implemented_on: day(draft.implemented_on),
            beneficiaries: draft.beneficiaries.map(Into::into),
            sustained: draft.sustained.and_then(SustainmentInput::shown),
            point: draft.point.map(|point| PointInput {
                lat: point.lat,
                lng: point.lng,
            }),
            website: draft.website,
            sources: Some(convert(Some(draft.sources))),
            credits: None,
        }
    }
}

/// The term that a draft names.
pub(crate) fn term<V: Vocabulary>(code: Option<&(impl AsRef<str> + ?Sized)>) -> Option<Term<V>> {
    V::find(code?.as_ref()).map(Term)
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

impl From<catalog::ExternalIdDraft> for ExternalIdInput {
    fn from(draft: catalog::ExternalIdDraft) -> Self {
        Self {
            scheme: draft.scheme,
            value: draft.value,
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

impl From<catalog::BeneficiariesDraft> for BeneficiariesInput {
    fn from(draft: catalog::BeneficiariesDraft) -> Self {
        Self {
            count: Long(u64::try_from(draft.count).unwrap_or_default()),
            unit: draft.unit,
            period: draft.period,
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

impl SustainmentInput {
    fn shown(draft: catalog::SustainedDraft) -> Option<Self> {
        Some(Self {
            answer: term(Some(&draft.answer))?,
            reason: draft.reason,
        })
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

impl From<catalog::SourceDraft> for SourceInput {
    fn from(draft: catalog::SourceDraft) -> Self {
        Self {
            title: draft.title,
            url: draft.url,
        }
    }
}
