//! Who adapted what from whom: the graph of adaptations around one innovation.
//!
//! The records of a graph may lie in many hubs, name each other in rings and not have arrived, so it is walked from one
//! innovation, a generation at a time, within bounds: upwards to what it was adapted from, downwards to what was made of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::RecordRef;

/// One replication, as a step between two innovations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adaptation {
    /// The replication.
    pub replication: RecordRef,
    /// What is taken over.
    pub source: RecordRef,
    /// What was made of it; nothing while the adopter names nothing.
    pub adapted: Option<RecordRef>,
}

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// To what an innovation was adapted from.
    Sources,
    /// To what was made of an innovation.
    Adaptations,
}

/// A graph on its way. Whoever walks looks up what lies next to [`Lineage::frontier`] and gives it to [`Lineage::take`],
/// until the frontier is empty.
#[derive(Clone, Debug)]
pub struct Lineage {
    generations: BTreeMap<RecordRef, i32>,
    adaptations: BTreeMap<RecordRef, Adaptation>,
    frontier: Vec<RecordRef>,
    way: Ancestry,
    walked: u32,
    root: RecordRef,
    most_generations: u32,
    most_innovations: usize,
    is_complete: bool,
}

impl Lineage {
    /// The most generations in one direction.
    pub const MOST_GENERATIONS: u32 = 10;

    /// Begins at an innovation. At most so many generations are walked in either direction, and so many innovations taken.
    pub fn begin(root: RecordRef, most_generations: u32, most_innovations: usize) -> Self {
        let mut lineage = Self {
            generations: BTreeMap::from([(root.clone(), 0)]),
            adaptations: BTreeMap::new(),
            frontier: Vec::new(),
            way: Ancestry::Sources,
            walked: 0,
            root,
            most_generations: most_generations.min(Self::MOST_GENERATIONS),
            most_innovations,
            is_complete: true,
        };
        lineage.frontier = vec![lineage.root.clone()];
        lineage
    }

    /// The innovations whose neighbours are looked for next, and which neighbours; nothing when the graph is whole.
    pub fn frontier(&self) -> Option<(Ancestry, &[RecordRef])> {
        (!self.frontier.is_empty()).then_some((self.way, &self.frontier))
    }

    /// Takes the adaptations that lie next to the frontier, on its way.
    pub fn take(&mut self, found: Vec<Adaptation>) {
        self.walked += 1;
        let step = match self.way {
            Ancestry::Sources => -1,
            Ancestry::Adaptations => 1,
        };
        let generation = i32::try_from(self.walked).unwrap_or(i32::MAX) * step;
        let mut next = Vec::new();
        for adaptation in found {
            let neighbour = match self.way {
                Ancestry::Sources => Some(adaptation.source.clone()),
                Ancestry::Adaptations => adaptation.adapted.clone(),
            };
            if self.adaptations.len() >= self.most_innovations {
                self.is_complete = false;
                break;
            }
            let key = adaptation.replication.clone();
            self.adaptations.insert(key, adaptation);
            next.extend(neighbour.filter(|neighbour| self.meet(neighbour, generation)));
        }
        self.frontier = next;
        self.turn();
    }

    /// Whether what was made of an adaptation's source is, by however many others between, what that source came of.
    pub fn is_in_ring(&self, adaptation: &Adaptation) -> bool {
        let Some(adapted) = &adaptation.adapted else {
            return false;
        };
        let mut met = BTreeSet::new();
        let mut next = vec![adapted];
        while let Some(at) = next.pop() {
            if *at == adaptation.source {
                return true;
            }
            if met.insert(at) {
                let of = self.adaptations.values().filter(|made| made.source == *at);
                next.extend(of.filter_map(|made| made.adapted.as_ref()));
            }
        }
        false
    }

    /// Takes an innovation in, and says whether it is new. One that was met before closes a ring, or is reached twice.
    fn meet(&mut self, innovation: &RecordRef, generation: i32) -> bool {
        if self.generations.contains_key(innovation) {
            return false;
        }
        if self.generations.len() >= self.most_innovations {
            self.is_complete = false;
            return false;
        }
        self.generations.insert(innovation.clone(), generation);
        true
    }

    /// At the end of one way, goes the other.
    fn turn(&mut self) {
        if self.walked >= self.most_generations && !self.frontier.is_empty() {
            self.is_complete = false;
            self.frontier.clear();
        }
        if self.frontier.is_empty() && self.way == Ancestry::Sources {
            self.way = Ancestry::Adaptations;
            self.walked = 0;
            self.frontier = vec![self.root.clone()];
        }
    }

    /// Notes that something next to the frontier was left out.
    pub fn leave_out(&mut self) {
        self.is_complete = false;
    }

    /// The innovations, each with its generation: 0 for the first, below for what it was adapted from, above for what was
    /// made of it.
    pub fn innovations(&self) -> impl Iterator<Item = (&RecordRef, i32)> {
        let mut found: Vec<_> = self
            .generations
            .iter()
            .map(|(at, nth)| (at, *nth))
            .collect();
        found.sort_by_key(|(at, nth)| (*nth, (*at).clone()));
        found.into_iter()
    }

    /// The adaptations among them.
    pub fn adaptations(&self) -> impl Iterator<Item = &Adaptation> {
        self.adaptations.values()
    }

    /// Whether all that is held here is in the graph; else a bound was met.
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::identity::{HubId, RecordId};

    fn at(number: u128) -> RecordRef {
        RecordRef {
            hub: HubId::parse("id-13").unwrap(),
            record: RecordId::from(Uuid::from_u128(number)),
        }
    }

    /// Walks a graph of steps from source to adaptation.
    fn walk(steps: &[(u128, Option<u128>)], generations: u32, most: usize) -> Lineage {
        let all: Vec<Adaptation> = (1000..)
            .zip(steps)
            .map(|(replication, (source, adapted))| Adaptation {
                replication: at(replication),
                source: at(*source),
                adapted: adapted.map(at),
            })
            .collect();
        let mut lineage = Lineage::begin(at(1), generations, most);
        while let Some((way, frontier)) = lineage.frontier() {
            let is_next = |adaptation: &&Adaptation| match way {
                Ancestry::Sources => adaptation
                    .adapted
                    .as_ref()
                    .is_some_and(|at| frontier.contains(at)),
                Ancestry::Adaptations => frontier.contains(&adaptation.source),
            };
            let found = all.iter().filter(is_next).cloned().collect();
            lineage.take(found);
        }
        lineage
    }

    fn check(lineage: &Lineage, expected: &[(u128, i32)], adaptations: usize, is_complete: bool) {
        let found: Vec<_> = lineage
            .innovations()
            .map(|(at, nth)| (at.record, nth))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(number, nth)| (at(*number).record, *nth))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(
            (lineage.adaptations().count(), lineage.is_complete()),
            (adaptations, is_complete)
        );
    }

    #[test]
    fn a_lineage_has_what_was_before_and_what_came_after() {
        let steps = [
            (7, Some(1)),
            (9, Some(7)),
            (1, Some(2)),
            (2, Some(3)),
            (1, None),
            (7, Some(8)),
        ];
        let expected = [(9, -2), (7, -1), (1, 0), (2, 1), (3, 2)];
        check(&walk(&steps, 10, 100), &expected, 5, true);
    }

    #[test]
    fn a_ring_ends() {
        let steps = [(1, Some(2)), (2, Some(3)), (3, Some(1)), (1, Some(1))];
        check(&walk(&steps, 10, 100), &[(2, -2), (3, -1), (1, 0)], 4, true);
    }

    #[test]
    fn a_lineage_is_bounded_in_depth_and_width() {
        let chain: Vec<_> = (1..20).map(|number| (number, Some(number + 1))).collect();
        check(&walk(&chain, 2, 100), &[(1, 0), (2, 1), (3, 2)], 2, false);
        let star: Vec<_> = (2..20).map(|number| (1, Some(number))).collect();
        check(
            &walk(&star, 10, 4),
            &[(1, 0), (2, 1), (3, 1), (4, 1)],
            4,
            false,
        );
        let deep = walk(&chain, u32::MAX, 100);
        assert_eq!(deep.innovations().count(), 11, "no more than may be walked");
    }
}
