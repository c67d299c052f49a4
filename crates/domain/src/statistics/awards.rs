//! Counting awards.

use std::cmp::Reverse;

use super::charts::AwardCount;
use super::columns::Contests;
use super::rows::{Award, NONE};
use super::slices::Slice;
use super::totals::MOST_ROWS;
use crate::bits::Bits;
use crate::table::number;

/// Awards, each counted once for each basis, whoever tells of it.
#[derive(Default)]
pub(super) struct Awards {
    /// The awards that were told of, by their numbers, for each basis.
    seen: [Bits; 2],
    contests: Vec<Contest>,
    /// How often each hub tells of one.
    pub(super) hubs: Vec<u32>,
    /// How many there are in slices that were added, each once.
    sliced: u32,
}

/// The awards of a contest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contest {
    /// Awards for each basis.
    counts: [u32; 2],
    /// How it is written; [`NONE`] before the first.
    telling: u32,
}

impl Contest {
    /// Takes a spelling: of several the first in the alphabet, whoever came first.
    fn tell(&mut self, contests: &Contests, telling: u32) {
        let scheme = |telling: u32| &contests.tellings[telling as usize].scheme;
        if self.telling == NONE
            || (self.telling != telling && scheme(telling) < scheme(self.telling))
        {
            self.telling = telling;
        }
    }
}

impl Awards {
    pub(super) fn new(contests: &Contests, hubs: usize) -> Self {
        let none = || Bits::none(number(contests.awards()));
        let contest = Contest {
            counts: [0; 2],
            telling: NONE,
        };
        Self {
            seen: [none(), none()],
            contests: vec![contest; contests.names.len()],
            hubs: vec![0; hubs],
            sliced: 0,
        }
    }

    pub(super) fn note(&mut self, contests: &Contests, row: &Award) {
        let telling = &contests.tellings[row.telling as usize];
        self.hubs[row.hub as usize] += 1;
        let contest = &mut self.contests[telling.contest as usize];
        let basis = usize::from(row.is_confirmed);
        contest.counts[basis] += u32::from(self.seen[basis].insert(row.number));
        contest.tell(contests, row.telling);
    }

    /// The contests of which anything was told, with their numbers.
    pub(super) fn told(&self) -> impl Iterator<Item = (usize, &Contest)> {
        let all = self.contests.iter().enumerate();
        all.filter(|(_, contest)| contest.telling != NONE)
    }

    /// Adds what was counted of other innovations.
    pub(super) fn add(&mut self, contests: &Contests, slice: &Slice) {
        for (number, of_slice) in &slice.contests {
            let contest = &mut self.contests[*number];
            for (count, added) in contest.counts.iter_mut().zip(of_slice.counts) {
                *count += added;
            }
            contest.tell(contests, of_slice.telling);
        }
        slice.awards_of_hubs.add_to(&mut self.hubs);
        self.sliced += slice.awards;
    }

    /// How many there are, each once.
    pub(super) fn network(&self) -> u32 {
        let [mut all, confirmed] = self.seen.clone();
        all.add(&confirmed);
        self.sliced + u32::try_from(all.count()).unwrap_or(u32::MAX)
    }

    /// By contest, the newest year first.
    pub(super) fn rows(&self, contests: &Contests) -> Vec<AwardCount> {
        let told = self.told();
        let mut told: Vec<_> = told
            .map(|(number, contest)| (contest, &contests.names[number]))
            .collect();
        told.sort_unstable_by_key(|(_, (scheme, year))| (Reverse(*year), scheme));
        told.truncate(MOST_ROWS);
        let row = |(contest, (_, year)): (&Contest, &(String, u16))| AwardCount {
            scheme: contests.tellings[contest.telling as usize].scheme.clone(),
            year: *year,
            claimed: contest.counts[0],
            confirmed: contest.counts[1],
        };
        told.into_iter().map(row).collect()
    }
}
