//! Signed notes (C2SP signed-note): a text, a blank line, and lines with signatures of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Hash, PublicKey, SigningKey};

const ED25519: u8 = 1;
const SIGNATURE_LINE: &str = "\u{2014} ";

/// The longest note that is looked at, in bytes.
pub(super) const MAX_NOTE_BYTES: usize = 16 * 1024;

/// Splits a note into its text (which ends with a line feed) and its signature lines. The line feed is the only control
/// character that a note may have.
pub(super) fn split(note: &str) -> Option<(&str, &str)> {
    let is_clean = note.bytes().all(|byte| byte >= b' ' || byte == b'\n');
    if note.len() > MAX_NOTE_BYTES || !note.ends_with('\n') || !is_clean {
        return None;
    }
    let end = note.rfind("\n\n")? + 1;
    let (text, signatures) = (&note[..end], &note[end + 1..]);
    let are_signatures = signatures.lines().all(is_signature);
    (!signatures.is_empty() && are_signatures).then_some((text, signatures))
}

/// Em dash, blank, key name, blank, base64.
fn is_signature(line: &str) -> bool {
    let parts = line
        .strip_prefix(SIGNATURE_LINE)
        .and_then(|rest| rest.split_once(' '));
    parts.is_some_and(|(name, encoded)| !name.is_empty() && STANDARD.decode(encoded).is_ok())
}

/// Signs a text that ends with a line feed.
pub(super) fn sign(text: &str, name: &str, key: &SigningKey) -> String {
    debug_assert!(text.ends_with('\n'));
    let mut signature = key_id(name, &key.public()).to_vec();
    signature.extend(key.sign(text.as_bytes()));
    format!(
        "{text}\n{SIGNATURE_LINE}{name} {}\n",
        STANDARD.encode(signature)
    )
}

/// Says whether one of the signature lines is this key's, under this name, of this text. Other lines are cosignatures.
pub(super) fn is_signed_by(text: &str, signatures: &str, name: &str, key: &PublicKey) -> bool {
    let id = key_id(name, key);
    signatures
        .lines()
        .filter_map(|line| line.strip_prefix(SIGNATURE_LINE)?.split_once(' '))
        .filter(|(signer, _)| *signer == name)
        .filter_map(|(_, encoded)| STANDARD.decode(encoded).ok())
        .filter_map(|bytes| {
            Some((
                *bytes.first_chunk::<4>()?,
                *bytes.get(4..)?.as_array::<64>()?,
            ))
        })
        .any(|(signer, signature)| signer == id && key.verifies(text.as_bytes(), &signature))
}

/// The first four bytes of SHA-256(name ‖ line feed ‖ algorithm ‖ public key).
fn key_id(name: &str, key: &PublicKey) -> [u8; 4] {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(b'\n');
    bytes.push(ED25519);
    bytes.extend(key.as_bytes());
    *Hash::of(&bytes)
        .as_bytes()
        .first_chunk()
        .expect("32 bytes begin with 4")
}
