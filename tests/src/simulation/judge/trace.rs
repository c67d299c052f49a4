//! What happened, line by line: the last lines for people, and a hash over all of them.

use std::collections::VecDeque;
use std::fmt;

use crate::simulation::time::millis;

/// The trace of a simulation.
#[derive(Debug)]
pub struct Trace {
    lines: VecDeque<String>,
    kept: usize,
    count: u64,
    hash: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            lines: VecDeque::new(),
            kept: 0,
            count: 0,
            // FNV-1a, 64 bits.
            hash: 0xcbf2_9ce4_8422_2325,
        }
    }
}

impl Trace {
    /// Keeps so many of the last lines.
    pub fn keep(&mut self, lines: usize) {
        self.kept = lines;
    }

    /// Adds a line. Times are virtual milliseconds from the first line on.
    pub fn note(&mut self, line: fmt::Arguments<'_>) {
        let text = format!("{:>7} {line}", millis());
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.count += 1;
        self.lines.push_back(text);
        if self.lines.len() > self.kept {
            self.lines.pop_front();
        }
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
