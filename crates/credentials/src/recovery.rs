//! Codes on paper, for those who lost the device that was their second factor. Each is taken once.
//!
//! A code has 140 random bits, so that its SHA-256 may be kept as it is (OWASP ASVS 5.0, 11.5.1 asks for 128).

use std::fmt;

use domain::entropy::Entropy;
use domain::log::Hash;
use zeroize::Zeroizing;

/// How many are made at once.
pub const CODES: usize = 10;

/// How many characters a code has, but for the hyphens.
const CHARS: usize = 28;
/// Characters between two hyphens.
const GROUP: usize = 4;
/// Small letters and digits, without those that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A code that was just made, to be told once.
pub struct RecoveryCode(Zeroizing<String>);

/// What is kept of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryHash(Hash);

impl RecoveryCode {
    /// Makes one.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; CHARS]);
        entropy.fill(&mut *bytes);
        let mut text = Zeroizing::new(String::with_capacity(CHARS + CHARS / GROUP));
        for (place, byte) in bytes.iter().enumerate() {
            if place > 0 && place.is_multiple_of(GROUP) {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(byte % 32)]));
        }
        Self(text)
    }

    /// The code itself, such as `abcd-efgh-…`.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> RecoveryHash {
        RecoveryHash::of(&self.0).expect("what is made has the form")
    }
}

impl RecoveryHash {
    /// What somebody gave, if it has the form of a code. Spaces, hyphens and capitals do not count.
    pub fn of(given: &str) -> Option<Self> {
        let mut bare = Zeroizing::new(String::with_capacity(CHARS));
        for letter in given.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
            if bare.len() == CHARS {
                return None;
            }
            bare.push(letter.to_ascii_lowercase());
        }
        let is_code = bare.len() == CHARS && bare.bytes().all(|c| ALPHABET.contains(&c));
        is_code.then(|| Self(Hash::of(bare.as_bytes())))
    }

    /// The hash, for databases.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryCode").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (place, byte) in buffer.iter_mut().enumerate() {
                *byte = u8::try_from(place).unwrap_or_default();
            }
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = RecoveryCode::make(&Counting);
        assert_eq!(code.reveal(), "abcd-efgh-ijkm-npqr-stuv-wxyz-2345");
        for typed in [
            "abcd-efgh-ijkm-npqr-stuv-wxyz-2345",
            " ABCD efgh ijkm npqr stuv wxyz 2345 ",
            "abcdefghijkmnpqrstuvwxyz2345",
        ] {
            assert_eq!(RecoveryHash::of(typed), Some(code.hash()), "{typed}");
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode { .. }");
    }

    #[test]
    fn what_has_another_form_is_no_code() {
        for other in [
            "",
            "287082",
            "abcd-efgh-ijkm-npqr-stuv-wxyz-234",
            "abcdefghijkmnpqrstuvwxyz23456",
            "l".repeat(28).as_str(),
        ] {
            assert_eq!(RecoveryHash::of(other), None, "{other}");
        }
    }
}
