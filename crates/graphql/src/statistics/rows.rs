//! The rows of the charts.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use domain::catalog;
use domain::identity;
use domain::statistics::{
    AffairCount, AwardCount, CoachingMonth, Figures, Flow, HubTotals, RegionCount, Replicated,
    ReplicationCount, StageMove, Totals, YearCount,
};

use super::{AdoptionCount, LifecycleCount, adoption, all, lifecycle};
use crate::ApiError;
use crate::hubs::Hub;
use crate::in_place::InPlace;
use crate::items::reference::InnovationReference;
use crate::regions::Region;
use crate::row::{AtOnce, Rows, row};
use crate::scalars::{DateTime, HubId, Long, PartialDate, RegionCode};
use crate::vocabulary::{Affair, LifecycleStage, TransitionAxis};

pub(super) fn long(number: u32) -> Long {
    Long(number.into())
}

row! {
    /// Replications, by whose word they stand on. The counts are never added up.
    #[derive(Clone, Copy)]
    pub(crate) struct ReplicationStatistics {
        /// Replications that were neither refused nor given up, by their adopters' words.
        claimed: Long,
        /// Of these, those that are done by their adopters' words.
        done: Long,
        /// Of these, those that are done and that the source confirmed.
        confirmed: Long,
    }
}

impl From<ReplicationCount> for ReplicationStatistics {
    fn from(count: ReplicationCount) -> Self {
        Self {
            claimed: long(count.claimed),
            done: long(count.done),
            confirmed: long(count.confirmed),
        }
    }
}

/// Chart 1: how many records there are, in pieces.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct StatisticsTotals {
    /// Innovations.
    innovations: Long,
    /// Agencies; if something is asked that only innovations have, those with such an innovation.
    agencies: Long,
    /// Replications, at the hub of the adopter.
    replications: AtOnce<ReplicationStatistics>,
    /// Endorsements, at the hub that gives them.
    endorsements: Long,
    /// Awards: of a hub, how often it tells of one; of the network, each once whoever tells of it.
    awards: Long,
    /// Coaching activities that were not cancelled.
    coaching_activities: Long,
    /// Questions and discussions.
    threads: Long,
    /// Needs, whatever their state.
    needs: Long,
}

impl From<Totals> for StatisticsTotals {
    fn from(totals: Totals) -> Self {
        Self {
            innovations: long(totals.innovations),
            agencies: long(totals.agencies),
            replications: AtOnce(totals.replications.into()),
            endorsements: long(totals.endorsements),
            awards: long(totals.awards),
            coaching_activities: long(totals.coaching),
            threads: long(totals.threads),
            needs: long(totals.needs),
        }
    }
}

pub(crate) struct HubStatistics(HubTotals);

impl From<&HubTotals> for HubStatistics {
    fn from(row: &HubTotals) -> Self {
        Self(row.clone())
    }
}

/// Chart 1: what a hub holds.
#[Object(serial)]
impl HubStatistics {
    /// The hub's id.
    async fn hub_id(&self) -> HubId {
        HubId(self.0.hub.clone())
    }

    /// The hub.
    async fn hub(&self, ctx: &Context<'_>) -> Result<Hub, ApiError> {
        crate::root::load_hub(ctx, &self.0.hub).await
    }

    /// What it holds.
    async fn totals(&self) -> StatisticsTotals {
        self.0.totals.into()
    }
}

row! {
    /// Chart 2: innovations of a year at a stage.
    pub(crate) struct YearStatistics {
        /// The year by which they are counted: of their implementation, else of their start; null where records say none.
        year: Option<u16>,
        /// The stage at which they are now.
        stage: LifecycleStage,
        /// How many.
        innovations: Long,
    }
}

impl From<&YearCount> for YearStatistics {
    fn from(row: &YearCount) -> Self {
        Self {
            year: row.year,
            stage: row.stage.into(),
            innovations: long(row.innovations),
        }
    }
}

pub(crate) struct RegionStatistics(pub(crate) Arc<Figures>);

/// Chart 3: innovations by the region of their agency.
#[Object(serial)]
impl RegionStatistics {
    /// Provinces with any innovation, each with all that lies in it, in the order of their codes; those of no known region
    /// first.
    async fn provinces(&self) -> Rows<RegionStatistic> {
        all(&self.0.provinces)
    }

    /// Regencies and cities with any innovation, in the order of their codes.
    async fn regencies(&self) -> Rows<RegionStatistic> {
        all(&self.0.regencies)
    }
}

row! {
    /// Chart 3: innovations of a region.
    pub(crate) struct RegionStatistic {
        /// The region's code; null where the region is not known.
        region_code: Option<RegionCode>,
        /// The region; null also for a code of another edition of the reference data.
        region: Option<Region>,
        /// How many.
        innovations: Long,
    }
}

impl From<&RegionCount> for RegionStatistic {
    fn from(row: &RegionCount) -> Self {
        Self {
            region_code: row.region.map(RegionCode),
            region: row.region.and_then(Region::find),
            innovations: long(row.innovations),
        }
    }
}

row! {
    /// Chart 4: innovations that serve a goal.
    pub(crate) struct SdgStatistics {
        /// The goal, 1 to 17.
        sdg: u8,
        /// How many.
        innovations: Long,
    }
}

impl From<&(catalog::Sdg, u32)> for SdgStatistics {
    fn from((goal, count): &(catalog::Sdg, u32)) -> Self {
        Self {
            sdg: goal.number(),
            innovations: long(*count),
        }
    }
}

row! {
    /// Chart 5: innovations that serve an affair.
    pub(crate) struct AffairStatistics {
        /// The affair.
        affair: Affair,
        /// How many.
        innovations: Long,
    }
}

impl From<&AffairCount> for AffairStatistics {
    fn from(row: &AffairCount) -> Self {
        Self {
            affair: row.affair.into(),
            innovations: long(row.innovations),
        }
    }
}

pub(crate) struct StageStatistics(pub(crate) Arc<Figures>);

/// Chart 6: how many innovations are at each stage, and how long they stay at one.
#[Object(serial)]
impl StageStatistics {
    /// By stage of the life cycle, the first one first.
    async fn lifecycle(&self) -> Rows<LifecycleCount> {
        lifecycle(&self.0.stages)
    }

    /// By adoption status, the first one first.
    async fn adoption(&self) -> Rows<AdoptionCount> {
        adoption(&self.0.stages)
    }

    /// How long innovations stayed where they were before they moved on, by where from and where to.
    async fn moves(&self) -> Rows<StageMoveStatistics> {
        all(&self.0.moves)
    }
}

row! {
    /// Chart 6: how long innovations stayed at a stage or status before they moved on to another.
    pub(crate) struct StageMoveStatistics {
        /// The axis.
        axis: TransitionAxis,
        /// The code of the stage or status that was left.
        from: &'static str,
        /// The code of the stage or status that was reached.
        to: &'static str,
        /// How many stays are counted: those of which both ends are told by transitions that nothing corrects.
        stays: Long,
        /// The median of their lengths, in days; of an even number the lower one of the two in the middle. A date of which
        /// only the year or month is known counts as its first day.
        median_days: i32,
    }
}

impl From<&StageMove> for StageMoveStatistics {
    fn from(row: &StageMove) -> Self {
        Self {
            axis: row.axis.into(),
            from: row.from,
            to: row.to,
            stays: long(row.stays),
            median_days: row.median_days,
        }
    }
}

row! {
    /// Chart 7: replications from one province to another, or within one.
    pub(crate) struct ReplicationFlow {
        /// The code of the province of the innovation's agency; null where it is not known or may not be seen.
        from_code: Option<RegionCode>,
        /// The province of the innovation's agency.
        from: Option<Region>,
        /// The code of the province of the adopter; null where it is not known or may not be seen.
        to_code: Option<RegionCode>,
        /// The province of the adopter.
        to: Option<Region>,
        /// How many.
        replications: AtOnce<ReplicationStatistics>,
    }
}

impl From<&Flow> for ReplicationFlow {
    fn from(row: &Flow) -> Self {
        Self {
            from_code: row.from.map(RegionCode),
            from: row.from.and_then(Region::find),
            to_code: row.to.map(RegionCode),
            to: row.to.and_then(Region::find),
            replications: AtOnce(row.replications.into()),
        }
    }
}

pub(crate) struct ReplicatedInnovation(Replicated);

impl From<&Replicated> for ReplicatedInnovation {
    fn from(row: &Replicated) -> Self {
        Self(row.clone())
    }
}

/// Chart 8: an innovation that is replicated.
#[Object(serial)]
impl ReplicatedInnovation {
    /// The innovation.
    async fn source(&self) -> InnovationReference {
        InnovationReference(self.0.innovation.clone())
    }

    /// How often.
    async fn replications(&self) -> AtOnce<ReplicationStatistics> {
        AtOnce(self.0.replications.into())
    }
}

row! {
    /// Chart 10: awards of a contest.
    pub(crate) struct AwardStatistics {
        /// The contest ("penghargaan"), for example KIPP; of several spellings the first in the alphabet.
        scheme: String,
        /// The year.
        year: u16,
        /// Awards of which the hub of the winner tells.
        claimed: Long,
        /// Awards of which the hub that gave them tells. An award may be among both.
        confirmed: Long,
    }
}

impl From<&AwardCount> for AwardStatistics {
    fn from(row: &AwardCount) -> Self {
        Self {
            scheme: row.scheme.clone(),
            year: row.year,
            claimed: long(row.claimed),
            confirmed: long(row.confirmed),
        }
    }
}

pub(crate) struct CoachingStatistics(pub(crate) Arc<Figures>);

/// Chart 11: coaching by month.
#[Object(serial)]
impl CoachingStatistics {
    /// Different agencies for which there was or is to be coaching, in all months.
    async fn agencies_reached(&self) -> Long {
        long(self.0.coached_agencies)
    }

    /// Months with any coaching, the newest first, at most 1000.
    async fn months(&self) -> Rows<MonthOfCoaching> {
        all(&self.0.coaching)
    }
}

row! {
    /// Chart 11: the coaching that begins in a month.
    pub(crate) struct MonthOfCoaching {
        /// The month, where the activity takes place, for example 2026-08.
        month: Option<PartialDate>,
        /// Activities that go on or are done, or whose state only a newer version knows.
        activities: Long,
        /// Activities that are planned.
        planned: Long,
        /// Different agencies for which all these are.
        agencies_reached: Long,
    }
}

impl From<&CoachingMonth> for MonthOfCoaching {
    fn from(row: &CoachingMonth) -> Self {
        let month = format!("{:04}-{:02}", row.year, row.month);
        Self {
            month: catalog::PartialDate::parse(&month).ok().map(PartialDate),
            activities: long(row.activities),
            planned: long(row.planned),
            agencies_reached: long(row.agencies),
        }
    }
}

/// Chart 12: innovations of which nothing was heard for long.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct StaleStatistics {
    /// What was last current before this moment counts: twelve months before the beginning of today, UTC.
    pub(crate) before: DateTime,
    /// How many.
    pub(crate) innovations: Long,
    /// Hubs with any, the most first.
    pub(crate) per_hub: Vec<InPlace<StaleHub>>,
}

pub(crate) struct StaleHub {
    hub: identity::HubId,
    innovations: u32,
}

impl From<&(identity::HubId, u32)> for StaleHub {
    fn from((hub, innovations): &(identity::HubId, u32)) -> Self {
        Self {
            hub: hub.clone(),
            innovations: *innovations,
        }
    }
}

/// Chart 12: innovations of a hub of which nothing was heard for long.
#[Object(serial)]
impl StaleHub {
    /// The hub's id.
    async fn hub_id(&self) -> HubId {
        HubId(self.hub.clone())
    }

    /// The hub.
    async fn hub(&self, ctx: &Context<'_>) -> Result<Hub, ApiError> {
        crate::root::load_hub(ctx, &self.hub).await
    }

    /// How many.
    async fn innovations(&self) -> Long {
        long(self.innovations)
    }
}
