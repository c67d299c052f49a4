//! How people sign in: the section `[accounts]`.

use std::num::NonZeroU32;

use domain::role::FactorDemand;
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
    /// Of whom a second factor is asked beside a password.
    pub second_factor: SecondFactor,
}

/// Of whom a second factor is asked beside a password. Whoever signs in without one may read, and set one up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondFactor {
    /// Of nobody: whoever wants has one.
    #[default]
    Optional,
    /// Of those with the role OPERATOR.
    RequiredForOperators,
    /// Of everybody.
    Required,
}

impl From<SecondFactor> for FactorDemand {
    fn from(setting: SecondFactor) -> Self {
        match setting {
            SecondFactor::Optional => Self::Nobody,
            SecondFactor::RequiredForOperators => Self::Operators,
            SecondFactor::Required => Self::Everybody,
        }
    }
}

impl Default for AccountsConfig {
    /// What OWASP ASVS 4.0 asks for at its second level (3.3.2).
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            session_idle_minutes: number(30),
            session_hours: number(12),
            second_factor: SecondFactor::default(),
        }
    }
}

impl AccountsConfig {
    /// The rules by which accounts are signed in; cookies are for TLS only where browsers reach the hub by it.
    pub fn rules(&self, is_by_tls: bool) -> AccountRules {
        let idle = Duration::minutes(self.session_idle_minutes.get().into());
        let longest = Duration::hours(self.session_hours.get().into());
        AccountRules::new(idle, longest)
            .by_tls(is_by_tls)
            .asking_for_factor(self.second_factor.into())
    }
}
