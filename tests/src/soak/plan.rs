//! What happens in a soak, drawn from a seed. The same seed draws the same deeds in the same order; how far the hubs are
//! when a deed is done depends on the machine, so a run cannot be repeated exactly.

use std::time::Duration;

use crate::fleet::link::Flow;
use crate::fleet::process::GuardFate;

/// One thing that happens to a hub or a link. Numbers beyond what is there are meant modulo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// A hub publishes so many innovations, one after the other.
    Create(usize, u32),
    /// A hub revises one of its innovations: which one.
    Revise(usize, usize),
    /// A hub takes one of its innovations back: which one.
    Withdraw(usize, usize),
    /// A hub imports so many rows of the records in `data`, from one on.
    Import(usize, usize, usize),
    /// A hub's process is killed, and started after a while.
    Kill(usize, Duration),
    /// A hub is stopped in good order, and started after a while.
    Stop(usize, Duration),
    /// A hub's database is copied.
    Copy(usize),
    /// One of a hub's copies is put in the place of its database: which one, counted from the newest.
    PutBack(usize, usize, GuardFate),
    /// A hub's machine is lost, and the hub is got back on an empty one with its key and its peers.
    Lose(usize),
    /// A link passes bytes otherwise, for a while.
    Disturb(usize, Flow, Duration),
}

/// Draws the next deed, and how long after it the one after follows.
pub fn draw(chance: &mut fastrand::Rng) -> (Deed, Duration) {
    let hub = chance.usize(..1000);
    let which = chance.usize(..100_000);
    let deed = match chance.u32(..100) {
        0..30 => Deed::Create(hub, chance.u32(1..6)),
        30..55 => Deed::Revise(hub, which),
        55..60 => Deed::Withdraw(hub, which),
        60..62 => Deed::Import(hub, which, chance.usize(1..30)),
        62..68 => Deed::Kill(hub, seconds(chance, 0.0, 4.0)),
        68..70 => Deed::Stop(hub, seconds(chance, 0.0, 4.0)),
        70..78 => Deed::Copy(hub),
        78..84 => Deed::PutBack(hub, chance.usize(..3), fate(chance)),
        84 => Deed::Lose(hub),
        85..92 => Deed::Disturb(which, Flow::Cut, seconds(chance, 1.0, 15.0)),
        _ => Deed::Disturb(which, slow(chance), seconds(chance, 1.0, 15.0)),
    };
    (deed, seconds(chance, 0.02, 0.3))
}

fn seconds(chance: &mut fastrand::Rng, least: f64, most: f64) -> Duration {
    Duration::from_secs_f64(least + (most - least) * chance.f64())
}

fn fate(chance: &mut fastrand::Rng) -> GuardFate {
    [GuardFate::Kept, GuardFate::Lost, GuardFate::PutBack][chance.usize(..3)]
}

fn slow(chance: &mut fastrand::Rng) -> Flow {
    Flow::Slow {
        delay: seconds(chance, 0.01, 0.4),
        bytes_per_second: chance.u32(2_000..200_000),
    }
}
