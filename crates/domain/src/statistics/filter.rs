//! Which innovations are wanted, and which other records go with them.

use super::columns::Columns;
use super::count::bits;
use super::rows::{NONE, RegionNumber};
use super::sets::Values;
use crate::bits::Bits;
use crate::catalog::{AdoptionStatus, LifecycleStage, RegionCode};
use crate::identity::{HubId, RecordRef};
use crate::table::{Key, number};

/// Conditions on innovations that all must hold. An empty list or mask asks for nothing.
///
/// Of other records those count that are about a wanted innovation. Where a record is about none, its own hub, agency and
/// region are asked; it does not count when something is asked that only innovations have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only what these hubs keep.
    pub hubs: Vec<HubId>,
    /// Only of agencies in this region and those within it.
    pub region: Option<RegionCode>,
    /// Only of this agency.
    pub agency: Option<RecordRef>,
    /// Only with at least one of these affairs, as a mask.
    pub affairs: u64,
    /// Only with at least one of these goals, as a mask.
    pub sdgs: u32,
    /// Only at one of these stages.
    pub stages: Vec<LifecycleStage>,
    /// Only with one of these adoption statuses.
    pub adoptions: Vec<AdoptionStatus>,
    /// Only of this year or later.
    pub year_from: Option<u16>,
    /// Only of this year or earlier.
    pub year_to: Option<u16>,
}

/// A filter as the columns see it.
pub(super) struct Wanted {
    hubs: Option<Vec<bool>>,
    /// The least and the largest number of a region that is wanted.
    region: Option<(RegionNumber, RegionNumber)>,
    /// The agency that is asked for; [`NONE`] when it is not known here.
    agency: Option<u32>,
    affairs: u64,
    sdgs: u32,
    stages: u32,
    adoptions: u32,
    years: Option<(u16, u16)>,
    is_open: bool,
}

impl Wanted {
    pub(super) fn new(filter: &Filter, columns: &Columns) -> Self {
        let hubs = (!filter.hubs.is_empty()).then(|| {
            let mut wanted = vec![false; columns.hubs.len()];
            for number in filter.hubs.iter().filter_map(|hub| columns.hubs.find(hub)) {
                wanted[number as usize] = true;
            }
            wanted
        });
        let find = |agency: &RecordRef| {
            let hub = columns.hubs.find(&agency.hub)?;
            let record = *agency.record.as_uuid().as_bytes();
            columns.agencies.find(Key { hub, record })
        };
        let agency = filter.agency.as_ref();
        let agency = agency.map(|agency| find(agency).unwrap_or(NONE));
        let bit = |number: u8| 1_u32 << number;
        let years = (filter.year_from.is_some() || filter.year_to.is_some()).then(|| {
            // Year 0 is that of an innovation of no year.
            (
                filter.year_from.unwrap_or(1).max(1),
                filter.year_to.unwrap_or(u16::MAX),
            )
        });
        let (stages, adoptions) = (filter.stages.iter(), filter.adoptions.iter());
        Self {
            hubs,
            region: filter.region.map(RegionNumber::within),
            agency,
            affairs: filter.affairs,
            sdgs: filter.sdgs,
            stages: stages.fold(0, |bits, stage| bits | bit(*stage as u8)),
            adoptions: adoptions.fold(0, |bits, adoption| bits | bit(*adoption as u8)),
            years,
            is_open: *filter == Filter::default(),
        }
    }

    /// Whether nothing is asked.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether something is asked that only innovations have.
    pub(super) const fn asks_of_innovations(&self) -> bool {
        self.affairs != 0
            || self.sdgs != 0
            || self.stages != 0
            || self.adoptions != 0
            || self.years.is_some()
    }

    /// Whether a hub is wanted.
    pub(super) fn hub(&self, hub: u32) -> bool {
        match &self.hubs {
            None => true,
            Some(hubs) => hubs.get(hub as usize).copied().unwrap_or(false),
        }
    }

    /// Whether a region is wanted.
    pub(super) fn region(&self, region: RegionNumber) -> bool {
        self.region
            .is_none_or(|(first, last)| (first..=last).contains(&region))
    }

    /// Whether an agency is the one that is wanted.
    pub(super) fn agency(&self, agency: u32) -> bool {
        self.agency.is_none_or(|wanted| wanted == agency)
    }

    /// Whether a particular agency is asked for.
    pub(super) const fn names_agency(&self) -> bool {
        self.agency.is_some()
    }

    /// The innovations that are wanted and may be seen.
    pub(super) fn innovations(&self, columns: &Columns, rank: u8) -> Bits {
        let sets = &columns.sets().innovations;
        let mut wanted = sets.seen(rank);
        sets.subjects.keep(self.affairs, self.sdgs, &mut wanted);
        if self.stages != 0 {
            wanted.keep(&sets.stages.any(bits(self.stages.into())));
        }
        if self.adoptions != 0 {
            wanted.keep(&sets.adoptions.any(bits(self.adoptions.into())));
        }
        if let Some(years) = self.years {
            sets.keep_years(years, &mut wanted);
        }
        let table = &columns.innovations;
        self.keep_region(&sets.provinces, &mut wanted, |place| {
            columns.region_of(place, table.row(place))
        });
        if self.hubs.is_some() || self.agency.is_some() {
            wanted.retain(|place| {
                let row = table.row(place);
                self.hub(row.hub) && self.agency(row.agency)
            });
        }
        wanted
    }

    /// The needs that are wanted and may be seen.
    pub(super) fn needs(&self, columns: &Columns, rank: u8) -> Bits {
        let sets = &columns.sets().needs;
        let mut wanted = sets.seen(rank);
        sets.subjects.keep(self.affairs, self.sdgs, &mut wanted);
        let table = &columns.needs;
        let provinces = &sets.provinces[usize::from(rank)];
        self.keep_region(provinces, &mut wanted, |place| {
            columns.region_of_need(table.row(place), rank)
        });
        if self.hubs.is_some() || self.agency.is_some() {
            wanted.retain(|place| {
                let row = table.row(place);
                self.hub(row.hub) && self.agency(row.agency)
            });
        }
        wanted
    }

    /// Keeps the places of the region that is asked for.
    fn keep_region(
        &self,
        provinces: &Values,
        wanted: &mut Bits,
        region: impl Fn(u32) -> RegionNumber,
    ) {
        let Some((first, last)) = self.region else {
            return;
        };
        wanted.keep(provinces.of(first.province()));
        let is_province = first != last;
        if !is_province {
            wanted.retain(|place| region(place) == first);
        }
    }

    /// The agencies that are wanted and may be seen: of those that are asked for, if something is asked that only
    /// innovations have, the ones that have such an innovation.
    pub(super) fn agencies(&self, columns: &Columns, rank: u8, with_such: &Bits) -> Bits {
        let table = &columns.agencies;
        if self.asks_of_innovations() {
            let mut wanted = with_such.clone();
            wanted.retain(|agency| table.rank(agency) <= rank);
            return wanted;
        }
        let mut wanted = Bits::none(number(table.len()));
        for (place, row) in table.seen(rank) {
            if self.hub(row.hub) && self.agency(place) && self.region(row.region) {
                wanted.insert(place);
            }
        }
        wanted
    }
}
