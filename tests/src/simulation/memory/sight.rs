//! Keeping of each log what the hub may have, when what it may have changes: what `storage::logs::audience` does.

use domain::entry::{Operation, Sight};
use domain::identity::{HubId, LogId};

use super::Memory;

impl Memory {
    /// What this hub may keep of a hub's logs, by the trust of this moment.
    pub(super) fn sight_here(&mut self, origin: &HubId) -> Sight {
        let hub = self.hub.clone();
        self.believed().sight_here(&hub, origin)
    }

    /// Whether another hub can show here who it is.
    pub fn knows(&mut self, viewer: &Self) -> bool {
        let mut keys = self.believed().open_keys(&viewer.hub);
        keys.any(|key| Some(*key) == viewer.key)
    }

    /// What another hub may see here of a hub's logs, if it shows by a key of its own who it is.
    pub fn sight_of(&mut self, viewer: &Self, origin: &HubId) -> Sight {
        if self.knows(viewer) {
            self.believed().sight_of(&viewer.hub, origin)
        } else {
            Sight::Public
        }
    }

    /// Brings what is kept into line with the trust of this moment, and names the logs of which that changed.
    pub(super) fn settle(&mut self) -> Vec<LogId> {
        if self.settled_mark == self.trust_mark {
            return Vec::new();
        }
        self.settled_mark = self.trust_mark;
        let is_other = |log: &&LogId| log.hub != self.hub;
        let others: Vec<LogId> = self.logs.keys().filter(is_other).cloned().collect();
        let mut changed = Vec::new();
        for log in others {
            let sight = self.sight_here(&log.hub);
            let before = self.logs[&log].sight;
            if sight == before {
                continue;
            }
            if sight > before {
                self.ask_for(&log, sight);
            } else {
                self.let_go(&log, sight);
                self.drop_left_out(|id, header| *id == log && !sight.sees(&header.audience));
            }
            self.log_mut(&log).sight = sight;
            self.stamp(&log);
            changed.push(log);
        }
        changed
    }

    /// Notes as missing what may be had from now on.
    fn ask_for(&mut self, log: &LogId, sight: Sight) {
        let held = &self.logs[log];
        let is_absent = |place: u64| {
            held.entry(place)
                .is_some_and(|entry| entry.payload.is_none())
        };
        let speaking = self.speaking(log).into_iter();
        let wanted = speaking.filter(|(place, header)| {
            let is_put = matches!(header.operation, Operation::Put { .. });
            is_put && sight.sees(&header.audience) && is_absent(*place)
        });
        let wanted: Vec<u64> = wanted.map(|(place, _)| place).collect();
        self.log_mut(log).missing.extend(wanted);
    }

    /// Drops the payloads that may not be had any more, and what they show.
    fn let_go(&mut self, log: &LogId, sight: Sight) {
        let held = self.log_mut(log);
        let mut gone = Vec::new();
        for (place, entry) in (0..).zip(&mut held.entries) {
            let Some(header) = entry.header.as_deref() else {
                continue;
            };
            if !sight.sees(&header.audience) {
                entry.payload = None;
                gone.push((place, header.record));
            }
        }
        for (place, _) in &gone {
            held.missing.remove(place);
        }
        let shown = std::sync::Arc::make_mut(&mut self.shown);
        for (place, record) in gone {
            let key = (log.hub.clone(), record);
            let is_it = |shown: &super::Shown| shown.epoch == log.epoch && shown.place == place;
            if shown.get(&key).is_some_and(is_it) {
                shown.remove(&key);
            }
        }
    }

    /// Notes what a peer holds; of all logs what is held here if none is named.
    pub(super) fn note_holding(&mut self, peer: i64, held: Option<(&LogId, u64)>) {
        if let Some((log, size)) = held {
            self.holdings.insert((peer, log.clone()), size);
            return;
        }
        let proved = self.logs.iter().filter(|(_, log)| log.checkpoint.is_some());
        for (id, log) in proved {
            self.holdings.insert((peer, id.clone()), log.proved_size);
        }
    }
}
