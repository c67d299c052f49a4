//! Needs, and what there is for them.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::charts::{NeedGap, Needs};
use super::count::{AFFAIRS, Counts, GOALS, Scope, affairs, bit_of, bits};
use crate::catalog::Sdg;

/// Needs as they are counted.
#[derive(Debug)]
pub(super) struct CountedNeeds {
    open: u32,
    /// How many of the open ones concern which affairs and goals.
    subjects: HashMap<(u64, u32), u32>,
    of_affairs: [u32; AFFAIRS],
    of_goals: [u32; GOALS],
    /// By hub, open or not.
    pub(super) hubs: Vec<u32>,
}

impl Default for CountedNeeds {
    fn default() -> Self {
        Self {
            open: 0,
            subjects: HashMap::new(),
            of_affairs: [0; AFFAIRS],
            of_goals: [0; GOALS],
            hubs: Vec::new(),
        }
    }
}

impl Scope<'_> {
    /// Counts the needs that are wanted.
    pub(super) fn needs(&self) -> CountedNeeds {
        let mut counted = CountedNeeds {
            hubs: vec![0; self.columns.hubs.len()],
            ..CountedNeeds::default()
        };
        let wanted = self.wanted.needs(self.columns, self.rank);
        self.columns.needs.each(&wanted, |_, row| {
            counted.hubs[row.hub as usize] += 1;
            if !row.is_open {
                return;
            }
            counted.open += 1;
            let subjects = (row.affairs, row.sdgs);
            *counted.subjects.entry(subjects).or_default() += 1;
            for bit in bits(row.affairs) {
                counted.of_affairs[bit] += 1;
            }
            for bit in bits(row.sdgs.into()) {
                counted.of_goals[bit] += 1;
            }
        });
        counted
    }
}

impl CountedNeeds {
    /// The chart, by the innovations that there are.
    pub(super) fn told(&self, counts: &Counts) -> Needs {
        let affairs = affairs().map(|affair| {
            let bit = bit_of(affair);
            (affair, self.of_affairs[bit], counts.affairs[bit])
        });
        let goals = (1..=17).filter_map(|goal| {
            let sdg = Sdg::parse(goal).ok()?;
            let bit = usize::from(sdg.number());
            Some((sdg, self.of_goals[bit], counts.goals[bit]))
        });
        let is_met = |(affairs, sdgs): (u64, u32)| {
            (affairs == 0 && sdgs == 0)
                || bits(affairs).any(|bit| counts.affairs[bit] > 0)
                || bits(sdgs.into()).any(|bit| counts.goals[bit] > 0)
        };
        let unmatched = self.subjects.iter().filter(|(of, _)| !is_met(**of));
        Needs {
            open: self.open,
            unmatched: unmatched.map(|(_, needs)| needs).sum(),
            affairs: gaps(affairs),
            goals: gaps(goals),
        }
    }
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
