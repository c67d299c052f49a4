//! The hashes of the Merkle tree (RFC 6962 section 2.1, SHA-256).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// A SHA-256. Prints as standard base64, as checkpoints write it (C2SP tlog-checkpoint).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// The length in bytes.
    pub const LEN: usize = 32;

    /// Hashes plain bytes, for payloads.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Hashes a leaf: SHA-256(0x00 ‖ header).
    pub fn of_leaf(header: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update([0])
                .chain_update(header)
                .finalize()
                .into(),
        )
    }

    /// Hashes two children into their parent: SHA-256(0x01 ‖ left ‖ right).
    pub fn of_node(left: &Self, right: &Self) -> Self {
        let mut bytes = [0; 1 + 2 * Self::LEN];
        bytes[0] = 1;
        bytes[1..=Self::LEN].copy_from_slice(&left.0);
        bytes[1 + Self::LEN..].copy_from_slice(&right.0);
        Self::of(&bytes)
    }

    /// The root of a tree without leaves: SHA-256 of nothing.
    pub fn of_empty_tree() -> Self {
        Self::of(&[])
    }

    /// The root of a perfect tree over a power of two of hashes.
    pub(crate) fn of_perfect_tree(hashes: &[Self]) -> Self {
        debug_assert!(hashes.len().is_power_of_two());
        if let [one] = hashes {
            return *one;
        }
        let mut row: Vec<Self> = pairs(hashes).collect();
        while row.len() > 1 {
            row = pairs(&row).collect();
        }
        row[0]
    }

    /// Parses standard base64 of 32 bytes.
    pub fn parse(raw: &str) -> Option<Self> {
        let mut bytes = [0; Self::LEN];
        let written = STANDARD.decode_slice(raw, &mut bytes).ok()?;
        (written == Self::LEN).then_some(Self(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

fn pairs(row: &[Hash]) -> impl Iterator<Item = Hash> {
    row.chunks_exact(2)
        .map(|pair| Hash::of_node(&pair[0], &pair[1]))
}

impl From<[u8; Self::LEN]> for Hash {
    fn from(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
