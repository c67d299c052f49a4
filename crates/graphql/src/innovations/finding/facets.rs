//! Counting all that was found.

use std::sync::Arc;

use async_graphql::Object;
use domain::catalog::{self, Vocabulary as _};
use domain::identity;
use search::{Facet, Found};

use crate::ApiError;
use crate::paging;
use crate::regions::Region;
use crate::row::{Rows, row};
use crate::scalars::{HubId, Long, RegionCode};
use crate::vocabulary::{AdoptionStatus, Affair, LifecycleStage};

/// How many values are given when nothing is said.
const MOST_SHOWN: u32 = 10;

/// How many of all that was found there are of each value, the most frequent first. A record that has several values is
/// counted for each of them.
pub(super) struct InnovationFacets(pub(super) Arc<Found>);

impl InnovationFacets {
    /// The most frequent values, as far as `read` knows them.
    fn values<T>(
        &self,
        facet: Facet,
        first: Option<i32>,
        read: impl Fn(&str, Long) -> Option<T>,
    ) -> Result<Rows<T>, ApiError> {
        let most = paging::size("first", first, MOST_SHOWN)?;
        let counts = self.0.count(facet);
        let values = counts
            .iter()
            .filter_map(|(value, count)| read(value, Long(*count)));
        let values = values.take(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(values.collect())
    }
}

/// How many of all that was found there are of each value, the most frequent first. A record that has several values is
/// counted for each of them.
#[Object(serial)]
#[expect(
    clippy::unused_async,
    reason = "resolvers are, and these only read memory"
)]
impl InnovationFacets {
    /// By the hubs that keep the records.
    #[graphql(complexity = "paging::complexity(first, None, child_complexity)")]
    async fn hubs(
        &self,
        #[graphql(desc = "How many, up to 100; 10 when left out.")] first: Option<i32>,
    ) -> Result<Rows<HubFacet>, ApiError> {
        self.values(Facet::Hub, first, |value, count| {
            let hub_id = HubId(identity::HubId::parse(value).ok()?);
            Some(HubFacet { hub_id, count })
        })
    }

    /// By the provinces of their agencies.
    #[graphql(complexity = "paging::complexity(first, None, child_complexity)")]
    async fn provinces(
        &self,
        #[graphql(desc = "How many, up to 100; 10 when left out.")] first: Option<i32>,
    ) -> Result<Rows<ProvinceFacet>, ApiError> {
        self.values(Facet::Province, first, |value, count| {
            let code = catalog::RegionCode::parse(value).ok()?;
            Some(ProvinceFacet {
                region_code: RegionCode(code),
                region: Region::find(code),
                count,
            })
        })
    }

    /// By the affairs of government that they serve.
    #[graphql(complexity = "paging::complexity(first, None, child_complexity)")]
    async fn affairs(
        &self,
        #[graphql(desc = "How many, up to 100; 10 when left out.")] first: Option<i32>,
    ) -> Result<Rows<AffairFacet>, ApiError> {
        self.values(Facet::Affair, first, |value, count| {
            let affair = catalog::Affair::read(value).into();
            Some(AffairFacet { affair, count })
        })
    }

    /// By the Sustainable Development Goals that they serve.
    #[graphql(complexity = "paging::complexity(first, None, child_complexity)")]
    async fn sdgs(
        &self,
        #[graphql(desc = "How many, up to 100; 10 when left out.")] first: Option<i32>,
    ) -> Result<Rows<SdgFacet>, ApiError> {
        self.values(Facet::Sdg, first, |value, count| {
            let sdg = value.parse().ok()?;
            Some(SdgFacet { sdg, count })
        })
    }

    /// By which coaching they need next.
    #[graphql(complexity = "3 * child_complexity")]
    async fn stages(&self) -> Result<Rows<StageFacet>, ApiError> {
        self.values(Facet::Stage, None, |value, count| {
            let stage = catalog::LifecycleStage::read(value).into();
            Some(StageFacet { stage, count })
        })
    }

    /// By how far they are in use.
    #[graphql(complexity = "4 * child_complexity")]
    async fn adoptions(&self) -> Result<Rows<AdoptionFacet>, ApiError> {
        self.values(Facet::Adoption, None, |value, count| {
            let adoption = catalog::AdoptionStatus::read(value).into();
            Some(AdoptionFacet { adoption, count })
        })
    }

    /// By the years by which they are counted.
    #[graphql(complexity = "paging::complexity(first, None, child_complexity)")]
    async fn years(
        &self,
        #[graphql(desc = "How many, up to 100; 10 when left out.")] first: Option<i32>,
    ) -> Result<Rows<YearFacet>, ApiError> {
        self.values(Facet::Year, first, |value, count| {
            let year = value.parse().ok()?;
            Some(YearFacet { year, count })
        })
    }

    /// By the schemes of the awards that they won, as far as these are public.
    #[graphql(complexity = "paging::complexity(first, None, child_complexity)")]
    async fn awards(
        &self,
        #[graphql(desc = "How many, up to 100; 10 when left out.")] first: Option<i32>,
    ) -> Result<Rows<AwardFacet>, ApiError> {
        self.values(Facet::Award, first, |value, count| {
            let scheme = value.to_owned();
            Some(AwardFacet { scheme, count })
        })
    }
}

row! {
    /// How many records a hub keeps of all that was found.
    struct HubFacet {
        /// The hub's id.
        hub_id: HubId,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many are of a province.
    struct ProvinceFacet {
        /// The province's code.
        region_code: RegionCode,
        /// The province; null for a code that this edition does not know.
        region: Option<Region>,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many serve an affair of government.
    struct AffairFacet {
        /// The affair.
        affair: Affair,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many serve a goal.
    struct SdgFacet {
        /// The goal, 1 to 17.
        sdg: u8,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many are at a stage.
    struct StageFacet {
        /// The stage.
        stage: LifecycleStage,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many have an adoption status.
    struct AdoptionFacet {
        /// The status.
        adoption: AdoptionStatus,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many are counted for a year.
    struct YearFacet {
        /// The year.
        year: u16,
        /// How many.
        count: Long,
    }
}

row! {
    /// How many won an award of a scheme.
    struct AwardFacet {
        /// The scheme in small letters, as `awards` takes it.
        scheme: String,
        /// How many.
        count: Long,
    }
}
