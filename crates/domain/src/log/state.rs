//! How far this hub has come with a log, in one word (protocol section 7).

/// What is known of a log here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFacts {
    /// How many entries are stored.
    pub size: u64,
    /// The size up to which a checkpoint is held.
    pub proved_size: u64,
    /// The largest size that a trusted checkpoint was seen to state.
    pub newest_seen: u64,
    /// How many payloads this hub is entitled to and lacks.
    pub missing: u64,
    /// Two checkpoints of one size and different roots were seen.
    pub forked: bool,
    /// The log is over its quota, or an operator set it aside.
    pub parked: bool,
    /// The last round found no supplier that proves the newest head.
    pub unproved: bool,
}

/// How far this hub has come with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogState {
    /// Nothing is held and nothing more was seen.
    Empty,
    /// More entries were seen than are held, and pulling goes on.
    CatchingUp,
    /// Everything up to the newest head seen is held and proved.
    Proved,
    /// All headers are proved, and payloads are missing that this hub may have.
    Incomplete,
    /// A newer head was seen, and no supplier proves it.
    Unproved,
    /// The log's hub signed two different histories; the log is frozen.
    Forked,
    /// The log is set aside.
    Parked,
}

impl LogState {
    /// Says which state these facts are.
    pub const fn of(facts: &LogFacts) -> Self {
        let is_whole = facts.size >= facts.newest_seen && facts.proved_size >= facts.size;
        if facts.forked {
            Self::Forked
        } else if facts.parked {
            Self::Parked
        } else if !is_whole && facts.unproved {
            Self::Unproved
        } else if !is_whole {
            Self::CatchingUp
        } else if facts.missing > 0 {
            Self::Incomplete
        } else if facts.size == 0 {
            Self::Empty
        } else {
            Self::Proved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: LogFacts = LogFacts {
        size: 5,
        proved_size: 5,
        newest_seen: 5,
        missing: 0,
        forked: false,
        parked: false,
        unproved: false,
    };

    #[test]
    fn the_worst_fact_names_the_state() {
        check(HELD, LogState::Proved);
        check(
            LogFacts {
                size: 0,
                proved_size: 0,
                newest_seen: 0,
                ..HELD
            },
            LogState::Empty,
        );
        check(
            LogFacts {
                newest_seen: 6,
                ..HELD
            },
            LogState::CatchingUp,
        );
        check(
            LogFacts {
                proved_size: 0,
                ..HELD
            },
            LogState::CatchingUp,
        );
        check(LogFacts { missing: 1, ..HELD }, LogState::Incomplete);
        check(
            LogFacts {
                newest_seen: 6,
                unproved: true,
                ..HELD
            },
            LogState::Unproved,
        );
        check(
            LogFacts {
                unproved: true,
                ..HELD
            },
            LogState::Proved,
        );
        check(
            LogFacts {
                parked: true,
                missing: 1,
                ..HELD
            },
            LogState::Parked,
        );
        check(
            LogFacts {
                forked: true,
                parked: true,
                ..HELD
            },
            LogState::Forked,
        );
    }

    fn check(facts: LogFacts, expected: LogState) {
        assert_eq!(LogState::of(&facts), expected, "{facts:?}");
    }
}
