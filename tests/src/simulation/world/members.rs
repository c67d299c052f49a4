//! What the authority says of members, and what becomes of their keys.

use std::collections::BTreeSet;

use domain::entry::{Audience, Change, DeletionReason, Kind};
use domain::identity::{Epoch, HubId, RecordId};
use domain::log::PublicKey;
use domain::trust::{MemberKeyDraft, MembershipDraft, TrustedKey};

use super::{AUTHORITY, Node, World, hub_of, key_of};

/// What the authority last said of a member.
#[derive(Clone, Debug)]
pub(super) struct Word {
    record: RecordId,
    pub(super) keys: Vec<TrustedKey>,
    pub(super) status: &'static str,
}

impl World {
    /// Most hubs are members from the beginning.
    pub(super) fn admit_first_members(&mut self) {
        for number in 1..self.nodes.len() {
            if self.random.chance(700) {
                self.admit(number, "ACTIVE");
            }
        }
    }

    fn admit(&mut self, number: usize, status: &'static str) {
        let word = Word {
            record: self.new_record(),
            keys: vec![TrustedKey::always(self.nodes[number].key.public())],
            status,
        };
        self.words.insert(hub_of(number), word);
        self.publish(&hub_of(number));
    }

    /// Says the word on a member as it is now.
    pub(super) fn publish(&mut self, hub: &HubId) {
        // Another record may say it, too: the last word counts, wherever it stands.
        if self.random.chance(200) {
            let record = self.new_record();
            if let Some(word) = self.words.get_mut(hub) {
                word.record = record;
            }
        }
        let Some(word) = self.words.get(hub).cloned() else {
            return;
        };
        let key = |trusted: &TrustedKey| MemberKeyDraft {
            key: trusted.key.to_string(),
            from: trusted.from,
            from_epoch: trusted.from_epoch.map(Epoch::get),
            until: trusted.until,
            until_epoch: trusted.until_epoch.map(Epoch::get),
        };
        let draft = MembershipDraft {
            hub: hub.to_string(),
            name: format!("Hub {hub}"),
            keys: word.keys.iter().map(key).collect(),
            status: word.status.to_owned(),
            ..MembershipDraft::default()
        };
        let body = serde_json::to_string(&draft).expect("a draft is text and numbers");
        self.say(word.record, Change::Put(body));
    }

    fn say(&mut self, record: RecordId, change: Change) {
        let revision = self.next_revision(AUTHORITY, record);
        let entry = self.seal(record, revision, Kind::MEMBERSHIP, Audience::Public, change);
        self.issue(AUTHORITY, vec![entry]);
    }

    fn can_authority_write(&self) -> bool {
        self.is_authority_writing()
    }

    /// The authority admits a hub, closes it, takes it back, or takes back that it ever spoke of it.
    pub(super) fn say_of_member(&mut self, number: usize) -> bool {
        if number == AUTHORITY || !self.can_authority_write() {
            return false;
        }
        let hub = hub_of(number);
        let closed = *self.random.pick(&["SUSPENDED", "REVOKED"]);
        let is_victim = self.is_victim(number);
        let Some(word) = self.words.get_mut(&hub) else {
            let is_open = self.random.chance(600);
            self.admit(number, if is_open { "ACTIVE" } else { closed });
            return true;
        };
        let is_free = !is_victim
            && self.nodes[number].old_key.is_none()
            && self.nodes[number].next_key.is_none();
        if is_free && self.random.chance(100) {
            let record = word.record;
            self.words.remove(&hub);
            self.say(record, Change::Delete(DeletionReason::Error));
            return true;
        }
        word.status = match word.status {
            "ACTIVE" => closed,
            _ => "ACTIVE",
        };
        self.publish(&hub);
        true
    }

    /// A member makes a new key, and the authority says so.
    pub(super) fn announce_key(&mut self, number: usize) -> bool {
        let is_fit = number != AUTHORITY
            && self.two_faced != Some(number)
            && self.can_authority_write()
            && !self.lost.contains(&number)
            && !self.is_victim(number);
        let node = &self.nodes[number];
        if !is_fit || !node.writes() || node.next_key.is_some() || node.old_key.is_some() {
            return false;
        }
        let from = self.own_size(number);
        let Some(epoch) = self.own_epoch(number) else {
            return false;
        };
        let next = key_of(&self.random);
        let Some(word) = self.words.get_mut(&hub_of(number)) else {
            return false;
        };
        word.keys.push(TrustedKey {
            from,
            from_epoch: Some(epoch),
            ..TrustedKey::always(next.public())
        });
        self.nodes[number].next_key = Some(next);
        self.publish(&hub_of(number));
        true
    }

    fn own_epoch(&self, number: usize) -> Option<Epoch> {
        let memory = self.nodes[number].store.memory();
        memory.own_log().map(|log| log.epoch)
    }

    pub(super) fn own_size(&self, number: usize) -> u64 {
        let memory = self.nodes[number].store.memory();
        let own = memory.own_log().and_then(|log| memory.logs.get(log));
        own.map_or(0, |log| log.size())
    }

    /// When the word on its new key has come back to a member, it signs with it, beginning with an entry of its own, and the
    /// authority closes the old key.
    pub(super) fn use_next_key(&mut self, number: usize) {
        let node = &self.nodes[number];
        let is_up = self.is_writing(number);
        let Some(next) = node.next_key.clone() else {
            return;
        };
        if !is_up || !self.can_authority_write() || !self.is_told(number, number, &next.public()) {
            return;
        }
        let (until, until_epoch) = (self.own_size(number), self.own_epoch(number));
        self.kill_rounds(number);
        let node = &mut self.nodes[number];
        let old = std::mem::replace(&mut node.key, next);
        node.old_key = Some((old.clone(), until));
        node.next_key = None;
        node.store.memory().key = Some(node.key.public());
        self.kill_rounds(number);
        self.write(number);
        if let Some(word) = self.words.get_mut(&hub_of(number)) {
            let old = word.keys.iter_mut().find(|key| key.key == old.public());
            if let Some(old) = old {
                (old.until, old.until_epoch) = (Some(until), until_epoch);
            }
        }
        self.publish(&hub_of(number));
    }

    /// Whether the word that came to a node names this key for a member.
    pub(super) fn is_told(&self, node: usize, member: usize, key: &PublicKey) -> bool {
        let words = self.nodes[node].store.memory().words();
        let word = words.iter().find(|word| word.hub == hub_of(member));
        word.is_some_and(|word| word.keys.iter().any(|trusted| trusted.key == *key))
    }

    /// Whether the authority said that a member's key ended in the log of this epoch.
    pub(super) fn ends_in(&self, member: usize, key: &PublicKey, epoch: Epoch) -> bool {
        let word = self.words.get(&hub_of(member));
        let mut keys = word.into_iter().flat_map(|word| &word.keys);
        keys.any(|known| known.key == *key && known.until_epoch == Some(epoch))
    }

    /// A member that has changed its key, and the nodes that know that the old one counts no more.
    pub(super) fn closed_key(&self) -> Option<(usize, BTreeSet<usize>)> {
        let knows = |node: &Node, number: usize, old: &PublicKey, until: u64| {
            let words = node.store.memory().words();
            let word = words.iter().find(|word| word.hub == hub_of(number));
            word.is_some_and(|word| {
                let mut keys = word.keys.iter().filter(|key| key.key == *old);
                keys.all(|key| key.until == Some(until))
            })
        };
        let closed = (0..self.nodes.len()).filter_map(|number| {
            let node = Some(&self.nodes[number]).filter(|_| !self.is_victim(number))?;
            let (old, until) = node.old_key.as_ref()?;
            let nodes = self.nodes.iter().enumerate();
            let knowing = nodes.filter(|(_, node)| knows(node, number, &old.public(), *until));
            let knowing: BTreeSet<usize> = knowing.map(|(node, _)| node).collect();
            (!knowing.is_empty()).then_some((number, knowing))
        });
        let closed: Vec<_> = closed.collect();
        (!closed.is_empty()).then(|| self.random.pick(&closed).clone())
    }
}
