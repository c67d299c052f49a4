//! Are we the same, and if not, why and since when: one answer from what is known of all logs and peers.
//!
//! - [`LogStanding`] and [`PeerStanding`] are the facts of one log and one peer; [`Standing`] is all of them at a moment.
//! - [`words`] says them: a sentence for the whole, and one for each thing that is wrong, with what to do next.
//!
//! A hub is in sync when every log is proved up to the newest head that was seen of it. A peer that is away does not
//! change that, but it is told: what it published since is not known here.
//!
//! Not here: reading the facts (`storage::standing`), and who may see which (`graphql`, `node`).

pub mod words;

use uuid::Uuid;

use crate::healing::{Halt, Mode};
use crate::identity::{HubId, LogId};
use crate::log::LogState;

/// How this hub stands with one log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogStanding {
    /// The log.
    pub log: LogId,
    /// Whether it is this hub's own.
    pub is_ours: bool,
    /// How far this hub has come with it.
    pub state: LogState,
    /// How many entries are stored.
    pub size: u64,
    /// Bytes of headers and payloads that were stored.
    pub bytes: u64,
    /// The size up to which the log can be proved to others.
    pub proved_size: u64,
    /// The largest size that a trusted checkpoint was seen to state; what is held counts as seen.
    pub newest_seen: u64,
    /// How many payloads this hub may have and lacks.
    pub missing: u64,
    /// How many entries show nothing because this version cannot read them.
    pub unprojected: u64,
    /// When the newest head was last proved, in Unix milliseconds.
    pub proved_at: Option<i64>,
    /// Since when less is held than was seen, in Unix milliseconds.
    pub behind_since: Option<i64>,
    /// When two histories of the log were found, in Unix milliseconds.
    pub forked_at: Option<i64>,
    /// Why the log is set aside, if it is.
    pub parked: Option<String>,
}

impl LogStanding {
    /// How many entries were seen and are not held.
    pub const fn lag(&self) -> u64 {
        self.newest_seen.saturating_sub(self.size)
    }

    /// For how long, in milliseconds, less has been held than was seen; 0 when all is held.
    pub fn behind_for(&self, now: i64) -> u64 {
        self.behind_since
            .filter(|_| self.lag() > 0)
            .map_or(0, |since| elapsed(since, now))
    }

    /// Says whether everything that was seen of the log is held and proved.
    pub const fn is_in_sync(&self) -> bool {
        matches!(self.state, LogState::Proved | LogState::Empty)
    }
}

/// How this hub stands with one that it pulls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerStanding {
    /// The peer.
    pub hub: HubId,
    /// Where it answers, without name and password.
    pub url: String,
    /// When the last round began, in Unix milliseconds.
    pub last_round_at: Option<i64>,
    /// When a round last went through, in Unix milliseconds.
    pub last_success_at: Option<i64>,
    /// Rounds that failed since then.
    pub failures: u64,
    /// Times it gave something that does not verify.
    pub strikes: u64,
    /// Why it is set aside, if it is.
    pub parked: Option<String>,
    /// What went wrong in the last round, if it failed.
    pub last_error: Option<String>,
    /// Rounds so far.
    pub rounds: u64,
    /// Entries stored from it.
    pub entries: u64,
    /// Bytes received from it, as they crossed the wire.
    pub bytes_received: u64,
    /// The process that pulls it, if one does.
    pub puller: Option<Uuid>,
}

impl PeerStanding {
    /// Says whether the last round failed, or none can be begun.
    pub const fn is_failing(&self) -> bool {
        self.failures > 0 || self.parked.is_some()
    }

    /// For how long, in milliseconds, nothing is known of it; nothing before the first round that went through.
    pub fn silent_for(&self, now: i64) -> Option<u64> {
        self.last_success_at.map(|at| elapsed(at, now))
    }

    /// What is wrong with it, in the words of the round that failed.
    pub fn trouble(&self) -> Option<&str> {
        self.parked.as_deref().or(self.last_error.as_deref())
    }
}

/// How this hub stands with all logs and peers, at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The moment, in Unix milliseconds.
    pub at: i64,
    /// What the hub does at present.
    pub mode: Mode,
    /// Why it writes nothing, and when anything about that last changed, in Unix milliseconds.
    pub halted: Option<(Halt, i64)>,
    /// How many of its own entries were set aside and wait to be issued again.
    pub waiting: u64,
    /// The logs, in the order of hub and epoch.
    pub logs: Vec<LogStanding>,
    /// The peers, in the order in which they were added.
    pub peers: Vec<PeerStanding>,
}

impl Standing {
    /// Says whether every log is proved up to the newest head that was seen of it, and none of this hub's own is wanting.
    pub fn is_in_sync(&self) -> bool {
        self.halted.is_none() && self.logs.iter().all(LogStanding::is_in_sync)
    }

    /// The longest time, in milliseconds, that a log has been behind.
    pub fn longest_behind(&self) -> u64 {
        let behind = self.logs.iter().map(|log| log.behind_for(self.at));
        behind.max().unwrap_or(0)
    }
}

/// The time from one moment to another in milliseconds; a clock that was put back makes it 0.
pub fn elapsed(since: i64, now: i64) -> u64 {
    u64::try_from(now.saturating_sub(since)).unwrap_or(0)
}

/// An address without the name and password that may stand before its host, for people and logs.
pub fn without_user_info(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_taken_out_of_addresses() {
        let check = |url, expected| assert_eq!(without_user_info(url), expected, "{url}");
        check("https://a.example", "https://a.example");
        check("https://u:p@a.example/x", "https://a.example/x");
        check("https://u:p@b@a.example:8443/@", "https://a.example:8443/@");
        check("http://u@[::1]:80?x=@y", "http://[::1]:80?x=@y");
        check("no address", "no address");
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_negative_time() {
        assert_eq!((elapsed(5, 3), elapsed(3, 5)), (0, 2));
        assert_eq!(elapsed(i64::MIN, i64::MAX), i64::MAX.unsigned_abs());
    }
}
