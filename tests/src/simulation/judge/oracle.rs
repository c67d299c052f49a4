//! What a node may believe, said a second time and in another way than `domain::trust` says it: from the entries that it
//! holds, its pins and its denials (docs/protocol.md, section 9).

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::MemberStatus;
use domain::entry::{Audience, Kind};
use domain::identity::HubId;
use domain::log::{Checkpoint, SignedCheckpoint};
use domain::trust::TrustedKey;

use crate::simulation::memory::{Memory, read_membership};

/// A node's beliefs at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Oracle {
    authority: Option<HubId>,
    /// The last word on each member: its keys, none if it is closed.
    words: BTreeMap<HubId, Vec<TrustedKey>>,
    is_word_whole: bool,
    pins: Vec<(HubId, TrustedKey)>,
    denied: BTreeSet<HubId>,
}

impl Oracle {
    pub(super) fn of(memory: &Memory) -> Self {
        let mut oracle = Self {
            authority: memory.authority.clone(),
            is_word_whole: true,
            pins: memory.pins.clone(),
            denied: memory.denied.clone(),
            ..Self::default()
        };
        let is_authority = |hub: &HubId| memory.authority.as_ref() == Some(hub);
        for (id, log) in memory.logs.iter().filter(|(id, _)| is_authority(&id.hub)) {
            let mut speaking = memory.speaking(id);
            speaking.sort_unstable_by_key(|(place, _)| *place);
            for (place, header) in speaking {
                if header.kind.as_str() != Kind::MEMBERSHIP {
                    continue;
                }
                let payload = log.entry(place).and_then(|entry| entry.payload.as_deref());
                if let Some(word) = payload.and_then(read_membership) {
                    let is_open = word.status == MemberStatus::Active;
                    let keys = if is_open { word.keys } else { Vec::new() };
                    oracle.words.insert(word.hub, keys);
                }
            }
            oracle.is_word_whole &= log.lacks_only_hidden();
        }
        oracle
    }

    /// Whether a hub is heard at all: somebody vouches for it, and nobody closed it.
    pub(super) fn hears(&self, hub: &HubId) -> bool {
        let is_authority = self.authority.as_ref() == Some(hub);
        let is_pinned = self.pins.iter().any(|(pinned, _)| pinned == hub);
        let by_pin = is_pinned && (self.authority.is_none() || is_authority || self.is_word_whole);
        let is_vouched = match self.words.get(hub) {
            Some(keys) => !keys.is_empty() || is_authority,
            None => by_pin,
        };
        is_vouched && !self.denied.contains(hub)
    }

    /// Whether a hub is in the network, as this node has it.
    fn is_in_network(&self, hub: &HubId) -> bool {
        match &self.authority {
            Some(authority) if authority == hub => true,
            Some(_) => self.words.get(hub).is_some_and(|keys| !keys.is_empty()),
            None => self.pins.iter().any(|(pinned, _)| pinned == hub),
        }
    }

    /// Whether this node, which is of a hub, may keep a payload of a hub.
    pub(super) fn may_keep(&self, us: &HubId, origin: &HubId, audience: &Audience) -> bool {
        let in_question = if self.authority.is_some() { us } else { origin };
        match audience {
            _ if us == origin => true,
            Audience::Public => true,
            Audience::Network => self.is_in_network(in_question),
            Audience::Other(_) => false,
        }
    }

    /// Whether this node may give a payload of a hub to one that has shown who it is.
    pub(super) fn gives(&self, viewer: &HubId, origin: &HubId, audience: &Audience) -> bool {
        match audience {
            Audience::Public => true,
            _ if !self.hears(viewer) => false,
            _ if viewer == origin => true,
            Audience::Network => self.is_in_network(viewer),
            Audience::Other(_) => false,
        }
    }

    /// Whether a checkpoint of a hub at a size is believed.
    pub(super) fn believes(&self, hub: &HubId, checkpoint: &str, size: u64) -> bool {
        if self.denied.contains(hub) {
            return false;
        }
        let Ok(epoch) = Checkpoint::parse(checkpoint).map(|claimed| claimed.log.epoch) else {
            return false;
        };
        let pins = self.pins.iter().filter(|(pinned, _)| pinned == hub);
        let pins = pins.map(|(_, key)| key);
        let word = self.words.get(hub);
        let is_authority = self.authority.as_ref() == Some(hub);
        let do_pins_count = match (&self.authority, word) {
            _ if is_authority => true,
            (Some(_), Some(_)) => false,
            (Some(_), None) => self.is_word_whole,
            (None, _) => true,
        };
        let mut keys = word
            .into_iter()
            .flatten()
            .chain(pins.filter(|_| do_pins_count));
        keys.any(|key| {
            let here = (epoch, size);
            let begins = here >= (key.from_epoch.unwrap_or(epoch), key.from);
            let ends = key
                .until
                .map(|until| (key.until_epoch.unwrap_or(epoch), until));
            let counts = begins && ends.is_none_or(|end| here <= end);
            counts && SignedCheckpoint::open(checkpoint, &key.key).is_ok()
        })
    }
}
