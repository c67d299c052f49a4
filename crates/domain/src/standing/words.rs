//! The answer in words: the whole in a sentence, and a sentence for each thing that is wrong.
//!
//! Sentences of logs name hubs, sizes and times only, so everybody may read them. Those of peers hold what the peer's
//! round failed with, which is for the operator.

use super::{LogStanding, PeerStanding, Standing};
use crate::healing::Mode;
use crate::log::LogState;

/// A length of time as people say it, in the largest unit that is told exactly enough.
pub fn duration(millis: u64) -> String {
    const SECOND: u64 = 1000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match millis {
        0..SECOND => "less than a second".to_owned(),
        _ if millis < 2 * MINUTE => format!("{} s", millis / SECOND),
        _ if millis < 2 * HOUR => format!("{} min", millis / MINUTE),
        _ if millis < 2 * DAY => format!("{} h", millis / HOUR),
        _ => format!("{} days", millis / DAY),
    }
}

/// A state as people say it.
pub const fn state(state: LogState) -> &'static str {
    match state {
        LogState::Empty => "empty",
        LogState::CatchingUp => "catching up",
        LogState::Proved => "proved",
        LogState::Incomplete => "proved, payloads missing",
        LogState::Unproved => "no peer proves the newest head",
        LogState::Forked => "FORKED: its hub signed two histories",
        LogState::Parked => "set aside",
    }
}

const fn mode_in_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Boot => "STARTING: peers are asked before anything is written",
        Mode::Healing => "HEALING: nothing is written until the hub's own log is whole",
        Mode::ReadOnly => "READ ONLY: nothing is written until the operator decides",
        Mode::Ok => "writing",
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

impl Standing {
    /// The whole in a sentence.
    pub fn summary(&self) -> String {
        let logs = if self.is_in_sync() {
            self.well()
        } else {
            self.amiss()
        };
        let failing = self.peers.iter().filter(|peer| peer.is_failing()).count();
        let logs = match self.mode {
            Mode::Ok => logs,
            mode => format!("{}; {logs}", mode_in_words(mode)),
        };
        match (failing, self.peers.len()) {
            (0, _) => logs,
            (1, 1) => format!("{logs}; the only peer is failing"),
            (failing, all) => format!("{logs}; {failing} of {all} peers failing"),
        }
    }

    fn well(&self) -> String {
        let held = match self.logs.len() {
            0 => return "in sync: no log is held yet".to_owned(),
            1 => "the only log proved".to_owned(),
            all => format!("all {all} logs proved"),
        };
        let proved = self.logs.iter().filter_map(|log| log.proved_at).max();
        let proved = proved.map_or_else(String::new, |at| {
            let ago = duration(super::elapsed(at, self.at));
            format!(", last proved {ago} ago")
        });
        format!("in sync: {held}{proved}")
    }

    fn amiss(&self) -> String {
        let number = |wanted: &[LogState]| {
            let found = self.logs.iter().filter(|log| wanted.contains(&log.state));
            found.count()
        };
        let kinds = [
            (
                number(&[LogState::CatchingUp, LogState::Unproved]),
                "behind",
            ),
            (number(&[LogState::Incomplete]), "lacking payloads"),
            (number(&[LogState::Forked]), "forked"),
            (number(&[LogState::Parked]), "set aside"),
        ];
        if kinds.iter().all(|(number, _)| *number == 0) {
            return "what this hub published is not whole here".to_owned();
        }
        let mut parts = Vec::new();
        for (number, what) in kinds.into_iter().filter(|(number, _)| *number > 0) {
            let of = if parts.is_empty() {
                format!(" of {} logs", self.logs.len())
            } else {
                String::new()
            };
            parts.push(format!("{number}{of} {what}"));
        }
        let since = match self.longest_behind() {
            0 => String::new(),
            longest => format!(", the longest for {}", duration(longest)),
        };
        format!("NOT in sync: {}{since}", parts.join(", "))
    }

    /// A sentence for each thing that is wrong, logs first.
    pub fn problems(&self) -> Vec<String> {
        let halt = self.halted.map(|(halt, since)| {
            let since = duration(super::elapsed(since, self.at));
            format!("nothing is written here: {halt} (nothing about it changed for {since})")
        });
        let waiting = (self.waiting > 0).then(|| {
            let entries = count(self.waiting, "entry", "entries");
            format!("{entries} of another history of this hub's log will be issued again")
        });
        let logs = self.logs.iter().filter_map(|log| log.problem(self.at));
        let logs = halt.into_iter().chain(waiting).chain(logs);
        let peers = self.peers.iter().filter_map(|peer| peer.problem(self.at));
        logs.chain(peers).collect()
    }
}

impl LogStanding {
    /// What is wrong with the log, since when, and what to do next.
    pub fn problem(&self, now: i64) -> Option<String> {
        let hub = &self.log.hub;
        Some(match self.state {
            LogState::Proved | LogState::Empty if self.unprojected == 0 => return None,
            LogState::Proved | LogState::Empty => format!(
                "{hub}: {} nothing here because this version cannot read them; `simpul unprojected {hub}` says why, and a newer version may",
                count(self.unprojected, "entry shows", "entries show")
            ),
            LogState::CatchingUp => format!(
                "{hub} is {}; pulling goes on, look again after the next round",
                self.behind(now)
            ),
            LogState::Unproved => format!(
                "{hub} is {}, and the last pull of it failed; see what the peers say, or pull now with `simpul sync --once`",
                self.behind(now)
            ),
            LogState::Incomplete => format!(
                "{hub} lacks {}; every round asks for them, so a peer that has them must be reachable",
                count(self.missing, "payload", "payloads")
            ),
            LogState::Forked => format!(
                "{hub} is frozen{}: it signed two histories; see them with `simpul evidence {hub}` and call its operator",
                self.forked_at.map_or_else(String::new, |at| format!(
                    " for {}",
                    duration(super::elapsed(at, now))
                ))
            ),
            LogState::Parked => self.set_aside(now),
        })
    }

    fn behind(&self, now: i64) -> String {
        let lag = count(self.lag(), "entry", "entries");
        let since = match self.behind_since {
            Some(_) => format!(" for {}", duration(self.behind_for(now))),
            None => String::new(),
        };
        format!(
            "{lag} behind{since}, {} of {} held",
            self.size, self.newest_seen
        )
    }

    fn set_aside(&self, now: i64) -> String {
        let why = self.parked.as_deref().unwrap_or("no reason was noted");
        let next = if self.is_ours {
            "nothing is written to it"
        } else {
            "raise the limits of [sync] in simpul.toml if the log is wanted whole"
        };
        let behind = match self.lag() {
            0 => String::new(),
            _ => format!(" {}", self.behind(now)),
        };
        format!("{} is set aside{behind}: {why}; {next}", self.log.hub)
    }
}

impl PeerStanding {
    /// What is wrong with the peer, since when, and what to do next.
    pub fn problem(&self, now: i64) -> Option<String> {
        let hub = &self.hub;
        if let Some(why) = &self.parked {
            return Some(format!(
                "peer {hub} is not pulled: {why}; if the address is wrong, remove the peer and add it again"
            ));
        }
        if self.failures == 0 {
            return None;
        }
        let since = self.silent_for(now).map_or_else(
            || "and no round ever went through".to_owned(),
            |silent| format!("the last good one {} ago", duration(silent)),
        );
        let rounds = count(self.failures, "round", "rounds in a row");
        let error = self.last_error.as_deref().unwrap_or("no error was noted");
        Some(format!(
            "peer {hub} failed {rounds}, {since}: {error}; `simpul doctor` looks what is wrong"
        ))
    }
}

#[cfg(test)]
mod tests;
