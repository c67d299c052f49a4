//! Tokens by which hubs show who they are.

use time::OffsetDateTime;

use super::super::file::{HubKey, HubToken, SignHubToken};
use super::{Difference, key_of, public_key, same};
use crate::identity::{HubId, NetworkId};
use crate::token;
use crate::trust::{Trust, TrustedKey};

impl SignHubToken {
    pub(super) fn check(&self) -> Difference {
        let made = token::sign_texts(&self.header, &self.claims, &key_of(&self.seed));
        same("token", &made, &self.token)
    }
}

impl HubToken {
    pub(super) fn counts(&self) -> bool {
        let mut trust = Trust::new(NetworkId::parse(&self.network).unwrap());
        for HubKey { hub, key, until } in &self.keys {
            let key = TrustedKey {
                until: *until,
                ..TrustedKey::always(public_key(key))
            };
            trust.add(HubId::parse(hub).unwrap(), key);
        }
        let us = HubId::parse(&self.hub).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(self.now).unwrap();
        token::verify(&self.token, &trust, &us, now).is_ok()
    }
}
