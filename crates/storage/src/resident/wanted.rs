//! Which innovations a filter wants, by their rows.

use domain::catalog::{RegionCode, Vocabulary};
use domain::identity::HubId;

use super::rows::{Innovation, Rows};
use super::words::Word;
use crate::innovations::InnovationFilter;

/// A filter as rows are compared with it.
pub(super) struct Wanted<'a> {
    pub(super) filter: &'a InnovationFilter,
    hubs: Vec<u32>,
    /// The place of an agency.
    agency: Option<u32>,
    affairs: i64,
    sdgs: i64,
    stages: Vec<Word>,
    adoptions: Vec<Word>,
}

impl<'a> Wanted<'a> {
    /// Nothing where the filter asks for what is not among the rows.
    pub(super) fn of(rows: &Rows, filter: &'a InnovationFilter) -> Option<Self> {
        if !filter.tags.is_empty() || filter.title_words.is_some() {
            return None;
        }
        let hub = |hub: &HubId| rows.hub_numbers.get(hub).copied();
        let affairs = filter.affairs.iter().map(|affair| affair.mask());
        let sdgs = filter.sdgs.iter().map(|sdg| i64::from(sdg.mask()));
        let stages = filter
            .stages
            .iter()
            .map(|stage| rows.words.find(stage.code()));
        let adoptions = filter.adoptions.iter();
        let adoptions = adoptions.map(|adoption| rows.words.find(adoption.code()));
        let agency = filter.agency.as_ref();
        let agency = agency.map(|(hub, record)| rows.find(hub, record.as_uuid()));
        Some(Self {
            filter,
            hubs: filter.hubs.iter().filter_map(hub).collect(),
            // Of an agency that nobody names nothing is found.
            agency: agency.map(|place| place.unwrap_or(u32::MAX)),
            affairs: affairs.fold(0, |bits, affair| bits | affair).cast_signed(),
            sdgs: sdgs.fold(0, |bits, sdg| bits | sdg),
            stages: stages.flatten().collect(),
            adoptions: adoptions.flatten().collect(),
        })
    }

    pub(super) fn has(&self, rows: &Rows, place: u32, row: &Innovation) -> bool {
        let filter = self.filter;
        let hub = || rows.records.key(place).hub;
        rows.records.rank(place) <= filter.sight.rank()
            && (filter.hubs.is_empty() || self.hubs.contains(&hub()))
            && self.agency.is_none_or(|agency| agency == row.agency)
            && (self.affairs == 0 || self.affairs & row.affairs != 0)
            && (self.sdgs == 0 || self.sdgs & row.sdgs != 0)
            && (filter.stages.is_empty() || self.stages.contains(&row.stage))
            && (filter.adoptions.is_empty() || self.adoptions.contains(&row.adoption))
            && is_within(filter, row)
    }
}

/// Whether an innovation's region, year and moment are those that are wanted.
fn is_within(filter: &InnovationFilter, row: &Innovation) -> bool {
    let is_there = |region: RegionCode| row.region.is_some_and(|its| region.contains(its));
    filter.region.is_none_or(is_there)
        && (filter
            .year_from
            .is_none_or(|from| row.year.is_some_and(|year| year >= i32::from(from))))
        && (filter
            .year_to
            .is_none_or(|to| row.year.is_some_and(|year| year <= i32::from(to))))
        && filter
            .current_before
            .is_none_or(|moment| row.current < moment)
}
