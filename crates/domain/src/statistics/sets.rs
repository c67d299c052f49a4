//! Which innovations and needs have which values, so that a filter is made of sets and not asked row by row.

use std::collections::BTreeMap;

use super::columns::Columns;
use super::count::{AFFAIRS, GOALS, TERMS, bits};
use super::rows::{Innovation, Need, PROVINCES};
use crate::bits::Bits;
use crate::table::HIGHEST_RANK;

/// The ranks of viewers.
const RANKS: usize = 3;

/// Innovations and needs by what they are.
#[derive(Debug)]
pub(super) struct Sets {
    pub(super) innovations: OfInnovations,
    pub(super) needs: OfNeeds,
}

impl Sets {
    pub(super) fn bytes(&self) -> usize {
        self.innovations.bytes() + self.needs.bytes()
    }
}

/// The places of rows by a value, which is a small number.
#[derive(Debug)]
pub(super) struct Values(Vec<Bits>);

impl Values {
    fn below(end: usize) -> Self {
        Self(vec![Bits::default(); end])
    }

    fn change(&mut self, value: usize, place: u32, change: Change) {
        match change {
            Change::Put => drop(self.0[value].insert(place)),
            Change::Take => self.0[value].remove(place),
        }
    }

    /// The places with any of these values.
    pub(super) fn any(&self, values: impl Iterator<Item = usize>) -> Bits {
        let mut places = Bits::default();
        for value in values {
            places.add(&self.0[value]);
        }
        places
    }

    /// The places with a value.
    pub(super) fn of(&self, value: usize) -> &Bits {
        &self.0[value]
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Bits::bytes).sum()
    }
}

/// What becomes of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Put,
    Take,
}

/// What rows are about: affairs and goals.
#[derive(Debug)]
pub(super) struct Subjects {
    affairs: Values,
    goals: Values,
}

impl Subjects {
    fn new() -> Self {
        Self {
            affairs: Values::below(AFFAIRS),
            goals: Values::below(GOALS),
        }
    }

    fn change(&mut self, place: u32, (affairs, sdgs): (u64, u32), change: Change) {
        for affair in bits(affairs) {
            self.affairs.change(affair, place, change);
        }
        for goal in bits(sdgs.into()) {
            self.goals.change(goal, place, change);
        }
    }

    /// Keeps the places with any of these affairs and any of these goals; of no mask, all.
    pub(super) fn keep(&self, affairs: u64, sdgs: u32, places: &mut Bits) {
        if affairs != 0 {
            places.keep(&self.affairs.any(bits(affairs)));
        }
        if sdgs != 0 {
            places.keep(&self.goals.any(bits(sdgs.into())));
        }
    }

    const fn values(&self) -> [&Values; 2] {
        [&self.affairs, &self.goals]
    }
}

/// Innovations by what they are.
#[derive(Debug)]
pub(super) struct OfInnovations {
    /// By the least rank of who may see them.
    ranks: Values,
    pub(super) subjects: Subjects,
    pub(super) stages: Values,
    pub(super) adoptions: Values,
    pub(super) provinces: Values,
    /// By year, those of that year or an earlier one; 0 is no year.
    until: BTreeMap<u16, Bits>,
}

impl OfInnovations {
    pub(super) fn new() -> Self {
        Self {
            ranks: Values::below(RANKS),
            subjects: Subjects::new(),
            stages: Values::below(TERMS),
            adoptions: Values::below(TERMS),
            provinces: Values::below(PROVINCES),
            until: BTreeMap::new(),
        }
    }

    /// Notes a row, or that it is gone.
    pub(super) fn change(
        &mut self,
        (place, rank): (u32, u8),
        row: &Innovation,
        province: usize,
        change: Change,
    ) {
        self.ranks.change(rank.into(), place, change);
        self.subjects.change(place, (row.affairs, row.sdgs), change);
        self.stages.change(row.stage.into(), place, change);
        self.adoptions.change(row.adoption.into(), place, change);
        self.provinces.change(province, place, change);
        if !self.until.contains_key(&row.year) {
            let before = self.until(row.year).cloned().unwrap_or_default();
            self.until.insert(row.year, before);
        }
        for (_, until) in self.until.range_mut(row.year..) {
            match change {
                Change::Put => drop(until.insert(place)),
                Change::Take => until.remove(place),
            }
        }
    }

    /// Those that may be seen.
    pub(super) fn seen(&self, rank: u8) -> Bits {
        self.ranks.any(0..=usize::from(rank))
    }

    /// Keeps those of these years, of which the first is not 0.
    pub(super) fn keep_years(&self, (first, last): (u16, u16), places: &mut Bits) {
        match self.until(last) {
            Some(until) if first <= last => places.keep(until),
            _ => *places = Bits::default(),
        }
        if let Some(earlier) = self.until(first - 1) {
            places.take_out(earlier);
        }
    }

    /// The years that innovations have, from one on and up to one.
    pub(super) fn years(&self, first: u16, last: Option<u16>) -> Vec<u16> {
        let years = self.until.range(first..).map(|(year, _)| *year);
        years
            .take_while(|year| last.is_none_or(|last| *year <= last))
            .collect()
    }

    /// Those of a year or an earlier one, and those of no year.
    fn until(&self, year: u16) -> Option<&Bits> {
        self.until
            .range(..=year)
            .next_back()
            .map(|(_, until)| until)
    }

    pub(super) fn bytes(&self) -> usize {
        let years: usize = self.until.values().map(Bits::bytes).sum();
        let values = [&self.ranks, &self.stages, &self.adoptions, &self.provinces];
        let values = values.into_iter().chain(self.subjects.values());
        years + values.map(Values::bytes).sum::<usize>()
    }
}

/// Needs by what they are.
#[derive(Debug)]
pub(super) struct OfNeeds {
    ranks: Values,
    pub(super) subjects: Subjects,
    /// By the viewer's rank: where a need says no region, that of its agency counts for who may see the agency.
    pub(super) provinces: [Values; RANKS],
}

impl OfNeeds {
    pub(super) fn new() -> Self {
        Self {
            ranks: Values::below(RANKS),
            subjects: Subjects::new(),
            provinces: std::array::from_fn(|_| Values::below(PROVINCES)),
        }
    }

    /// Notes a row, or that it is gone; `province` says for a rank where it counts.
    pub(super) fn change(
        &mut self,
        (place, rank): (u32, u8),
        row: &Need,
        province: impl Fn(u8) -> usize,
        change: Change,
    ) {
        self.ranks.change(rank.into(), place, change);
        self.subjects.change(place, (row.affairs, row.sdgs), change);
        for (viewer, provinces) in (0_u8..).zip(&mut self.provinces) {
            provinces.change(province(viewer), place, change);
        }
    }

    /// Those that may be seen.
    pub(super) fn seen(&self, rank: u8) -> Bits {
        self.ranks.any(0..=usize::from(rank))
    }

    pub(super) fn bytes(&self) -> usize {
        let values = self.provinces.iter().chain([&self.ranks]);
        let values = values.chain(self.subjects.values());
        values.map(Values::bytes).sum()
    }
}

impl Columns {
    /// Notes in the sets that an innovation came or goes, if it is here.
    pub(super) fn note_innovation(&mut self, place: u32, change: Change) {
        let rank = self.innovations.rank(place);
        if let (Some(mut sets), true) = (self.sets.take(), rank <= HIGHEST_RANK) {
            let row = self.innovations.row(place);
            let province = self.region_of(place, row).province();
            sets.innovations
                .change((place, rank), row, province, change);
            self.sets = Some(sets);
        }
    }

    /// The same of a need.
    pub(super) fn note_need(&mut self, place: u32, change: Change) {
        let rank = self.needs.rank(place);
        if let (Some(mut sets), true) = (self.sets.take(), rank <= HIGHEST_RANK) {
            let row = self.needs.row(place);
            let province = |viewer| self.region_of_need(row, viewer).province();
            sets.needs.change((place, rank), row, province, change);
            self.sets = Some(sets);
        }
    }

    pub(super) fn make_sets(&self) -> Sets {
        let mut sets = Sets {
            innovations: OfInnovations::new(),
            needs: OfNeeds::new(),
        };
        for (place, row) in self.innovations.all() {
            let rank = self.innovations.rank(place);
            let province = self.region_of(place, row).province();
            let (at, put) = ((place, rank), Change::Put);
            sets.innovations.change(at, row, province, put);
        }
        for (place, row) in self.needs.all() {
            let rank = self.needs.rank(place);
            let province = |viewer| self.region_of_need(row, viewer).province();
            sets.needs.change((place, rank), row, province, Change::Put);
        }
        sets
    }

    /// By what is asked of innovations and needs.
    ///
    /// # Panics
    /// Before [`Self::settle`] was called.
    pub(super) fn sets(&self) -> &Sets {
        self.sets
            .as_ref()
            .expect("columns are settled before they are counted")
    }
}
