//! Checkpoints: a log's origin, size and root, signed by the hub (C2SP tlog-checkpoint).

use std::fmt::Write as _;

use super::{Hash, PublicKey, SigningKey, note};
use crate::identity::{LogId, NameError};

/// Why a checkpoint was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not a signed note with the three lines of a checkpoint.
    #[error("checkpoint is not a signed note of origin, size and root")]
    Malformed,
    /// The first line is not a log's origin.
    #[error(transparent)]
    Origin(#[from] NameError),
    /// No signature line is the key's.
    #[error("checkpoint of {log} at size {size} is not signed by a trusted key")]
    NotSigned {
        /// The log it speaks of.
        log: LogId,
        /// The size it states.
        size: u64,
    },
}

/// What a checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub log: LogId,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over their headers.
    pub root: Hash,
}

/// A checkpoint whose signature was verified, or was made here, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    text: String,
}

impl Checkpoint {
    /// Reads a checkpoint without believing it: for finding out which key should have signed.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let (body, _) = note::split(text).ok_or(CheckpointError::Malformed)?;
        let mut lines = body.lines();
        let mut line = || lines.next().ok_or(CheckpointError::Malformed);
        let log = line()?.parse()?;
        let size = parse_size(line()?).ok_or(CheckpointError::Malformed)?;
        let root = Hash::parse(line()?).ok_or(CheckpointError::Malformed)?;
        // Extension lines may follow; they say nothing here, but none is empty.
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { log, size, root })
    }

    /// Signs the checkpoint with its hub's key.
    pub fn sign(self, key: &SigningKey) -> SignedCheckpoint {
        let name = self.log.to_string();
        let body = format!("{name}\n{}\n{}\n", self.size, self.root);
        SignedCheckpoint {
            text: note::sign(&body, &name, key),
            checkpoint: self,
        }
    }
}

/// A size without sign or leading zero that a signed 64-bit column can hold.
fn parse_size(raw: &str) -> Option<u64> {
    let digits = raw.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (raw == "0" || !raw.starts_with('0'));
    let size: i64 = raw.parse().ok().filter(|_| canonical)?;
    u64::try_from(size).ok()
}

impl SignedCheckpoint {
    /// Verifies that `key` signed this text.
    pub fn open(text: &str, key: &PublicKey) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::parse(text)?;
        let (body, signatures) = note::split(text).ok_or(CheckpointError::Malformed)?;
        if !note::is_signed_by(body, signatures, &checkpoint.log.to_string(), key) {
            return Err(CheckpointError::NotSigned {
                log: checkpoint.log,
                size: checkpoint.size,
            });
        }
        Ok(Self {
            checkpoint,
            text: text.to_owned(),
        })
    }

    /// The log.
    pub const fn log(&self) -> &LogId {
        &self.checkpoint.log
    }

    /// How many entries the log has.
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root of the tree over their headers.
    pub const fn root(&self) -> &Hash {
        &self.checkpoint.root
    }

    /// The signed note, cosignatures included.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Hashes a set of heads, so that two hubs can tell with one comparison that they hold the same: SHA-256 over the line
/// `origin size root` of each, in the order of the lines.
pub fn heads_token(heads: &mut [Checkpoint]) -> Hash {
    heads.sort_unstable_by_key(|head| head.log.to_string());
    let mut lines = String::new();
    for Checkpoint { log, size, root } in heads {
        writeln!(lines, "{log} {size} {root}").expect("a string takes every text");
    }
    Hash::of(lines.as_bytes())
}
