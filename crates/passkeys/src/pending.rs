//! What was asked and not answered yet: in memory, at most so many, for some minutes, and once.
//!
//! When there is no more room the oldest goes: whoever asks without end makes others ask again, and keeps nobody out.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;

use domain::entropy::Entropy;
use time::OffsetDateTime;

use crate::PATIENCE;

/// The most that is kept.
const MOST: usize = 4_096;

/// What was asked and not answered yet.
pub(crate) struct Pending<T> {
    asked: HashMap<String, (T, OffsetDateTime)>,
    order: VecDeque<String>,
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self {
            asked: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> Pending<T> {
    /// Keeps what was asked, and gives the name by which it is found again.
    pub(crate) fn put(&mut self, asked: T, entropy: &dyn Entropy, now: OffsetDateTime) -> String {
        while self.order.len() >= MOST {
            self.drop_oldest();
        }
        while self.order.front().is_some_and(|id| !self.is_fresh(id, now)) {
            self.drop_oldest();
        }
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        let id = bytes.iter().fold(String::new(), |mut id, byte| {
            write!(id, "{byte:02x}").expect("a string takes all");
            id
        });
        self.asked.insert(id.clone(), (asked, now + PATIENCE));
        self.order.push_back(id.clone());
        id
    }

    /// Takes what was asked, if it was not taken and is not too old.
    pub(crate) fn take(&mut self, id: &str, now: OffsetDateTime) -> Option<T> {
        let (asked, ends) = self.asked.remove(id)?;
        (now < ends).then_some(asked)
    }

    fn is_fresh(&self, id: &str, now: OffsetDateTime) -> bool {
        self.asked.get(id).is_some_and(|(_, ends)| now < *ends)
    }

    fn drop_oldest(&mut self) {
        if let Some(id) = self.order.pop_front() {
            self.asked.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicU64);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            let next = self.0.fetch_add(1, Ordering::Relaxed);
            buffer[..8].copy_from_slice(&next.to_be_bytes());
        }
    }

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn what_was_asked_is_taken_once_and_in_time() {
        let (mut pending, entropy) = (Pending::default(), Counting::default());
        let (first, second) = (
            pending.put(1, &entropy, START),
            pending.put(2, &entropy, START),
        );
        assert_eq!(pending.take(&first, START), Some(1));
        assert_eq!(pending.take(&first, START), None);
        assert_eq!(pending.take(&second, START + PATIENCE), None);
        assert_eq!(pending.take(&second, START), None);
        assert_eq!(pending.take("", START), None);
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_room_and_what_is_over_goes_by_itself() {
        let (mut pending, entropy) = (Pending::default(), Counting::default());
        let ids: Vec<_> = (0..=MOST)
            .map(|n| pending.put(n, &entropy, START))
            .collect();
        assert_eq!(pending.take(&ids[0], START), None);
        assert_eq!(pending.take(&ids[1], START), Some(1));
        assert_eq!(pending.order.len(), MOST);
        pending.put(0, &entropy, START + PATIENCE);
        assert_eq!((pending.order.len(), pending.asked.len()), (1, 1));
    }
}
