//! What belongs to each innovation, side by side in memory: who counts the records of some innovations reads those of each
//! in one go, however many innovations there are.
//!
//! The dossiers of all innovations lie in one list. Those in which something came or went since the list was made lie
//! beside it until they are many; then the list is made anew.

use std::collections::{BTreeMap, HashMap};

use super::rows::{Award, Replication, Transition};
use crate::bits::Bits;
use crate::table::{each_list, number};

/// The list is made anew when a part of so many innovations has changed.
const PART_CHANGED: usize = 8;
/// Fewer changes than this are no reason.
const FEW: usize = 1000;

/// A record that belongs to an innovation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Its place in the table of its kind.
    pub(super) place: u32,
    /// Who may see it.
    pub(super) rank: u8,
    pub(super) what: What,
}

/// What such a record says.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Transition(Transition),
    Replication(Replication),
    Award(Award),
    /// A hub's word for the innovation.
    Endorsement {
        hub: u32,
    },
    Thread {
        hub: u32,
    },
    /// A coaching activity; what it is stands in the table, since it may be about several innovations.
    Activity,
}

/// The kinds of such records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ItemKind {
    Transition,
    Replication,
    Award,
    Endorsement,
    Thread,
    Activity,
}

impl Item {
    fn id(&self) -> (ItemKind, u32) {
        let kind = match self.what {
            What::Transition(_) => ItemKind::Transition,
            What::Replication(_) => ItemKind::Replication,
            What::Award(_) => ItemKind::Award,
            What::Endorsement { .. } => ItemKind::Endorsement,
            What::Thread { .. } => ItemKind::Thread,
            What::Activity => ItemKind::Activity,
        };
        (kind, self.place)
    }

    /// Transitions come first, by axis and date.
    fn order(&self) -> (u8, u32) {
        match self.what {
            What::Transition(row) => (row.axis, row.order),
            _ => (u8::MAX, 0),
        }
    }
}

/// The dossiers of all innovations, by their places.
#[derive(Debug, Default)]
pub(super) struct Dossiers {
    /// Where each dossier ends in `items`; the next begins there.
    ends: Vec<u32>,
    items: Vec<Item>,
    /// Dossiers as they are since the list was made, and which these are.
    changed: HashMap<u32, Vec<Item>>,
    is_changed: Bits,
    /// What was added and is in no dossier yet.
    added: Vec<(u32, Item)>,
    /// Records that are about no innovation.
    others: BTreeMap<(ItemKind, u32), Item>,
}

/// Tells transitions of the same day apart: the id of the one at a place.
type Names<'a> = &'a dyn Fn(u32) -> [u8; 16];

impl Dossiers {
    /// Adds a record; [`Self::settle`] is to be called before anything is read.
    pub(super) fn add(&mut self, innovation: Option<u32>, item: Item) {
        match innovation {
            Some(innovation) => self.added.push((innovation, item)),
            None => drop(self.others.insert(item.id(), item)),
        }
    }

    /// Takes a record out.
    pub(super) fn remove(
        &mut self,
        innovation: Option<u32>,
        id: (ItemKind, u32),
        names: Names<'_>,
    ) {
        let Some(innovation) = innovation else {
            self.others.remove(&id);
            return;
        };
        self.settle(names);
        self.change(innovation).retain(|item| item.id() != id);
    }

    /// Puts what was added where it belongs.
    pub(super) fn settle(&mut self, names: Names<'_>) {
        let many = FEW.max(self.ends.len() / PART_CHANGED);
        if self.added.len() > many || self.changed.len() > many {
            self.make_anew(names);
        }
        let added = std::mem::take(&mut self.added);
        for (innovation, item) in &added {
            self.change(*innovation).push(*item);
        }
        let mut grown: Vec<u32> = added.iter().map(|(innovation, _)| *innovation).collect();
        grown.sort_unstable();
        grown.dedup();
        for innovation in grown {
            sort(self.change(innovation), names);
        }
    }

    /// The records of an innovation: transitions first, by axis and date.
    pub(super) fn of(&self, innovation: u32) -> &[Item] {
        if self.is_changed.contains(innovation) {
            return self.changed.get(&innovation).map_or(&[], Vec::as_slice);
        }
        self.listed(innovation)
    }

    /// Looks at the dossiers of some innovations, in their order, by copies of a hundred.
    pub(super) fn each(
        &self,
        innovations: impl Iterator<Item = u32>,
        mut look: impl FnMut(u32, &[Item]),
    ) {
        let dossiers = innovations.map(|innovation| (innovation, self.of(innovation)));
        each_list(dossiers, |innovation, dossier| look(*innovation, dossier));
    }

    /// The records that are about no innovation.
    pub(super) fn others(&self) -> impl Iterator<Item = &Item> {
        self.others.values()
    }

    /// What they take in memory.
    pub(super) fn bytes(&self) -> usize {
        let changed = self.changed.values().map(Vec::capacity);
        let items = self.items.capacity() + changed.sum::<usize>() + self.others.len();
        items * size_of::<Item>()
            + self.ends.capacity() * size_of::<u32>()
            + self.added.capacity() * size_of::<(u32, Item)>()
    }

    fn listed(&self, innovation: u32) -> &[Item] {
        let at = innovation as usize;
        let Some(end) = self.ends.get(at) else {
            return &[];
        };
        let first = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[first as usize..*end as usize]
    }

    fn change(&mut self, innovation: u32) -> &mut Vec<Item> {
        if self.is_changed.insert(innovation) {
            let listed = self.listed(innovation).to_vec();
            self.changed.insert(innovation, listed);
        }
        self.changed.entry(innovation).or_default()
    }

    /// Makes one list of all.
    fn make_anew(&mut self, names: Names<'_>) {
        let added = std::mem::take(&mut self.added);
        let changed = self.changed.keys().map(|innovation| innovation + 1).max();
        let ends = added.iter().map(|(innovation, _)| innovation + 1).max();
        let bound = number(self.ends.len())
            .max(changed.unwrap_or(0))
            .max(ends.unwrap_or(0));
        let mut ends: Vec<u32> = (0..bound).map(|it| number(self.of(it).len())).collect();
        for (innovation, _) in &added {
            ends[*innovation as usize] += 1;
        }
        let mut first = 0;
        for end in &mut ends {
            first += std::mem::replace(end, first);
        }
        let nothing = Item {
            place: 0,
            rank: 0,
            what: What::Activity,
        };
        let mut items = vec![nothing; first as usize];
        // Each end stands at its beginning, and moves on with every item that is put there.
        let mut put = |innovation: u32, item: Item| {
            let end = &mut ends[innovation as usize];
            items[*end as usize] = item;
            *end += 1;
        };
        for innovation in 0..bound {
            for item in self.of(innovation) {
                put(innovation, *item);
            }
        }
        for (innovation, item) in added {
            put(innovation, item);
        }
        let mut first = 0;
        for end in &ends {
            sort(&mut items[first..*end as usize], names);
            first = *end as usize;
        }
        self.changed = HashMap::new();
        self.is_changed = Bits::default();
        (self.ends, self.items) = (ends, items);
    }
}

fn sort(dossier: &mut [Item], names: Names<'_>) {
    dossier.sort_unstable_by(|one, other| {
        let order = one.order().cmp(&other.order());
        order.then_with(|| match (one.what, other.what) {
            (What::Transition(_), What::Transition(_)) => names(one.place).cmp(&names(other.place)),
            _ => one.id().cmp(&other.id()),
        })
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(place: u32) -> Item {
        Item {
            place,
            rank: 0,
            what: What::Thread { hub: 0 },
        }
    }

    proptest! {
        /// Whatever comes and goes, little or much at once, each innovation has what was added and not taken out.
        #[test]
        fn dossiers_hold_what_was_added(
            steps in prop::collection::vec((prop::option::of(0..9_u32), 0..40_u32, any::<bool>()), 0..60),
            many in any::<bool>(),
        ) {
            let names = |_| [0; 16];
            let (mut dossiers, mut expected) = (Dossiers::default(), BTreeMap::new());
            if many {
                // So many that one list is made of them, above the numbers that steps have.
                for place in 100..100 + 2 * number(FEW) {
                    dossiers.add(Some(place % 7), item(place));
                    expected.insert(place, Some(place % 7));
                }
            }
            for (innovation, place, stays) in steps {
                if let Some(before) = expected.remove(&place) {
                    dossiers.remove(before, (ItemKind::Thread, place), &names);
                }
                if stays {
                    dossiers.add(innovation, item(place));
                    expected.insert(place, innovation);
                }
            }
            dossiers.settle(&names);
            let places = |items: &mut dyn Iterator<Item = &Item>| items.map(|item| item.place).collect::<Vec<_>>();
            let of = |wanted: Option<u32>| {
                let all = expected.iter().filter(move |(_, innovation)| **innovation == wanted);
                all.map(|(place, _)| *place).collect::<Vec<_>>()
            };
            prop_assert_eq!(places(&mut dossiers.others()), of(None));
            for innovation in 0..10 {
                prop_assert_eq!(places(&mut dossiers.of(innovation).iter()), of(Some(innovation)));
            }
        }
    }
}
