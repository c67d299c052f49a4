//! The memory of a running node, and what is told of it.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::identity::{HubId, LogId, NetworkId};

use super::store::Answer;
use super::{Memory, MemoryLog, Renewed};

/// A commit, as the judge is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Entries came in, from this place on.
    Entries {
        /// The size before.
        from: u64,
    },
    /// Entries went, so that sizes may be smaller.
    Cut,
    /// Payloads came in.
    Payloads,
    /// Something else was noted of the log.
    Note,
}

/// Who is told of each commit.
pub trait Watch: Send + Sync {
    /// A log was changed at a node.
    fn committed(&self, node: usize, memory: &Memory, log: &LogId, commit: Commit);

    /// A node wrote to its own log, from this place on.
    fn wrote(&self, node: usize, memory: &Memory, log: &LogId, from: u64);

    /// A node wrote again what it had set aside.
    fn renewed(&self, entries: Vec<Renewed>);
}

/// A node's memory. Clones are the same memory.
#[derive(Clone)]
pub struct MemoryStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    node: usize,
    pub(super) network: NetworkId,
    pub(super) hub: HubId,
    memory: Mutex<Memory>,
    pub(super) watch: Arc<dyn Watch>,
    /// How many more calls are answered before the node crashes; 0 for no crash.
    calls_left: AtomicU64,
    has_crashed: AtomicBool,
}

impl MemoryStore {
    /// Holds a memory for a node.
    pub fn new(node: usize, memory: Memory, watch: Arc<dyn Watch>) -> Self {
        Self(Arc::new(Inner {
            node,
            network: memory.network.clone(),
            hub: memory.hub.clone(),
            memory: Mutex::new(memory),
            watch,
            calls_left: AtomicU64::new(0),
            has_crashed: AtomicBool::new(false),
        }))
    }

    /// The memory, for as long as the guard lives.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        let memory = self.0.memory.try_lock();
        memory.expect("one thread takes one memory at a time")
    }

    /// Lets the node crash before its so many-th call from now.
    pub fn crash_in(&self, calls: u64) {
        self.0.calls_left.store(calls, Ordering::Relaxed);
    }

    /// Whether the node has crashed: none of its rounds goes on.
    pub fn has_crashed(&self) -> bool {
        self.0.has_crashed.load(Ordering::Relaxed)
    }

    /// The node runs again.
    pub fn start(&self) {
        self.0.calls_left.store(0, Ordering::Relaxed);
        self.0.has_crashed.store(false, Ordering::Relaxed);
    }

    /// Ends here if the node crashes now. A crashed node does nothing until it is started anew.
    pub(super) async fn live(&self) {
        let left = self.0.calls_left.load(Ordering::Relaxed);
        if left > 0 {
            self.0.calls_left.store(left - 1, Ordering::Relaxed);
            if left == 1 {
                self.0.has_crashed.store(true, Ordering::Relaxed);
            }
        }
        if self.has_crashed() {
            pending::<()>().await;
        }
    }

    /// Tells of a commit.
    pub fn tell(&self, memory: &Memory, log: &LogId, commit: Commit) {
        self.0.watch.committed(self.0.node, memory, log, commit);
    }

    /// Tells of what the node wrote to its own log since it had so many entries.
    pub fn tell_written(&self, memory: &Memory, log: &LogId, from: u64) {
        self.0.watch.wrote(self.0.node, memory, log, from);
        self.tell(memory, log, Commit::Entries { from });
    }

    /// The first entry of a log may have cut the hub's others.
    pub fn tell_cut(&self, memory: &Memory, log: &LogId) {
        for other in memory.logs_of(&log.hub).filter(|other| *other != log) {
            self.tell(memory, other, Commit::Cut);
        }
    }

    pub(super) async fn note(&self, log: &LogId, note: impl FnOnce(&mut MemoryLog)) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        note(memory.log_mut(log));
        self.tell(&memory, log, Commit::Note);
        Ok(())
    }

    /// The same for a log that is held; of another nothing is noted.
    pub(super) async fn note_held(
        &self,
        log: &LogId,
        note: impl FnOnce(&mut MemoryLog),
    ) -> Answer<()> {
        self.live().await;
        let mut memory = self.memory();
        if memory.logs.contains_key(log) {
            note(memory.log_mut(log));
            self.tell(&memory, log, Commit::Note);
        }
        Ok(())
    }
}
