//! How long innovations stay where they are before they move on.

use super::charts::StageMove;
use super::count::{TERMS, terms};
use super::dossiers::{Item, What};
use super::rows::{ADOPTION, NONE, Transition};
use super::slices::Slice;
use crate::catalog::{AdoptionStatus, LifecycleStage, TransitionAxis, Vocabulary};
use crate::table::number;

/// How many moves there may be: by axis, the state that was left and the one that was reached.
const MOVES: usize = 2 * TERMS * TERMS;

/// The lengths of stays in days, by axis, the state that was left and the one that was reached.
pub(super) struct Stays {
    lengths: Vec<Vec<i32>>,
    /// Those of slices that were added, each with how often it was.
    sliced: Vec<Vec<(i32, u32)>>,
    /// The transitions of one innovation that count.
    path: Vec<Transition>,
    corrected: Vec<u32>,
}

impl Default for Stays {
    fn default() -> Self {
        Self {
            lengths: vec![Vec::new(); MOVES],
            sliced: vec![Vec::new(); MOVES],
            path: Vec::new(),
            corrected: Vec::new(),
        }
    }
}

impl Stays {
    /// Adds the stays of an innovation, by its transitions along both axes in their order. One that another one corrects
    /// counts as never told.
    pub(super) fn note(&mut self, transitions: &[Item], rank: u8) {
        if transitions.len() < 2 {
            return;
        }
        let seen = transitions.iter().filter(|item| item.rank <= rank);
        let seen = seen.filter_map(|item| match item.what {
            What::Transition(row) => Some((item.place, row)),
            _ => None,
        });
        let corrects = seen.clone().map(|(_, row)| row.corrects);
        self.corrected.clear();
        self.corrected.extend(corrects.filter(|it| *it != NONE));
        self.corrected.sort_unstable();
        let counts = |(place, row): &(u32, Transition)| {
            row.axis <= ADOPTION && self.corrected.binary_search(place).is_err()
        };
        self.path.clear();
        self.path.extend(seen.filter(counts).map(|(_, row)| row));
        for pair in self.path.windows(2) {
            let [last, row] = [pair[0], pair[1]];
            if last.axis == row.axis {
                let at = (usize::from(row.axis) * TERMS + usize::from(last.to)) * TERMS;
                self.lengths[at + usize::from(row.to)].push(row.day - last.day);
            }
        }
    }

    /// All lengths by the number of the move, each with how often it was.
    pub(super) fn slice(&mut self) -> Vec<(usize, i32, u32)> {
        let mut all: Vec<(usize, i32, u32)> = Vec::new();
        for (at, days) in self.lengths.iter_mut().enumerate() {
            days.sort_unstable();
            let runs = days.chunk_by(|one, other| one == other);
            all.extend(runs.map(|run| (at, run[0], number(run.len()))));
        }
        all
    }

    /// Adds what was counted of other innovations.
    pub(super) fn add(&mut self, slice: &Slice) {
        for (at, days, often) in &slice.stays {
            self.sliced[*at].push((*days, *often));
        }
    }

    /// The moves that were made, with the medians of the stays before them.
    pub(super) fn moves(mut self) -> Vec<StageMove> {
        for (at, days, often) in self.slice() {
            self.sliced[at].push((days, often));
        }
        let made = self.sliced.into_iter().enumerate();
        made.filter_map(|(at, stays)| told(at, stays)).collect()
    }
}

/// A move by its number, if it was made.
fn told(at: usize, mut stays: Vec<(i32, u32)>) -> Option<StageMove> {
    stays.sort_unstable();
    let all: u32 = stays.iter().map(|(_, often)| often).sum();
    let middle = all.checked_sub(1)? / 2;
    let mut passed = 0;
    let reaches = |(_, often): &&(i32, u32)| {
        passed += often;
        passed > middle
    };
    let median_days = stays.iter().find(reaches)?.0;
    let is_lifecycle = at < TERMS * TERMS;
    let code = |term: usize| {
        if is_lifecycle {
            terms::<LifecycleStage>().nth(term).map(Vocabulary::code)
        } else {
            terms::<AdoptionStatus>().nth(term).map(Vocabulary::code)
        }
    };
    Some(StageMove {
        axis: if is_lifecycle {
            TransitionAxis::Lifecycle
        } else {
            TransitionAxis::Adoption
        },
        from: code(at / TERMS % TERMS)?,
        to: code(at % TERMS)?,
        stays: all,
        median_days,
    })
}
