//! Deciding, from values alone: what to do about a log, whether a peer can be pulled, and when to come back.

use std::time::Duration;

use domain::identity::{HubId, NetworkId};
use domain::log::{Accepted, Hash, LogState};
use domain::rules::Rule;

/// The protocol version that this program speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a hub holds of a log, or says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// How much of one hub's log this node takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Entries.
    pub entries: u64,
    /// Bytes of headers and payloads.
    pub bytes: u64,
}

impl Quota {
    /// Whether a log of so many entries is taken, of which so many bytes are held.
    pub const fn admits(&self, entries: u64, held_bytes: u64) -> bool {
        entries <= self.entries && held_bytes < self.bytes
    }
}

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This hub's own.
    Ours,
    /// Another hub's.
    Theirs,
}

/// What is held of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Whose log it is.
    pub owner: Owner,
    /// How many entries are held.
    pub size: u64,
    /// Up to which size a checkpoint is held.
    pub proved_size: u64,
    /// What the log takes here, in bytes.
    pub bytes: u64,
    /// It is frozen.
    pub is_forked: bool,
    /// Our own root at the size that the peer states, if we hold as much.
    pub ours_there: Option<Hash>,
    /// How much of it its hub's next log accepts, and our own root there, if we hold as much.
    pub accepted: Option<(Accepted, Option<Hash>)>,
    /// What the peer states is a history of our own log that was dealt with.
    pub is_known_branch: bool,
}

/// What to do about one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pull pages from this place on.
    Pull {
        /// The first entry to ask for.
        from: u64,
    },
    /// What is held is what the peer states, and its checkpoint is newer than ours.
    Adopt,
    /// The hub signed two histories: keep both checkpoints and freeze the log.
    Freeze,
    /// Pull our own log: a peer holds more of it than we do, so our database is older than what we published.
    Recover,
    /// Fetch what a peer holds of another history of our own log, to issue it again.
    Branch,
    /// What is held leaves what the hub's next log accepts: find the place, cut there, and pull.
    Return,
    /// The log is larger than this node takes of one hub.
    Park,
    /// Nothing is to be done.
    Nothing,
}

/// Decides what to do about one log.
pub fn step(view: &View, theirs: &Extent, quota: Quota) -> Step {
    match (view.ours_there, view.accepted, view.owner) {
        (Some(root), ..) if root == theirs.root => {
            if theirs.size > view.proved_size {
                Step::Adopt
            } else {
                Step::Nothing
            }
        }
        (_, Some((accepted, ours)), Owner::Ours)
            if theirs.size == accepted.size && theirs.root == accepted.root =>
        {
            match ours {
                Some(_) => Step::Return,
                None => Step::Pull { from: view.size },
            }
        }
        (_, _, Owner::Ours) if view.is_known_branch => Step::Nothing,
        (Some(_), _, Owner::Ours) if !Rule::BranchFetched.holds() => Step::Nothing,
        (Some(_), _, Owner::Ours) => Step::Branch,
        (None, Some((accepted, ours)), Owner::Ours) => {
            if theirs.size > accepted.size && ours == Some(accepted.root) {
                Step::Branch
            } else {
                Step::Nothing
            }
        }
        (_, Some((accepted, root)), Owner::Theirs) => closed(view, &accepted, root, theirs),
        (Some(_), None, Owner::Theirs) if view.is_forked || theirs.size > view.proved_size => {
            Step::Nothing
        }
        (Some(_), None, Owner::Theirs) if !Rule::ForkFreezes.holds() => Step::Nothing,
        (Some(_), None, Owner::Theirs) => Step::Freeze,
        (None, _, Owner::Ours) => Step::Recover,
        (None, None, Owner::Theirs) if view.is_forked => Step::Nothing,
        (None, None, Owner::Theirs) if !quota.admits(theirs.size, view.bytes) => Step::Park,
        (None, None, Owner::Theirs) => Step::Pull { from: view.size },
    }
}

/// Whether a peer states of our own log what we do not hold.
pub fn is_ahead(ours_there: Option<Hash>, theirs: &Extent) -> bool {
    ours_there != Some(theirs.root) && Rule::PeersAskedFirst.holds()
}

/// What to do about another hub's log of which its next one accepts so much, and of which the peer states something that
/// we do not hold.
fn closed(view: &View, accepted: &Accepted, ours: Option<Hash>, theirs: &Extent) -> Step {
    let is_accepted = theirs.size == accepted.size && theirs.root == accepted.root;
    let is_settled = ours == Some(accepted.root);
    match ours {
        _ if is_settled || theirs.size > accepted.size => Step::Nothing,
        Some(_) if is_accepted => Step::Return,
        None if is_accepted || view.ours_there.is_none() => Step::Pull { from: view.size },
        _ => Step::Nothing,
    }
}

/// A supplier puts at least so many bytes into a page, unless the asked number of entries or the log's end comes first.
pub const LEAST_PAGE_BYTES: usize = 1024 * 1024;
/// How many pages of one pull may be short: the road may have cut one, but a log of thousands is not to come entry by
/// entry.
pub const MOST_SHORT_PAGES: usize = 16;

/// Says whether a page that was asked for so many entries is shorter than an honest one: `end` is where it ends, `size`
/// what its checkpoint states.
pub fn is_short(asked: usize, entries: usize, bytes: usize, end: u64, size: u64) -> bool {
    entries < asked && bytes < LEAST_PAGE_BYTES && end < size
}

/// Halving towards the last of our places at which a supplier proves an entry: proved below `proved`, refused from
/// `refused` on. A supplier that answers at random ends it just as soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    proved: u64,
    refused: u64,
}

impl Probe {
    /// Begins with what we hold: the place behind it was refused already.
    pub const fn of(held: u64) -> Self {
        Self {
            proved: 0,
            refused: held,
        }
    }

    /// The place to ask for next.
    pub const fn next(self) -> Option<u64> {
        if self.proved < self.refused {
            Some(self.proved + (self.refused - self.proved) / 2)
        } else {
            None
        }
    }

    /// The entry at this place was proved, so all before it are ours and theirs.
    #[must_use]
    pub const fn proved(self, place: u64) -> Self {
        Self {
            proved: place + 1,
            ..self
        }
    }

    /// The entry at this place was not proved.
    #[must_use]
    pub const fn refused(self, place: u64) -> Self {
        Self {
            refused: place,
            ..self
        }
    }
}

/// Whether two headers, each proved to stand at one place of one log, show that its hub signed two histories.
pub fn is_fork(ours: Option<&str>, theirs: &str) -> bool {
    ours.is_some_and(|ours| ours != theirs) || !Rule::ForkProved.holds()
}

/// What a peer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The hub it is.
    pub hub: HubId,
    /// Its network.
    pub network: NetworkId,
    /// The protocol versions it speaks.
    pub protocol_versions: Vec<u32>,
}

/// Why a peer cannot be pulled until somebody changes something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The peer is of another network.
    #[error("it is of network {theirs}, ours is {ours} (NETWORK_MISMATCH)")]
    Network {
        /// Our network.
        ours: NetworkId,
        /// Its network.
        theirs: NetworkId,
    },
    /// The peer speaks none of our protocol versions.
    #[error("it speaks protocol {0:?}, ours is {PROTOCOL_VERSION} (PROTOCOL_UNSUPPORTED)")]
    Protocol(Vec<u32>),
    /// Another hub answers there.
    #[error(
        "hub {theirs} answers there, {expected} was added; remove the peer and add it again if this is right"
    )]
    Hub {
        /// The hub that was added.
        expected: HubId,
        /// The hub that answers.
        theirs: HubId,
    },
}

/// Says whether a peer can be pulled.
pub fn check_introduction(
    ours: &NetworkId,
    expected: &HubId,
    peer: &Introduction,
) -> Result<(), Mismatch> {
    if peer.network != *ours {
        return Err(Mismatch::Network {
            ours: ours.clone(),
            theirs: peer.network.clone(),
        });
    }
    if !peer.protocol_versions.contains(&PROTOCOL_VERSION) {
        return Err(Mismatch::Protocol(peer.protocol_versions.clone()));
    }
    if peer.hub != *expected {
        return Err(Mismatch::Hub {
            expected: expected.clone(),
            theirs: peer.hub.clone(),
        });
    }
    Ok(())
}

const FIRST_BACK_OFF: Duration = Duration::from_secs(2);
const LONGEST_BACK_OFF: Duration = Duration::from_mins(5);

/// How long to wait before the next round: the interval give or take a fifth, or, after failures, a random part of a
/// time that doubles from 2 seconds to 5 minutes. `random` is a number from 0 up to 1.
pub fn pause(interval: Duration, failures: u64, random: f64) -> Duration {
    let random = random.clamp(0.0, 1.0);
    if failures == 0 {
        return interval.mul_f64(0.8 + 0.4 * random);
    }
    let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX).min(16);
    let longest = (FIRST_BACK_OFF * 2_u32.pow(doublings)).min(LONGEST_BACK_OFF);
    // A tenth of the first pause is the least, so that a peer that refuses at once is not asked in a loop.
    longest.mul_f64(random).max(FIRST_BACK_OFF / 10)
}

/// How long a round is followed by none, whatever hints say, so that a peer cannot keep this hub at work. After a round
/// that failed it is longer, since the cause may still be there, and after one that `brought` no entry, since the peer may
/// tell of nothing.
pub fn least_pause(failures: u64, brought: u64) -> Duration {
    if failures == 0 && brought > 0 {
        Duration::from_millis(10)
    } else {
        Duration::from_secs(1)
    }
}

/// A subscription that was held as long as this was a good one.
const GOOD_HOLD: Duration = Duration::from_mins(1);

/// How many subscriptions were lost in a row with one that had been held so long: the failures for [`pause`].
pub fn losses(before: u64, held: Duration) -> u64 {
    if held >= GOOD_HOLD { 1 } else { before + 1 }
}

/// Says whether a hint is worth a round: it states a size that is not held here, or something is unfinished. Hubs that
/// pull one another hear of their own entries again, which is none.
pub fn is_news(state: LogState, ours: u64, stated: u64) -> bool {
    state != LogState::Proved || stated > ours
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota {
        entries: 100,
        bytes: 1000,
    };

    fn hash(root: &str) -> Hash {
        Hash::of(root.as_bytes())
    }

    /// What is done about `held`, such as `ours 5 proved 3 there bb accepted 4 cc at dd forked known`, when a peer states
    /// `size root`. All parts but the first are optional.
    #[track_caller]
    fn check(held: &str, theirs: &str, expected: Step) {
        let words: Vec<_> = held.split(' ').collect();
        let after = |word: &str| {
            let at = words.iter().position(|found| *found == word);
            at.map(|at| words[at + 1])
        };
        let number = |word: &str| after(word).map(|text| text.parse::<u64>().unwrap());
        let is = |word: &str| words.contains(&word);
        let owner = if is("ours") {
            Owner::Ours
        } else {
            Owner::Theirs
        };
        let size = number("ours").or_else(|| number("theirs")).unwrap();
        let accepted = number("accepted").map(|size| {
            let at = words.iter().position(|word| *word == "accepted").unwrap();
            let root = hash(words[at + 2]);
            (Accepted { size, root }, after("at").map(hash))
        });
        let view = View {
            owner,
            size,
            proved_size: number("proved").unwrap_or(size),
            bytes: number("bytes").unwrap_or_default(),
            is_forked: is("forked"),
            ours_there: after("there").map(hash),
            accepted,
            is_known_branch: is("known"),
        };
        let (size, root) = theirs.split_once(' ').unwrap();
        let stated = Extent {
            size: size.parse().unwrap(),
            root: hash(root),
        };
        assert_eq!(
            step(&view, &stated, QUOTA),
            expected,
            "{held} against {theirs}"
        );
    }

    #[test]
    fn a_longer_log_is_pulled_and_a_different_one_frozen() {
        check("theirs 3", "5 bb", Step::Pull { from: 3 });
        check("theirs 0", "5 bb", Step::Pull { from: 0 });
        check("theirs 5 there bb", "5 bb", Step::Nothing);
        check("theirs 9 there bb", "5 bb", Step::Nothing);
        check("theirs 9 proved 4 there bb", "5 bb", Step::Adopt);
        check("theirs 5 there xx", "5 bb", Step::Freeze);
        check("theirs 9 there xx", "5 bb", Step::Freeze);
        // What is held beyond the newest proved checkpoint cannot be shown against anybody.
        check("theirs 9 proved 4 there xx", "5 bb", Step::Nothing);
        check("theirs 9 forked there xx", "5 bb", Step::Nothing);
        check("theirs 3 forked", "5 bb", Step::Nothing);
    }

    #[test]
    fn a_log_over_its_quota_is_parked() {
        check("theirs 3", "101 bb", Step::Park);
        check("theirs 3 bytes 1000", "5 bb", Step::Park);
    }

    #[test]
    fn our_own_log_comes_back_and_other_histories_of_it_are_fetched() {
        check("ours 3", "5 bb", Step::Recover);
        check("ours 3 bytes 1000", "101 bb", Step::Recover);
        check("ours 5 there xx", "5 bb", Step::Branch);
        check("ours 5 there xx known", "5 bb", Step::Nothing);
        check("ours 5 there bb", "5 bb", Step::Nothing);
        check("ours 5 accepted 5 aa at aa", "7 bb", Step::Branch);
        check("ours 5 accepted 5 aa at aa known", "7 bb", Step::Nothing);
        check("ours 3 accepted 5 aa", "5 aa", Step::Pull { from: 3 });
        check("ours 3 accepted 5 aa", "4 bb", Step::Nothing);
        check("ours 7 accepted 5 aa at xx there xx", "5 aa", Step::Return);
    }

    #[test]
    fn a_log_that_its_hub_closed_is_brought_to_what_counts() {
        check("theirs 3 accepted 5 aa", "5 aa", Step::Pull { from: 3 });
        check("theirs 3 accepted 5 aa", "4 bb", Step::Pull { from: 3 });
        check("theirs 3 accepted 5 aa", "6 bb", Step::Nothing);
        check(
            "theirs 7 accepted 5 aa at xx there xx",
            "5 aa",
            Step::Return,
        );
        check(
            "theirs 7 forked accepted 5 aa at xx there xx",
            "5 aa",
            Step::Return,
        );
        check(
            "theirs 5 accepted 5 aa at aa there xx",
            "4 bb",
            Step::Nothing,
        );
        check("theirs 5 accepted 5 aa at aa", "7 bb", Step::Nothing);
        check(
            "theirs 5 proved 0 accepted 5 aa at aa there aa",
            "5 aa",
            Step::Adopt,
        );
        check("theirs 3 accepted 5 aa there xx", "2 bb", Step::Nothing);
    }

    #[test]
    fn a_page_is_short_that_ends_for_no_reason() {
        assert!(is_short(1000, 1, 500, 1, 2));
        assert!(is_short(1000, 999, LEAST_PAGE_BYTES - 1, 999, 5000));
        assert!(!is_short(1000, 1000, 500, 1000, 5000), "as asked");
        assert!(!is_short(1000, 4, LEAST_PAGE_BYTES, 4, 5000), "full");
        assert!(!is_short(1000, 4, 500, 5000, 5000), "the log's end");
        assert!(!is_short(1, 1, 500, 1, 5000), "as asked");
    }

    #[test]
    fn halving_finds_the_last_place_that_is_proved() {
        for held in 0..40_u64 {
            // Entries are proved as long as all before them are shared.
            for shared in 0..held {
                let (mut probe, mut last, mut asked) = (Probe::of(held), None, 0);
                while let Some(place) = probe.next() {
                    asked += 1;
                    probe = if place <= shared {
                        last = last.max(Some(place));
                        probe.proved(place)
                    } else {
                        probe.refused(place)
                    };
                }
                assert_eq!(last, Some(shared), "of {held}");
                assert!(asked <= 6, "{asked} of {held}");
            }
        }
        assert!(!is_fork(Some("a"), "a") && is_fork(Some("a"), "b") && !is_fork(None, "b"));
    }

    #[test]
    fn pauses_stay_within_their_bounds() {
        let interval = Duration::from_secs(60);
        assert_eq!(pause(interval, 0, 0.0), Duration::from_secs(48));
        assert_eq!(pause(interval, 0, 1.0), Duration::from_secs(72));
        assert_eq!(pause(interval, 1, 1.0), Duration::from_secs(2));
        assert_eq!(pause(interval, 3, 0.5), Duration::from_secs(4));
        assert_eq!(pause(interval, 1, 0.0), Duration::from_millis(200));
        assert_eq!(pause(interval, u64::MAX, 1.0), Duration::from_secs(300));
        assert!(least_pause(0, 1) < least_pause(1, 1));
        assert_eq!(least_pause(0, 0), least_pause(1, 1));
        assert_eq!(least_pause(1, 0), least_pause(u64::MAX, 9));
    }

    #[test]
    fn only_a_subscription_that_was_held_begins_the_count_anew() {
        let check = |before: u64, held: u64, expected: u64| {
            assert_eq!(losses(before, Duration::from_secs(held)), expected);
        };
        check(0, 0, 1);
        check(3, 0, 4);
        check(3, 59, 4);
        check(3, 60, 1);
    }

    #[test]
    fn what_is_held_and_proved_is_no_news() {
        assert!(is_news(LogState::Proved, 4, 5));
        assert!(!is_news(LogState::Proved, 5, 5));
        assert!(!is_news(LogState::Proved, 6, 5));
        assert!(is_news(LogState::Incomplete, 5, 5));
        assert!(is_news(LogState::Empty, 0, 0));
    }
}
