//! Passwords: which are taken, and how they are hashed (argon2id, RFC 9106, with the parameters that OWASP asks for).
//!
//! A hash takes tens of milliseconds and 19 MiB on purpose, so whoever calls this bounds how many run at once, and keeps
//! them off the threads that answer others.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use domain::entropy::Entropy;
use zeroize::Zeroizing;

/// The fewest characters of a password (OWASP ASVS 4.0, 2.1.1).
pub const FEWEST_CHARS: usize = 12;
/// The most bytes of a password; more would only be work for the node.
pub const MOST_BYTES: usize = 512;

/// A password that may be chosen.
pub struct Password(Zeroizing<String>);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is too short.
    #[error("a password has {FEWEST_CHARS} characters or more; several words are easy to remember")]
    Short,
    /// It is too long.
    #[error("a password has {MOST_BYTES} bytes at most")]
    Long,
    /// It is made of the account's own name, or of a few characters.
    #[error(
        "this password is easy to guess: it repeats itself, counts up, or is made of the account's name"
    )]
    Guessable,
}

impl Password {
    /// Takes what somebody chose for an account. There are no rules on which characters it has (NIST SP 800-63B, 5.1.1.2).
    ///
    /// # Errors
    /// It is too short, too long, or easy to guess.
    pub fn choose(raw: Zeroizing<String>, account: &str) -> Result<Self, PasswordError> {
        if raw.len() > MOST_BYTES {
            return Err(PasswordError::Long);
        }
        if raw.chars().count() < FEWEST_CHARS {
            return Err(PasswordError::Short);
        }
        if is_guessable(&raw, account) {
            return Err(PasswordError::Guessable);
        }
        Ok(Self(raw))
    }

    /// Takes what somebody typed to sign in; whatever it is, it is compared.
    pub const fn given(raw: Zeroizing<String>) -> Self {
        Self(raw)
    }
}

fn is_guessable(raw: &str, account: &str) -> bool {
    let small = raw.to_lowercase();
    let mut letters: Vec<char> = small.chars().collect();
    let neighbours = letters.windows(2);
    let is_run = |pair: &&[char]| (pair[1] as u32).abs_diff(pair[0] as u32) <= 1;
    let runs = neighbours.filter(is_run).count();
    let is_counting = runs * 4 >= (letters.len() - 1) * 3;
    letters.sort_unstable();
    letters.dedup();
    let rest = small
        .replace(account, "")
        .replace("password", "")
        .replace("simpul", "");
    is_counting || letters.len() < 5 || rest.chars().count() < FEWEST_CHARS / 2
}

/// How much work a hash is.
#[derive(Clone, Debug)]
pub struct Hasher(Params);

impl Default for Hasher {
    /// 19 MiB, two passes, one lane: OWASP's first choice for argon2id.
    fn default() -> Self {
        Self(Params::new(19 * 1024, 2, 1, None).expect("the parameters are within their bounds"))
    }
}

/// What is kept of a password: a PHC string, such as `$argon2id$v=19$m=19456,t=2,p=1$…$…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed(String);

/// What comparing a password gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It is another one.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and it should be hashed anew with today's parameters.
    RightButOld,
}

impl Hashed {
    /// Takes what was kept.
    pub const fn kept(text: String) -> Self {
        Self(text)
    }

    /// What is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hashed").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}

impl Hasher {
    /// The least work there is, for tests.
    pub fn quick() -> Self {
        Self(Params::new(8, 1, 1, None).expect("the parameters are within their bounds"))
    }

    fn argon(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.0.clone())
    }

    /// Hashes a password.
    pub fn hash(&self, password: &Password, entropy: &dyn Entropy) -> Hashed {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let hash = self
            .argon()
            .hash_password_with_salt(password.0.as_bytes(), &salt);
        Hashed(
            hash.expect("password and salt are within their bounds")
                .to_string(),
        )
    }

    /// Compares a password with what is kept of one. Where nothing is kept, as much work is done, so that nobody learns by
    /// the time which accounts there are.
    pub fn compare(&self, password: &Password, kept: Option<&Hashed>) -> Compared {
        let parsed = kept.and_then(|kept| PasswordHash::new(&kept.0).ok());
        let given = password.0.as_bytes();
        let bounded = &given[..given.len().min(MOST_BYTES + 1)];
        let Some(parsed) = parsed else {
            drop(self.argon().hash_password_with_salt(bounded, &[0; 16]));
            return Compared::Wrong;
        };
        match self.argon().verify_password(bounded, &parsed) {
            Ok(()) if Params::try_from(&parsed).is_ok_and(|params| self.is_like(&params)) => {
                Compared::Right
            }
            Ok(()) => Compared::RightButOld,
            Err(_) => Compared::Wrong,
        }
    }

    fn is_like(&self, other: &Params) -> bool {
        let work = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        work(&self.0) == work(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seven;

    impl Entropy for Seven {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn chosen(raw: &str) -> Result<Password, PasswordError> {
        Password::choose(Zeroizing::new(raw.to_owned()), "siti.rahma")
    }

    fn given(raw: &str) -> Password {
        Password::given(Zeroizing::new(raw.to_owned()))
    }

    #[test]
    fn a_password_is_long_and_nothing_else_is_asked() {
        for taken in [
            "kuda nil makan pisang",
            "correct horse",
            "ルビーの指輪はどこですか",
            "aB3$efGh1!kL",
        ] {
            chosen(taken).expect(taken);
        }
        chosen(&"kata baru ".repeat(51)).unwrap();
        assert_eq!(chosen("elevenchars").unwrap_err(), PasswordError::Short);
        assert_eq!(chosen(&"x y".repeat(200)).unwrap_err(), PasswordError::Long);
    }

    #[test]
    fn what_anybody_would_try_first_is_not_taken() {
        for guessable in [
            "aaaaaaaaaaaaaaaa",
            "123456789012",
            "abcdefghijklmnop",
            "siti.rahma123",
            "SITI.RAHMA2026",
            "password1234",
            "simpulsimpul1",
        ] {
            assert_eq!(
                chosen(guessable).unwrap_err(),
                PasswordError::Guessable,
                "{guessable}"
            );
        }
    }

    #[test]
    fn a_password_is_known_by_its_hash() {
        let hasher = Hasher::quick();
        let hashed = hasher.hash(&chosen("kuda nil makan pisang").unwrap(), &Seven);
        assert!(hashed.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        let compare = |raw: &str| hasher.compare(&given(raw), Some(&hashed));
        assert_eq!(compare("kuda nil makan pisang"), Compared::Right);
        assert_eq!(compare("kuda nil makan pisan"), Compared::Wrong);
        assert_eq!(compare(""), Compared::Wrong);
        assert_eq!(compare(&"x".repeat(100_000)), Compared::Wrong);
    }

    #[test]
    fn hashes_of_other_parameters_are_made_anew() {
        let hashed = Hasher::quick().hash(&chosen("kuda nil makan pisang").unwrap(), &Seven);
        let compared = Hasher::default().compare(&given("kuda nil makan pisang"), Some(&hashed));
        assert_eq!(compared, Compared::RightButOld);
    }

    #[test]
    fn without_a_hash_nothing_is_right() {
        let hasher = Hasher::quick();
        for kept in [
            None,
            Some(Hashed::kept(String::new())),
            Some(Hashed::kept("$argon2id$".to_owned())),
        ] {
            assert_eq!(hasher.compare(&given(""), kept.as_ref()), Compared::Wrong);
        }
    }

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", given("kuda nil")), "Password { .. }");
        assert_eq!(
            format!("{:?}", Hashed::kept("x".to_owned())),
            "Hashed { .. }"
        );
    }
}
