//! The same figures by plain reading: every chart looks at every record.

mod belonging;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::*;
use crate::catalog::{
    AdoptionStatus, Affair, LifecycleStage, Move, PartialDate, ProgressState, RegionCode,
    ReplicationStanding, Sdg, TransitionAxis, Vocabulary, fold,
};
use crate::entry::Sight;
use crate::identity::{HubId, RecordId, RecordRef};

struct Reading<'a> {
    told: Vec<&'a Told>,
    filter: &'a Filter,
}

pub(super) fn count(all: &[Told], filter: &Filter, sight: Sight, stale_before: i64) -> Figures {
    let told = all.iter().filter(|told| told.rank <= sight.rank());
    let reading = Reading {
        told: told.collect(),
        filter,
    };
    let innovations = reading.innovations();
    let (provinces, regencies) = reading.regions(&innovations);
    let stale: Vec<_> = innovations
        .iter()
        .filter(|(_, said)| said.current < stale_before)
        .collect();
    let mut stale_hubs: BTreeMap<HubId, u32> = BTreeMap::new();
    for (told, _) in &stale {
        *stale_hubs.entry(told.hub.clone()).or_default() += 1;
    }
    let mut stale_hubs: Vec<_> = stale_hubs.into_iter().collect();
    stale_hubs.sort_by_key(|(_, count)| Reverse(*count));
    let (coaching, coached_agencies) = reading.coaching();
    let (network, hubs) = reading.totals(&innovations);
    Figures {
        innovations: len(&innovations),
        network,
        hubs,
        years: years(&innovations),
        provinces,
        regencies,
        goals: (1..=17)
            .map(|goal| Sdg::parse(goal).unwrap())
            .map(|goal| (goal, serving_goal(&innovations, goal)))
            .collect(),
        affairs: affairs()
            .map(|affair| AffairCount {
                affair,
                innovations: serving(&innovations, affair),
            })
            .filter(|row| row.innovations > 0)
            .collect(),
        stages: stages(&innovations),
        moves: reading.moves(),
        flows: reading.flows(),
        replicated: reading.replicated(),
        needs: reading.needs(&innovations),
        awards: reading.awards(),
        coaching,
        coached_agencies,
        stale: len(&stale),
        stale_hubs,
    }
}

/// A move by its order, with its date and where it leads.
type PathStep = ((u16, u8, u8), RecordId, PartialDate, u8);
type Innovations<'a> = Vec<(&'a Told, &'a InnovationFact)>;

fn len<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap()
}

fn affairs() -> impl Iterator<Item = Affair> {
    Affair::ALL.iter().copied().chain([Affair::Other])
}

fn serving(innovations: &Innovations<'_>, affair: Affair) -> u32 {
    let serving = innovations.iter();
    u32::try_from(
        serving
            .filter(|(_, said)| said.affairs & affair.mask() != 0)
            .count(),
    )
    .unwrap()
}

fn serving_goal(innovations: &Innovations<'_>, goal: Sdg) -> u32 {
    let serving = innovations.iter();
    u32::try_from(
        serving
            .filter(|(_, said)| said.sdgs & goal.mask() != 0)
            .count(),
    )
    .unwrap()
}

fn years(innovations: &Innovations<'_>) -> Vec<YearCount> {
    let mut years: BTreeMap<(Option<u16>, LifecycleStage), u32> = BTreeMap::new();
    for (_, said) in innovations {
        *years.entry((said.year, said.stage)).or_default() += 1;
    }
    let row = |((year, stage), innovations)| YearCount {
        year,
        stage,
        innovations,
    };
    years.into_iter().map(row).collect()
}

fn stages(innovations: &Innovations<'_>) -> Vec<Stage> {
    use AdoptionStatus as A;
    use LifecycleStage as L;
    let at = |stage: L| {
        len(&innovations
            .iter()
            .filter(|(_, it)| it.stage == stage)
            .collect::<Vec<_>>())
    };
    let with = |status: A| {
        len(&innovations
            .iter()
            .filter(|(_, it)| it.adoption == status)
            .collect::<Vec<_>>())
    };
    let lifecycle = [
        L::Creation,
        L::Development,
        L::Institutionalization,
        L::Other,
    ];
    let adoption = [
        A::Initiative,
        A::Trial,
        A::Applied,
        A::Discontinued,
        A::Other,
    ];
    let lifecycle = lifecycle.map(|stage| Stage::Lifecycle(stage, at(stage)));
    let adoption = adoption.map(|status| Stage::Adoption(status, with(status)));
    lifecycle.into_iter().chain(adoption).collect()
}

impl<'a> Reading<'a> {
    fn find(&self, of: &RecordRef) -> Option<&'a Told> {
        let mut told = self.told.iter();
        told.find(|told| told.hub == of.hub && told.record == of.record)
            .copied()
    }

    fn find_agency(&self, hub: &HubId, record: RecordId) -> Option<(&'a Told, &'a AgencyFact)> {
        let hub = hub.clone();
        let told = self.find(&RecordRef { hub, record })?;
        match &told.fact {
            Fact::Agency(said) => Some((told, said)),
            _ => None,
        }
    }

    fn region_of(&self, told: &Told, said: &InnovationFact) -> Option<RegionCode> {
        let (agency, fact) = self.find_agency(&told.hub, said.agency)?;
        (agency.rank <= told.rank).then_some(fact.region)?
    }

    fn is_open(&self) -> bool {
        *self.filter == Filter::default()
    }

    fn asks_of_innovations(&self) -> bool {
        let Filter {
            affairs,
            sdgs,
            stages,
            adoptions,
            year_from,
            year_to,
            ..
        } = self.filter;
        *affairs != 0
            || *sdgs != 0
            || !stages.is_empty()
            || !adoptions.is_empty()
            || year_from.is_some()
            || year_to.is_some()
    }

    fn hub(&self, hub: &HubId) -> bool {
        self.filter.hubs.is_empty() || self.filter.hubs.contains(hub)
    }

    fn region(&self, region: Option<RegionCode>) -> bool {
        match (self.filter.region, region) {
            (None, _) => true,
            (Some(wanted), Some(region)) => wanted.contains(region),
            (Some(_), None) => false,
        }
    }

    fn agency(&self, hub: &HubId, record: RecordId) -> bool {
        let wanted = self.filter.agency.as_ref();
        wanted.is_none_or(|wanted| wanted.hub == *hub && wanted.record == record)
    }

    fn subjects(&self, affairs: u64, sdgs: u32) -> bool {
        let Filter {
            affairs: a,
            sdgs: s,
            ..
        } = self.filter;
        (*a == 0 || a & affairs != 0) && (*s == 0 || s & sdgs != 0)
    }

    fn innovations(&self) -> Innovations<'a> {
        let filter = self.filter;
        let innovations = self.told.iter().filter_map(|told| match &told.fact {
            Fact::Innovation(said) => Some((*told, said)),
            _ => None,
        });
        let is_in_years = |year: Option<u16>| match (filter.year_from, filter.year_to, year) {
            (None, None, _) => true,
            (_, _, None) => false,
            (from, to, Some(year)) => {
                from.is_none_or(|from| from <= year) && to.is_none_or(|to| year <= to)
            }
        };
        innovations
            .filter(|(told, said)| {
                self.hub(&told.hub)
                    && self.region(self.region_of(told, said))
                    && self.agency(&told.hub, said.agency)
                    && self.subjects(said.affairs, said.sdgs)
                    && (filter.stages.is_empty() || filter.stages.contains(&said.stage))
                    && (filter.adoptions.is_empty() || filter.adoptions.contains(&said.adoption))
                    && is_in_years(said.year)
            })
            .collect()
    }

    fn is_wanted(&self, of: &RecordRef) -> bool {
        let mut wanted = self.innovations().into_iter();
        wanted.any(|(told, _)| told.hub == of.hub && told.record == of.record)
    }

    /// Whether a record about an innovation counts.
    fn counts(&self, of: &RecordRef) -> bool {
        self.is_open() || self.is_wanted(of)
    }

    fn regions(&self, innovations: &Innovations<'_>) -> (Vec<RegionCount>, Vec<RegionCount>) {
        let mut provinces: BTreeMap<Option<RegionCode>, u32> = BTreeMap::new();
        let mut regencies: BTreeMap<RegionCode, u32> = BTreeMap::new();
        for (told, said) in innovations {
            let region = self.region_of(told, said);
            *provinces
                .entry(region.map(RegionCode::province))
                .or_default() += 1;
            if let Some(region) = region.filter(|region| !region.is_province()) {
                *regencies.entry(region).or_default() += 1;
            }
        }
        let row = |(region, innovations)| RegionCount {
            region,
            innovations,
        };
        let regencies = regencies
            .into_iter()
            .map(|(code, count)| (Some(code), count));
        (
            provinces.into_iter().map(row).collect(),
            regencies.map(row).collect(),
        )
    }

    fn live(&self) -> impl Iterator<Item = (&'a Told, &'a ReplicationFact)> {
        let told = self.told.iter().filter_map(|told| match &told.fact {
            Fact::Replication(said) => Some((*told, said)),
            _ => None,
        });
        told.filter(|(_, said)| {
            let is_over = matches!(
                said.state,
                ProgressState::Refused | ProgressState::Cancelled
            );
            !is_over && self.counts(&said.source)
        })
    }

    fn source(&self, said: &ReplicationFact) -> Option<(&'a Told, &'a InnovationFact)> {
        let told = self.find(&said.source)?;
        match &told.fact {
            Fact::Innovation(fact) => Some((told, fact)),
            _ => None,
        }
    }

    fn flows(&self) -> Vec<Flow> {
        type Ends = (Option<RegionCode>, Option<RegionCode>);
        let mut flows: BTreeMap<Ends, ReplicationCount> = BTreeMap::new();
        for (told, said) in self.live() {
            let source = self.source(said);
            let from = source.and_then(|(told, fact)| self.region_of(told, fact));
            let adopter = self.find_agency(&told.hub, said.adopter);
            let to = adopter.and_then(|(_, fact)| fact.region);
            let ends = (from.map(RegionCode::province), to.map(RegionCode::province));
            add(flows.entry(ends).or_default(), said);
        }
        let flow = |((from, to), replications)| Flow {
            from,
            to,
            replications,
        };
        let mut flows: Vec<Flow> = flows.into_iter().map(flow).collect();
        flows.sort_by_key(|flow| (weight(flow.replications), flow.from, flow.to));
        flows
    }

    fn replicated(&self) -> Vec<Replicated> {
        let mut found: BTreeMap<(HubId, RecordId), ReplicationCount> = BTreeMap::new();
        for (_, said) in self.live().filter(|(_, said)| self.source(said).is_some()) {
            let source = (said.source.hub.clone(), said.source.record);
            add(found.entry(source).or_default(), said);
        }
        let replicated = |((hub, record), replications)| Replicated {
            innovation: RecordRef { hub, record },
            replications,
        };
        let mut found: Vec<Replicated> = found.into_iter().map(replicated).collect();
        found.sort_by_key(|row| weight(row.replications));
        found
    }

    fn moves(&self) -> Vec<StageMove> {
        type End = (u8, u8);
        let told: Vec<(&Told, &TransitionFact)> = self
            .told
            .iter()
            .filter_map(|told| match &told.fact {
                Fact::Transition(said) => Some((*told, said)),
                _ => None,
            })
            .collect();
        let corrected = |it: &Told, said: &TransitionFact| {
            told.iter().any(|(by, other)| {
                other.corrects == Some(it.record)
                    && by.hub == it.hub
                    && other.innovation == said.innovation
            })
        };
        let mut paths: BTreeMap<(&HubId, RecordId, u8), Vec<PathStep>> = BTreeMap::new();
        for (it, said) in &told {
            let of = RecordRef {
                hub: it.hub.clone(),
                record: said.innovation,
            };
            let (axis, to) = match said.step {
                Move::Lifecycle(_, to) => (0, to as u8),
                Move::Adoption(_, to) => (1, to as u8),
                Move::Unknown => continue,
            };
            if self.counts(&of) && !corrected(it, said) {
                let path = paths.entry((&it.hub, said.innovation, axis)).or_default();
                path.push((said.on.sort_key(), it.record, said.on, to));
            }
        }
        let mut stays: BTreeMap<(u8, End), Vec<i64>> = BTreeMap::new();
        for ((_, _, axis), mut path) in paths {
            path.sort_by_key(|(order, record, ..)| (*order, *record));
            for pair in path.windows(2) {
                let days = (pair[1].2.first_day() - pair[0].2.first_day()).whole_days();
                stays
                    .entry((axis, (pair[0].3, pair[1].3)))
                    .or_default()
                    .push(days);
            }
        }
        let row = |((axis, (from, to)), mut days): ((u8, End), Vec<i64>)| {
            days.sort_unstable();
            let lifecycle = [LifecycleStage::ALL, &[LifecycleStage::Other]].concat();
            let adoption = [AdoptionStatus::ALL, &[AdoptionStatus::Other]].concat();
            let (axis, from, to) = if axis == 0 {
                let code = |term: u8| lifecycle[usize::from(term)].code();
                (TransitionAxis::Lifecycle, code(from), code(to))
            } else {
                let code = |term: u8| adoption[usize::from(term)].code();
                (TransitionAxis::Adoption, code(from), code(to))
            };
            StageMove {
                axis,
                from,
                to,
                stays: len(&days),
                median_days: i32::try_from(days[(days.len() - 1) / 2]).unwrap(),
            }
        };
        stays.into_iter().map(row).collect()
    }
}

fn award_of(said: &AwardFact) -> (bool, String, String, u16, String) {
    let winner = said.winner.to_string();
    (
        said.is_agency,
        winner,
        fold(&said.scheme),
        said.year,
        fold(&said.tier),
    )
}

fn add(count: &mut ReplicationCount, said: &ReplicationFact) {
    let is_done = said.state == ProgressState::Done;
    count.claimed += 1;
    count.done += u32::from(is_done);
    count.confirmed += u32::from(is_done && said.standing == ReplicationStanding::Confirmed);
}

fn weight(count: ReplicationCount) -> Reverse<(u32, u32, u32)> {
    Reverse((count.claimed, count.done, count.confirmed))
}
