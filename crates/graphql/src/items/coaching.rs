//! Coaching activities.

pub(crate) mod writing;

use async_graphql::{Context, InputObject, Object};
use domain::catalog::{self, Line, Words};
use domain::identity::RecordRef;
use storage::items::{ItemFilter, Role};

use super::progress::Evidence;
use super::reference::{AgencyReference, InnovationReference};
use super::{connection, item};
use crate::ApiError;
use crate::paging::{PageArgs, bounded};
use crate::regions::Region;
use crate::scalars::{DateTime, HubId, Long, RegionCode};
use crate::vocabulary::{CoachingKind, CoachingMode, CoachingState, LifecycleStage, Term};

item! {
    /// What a hub does so that innovations are made, grow and stay ("kegiatan pembinaan", Permen PANRB 91/2021).
    Coaching as "CoachingActivity" with CoachingFacts: COACHING says catalog::CoachingActivity
}

connection! {
    /// A page of coaching activities, those that begin last first.
    CoachingActivityConnection of CoachingActivityEdge: Coaching
}

#[Object(serial)]
impl CoachingFacts {
    /// Its title.
    async fn title(&self) -> &str {
        self.said().title.as_str()
    }

    /// What sort of coaching it is.
    async fn kind(&self) -> CoachingKind {
        self.said().kind.into()
    }

    /// Which stages it serves.
    async fn phases(&self) -> Vec<LifecycleStage> {
        self.said().phases.iter().copied().map(Into::into).collect()
    }

    /// When it begins.
    async fn starts_at(&self) -> DateTime {
        DateTime(self.said().starts_at)
    }

    /// When it ends.
    async fn ends_at(&self) -> Option<DateTime> {
        self.said().ends_at.map(DateTime)
    }

    /// How people take part.
    async fn mode(&self) -> CoachingMode {
        self.said().mode.into()
    }

    /// Where.
    async fn place(&self) -> Option<&str> {
        self.said().place.as_ref().map(Line::as_str)
    }

    /// The code of the region where it is.
    async fn region_code(&self) -> Option<RegionCode> {
        self.said().region.map(RegionCode)
    }

    /// The region where it is; null also for a code of another edition of the reference data.
    async fn region(&self) -> Option<Region> {
        Region::find(self.said().region?)
    }

    /// The agency that holds it; null when its hub does.
    async fn host(&self) -> Option<AgencyReference> {
        let (hub, record) = (self.0.place.hub.clone(), self.said().host?);
        Some(AgencyReference(RecordRef { hub, record }))
    }

    /// What was handed out and written down: evidence whose subject it is, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn materials(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Evidence>, ApiError> {
        super::related(ctx, Role::Subject, &self.0.reference(), first).await
    }

    /// The agencies that it is for.
    #[graphql(complexity = "20 * child_complexity")]
    async fn agencies(&self) -> Vec<AgencyReference> {
        self.said()
            .agencies
            .iter()
            .cloned()
            .map(AgencyReference)
            .collect()
    }

    /// The innovations that it is about.
    #[graphql(complexity = "20 * child_complexity")]
    async fn innovations(&self) -> Vec<InnovationReference> {
        self.said()
            .innovations
            .iter()
            .cloned()
            .map(InnovationReference)
            .collect()
    }

    /// How many people took part. Their names stay with the hub.
    async fn participant_count(&self) -> Option<Long> {
        self.said().participant_count.map(Long)
    }

    /// What came of it, 200 words.
    async fn outcome(&self) -> Option<&str> {
        self.said().outcome.as_ref().map(Words::as_str)
    }

    /// How far it is.
    async fn state(&self) -> CoachingState {
        self.said().steps.state().into()
    }
}

/// Which activities are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct CoachingActivityFilterInput {
    /// Only activities of these hubs.
    hubs: Option<Vec<HubId>>,
    /// Only activities of this kind.
    kind: Option<CoachingKind>,
    /// Only activities that are so far.
    states: Option<Vec<CoachingState>>,
    /// Only activities in this region and those within it.
    region: Option<RegionCode>,
}

impl CoachingActivityFilterInput {
    fn filter(self) -> Result<ItemFilter, ApiError> {
        Ok(ItemFilter {
            hubs: bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            states: bounded("filter.states", self.states)?
                .into_iter()
                .map(Term::code)
                .collect(),
            label: self.kind.map(Term::to_code),
            region: self.region.map(|region| region.0),
            ..ItemFilter::default()
        })
    }
}

/// What can be asked of coaching.
#[derive(Default)]
pub(crate) struct CoachingQuery;

/// What can be asked of coaching.
#[Object(serial)]
impl CoachingQuery {
    /// Coaching activities, those that begin last first.
    #[graphql(complexity = "crate::paging::complexity(first, last, child_complexity)")]
    async fn coaching_activities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, up to 100; 20 when neither is given.")]
        first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, up to 100.")] last: Option<i32>,
        #[graphql(desc = "Stop before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which activities are wanted.")] filter: Option<
            CoachingActivityFilterInput,
        >,
    ) -> Result<CoachingActivityConnection, ApiError> {
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
