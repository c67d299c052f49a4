//! Where an entry lies: its log's id above, its place in the log in the lower 40 bits.

use std::ops::Range;

const PLACE_BITS: u32 = 40;
const PLACES: i64 = 1 << PLACE_BITS;

/// An entry's address in this database. Keys of one log lie together, in the log's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey(i64);

impl EntryKey {
    pub(crate) fn new(log_id: i64, place: u64) -> Self {
        let place = i64::try_from(place).ok().filter(|place| *place < PLACES);
        Self(log_id * PLACES + place.expect("a log's quota is far below 2^40 entries"))
    }

    /// The entry's place in its log, counted from 0.
    pub fn place(self) -> u64 {
        u64::try_from(self.0 % PLACES).expect("keys are not negative")
    }

    /// The row of the entry's log.
    pub(crate) const fn log_id(self) -> i64 {
        self.0 / PLACES
    }

    /// The keys, as the database holds them, of all entries a log can have.
    pub(crate) fn range_of(log_id: i64) -> Range<i64> {
        Self::new(log_id, 0).0..Self::new(log_id + 1, 0).0
    }

    /// The key as the database holds it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl From<i64> for EntryKey {
    fn from(stored: i64) -> Self {
        Self(stored)
    }
}

impl From<EntryKey> for sea_orm::Value {
    fn from(key: EntryKey) -> Self {
        key.0.into()
    }
}
