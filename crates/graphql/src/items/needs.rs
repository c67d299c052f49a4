//! Needs, and the innovations that may help ([`matching`]).

pub(crate) mod matching;
pub(crate) mod writing;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::catalog;
use domain::identity::RecordRef;
use storage::items::{ItemFilter, Role};

use super::reference::{AgencyReference, InnovationReference};
use super::{connection, item};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations::Innovation;
use crate::loaders::Records;
use crate::paging::{PageArgs, bounded};
use crate::regions::Region;
use crate::scalars::{HubId, RegionCode};
use crate::vocabulary::{Affair, MatchReason, NeedState, Term};
use matching::MatchKey;

item! {
    /// What an agency looks for ("kebutuhan").
    Need with NeedFacts: NEED says catalog::Need
}

connection! {
    /// A page of needs, the newest first.
    NeedConnection of NeedEdge: Need
}

/// An innovation that may help with a need, and why.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct NeedMatch {
    /// The innovation.
    innovation: Innovation,
    /// How well it fits: the sum of its reasons' weights; more is better.
    score: u32,
    /// Why, the weightiest reason first.
    reasons: Vec<MatchReason>,
}

#[Object(serial)]
impl NeedFacts {
    /// The agency that looks for something.
    async fn agency(&self) -> AgencyReference {
        let hub = self.0.place.hub.clone();
        let record = self.said().agency;
        AgencyReference(RecordRef { hub, record })
    }

    /// What it looks for, 150 words.
    async fn statement(&self) -> &str {
        self.said().statement.as_str()
    }

    /// The affairs that it concerns.
    async fn affairs(&self) -> Vec<Affair> {
        self.said()
            .affairs
            .as_slice()
            .iter()
            .copied()
            .map(Into::into)
            .collect()
    }

    /// The goals that it serves, 1 to 17.
    async fn sdgs(&self) -> Vec<u8> {
        self.said().sdgs.iter().map(catalog::Sdg::number).collect()
    }

    /// The code of the region where it is felt.
    async fn region_code(&self) -> Option<RegionCode> {
        self.said().region.map(RegionCode)
    }

    /// The region where it is felt; null also for a code of another edition of the reference data.
    async fn region(&self) -> Option<Region> {
        Region::find(self.said().region?)
    }

    /// How far it is.
    async fn state(&self) -> NeedState {
        self.said().steps.state().into()
    }

    /// The innovation that was chosen.
    async fn chosen(&self) -> Option<InnovationReference> {
        self.said().innovation.clone().map(InnovationReference)
    }

    /// Innovations that may help, the best first, each with the reasons for it: those that are still in use and share an
    /// affair, a goal or words with the need. They are looked for in the index of `searchInnovations`; while there is none,
    /// only among the newest that share an affair or a goal, and words are no reason.
    #[graphql(complexity = "800 + crate::paging::complexity(first, None, child_complexity)")]
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<NeedMatch>, ApiError> {
        let key = MatchKey {
            sight: ctx.sight().await?,
            need: Arc::clone(&self.0),
            most: crate::paging::size("first", first, super::DEFAULT_RELATED)?,
        };
        let records = ctx.data_unchecked::<Records>();
        let matched = records.load_one(key).await.map_err(crate::root::shared)?;
        let matched = matched.unwrap_or_default();
        ctx.depends(|beside| match matched.mark {
            Some(mark) => beside.note_index(mark),
            None => beside.is_unsettled = true,
        });
        let shown = |(found, innovation): &(catalog::NeedMatch, Innovation)| NeedMatch {
            innovation: innovation.clone(),
            score: found.score,
            reasons: found.reasons.iter().copied().map(Into::into).collect(),
        };
        Ok(matched.found.iter().map(shown).collect())
    }
}

/// Which needs are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct NeedFilterInput {
    /// Only needs of this agency.
    agency: Option<ID>,
    /// Only needs that these hubs tell of.
    hubs: Option<Vec<HubId>>,
    /// Only needs that are so far.
    states: Option<Vec<NeedState>>,
    /// Only needs of this region and those within it.
    region: Option<RegionCode>,
}

impl NeedFilterInput {
    pub(crate) fn filter(self) -> Result<ItemFilter, ApiError> {
        let agency = self
            .agency
            .map(|id| GlobalId::agency("filter.agency", &id))
            .transpose()?;
        Ok(ItemFilter {
            hubs: bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            states: bounded("filter.states", self.states)?
                .into_iter()
                .map(Term::code)
                .collect(),
            refers_to: agency.map(|(hub, record)| (Role::Agency, RecordRef { hub, record })),
            region: self.region.map(|region| region.0),
            ..ItemFilter::default()
        })
    }
}

/// What can be asked of needs.
#[derive(Default)]
pub(crate) struct NeedQuery;

/// What can be asked of needs.
#[Object(serial)]
impl NeedQuery {
    /// Needs, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn needs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which needs are wanted.")] filter: Option<NeedFilterInput>,
    ) -> Result<NeedConnection, ApiError> {
        let filter = filter.unwrap_or_default().filter()?;
        let args = PageArgs::forward(first, after);
        Ok(super::list(ctx, args, filter).await?.into())
    }
}
