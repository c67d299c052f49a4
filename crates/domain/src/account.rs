//! Accounts of this hub: what they are called, and when somebody who guesses has to wait.
//!
//! Not here: what accounts may do ([`crate::role`]), how somebody shows whose account it is (`credentials`).

use std::fmt;

use serde::{Deserialize, Serialize};
use time::Duration;

/// The name of an account: what somebody types to sign in, and what stands where the account acted. It is never given twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an account's name has 2 to 40 characters of a-z, 0-9, `.`, `_` and `-`, and begins with a letter, such as siti.rahma"
)]
pub struct AccountNameError;

impl AccountName {
    /// Parses `[a-z][a-z0-9._-]{1,39}`; capital letters are taken as small ones.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(raw: &str) -> Result<Self, AccountNameError> {
        let name = raw.trim().to_ascii_lowercase();
        let fits = (2..=40).contains(&name.len());
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
        let is_clean = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        if fits && starts_well && name.bytes().all(is_clean) {
            return Ok(Self(name));
        }
        Err(AccountNameError)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::parse(raw)
    }
}

impl TryFrom<String> for AccountName {
    type Error = AccountNameError;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        Self::parse(&raw)
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

/// Signing in may fail so often in a row before anybody has to wait (NIST SP 800-63B, section 5.2.2 asks for a bound).
pub const FREE_FAILURES: u32 = 5;

/// The longest that an account waits after a failure, so that nobody can lock others out for long.
pub const LONGEST_PAUSE: Duration = Duration::minutes(15);

/// How long an account cannot sign in after so many failures in a row: 30 seconds after the sixth, doubling.
pub fn pause_after(failures: u32) -> Duration {
    let Some(beyond) = failures.checked_sub(FREE_FAILURES + 1) else {
        return Duration::ZERO;
    };
    let seconds = 30_i64.checked_shl(beyond).filter(|_| beyond < 16);
    seconds.map_or(LONGEST_PAUSE, |seconds| {
        Duration::seconds(seconds).min(LONGEST_PAUSE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_small() {
        for (raw, parsed) in [
            ("siti.rahma", Some("siti.rahma")),
            (" Siti.Rahma ", Some("siti.rahma")),
            ("ab", Some("ab")),
            ("dinkes_kota-2", Some("dinkes_kota-2")),
            ("a", None),
            ("2fast", None),
            (".hidden", None),
            ("siti rahma", None),
            ("sité", None),
            ("", None),
        ] {
            let found = AccountName::parse(raw).ok();
            assert_eq!(found.as_ref().map(AccountName::as_str), parsed, "{raw}");
        }
        assert!(AccountName::parse(&"a".repeat(40)).is_ok());
        assert!(AccountName::parse(&"a".repeat(41)).is_err());
    }

    #[test]
    fn who_guesses_waits_longer_each_time_and_never_for_ever() {
        let seconds = |failures| pause_after(failures).whole_seconds();
        assert_eq!((0..=5).map(seconds).max(), Some(0));
        assert_eq!([6, 7, 8, 9, 10].map(seconds), [30, 60, 120, 240, 480]);
        for failures in [11, 12, 40, 70, 1_000, u32::MAX] {
            assert_eq!(pause_after(failures), LONGEST_PAUSE, "{failures}");
        }
    }
}
