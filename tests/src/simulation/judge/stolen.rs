//! What a thief signed is stored by nobody who knows that the key was closed, not even until the next look (I15).

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::identity::LogId;
use domain::log::PublicKey;

use super::State;
use crate::simulation::memory::Memory;

/// What a thief wrote with a key that was closed since.
#[derive(Debug)]
pub struct Stolen {
    /// The log into which it was written.
    pub log: LogId,
    /// The entries.
    pub forged: BTreeSet<Arc<str>>,
    /// The hub's next key: whoever is told of it knows that the other one was closed.
    pub next: PublicKey,
}

impl State {
    /// Looks from now on whether anybody stores it who knows.
    pub fn closed(&mut self, stolen: Stolen) {
        self.stolen = Some(stolen);
    }

    /// Looks at entries that a node has just stored.
    pub(super) fn look_at_stolen(&mut self, memory: &Memory, id: &LogId, from: u64) {
        let Some(stolen) = self.stolen.as_ref().filter(|stolen| stolen.log == *id) else {
            return;
        };
        let from = usize::try_from(from).expect("logs are short");
        let mut entries = memory.logs[id].entries[from..].iter();
        let is_forged = entries.any(|entry| stolen.forged.contains(&entry.text));
        if !is_forged || memory.hub == id.hub {
            return;
        }
        let words = memory.words();
        let mut keys = words.iter().filter(|word| word.hub == id.hub);
        let is_told = keys.any(|word| word.keys.iter().any(|key| key.key == stolen.next));
        if is_told {
            self.object("I15", || {
                format!(
                    "{} stored what a thief wrote into {id}, whose key it knows to be closed",
                    memory.hub
                )
            });
        }
    }
}
