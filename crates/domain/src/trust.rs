//! Which key speaks for which hub, from which log position to which (protocol section 8).
//!
//! So far trust is pinned: an operator compared a fingerprint and wrote the key down. Membership published by an
//! authority will add keys here; the question asked of [`Trust`] stays the same.

use std::collections::BTreeMap;

use crate::identity::{HubId, NetworkId};
use crate::log::{Checkpoint, CheckpointError, PublicKey, SignedCheckpoint};

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
    /// The checkpoint is malformed or its signature is not the trusted key's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A key and the log sizes at which it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// The first checkpoint size that it may sign.
    pub from: u64,
    /// The last, if it is known.
    pub until: Option<u64>,
}

impl TrustedKey {
    /// A key that counts everywhere in a log.
    pub const fn always(key: PublicKey) -> Self {
        Self {
            key,
            from: 0,
            until: None,
        }
    }

    fn counts_at(&self, size: u64) -> bool {
        self.from <= size && self.until.is_none_or(|until| size <= until)
    }
}

/// The keys that this node trusts.
#[derive(Clone, Debug)]
pub struct Trust {
    network: NetworkId,
    keys: BTreeMap<HubId, Vec<TrustedKey>>,
}

impl Trust {
    /// Trusts nobody yet.
    pub const fn new(network: NetworkId) -> Self {
        Self {
            network,
            keys: BTreeMap::new(),
        }
    }

    /// Trusts a key to speak for a hub.
    pub fn add(&mut self, hub: HubId, key: TrustedKey) {
        self.keys.entry(hub).or_default().push(key);
    }

    /// The keys that speak for a hub.
    pub fn keys(&self, hub: &HubId) -> &[TrustedKey] {
        self.keys.get(hub).map_or(&[], Vec::as_slice)
    }

    /// Says whether any key speaks for this hub.
    pub fn knows(&self, hub: &HubId) -> bool {
        !self.keys(hub).is_empty()
    }

    /// The trusted key that signed a checkpoint, if one did.
    pub fn key_of(&self, text: &str) -> Option<PublicKey> {
        let claimed = Checkpoint::parse(text).ok()?;
        let signed = |trusted: &&TrustedKey| {
            trusted.counts_at(claimed.size) && SignedCheckpoint::open(text, &trusted.key).is_ok()
        };
        self.keys(&claimed.log.hub)
            .iter()
            .find(signed)
            .map(|trusted| trusted.key)
    }

    /// Verifies a checkpoint with the keys that count at its size.
    pub fn open(&self, text: &str) -> Result<SignedCheckpoint, TrustError> {
        let claimed = Checkpoint::parse(text)?;
        if claimed.log.network != self.network {
            return Err(TrustError::Network {
                found: claimed.log.network,
                ours: self.network.clone(),
            });
        }
        let keys = self.keys(&claimed.log.hub).iter();
        let mut opened = keys
            .filter(|trusted| trusted.counts_at(claimed.size))
            .map(|trusted| SignedCheckpoint::open(text, &trusted.key));
        let stranger = TrustError::Stranger {
            hub: claimed.log.hub.clone(),
            size: claimed.size,
        };
        let first = opened.next().ok_or(stranger)?;
        Ok(opened.fold(first, Result::or)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Epoch, LogId};
    use crate::log::{Hash, SigningKey};

    fn checkpoint(network: &str, size: u64, key: &SigningKey) -> String {
        let log = LogId {
            network: NetworkId::parse(network).unwrap(),
            hub: HubId::parse("id-13").unwrap(),
            epoch: Epoch::new(7).unwrap(),
        };
        let root = Hash::of_leaf(b"root");
        Checkpoint { log, size, root }.sign(key).text().to_owned()
    }

    #[test]
    fn only_a_key_that_counts_at_the_size_is_believed() {
        let [first, second, other] = [1, 2, 3].map(|seed| SigningKey::from_seed(&[seed; 32]));
        let hub = HubId::parse("id-13").unwrap();
        let mut trust = Trust::new(NetworkId::parse("jipp").unwrap());
        trust.add(
            hub.clone(),
            TrustedKey {
                key: first.public(),
                from: 0,
                until: Some(10),
            },
        );
        trust.add(
            hub,
            TrustedKey {
                key: second.public(),
                from: 11,
                until: None,
            },
        );

        assert_eq!(
            trust.open(&checkpoint("jipp", 10, &first)).unwrap().size(),
            10
        );
        assert_eq!(
            trust.open(&checkpoint("jipp", 11, &second)).unwrap().size(),
            11
        );
        for (size, key) in [(11, &first), (10, &second), (10, &other)] {
            let error = trust.open(&checkpoint("jipp", size, key)).unwrap_err();
            assert!(matches!(
                error,
                TrustError::Checkpoint(CheckpointError::NotSigned { .. })
            ));
        }
        let elsewhere = trust.open(&checkpoint("other", 10, &first)).unwrap_err();
        assert!(matches!(elsewhere, TrustError::Network { .. }));
    }

    #[test]
    fn a_hub_without_a_key_is_a_stranger_and_a_changed_note_is_refused() {
        let key = SigningKey::from_seed(&[1; 32]);
        let text = checkpoint("jipp", 10, &key);
        let mut trust = Trust::new(NetworkId::parse("jipp").unwrap());
        assert!(matches!(
            trust.open(&text),
            Err(TrustError::Stranger { size: 10, .. })
        ));
        trust.add(
            HubId::parse("id-13").unwrap(),
            TrustedKey::always(key.public()),
        );
        assert!(trust.open(&text).is_ok());
        for changed in [
            text.replace("\n10\n", "\n11\n"),
            text.replace("\n10\n", "\n010\n"),
            text.replace("/7", "/8"),
        ] {
            assert!(trust.open(&changed).is_err(), "{changed}");
        }
        let cosigned = format!("{text}\u{2014} witness AAAA\n");
        assert_eq!(trust.open(&cosigned).unwrap().text(), cosigned);
    }
}
