//! What is kept of a hub's earlier logs for the hub itself, which may have lost it (docs/protocol.md, section 8).
//!
//! - [`unsettled`] says of which earlier logs it is not known yet how much counts, so that nothing may be dropped there
//!   unkept; [`reach`] says how much is kept then.
//! - [`has_room`] says whether a stretch may grow, and [`gives_way`] what goes when more is kept than is allowed.

use crate::identity::Epoch;

/// How many entries at the end of a log are kept while it is not known how much of it counts.
const MOST_UNSETTLED: u64 = 10_000;

/// What is known of one log of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chained {
    /// The log.
    pub epoch: Epoch,
    /// The log whose opening says how much of it counts.
    pub accepted_by: Option<Epoch>,
    /// What is held of it is of the history that counts, as far as that goes, and not less of it.
    pub is_settled: bool,
}

/// The logs before a log of which less may count than is held, as far as anybody here knows: the openings between do not lead
/// down to them yet, or what is held is not what an opening accepts. Logs that an opening passes over are lost to their hub
/// as a whole, and are stated to it as logs.
pub fn unsettled(logs: &[Chained], of: Epoch) -> Vec<Epoch> {
    let earlier = || logs.iter().filter(|log| log.epoch < of);
    let before = |next: Epoch| earlier().find(|log| log.accepted_by == Some(next));
    // The log itself may be one that a later one passes over.
    let over = earlier().filter(|log| log.accepted_by > Some(of));
    let mut link = over.max_by_key(|log| log.epoch).or_else(|| before(of));
    let (mut reached, mut unsettled) = (of, Vec::new());
    while let Some(log) = link.filter(|log| log.epoch < reached) {
        reached = log.epoch;
        unsettled.extend((!log.is_settled).then_some(reached));
        link = before(reached);
    }
    let unknown = earlier().map(|log| log.epoch);
    unsettled.extend(unknown.filter(|epoch| *epoch < reached));
    unsettled
}

/// From which place on a log of which so much is proved is kept, if something at a place would be dropped: what a hub loses when
/// it is put back is at the end, and who withholds an opening is not to make others copy a whole log.
pub fn reach(place: u64, proved_size: u64) -> u64 {
    place.max(proved_size.saturating_sub(MOST_UNSETTLED))
}

/// How many stretches of one hub's logs are kept.
const MOST_STRETCHES: usize = 8;
/// How many entries of one hub's logs are kept.
const MOST_ENTRIES: u64 = 100_000;
/// A hub that did not fetch a stretch for so long has none of the peers that it asks among its keepers: 90 days.
const FRESH_MILLIS: i64 = 90 * 24 * 60 * 60 * 1000;

/// A stretch that is kept of a hub's logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its entries.
    pub entries: u64,
    /// Since when it is kept, in Unix milliseconds.
    pub at: i64,
}

/// Whether more entries may be kept beside those that are kept of a hub's logs.
pub fn has_room(kept: u64, more: u64) -> bool {
    kept.saturating_add(more) <= MOST_ENTRIES
}

/// Which stretches go, of one hub's, the oldest first, since no more may be kept. What is fresh stays, and the newest goes: else
/// somebody who has the hub's key for a while could make up logs until what was kept before is gone. What the hub could fetch
/// for long goes before, the oldest first.
pub fn gives_way(oldest_first: &[Stretch], now: i64) -> Vec<usize> {
    let is_fresh = |place: &usize| now.saturating_sub(oldest_first[*place].at) < FRESH_MILLIS;
    let fresh = (0..oldest_first.len()).filter(is_fresh);
    let stale = (0..oldest_first.len())
        .rev()
        .filter(|place| !is_fresh(place));
    let (mut kept, mut entries, mut gone) = (0, 0, Vec::new());
    for place in fresh.chain(stale) {
        let more = entries + oldest_first[place].entries;
        if kept < MOST_STRETCHES && has_room(more, 0) {
            (kept, entries) = (kept + 1, more);
        } else {
            gone.push(place);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs such as `1<2 2<4! 3`: epoch, by which accepted, and `!` if that is not what is held.
    #[track_caller]
    fn check(logs: &str, of: u64, expected: &[u64]) {
        let epoch = |text: &str| Epoch::new(text.parse().unwrap()).unwrap();
        let chained = |word: &str| {
            let (own, by) = word.split_once('<').unwrap_or((word, ""));
            let by = by.trim_end_matches('!');
            Chained {
                epoch: epoch(own),
                accepted_by: (!by.is_empty()).then(|| epoch(by)),
                is_settled: !by.is_empty() && !word.ends_with('!'),
            }
        };
        let logs: Vec<_> = logs.split_whitespace().map(chained).collect();
        let of = Epoch::new(of).unwrap();
        let mut found: Vec<_> = unsettled(&logs, of).into_iter().map(Epoch::get).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{logs:?}");
    }

    #[test]
    fn a_log_is_settled_when_openings_lead_down_to_it() {
        check("1", 1, &[]);
        check("1<2 2", 2, &[]);
        check("1<2 2<3 3", 3, &[]);
        check("1<2 2<3 3", 1, &[]);
    }

    #[test]
    fn a_log_is_unsettled_while_an_opening_is_missing() {
        check("1 2", 2, &[1]);
        check("1 2<3 3", 3, &[1]);
        check("1<2 2 3", 3, &[1, 2]);
        check("1<2 2<4 3 4 5", 5, &[1, 2, 3, 4]);
    }

    #[test]
    fn a_log_is_unsettled_while_another_history_or_less_of_it_is_held() {
        check("1<2! 2", 2, &[1]);
        check("1<2! 2<3 3", 3, &[1]);
    }

    #[test]
    fn a_log_that_an_opening_passes_over_is_stated_as_a_log() {
        check("1<3 2 3", 3, &[]);
        check("1<3 2 3", 2, &[]);
        check("1<3! 2 3", 2, &[1]);
        check("1<2 2<4 3 4", 3, &[]);
    }

    #[test]
    fn a_stretch_grows_while_there_is_room() {
        assert!(has_room(0, 100_000) && has_room(99_999, 1));
        assert!(!has_room(99_999, 2) && !has_room(1, u64::MAX));
    }

    #[test]
    fn no_more_than_the_end_of_a_long_log_is_kept_unsettled() {
        assert_eq!(reach(3, 9), 3);
        assert_eq!(reach(3, 500_000), 490_000);
        assert_eq!(reach(499_000, 500_000), 499_000);
    }

    #[test]
    fn what_is_fresh_stays_and_what_was_kept_for_long_goes_first() {
        let check = |stretches: &[(u64, i64)], expected: &[usize]| {
            let stretch = |&(entries, days): &(u64, i64)| Stretch {
                entries,
                at: -days * 24 * 60 * 60 * 1000,
            };
            let stretches: Vec<_> = stretches.iter().map(stretch).collect();
            assert_eq!(gives_way(&stretches, 0), expected, "{stretches:?}");
        };
        check(&[(1, 0); 8], &[]);
        check(&[(1, 0); 10], &[8, 9]);
        check(&[(1, 91); 10], &[1, 0]);
        let mut mixed = vec![(1, 200), (1, 100)];
        mixed.extend([(1, 3); 7]);
        check(&mixed, &[0]);
        check(&[(60_000, 2), (60_000, 1), (40_000, 0)], &[1]);
        check(&[(60_000, 200), (60_000, 0)], &[0]);
        check(&[(100_001, 0), (1, 0)], &[0]);
    }
}
