//! The simulator holds what it promises: seeds come again, no seed breaks an invariant, and a rule that is taken away is
//! missed.

use domain::rules::Rule;
use testkit::simulation::{Settings, simulate};

const SETTINGS: Settings = Settings {
    seed: 0,
    nodes: 8,
    steps: 300,
    faults: None,
    without: None,
    lines: 60,
};

/// Seeds that failed once, one a line; what stands behind `#` says why.
const FAILED_ONCE: &str = include_str!("../simulation-seeds.txt");

/// For each rule a seed that misses it.
const RULES: &str = include_str!("../simulation-rules.txt");

/// The settings of a line of these files: a seed, then hubs, steps and faults if they are others than [`SETTINGS`] has.
fn settings(line: &str) -> Settings {
    let mut words = line.split_whitespace();
    let mut number = || {
        words.next().map(|word| {
            word.parse::<u64>()
                .expect("seed, hubs and steps are numbers")
        })
    };
    let seed = number().expect("a line has a seed");
    let nodes = number().map_or(SETTINGS.nodes, |number| {
        usize::try_from(number).expect("a simulation is small")
    });
    let steps = number().unwrap_or(SETTINGS.steps);
    let faults = words.next().map(|names| names.parse().expect("faults"));
    Settings {
        seed,
        nodes,
        steps,
        faults,
        ..SETTINGS
    }
}

#[track_caller]
fn check(settings: Settings) {
    let outcome = simulate(settings);
    assert!(outcome.violation.is_none(), "{outcome}");
}

#[test]
fn a_seed_gives_the_same_trace_again() {
    for seed in 0..5 {
        let settings = Settings { seed, ..SETTINGS };
        assert_eq!(simulate(settings).hash, simulate(settings).hash, "{seed}");
    }
    let other = Settings {
        seed: 1,
        ..SETTINGS
    };
    assert_ne!(simulate(SETTINGS).hash, simulate(other).hash);
}

#[test]
fn no_seed_breaks_an_invariant() {
    for seed in 0..60 {
        check(Settings { seed, ..SETTINGS });
    }
}

#[test]
fn seeds_that_failed_once_hold() {
    for line in FAILED_ONCE.lines() {
        let words = line.split('#').next().unwrap_or_default().trim();
        if !words.is_empty() {
            check(settings(words));
        }
    }
}

#[test]
fn every_rule_is_missed() {
    let mut found = std::collections::BTreeMap::new();
    for line in RULES.lines().filter(|line| !line.starts_with('#')) {
        let (rule, words) = line.split_once(' ').expect("a rule and a seed");
        found.insert(rule, settings(words));
    }
    for rule in Rule::ALL {
        let name = format!("{rule:?}");
        let with = *found
            .get(name.as_str())
            .unwrap_or_else(|| panic!("no seed that misses {name} is known"));
        check(with);
        let without = Settings {
            without: Some(rule),
            ..with
        };
        let is_missed = simulate(without).violation.is_some();
        assert!(is_missed, "seed {} does not miss {name}", with.seed);
    }
    assert_eq!(found.len(), Rule::ALL.len(), "every line names a rule");
}
