//! Receipts: one entry with all that proves it, verifiable anywhere, offline.

use serde::{Deserialize, Serialize};

use super::proof::{self, MAX_PROOF_HASHES};
use super::{Checkpoint, CheckpointError, Hash, PublicKey, SignedCheckpoint};
use crate::entry::{Header, HeaderError};

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The checkpoint is malformed or not signed by the key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A hash of the proof is not base64 of 32 bytes.
    #[error("proof has {0:?}, which is not the base64 of a SHA-256")]
    Hash(String),
    /// The proof is longer than any tree needs.
    #[error("proof has {0} hashes; {MAX_PROOF_HASHES} are allowed")]
    ProofTooLong(usize),
    /// The header is not in the tree that the hub signed.
    #[error("the header is not entry {index} of the log that the checkpoint states")]
    NotIncluded {
        /// The place it claims.
        index: u64,
    },
    /// The header cannot be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The payload is not the one that the header names.
    #[error("the payload is not the one that the header names")]
    WrongPayload,
}

/// One entry, its place in its log, and the proof that it stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The entry's header, byte for byte.
    pub header: String,
    /// The entry's payload, byte for byte, if the record still has content.
    pub payload: Option<String>,
    /// The entry's place in the log, counted from 0.
    pub index: u64,
    /// The inclusion proof, base64 hashes from the leaf's sibling upwards.
    pub proof: Vec<String>,
    /// The signed checkpoint under which the entry is proved.
    pub checkpoint: String,
    /// The key with which the hub signed, as the node that gave the receipt trusts it.
    pub public_key: String,
}

/// What a receipt was found to prove.
#[derive(Clone, Debug)]
pub struct VerifiedReceipt {
    /// The checkpoint, its signature verified.
    pub checkpoint: SignedCheckpoint,
    /// The entry's header, read.
    pub header: Header,
}

impl Receipt {
    /// The log and size that the receipt speaks of, before anything is verified.
    pub fn checkpoint(&self) -> Result<Checkpoint, ReceiptError> {
        Ok(Checkpoint::parse(&self.checkpoint)?)
    }

    /// Verifies signature, inclusion and payload under this key.
    pub fn verify(&self, key: &PublicKey) -> Result<VerifiedReceipt, ReceiptError> {
        let checkpoint = SignedCheckpoint::open(&self.checkpoint, key)?;
        let leaf = Hash::of_leaf(self.header.as_bytes());
        let proof = self.proof_hashes()?;
        if !proof::includes(
            &leaf,
            self.index,
            checkpoint.size(),
            checkpoint.root(),
            &proof,
        ) {
            return Err(ReceiptError::NotIncluded { index: self.index });
        }
        let header = Header::parse(&self.header)?;
        if self
            .payload
            .as_ref()
            .is_some_and(|text| !header.commits_to(text))
        {
            return Err(ReceiptError::WrongPayload);
        }
        Ok(VerifiedReceipt { checkpoint, header })
    }

    fn proof_hashes(&self) -> Result<Vec<Hash>, ReceiptError> {
        if self.proof.len() > MAX_PROOF_HASHES {
            return Err(ReceiptError::ProofTooLong(self.proof.len()));
        }
        let parse = |raw: &String| Hash::parse(raw).ok_or_else(|| ReceiptError::Hash(raw.clone()));
        self.proof.iter().map(parse).collect()
    }
}
