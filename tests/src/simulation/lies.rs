//! How relays lie. Whole logs that are made up are a [`Pretence`](super::network::Pretence); here is what is done to single
//! answers.

use domain::log::Hash;
use sync::peer::{HeadsPage, StatedPage};

use super::memory::{Memory, MemoryLog};

/// A lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// One letter of a payload is another.
    PayloadByte,
    /// One letter of a header is another.
    HeaderByte,
    /// A payload stands behind the header of another entry.
    PayloadOfAnother,
    /// Two entries have changed places.
    Swapped,
    /// The last entry of a page is missing.
    CutShort,
    /// A page has no entries, with a proof that is right for it.
    Empty,
    /// The proof is missing.
    NoProof,
    /// One hash of the proof is another.
    FalseProof,
    /// Payloads are withheld.
    NoPayloads,
    /// Payloads that are asked for are others.
    FalsePayloads,
    /// The page has the checkpoint of another log.
    OtherCheckpoint,
    /// A head states one entry more, under the old signature.
    GrownHead,
    /// The heads come without the last.
    HeadWithheld,
    /// Nothing new is claimed to be here, whoever asks.
    NothingNew,
}

impl Lie {
    /// All lies.
    pub const ALL: [Self; 14] = [
        Self::PayloadByte,
        Self::HeaderByte,
        Self::PayloadOfAnother,
        Self::Swapped,
        Self::CutShort,
        Self::Empty,
        Self::NoProof,
        Self::FalseProof,
        Self::NoPayloads,
        Self::FalsePayloads,
        Self::OtherCheckpoint,
        Self::GrownHead,
        Self::HeadWithheld,
        Self::NothingNew,
    ];
}

/// Lies in a page.
pub(super) fn about_page(
    lie: Lie,
    memory: &Memory,
    held: &MemoryLog,
    from: u64,
    mut stated: StatedPage,
) -> StatedPage {
    let entries = &mut stated.page.entries;
    match lie {
        Lie::PayloadByte => {
            if let Some(text) = entries.iter_mut().find_map(|entry| entry.payload.as_mut()) {
                *text = text.replacen("number", "nunber", 1);
            }
        }
        Lie::HeaderByte => {
            if let Some(entry) = entries.first_mut() {
                entry.header = entry.header.replacen('e', "f", 1);
            }
        }
        Lie::PayloadOfAnother if entries.len() > 1 => {
            let other = entries[1].payload.clone();
            entries[0].payload = other;
        }
        Lie::Swapped if entries.len() > 1 => entries.swap(0, 1),
        Lie::CutShort => drop(entries.pop()),
        Lie::Empty => return held.page(from, 0).unwrap_or(stated),
        Lie::NoProof => stated.page.proof.clear(),
        Lie::FalseProof => {
            if let Some(hash) = stated.page.proof.first_mut() {
                *hash = Hash::of(b"another tree");
            }
        }
        Lie::NoPayloads => entries.iter_mut().for_each(|entry| entry.payload = None),
        Lie::OtherCheckpoint => {
            let others = memory
                .logs
                .values()
                .filter_map(|log| log.checkpoint.as_ref());
            if let Some(other) = others.into_iter().next_back() {
                other.text().clone_into(&mut stated.checkpoint);
            }
        }
        _ => {}
    }
    stated
}

/// Lies in heads.
pub(super) fn about_heads(lie: Lie, page: &mut HeadsPage) {
    match lie {
        Lie::GrownHead => {
            if let Some(head) = page.heads.last_mut() {
                head.checkpoint = grown(&head.checkpoint);
            }
        }
        Lie::HeadWithheld => drop(page.heads.pop()),
        _ => {}
    }
}

/// The same checkpoint with a size that is one larger.
fn grown(checkpoint: &str) -> String {
    let mut lines: Vec<String> = checkpoint.split('\n').map(str::to_owned).collect();
    let size: u64 = lines[1].parse().expect("the second line is the size");
    lines[1] = (size + 1).to_string();
    lines.join("\n")
}

/// Lies in payloads.
pub(super) fn about_payloads(lie: Lie, places: &[u64], payloads: &mut Vec<(u64, String)>) {
    match lie {
        Lie::NoPayloads => payloads.clear(),
        Lie::FalsePayloads => {
            let other = |place: &u64| (*place, "{\"another\":true}".to_owned());
            *payloads = places.iter().map(other).collect();
        }
        _ => {}
    }
}
