//! What is counted: one type for the rows of each chart.

use crate::catalog::{AdoptionStatus, Affair, LifecycleStage, RegionCode, Sdg, TransitionAxis};
use crate::identity::{HubId, RecordRef};

/// A chart, for asking for some of them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    /// What each hub and the whole network holds.
    Totals,
    /// Innovations by year and stage.
    Years,
    /// Innovations by province, regency and city.
    Regions,
    /// Innovations by goal.
    Goals,
    /// Innovations by affair.
    Affairs,
    /// Stages, and how long innovations stay at each.
    Stages,
    /// Replications between provinces.
    Flows,
    /// The innovations that are replicated most.
    Replicated,
    /// Needs, and what there is for them.
    Needs,
    /// Awards by scheme and year.
    Awards,
    /// Coaching by month.
    Coaching,
    /// Innovations of which nothing was heard for long.
    Stale,
}

/// Some charts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Charts(u16);

impl Charts {
    /// All of them.
    pub const ALL: Self = Self(u16::MAX);

    /// Adds one.
    #[must_use]
    pub const fn with(self, chart: Chart) -> Self {
        Self(self.0 | 1 << chart as u16)
    }

    /// Whether one is among them.
    pub const fn has(self, chart: Chart) -> bool {
        self.0 & 1 << chart as u16 != 0
    }

    /// Whether replications are counted for any.
    pub(super) const fn count_replications(self) -> bool {
        self.has(Chart::Totals) || self.has(Chart::Flows) || self.has(Chart::Replicated)
    }

    /// Whether awards are.
    pub(super) const fn count_awards(self) -> bool {
        self.has(Chart::Totals) || self.has(Chart::Awards)
    }

    /// Whether coaching is.
    pub(super) const fn count_coaching(self) -> bool {
        self.has(Chart::Totals) || self.has(Chart::Coaching)
    }

    /// Whether anything is that belongs to innovations.
    pub(super) const fn count_related(self) -> bool {
        self.count_replications()
            || self.count_awards()
            || self.count_coaching()
            || self.has(Chart::Stages)
    }
}

/// Replications, by whose word they stand on. The counts are never added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicationCount {
    /// By their adopters' words, neither refused nor given up.
    pub claimed: u32,
    /// Of these, done by their adopters' words.
    pub done: u32,
    /// Of these, done and confirmed by the source.
    pub confirmed: u32,
}

/// What there is, of a hub or of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Innovations.
    pub innovations: u32,
    /// Agencies.
    pub agencies: u32,
    /// Replications, at the hub of the adopter.
    pub replications: ReplicationCount,
    /// Endorsements that count, at the hub that gives them.
    pub endorsements: u32,
    /// Awards: of a hub, how often it tells of one; of the network, each once whoever tells of it.
    pub awards: u32,
    /// Coaching activities that were not cancelled.
    pub coaching: u32,
    /// Questions and discussions.
    pub threads: u32,
    /// Needs.
    pub needs: u32,
}

/// What a hub holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubTotals {
    /// The hub.
    pub hub: HubId,
    /// What it holds.
    pub totals: Totals,
}

/// Innovations of a year at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearCount {
    /// The year; nothing where the record says none.
    pub year: Option<u16>,
    /// The stage.
    pub stage: LifecycleStage,
    /// How many.
    pub innovations: u32,
}

/// Innovations of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionCount {
    /// The region; nothing where it is not known.
    pub region: Option<RegionCode>,
    /// How many; of a province, with those of its regencies and cities.
    pub innovations: u32,
}

/// Innovations of an affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AffairCount {
    /// The affair.
    pub affair: Affair,
    /// How many.
    pub innovations: u32,
}

/// Innovations at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Of the life cycle.
    Lifecycle(LifecycleStage, u32),
    /// Of adoption.
    Adoption(AdoptionStatus, u32),
}

/// How long innovations stayed in a state before they moved on to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageMove {
    /// Along which axis.
    pub axis: TransitionAxis,
    /// The code of the state that was left.
    pub from: &'static str,
    /// The code of the state that was reached.
    pub to: &'static str,
    /// How many stays are counted: those of which both ends are told by transitions.
    pub stays: u32,
    /// The median of their lengths, in days; of an even number the lower one of the two in the middle. Negative if most
    /// dates run backwards. A date of which only the year or month is known counts as its first day.
    pub median_days: i32,
}

/// Replications from one province to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The province of the innovation's agency; nothing where it is not known.
    pub from: Option<RegionCode>,
    /// The province of the adopter; nothing where it is not known.
    pub to: Option<RegionCode>,
    /// How many.
    pub replications: ReplicationCount,
}

/// An innovation that is replicated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replicated {
    /// The innovation.
    pub innovation: RecordRef,
    /// How often.
    pub replications: ReplicationCount,
}

/// What is needed of an affair or goal, and what there is for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedGap<T> {
    /// The affair or goal.
    pub subject: T,
    /// Open needs that concern it.
    pub open: u32,
    /// Innovations that serve it.
    pub innovations: u32,
}

/// Needs, and what there is for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Needs that are open.
    pub open: u32,
    /// Of these, those with an affair or goal, to which no innovation shares any.
    pub unmatched: u32,
    /// Affairs that are needed; those with the fewest innovations first.
    pub affairs: Vec<NeedGap<Affair>>,
    /// Goals that are needed; those with the fewest innovations first.
    pub goals: Vec<NeedGap<Sdg>>,
}

/// Awards of a contest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardCount {
    /// The contest.
    pub scheme: String,
    /// The year.
    pub year: u16,
    /// Awards that the winner's hub tells of.
    pub claimed: u32,
    /// Awards that the hub that gave them tells of. An award may be counted in both.
    pub confirmed: u32,
}

/// Coaching in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoachingMonth {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// Activities that go on or are done, or whose state only a newer version knows.
    pub activities: u32,
    /// Activities that are planned.
    pub planned: u32,
    /// Different agencies for which these activities are.
    pub agencies: u32,
}

/// The figures of the charts that were asked for; of others, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The wanted innovations.
    pub innovations: u32,
    /// Chart 1: the network.
    pub network: Totals,
    /// Chart 1: each hub with anything, in the order of their ids.
    pub hubs: Vec<HubTotals>,
    /// Chart 2, by year and stage.
    pub years: Vec<YearCount>,
    /// Chart 3: provinces, in the order of their codes, those of no region first.
    pub provinces: Vec<RegionCount>,
    /// Chart 3: regencies and cities, in the order of their codes.
    pub regencies: Vec<RegionCount>,
    /// Chart 4: by goal, 1 to 17.
    pub goals: Vec<(Sdg, u32)>,
    /// Chart 5: every affair that is served, in the order of the law.
    pub affairs: Vec<AffairCount>,
    /// Chart 6: how many are at each stage and status now.
    pub stages: Vec<Stage>,
    /// Chart 6: how long they stay.
    pub moves: Vec<StageMove>,
    /// Chart 7, the most replications first.
    pub flows: Vec<Flow>,
    /// Chart 8, the most replicated first.
    pub replicated: Vec<Replicated>,
    /// Chart 9.
    pub needs: Needs,
    /// Chart 10, the newest year first.
    pub awards: Vec<AwardCount>,
    /// Chart 11, the newest month first.
    pub coaching: Vec<CoachingMonth>,
    /// Chart 11: different agencies for which there was coaching, in all months.
    pub coached_agencies: u32,
    /// Chart 12: how many are stale.
    pub stale: u32,
    /// Chart 12: of each hub with any, the most first.
    pub stale_hubs: Vec<(HubId, u32)>,
}
