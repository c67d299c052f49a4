//! Simulates many seeds and prints what came of them. CONTRIBUTING.md says how to use it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use domain::rules::Rule;
use testkit::simulation::faults::Fault;
use testkit::simulation::growth::{self, Growth};
use testkit::simulation::{Outcome, Settings, simulate};

const USAGE: &str = "usage: simulate [--seeds FROM..UNTIL | --seeds SEED] [--nodes N] [--steps N] [--threads N] [--faults FAULT,…] [--without RULE] [--except SEED,…] [--lines N]
       simulate --growth N,N,… [--plot FILE]";

struct Wishes {
    seeds: Range<u64>,
    settings: Settings,
    threads: u64,
    except: Vec<u64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [growth, hubs] if growth == "--growth" => return grow(hubs, None),
        [growth, hubs, plot, file] if growth == "--growth" && plot == "--plot" => {
            return grow(hubs, Some(Path::new(file)));
        }
        _ => {}
    }
    match parse(&arguments) {
        Ok(wishes) => run(&wishes),
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Wishes, String> {
    let mut wishes = Wishes {
        seeds: 0..1000,
        settings: Settings {
            seed: 0,
            nodes: 8,
            steps: 300,
            faults: None,
            without: None,
            lines: 60,
        },
        threads: 1,
        except: Vec::new(),
    };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name.as_str() {
            "--seeds" => wishes.seeds = seeds(value()?)?,
            "--nodes" => wishes.settings.nodes = number(name, value()?)?,
            "--steps" => wishes.settings.steps = number(name, value()?)?,
            "--lines" => wishes.settings.lines = number(name, value()?)?,
            "--threads" => wishes.threads = number(name, value()?)?,
            "--except" => {
                let listed = value()?.split(',').map(|seed| number(name, seed));
                wishes.except = listed.collect::<Result<_, _>>()?;
            }
            "--faults" => wishes.settings.faults = Some(value()?.parse()?),
            "--without" => wishes.settings.without = Some(rule(value()?)?),
            other => return Err(format!("{other} is no option")),
        }
    }
    if wishes.settings.nodes < 3 {
        return Err("--nodes must be 3 at least".to_owned());
    }
    Ok(wishes)
}

/// Prints how requests, bytes and virtual time grow with the number of hubs, and draws it.
fn grow(hubs: &str, plot: Option<&Path>) -> ExitCode {
    println!("{}", Growth::COLUMNS);
    let mut measured = Vec::new();
    for hubs in hubs.split(',') {
        match number("--growth", hubs) {
            Ok(hubs) if hubs > 5 => {
                let growth = growth::measure(hubs, 1);
                println!("{growth}");
                measured.push(growth);
            }
            _ => {
                eprintln!("{hubs:?} is not a number of hubs above 5\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    if let Some(Err(error)) = plot.map(|file| growth::draw(&measured, file)) {
        eprintln!("the plot cannot be drawn: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn number<T: std::str::FromStr>(name: &str, raw: &str) -> Result<T, String> {
    raw.parse()
        .map_err(|_| format!("{name} needs a number, not {raw:?}"))
}

fn seeds(raw: &str) -> Result<Range<u64>, String> {
    if let Some((from, until)) = raw.split_once("..") {
        return Ok(number("--seeds", from)?..number("--seeds", until)?);
    }
    let seed = number("--seeds", raw)?;
    Ok(seed..seed + 1)
}

fn rule(raw: &str) -> Result<Rule, String> {
    let found = Rule::ALL
        .into_iter()
        .find(|rule| format!("{rule:?}") == raw);
    found.ok_or_else(|| format!("{raw:?} is no rule; there are {:?}", Rule::ALL))
}

#[derive(Default)]
struct Sum {
    seeds: u64,
    faults: BTreeMap<Fault, (u64, u64)>,
    rounds: u64,
    questions: u64,
    entries: u64,
    failed: Vec<Outcome>,
}

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.rounds += outcome.rounds;
        self.questions += outcome.questions;
        self.entries += outcome.entries;
        for (fault, times) in &outcome.faults {
            let (seeds, all) = self.faults.entry(*fault).or_default();
            *seeds += 1;
            *all += times;
        }
        if outcome.violation.is_some() {
            self.failed.push(outcome);
        }
    }

    fn print(&self, seconds: f64) {
        println!("{:<14} {:>8} {:>10}", "fault", "seeds", "times");
        for fault in Fault::ALL {
            let (seeds, times) = self.faults.get(&fault).copied().unwrap_or_default();
            println!("{:<14} {seeds:>8} {times:>10}", format!("{fault:?}"));
        }
        println!(
            "{} seeds, {} rounds, {} questions, {} entries written, {seconds:.1} s",
            self.seeds, self.rounds, self.questions, self.entries
        );
    }
}

fn run(wishes: &Wishes) -> ExitCode {
    let begun = Instant::now();
    let sum = Mutex::new(Sum::default());
    let next = AtomicU64::new(wishes.seeds.start);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= wishes.seeds.end {
                break;
            }
            if wishes.except.contains(&seed) {
                continue;
            }
            let settings = Settings {
                seed,
                ..wishes.settings
            };
            let outcome = simulate(settings);
            if outcome.violation.is_some() {
                println!("{outcome}\n");
            }
            sum.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..wishes.threads.max(1) {
            scope.spawn(work);
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.print(begun.elapsed().as_secs_f64());
    if sum.failed.is_empty() {
        println!("all invariants hold");
        return ExitCode::SUCCESS;
    }
    let seeds: Vec<u64> = sum
        .failed
        .iter()
        .map(|failed| failed.settings.seed)
        .collect();
    println!("{} seeds fail: {seeds:?}", seeds.len());
    ExitCode::FAILURE
}
