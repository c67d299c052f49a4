//! Who is there: so many at once, and so many of one address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::address::AddressBlock;

/// Counts those who are there. What it remembers is bounded by how many there may be.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    most_of_one: usize,
    kept: usize,
    there: Mutex<There>,
}

#[derive(Debug, Default)]
struct There {
    all: usize,
    of: HashMap<AddressBlock, usize>,
}

impl Crowd {
    /// At most `most`, and `most_of_one` of one address; those who are trusted may be `kept` more.
    pub fn new(most: usize, most_of_one: usize, kept: usize) -> Self {
        Self {
            most,
            most_of_one,
            kept,
            there: Mutex::default(),
        }
    }

    /// Lets one in, unless all or those of its address are too many.
    pub fn enter(self: &Arc<Self>, address: AddressBlock) -> Option<Place> {
        let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = there.of.get(&address).copied().unwrap_or(0);
        if there.all >= self.most || of_one >= self.most_of_one {
            return None;
        }
        there.all += 1;
        there.of.insert(address, of_one + 1);
        drop(there);
        Some(Place {
            crowd: Arc::clone(self),
            address: Some(address),
        })
    }

    /// Lets one in that asks for many.
    pub fn enter_trusted(self: &Arc<Self>) -> Option<Place> {
        let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        if there.all >= self.most + self.kept {
            return None;
        }
        there.all += 1;
        drop(there);
        Some(Place {
            crowd: Arc::clone(self),
            address: None,
        })
    }

    fn leave(&self, address: Option<AddressBlock>) {
        let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        there.all -= 1;
        let Some(address) = address else { return };
        if let Some(of_one) = there.of.get_mut(&address) {
            *of_one -= 1;
            if *of_one == 0 {
                there.of.remove(&address);
            }
        }
    }
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    address: Option<AddressBlock>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_address_and_forgotten() {
        let crowd = Arc::new(Crowd::new(3, 2, 1));
        let block = |text: &str| AddressBlock::of(text.parse().unwrap());
        let (one, other) = (block("192.0.2.1"), block("192.0.2.2"));
        let first = crowd.enter(one).unwrap();
        let _second = crowd.enter(one).unwrap();
        assert!(crowd.enter(one).is_none(), "of one");
        let third = crowd.enter(other).unwrap();
        assert!(crowd.enter(other).is_none(), "in all");
        let trusted = crowd.enter_trusted().unwrap();
        assert!(crowd.enter_trusted().is_none(), "even of those");
        drop((first, third));
        assert_eq!(crowd.there.lock().unwrap().of.len(), 1);
        assert!(crowd.enter(one).is_some());
        drop(trusted);
        assert_eq!(crowd.there.lock().unwrap().all, 1);
    }
}
