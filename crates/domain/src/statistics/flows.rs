//! Counting the records that belong to innovations and agencies; replications are counted in `replications`.

use std::cmp::Reverse;

use super::charts::{AwardCount, CoachingMonth, HubTotals, NeedGap, Needs, StageMove, Totals};
use super::count::{AFFAIRS, Counts, GOALS, Scope, TERMS, affairs, bit_of, bits, terms};
use super::groups::Groups;
use super::replications::Replications;
use super::rows::{ADOPTION, About, Award, Coaching, LIFECYCLE, NONE, Need, RegionNumber};
use super::table::{Table, number};
use crate::bits::Bits;
use crate::catalog::{AdoptionStatus, LifecycleStage, Sdg, TransitionAxis, Vocabulary};

/// The most rows of flows, contests and months.
pub(super) const MOST_ROWS: usize = 1000;

/// Awards, counted in one pass.
#[derive(Default)]
pub(super) struct Awards {
    /// By contest.
    pub(super) rows: Vec<AwardCount>,
    /// How often each hub tells of one.
    hubs: Vec<u32>,
    /// Each once, whoever tells of it.
    network: u32,
}

impl Scope<'_> {
    /// The innovations of which something may count: those that are wanted, or if nothing is asked all that anybody names, also
    /// those that are not here.
    fn subjects(&self) -> impl Iterator<Item = u32> {
        let all = 0..number(self.columns.innovations.len());
        let all = self.wanted.is_open().then_some(all);
        let wanted = (!self.wanted.is_open()).then(|| self.innovations.iter());
        all.into_iter()
            .flatten()
            .chain(wanted.into_iter().flatten())
    }

    /// The rows that may be seen and may count, those about one innovation together, then those about none.
    pub(super) fn rows<'a, R: Default>(
        &'a self,
        table: &'a Table<R>,
        groups: Option<&'a Groups>,
    ) -> impl Iterator<Item = &'a R> {
        let places = groups.into_iter().flat_map(|groups| {
            let about = self.subjects().flat_map(|it| groups.of_one(it));
            about.chain(groups.others())
        });
        let seen = places.filter(|place| table.rank(**place) <= self.rank);
        seen.map(|place| table.row(*place))
    }

    /// Whether a record about an innovation counts.
    pub(super) fn counts(&self, innovation: u32) -> bool {
        self.wanted.is_open() || self.innovations.contains(innovation)
    }

    fn about(&self, row: &About) -> bool {
        match row.innovation {
            _ if self.wanted.is_open() => true,
            Some(innovation) => self.innovations.contains(innovation),
            None => {
                let asks_more = self.wanted.asks_of_innovations()
                    || self.wanted.names_agency()
                    || !self.wanted.region(RegionNumber::default());
                !asks_more && self.wanted.hub(row.hub)
            }
        }
    }

    fn award(&self, row: &Award) -> bool {
        if !row.is_agency {
            return self.counts(row.winner);
        }
        let agencies = &self.columns.agencies;
        let is_asked = || {
            let agency = agencies.row(row.winner);
            !self.wanted.asks_of_innovations()
                && agencies.rank(row.winner) <= self.rank
                && self.wanted.hub(agency.hub)
                && self.wanted.agency(row.winner)
                && self.wanted.region(agency.region)
        };
        self.wanted.is_open() || is_asked()
    }

    fn activity(&self, row: &Coaching) -> bool {
        let is_for_one = || {
            row.agencies()
                .iter()
                .any(|agency| self.wanted.agency(*agency))
        };
        let is_about_one = || {
            row.innovations()
                .iter()
                .any(|it| self.innovations.contains(*it))
        };
        self.wanted.is_open()
            || (self.wanted.hub(row.hub)
                && self.wanted.region(row.region)
                && (!self.wanted.names_agency() || is_for_one())
                && (!self.wanted.asks_of_innovations() || is_about_one()))
    }

    /// How long innovations stayed where they were before they moved on. A transition that another one corrects counts as
    /// never told.
    pub(super) fn moves(&self) -> Vec<StageMove> {
        let table = &self.columns.transitions;
        let mut stays: Vec<Vec<i32>> = vec![Vec::new(); 2 * TERMS * TERMS];
        let mut path = Vec::new();
        for innovation in self.subjects() {
            self.told_path(innovation, &mut path);
            for pair in path.windows(2) {
                let [last, row] = [table.row(pair[0]), table.row(pair[1])];
                if last.axis == row.axis {
                    let at = (usize::from(row.axis) * TERMS + usize::from(last.to)) * TERMS;
                    stays[at + usize::from(row.to)].push(row.day - last.day);
                }
            }
        }
        let code = |axis: u8, term: usize| match axis {
            LIFECYCLE => terms::<LifecycleStage>().nth(term).map(Vocabulary::code),
            _ => terms::<AdoptionStatus>().nth(term).map(Vocabulary::code),
        };
        let moves = stays
            .into_iter()
            .enumerate()
            .filter(|(_, days)| !days.is_empty());
        let told = |(at, mut days): (usize, Vec<i32>)| {
            let axis = if at < TERMS * TERMS {
                LIFECYCLE
            } else {
                ADOPTION
            };
            let middle = (days.len() - 1) / 2;
            Some(StageMove {
                axis: match axis {
                    LIFECYCLE => TransitionAxis::Lifecycle,
                    _ => TransitionAxis::Adoption,
                },
                from: code(axis, at / TERMS % TERMS)?,
                to: code(axis, at % TERMS)?,
                stays: number(days.len()),
                median_days: *days.select_nth_unstable(middle).1,
            })
        };
        moves.filter_map(told).collect()
    }

    /// The transitions of an innovation along both axes that may be seen, without those that others correct.
    fn told_path(&self, innovation: u32, path: &mut Vec<u32>) {
        let table = &self.columns.transitions;
        let groups = self.columns.of_innovations.transitions.as_ref();
        let all = groups.map(|groups| groups.of_one(innovation));
        path.clear();
        path.extend_from_slice(all.unwrap_or_default());
        path.retain(|place| table.rank(*place) <= self.rank);
        let corrects = |place: &u32| Some(table.row(*place).corrects).filter(|it| *it != NONE);
        let mut corrected: Vec<u32> = path.iter().filter_map(corrects).collect();
        corrected.sort_unstable();
        path.retain(|place| {
            table.row(*place).axis <= ADOPTION && corrected.binary_search(place).is_err()
        });
    }

    pub(super) fn awards(&self) -> Awards {
        let contests = &self.columns.contests;
        let spelled = |number: u32| &contests.spellings[number as usize];
        let mut seen = [
            Bits::none(number(contests.awards())),
            Bits::none(number(contests.awards())),
        ];
        let mut counts = vec![([0_u32; 2], NONE); contests.names.len()];
        let columns = self.columns;
        let mut hubs = vec![0; columns.hubs.len()];
        for row in self.rows(&columns.awards, columns.of_innovations.awards.as_ref()) {
            if !self.award(row) {
                continue;
            }
            hubs[row.hub as usize] += 1;
            let (count, spelling) = &mut counts[row.contest as usize];
            let basis = usize::from(row.is_confirmed);
            count[basis] += u32::from(seen[basis].insert(row.number));
            // Of several spellings the first in the alphabet, whoever came first.
            if *spelling == NONE
                || (*spelling != row.spelling && spelled(row.spelling) < spelled(*spelling))
            {
                *spelling = row.spelling;
            }
        }
        let told = counts.into_iter().zip(&contests.names);
        let mut told: Vec<_> = told
            .filter(|((_, spelling), _)| *spelling != NONE)
            .collect();
        told.sort_unstable_by(|(_, (one, a)), (_, (other, b))| (b, one).cmp(&(a, other)));
        told.truncate(MOST_ROWS);
        let row = |((count, spelling), (_, year)): (([u32; 2], u32), &(String, u16))| AwardCount {
            scheme: spelled(spelling).clone(),
            year: *year,
            claimed: count[0],
            confirmed: count[1],
        };
        let [mut all, confirmed] = seen;
        all.add(&confirmed);
        Awards {
            rows: told.into_iter().map(row).collect(),
            hubs,
            network: u32::try_from(all.count()).unwrap_or(u32::MAX),
        }
    }

    /// The activities that count: all that were not cancelled.
    pub(super) fn activities(&self) -> Bits {
        let table = &self.columns.coaching;
        let mut counted = Bits::none(number(table.len()));
        let mut look = |place: u32| {
            let row = table.row(place);
            if table.rank(place) <= self.rank && !row.is_cancelled && self.activity(row) {
                counted.insert(place);
            }
        };
        // What counts by its innovations only is found by them.
        match &self.columns.of_innovations.coaching {
            Some(groups) if self.wanted.asks_of_innovations() => {
                let of_wanted = self.innovations.iter().flat_map(|it| groups.of_one(it));
                of_wanted.copied().for_each(look);
            }
            _ => (0..number(table.len())).for_each(&mut look),
        }
        counted
    }

    /// The needs that count.
    pub(super) fn wanted_needs(&self) -> Vec<&Need> {
        let wanted = self.wanted.needs(self.columns, self.rank);
        let table = &self.columns.needs;
        wanted.iter().map(|place| table.row(place)).collect()
    }

    pub(super) fn coaching(&self, activities: &Bits) -> (Vec<CoachingMonth>, u32) {
        let table = &self.columns.coaching;
        let mut months: Vec<CoachingMonth> = Vec::new();
        let mut reached = Bits::none(number(self.columns.agencies.len()));
        let mut last_month = vec![u32::MAX; self.columns.agencies.len()];
        for place in self.columns.by_month.iter().rev() {
            if !activities.contains(*place) {
                continue;
            }
            let row = table.row(*place);
            let (year, month) = (row.month / 12, row.month % 12 + 1);
            let (year, month) = (
                u16::try_from(year).unwrap_or(0),
                u8::try_from(month).unwrap_or(1),
            );
            if months
                .last()
                .is_none_or(|last| (last.year, last.month) != (year, month))
            {
                months.push(CoachingMonth {
                    year,
                    month,
                    activities: 0,
                    planned: 0,
                    agencies: 0,
                });
            }
            let last = months.last_mut().expect("it was pushed");
            last.planned += u32::from(row.is_planned);
            last.activities += u32::from(!row.is_planned);
            for agency in row.agencies() {
                reached.insert(*agency);
                let before = std::mem::replace(&mut last_month[*agency as usize], row.month);
                last.agencies += u32::from(before != row.month);
            }
        }
        months.truncate(MOST_ROWS);
        (months, u32::try_from(reached.count()).unwrap_or(u32::MAX))
    }

    pub(super) fn totals(
        &self,
        counts: &Counts,
        (replications, awards): (&Replications, &Awards),
        activities: &Bits,
        needs: &[&Need],
    ) -> (Totals, Vec<HubTotals>) {
        let columns = self.columns;
        let mut network = Totals {
            awards: awards.network,
            ..Totals::default()
        };
        let of_hubs = counts.hubs.iter().zip(&replications.hubs).zip(&awards.hubs);
        let mut hubs: Vec<Totals> = of_hubs
            .map(|((innovations, replications), awards)| Totals {
                innovations: *innovations,
                replications: *replications,
                awards: *awards,
                ..Totals::default()
            })
            .collect();
        let agencies = self.wanted.agencies(columns, self.rank, self.innovations);
        for (place, row) in columns.agencies.seen(self.rank) {
            hubs[row.hub as usize].agencies += u32::from(agencies.contains(place));
        }
        let of = &columns.of_innovations;
        for row in self.rows(&columns.endorsements, of.endorsements.as_ref()) {
            hubs[row.hub as usize].endorsements += u32::from(self.about(row));
        }
        for row in self.rows(&columns.threads, of.threads.as_ref()) {
            hubs[row.hub as usize].threads += u32::from(self.about(row));
        }
        for row in needs {
            hubs[row.hub as usize].needs += 1;
        }
        for place in activities.iter() {
            hubs[columns.coaching.row(place).hub as usize].coaching += 1;
        }
        for hub in &hubs {
            network.add(hub);
        }
        let named = hubs.into_iter().enumerate();
        let named = named.filter(|(_, totals)| *totals != Totals::default());
        let mut named: Vec<HubTotals> = named
            .map(|(at, totals)| HubTotals {
                hub: columns.hubs.name(number(at)).clone(),
                totals,
            })
            .collect();
        named.sort_unstable_by(|a, b| a.hub.cmp(&b.hub));
        (network, named)
    }
}

impl Totals {
    /// Adds what a hub holds; awards are counted apart, since several hubs may tell of one.
    fn add(&mut self, hub: &Self) {
        self.innovations += hub.innovations;
        self.agencies += hub.agencies;
        self.replications.claimed += hub.replications.claimed;
        self.replications.done += hub.replications.done;
        self.replications.confirmed += hub.replications.confirmed;
        self.endorsements += hub.endorsements;
        self.coaching += hub.coaching;
        self.threads += hub.threads;
        self.needs += hub.needs;
    }
}

/// What is open of needs, and what there is for it.
pub(super) fn needs(counts: &Counts, wanted: &[&Need]) -> Needs {
    let mut needs = Needs::default();
    let (mut of_affairs, mut of_goals) = ([0; AFFAIRS], [0; GOALS]);
    for row in wanted.iter().filter(|row| row.is_open) {
        needs.open += 1;
        let mut is_met = row.affairs == 0 && row.sdgs == 0;
        for bit in bits(row.affairs) {
            of_affairs[bit] += 1;
            is_met |= counts.affairs[bit] > 0;
        }
        for bit in bits(row.sdgs.into()) {
            of_goals[bit] += 1;
            is_met |= counts.goals[bit] > 0;
        }
        needs.unmatched += u32::from(!is_met);
    }
    needs.affairs = gaps(affairs().map(|affair| {
        let bit = bit_of(affair);
        (affair, of_affairs[bit], counts.affairs[bit])
    }));
    needs.goals = gaps((1..=17).filter_map(|goal| {
        let sdg = Sdg::parse(goal).ok()?;
        let bit = usize::from(sdg.number());
        Some((sdg, of_goals[bit], counts.goals[bit]))
    }));
    needs
}

/// What is needed, where there is least of it first.
fn gaps<T>(counts: impl Iterator<Item = (T, u32, u32)>) -> Vec<NeedGap<T>> {
    let needed = counts.filter(|(_, open, _)| *open > 0);
    let gap = |(subject, open, innovations)| NeedGap {
        subject,
        open,
        innovations,
    };
    let mut gaps: Vec<NeedGap<T>> = needed.map(gap).collect();
    gaps.sort_by_key(|gap| (gap.innovations, Reverse(gap.open)));
    gaps
}
