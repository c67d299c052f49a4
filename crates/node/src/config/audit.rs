//! How long it is kept what was done here: the section `[audit]`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use time::Duration;

/// How long it is kept what was done here: the section `[audit]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The addresses of clients are kept for so long; with 0 not at all.
    pub address_days: u32,
    /// Events are kept for so long; for ever when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<NonZeroU32>,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            address_days: 30,
            keep_days: None,
        }
    }
}

impl AuditConfig {
    /// How long addresses are kept.
    pub fn keeps_addresses(&self) -> Duration {
        Duration::days(self.address_days.into())
    }

    /// How long events are kept, if not for ever.
    pub fn keeps_events(&self) -> Option<Duration> {
        Some(Duration::days(self.keep_days?.get().into()))
    }
}
