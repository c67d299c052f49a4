//! How people sign in: the section `[accounts]`.

use std::num::NonZeroU32;

use graphql::AccountRules;
use serde::{Deserialize, Serialize};
use time::Duration;

/// How people sign in: the section `[accounts]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// A session that is not used for so long ends.
    pub session_idle_minutes: NonZeroU32,
    /// A session ends after so long in any case.
    pub session_hours: NonZeroU32,
}

impl Default for AccountsConfig {
    /// What OWASP ASVS 4.0 asks for at its second level (3.3.2).
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            session_idle_minutes: number(30),
            session_hours: number(12),
        }
    }
}

impl AccountsConfig {
    /// The rules by which accounts are signed in; cookies are for TLS only where browsers reach the hub by it.
    pub fn rules(&self, is_by_tls: bool) -> AccountRules {
        let idle = Duration::minutes(self.session_idle_minutes.get().into());
        let longest = Duration::hours(self.session_hours.get().into());
        AccountRules::new(idle, longest).by_tls(is_by_tls)
    }
}
