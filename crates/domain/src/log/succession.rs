//! A hub's next log, and what it keeps of the one before (docs/protocol.md, section 8).
//!
//! A hub begins another log when it cannot go on with the last: two histories of it are out, or it cannot know what of it
//! is out. The first entry of the new log says how much of the old one counts.

use serde::{Deserialize, Serialize};

use super::{Hash, VerifiedEntry};
use crate::entry::{Audience, Kind, Payload};
use crate::identity::{Epoch, NameError};
use crate::rules::Rule;

/// What a log's first entry says of the log before it: the body of an entry of kind `epoch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The log before.
    pub previous: Epoch,
    /// How many of its entries count.
    pub accepted: Accepted,
    /// The hub's checkpoint of that, so that whoever has the opening can prove it to others.
    pub checkpoint: Option<String>,
}

/// How much of a log counts, as the hub's next log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why an opening cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// The body is not the JSON object that an opening is.
    #[error("the opening is not readable: {0}")]
    Json(String),
    /// The number is no epoch.
    #[error("{0} is not an epoch")]
    Epoch(u64),
    /// The number is no size.
    #[error("{0} is not the size of a log")]
    Size(u64),
    /// The root is no hash.
    #[error("the root is not 32 bytes in base64")]
    Root,
}

#[derive(Serialize, Deserialize)]
struct Body {
    previous: u64,
    size: u64,
    root: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
}

impl Opening {
    /// What a log's first entry says of the log before it, if it says something.
    pub fn of(first: &VerifiedEntry) -> Option<Self> {
        let header = first.header.as_ref().ok()?;
        let is_opening = header.kind.as_str() == Kind::EPOCH && header.audience == Audience::Public;
        let payload = first.payload.as_deref().filter(|_| is_opening)?;
        Self::parse(Payload::parse(payload).ok()?.body()).ok()
    }

    /// Reads a body.
    pub fn parse(body: &str) -> Result<Self, OpeningError> {
        let body: Body =
            serde_json::from_str(body).map_err(|error| OpeningError::Json(error.to_string()))?;
        let previous = Epoch::new(body.previous).map_err(|_| OpeningError::Epoch(body.previous))?;
        let root = Hash::parse(&body.root).ok_or(OpeningError::Root)?;
        let size = body.size;
        if i64::try_from(size).is_err() {
            return Err(OpeningError::Size(size));
        }
        Ok(Self {
            previous,
            accepted: Accepted { size, root },
            checkpoint: body.checkpoint,
        })
    }

    /// The body that says this.
    pub fn to_body(&self) -> String {
        let body = Body {
            previous: self.previous.get(),
            size: self.accepted.size,
            root: self.accepted.root.to_string(),
            checkpoint: self.checkpoint.clone(),
        };
        serde_json::to_string(&body).expect("numbers and a text")
    }
}

/// Below this an epoch needs no reason: the Unix seconds until the year 2242.
const FREE_EPOCHS: u64 = 1 << 33;
/// How far the epoch of a log may lie above that of the log that it follows.
const MOST_LEAP: u64 = 1 << 32;

/// Whether a log of this epoch needs an opening that says which log it follows.
pub const fn needs_opening(epoch: Epoch) -> bool {
    epoch.get() >= FREE_EPOCHS
}

/// Whether a log may have this epoch if its first entry says this. Whoever has a hub's key for a while could else use up
/// all numbers, and leave the hub none for its next log. All nodes decide alike, by the log alone.
pub fn may_begin(epoch: Epoch, opening: Option<&Opening>) -> bool {
    let is_near = |opening: &Opening| {
        let leap = epoch.get().checked_sub(opening.previous.get());
        leap.is_some_and(|leap| leap <= MOST_LEAP)
    };
    !needs_opening(epoch) || opening.is_some_and(is_near)
}

/// The epoch of a hub's first log: the second in which it is begun, whatever the clock says.
pub fn first_epoch(second: u64) -> Epoch {
    Epoch::new(second.min(FREE_EPOCHS - 1)).expect("it is below the greatest")
}

/// The epoch of a hub's next log, which follows one: later than all that are known to have been begun since, also those that do
/// not count or are noted outside the database, unless they lie too far ahead.
pub fn epoch_past(previous: Epoch, known: &[Epoch], second: u64) -> Result<Epoch, NameError> {
    let last = known.iter().fold(previous, |last, other| last.max(*other));
    let next = next_epoch(last, second)?;
    let opening = Opening {
        checkpoint: None,
        previous,
        accepted: Accepted {
            size: 0,
            root: Hash::of_empty_tree(),
        },
    };
    if may_begin(next, Some(&opening)) {
        return Ok(next);
    }
    let mut next = next_epoch(previous, second)?;
    while known.contains(&next) {
        next = Epoch::new(next.get() + 1)?;
    }
    Ok(next)
}

/// The epoch of a log that follows one: the second in which it is begun, but later than that, and not too far from it,
/// whatever the clock says.
fn next_epoch(last: Epoch, second: u64) -> Result<Epoch, NameError> {
    let second = second.min(last.get().saturating_add(MOST_LEAP));
    Epoch::new(second.max(last.get().saturating_add(1)))
}

/// What to do about a log of which its successor accepts so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// What is held is what counts.
    Settled,
    /// More is held than counts: what is beyond this size goes.
    Cut(u64),
    /// Less is held than counts, and as far as anybody knows it belongs.
    Short,
    /// What is held is not what counts, from some place before the accepted size on.
    Astray,
}

impl Accepted {
    /// Compares with what is held: its size, and the root of its first entries up to the accepted size, if there are so many.
    pub fn settle(&self, held: u64, root_there: Option<Hash>) -> Settlement {
        match root_there {
            None => Settlement::Short,
            Some(root) if root != self.root => Settlement::Astray,
            Some(_) if held > self.size && Rule::CutToAccepted.holds() => {
                Settlement::Cut(self.size)
            }
            Some(_) => Settlement::Settled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_written_as_it_is_read() {
        for checkpoint in [None, Some("a note\n".to_owned())] {
            let opening = Opening {
                previous: Epoch::new(7).unwrap(),
                accepted: Accepted {
                    size: 86,
                    root: Hash::of_leaf(b"x"),
                },
                checkpoint,
            };
            assert_eq!(Opening::parse(&opening.to_body()), Ok(opening));
        }
        for body in [
            "",
            "[]",
            r#"{"previous":7,"size":86}"#,
            r#"{"previous":7,"size":-1,"root":""}"#,
            r#"{"previous":7,"size":86,"root":"AAAA"}"#,
            r#"{"previous":18446744073709551615,"size":1,"root":"AAAA"}"#,
        ] {
            assert!(Opening::parse(body).is_err(), "{body}");
        }
    }

    #[test]
    fn the_next_log_is_later_than_any_that_is_known() {
        let epoch = |number| Epoch::new(number).unwrap();
        let check = |open: u64, noted: Option<u64>, second: u64, expected: u64| {
            let known: Vec<_> = noted.map(epoch).into_iter().collect();
            let next = epoch_past(epoch(open), &known, second);
            assert_eq!(next, Ok(epoch(expected)));
        };
        check(5, None, 9, 9);
        check(5, None, 5, 6);
        check(5, Some(5), 9, 9);
        check(5, Some(9), 9, 10);
        check(5, Some(12), 9, 13);
        check(12, Some(5), 9, 13);
        check(5, None, u64::MAX, 5 + MOST_LEAP);
        let last = epoch(i64::MAX.unsigned_abs());
        assert!(epoch_past(last, &[], 9).is_err());
        assert_eq!(first_epoch(9), epoch(9));
        assert!(!needs_opening(first_epoch(u64::MAX)));
    }

    #[test]
    fn a_log_far_ahead_must_follow_one_that_is_near() {
        let epoch = |number| Epoch::new(number).unwrap();
        let opening = |previous| Opening {
            checkpoint: None,
            previous: epoch(previous),
            accepted: Accepted {
                size: 1,
                root: Hash::of_leaf(b"x"),
            },
        };
        let check = |number: u64, previous: Option<u64>, expected: bool| {
            let said = previous.map(opening);
            assert_eq!(
                may_begin(epoch(number), said.as_ref()),
                expected,
                "{number} after {previous:?}"
            );
        };
        check(1_795_000_000, None, true);
        check(FREE_EPOCHS - 1, None, true);
        check(FREE_EPOCHS, None, false);
        check(FREE_EPOCHS, Some(1_795_000_000), false);
        check(FREE_EPOCHS, Some(FREE_EPOCHS - MOST_LEAP), true);
        check(FREE_EPOCHS, Some(FREE_EPOCHS - MOST_LEAP - 1), false);
        check(FREE_EPOCHS, Some(FREE_EPOCHS + 1), false);
        check((1 << 53) - 1, Some(1_795_000_000), false);
    }

    #[test]
    fn logs_that_do_not_count_are_passed_by_number_but_not_too_far() {
        let epoch = |number| Epoch::new(number).unwrap();
        let check = |known: &[u64], expected: u64| {
            let known: Vec<_> = known.iter().map(|number| epoch(*number)).collect();
            assert_eq!(
                epoch_past(epoch(100), &known, 150),
                Ok(epoch(expected)),
                "{known:?}"
            );
        };
        check(&[100], 150);
        check(&[100, 200], 201);
        check(&[100, FREE_EPOCHS - 2], FREE_EPOCHS - 1);
        check(&[100, FREE_EPOCHS - 1], 150);
        check(&[100, 150, 151, FREE_EPOCHS << 4], 152);
    }

    #[test]
    fn what_is_held_is_kept_cut_or_brought_on() {
        let [good, bad] = [b"good", b"evil"].map(|text| Hash::of_leaf(text));
        let accepted = Accepted {
            size: 5,
            root: good,
        };
        let check = |held: u64, root: Option<Hash>, expected: Settlement| {
            assert_eq!(accepted.settle(held, root), expected, "{held}");
        };
        check(5, Some(good), Settlement::Settled);
        check(8, Some(good), Settlement::Cut(5));
        check(4, None, Settlement::Short);
        check(5, Some(bad), Settlement::Astray);
        check(9, Some(bad), Settlement::Astray);
    }
}
