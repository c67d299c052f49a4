//! Counting innovations, and putting all charts together.

use super::charts::{AffairCount, Chart, Charts, Figures, RegionCount, Stage, YearCount};
use super::columns::Columns;
use super::filter::{Filter, Wanted};
use super::related::Related;
use super::rows::{PROVINCES, RegionNumber};
use super::slices::{MOST_YEARS, SlicedCounts, Slices, Sparse};
use crate::bits::Bits;
use crate::catalog::{AdoptionStatus, Affair, LifecycleStage, PartialDate, Sdg, Vocabulary};
use crate::entry::Sight;

/// One above the largest number of a term of the two vocabularies.
pub(super) const TERMS: usize = 8;
/// Years that records may be about, and 0 for none.
const YEARS: usize = 1 + 9999 - PartialDate::FIRST_YEAR as usize + 1;
/// One above the bit of [`Affair::Other`].
pub(super) const AFFAIRS: usize = 63;
/// One above the bit of the last goal.
pub(super) const GOALS: usize = 18;

/// What is counted of innovations in one pass.
pub(super) struct Counts {
    pub(super) all: u32,
    pub(super) hubs: Vec<u32>,
    years: Vec<[u32; TERMS]>,
    regions: Vec<u32>,
    pub(super) affairs: [u32; AFFAIRS],
    pub(super) goals: [u32; GOALS],
    stages: [u32; TERMS],
    adoptions: [u32; TERMS],
    stale: Vec<u32>,
    /// The agencies of these innovations.
    pub(super) agencies: Bits,
}

impl Columns {
    /// Counts what may be seen of what is wanted, for the charts that are asked for. An innovation is stale that was last
    /// current before `stale_before`, in Unix milliseconds.
    pub fn count(
        &self,
        filter: &Filter,
        sight: Sight,
        stale_before: i64,
        charts: Charts,
    ) -> Figures {
        self.count_by(&Slices::default(), filter, sight, stale_before, charts)
    }

    /// The same with what is known of other years: `slices` are those that a call for the same but for the years left, and
    /// nothing was set or removed since.
    pub fn count_by(
        &self,
        slices: &Slices,
        filter: &Filter,
        sight: Sight,
        stale_before: i64,
        charts: Charts,
    ) -> Figures {
        let wanted = Wanted::new(filter, self);
        let innovations = wanted.innovations(self, sight.rank());
        let scope = Scope {
            columns: self,
            wanted: &wanted,
            innovations: &innovations,
            rank: sight.rank(),
        };
        let counting = Counting {
            stale_before,
            charts,
        };
        let years = self.years_to_slice(filter, &innovations);
        let (counts, related) = match years {
            None => scope.tally(counting),
            Some(years) => scope.add_up(years, slices, filter, counting),
        };
        scope.figures(counts, related, slices, charts)
    }

    /// The years that are asked for, if there are many innovations of them: each is counted by itself then.
    fn years_to_slice(&self, filter: &Filter, innovations: &Bits) -> Option<Vec<u16>> {
        let is_of_years = filter.year_from.is_some() || filter.year_to.is_some();
        if !is_of_years || innovations.count() < MANY {
            return None;
        }
        let (first, last) = (filter.year_from.unwrap_or(1).max(1), filter.year_to);
        let years = self.sets().innovations.years(first, last);
        Some(years).filter(|years| years.len() <= MOST_YEARS)
    }

    /// Counts those that are wanted, which all may be seen.
    fn count_innovations(&self, wanted: &Bits, stale_before: i64) -> Counts {
        let mut counts = Counts::of(self.hubs.len(), self.agencies.len());
        self.innovations.each(wanted, |place, row| {
            counts.all += 1;
            counts.hubs[row.hub as usize] += 1;
            counts.year(row.year)[usize::from(row.stage)] += 1;
            counts.regions[usize::from(self.region_of(place, row).0)] += 1;
            for bit in bits(row.affairs) {
                counts.affairs[bit] += 1;
            }
            for bit in bits(row.sdgs.into()) {
                counts.goals[bit] += 1;
            }
            counts.stages[usize::from(row.stage)] += 1;
            counts.adoptions[usize::from(row.adoption)] += 1;
            if row.current < stale_before {
                counts.stale[row.hub as usize] += 1;
            }
            counts.agencies.insert(row.agency);
        });
        counts
    }
}

/// Of fewer innovations years are not counted one by one. In the small columns of tests, they are.
const MANY: u64 = if cfg!(test) { 1 } else { 3000 };

/// What is counted of them.
#[derive(Clone, Copy)]
struct Counting {
    stale_before: i64,
    charts: Charts,
}

impl Scope<'_> {
    /// Counts the innovations and what belongs to them.
    fn tally(&self, of: Counting) -> (Counts, Related) {
        let counts = self
            .columns
            .count_innovations(self.innovations, of.stale_before);
        (counts, self.related(of.charts))
    }

    /// The same, year by year.
    fn add_up(
        &self,
        years: Vec<u16>,
        slices: &Slices,
        filter: &Filter,
        of: Counting,
    ) -> (Counts, Related) {
        let columns = self.columns;
        let mut counts = Counts::of(columns.hubs.len(), columns.agencies.len());
        let mut related = Related::of(columns, of.charts);
        for year in years {
            let count = || {
                let filter = Filter {
                    year_from: Some(year),
                    year_to: Some(year),
                    ..filter.clone()
                };
                let wanted = Wanted::new(&filter, columns);
                let innovations = wanted.innovations(columns, self.rank);
                let scope = Scope {
                    wanted: &wanted,
                    innovations: &innovations,
                    ..*self
                };
                let (counts, related) = scope.tally(of);
                scope.slice(&counts, related)
            };
            slices.year(year, count, |slice| {
                counts.add(year, &slice.counts);
                related.add(&columns.contests, slice);
            });
        }
        (counts, related)
    }

    fn figures(
        &self,
        counts: Counts,
        related: Related,
        slices: &Slices,
        charts: Charts,
    ) -> Figures {
        let mut figures = Figures {
            innovations: counts.all,
            ..Figures::default()
        };
        counts.tell(self.columns, charts, &mut figures);
        let has_needs = charts.has(Chart::Needs) || charts.has(Chart::Totals);
        let needs = has_needs.then(|| slices.needs(|| self.needs()));
        let activities = self.activities(&related.activities);
        if let Some(needs) = needs.filter(|_| charts.has(Chart::Totals)) {
            (figures.network, figures.hubs) =
                self.totals(&counts, &related, &activities.hubs, &needs.hubs);
        }
        if let Some(needs) = needs.filter(|_| charts.has(Chart::Needs)) {
            figures.needs = needs.told(&counts);
        }
        if charts.has(Chart::Coaching) {
            (figures.coaching, figures.coached_agencies) = activities.by_month();
        }
        if charts.has(Chart::Awards) {
            figures.awards = related.awards.rows(&self.columns.contests);
        }
        if charts.has(Chart::Flows) {
            figures.flows = related.replications.flows();
        }
        if charts.has(Chart::Replicated) {
            figures.replicated = self.replicated(related.replications);
        }
        if charts.has(Chart::Stages) {
            figures.moves = related.stays.moves();
        }
        figures
    }
}

/// What the other charts are counted of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) columns: &'a Columns,
    pub(super) wanted: &'a Wanted,
    pub(super) innovations: &'a Bits,
    pub(super) rank: u8,
}

/// The numbers of the bits that are set, lowest first.
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (bit < 63).then_some(bit as usize)
    })
}

impl Counts {
    fn of(hubs: usize, agencies: usize) -> Self {
        Self {
            all: 0,
            hubs: vec![0; hubs],
            years: Vec::new(),
            regions: vec![0; RegionNumber::END],
            affairs: [0; AFFAIRS],
            goals: [0; GOALS],
            stages: [0; TERMS],
            adoptions: [0; TERMS],
            stale: vec![0; hubs],
            agencies: Bits::none(crate::table::number(agencies)),
        }
    }

    /// Makes small what was counted of one year.
    pub(super) fn slice(&self) -> SlicedCounts {
        SlicedCounts {
            all: self.all,
            hubs: Sparse::of(&self.hubs),
            regions: Sparse::of(&self.regions),
            affairs: Sparse::of(&self.affairs),
            goals: Sparse::of(&self.goals),
            stages: Sparse::of(&self.stages),
            adoptions: Sparse::of(&self.adoptions),
            stale: Sparse::of(&self.stale),
            agencies: self.agencies.clone(),
        }
    }

    /// Adds what was counted of a year.
    fn add(&mut self, year: u16, slice: &SlicedCounts) {
        self.all += slice.all;
        slice.hubs.add_to(&mut self.hubs);
        slice.regions.add_to(&mut self.regions);
        slice.affairs.add_to(&mut self.affairs);
        slice.goals.add_to(&mut self.goals);
        slice.stages.add_to(&mut self.stages);
        slice.stages.add_to(self.year(year));
        slice.adoptions.add_to(&mut self.adoptions);
        slice.stale.add_to(&mut self.stale);
        self.agencies.add(&slice.agencies);
    }

    /// The counts of a year, from the least stage on; 0 is no year.
    fn year(&mut self, year: u16) -> &mut [u32; TERMS] {
        let first = PartialDate::FIRST_YEAR - 1;
        let place = usize::from(year.saturating_sub(first)).min(YEARS - 1);
        if self.years.len() <= place {
            self.years.resize(place + 1, [0; TERMS]);
        }
        &mut self.years[place]
    }

    fn tell(&self, columns: &Columns, charts: Charts, figures: &mut Figures) {
        if charts.has(Chart::Years) {
            figures.years = self.years();
        }
        if charts.has(Chart::Regions) {
            (figures.provinces, figures.regencies) = self.regions();
        }
        if charts.has(Chart::Goals) {
            let goal = |(number, count): (usize, &u32)| {
                Some((Sdg::parse(i64::try_from(number).ok()?).ok()?, *count))
            };
            figures.goals = self.goals.iter().enumerate().filter_map(goal).collect();
        }
        if charts.has(Chart::Affairs) {
            let count = |affair: Affair| AffairCount {
                affair,
                innovations: self.affairs[bit_of(affair)],
            };
            let all = affairs().map(count);
            figures.affairs = all.filter(|row| row.innovations > 0).collect();
        }
        if charts.has(Chart::Stages) {
            figures.stages = self.stages();
        }
        if charts.has(Chart::Stale) {
            (figures.stale, figures.stale_hubs) = self.stale(columns);
        }
    }

    fn years(&self) -> Vec<YearCount> {
        let mut rows = Vec::new();
        for (number, counts) in self.years.iter().enumerate() {
            for stage in terms::<LifecycleStage>() {
                let innovations = counts[stage as usize];
                if innovations > 0 {
                    let since_first = u16::try_from(number).expect("there are 8056 years");
                    let first = PartialDate::FIRST_YEAR - 1;
                    rows.push(YearCount {
                        year: (number > 0).then_some(first + since_first),
                        stage,
                        innovations,
                    });
                }
            }
        }
        rows
    }

    fn regions(&self) -> (Vec<RegionCount>, Vec<RegionCount>) {
        let mut provinces = vec![0; PROVINCES];
        let mut regencies = Vec::new();
        for (number, count) in self
            .regions
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let number = RegionNumber(u16::try_from(number).expect("there are 10,101 numbers"));
            provinces[number.province()] += count;
            if number.code().is_some_and(|code| !code.is_province()) {
                regencies.push(RegionCount {
                    region: number.code(),
                    innovations: *count,
                });
            }
        }
        let province = |(number, count): (usize, u32)| RegionCount {
            region: province_of(number),
            innovations: count,
        };
        let provinces = provinces
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0);
        (provinces.map(province).collect(), regencies)
    }

    fn stages(&self) -> Vec<Stage> {
        let lifecycle = terms::<LifecycleStage>()
            .map(|stage| Stage::Lifecycle(stage, self.stages[stage as usize]));
        let adoption = terms::<AdoptionStatus>()
            .map(|status| Stage::Adoption(status, self.adoptions[status as usize]));
        lifecycle.chain(adoption).collect()
    }

    fn stale(&self, columns: &Columns) -> (u32, Vec<(crate::identity::HubId, u32)>) {
        let hubs = self
            .stale
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        let name = |(number, count): (usize, &u32)| {
            let number = crate::table::number(number);
            (columns.hubs.name(number).clone(), *count)
        };
        let mut hubs: Vec<_> = hubs.map(name).collect();
        hubs.sort_unstable_by(|(a, one), (b, other)| (other, a).cmp(&(one, b)));
        (self.stale.iter().sum(), hubs)
    }
}

/// The province of a number that [`RegionNumber::province`] gave.
pub(super) fn province_of(number: usize) -> Option<crate::catalog::RegionCode> {
    let province = u8::try_from(number.checked_sub(1)?).expect("there are 100 provinces");
    Some(crate::catalog::RegionCode::of_numbers(province, None))
}

/// All terms, and the one where unknown codes land.
pub(super) fn terms<V: Vocabulary>() -> impl Iterator<Item = V> {
    let unknown = (!V::ALL.contains(&V::OTHER)).then_some(V::OTHER);
    V::ALL.iter().copied().chain(unknown)
}

/// All affairs, and the one where unknown ones land.
pub(super) fn affairs() -> impl Iterator<Item = Affair> {
    terms::<Affair>()
}

/// The number of an affair's bit.
pub(super) fn bit_of(affair: Affair) -> usize {
    affair.mask().trailing_zeros() as usize
}
