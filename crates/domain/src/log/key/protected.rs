//! Private keys that a passphrase protects: encrypted PKCS#8 (RFC 5958, section 3) by PBES2 (RFC 8018), with scrypt (RFC 7914) and
//! AES-256 in CBC.

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::pkcs5::scrypt::Params;
use zeroize::Zeroizing;

use super::{KeyError, SigningKey};
use crate::entropy::Entropy;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// What a guess costs: 2^17 rounds of 1 KiB each, which is 128 MiB of memory (OWASP Password Storage Cheat Sheet, scrypt).
const LOG_ROUNDS: u8 = 17;
const BLOCK_SIZE: u32 = 8;
const LANES: u32 = 1;

impl SigningKey {
    /// Whether the text is a private key that a passphrase protects.
    pub fn is_protected(text: &str) -> bool {
        text.contains("BEGIN ENCRYPTED PRIVATE KEY")
    }

    /// Opens a private key with its passphrase, also one that another program protected.
    ///
    /// # Errors
    /// The passphrase is another, or the text is no such key.
    pub fn from_protected_pem(text: &str, passphrase: &str) -> Result<Self, KeyError> {
        if !Self::is_protected(text) {
            return Err(KeyError::Private);
        }
        ed25519_dalek::SigningKey::from_pkcs8_encrypted_pem(text, passphrase)
            .map(Self)
            .map_err(|_| KeyError::Passphrase)
    }

    /// Writes the key so that it takes the passphrase to read it.
    pub fn to_protected_pem(&self, passphrase: &str, entropy: &dyn Entropy) -> Zeroizing<String> {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        entropy.fill(&mut salt);
        entropy.fill(&mut iv);
        let cost = Params::new(LOG_ROUNDS, BLOCK_SIZE, LANES).expect("the cost is one of scrypt's");
        let scheme = Parameters::generate_scrypt_aes256cbc(cost, &salt, iv);
        let scheme = scheme.expect("the salt is not too long");
        let plain = self.0.to_pkcs8_der().expect("32 bytes have a PKCS#8 form");
        let plain = PrivateKeyInfoRef::try_from(plain.as_bytes()).expect("it was just written");
        let protected = plain.encrypt_with_params(scheme, passphrase);
        let protected = protected.expect("a key is short enough to be encrypted");
        protected
            .to_pem(LABEL, LineEnding::LF)
            .expect("the label is one of PEM's")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, number) in bytes.iter_mut().zip(0..) {
                *byte = number;
            }
        }
    }

    /// A key of a test, without its frame; made by OpenSSL 3: `openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -scrypt
    /// -scrypt_N 1024`.
    const OF_OPENSSL: [&str; 4] = [
        "MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgYGKbpWa/qaAICBAAC",
        "AQgCAQEwHQYJYIZIAWUDBAEqBBDOw8qZmspCJvA7OZ+NZRUYBECVmk1x3l+8mOWO",
        "B5vEvgbbG8HoLZYC5WAfJNISpBr4/fPSUVIZgmqKVhJApw3tSn+IUCcjQ+QGrYfQ",
        "bF5Q81am",
    ];

    #[test]
    fn a_key_is_read_with_its_passphrase_only() {
        let key = SigningKey::from_seed(&[7; 32]);
        let text = key.to_protected_pem("kuda nil", &Counting);
        assert!(SigningKey::is_protected(&text));
        let read = SigningKey::from_protected_pem(&text, "kuda nil").unwrap();
        assert_eq!(read.public(), key.public());
        let wrong = SigningKey::from_protected_pem(&text, "kuda Nil").unwrap_err();
        assert_eq!(wrong, KeyError::Passphrase);
        assert_eq!(
            SigningKey::from_pem(&text).unwrap_err(),
            KeyError::Encrypted
        );
        let plain = SigningKey::from_protected_pem(&key.to_pem(), "kuda nil").unwrap_err();
        assert_eq!(plain, KeyError::Private);
    }

    #[test]
    fn keys_that_others_protected_are_read() {
        let body = OF_OPENSSL.join(
            "
",
        );
        let text = format!(
            "-----BEGIN {LABEL}-----
{body}
-----END {LABEL}-----
"
        );
        SigningKey::from_protected_pem(&text, "rahasia").unwrap();
        let wrong = SigningKey::from_protected_pem(&text, "lain").unwrap_err();
        assert_eq!(wrong, KeyError::Passphrase);
    }
}
