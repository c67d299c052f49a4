//! The records that belong to innovations and agencies, by plain reading.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Innovations, Reading, add, affairs, award_of, len, serving, serving_goal};
use crate::catalog::{Affair, AwardBasis, CoachingState, NeedState, Sdg, fold};
use crate::identity::HubId;
use crate::statistics::{
    AwardCount, AwardFact, CoachingFact, CoachingMonth, Fact, HubTotals, InnovationFact, NeedFact,
    NeedGap, Needs, ReplicationCount, Told, Totals,
};

impl<'a> Reading<'a> {
    fn is_needed(&self, told: &Told, said: &NeedFact) -> bool {
        let of_agency = self.find_agency(&told.hub, said.agency);
        let region = said
            .region
            .or_else(|| of_agency.and_then(|(_, fact)| fact.region));
        self.hub(&told.hub)
            && self.agency(&told.hub, said.agency)
            && self.subjects(said.affairs, said.sdgs)
            && self.region(region)
    }

    fn open_needs(&self) -> Vec<&'a NeedFact> {
        let open = self.told.iter().filter_map(|told| match &told.fact {
            Fact::Need(said) if said.state == NeedState::Open => {
                self.is_needed(told, said).then_some(said)
            }
            _ => None,
        });
        open.collect()
    }

    pub(super) fn needs(&self, innovations: &Innovations<'_>) -> Needs {
        let open = self.open_needs();
        let is_unmatched = |need: &&&NeedFact| {
            let shares = |(_, said): &(&Told, &InnovationFact)| {
                said.affairs & need.affairs != 0 || said.sdgs & need.sdgs != 0
            };
            (need.affairs != 0 || need.sdgs != 0) && !innovations.iter().any(shares)
        };
        let unmatched = open.iter().filter(is_unmatched).count();
        let needing = |affair: Affair| {
            open.iter()
                .filter(|need| need.affairs & affair.mask() != 0)
                .count()
        };
        let aiming = |goal: Sdg| {
            open.iter()
                .filter(|need| need.sdgs & goal.mask() != 0)
                .count()
        };
        let of_affairs = affairs().map(|affair| NeedGap {
            subject: affair,
            open: u32::try_from(needing(affair)).unwrap(),
            innovations: serving(innovations, affair),
        });
        let of_goals = (1..=17).map(|goal| {
            let subject = Sdg::parse(goal).unwrap();
            NeedGap {
                subject,
                open: u32::try_from(aiming(subject)).unwrap(),
                innovations: serving_goal(innovations, subject),
            }
        });
        let mut needs = Needs {
            open: len(&open),
            unmatched: u32::try_from(unmatched).unwrap(),
            affairs: of_affairs.filter(|gap| gap.open > 0).collect(),
            goals: of_goals.filter(|gap| gap.open > 0).collect(),
        };
        needs
            .affairs
            .sort_by_key(|gap| (gap.innovations, Reverse(gap.open)));
        needs
            .goals
            .sort_by_key(|gap| (gap.innovations, Reverse(gap.open)));
        needs
    }

    fn won(&self) -> Vec<(&'a Told, &'a AwardFact)> {
        let told = self.told.iter().filter_map(|told| match &told.fact {
            Fact::Award(said) => Some((*told, said)),
            _ => None,
        });
        told.filter(|(_, said)| {
            if !said.is_agency {
                return self.counts(&said.winner);
            }
            let of = &said.winner;
            let agency = self.find_agency(&of.hub, of.record);
            self.is_open()
                || agency.is_some_and(|(_, fact)| {
                    !self.asks_of_innovations()
                        && self.hub(&of.hub)
                        && self.agency(&of.hub, of.record)
                        && self.region(fact.region)
                })
        })
        .collect()
    }

    pub(super) fn awards(&self) -> Vec<AwardCount> {
        type Award = (bool, String, String, u16, String);
        let mut claimed: BTreeSet<Award> = BTreeSet::new();
        let mut confirmed = claimed.clone();
        for (_, said) in self.won() {
            let award = award_of(said);
            match said.basis {
                AwardBasis::Confirmed => confirmed.insert(award),
                _ => claimed.insert(award),
            };
        }
        let mut counts: BTreeMap<(Reverse<u16>, String), (u32, u32)> = BTreeMap::new();
        for (_, _, scheme, year, _) in claimed {
            counts.entry((Reverse(year), scheme)).or_default().0 += 1;
        }
        for (_, _, scheme, year, _) in confirmed {
            counts.entry((Reverse(year), scheme)).or_default().1 += 1;
        }
        let won = self.won();
        let spelled = |folded: &str, year: u16| {
            let same = |said: &&AwardFact| fold(&said.scheme) == folded && said.year == year;
            let said = won.iter().map(|(_, said)| *said).filter(same);
            said.map(|said| said.scheme.clone()).min().unwrap()
        };
        let row = |((Reverse(year), scheme), (claimed, confirmed)): (
            (Reverse<u16>, String),
            (u32, u32),
        )| AwardCount {
            scheme: spelled(&scheme, year),
            year,
            claimed,
            confirmed,
        };
        counts.into_iter().map(row).collect()
    }

    fn activities(&self) -> Vec<(&'a Told, &'a CoachingFact)> {
        let told = self.told.iter().filter_map(|told| match &told.fact {
            Fact::Coaching(said) if said.state != CoachingState::Cancelled => Some((*told, said)),
            _ => None,
        });
        told.filter(|(told, said)| {
            let is_for_one = said
                .agencies
                .iter()
                .any(|it| self.agency(&it.hub, it.record));
            let is_about_one = said.innovations.iter().any(|it| self.is_wanted(it));
            self.is_open()
                || (self.hub(&told.hub)
                    && self.region(said.region)
                    && (self.filter.agency.is_none() || is_for_one)
                    && (!self.asks_of_innovations() || is_about_one))
        })
        .collect()
    }

    pub(super) fn coaching(&self) -> (Vec<CoachingMonth>, u32) {
        let activities = self.activities();
        let reached = |of: &[&CoachingFact]| {
            let agencies = of.iter().flat_map(|said| &said.agencies);
            let distinct: BTreeSet<String> = agencies.map(ToString::to_string).collect();
            u32::try_from(distinct.len()).unwrap()
        };
        let mut months: BTreeMap<(u16, u8), Vec<&CoachingFact>> = BTreeMap::new();
        for (_, said) in &activities {
            months
                .entry((said.year, said.month))
                .or_default()
                .push(said);
        }
        let row = |((year, month), of): ((u16, u8), Vec<&CoachingFact>)| {
            let is_planned = |said: &&&CoachingFact| said.state == CoachingState::Planned;
            let planned = u32::try_from(of.iter().filter(is_planned).count()).unwrap();
            CoachingMonth {
                year,
                month,
                activities: len(&of) - planned,
                planned,
                agencies: reached(&of),
            }
        };
        let all: Vec<&CoachingFact> = activities.iter().map(|(_, said)| *said).collect();
        (months.into_iter().rev().map(row).collect(), reached(&all))
    }

    fn agencies(&self) -> Vec<&'a Told> {
        let agencies = self.told.iter().filter(|told| match &told.fact {
            Fact::Agency(said) => {
                let mut innovations = self.innovations().into_iter();
                if self.asks_of_innovations() {
                    innovations.any(|(it, fact)| it.hub == told.hub && fact.agency == told.record)
                } else {
                    self.hub(&told.hub)
                        && self.region(said.region)
                        && self.agency(&told.hub, told.record)
                }
            }
            _ => false,
        });
        agencies.copied().collect()
    }

    pub(super) fn totals(&self, innovations: &Innovations<'_>) -> (Totals, Vec<HubTotals>) {
        let (agencies, won) = (self.agencies(), self.won());
        let activities = self.activities();
        let is_about = |told: &&&Told| match &told.fact {
            Fact::Endorsement(of) => self.counts(of),
            _ => false,
        };
        let endorsements: Vec<_> = self.told.iter().filter(is_about).collect();
        let is_discussed = |told: &&&Told| match &told.fact {
            Fact::Thread(said) => said.subject.as_ref().map_or_else(
                || {
                    let asks_more = self.asks_of_innovations()
                        || self.filter.agency.is_some()
                        || self.filter.region.is_some();
                    !asks_more && self.hub(&told.hub)
                },
                |of| self.counts(of),
            ),
            _ => false,
        };
        let threads: Vec<_> = self.told.iter().filter(is_discussed).collect();
        let is_need = |told: &&&Told| match &told.fact {
            Fact::Need(said) => self.is_needed(told, said),
            _ => false,
        };
        let needs: Vec<_> = self.told.iter().filter(is_need).collect();
        let of = |is_counted: &dyn Fn(&HubId) -> bool| {
            let mut replications = ReplicationCount::default();
            for (_, said) in self.live().filter(|(told, _)| is_counted(&told.hub)) {
                add(&mut replications, said);
            }
            let count = |hubs: &mut dyn Iterator<Item = &HubId>| {
                u32::try_from(hubs.filter(|hub| is_counted(hub)).count()).unwrap()
            };
            Totals {
                innovations: count(&mut innovations.iter().map(|(told, _)| &told.hub)),
                agencies: count(&mut agencies.iter().map(|told| &told.hub)),
                replications,
                endorsements: count(&mut endorsements.iter().map(|told| &told.hub)),
                awards: count(&mut won.iter().map(|(told, _)| &told.hub)),
                coaching: count(&mut activities.iter().map(|(told, _)| &told.hub)),
                threads: count(&mut threads.iter().map(|told| &told.hub)),
                needs: count(&mut needs.iter().map(|told| &told.hub)),
            }
        };
        let distinct: BTreeSet<_> = won.iter().map(|(_, said)| award_of(said)).collect();
        let network = Totals {
            awards: u32::try_from(distinct.len()).unwrap(),
            ..of(&|_| true)
        };
        let hubs: BTreeSet<&HubId> = self.told.iter().map(|told| &told.hub).collect();
        let row = |hub: &HubId| HubTotals {
            hub: hub.clone(),
            totals: of(&|it| it == hub),
        };
        let rows = hubs.into_iter().map(row);
        (
            network,
            rows.filter(|row| row.totals != Totals::default()).collect(),
        )
    }
}
