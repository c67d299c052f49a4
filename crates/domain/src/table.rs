//! Rows of one kind, found by hub and record.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;

use crate::bits::Bits;

/// The rank of a row that is not here; no sight reaches it.
const ABSENT: u8 = u8::MAX;
/// The highest rank of one that is.
pub(crate) const HIGHEST_RANK: u8 = 2;

/// So many are fetched from memory together.
const TOGETHER: usize = 100;

/// Takes things by the hundred and looks at each afterwards, so that the processor waits for the memory of many of them at
/// once.
fn by_the_hundred<T>(mut things: impl Iterator<Item = T>, mut look: impl FnMut(&[T])) {
    let mut some = Vec::with_capacity(TOGETHER);
    loop {
        some.clear();
        some.extend(things.by_ref().take(TOGETHER));
        if some.is_empty() {
            return;
        }
        look(&some);
    }
}

/// Looks at lists that lie apart, each with what it belongs to. They are copied by the hundred before they are looked at.
pub(crate) fn each_list<'a, T: Copy + 'a, Of>(
    lists: impl Iterator<Item = (Of, &'a [T])>,
    mut look: impl FnMut(&Of, &[T]),
) {
    let mut copied = Vec::new();
    by_the_hundred(lists, |some| {
        copied.clear();
        for (_, list) in some {
            copied.extend_from_slice(list);
        }
        let mut rest = copied.as_slice();
        for (of, list) in some {
            let (first, others) = rest.split_at(list.len());
            look(of, first);
            rest = others;
        }
    });
}

/// A record's name in the columns: its hub's number and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The hub's number.
    pub hub: u32,
    /// The record's id.
    pub record: [u8; 16],
}

/// Rows that keep their place for good, so that others can refer to them by a number.
#[derive(Debug)]
pub struct Table<R> {
    keys: Vec<Key>,
    ranks: Vec<u8>,
    rows: Vec<R>,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            ranks: Vec::new(),
            rows: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::new(),
        }
    }
}

impl<R: Default> Table<R> {
    /// The place of a record, which is made if there is none.
    ///
    /// # Panics
    /// With more than 2³² records of one kind.
    pub fn place(&mut self, key: Key) -> u32 {
        if let Some(place) = self.find(key) {
            return place;
        }
        let place = u32::try_from(self.keys.len()).expect("memory ends before the numbers do");
        self.keys.push(key);
        self.ranks.push(ABSENT);
        self.rows.push(R::default());
        let Self {
            keys,
            index,
            hasher,
            ..
        } = self;
        let hash = |place: &u32| hasher.hash_one(keys[*place as usize]);
        index.insert_unique(hasher.hash_one(key), place, hash);
        place
    }

    /// Says what a record is from now on.
    pub fn set(&mut self, key: Key, rank: u8, row: R) -> u32 {
        let place = self.place(key);
        self.ranks[place as usize] = rank;
        self.rows[place as usize] = row;
        place
    }

    /// Forgets what a record was, and says whether it was here.
    pub fn remove(&mut self, key: Key) -> Option<u32> {
        let place = self.find(key)?;
        self.rows[place as usize] = R::default();
        let rank = std::mem::replace(&mut self.ranks[place as usize], ABSENT);
        (rank != ABSENT).then_some(place)
    }

    /// The place of a record.
    pub fn find(&self, key: Key) -> Option<u32> {
        let is_it = |place: &u32| self.keys[*place as usize] == key;
        self.index.find(self.hasher.hash_one(key), is_it).copied()
    }

    /// What a record is, if it is here.
    pub fn get(&self, key: Key) -> Option<&R> {
        self.found(key).map(|(_, row)| row)
    }

    /// The place of a record, and what it is, if it is here.
    pub(crate) fn found(&self, key: Key) -> Option<(u32, &R)> {
        let place = self.find(key)?;
        (self.rank(place) != ABSENT).then(|| (place, self.row(place)))
    }

    /// The rows that are here, with their places.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &R)> + Clone {
        let rows = self.ranks.iter().zip(&self.rows).enumerate();
        rows.filter(|(_, (rank, _))| **rank != ABSENT)
            .map(|(place, (_, row))| (number(place), row))
    }

    /// The rows that may be seen, with their places, ranks and keys.
    pub fn seen(&self, rank: u8) -> impl Iterator<Item = (u32, &R)> {
        let rows = self.ranks.iter().zip(&self.rows).enumerate();
        rows.filter(move |(_, (its, _))| **its <= rank)
            .map(|(place, (_, row))| (number(place), row))
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whose place it is.
    pub fn key(&self, place: u32) -> Key {
        self.keys[place as usize]
    }

    /// The rank of a place's row, higher than any sight where none is here.
    pub fn rank(&self, place: u32) -> u8 {
        self.ranks[place as usize]
    }

    /// What is at a place.
    pub fn row(&self, place: u32) -> &R {
        &self.rows[place as usize]
    }

    /// The rank and row of a place.
    pub(crate) fn at(&self, place: u32) -> (u8, &R) {
        (self.rank(place), self.row(place))
    }

    /// Looks at what is at some places, in their order, by copies of a hundred rows.
    pub(crate) fn each(&self, places: &Bits, mut look: impl FnMut(u32, &R))
    where
        R: Copy,
    {
        let rows = places.iter().map(|place| (place, *self.row(place)));
        by_the_hundred(rows, |some| {
            for (place, row) in some {
                look(*place, row);
            }
        });
    }

    /// The records of a hub that are here.
    pub fn of_hub(&self, hub: u32) -> impl Iterator<Item = Key> {
        let keys = self.keys.iter().zip(&self.ranks);
        keys.filter(move |(key, rank)| key.hub == hub && **rank != ABSENT)
            .map(|(key, _)| *key)
    }

    /// What it takes in memory, without what rows point to.
    pub fn bytes(&self) -> usize {
        let of_row = size_of::<Key>() + size_of::<u8>() + size_of::<R>();
        self.keys.capacity() * of_row + self.index.capacity() * (size_of::<u32>() + 1)
    }
}

/// A place as a number; there are fewer than 2³².
pub(crate) fn number(place: usize) -> u32 {
    u32::try_from(place).expect("a table has fewer than 2^32 rows")
}
