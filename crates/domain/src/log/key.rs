//! The Ed25519 keys with which hubs sign their logs (RFC 8032), verified strictly.

mod protected;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};

use zeroize::Zeroizing;

use super::Hash;

/// Why a key was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a public key.
    #[error("{0:?} is not a public key of the form ed25519:<base64 of 32 bytes>")]
    Public(String),
    /// The text is not a private key.
    #[error("the text is not an Ed25519 private key in PKCS#8 PEM")]
    Private,
    /// The private key is encrypted, and no passphrase is given.
    #[error("the private key is encrypted; a passphrase is needed")]
    Encrypted,
    /// The passphrase does not open the private key.
    #[error("the passphrase is wrong, or the file was damaged")]
    Passphrase,
}

/// A hub's public key. Prints as `ed25519:<base64>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Parses `ed25519:<base64 of 32 bytes>`; weak points are refused.
    pub fn parse(raw: &str) -> Result<Self, KeyError> {
        let bad = || KeyError::Public(raw.chars().take(80).collect());
        let bytes = raw
            .trim()
            .strip_prefix("ed25519:")
            .and_then(Hash::parse)
            .ok_or_else(bad)?;
        let key = VerifyingKey::from_bytes(bytes.as_bytes()).map_err(|_| bad())?;
        if key.is_weak() {
            return Err(bad());
        }
        Ok(Self(key))
    }

    /// The 32 bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The key's SHA-256 in groups of four hex digits, short enough for two people to compare by telephone.
    pub fn fingerprint(&self) -> String {
        let hash = Hash::of(self.as_bytes());
        let groups = hash.as_bytes()[..16]
            .chunks(2)
            .map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]));
        groups.collect::<Vec<_>>().join(" ")
    }

    /// Whether this key signed a message.
    #[cfg(not(feature = "mutations"))]
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.is_right(message, signature)
    }

    /// The same, computed once for each signature: in a simulation many nodes look at one checkpoint.
    #[cfg(feature = "mutations")]
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let question = [self.as_bytes(), &signature[..], message].concat();
        let compute = || self.is_right(message, signature);
        !crate::rules::Rule::SignatureChecked.holds()
            || crate::rules::once(&Hash::of(&question), compute)
    }

    fn is_right(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0
            .verify_strict(message, &Signature::from_bytes(signature))
            .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", STANDARD.encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hub's private key; its memory is overwritten when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Makes a key from 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 PEM (RFC 8410), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// The text is no such key, or it is encrypted.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if Self::is_protected(text) {
            return Err(KeyError::Encrypted);
        }
        ed25519_dalek::SigningKey::from_pkcs8_pem(text)
            .map(Self)
            .map_err(|_| KeyError::Private)
    }

    /// Writes PKCS#8 PEM.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF);
        pem.expect("32 bytes have a PKCS#8 form")
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public())
    }
}
