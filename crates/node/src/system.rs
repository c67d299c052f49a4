//! The real clock and the system's randomness.

use domain::clock::Clock;
use domain::entropy::Entropy;
use time::OffsetDateTime;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// The memory that this process may use, in bytes: that of the machine, or of its control group where that is less (cgroup v2,
/// `memory.max`). Nothing where Linux does not tell.
pub fn memory() -> Option<u64> {
    let of_machine = std::fs::read_to_string("/proc/meminfo").ok();
    let of_group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let of_group = of_group.and_then(|text| text.trim().parse().ok());
    let of_machine = of_machine.as_deref().and_then(total);
    of_machine.into_iter().chain(of_group).min()
}

/// The whole memory, by the lines of `/proc/meminfo`.
fn total(lines: &str) -> Option<u64> {
    let line = lines
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes: u64 = line?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives random numbers");
    }
}

impl SystemEntropy {
    /// A number from 0 up to 1.
    pub fn fraction(self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    /// A random UUID (version 4).
    pub fn uuid(self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_memory_is_found_among_the_lines() {
        let lines = "MemFree:  1 kB\nMemTotal:       24677384 kB\n";
        assert_eq!(total(lines), Some(24_677_384 * 1024));
        assert_eq!(total("MemTotal: much"), None);
    }
}
