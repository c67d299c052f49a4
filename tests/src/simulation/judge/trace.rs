//! What happened, line by line: the last lines for people, and a hash over all of them.

use std::collections::VecDeque;
use std::fmt;

use crate::simulation::time::millis;

/// How many lines are kept.
const KEPT: usize = 60;

/// The trace of a simulation.
#[derive(Debug)]
pub struct Trace {
    lines: VecDeque<String>,
    count: u64,
    hash: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            lines: VecDeque::new(),
            count: 0,
            // FNV-1a, 64 bits.
            hash: 0xcbf2_9ce4_8422_2325,
        }
    }
}

impl Trace {
    /// Adds a line. Times are virtual milliseconds from the first line on.
    pub fn note(&mut self, line: fmt::Arguments<'_>) {
        let text = format!("{:>7} {line}", millis());
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.count += 1;
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(text);
    }

    /// A number that any difference in any line changes.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many lines there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The last lines.
    pub fn last(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
