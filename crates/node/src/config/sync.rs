//! How the hub pulls its peers: the section `[sync]`.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use outgoing::Reach;
use serde::{Deserialize, Serialize};
use sync::plan::Quota;

use super::Network;

/// How this hub pulls its peers: the section `[sync]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncConfig {
    /// Pause between two rounds with the same peer, give or take a fifth.
    pub interval_seconds: NonZeroU32,
    /// Whether peers are asked to tell at once when something changed, so that a round need not wait for the interval.
    pub hints: bool,
    /// A file of certificates in PEM that peers' certificates may lead to, beside those that this machine trusts: for a
    /// network with a certificate authority of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Networks that are not of the public internet, in which peers may be asked all the same.
    pub private_networks: Vec<Network>,
    /// The most entries that are taken of one hub's log; above it the log is set aside.
    pub max_entries_per_hub: NonZeroU64,
    /// The most bytes that are taken of one hub's log; above it the log is set aside.
    pub max_bytes_per_hub: NonZeroU64,
}

impl Default for SyncConfig {
    fn default() -> Self {
        let number = |n| NonZeroU64::new(n).expect("the default is not 0");
        Self {
            interval_seconds: NonZeroU32::new(60).expect("the default is not 0"),
            hints: true,
            ca_file: None,
            private_networks: Vec::new(),
            max_entries_per_hub: number(1_000_000),
            max_bytes_per_hub: number(4 * 1024 * 1024 * 1024),
        }
    }
}

impl SyncConfig {
    /// The pause between two rounds.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval_seconds.get().into())
    }

    /// Where this hub's own requests may go.
    pub fn reach(&self) -> Reach {
        Reach::with(self.private_networks.iter().map(Network::net))
    }

    /// What is taken of one hub.
    pub fn quota(&self) -> Quota {
        Quota {
            entries: self.max_entries_per_hub.get(),
            bytes: self.max_bytes_per_hub.get(),
        }
    }
}
