//! Which key speaks for which hub, from which log position to which (docs/protocol.md, section 9).
//!
//! - [`Membership`] is what the network's authority publishes of a member, in its own log; of several words on one hub
//!   [`last_words`] keeps the last.
//! - A pin is a key that an operator wrote down after comparing its fingerprint.
//! - [`Trust`] is what both add up to; `audience` says because of it who may see what is not public. What is denied here stays denied, whoever vouches for it.
//!
//! A membership outranks a pin: else a pin that was set on the first day would outlive the revocation of its key. The
//! authority's own log is the exception, since nobody else vouches for it: its pins count beside its own membership.

mod audience;
mod membership;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::MemberStatus;
use crate::identity::{Epoch, HubId, LogId, NetworkId};
use crate::log::{Checkpoint, CheckpointError, PublicKey, SignedCheckpoint};
use crate::rules::Rule;

pub use membership::{MemberKeyDraft, Membership, MembershipDraft, last_words, named_in};

/// Why a checkpoint is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The checkpoint is of another network.
    #[error("checkpoint is of network {found}, ours is {ours}")]
    Network {
        /// The checkpoint's network.
        found: NetworkId,
        /// This node's network.
        ours: NetworkId,
    },
    /// No key is trusted to speak for the hub at this size.
    #[error("no trusted key speaks for hub {hub} at size {size}")]
    Stranger {
        /// The hub.
        hub: HubId,
        /// The size that the checkpoint states.
        size: u64,
    },
    /// The hub is known, and its log is not followed.
    #[error("hub {hub} is {standing}, so its log is not followed")]
    NotFollowed {
        /// The hub.
        hub: HubId,
        /// Where it stands.
        standing: Standing,
    },
    /// The checkpoint is malformed or its signature is not the trusted key's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Where a hub stands with this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its log is followed.
    Trusted,
    /// The authority suspended it, or says something that only a newer version knows.
    Suspended,
    /// The authority revoked it.
    Revoked,
    /// This node's operator denies it.
    Denied,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Trusted => "trusted",
            Self::Suspended => "suspended by the network's authority",
            Self::Revoked => "revoked by the network's authority",
            Self::Denied => "denied by this hub's operator",
        })
    }
}

impl From<MemberStatus> for Standing {
    fn from(status: MemberStatus) -> Self {
        match status {
            MemberStatus::Active => Self::Trusted,
            MemberStatus::Revoked => Self::Revoked,
            MemberStatus::Suspended | MemberStatus::Other => Self::Suspended,
        }
    }
}

/// A key and the places in its hub's logs at which it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// The first checkpoint size that it may sign.
    pub from: u64,
    /// The log in which that size is meant: it may sign nothing of earlier logs, and any size of later ones. Without it the
    /// size is meant in each log.
    pub from_epoch: Option<Epoch>,
    /// The last size, if it is known.
    pub until: Option<u64>,
    /// The log in which that size is meant: it may sign any size of earlier logs, and nothing of later ones.
    pub until_epoch: Option<Epoch>,
}

impl TrustedKey {
    /// A key that counts everywhere in a log.
    pub const fn always(key: PublicKey) -> Self {
        Self {
            key,
            from: 0,
            from_epoch: None,
            until: None,
            until_epoch: None,
        }
    }

    /// Whether it may sign a checkpoint of this size in the log of this epoch.
    pub fn counts_at(&self, epoch: Epoch, size: u64) -> bool {
        self.is_at(epoch, size) || !Rule::KeyRange.holds()
    }

    fn is_at(&self, epoch: Epoch, size: u64) -> bool {
        let begins = match self.from_epoch {
            Some(first) => (first, self.from) <= (epoch, size),
            None => self.from <= size,
        };
        begins && self.last_in(epoch).is_none_or(|last| size < last)
    }

    /// Whether a key counts wherever this one does. Where either begins and ends, and right behind, is looked at: between these
    /// places nothing changes.
    fn is_within(&self, other: &Self) -> bool {
        let keys = [self, other];
        let named = keys
            .iter()
            .flat_map(|key| [key.from_epoch, key.until_epoch]);
        let epochs = named.map(|epoch| epoch.map_or(0, Epoch::get));
        let sizes = keys
            .iter()
            .flat_map(|key| [key.from, key.until.unwrap_or(0)]);
        let places = |bounds: Vec<u64>| {
            let behind = |bound: u64| [bound, bound.saturating_add(1)];
            std::iter::once(0).chain(bounds.into_iter().flat_map(behind))
        };
        let sizes: Vec<_> = places(sizes.collect()).collect();
        let epochs = places(epochs.collect()).filter_map(|epoch| Epoch::new(epoch).ok());
        let mut places = epochs.flat_map(|epoch| sizes.iter().map(move |size| (epoch, *size)));
        places.all(|(epoch, size)| !self.is_at(epoch, size) || other.is_at(epoch, size))
    }

    /// How many entries of a log it can vouch for at most, and one more; nothing if it has no end there.
    fn last_in(&self, epoch: Epoch) -> Option<u64> {
        let until = self.until?;
        match self.until_epoch {
            Some(last) if epoch < last => None,
            Some(last) if epoch > last => Some(0),
            _ => Some(until.saturating_add(1)),
        }
    }
}

/// Which of two histories of one log counts for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Neither: keys without an end vouch for both, or the hub has none in this log.
    Equal,
    /// A key without an end vouches for ours alone.
    Ours,
    /// A key without an end vouches for theirs alone.
    Theirs,
    /// The hub has a key without an end in this log, and it vouches for neither. Its word is waited for.
    Neither,
}

/// Everything from which trust is made.
#[derive(Clone, Debug, Default)]
pub struct TrustSources {
    /// The hub whose log says who is a member, if this node follows one.
    pub authority: Option<HubId>,
    /// What it says, each hub once.
    pub members: Vec<Membership>,
    /// The hubs that it ever named, also those of which nothing can be read at present.
    pub named: BTreeSet<HubId>,
    /// Whether everything that its log says is held. What is missing may be a revocation.
    pub is_word_whole: bool,
    /// Keys that operators wrote down.
    pub pins: Vec<(HubId, TrustedKey)>,
    /// Hubs of which nothing new is taken, whoever vouches for them.
    pub denied: BTreeSet<HubId>,
}

/// The keys that this node trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    network: NetworkId,
    hubs: BTreeMap<HubId, Voice>,
    /// Whether an authority says who is in the network.
    is_led: bool,
    /// The active members and the authority, or, without an authority, the hubs that are pinned.
    circle: BTreeSet<HubId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Voice {
    keys: Vec<TrustedKey>,
    standing: Standing,
}

impl Trust {
    /// Trusts nobody yet.
    pub const fn new(network: NetworkId) -> Self {
        Self {
            network,
            hubs: BTreeMap::new(),
            is_led: false,
            circle: BTreeSet::new(),
        }
    }

    /// Makes trust from what the authority and the operators say.
    pub fn from_sources(network: NetworkId, sources: TrustSources) -> Self {
        let mut trust = Self::new(network);
        trust.is_led = sources.authority.is_some();
        trust.circle = audience::circle(&sources);
        let mut named = sources.named;
        named.extend(sources.members.iter().map(|member| member.hub.clone()));
        for member in sources.members {
            let voice = Voice {
                keys: member.keys,
                standing: member.status.into(),
            };
            trust.hubs.insert(member.hub, voice);
        }
        for (hub, key) in sources.pins {
            match &sources.authority {
                // Nobody else vouches for it, and it must be able to take back what it said of itself.
                Some(authority) if *authority == hub => trust.add_own(hub, key),
                Some(_) if named.contains(&hub) && Rule::MembershipOutranksPins.holds() => {}
                Some(_) if !sources.is_word_whole && Rule::MissingWordCounts.holds() => {}
                _ => trust.add(hub, key),
            }
        }
        let is_heard = |_: &HubId| Rule::DenialWins.holds();
        for hub in sources.denied.into_iter().filter(is_heard) {
            let denied = |voice: &mut Voice| voice.standing = Standing::Denied;
            trust.hubs.entry(hub).and_modify(denied).or_insert(Voice {
                keys: Vec::new(),
                standing: Standing::Denied,
            });
        }
        trust
    }

    /// Trusts a key to speak for a hub.
    pub fn add(&mut self, hub: HubId, key: TrustedKey) {
        let unknown = || Voice {
            keys: Vec::new(),
            standing: Standing::Trusted,
        };
        self.hubs.entry(hub).or_insert_with(unknown).keys.push(key);
    }

    /// Trusts a key to speak for a hub whatever others say of it: this node's own, and the authority's.
    pub fn add_own(&mut self, hub: HubId, key: TrustedKey) {
        self.add(hub.clone(), key);
        if let Some(voice) = self.hubs.get_mut(&hub) {
            voice.standing = Standing::Trusted;
        }
    }

    /// The network whose hubs these are.
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The keys of a hub that have no end: those with which it signs at present.
    pub fn open_keys(&self, hub: &HubId) -> impl Iterator<Item = &PublicKey> {
        let open = self.keys(hub).iter().filter(|key| key.until.is_none());
        open.map(|key| &key.key)
    }

    /// The keys that speak for a hub.
    pub fn keys(&self, hub: &HubId) -> &[TrustedKey] {
        self.hubs.get(hub).map_or(&[], |voice| &voice.keys)
    }

    /// Where a hub stands; nothing for one that nobody vouches for.
    pub fn standing(&self, hub: &HubId) -> Option<Standing> {
        self.hubs.get(hub).map(|voice| voice.standing)
    }

    /// The trusted key that signed a checkpoint, if one did.
    pub fn key_of(&self, text: &str) -> Option<PublicKey> {
        let claimed = Checkpoint::parse(text).ok()?;
        let signed = |trusted: &&TrustedKey| {
            trusted.counts_at(claimed.log.epoch, claimed.size)
                && SignedCheckpoint::open(text, &trusted.key).is_ok()
        };
        self.keys(&claimed.log.hub)
            .iter()
            .find(signed)
            .map(|trusted| trusted.key)
    }

    /// Verifies a checkpoint of a log that is followed, with the keys that count at its size.
    pub fn open(&self, text: &str) -> Result<SignedCheckpoint, TrustError> {
        let claimed = Checkpoint::parse(text)?;
        match self.standing(&claimed.log.hub) {
            None | Some(Standing::Trusted) => self.open_held(text),
            Some(Standing::Suspended | Standing::Revoked) if !Rule::ClosedNotFollowed.holds() => {
                self.open_held(text)
            }
            Some(standing) => Err(TrustError::NotFollowed {
                hub: claimed.log.hub,
                standing,
            }),
        }
    }

    /// Verifies a checkpoint, also of a hub whose log is not followed any more: for what is held already.
    pub fn open_held(&self, text: &str) -> Result<SignedCheckpoint, TrustError> {
        let claimed = Checkpoint::parse(text)?;
        if claimed.log.network != self.network && Rule::NetworkChecked.holds() {
            return Err(TrustError::Network {
                found: claimed.log.network,
                ours: self.network.clone(),
            });
        }
        let keys = self.keys(&claimed.log.hub).iter();
        let mut opened = keys
            .clone()
            .filter(|trusted| trusted.counts_at(claimed.log.epoch, claimed.size))
            .map(|trusted| SignedCheckpoint::open(text, &trusted.key));
        let stranger = || TrustError::Stranger {
            hub: claimed.log.hub.clone(),
            size: claimed.size,
        };
        let first = opened.next().ok_or_else(stranger)?;
        opened.fold(first, Result::or).map_err(|error| {
            // Whoever relays what a key signed before it was closed does no wrong.
            let is_closed = |trusted: &TrustedKey| {
                !trusted.counts_at(claimed.log.epoch, claimed.size)
                    && SignedCheckpoint::open(text, &trusted.key).is_ok()
            };
            if keys.clone().any(is_closed) {
                stranger()
            } else {
                error.into()
            }
        })
    }

    /// Whether a key of the log's hub may sign a checkpoint of this size, or none is known.
    pub fn counts_at(&self, log: &LogId, size: u64) -> bool {
        let keys = self.keys(&log.hub);
        keys.is_empty() || keys.iter().any(|key| key.counts_at(log.epoch, size))
    }

    /// Which of two histories of a log, of which these are checkpoints, outweighs the other. A key that ends in a log may be
    /// in strange hands since, and sign another beginning of it at any time.
    pub fn weigh(&self, log: &LogId, ours: &str, theirs: &str) -> Weight {
        let (hub, epoch) = (&log.hub, log.epoch);
        let open = || {
            let keys = self.keys(hub).iter();
            keys.filter(|key| key.last_in(epoch).is_none())
        };
        let vouches =
            |text: &str| open().any(|trusted| SignedCheckpoint::open(text, &trusted.key).is_ok());
        if !Rule::OpenKeyOutweighs.holds() || open().next().is_none() {
            return Weight::Equal;
        }
        match (vouches(ours), vouches(theirs)) {
            (true, true) => Weight::Equal,
            (true, false) => Weight::Ours,
            (false, true) => Weight::Theirs,
            (false, false) => Weight::Neither,
        }
    }

    /// Whether a key of the log's hub ends in the log before this size.
    pub fn is_closed(&self, log: &LogId, size: u64) -> bool {
        let ends =
            |trusted: &TrustedKey| trusted.last_in(log.epoch).is_some_and(|last| last <= size);
        self.keys(&log.hub).iter().any(ends)
    }

    /// How much of a log may be shown, of which a checkpoint proves so much and another vouches for what is held beyond: less
    /// than is held if a key that signed one of them was closed before.
    pub fn bound_of(
        &self,
        proved_size: u64,
        checkpoint: Option<&str>,
        tail: Option<&str>,
    ) -> Option<u64> {
        let proved = checkpoint.and_then(|checkpoint| self.bound(checkpoint));
        let base = proved.unwrap_or(proved_size);
        match tail.and_then(|tail| self.bound(tail)) {
            Some(bound) => Some(bound.max(base)),
            None => proved,
        }
    }

    /// How much of a log may be shown whose newest checkpoint is held: less than its size if the key that signed it was
    /// closed before. Nothing if all of it may, or if its key is not known.
    pub fn bound(&self, held: &str) -> Option<u64> {
        let claimed = Checkpoint::parse(held).ok()?;
        let signed = |trusted: &&TrustedKey| SignedCheckpoint::open(held, &trusted.key).is_ok();
        let keys = self.keys(&claimed.log.hub).iter().filter(signed);
        let lasts = keys.map(|trusted| match trusted.last_in(claimed.log.epoch) {
            Some(last) => last.saturating_sub(1).min(claimed.size),
            None => claimed.size,
        });
        let last = lasts.max().filter(|_| Rule::KeyEndEnforced.holds());
        last.filter(|last| *last < claimed.size)
    }
}

#[cfg(test)]
mod tests;
