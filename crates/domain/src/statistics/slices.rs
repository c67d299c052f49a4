//! What was counted of the innovations of one year: small enough to be kept, and quickly added up.
//!
//! Who moves the years of a chart asks for the same innovations but for a year or two. Of many innovations, so, each year is
//! counted by itself, and the next who asks for it is told what is known.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::awards::Contest;
use super::charts::ReplicationCount;
use super::needs::CountedNeeds;
use crate::bits::Bits;

/// More years than this are not counted one by one.
pub(super) const MOST_YEARS: usize = 100;

/// What is known of the innovations of a filter, whatever its years. It belongs to one state of the columns, one viewer's rank,
/// one moment before which innovations are stale, and one choice of charts.
#[derive(Debug, Default)]
pub struct Slices {
    years: Mutex<BTreeMap<u16, Arc<OnceLock<Slice>>>>,
    needs: OnceLock<CountedNeeds>,
}

impl Slices {
    /// Looks at what was counted of a year, or is counted now: once, whoever asks meanwhile.
    pub(super) fn year(&self, year: u16, count: impl FnOnce() -> Slice, look: impl FnOnce(&Slice)) {
        let mut years = self.years.lock().unwrap_or_else(PoisonError::into_inner);
        let slice = Arc::clone(years.entry(year).or_default());
        drop(years);
        look(slice.get_or_init(count));
    }

    /// The needs, which are of no year.
    pub(super) fn needs(&self, count: impl FnOnce() -> CountedNeeds) -> &CountedNeeds {
        self.needs.get_or_init(count)
    }
}

/// The numbers of a list that are not zero, with their places.
#[derive(Debug, Default)]
pub(super) struct Sparse<T>(Vec<(u32, T)>);

impl<T: Copy + Default + PartialEq + AddAssign> Sparse<T> {
    pub(super) fn of(numbers: &[T]) -> Self {
        let there = (0..).zip(numbers.iter().copied());
        Self(
            there
                .filter(|(_, number)| *number != T::default())
                .collect(),
        )
    }

    pub(super) fn add_to(&self, numbers: &mut [T]) {
        for (place, number) in &self.0 {
            numbers[*place as usize] += *number;
        }
    }
}

/// What was counted of the innovations of one year.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) counts: SlicedCounts,
    /// Lengths of stays in days, by the number of the move, each with how often it was.
    pub(super) stays: Vec<(usize, i32, u32)>,
    pub(super) flows: Sparse<ReplicationCount>,
    /// Those that are replicated most.
    pub(super) replicated: Vec<(u32, ReplicationCount)>,
    pub(super) replications_of_hubs: Sparse<ReplicationCount>,
    pub(super) contests: Vec<(usize, Contest)>,
    /// How many awards there are, each once.
    pub(super) awards: u32,
    pub(super) awards_of_hubs: Sparse<u32>,
    pub(super) endorsements: Sparse<u32>,
    pub(super) threads: Sparse<u32>,
    pub(super) activities: Vec<u32>,
}

/// The innovations themselves.
#[derive(Debug)]
pub(super) struct SlicedCounts {
    pub(super) all: u32,
    pub(super) hubs: Sparse<u32>,
    pub(super) regions: Sparse<u32>,
    pub(super) affairs: Sparse<u32>,
    pub(super) goals: Sparse<u32>,
    pub(super) stages: Sparse<u32>,
    pub(super) adoptions: Sparse<u32>,
    pub(super) stale: Sparse<u32>,
    pub(super) agencies: Bits,
}
