//! A key that is stolen, and used before anybody knows: the thief signs entries behind those of its hub. Then the authority
//! closes the key, and the hub goes on with a new one in its next log, unless it is gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::identity::{Epoch, LogId};
use domain::log::SigningKey;
use domain::trust::TrustedKey;

use super::{AUTHORITY, World, hub_of, key_of};
use crate::simulation::faults::Fault;
use crate::simulation::judge::Stolen;
use crate::simulation::time::VirtualClock;

/// A theft, and what came of it.
#[derive(Debug)]
pub(super) struct Theft {
    /// Whose key it is.
    pub(super) victim: usize,
    /// The log that the thief wrote into.
    log: LogId,
    /// What the thief wrote.
    forged: BTreeSet<Arc<str>>,
    /// The last size that its hub knows to be good.
    good: u64,
    /// Where the key ends, once it is closed: in which log, at which size, and the key that comes next.
    closed: Option<(Epoch, u64, SigningKey)>,
    /// The hub goes on with its new key.
    is_over: bool,
}

impl World {
    /// The thief signs entries behind those of a hub, or the theft that was is found out.
    pub(super) fn steal_key(&mut self, number: usize) -> bool {
        if self.theft.is_some() {
            return self.close_stolen_key();
        }
        let Some(thief) = self.liar else { return false };
        let node = &self.nodes[number];
        let is_fit = ![Some(AUTHORITY), self.liar, self.two_faced].contains(&Some(number))
            && self.is_writing(number)
            && node.next_key.is_none()
            && node.old_key.is_none()
            && self.is_member(number);
        let memory = node.store.memory().clone();
        let Some(log) = memory.own_log().cloned().filter(|_| is_fit) else {
            return false;
        };
        let held = Arc::clone(&memory.logs[&log]);
        let key = node.key.clone();
        let forged = self.forge(&held, held.size(), &log, &key);
        let texts: Vec<_> = forged
            .entries
            .iter()
            .map(|entry| Arc::clone(&entry.text))
            .collect();
        let good = held.size();
        let from = usize::try_from(good).expect("logs are short");
        self.theft = Some(Theft {
            victim: number,
            log: log.clone(),
            forged: texts[from..].iter().map(Arc::clone).collect(),
            good,
            closed: None,
            is_over: false,
        });
        self.judge.state().wrote_otherwise(&log, texts);
        let liar = self.nodes[thief].store.memory().clone();
        let told = (0..self.nodes.len()).filter(|_| self.random.chance(700));
        self.pretend(thief, &liar, log, forged, told.collect());
        true
    }

    /// Whether a hub's key was stolen.
    pub(super) fn is_victim(&self, number: usize) -> bool {
        self.theft
            .as_ref()
            .is_some_and(|theft| theft.victim == number)
    }

    fn is_member(&self, number: usize) -> bool {
        let word = self.words.get(&hub_of(number));
        word.is_some_and(|word| word.status == "ACTIVE")
    }

    /// Whether a thief wrote into a log, or into one that its hub opened before the theft was found out.
    pub(super) fn is_stolen(&self, log: &LogId) -> bool {
        let theft = self.theft.as_ref();
        theft.is_some_and(|theft| log.hub == theft.log.hub)
    }

    /// The authority closes a key that was stolen. The hub may be gone by then.
    pub(super) fn close_stolen_key(&mut self) -> bool {
        let can_say = self.is_authority_writing();
        let Some(theft) = self
            .theft
            .as_ref()
            .filter(|theft| theft.closed.is_none() && can_say)
        else {
            return false;
        };
        let (victim, hub) = (theft.victim, hub_of(theft.victim));
        if !self.is_member(victim) {
            return false;
        }
        let memory = self.nodes[victim].store.memory().clone();
        let Some(open) = memory.own_log().cloned() else {
            return false;
        };
        // In a log that the hub began since, it knows all that it wrote.
        let until = if open == theft.log {
            theft.good
        } else {
            memory.logs[&open].size()
        };
        let next = key_of(&self.random);
        let stolen = self.nodes[victim].key.public();
        let Some(word) = self.words.get_mut(&hub) else {
            return false;
        };
        let closed = word.keys.iter_mut().filter(|key| key.key == stolen);
        closed.for_each(|key| {
            (key.until, key.until_epoch) = (Some(until), Some(open.epoch));
        });
        word.keys.push(TrustedKey {
            from: until,
            from_epoch: Some(open.epoch),
            ..TrustedKey::always(next.public())
        });
        if let Some(theft) = &mut self.theft {
            if open == theft.log {
                self.judge.state().closed(Stolen {
                    log: open.clone(),
                    forged: theft.forged.clone(),
                    next: next.public(),
                });
            }
            theft.closed = Some((open.epoch, until, next));
        }
        self.publish(&hub);
        let line = format_args!("the key of {victim} is closed at {until} of {open}");
        self.judge.state().trace.note(line);
        if self.faults.contains(Fault::LostNode) && self.lost.is_empty() && self.random.chance(500)
        {
            self.lose_now(victim);
        }
        true
    }

    /// When the word on its new key has come back to the hub whose key was stolen, it goes on in its next log.
    pub(super) fn use_new_key(&mut self) {
        let Some(theft) = self.theft.as_ref().filter(|theft| !theft.is_over) else {
            return;
        };
        let victim = theft.victim;
        let Some((_, until, next)) = theft.closed.clone() else {
            return;
        };
        let is_told = self.is_told(victim, victim, &next.public());
        if !is_told || !self.is_writing(victim) {
            return;
        }
        self.kill_rounds(victim);
        let entropy = self.random.clone();
        let node = &mut self.nodes[victim];
        let old = std::mem::replace(&mut node.key, next);
        node.old_key = Some((old, until));
        let mut memory = node.store.memory();
        memory.key = Some(node.key.public());
        let closed = memory.closed_logs();
        let opened = (!closed.is_empty()).then(|| {
            let opened = memory.reopen(&node.key, None, &closed, &VirtualClock, &entropy);
            let begun = opened.expect("a hub that writes can open a log");
            for log in &begun {
                node.store.tell_cut(&memory, log);
                node.store.tell_written(&memory, log, 0);
            }
            begun
        });
        drop(memory);
        self.kill_rounds(victim);
        if opened.is_none() {
            self.write(victim);
        }
        self.nodes[victim].renew_guard();
        if let Some(theft) = &mut self.theft {
            theft.is_over = true;
        }
        let line = format_args!("{victim} goes on in {opened:?} with a new key");
        self.judge.state().trace.note(line);
    }

    /// What a thief wrote and a node still holds though it has heard that the key was closed (I15).
    pub(super) fn still_stolen(&self, number: usize) -> Option<String> {
        let theft = self.theft.as_ref()?;
        let (epoch, _, next) = theft.closed.as_ref()?;
        if *epoch != theft.log.epoch {
            // Before it was known, its hub took it over as its own, and began the next log with it.
            return None;
        }
        let is_told = self.is_told(number, theft.victim, &next.public());
        if !is_told || number == theft.victim || theft.log.hub == self.nodes[number].hub {
            return None;
        }
        let memory = self.nodes[number].store.memory();
        let held = memory.logs.get(&theft.log)?;
        let place = held
            .entries
            .iter()
            .position(|entry| theft.forged.contains(&entry.text))?;
        Some(format!(
            "node {number} knows that the key was closed and holds entry {place} of {}, the thief's",
            theft.log
        ))
    }
}
