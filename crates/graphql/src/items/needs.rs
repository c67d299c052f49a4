//! Needs, and the innovations that may help.

pub(crate) mod writing;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::catalog::{self, MatchCandidate};
use domain::identity::RecordRef;
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use storage::items::{ItemFilter, Role};

use super::reference::{AgencyReference, InnovationReference};
use super::{connection, item};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations::Innovation;
use crate::paging::{PageArgs, bounded};
use crate::regions::Region;
use crate::scalars::{HubId, RegionCode};
use crate::vocabulary::{Affair, MatchReason, NeedState, Term};

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

/// How many innovations are looked at for one need.
const MOST_CANDIDATES: u32 = 500;

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

    /// Innovations that may help, the best first, each with the reasons for it.
    #[graphql(complexity = "200 + crate::paging::complexity(first, None, child_complexity)")]
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<NeedMatch>, ApiError> {
        let most = crate::paging::size("first", first, super::DEFAULT_RELATED)?;
        matches(ctx, self.said(), most).await
    }
}

/// The best matches of a need among the newest innovations that share an affair or a goal with it.
async fn matches(
    ctx: &Context<'_>,
    need: &catalog::Need,
    most: u32,
) -> Result<Vec<NeedMatch>, ApiError> {
    let sight = ctx.sight().await?;
    let by_affair = InnovationFilter {
        affairs: need.affairs.as_slice().to_vec(),
        sight,
        ..InnovationFilter::default()
    };
    let by_goal = InnovationFilter {
        sdgs: need.sdgs.iter().collect(),
        sight,
        ..InnovationFilter::default()
    };
    let mut places = Vec::new();
    for (filter, is_asked) in [
        (by_affair, !need.affairs.is_empty()),
        (by_goal, !need.sdgs.is_empty()),
    ] {
        if is_asked {
            let stretch = Stretch {
                order: Order::Published,
                direction: Direction::Descending,
                after: None,
                before: None,
                limit: MOST_CANDIDATES,
            };
            places.extend(innovations::list(ctx.db(), &filter, &stretch).await?);
        }
    }
    places.sort_by_key(|place| place.key);
    places.dedup_by_key(|place| place.key);
    let shown = Innovation::read_all(ctx.db(), places).await?;
    let judged = shown.into_iter().flatten().filter_map(|innovation| {
        let found = need.judge(MatchCandidate {
            innovation: innovation.said(),
            region: innovation.region_of(),
            replications: innovation.replications_done(),
            shares_words: false,
        })?;
        Some((found, innovation))
    });
    let mut judged: Vec<_> = judged.collect();
    judged.sort_by(|(one, a), (other, b)| {
        (other.score, b.published()).cmp(&(one.score, a.published()))
    });
    judged.truncate(most as usize);
    let found = |(found, innovation): (catalog::NeedMatch, Innovation)| NeedMatch {
        innovation,
        score: found.score,
        reasons: found.reasons.into_iter().map(Into::into).collect(),
    };
    Ok(judged.into_iter().map(found).collect())
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
