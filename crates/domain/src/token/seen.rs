//! Noticing tokens that come twice, in bounded memory.

use std::collections::{BTreeSet, HashMap};

use time::OffsetDateTime;

use super::{MOST_SKEW_SECONDS, Token, TokenError};
use crate::identity::HubId;
use crate::log::Hash;

/// How many tokens are remembered in all.
pub const MOST_IDS: usize = 100_000;
/// How many of one hub, so that no hub crowds out the others.
pub const MOST_IDS_PER_HUB: usize = 5_000;

/// The tokens that were used and whose time is not over. What cannot be remembered is refused, never let through.
#[derive(Debug)]
pub struct Seen {
    since: i64,
    hubs: HashMap<HubId, BTreeSet<(i64, Hash)>>,
    count: usize,
}

impl Seen {
    /// Remembers from a time on. What was made before may have been used before, so it is refused.
    pub fn since(start: OffsetDateTime) -> Self {
        Self {
            since: start.unix_timestamp(),
            hubs: HashMap::new(),
            count: 0,
        }
    }

    /// Notes a token that was verified. It fails for one that was used before or may have been, and while there is no
    /// room for its hub.
    pub fn note(&mut self, token: &Token, now: OffsetDateTime) -> Result<(), TokenError> {
        token.made_since(self.since)?;
        let now = now.unix_timestamp();
        self.forget(&token.issuer, now);
        if self.count >= MOST_IDS {
            self.forget_all(now);
        }
        let used = self.hubs.entry(token.issuer.clone()).or_default();
        let id = (token.expires, Hash::of(token.id.as_bytes()));
        if used.contains(&id) {
            return Err(TokenError::Replayed);
        }
        if used.len() >= MOST_IDS_PER_HUB || self.count >= MOST_IDS {
            return Err(TokenError::TooMany(token.issuer.clone()));
        }
        used.insert(id);
        self.count += 1;
        Ok(())
    }

    /// How many tokens are remembered.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Forgets what would be refused as too late by now.
    fn forget(&mut self, hub: &HubId, now: i64) {
        let Some(used) = self.hubs.get_mut(hub) else {
            return;
        };
        let first_kept = (
            now.saturating_sub(MOST_SKEW_SECONDS),
            Hash::from([0; Hash::LEN]),
        );
        let kept = used.split_off(&first_kept);
        self.count -= used.len();
        *used = kept;
    }

    fn forget_all(&mut self, now: i64) {
        let hubs: Vec<HubId> = self.hubs.keys().cloned().collect();
        for hub in &hubs {
            self.forget(hub, now);
        }
        self.hubs.retain(|_, used| !used.is_empty());
    }
}
