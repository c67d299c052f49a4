//! A hub whose own log may be behind what it published: when it may write, and how it goes on (docs/protocol.md, section 8).
//!
//! - [`Guard`] is a note outside the database of how far the log had come; [`Guard::judge`] compares.
//! - [`Halt`] is why nothing is written; [`Mode`] is the same for people, in one word.
//! - [`Deletion::of`] says whether a record is gone, [`Again::of`] what becomes of an entry that another history held.
//! - [`Ending::of`] says when healing is over, and whether the log can be gone on with.

use serde::{Deserialize, Serialize};

use crate::identity::Epoch;
use crate::log::Hash;
use crate::rules::Rule;

mod again;
mod deletion;

pub use again::{Again, Aside};
pub use deletion::Deletion;

/// How far the hub's own log had come, noted outside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The open log.
    pub epoch: Epoch,
    /// Its size.
    pub size: u64,
    /// The root over its entries.
    pub root: Hash,
}

/// What the guard says of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The database holds what was noted, and no more.
    Met,
    /// The database holds everything that was noted, and more.
    Passed,
    /// The database is older than what was noted, or another one.
    Unmet,
}

impl Guard {
    /// Compares with the newest log of the database and its size, if it has one, and with the root at the noted size of the
    /// noted log, if it has as many entries.
    pub fn judge(&self, newest: Option<(Epoch, u64)>, root_there: Option<Hash>) -> Verdict {
        match newest {
            Some((epoch, _)) if epoch > self.epoch => Verdict::Passed,
            Some((epoch, size)) if epoch == self.epoch && root_there == Some(self.root) => {
                if size == self.size {
                    Verdict::Met
                } else {
                    Verdict::Passed
                }
            }
            _ if !Rule::GuardCompared.holds() => Verdict::Passed,
            _ => Verdict::Unmet,
        }
    }
}

/// Why a hub writes nothing to its own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Halt {
    /// Nothing outside the database says how far the log had come, and no peer was asked yet.
    Unguarded,
    /// The guard or a peer knows more of the log than the database does.
    Behind,
    /// Two histories of the log are out.
    Forked,
}

impl Halt {
    /// The word for it in the database.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unguarded => "unguarded",
            Self::Behind => "behind",
            Self::Forked => "forked",
        }
    }

    /// Reads the word.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Unguarded, Self::Behind, Self::Forked]
            .into_iter()
            .find(|halt| halt.code() == code)
    }
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unguarded => {
                "the guard file is missing and no peer could be asked, so nobody knows whether this database is the newest; `simpul heal --as-it-is` goes on with it"
            }
            Self::Behind => {
                "this database is older than what the hub published; what is missing is being fetched from peers"
            }
            Self::Forked => {
                "two histories of the hub's log are out; both are being brought together in a new one"
            }
        })
    }
}

/// What a hub does at present, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It has just started and asks its peers whether they hold more of its log. It answers, and writes nothing.
    Boot,
    /// It fetches its own log back. It answers, and writes nothing.
    Healing,
    /// It answers and writes.
    Ok,
    /// It answers, and writes nothing until its operator decides.
    ReadOnly,
}

impl Mode {
    /// The mode of a hub that has just started or not, and is halted or not.
    pub const fn of(is_booting: bool, halt: Option<Halt>) -> Self {
        match halt {
            _ if is_booting => Self::Boot,
            None => Self::Ok,
            Some(Halt::Unguarded) => Self::ReadOnly,
            Some(Halt::Behind | Halt::Forked) => Self::Healing,
        }
    }

    /// The mode's word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Boot => "BOOT",
            Self::Healing => "HEALING",
            Self::Ok => "OK",
            Self::ReadOnly => "READ_ONLY",
        }
    }
}

/// What is known while a hub heals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealingFacts {
    /// Why nothing is written.
    pub halt: Halt,
    /// How many peers there are.
    pub peers: usize,
    /// How many of them were asked since anything last changed.
    pub asked: usize,
    /// How many of them answered.
    pub answered: usize,
    /// Everything that was seen of the open log is held.
    pub is_whole: bool,
    /// What the guard says of what is held by now, if there is one.
    pub guard: Option<Verdict>,
    /// The hub has a log.
    pub has_log: bool,
    /// Two histories are out of an earlier log, and no later one says how much of it counts.
    pub has_contested: bool,
}

/// How healing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Peers are still to be asked.
    NotYet,
    /// The log is what it was, and is gone on with.
    Resume,
    /// A new log is begun: positions of the old one may be taken by entries that nobody here knows, or an earlier one is to be
    /// settled.
    NewLog,
}

impl Ending {
    /// Decides. The old log is gone on with only if the guard is exactly what is held, or, where there was none, if every peer
    /// says that it knows no more; a new one costs an entry, a position that is used twice costs the network's trust.
    pub fn of(facts: &HealingFacts) -> Self {
        if facts.asked < facts.peers || facts.answered == 0 || !facts.has_log {
            return Self::NotYet;
        }
        let is_vouched = match facts.halt {
            Halt::Unguarded => facts.answered == facts.peers,
            Halt::Behind => matches!(facts.guard, Some(Verdict::Met)),
            Halt::Forked => false,
        };
        let may_resume = is_vouched && facts.is_whole || !Rule::NewLogUnlessVouched.holds();
        if may_resume && !facts.has_contested {
            Self::Resume
        } else {
            Self::NewLog
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_judged_by_what_was_noted_of_it() {
        let [root, other] = [b"a", b"b"].map(|text| Hash::of_leaf(text));
        let epoch = |number| Epoch::new(number).unwrap();
        let guard = Guard {
            epoch: epoch(7),
            size: 5,
            root,
        };
        let check = |newest: Option<(u64, u64)>, root: Option<Hash>, expected: Verdict| {
            let held = newest.map(|(number, size)| (epoch(number), size));
            assert_eq!(guard.judge(held, root), expected, "{newest:?}");
        };
        check(Some((7, 5)), Some(root), Verdict::Met);
        check(Some((7, 6)), Some(root), Verdict::Passed);
        check(Some((7, 5)), Some(other), Verdict::Unmet);
        check(Some((7, 4)), None, Verdict::Unmet);
        check(Some((6, 5)), Some(root), Verdict::Unmet);
        check(Some((8, 1)), None, Verdict::Passed);
        check(None, None, Verdict::Unmet);
    }

    #[test]
    fn healing_ends_when_all_were_asked_and_goes_on_only_with_a_whole_log() {
        let facts = HealingFacts {
            halt: Halt::Behind,
            peers: 2,
            asked: 2,
            answered: 2,
            is_whole: true,
            guard: Some(Verdict::Met),
            has_log: true,
            has_contested: false,
        };
        let check = |facts: HealingFacts, expected: Ending| {
            assert_eq!(Ending::of(&facts), expected, "{facts:?}");
        };
        let halted = |halt: Halt| HealingFacts { halt, ..facts };
        check(facts, Ending::Resume);
        check(
            HealingFacts {
                guard: None,
                ..facts
            },
            Ending::NewLog,
        );
        let guard = Some(Verdict::Unmet);
        check(HealingFacts { guard, ..facts }, Ending::NewLog);
        check(halted(Halt::Forked), Ending::NewLog);
        check(halted(Halt::Unguarded), Ending::Resume);
        let has_contested = true;
        check(
            HealingFacts {
                has_contested,
                ..facts
            },
            Ending::NewLog,
        );
        let guard = Some(Verdict::Passed);
        check(HealingFacts { guard, ..facts }, Ending::NewLog);
        for halt in [Halt::Unguarded, Halt::Behind] {
            let is_whole = false;
            check(
                HealingFacts {
                    is_whole,
                    ..halted(halt)
                },
                Ending::NewLog,
            );
        }
        let unguarded = halted(Halt::Unguarded);
        let answered = 1;
        check(
            HealingFacts {
                answered,
                ..unguarded
            },
            Ending::NewLog,
        );
        check(HealingFacts { answered, ..facts }, Ending::Resume);
        for halt in [Halt::Unguarded, Halt::Behind, Halt::Forked] {
            assert_eq!(Halt::parse(halt.code()), Some(halt));
            for facts in [
                HealingFacts {
                    asked: 1,
                    ..halted(halt)
                },
                HealingFacts {
                    answered: 0,
                    ..halted(halt)
                },
                HealingFacts {
                    has_log: false,
                    ..halted(halt)
                },
            ] {
                check(facts, Ending::NotYet);
            }
        }
    }

    #[test]
    fn the_mode_names_the_halt() {
        assert_eq!(Mode::of(true, Some(Halt::Behind)).code(), "BOOT");
        assert_eq!(Mode::of(false, None).code(), "OK");
        assert_eq!(Mode::of(false, Some(Halt::Unguarded)).code(), "READ_ONLY");
        assert_eq!(Mode::of(false, Some(Halt::Forked)).code(), "HEALING");
    }
}
