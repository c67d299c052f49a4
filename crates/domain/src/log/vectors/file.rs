//! The form of a vector file.

use serde::{Deserialize, Serialize};

use crate::log::{RawEntry, Receipt};

/// A vector file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) description: String,
    pub(super) source: String,
    #[serde(default, skip_serializing_if = "Encoding::is_base64")]
    pub(super) hashes: Encoding,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) leaves: Option<Leaves>,
    pub(super) cases: Vec<Case>,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    #[default]
    Base64,
    Hex,
    Text,
}

impl Encoding {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_base64(&self) -> bool {
        *self == Self::Base64
    }
}

/// The leaves of the tree that a file's cases speak of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaves {
    pub(super) encoding: Encoding,
    pub(super) values: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) check: Check,
}

/// What a case checks. `holds` says whether it must come out true or be refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "camelCase")]
pub(super) enum Check {
    Root(RootOf),
    Inclusion(Inclusion),
    Consistency(Consistency),
    PublicKey(PublicKeyText),
    Key(KeyOf),
    SignNote(SignNote),
    Note(NoteText),
    SignCheckpoint(SignCheckpoint),
    Checkpoint(CheckpointText),
    Header(HeaderText),
    Payload(PayloadText),
    Page(PageCase),
    Stretch(StretchCase),
    Receipt(ReceiptCase),
    HeadsToken(HeadsToken),
    Membership(MembershipText),
    Trust(TrustCase),
    SignHubToken(SignHubToken),
    HubToken(HubToken),
    Opening(OpeningText),
    Settlement(SettlementOf),
}

/// Declares the cases: structs in camel case that know all their fields.
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct $name {
            $(pub(super) $field: $type,)+
        }
    )+};
}

cases! {
    /// The tree over the first `size` of the file's leaves has this root.
    RootOf { size: u64, root: String, }
    /// The proof shows that the file's leaf number `leaf` is entry `index` of the tree with this size and root.
    Inclusion { leaf: u64, index: u64, size: u64, root: String, proof: Vec<String>, holds: bool, }
    /// The proof shows that the new tree begins with the old one.
    Consistency {
        old_size: u64,
        old_root: String,
        new_size: u64,
        new_root: String,
        proof: Vec<String>,
        holds: bool,
    }
    /// The text is a public key that may be trusted.
    PublicKeyText { text: String, holds: bool, }
    /// The seed's public key has this text and this fingerprint.
    KeyOf { seed: String, public_key: String, fingerprint: String, }
    /// Signing the text under the name gives the note.
    SignNote { seed: String, key_name: String, text: String, note: String, }
    /// The note is signed by the key under this name.
    NoteText { key_name: String, public_key: String, note: String, holds: bool, }
    /// Signing origin, size and root gives the checkpoint.
    SignCheckpoint { seed: String, origin: String, size: u64, root: String, checkpoint: String, }
    /// The text is a checkpoint that the key signed.
    CheckpointText { public_key: String, checkpoint: String, holds: bool, }
    /// The header has this leaf hash and reads as said; one that cannot be read is kept and relayed all the same.
    HeaderText { header: String, leaf_hash: String, reads: Option<Reading>, }
    /// The payload has this hash and size, and is or is not the one that the header names.
    PayloadText { header: String, payload: String, hash: String, size: u64, holds: bool, }
    /// The page continues the log whose headers are `before`, under a checkpoint of `log` that the key signed.
    PageCase {
        log: String,
        public_key: String,
        before: Vec<String>,
        entries: Vec<Entry>,
        proof: Vec<String>,
        checkpoint: String,
        holds: bool,
    }
    /// The same behind a part of the log that is not held: the roots `before` of its perfect subtrees, the largest first.
    StretchCase {
        log: String,
        public_key: String,
        from: u64,
        before: Vec<String>,
        entries: Vec<Entry>,
        proof: Vec<String>,
        checkpoint: String,
        holds: bool,
    }
    /// An entry as it travels.
    Entry { header: String, payload: Option<String>, }
    /// The receipt proves its entry under this key.
    ReceiptCase { public_key: String, receipt: Receipt, holds: bool, }
    /// A node that holds exactly these proved heads has this token.
    HeadsToken { checkpoints: Vec<String>, token: String, }
    /// The body of a membership says this; nothing if it breaks a rule.
    MembershipText { body: String, reads: Option<MemberReading>, }
    /// What a membership says of a hub. A status that only a newer version knows is read as suspended.
    MemberReading { hub: String, keys: Vec<KeyReading>, status: String, }
    /// These memberships in the order of the authority's log, pins and denials answer each question so.
    TrustCase {
        authority: Option<String>,
        memberships: Vec<String>,
        pins: Vec<PinText>,
        denied: Vec<String>,
        asked: Vec<Asked>,
    }
    /// A key that an operator wrote down.
    PinText { hub: String, key: String, }
    /// Whether the key may sign the hub's checkpoint of this size.
    Asked { hub: String, epoch: u64, size: u64, key: String, may_sign: bool, }
    /// The body of a log's first entry says this of the log before; nothing if it breaks a rule.
    OpeningText { body: String, reads: Option<OpeningReading>, }
    /// What an opening accepts of the log before.
    OpeningReading { previous: u64, size: u64, root: String, checkpoint: Option<String>, }
    /// What becomes of a log of which so much is held, when its successor accepts so much: it is `settled` or `short`, it is
    /// to be `cut`, or it is `astray`.
    SettlementOf {
        held: u64,
        root_there: Option<String>,
        accepted_size: u64,
        accepted_root: String,
        settlement: String,
    }
    /// Signing the texts of header and claims gives the token.
    SignHubToken { seed: String, header: String, claims: String, token: String, }
    /// At this second, this hub of this network takes the token as one that a hub with one of these keys made.
    HubToken {
        network: String,
        hub: String,
        now: i64,
        keys: Vec<HubKey>,
        token: String,
        holds: bool,
    }
    /// A key that is trusted to speak for a hub, to its end if it has one.
    HubKey { hub: String, key: String, until: Option<u64>, }
}

impl From<&Entry> for RawEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            header: entry.header.clone(),
            payload: entry.payload.clone(),
        }
    }
}

/// What a header says; `at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    pub(super) v: u32,
    pub(super) record: String,
    pub(super) revision: u64,
    pub(super) kind: String,
    pub(super) op: String,
    pub(super) audience: String,
    pub(super) at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// A key of a member, and at which sizes it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyReading {
    pub(super) key: String,
    pub(super) from: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from_epoch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until_epoch: Option<u64>,
}
