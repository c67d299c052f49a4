//! Many nodes in one process, in virtual time, with everything that may go wrong on the road and in them, from one seed.
//!
//! What decides is the product's own code: rounds ([`sync::round::Puller`]), what a log takes in, trust, states, proofs. Only
//! the database, the road, the clock and chance are others.
//!
//! - [`simulate`] runs one seed; [`Outcome`] says what came of it. The same seed gives the same trace.
//! - [`faults`] are what goes wrong; [`lies`] how relays lie.
//! - [`memory`] is a node's database, [`network`] the road, [`world`] the nodes and what they do.
//! - `time` is virtual, and says who goes on next.
//! - [`judge`] knows what really happened and looks at every commit.
//! - [`growth`] measures how requests, bytes and time grow with the number of hubs.
//!
//! Not here: whether the real databases keep what they are given (`tests/it/storage`), and the real wire (`tests/it`).

pub mod faults;
pub mod growth;
pub mod judge;
pub mod lies;
pub mod memory;
pub mod network;
pub mod random;
mod time;
pub mod world;

use std::collections::BTreeMap;
use std::fmt;

use domain::rules::{self, Rule};
use faults::{Fault, Faults};
use judge::Violation;
use world::World;

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Everything that is left to chance.
    pub seed: u64,
    /// How many nodes there are; 3 at least.
    pub nodes: usize,
    /// How many things happen before the faults stop.
    pub steps: u64,
    /// The faults that there are; if nothing is said, each is among them in every second seed.
    pub faults: Option<Faults>,
    /// The rule that does not hold.
    pub without: Option<Rule>,
    /// How many of the last lines of the trace are kept for people.
    pub lines: usize,
}

/// What came of a seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was simulated.
    pub settings: Settings,
    /// The first invariant that was broken.
    pub violation: Option<Violation>,
    /// A number that any difference in the trace changes.
    pub hash: u64,
    /// The last lines of the trace.
    pub last: Vec<String>,
    /// How often each fault happened.
    pub faults: BTreeMap<Fault, u64>,
    /// Questions asked.
    pub questions: u64,
    /// Rounds begun.
    pub rounds: u64,
    /// Entries written.
    pub entries: u64,
    /// Virtual milliseconds.
    pub millis: u64,
}

/// Simulates one seed in virtual time. A panic of the product is a violation as well.
pub fn simulate(settings: Settings) -> Outcome {
    let run = || {
        rules::without(settings.without, || {
            time::in_virtual_time(World::run(settings))
        })
    };
    std::panic::catch_unwind(run).unwrap_or_else(|_| Outcome {
        settings,
        violation: Some(Violation {
            invariant: "panic",
            what: "something panicked, see above".to_owned(),
        }),
        hash: 0,
        last: Vec::new(),
        faults: BTreeMap::new(),
        questions: 0,
        rounds: 0,
        entries: 0,
        millis: 0,
    })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings {
            seed,
            nodes,
            steps,
            faults,
            without,
            ..
        } = self.settings;
        let Some(violation) = &self.violation else {
            return write!(f, "seed {seed}: all invariants hold");
        };
        for line in &self.last {
            writeln!(f, "{line}")?;
        }
        writeln!(
            f,
            "seed {seed} breaks {}: {}",
            violation.invariant, violation.what
        )?;
        write!(
            f,
            "again: cargo run -p tests --bin simulate -- --seeds {seed} --nodes {nodes} --steps {steps}"
        )?;
        if let Some(faults) = faults {
            write!(f, " --faults {faults}")?;
        }
        without.map_or(Ok(()), |rule| write!(f, " --without {rule:?}"))
    }
}
