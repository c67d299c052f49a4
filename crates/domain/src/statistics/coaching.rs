//! Coaching by month.

use std::collections::BTreeMap;

use super::charts::CoachingMonth;
use super::columns::Columns;
use super::count::Scope;
use super::rows::Coaching;
use super::totals::MOST_ROWS;
use crate::bits::Bits;
use crate::table::{each_list, number};

/// Activities as they are counted: all that were not cancelled.
pub(super) struct Activities {
    /// By month since year 0.
    months: BTreeMap<u32, Month>,
    /// By hub.
    pub(super) hubs: Vec<u32>,
    /// How many agencies there are.
    all_agencies: usize,
}

#[derive(Default)]
struct Month {
    activities: u32,
    planned: u32,
    /// The places of the agencies that take part, some of them several times.
    agencies: Vec<u32>,
}

impl Scope<'_> {
    /// Counts those of some activities that are wanted and may be seen.
    pub(super) fn activities(&self, places: &Bits) -> Activities {
        let mut counted = Activities::new(self.columns);
        let rows = places.iter().map(|place| self.columns.coaching.at(place));
        let rows = rows.filter(|(rank, row)| *rank <= self.rank && self.wants_activity(row));
        let rows = rows.map(|(_, row)| ((row.month, row.hub, row.is_planned), row.agencies()));
        each_list(rows, |(month, hub, is_planned), agencies| {
            counted.hubs[*hub as usize] += 1;
            counted.note(*month, *is_planned, agencies);
        });
        counted
    }

    /// Whether an activity is wanted that is about a wanted innovation, if something is asked that only innovations have.
    fn wants_activity(&self, row: &Coaching) -> bool {
        let is_for_one = || {
            let mut agencies = row.agencies().iter();
            agencies.any(|agency| self.wanted.agency(*agency))
        };
        let is_wanted = || {
            self.wanted.hub(row.hub)
                && self.wanted.region(row.region)
                && (!self.wanted.names_agency() || is_for_one())
        };
        !row.is_cancelled && (self.wanted.is_open() || is_wanted())
    }
}

impl Activities {
    fn new(columns: &Columns) -> Self {
        Self {
            months: BTreeMap::new(),
            hubs: vec![0; columns.hubs.len()],
            all_agencies: columns.agencies.len(),
        }
    }

    fn note(&mut self, month: u32, is_planned: bool, agencies: &[u32]) {
        let month = self.months.entry(month).or_default();
        month.planned += u32::from(is_planned);
        month.activities += u32::from(!is_planned);
        month.agencies.extend_from_slice(agencies);
    }

    /// By month, the newest first, and different agencies in all months.
    pub(super) fn by_month(self) -> (Vec<CoachingMonth>, u32) {
        let mut reached = Bits::none(number(self.all_agencies));
        let mut last_month = vec![u32::MAX; self.all_agencies];
        let mut told = |(at, month): (u32, Month)| {
            let mut different = 0;
            for agency in month.agencies {
                reached.insert(agency);
                let before = std::mem::replace(&mut last_month[agency as usize], at);
                different += u32::from(before != at);
            }
            CoachingMonth {
                year: u16::try_from(at / 12).unwrap_or(0),
                month: u8::try_from(at % 12 + 1).unwrap_or(1),
                activities: month.activities,
                planned: month.planned,
                agencies: different,
            }
        };
        let mut months: Vec<CoachingMonth> = self.months.into_iter().rev().map(&mut told).collect();
        months.truncate(MOST_ROWS);
        (months, u32::try_from(reached.count()).unwrap_or(u32::MAX))
    }
}
