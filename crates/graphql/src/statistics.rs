//! Counting what the network's records say: all charts of a node in one field.
//!
//! `rows` and `needs` are the rows of the charts.

#![expect(
    clippy::unused_async,
    reason = "async-graphql takes resolvers as async functions"
)]

mod needs;
mod rows;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Lookahead, Object};
use domain::catalog::{AdoptionStatus, LifecycleStage, STALE_AFTER, Sdg};
use domain::entry::Sight;
use domain::identity::RecordRef;
use domain::statistics::{Chart, Charts, Figures, Filter, Slices, Stage};
use quick_cache::sync::Cache;
use time::OffsetDateTime;

use crate::ApiError;
use crate::as_of::{AsOf, StandingKept, StandingMark};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::in_place::InPlace;
use crate::paging::{bounded, size};
use crate::replication::{self, ReplicationStatus};
use crate::row::{Rows, row};
use crate::scalars::{DateTime, HubId, Long, RegionCode};
use crate::vocabulary::{self, Affair};
use needs::NeedStatistics;
use rows::{
    AffairStatistics, AwardStatistics, CoachingStatistics, HubStatistics, RegionStatistics,
    ReplicatedInnovation, ReplicationFlow, SdgStatistics, StageStatistics, StaleStatistics,
    StatisticsTotals, YearStatistics,
};

/// Which innovations are counted. Conditions that are given must all hold; of a list, one value is enough; an empty list
/// asks for nothing.
///
/// Of other records those are counted that are about such an innovation. Where a record is about none, its own hub, agency
/// and region are asked, and it is not counted when something is asked that only innovations have.
#[derive(Default, InputObject)]
pub(crate) struct StatisticsFilterInput {
    /// Only what these hubs keep.
    hubs: Option<Vec<HubId>>,
    /// Only of agencies in this region and the regions within it.
    region: Option<RegionCode>,
    /// Only of the agency with this global id.
    agency: Option<ID>,
    /// Only what serves one of these affairs.
    affairs: Option<Vec<Affair>>,
    /// Only what serves one of these goals, 1 to 17.
    sdgs: Option<Vec<i32>>,
    /// Only at one of these stages.
    stages: Option<Vec<vocabulary::LifecycleStage>>,
    /// Only with one of these adoption statuses.
    adoptions: Option<Vec<vocabulary::AdoptionStatus>>,
    /// Only of this year or later.
    year_from: Option<u16>,
    /// Only of this year or earlier.
    year_to: Option<u16>,
}

impl StatisticsFilterInput {
    fn parse(self) -> Result<Filter, ApiError> {
        let goal = |number: i32| {
            Sdg::parse(number.into()).map_err(|error| ApiError::invalid("filter.sdgs", error))
        };
        let goals = bounded("filter.sdgs", self.sdgs)?.into_iter().map(goal);
        let goals: Vec<Sdg> = goals.collect::<Result<_, _>>()?;
        let affairs = bounded("filter.affairs", self.affairs)?;
        let agency = |id: ID| GlobalId::agency("filter.agency", &id);
        let agency = self.agency.map(agency).transpose()?;
        let hubs = bounded("filter.hubs", self.hubs)?;
        let stages = bounded("filter.stages", self.stages)?;
        let adoptions = bounded("filter.adoptions", self.adoptions)?;
        Ok(Filter {
            hubs: hubs.into_iter().map(|hub| hub.0).collect(),
            region: self.region.map(|region| region.0),
            agency: agency.map(|(hub, record)| RecordRef { hub, record }),
            affairs: affairs.iter().fold(0, |bits, term| bits | term.0.mask()),
            sdgs: goals.iter().fold(0, |bits, goal| bits | goal.mask()),
            stages: stages
                .into_iter()
                .map(|term| term.0)
                .collect::<Vec<LifecycleStage>>(),
            adoptions: adoptions
                .into_iter()
                .map(|term| term.0)
                .collect::<Vec<AdoptionStatus>>(),
            year_from: self.year_from,
            year_to: self.year_to,
        })
    }
}

/// The columns, and how this hub stands: what statistics are made of.
#[derive(Default)]
pub struct StatisticsHub {
    pub(crate) columns: storage::statistics::Statistics,
    pub(crate) standing: StandingKept,
    counted: FiguresKept,
}

/// What was counted lately, by what was asked, for the newest commit. Answers that tell more than figures are made anew more
/// often than the figures.
struct FiguresKept {
    figures: Cache<CountKey, (u64, Arc<Figures>)>,
    /// What is known of single years, by what was asked but for the years.
    slices: Cache<CountKey, (u64, Arc<Slices>)>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct CountKey {
    filter: Filter,
    sight: Sight,
    stale_before: i64,
    charts: Charts,
}

/// How many of what was counted are kept.
const MOST_COUNTED: usize = 256;
/// Of how many filters single years are kept: about half a megabyte each of 100,000 innovations.
const MOST_SLICED: usize = 16;

impl Default for FiguresKept {
    fn default() -> Self {
        Self {
            figures: Cache::new(MOST_COUNTED),
            slices: Cache::new(MOST_SLICED),
        }
    }
}

impl FiguresKept {
    /// What the columns say, counted if that was not done at their commit.
    fn count(
        &self,
        columns: &storage::statistics::Statistics,
        key: CountKey,
    ) -> Option<(storage::statistics::AsOf, Arc<Figures>)> {
        let kept = self.figures.get(&key);
        let (as_of, figures) = columns.count_at(|columns, as_of| match kept {
            Some((position, figures)) if position == as_of.position => figures,
            _ => {
                let slices = self.slices(&key, as_of.position);
                let CountKey {
                    filter,
                    sight,
                    stale_before,
                    charts,
                } = &key;
                Arc::new(columns.count_by(&slices, filter, *sight, *stale_before, *charts))
            }
        })?;
        self.figures
            .insert(key, (as_of.position, Arc::clone(&figures)));
        Some((as_of, figures))
    }

    /// What is known of single years at a commit.
    fn slices(&self, key: &CountKey, position: u64) -> Arc<Slices> {
        if key.filter.year_from.is_none() && key.filter.year_to.is_none() {
            return Arc::default();
        }
        let mut of_all_years = key.clone();
        (of_all_years.filter.year_from, of_all_years.filter.year_to) = (None, None);
        match self.slices.get(&of_all_years) {
            Some((of, slices)) if of == position => slices,
            _ => {
                let slices = Arc::default();
                let kept = (position, Arc::clone(&slices));
                self.slices.insert(of_all_years, kept);
                slices
            }
        }
    }
}

impl StatisticsHub {
    /// Brings the columns up to date, if somebody asked for statistics already; nothing is read before that.
    pub async fn keep_up(
        &self,
        db: &storage::Database,
        now: OffsetDateTime,
    ) -> Result<(), storage::StorageError> {
        match self.columns.as_of() {
            Some(_) => self.columns.catch_up(db, now).await,
            None => Ok(()),
        }
    }

    /// By what it is known whether this hub stands as it did, from at most a second ago.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn standing_mark(
        &self,
        db: &storage::Database,
        now: OffsetDateTime,
    ) -> Result<StandingMark, storage::StorageError> {
        Ok(self.standing.look(db, now).await?.0)
    }

    /// The columns, for looking at what they hold and take.
    pub const fn columns(&self) -> &storage::statistics::Statistics {
        &self.columns
    }
}

/// What can be asked of statistics.
#[derive(Default)]
pub(crate) struct StatisticsQuery;

/// What can be asked of statistics.
#[Object(serial)]
impl StatisticsQuery {
    /// Figures of what the network's records say, exact as of one commit of this node: `asOf` names it, and which hubs
    /// are behind. Only what the viewer may see is counted, and only what is asked for.
    #[graphql(complexity = "1000 + 10 * child_complexity")]
    async fn statistics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is counted; everything when left out.")] filter: Option<
            StatisticsFilterInput,
        >,
    ) -> Result<Statistics, ApiError> {
        count(ctx, filter.unwrap_or_default().parse()?).await
    }
}

/// The charts and the fields by which they are asked for.
const FIELDS: [(&str, Chart); 13] = [
    ("totals", Chart::Totals),
    ("perHub", Chart::Totals),
    ("perYear", Chart::Years),
    ("perRegion", Chart::Regions),
    ("perSdg", Chart::Goals),
    ("perAffair", Chart::Affairs),
    ("stages", Chart::Stages),
    ("replicationFlows", Chart::Flows),
    ("mostReplicated", Chart::Replicated),
    ("needs", Chart::Needs),
    ("awards", Chart::Awards),
    ("coaching", Chart::Coaching),
    ("stale", Chart::Stale),
];

fn asked(look: &Lookahead<'_>) -> Charts {
    let asked = FIELDS.iter().filter(|(name, _)| look.field(name).exists());
    asked.fold(Charts::default(), |charts, (_, chart)| charts.with(*chart))
}

async fn count(ctx: &Context<'_>, filter: Filter) -> Result<Statistics, ApiError> {
    let sight = ctx.sight().await?;
    let hub = ctx.hub();
    let now = hub.clock.now();
    hub.statistics.columns.catch_up(ctx.db(), now).await?;
    let charts = asked(&ctx.look_ahead());
    let stale_before = midnight(now) - STALE_AFTER;
    let millis = i64::try_from(stale_before.unix_timestamp_nanos() / 1_000_000);
    let millis = millis.unwrap_or(i64::MIN);
    let key = CountKey {
        filter,
        sight,
        stale_before: millis,
        charts,
    };
    let counted = hub.statistics.counted.count(&hub.statistics.columns, key);
    let (as_of, figures) = counted.ok_or_else(|| {
        ApiError::invalid(
            "statistics",
            "are not counted yet; ask again in some seconds",
        )
    })?;
    ctx.depends(|beside| {
        beside.columns = Some(as_of.position);
        if charts.has(Chart::Stale) {
            beside.day = Some(stale_before.date() + STALE_AFTER);
        }
    });
    Ok(Statistics {
        as_of,
        figures,
        stale_before,
    })
}

/// The beginning of a moment's day, UTC: what is stale changes once a day.
fn midnight(now: OffsetDateTime) -> OffsetDateTime {
    let now = now.to_offset(time::UtcOffset::UTC);
    now.replace_time(time::Time::MIDNIGHT)
}

/// Figures as of one commit.
pub(crate) struct Statistics {
    as_of: storage::statistics::AsOf,
    figures: Arc<Figures>,
    stale_before: OffsetDateTime,
}

/// Figures of what the network's records say.
#[Object(serial)]
impl Statistics {
    /// Of when the figures are, and who is behind.
    async fn as_of(&self) -> AsOf {
        AsOf {
            position: self.as_of.position,
            at: self.as_of.at,
        }
    }

    /// How many innovations are counted.
    async fn innovations(&self) -> Long {
        Long(self.figures.innovations.into())
    }

    /// What the network holds.
    async fn totals(&self) -> StatisticsTotals {
        self.figures.network.into()
    }

    /// What each hub holds that holds anything, in the order of their ids.
    async fn per_hub(&self) -> Vec<InPlace<HubStatistics>> {
        together(&self.figures.hubs)
    }

    /// Innovations by year and stage, those of no year first.
    async fn per_year(&self) -> Rows<YearStatistics> {
        all(&self.figures.years)
    }

    /// Innovations by province, and by regency and city: for a map.
    async fn per_region(&self) -> RegionStatistics {
        RegionStatistics(Arc::clone(&self.figures))
    }

    /// Innovations by Sustainable Development Goal, 1 to 17. One that serves several is counted at each.
    async fn per_sdg(&self) -> Rows<SdgStatistics> {
        all(&self.figures.goals)
    }

    /// Innovations by affair of government, in the order of the law. One that serves several is counted at each; affairs
    /// of none are left out, and those that only a newer version knows are counted as OTHER.
    async fn per_affair(&self) -> Rows<AffairStatistics> {
        all(&self.figures.affairs)
    }

    /// How many innovations are at each stage, and how long they stay at one.
    async fn stages(&self) -> StageStatistics {
        StageStatistics(Arc::clone(&self.figures))
    }

    /// Replications from the province of the innovation's agency to that of the adopter, the most first. Refused and given
    /// up ones are not counted.
    async fn replication_flows(
        &self,
        #[graphql(desc = "How many, up to 100; 100 when left out.")] first: Option<i32>,
    ) -> Result<Rows<ReplicationFlow>, ApiError> {
        let most = size("first", first, 100)? as usize;
        Ok(all(
            &self.figures.flows[..self.figures.flows.len().min(most)]
        ))
    }

    /// The innovations that are replicated most.
    async fn most_replicated(
        &self,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<InPlace<ReplicatedInnovation>>, ApiError> {
        let most = size("first", first, 20)? as usize;
        let rows = &self.figures.replicated;
        Ok(together(&rows[..rows.len().min(most)]))
    }

    /// Needs that are open, and what there is for them.
    async fn needs(&self) -> NeedStatistics {
        NeedStatistics(Arc::clone(&self.figures))
    }

    /// Awards by contest and year, the newest year first, at most 1000 rows. Claims and confirmations are not added up.
    async fn awards(&self) -> Rows<AwardStatistics> {
        all(&self.figures.awards)
    }

    /// Coaching by month. Cancelled activities are not counted.
    async fn coaching(&self) -> CoachingStatistics {
        CoachingStatistics(Arc::clone(&self.figures))
    }

    /// Innovations of which their hubs have said nothing for twelve months, neither a new text nor that the old one is
    /// still so.
    async fn stale(&self) -> StaleStatistics {
        StaleStatistics {
            before: DateTime(self.stale_before),
            innovations: Long(self.figures.stale.into()),
            per_hub: together(&self.figures.stale_hubs),
        }
    }

    /// How this node stands with each log and each peer: lag, last success, records, errors. At most a second old.
    #[graphql(complexity = "100 + child_complexity")]
    async fn sync(&self, ctx: &Context<'_>) -> Result<ReplicationStatus, ApiError> {
        let standing = ctx.hub().statistics.standing.read(ctx).await?;
        Ok(replication::show(
            &standing,
            ctx.viewer(),
            ctx.hub().process,
        ))
    }
}

/// Rows as they are shown, each by itself.
fn all<'a, T, R: From<&'a T>>(rows: &'a [T]) -> Rows<R> {
    rows.iter().map(R::from).collect()
}

/// Rows of which each may ask for records, which are then read together.
fn together<'a, T, R: From<&'a T>>(rows: &'a [T]) -> Vec<InPlace<R>> {
    rows.iter().map(|row| InPlace(row.into())).collect()
}

row! {
    /// How many innovations are at a stage.
    pub(crate) struct LifecycleCount {
        /// The stage.
        stage: vocabulary::LifecycleStage,
        /// How many innovations are there now.
        innovations: Long,
    }
}

row! {
    /// How many innovations have an adoption status.
    pub(crate) struct AdoptionCount {
        /// The status.
        status: vocabulary::AdoptionStatus,
        /// How many innovations have it now.
        innovations: Long,
    }
}

fn lifecycle(stages: &[Stage]) -> Rows<LifecycleCount> {
    let counts = stages.iter().filter_map(|stage| match stage {
        Stage::Lifecycle(stage, count) => Some(LifecycleCount {
            stage: (*stage).into(),
            innovations: Long((*count).into()),
        }),
        Stage::Adoption(..) => None,
    });
    counts.collect()
}

fn adoption(stages: &[Stage]) -> Rows<AdoptionCount> {
    let counts = stages.iter().filter_map(|stage| match stage {
        Stage::Adoption(status, count) => Some(AdoptionCount {
            status: (*status).into(),
            innovations: Long((*count).into()),
        }),
        Stage::Lifecycle(..) => None,
    });
    counts.collect()
}
