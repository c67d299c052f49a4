//! Secrets that this hub makes: 256 random bits that are told once, and kept as a hash only.
//!
//! So much randomness needs no slow hash: nobody tries 2^256 of them. The hash is what a table is searched by, so the time
//! it takes tells nothing of the secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::entropy::Entropy;
use domain::log::Hash;
use zeroize::Zeroizing;

/// How many characters the random part has.
const CHARS: usize = 43;

/// What a secret is for. Each has a beginning of its own, so that scanners find what was published by mistake and none is
/// taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A token by which programs ask for an account.
    Token,
    /// A session of somebody who signed in.
    Session,
    /// A link by which somebody chooses a password.
    Invitation,
}

impl SecretKind {
    const ALL: [Self; 3] = [Self::Token, Self::Session, Self::Invitation];

    /// The beginning of its secrets.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Token => "simpul_t_",
            Self::Session => "simpul_s_",
            Self::Invitation => "simpul_i_",
        }
    }
}

/// A secret that was just made, to be told once.
pub struct Secret {
    text: Zeroizing<String>,
    hash: SecretHash,
}

/// What is kept of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(Hash);

impl Secret {
    /// Makes one.
    pub fn make(kind: SecretKind, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        let random = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
        let text = Zeroizing::new(format!("{}{}", kind.prefix(), *random));
        let hash = SecretHash(Hash::of(text.as_bytes()));
        Self { text, hash }
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is kept of it.
    pub const fn hash(&self) -> SecretHash {
        self.hash
    }

    /// How it begins, for people who have several: too little to guess the rest.
    pub fn hint(&self) -> &str {
        self.text
            .get(..SecretKind::Token.prefix().len() + 4)
            .unwrap_or_default()
    }
}

impl SecretHash {
    /// What somebody gave, if it has the form of a secret of this kind.
    pub fn of(kind: SecretKind, given: &str) -> Option<Self> {
        let random = given.strip_prefix(kind.prefix())?;
        let is_of_alphabet = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        (random.len() == CHARS && random.bytes().all(is_of_alphabet))
            .then(|| Self(Hash::of(given.as_bytes())))
    }

    /// The kind of secret that a text looks like.
    pub fn kind_of(given: &str) -> Option<SecretKind> {
        let is_one = |kind: &SecretKind| Self::of(*kind, given).is_some();
        SecretKind::ALL.into_iter().find(is_one)
    }

    /// The hash, for databases.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Shows what it is, and nothing of the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
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
    fn a_secret_is_found_again_by_its_hash_and_as_its_kind_only() {
        for kind in SecretKind::ALL {
            let secret = Secret::make(kind, &Counting);
            assert_eq!(secret.reveal().len(), kind.prefix().len() + CHARS);
            assert_eq!(SecretHash::of(kind, secret.reveal()), Some(secret.hash()));
            assert_eq!(SecretHash::kind_of(secret.reveal()), Some(kind));
            for other in SecretKind::ALL.into_iter().filter(|other| *other != kind) {
                assert_eq!(SecretHash::of(other, secret.reveal()), None);
            }
        }
    }

    #[test]
    fn what_has_another_form_is_no_secret() {
        let secret = Secret::make(SecretKind::Token, &Counting);
        let text = secret.reveal();
        for other in [
            "",
            "simpul_t_",
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{}!", &text[..text.len() - 1]),
            &text.to_uppercase(),
        ] {
            assert_eq!(SecretHash::kind_of(other), None, "{other}");
        }
    }

    #[test]
    fn neither_debug_nor_hint_tell_it() {
        let secret = Secret::make(SecretKind::Token, &Counting);
        assert_eq!(format!("{secret:?}"), "Secret { .. }");
        assert_eq!(secret.hint(), "simpul_t_AAEC");
    }
}
