//! What a node may believe, said a second time and in another way than `domain::trust` says it: from the entries that it
//! holds, its pins and its denials (docs/protocol.md, section 9).

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::MemberStatus;
use domain::entry::Kind;
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
            oracle.is_word_whole &= log.missing.is_empty();
        }
        oracle
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
