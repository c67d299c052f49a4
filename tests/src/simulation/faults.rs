//! What goes wrong in a simulation, and how often it did.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A question is lost on its way.
    LostQuestion,
    /// An answer is lost on its way.
    LostAnswer,
    /// A question is answered twice.
    Repeated,
    /// An answer takes long, so that others overtake it.
    Delayed,
    /// An answer is cut off.
    CutAnswer,
    /// Two groups of nodes cannot reach one another.
    Parted,
    /// A node answers slowly, one entry at a time.
    Slow,
    /// A node crashes between two calls to its memory.
    Crash,
    /// A node's memory is put back to an earlier one, which has its own log whole.
    Restore,
    /// The same, and its own log had gone on since; the note of how far it had come is kept.
    RestoreBehind,
    /// The same, and the note is put back as well.
    RestoreWhole,
    /// The same, and the note is lost.
    LostGuard,
    /// A node is lost for good.
    LostNode,
    /// Two pullers of one node are at the same memory.
    TwoPullers,
    /// A node lies about what it holds of others.
    Lie,
    /// A hub signs two histories.
    TwoHistories,
    /// A hub changes its key, and its old one is stolen.
    Rotation,
    /// A key signed entries before anybody knew that it was stolen.
    StolenKey,
    /// The authority admits, suspends, revokes or takes back a member.
    Membership,
    /// An operator denies a hub.
    Denial,
    /// Entries for others than everyone.
    Audience,
    /// Entries that only another program would write: newer versions, unknown kinds, revisions in no order.
    OddEntries,
    /// What is made up speaks of records that its hub has.
    OldRecords,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 23] = [
        Self::LostQuestion,
        Self::LostAnswer,
        Self::Repeated,
        Self::Delayed,
        Self::CutAnswer,
        Self::Parted,
        Self::Slow,
        Self::Crash,
        Self::Restore,
        Self::RestoreBehind,
        Self::RestoreWhole,
        Self::LostGuard,
        Self::LostNode,
        Self::TwoPullers,
        Self::Lie,
        Self::TwoHistories,
        Self::Rotation,
        Self::StolenKey,
        Self::Membership,
        Self::Denial,
        Self::Audience,
        Self::OddEntries,
        Self::OldRecords,
    ];
}

/// A set of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(u32);

impl Faults {
    /// Whether a fault is among them.
    pub const fn contains(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<T: IntoIterator<Item = Fault>>(faults: T) -> Self {
        Self(
            faults
                .into_iter()
                .fold(0, |set, fault| set | 1 << fault as u32),
        )
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(names: &str) -> Result<Self, String> {
        let named = |name: &str| {
            let mut all = Fault::ALL.into_iter();
            let found = all.find(|fault| format!("{fault:?}") == name);
            found.ok_or_else(|| format!("{name:?} is no fault; there are {:?}", Fault::ALL))
        };
        names.split(',').map(named).collect()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let among = Fault::ALL.into_iter().filter(|fault| self.contains(*fault));
        let names: Vec<String> = among.map(|fault| format!("{fault:?}")).collect();
        f.write_str(&names.join(","))
    }
}

/// How often each fault happened.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<Fault, u64>>);

impl Tally {
    /// Counts a fault.
    pub fn count(&self, fault: Fault) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(fault).or_default() += 1;
    }

    /// The counts so far.
    pub fn counts(&self) -> BTreeMap<Fault, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }
}
