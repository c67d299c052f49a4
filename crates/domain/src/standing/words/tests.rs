//! Facts and the words for them.

use super::*;
use crate::healing::{Halt, Mode};
use crate::identity::{Epoch, LogId};

const NOW: i64 = 1_000_000_000;

fn log(hub: &str) -> LogStanding {
    LogStanding {
        log: LogId {
            network: "jipp".parse().unwrap(),
            hub: hub.parse().unwrap(),
            epoch: Epoch::new(1).unwrap(),
        },
        is_ours: false,
        state: LogState::Proved,
        size: 600,
        bytes: 1,
        proved_size: 600,
        newest_seen: 600,
        missing: 0,
        unprojected: 0,
        proved_at: Some(NOW - 12_500),
        behind_since: None,
        forked_at: None,
        parked: None,
    }
}

fn behind(hub: &str, state: LogState) -> LogStanding {
    LogStanding {
        state,
        newest_seen: 727,
        behind_since: Some(NOW - 200_000),
        ..log(hub)
    }
}

fn peer(hub: &str) -> PeerStanding {
    PeerStanding {
        hub: hub.parse().unwrap(),
        url: "https://a.example".to_owned(),
        last_round_at: Some(NOW),
        last_success_at: Some(NOW - 7_200_000),
        failures: 0,
        strikes: 0,
        parked: None,
        last_error: None,
        rounds: 9,
        entries: 0,
        bytes_received: 0,
        puller: None,
    }
}

fn failing(hub: &str) -> PeerStanding {
    PeerStanding {
        failures: 3,
        last_error: Some("it cannot be reached".to_owned()),
        ..peer(hub)
    }
}

#[test]
fn the_first_line_says_whether_all_is_the_same() {
    let check = |logs: &[LogStanding], peers: &[PeerStanding], expected: &str| {
        let standing = Standing {
            mode: Mode::Ok,
            halted: None,
            waiting: 0,
            at: NOW,
            logs: logs.to_vec(),
            peers: peers.to_vec(),
        };
        assert_eq!(standing.summary(), expected);
        assert_eq!(standing.is_in_sync(), expected.starts_with("in sync"));
    };
    check(&[], &[], "in sync: no log is held yet");
    check(
        &[log("a1")],
        &[peer("b1")],
        "in sync: the only log proved, last proved 12 s ago",
    );
    let older = LogStanding {
        proved_at: None,
        state: LogState::Empty,
        ..log("a2")
    };
    check(
        &[log("a1"), older.clone()],
        &[failing("b1")],
        "in sync: all 2 logs proved, last proved 12 s ago; the only peer is failing",
    );
    check(
        std::slice::from_ref(&older),
        &[failing("b1"), peer("b2")],
        "in sync: the only log proved; 1 of 2 peers failing",
    );
    check(
        &[
            log("a1"),
            behind("a2", LogState::CatchingUp),
            behind("a3", LogState::Unproved),
        ],
        &[],
        "NOT in sync: 2 of 3 logs behind, the longest for 3 min",
    );
    let of = |state| LogStanding { state, ..log("a1") };
    check(
        &[
            of(LogState::Forked),
            of(LogState::Parked),
            of(LogState::Incomplete),
            log("a2"),
        ],
        &[],
        "NOT in sync: 1 of 4 logs lacking payloads, 1 forked, 1 set aside",
    );
}

#[test]
fn every_problem_of_a_log_has_a_sentence_with_what_to_do() {
    let check = |log: LogStanding, expected: Option<&str>| {
        assert_eq!(log.problem(NOW).as_deref(), expected);
    };
    check(log("a1"), None);
    check(
        LogStanding {
            unprojected: 1,
            ..log("a1")
        },
        Some(
            "a1: 1 entry shows nothing here because this version cannot read them; `simpul unprojected a1` says why, and a newer version may",
        ),
    );
    check(
        behind("a1", LogState::CatchingUp),
        Some(
            "a1 is 127 entries behind for 3 min, 600 of 727 held; pulling goes on, look again after the next round",
        ),
    );
    check(
        LogStanding {
            behind_since: None,
            newest_seen: 601,
            ..behind("a1", LogState::Unproved)
        },
        Some(
            "a1 is 1 entry behind, 600 of 601 held, and the last pull of it failed; see what the peers say, or pull now with `simpul sync --once`",
        ),
    );
    check(
        LogStanding {
            state: LogState::Incomplete,
            missing: 5,
            ..log("a1")
        },
        Some(
            "a1 lacks 5 payloads; every round asks for them, so a peer that has them must be reachable",
        ),
    );
    check(
        LogStanding {
            state: LogState::Forked,
            forked_at: Some(NOW - 172_800_000),
            ..log("a1")
        },
        Some(
            "a1 is frozen for 2 days: it signed two histories; see them with `simpul evidence a1` and call its operator",
        ),
    );
    check(
        LogStanding {
            parked: Some("it is over its quota".to_owned()),
            ..behind("a1", LogState::Parked)
        },
        Some(
            "a1 is set aside 127 entries behind for 3 min, 600 of 727 held: it is over its quota; raise the limits of [sync] in simpul.toml if the log is wanted whole",
        ),
    );
    check(
        LogStanding {
            is_ours: true,
            state: LogState::Parked,
            ..log("a1")
        },
        Some("a1 is set aside: no reason was noted; nothing is written to it"),
    );
}

#[test]
fn a_peer_that_fails_is_told_with_its_last_success() {
    let check = |peer: PeerStanding, expected: Option<&str>| {
        assert_eq!(peer.problem(NOW).as_deref(), expected);
    };
    check(peer("b1"), None);
    check(
        failing("b1"),
        Some(
            "peer b1 failed 3 rounds in a row, the last good one 2 h ago: it cannot be reached; `simpul doctor` looks what is wrong",
        ),
    );
    check(
        PeerStanding {
            failures: 1,
            last_success_at: None,
            ..failing("b1")
        },
        Some(
            "peer b1 failed 1 round, and no round ever went through: it cannot be reached; `simpul doctor` looks what is wrong",
        ),
    );
    check(
        PeerStanding {
            parked: Some("it is of network x".to_owned()),
            ..failing("b1")
        },
        Some(
            "peer b1 is not pulled: it is of network x; if the address is wrong, remove the peer and add it again",
        ),
    );
}

#[test]
fn times_are_told_in_the_unit_that_people_would_use() {
    let check = |millis, expected| assert_eq!(duration(millis), expected);
    check(0, "less than a second");
    check(999, "less than a second");
    check(1000, "1 s");
    check(119_999, "119 s");
    check(120_000, "2 min");
    check(7_199_999, "119 min");
    check(7_200_000, "2 h");
    check(172_799_999, "47 h");
    check(172_800_000, "2 days");
    check(u64::MAX, "213503982334 days");
}

#[test]
fn a_hub_that_writes_nothing_says_why() {
    let mut standing = Standing {
        at: 90_000,
        mode: Mode::Healing,
        halted: Some((Halt::Behind, 30_000)),
        waiting: 2,
        logs: vec![log("id-13")],
        peers: Vec::new(),
    };
    assert!(!standing.is_in_sync());
    let summary = standing.summary();
    assert!(
        summary.starts_with("HEALING: nothing is written"),
        "{summary}"
    );
    let problems = standing.problems();
    assert!(
        problems[0].contains("older than what the hub published"),
        "{problems:?}"
    );
    assert!(problems[0].contains("for 60 s"), "{problems:?}");
    assert!(
        problems[1].contains("2 entries of another history"),
        "{problems:?}"
    );
    (standing.mode, standing.halted) = (Mode::Boot, None);
    assert!(standing.is_in_sync());
    assert!(standing.summary().starts_with("STARTING"));
}
