//! Pages of a log on their way from one hub to another, and what makes one believable.

use super::{Append, Frontier, Hash, SignedCheckpoint, TreeEdge, proof};
use crate::entry::{Header, HeaderError, MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, Operation};
use crate::rules::Rule;

/// The most entries a page may have.
pub const MAX_PAGE_ENTRIES: usize = 1000;
/// The most bytes of headers and payloads a page may have.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Why a page was refused. It says nothing of the log: a relay may pair a genuine checkpoint with false pages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The page has no entries, so it cannot bring anybody forward.
    #[error("page is empty")]
    Empty,
    /// The page has too many entries.
    #[error("page has {0} entries; {MAX_PAGE_ENTRIES} are allowed")]
    TooManyEntries(usize),
    /// The page has too many bytes.
    #[error("page has {0} bytes; {MAX_PAGE_BYTES} are allowed")]
    TooManyBytes(usize),
    /// An entry's header is too long.
    #[error("entry {index} has a header of {bytes} bytes; {MAX_HEADER_BYTES} are allowed")]
    HeaderTooLong {
        /// The entry's place in the log.
        index: u64,
        /// The header's length.
        bytes: usize,
    },
    /// The page goes past the size that its checkpoint states.
    #[error("page ends at {end}, past its checkpoint's size {size}")]
    PastCheckpoint {
        /// Where the page ends.
        end: u64,
        /// What the checkpoint states.
        size: u64,
    },
    /// The headers with ours before them do not lead to the checkpoint's root.
    #[error("headers up to {end} do not lead to the checkpoint at {size}")]
    NotConsistent {
        /// Where the page ends.
        end: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// A payload is not the one that its header commits to.
    #[error("payload of entry {index} is not the one that its header names")]
    WrongPayload {
        /// The entry's place in the log.
        index: u64,
    },
}

/// An entry as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// The header's text.
    pub header: String,
    /// The payload's text, unless the supplier does not hold it or may not give it.
    pub payload: Option<String>,
}

/// A page as it came from a supplier: not to be believed before [`Page::verify`].
#[derive(Clone, Debug)]
pub struct Page {
    /// The entries, in the log's order.
    pub entries: Vec<RawEntry>,
    /// The consistency proof from the page's end to the checkpoint's size.
    pub proof: Vec<Hash>,
}

/// An entry that belongs where it stands, with the payload that its header names, if any.
#[derive(Clone, Debug)]
pub struct VerifiedEntry {
    /// The header's text.
    pub header_text: String,
    /// The header, or why this version cannot read it.
    pub header: Result<Header, HeaderError>,
    /// The payload's text, if it came along.
    pub payload: Option<String>,
}

/// A page that continues our log and leads to a checkpoint its hub signed.
#[derive(Debug)]
pub struct VerifiedPage {
    /// The size of our log before this page.
    pub from: u64,
    /// The root over our entries before this page.
    pub root: Hash,
    /// The entries.
    pub entries: Vec<VerifiedEntry>,
    /// The tree with them, and the tiles that changed.
    pub append: Append,
    /// The checkpoint that proves the page.
    pub checkpoint: SignedCheckpoint,
}

/// Entries that stand in a checkpoint's tree, of which we need not hold what comes before.
#[derive(Debug)]
pub struct VerifiedStretch {
    /// The entries.
    pub entries: Vec<VerifiedEntry>,
    /// The tree up to their end.
    pub end: Frontier,
}

impl Page {
    /// Verifies that these entries continue our tree and lead to the checkpoint.
    pub fn verify(
        self,
        ours: &TreeEdge,
        checkpoint: SignedCheckpoint,
    ) -> Result<VerifiedPage, PageError> {
        self.check_bounds(ours.size())?;
        let append = ours.append(self.leaves());
        self.check_consistency(append.edge.size(), append.edge.root(), &checkpoint)?;
        Ok(VerifiedPage {
            from: ours.size(),
            root: ours.root(),
            entries: self.verify_entries(ours.size())?,
            append,
            checkpoint,
        })
    }

    /// Verifies that these entries stand in the tree of the checkpoint behind a part that is not held, of which the supplier
    /// states the frontier: with a false one nothing leads to the checkpoint.
    pub fn verify_beside(
        self,
        before: Frontier,
        checkpoint: &SignedCheckpoint,
    ) -> Result<VerifiedStretch, PageError> {
        let from = before.size();
        self.check_bounds(from)?;
        let end = before.append(self.leaves());
        self.check_consistency(end.size(), end.root(), checkpoint)?;
        Ok(VerifiedStretch {
            entries: self.verify_entries(from)?,
            end,
        })
    }

    fn leaves(&self) -> impl Iterator<Item = Hash> {
        let headers = self.entries.iter().map(|entry| entry.header.as_bytes());
        headers.map(Hash::of_leaf)
    }

    fn check_consistency(
        &self,
        end: u64,
        root: Hash,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), PageError> {
        let size = checkpoint.size();
        if end > size {
            return Err(PageError::PastCheckpoint { end, size });
        }
        if proof::continues(end, &root, size, checkpoint.root(), &self.proof)
            || !Rule::ConsistencyChecked.holds()
        {
            Ok(())
        } else {
            Err(PageError::NotConsistent { end, size })
        }
    }

    fn verify_entries(self, from: u64) -> Result<Vec<VerifiedEntry>, PageError> {
        (from..).zip(self.entries).map(verify_entry).collect()
    }

    fn check_bounds(&self, from: u64) -> Result<(), PageError> {
        match self.entries.len() {
            0 if Rule::PageBringsForward.holds() => return Err(PageError::Empty),
            0..=MAX_PAGE_ENTRIES => {}
            more => return Err(PageError::TooManyEntries(more)),
        }
        let bytes = self.entries.iter().map(RawEntry::bytes).sum();
        // One entry may pass the bound by itself; a supplier stops a page after it.
        if bytes > MAX_PAGE_BYTES + MAX_PAYLOAD_BYTES + MAX_HEADER_BYTES {
            return Err(PageError::TooManyBytes(bytes));
        }
        let long = (from..)
            .zip(&self.entries)
            .find(|(_, entry)| entry.header.len() > MAX_HEADER_BYTES);
        long.map_or(Ok(()), |(index, entry)| {
            let bytes = entry.header.len();
            Err(PageError::HeaderTooLong { index, bytes })
        })
    }
}

impl VerifiedPage {
    /// Whether the page continues what is held: a log may have had the same size with other entries in the meantime.
    pub fn continues(&self, held: &TreeEdge) -> bool {
        self.from == held.size() && self.root == held.root()
    }
}

impl RawEntry {
    /// The length of header and payload in bytes.
    pub fn bytes(&self) -> usize {
        self.header.len() + self.payload.as_ref().map_or(0, String::len)
    }
}

fn verify_entry((index, entry): (u64, RawEntry)) -> Result<VerifiedEntry, PageError> {
    let header = Header::parse(&entry.header);
    if let Some(payload) = &entry.payload
        && !header
            .as_ref()
            .is_ok_and(|header| header.commits_to(payload))
    {
        return Err(PageError::WrongPayload { index });
    }
    Ok(VerifiedEntry {
        header_text: entry.header,
        header,
        payload: entry.payload,
    })
}

impl Header {
    /// Says whether this text is the payload that the header commits to.
    pub fn commits_to(&self, text: &str) -> bool {
        match &self.operation {
            Operation::Put { payload, size } => {
                let is_named = usize::try_from(*size).is_ok_and(|size| size == text.len())
                    && text.len() <= MAX_PAYLOAD_BYTES
                    && *payload == Hash::of(text.as_bytes());
                is_named || !Rule::PayloadChecked.holds()
            }
            Operation::Delete { .. } => false,
        }
    }
}
