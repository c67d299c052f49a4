//! The tree as tiles of 256 hashes (C2SP tlog-tiles, height 8).
//!
//! A tile at level L holds the roots of perfect subtrees of 256^L leaves. Any other perfect subtree is computed from
//! the hashes of one tile, so every proof reads a handful of tiles.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::Hash;

/// How many hashes a full tile holds.
pub const TILE_WIDTH: u64 = 256;
const TILE_HEIGHT: u32 = 8;

/// A tile's place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for tiles of leaf hashes; each level above holds the roots of the tiles below.
    pub level: u8,
    /// Counts the tiles of a level from the left.
    pub index: u64,
}

/// Tiles read from somewhere, from which subtrees are computed.
#[derive(Clone, Debug, Default)]
pub struct Tiles(HashMap<TileId, Vec<Hash>>);

impl Tiles {
    /// Adds a tile's hashes, a full or a partial row.
    pub fn insert(&mut self, tile: TileId, hashes: Vec<Hash>) {
        self.0.insert(tile, hashes);
    }

    pub(crate) fn row(&self, tile: TileId) -> Option<&[Hash]> {
        self.0.get(&tile).map(Vec::as_slice)
    }

    /// Computes the root over the leaves of a range that a proof asked for, if the tiles for it are here.
    pub fn range_root(&self, range: &Range<u64>) -> Option<Hash> {
        let mut subtrees = perfect_subtrees(range);
        let last = self.subtree_root(subtrees.pop()?)?;
        subtrees.into_iter().rev().try_fold(last, |right, subtree| {
            Some(Hash::of_node(&self.subtree_root(subtree)?, &right))
        })
    }

    fn subtree_root(&self, subtree: Subtree) -> Option<Hash> {
        let (tile, hashes) = subtree.place();
        let row = self.row(tile)?;
        Some(Hash::of_perfect_tree(row.get(hashes)?))
    }
}

/// The tiles that hold the subtrees of these ranges.
pub(crate) fn tiles_of<'a>(ranges: impl IntoIterator<Item = &'a Range<u64>>) -> BTreeSet<TileId> {
    ranges
        .into_iter()
        .flat_map(perfect_subtrees)
        .map(|subtree| subtree.place().0)
        .collect()
}

/// A perfect subtree of 2^height leaves, counted from the left among those of its height.
#[derive(Clone, Copy)]
struct Subtree {
    height: u32,
    index: u64,
}

impl Subtree {
    /// The tile that holds this subtree's hashes, and which of them.
    fn place(self) -> (TileId, Range<usize>) {
        let level = self.height / TILE_HEIGHT;
        let width = 1 << (self.height % TILE_HEIGHT);
        let first = self.index * width;
        let tile = TileId {
            level: u8::try_from(level).expect("64 / 8 levels at most"),
            index: first / TILE_WIDTH,
        };
        let within = usize::try_from(first % TILE_WIDTH).expect("below 256");
        (
            tile,
            within..within + usize::try_from(width).expect("at most 128"),
        )
    }
}

/// Cuts a range into perfect subtrees, largest first. The range starts where a subtree at least its size could.
fn perfect_subtrees(range: &Range<u64>) -> Vec<Subtree> {
    let mut subtrees = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let height = (range.end - start).ilog2();
        debug_assert_eq!(start % (1 << height), 0, "range {range:?} is not aligned");
        subtrees.push(Subtree {
            height,
            index: start >> height,
        });
        start += 1 << height;
    }
    subtrees
}
