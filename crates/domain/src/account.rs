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
    const MOST: usize = 40;

    /// Parses `[a-z][a-z0-9._-]{1,39}`; capital letters are taken as small ones.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(raw: &str) -> Result<Self, AccountNameError> {
        let name = raw.trim().to_ascii_lowercase();
        let fits = (2..=Self::MOST).contains(&name.len());
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
        let is_clean = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        if fits && starts_well && name.bytes().all(is_clean) {
            return Ok(Self(name));
        }
        Err(AccountNameError)
    }

    /// The name that is most like what somebody is called elsewhere, such as `siti.rahma` for `Siti.Rahma@example.go.id`. Nothing if
    /// no name can be made of it.
    pub fn like(raw: &str) -> Option<Self> {
        let local = raw.split('@').next().unwrap_or(raw).trim();
        let plain = local.chars().map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || c == '.' || c == '_' => c,
            _ => '-',
        });
        let begun = plain.skip_while(|c| !c.is_ascii_lowercase());
        let name: String = begun.take(Self::MOST).collect();
        Self::parse(name.trim_end_matches('-')).ok()
    }

    /// The same name with a number behind; without one for the first.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        if number < 2 {
            return self.clone();
        }
        let number = format!("-{number}");
        let kept = self.0.len().min(Self::MOST - number.len());
        Self(format!("{}{number}", &self.0[..kept]))
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
    fn a_name_is_made_of_what_somebody_is_called_elsewhere() {
        for (raw, made) in [
            ("Siti.Rahma@example.go.id", Some("siti.rahma")),
            ("siti rahma", Some("siti-rahma")),
            ("19870101_siti", Some("siti")),
            ("Sité", Some("sit")),
            ("@example", None),
            ("12345", None),
            ("a", None),
            ("", None),
        ] {
            let name = AccountName::like(raw);
            assert_eq!(name.as_ref().map(AccountName::as_str), made, "{raw}");
        }
        let long = AccountName::like(&"x".repeat(60)).unwrap();
        assert_eq!(long.as_str().len(), 40);
        assert_eq!(long.numbered(1), long);
        let last = long.numbered(100);
        assert!(last.as_str().len() == 40 && last.as_str().ends_with("xx-100"));
        assert!(AccountName::parse(last.as_str()).is_ok());
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
