//! What others say of innovations, agencies and hubs: endorsements, assessments, awards.

pub(crate) mod writing;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::catalog::{self, Assessed, Awarded, Line};
use domain::identity::{RecordId, RecordRef};
use storage::items::{ItemFilter, Role};

use super::reference::{AgencyReference, InnovationReference};
use super::{connection, item};
use crate::ApiError;
use crate::hubs::Hub;
use crate::ids::GlobalId;
use crate::paging::{PageArgs, bounded};
use crate::scalars::{HubId, PartialDate};
use crate::vocabulary::{AssessmentState, AwardBasis, Term};

item! {
    /// A hub's word for an innovation of another hub ("dukungan, rekomendasi").
    Endorsement with EndorsementFacts: ENDORSEMENT says catalog::Endorsement
}

item! {
    /// Total and class by an instrument and a year ("penilaian"), of an innovation or of a hub.
    Assessment with AssessmentFacts: ASSESSMENT says catalog::Assessment
}

item! {
    /// The items of an assessment. No juror is named.
    ScoreSheet with ScoreSheetFacts: SCORE_SHEET says catalog::ScoreSheet
}

item! {
    /// What an innovation or an agency won ("penghargaan"): claimed by the owner's hub, or confirmed by the hub that gave it.
    Award with AwardFacts: AWARD says catalog::Award
}

connection! {
    /// A page of awards, the newest first.
    AwardConnection of AwardEdge: Award
}

connection! {
    /// A page of assessments, the newest first.
    AssessmentConnection of AssessmentEdge: Assessment
}

#[Object(serial)]
impl EndorsementFacts {
    /// The innovation that is endorsed.
    async fn innovation(&self) -> InnovationReference {
        InnovationReference(self.said().innovation.clone())
    }

    /// Why it is endorsed.
    async fn statement(&self) -> &str {
        self.said().statement.as_str()
    }

    /// When.
    async fn on(&self) -> PartialDate {
        PartialDate(self.said().on)
    }

    /// Whether it counts; no hub endorses its own.
    async fn counts(&self) -> bool {
        self.said().counts_from(&self.0.place.hub)
    }
}

#[Object(serial)]
impl AssessmentFacts {
    /// The innovation that is assessed; null when it is a hub.
    async fn innovation(&self) -> Option<InnovationReference> {
        match &self.said().about {
            Assessed::Innovation(innovation) => Some(InnovationReference(innovation.clone())),
            Assessed::Hub(_) => None,
        }
    }

    /// The hub that is assessed; null when it is an innovation.
    async fn assessed_hub(&self, ctx: &Context<'_>) -> Result<Option<Hub>, ApiError> {
        match &self.said().about {
            Assessed::Innovation(_) => Ok(None),
            Assessed::Hub(hub) => crate::root::load_hub(ctx, hub).await.map(Some),
        }
    }

    /// By which instrument, for example `IGA_SID` or `HUB_MATURITY`.
    async fn instrument(&self) -> &str {
        self.said().instrument.as_str()
    }

    /// Of which year the instrument is. Weights and classes of different years cannot be compared.
    async fn year(&self) -> u16 {
        self.said().year
    }

    /// How far it is believed.
    async fn state(&self) -> AssessmentState {
        self.said().steps.state().into()
    }

    /// The total, a decimal number.
    async fn total(&self) -> String {
        self.said().total.to_string()
    }

    /// The class, as the instrument names it.
    async fn class(&self) -> Option<&str> {
        self.said().class.as_ref().map(Line::as_str)
    }

    /// Its items; null where they may not be seen or were not given.
    async fn score_sheet(&self, ctx: &Context<'_>) -> Result<Option<ScoreSheet>, ApiError> {
        let found: Vec<ScoreSheet> =
            super::related(ctx, Role::Subject, &self.0.reference(), Some(1)).await?;
        Ok(found.into_iter().next())
    }

    /// Whether the total is the sum of the items; null where the items are not seen.
    async fn is_total_right(&self, ctx: &Context<'_>) -> Result<Option<bool>, ApiError> {
        let sheet = self.score_sheet(ctx).await?;
        Ok(sheet.map(|sheet| sheet.1.said().total() == self.said().total))
    }
}

/// One item of an assessment.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct ScoreItem {
    /// The indicator.
    indicator: String,
    /// How much it weighs, a decimal number; one when nothing is said.
    weight: Option<String>,
    /// What was given, a decimal number.
    value: String,
    /// What could be given at most, a decimal number.
    max: Option<String>,
}

#[Object(serial)]
impl ScoreSheetFacts {
    /// The items, in the order of the sheet.
    async fn items(&self) -> Vec<ScoreItem> {
        let item = |item: &catalog::ScoreItem| ScoreItem {
            indicator: item.indicator.to_string(),
            weight: item.weight.map(|weight| weight.to_string()),
            value: item.value.to_string(),
            max: item.max.map(|max| max.to_string()),
        };
        self.said().items.iter().map(item).collect()
    }

    /// The sum of the items by their weights, a decimal number.
    async fn total(&self) -> String {
        self.said().total().to_string()
    }
}

#[Object(serial)]
impl AwardFacts {
    /// The innovation that won it; null when it was an agency.
    async fn innovation(&self) -> Option<InnovationReference> {
        match &self.said().awarded {
            Awarded::Innovation(innovation) => Some(InnovationReference(innovation.clone())),
            Awarded::Agency(_) => None,
        }
    }

    /// The agency that won it; null when it was an innovation.
    async fn agency(&self) -> Option<AgencyReference> {
        match &self.said().awarded {
            Awarded::Innovation(_) => None,
            Awarded::Agency(agency) => Some(AgencyReference(agency.clone())),
        }
    }

    /// The contest, by its usual name: KIPP, IGA, PKRI, UNPSA and others.
    async fn scheme(&self) -> &str {
        self.said().scheme.as_str()
    }

    /// The place in it, for example "Top 45".
    async fn tier(&self) -> &str {
        self.said().tier.as_str()
    }

    /// The group of the contest.
    async fn group(&self) -> Option<&str> {
        self.said().group.as_ref().map(Line::as_str)
    }

    /// The year.
    async fn year(&self) -> u16 {
        self.said().year
    }

    /// The decree that names the winners.
    async fn decree(&self) -> Option<&str> {
        self.said().decree.as_ref().map(Line::as_str)
    }

    /// Whose word this is.
    async fn basis(&self) -> AwardBasis {
        self.said().basis.into()
    }

    /// Whether it counts: the owner's hub claims, another hub confirms.
    async fn counts(&self) -> bool {
        self.said().counts_from(&self.0.place.hub)
    }
}

/// Which awards are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct AwardFilterInput {
    /// Only awards of this innovation.
    innovation: Option<ID>,
    /// Only awards of this agency. Not together with `innovation`.
    agency: Option<ID>,
    /// Only awards that these hubs tell of.
    hubs: Option<Vec<HubId>>,
    /// Only claims, or only confirmations.
    basis: Option<AwardBasis>,
}

impl AwardFilterInput {
    pub(crate) fn filter(self) -> Result<ItemFilter, ApiError> {
        let target = match (self.innovation, self.agency) {
            (Some(_), Some(_)) => {
                let reason = "give innovation or agency, not both";
                return Err(ApiError::invalid("filter.agency", reason));
            }
            (Some(id), None) => Some(GlobalId::innovation("filter.innovation", &id)?),
            (None, Some(id)) => Some(GlobalId::agency("filter.agency", &id)?),
            (None, None) => None,
        };
        Ok(ItemFilter {
            hubs: bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            refers_to: target.map(|(hub, record)| (Role::Subject, RecordRef { hub, record })),
            states: self.basis.into_iter().map(Term::code).collect(),
            ..ItemFilter::default()
        })
    }
}

/// Which assessments are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct AssessmentFilterInput {
    /// Only assessments of this innovation.
    innovation: Option<ID>,
    /// Only assessments of this hub. Not together with `innovation`.
    assessed_hub: Option<HubId>,
    /// Only assessments by these hubs.
    hubs: Option<Vec<HubId>>,
    /// Only assessments by this instrument; needs `year`.
    instrument: Option<String>,
    /// Only assessments of this year; needs `instrument`.
    year: Option<u16>,
}

impl AssessmentFilterInput {
    fn filter(self) -> Result<ItemFilter, ApiError> {
        let target = match (self.innovation, self.assessed_hub) {
            (Some(_), Some(_)) => {
                let reason = "give innovation or assessedHub, not both";
                return Err(ApiError::invalid("filter.assessedHub", reason));
            }
            (Some(id), None) => Some(GlobalId::innovation("filter.innovation", &id)?),
            (None, Some(hub)) => Some((hub.0, RecordId::from(uuid::Uuid::nil()))),
            (None, None) => None,
        };
        let label = match (self.instrument, self.year) {
            (None, None) => None,
            (Some(instrument), Some(year)) => {
                let parsed = catalog::Instrument::parse(&instrument);
                let parsed =
                    parsed.map_err(|error| ApiError::invalid("filter.instrument", error))?;
                Some(format!("{}|{year}", parsed.as_str()))
            }
            _ => {
                let reason = "give instrument and year together, since years cannot be compared";
                return Err(ApiError::invalid("filter.instrument", reason));
            }
        };
        Ok(ItemFilter {
            hubs: bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            refers_to: target.map(|(hub, record)| (Role::Subject, RecordRef { hub, record })),
            label,
            ..ItemFilter::default()
        })
    }
}

/// What can be asked of awards and assessments.
#[derive(Default)]
pub(crate) struct MeritQuery;

/// What can be asked of awards and assessments.
#[Object(serial)]
impl MeritQuery {
    /// Awards, those of the newest year first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn awards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which awards are wanted.")] filter: Option<AwardFilterInput>,
    ) -> Result<AwardConnection, ApiError> {
        let filter = filter.unwrap_or_default().filter()?;
        let args = PageArgs::forward(first, after);
        Ok(super::list(ctx, args, filter).await?.into())
    }

    /// Assessments, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn assessments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which assessments are wanted.")] filter: Option<AssessmentFilterInput>,
    ) -> Result<AssessmentConnection, ApiError> {
        let filter = filter.unwrap_or_default().filter()?;
        let args = PageArgs::forward(first, after);
        Ok(super::list(ctx, args, filter).await?.into())
    }
}
