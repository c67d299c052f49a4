//! Growing the tree: its right edge, which is all that appending needs.

use super::Hash;
use super::tile::{TILE_WIDTH, TileId, Tiles, tiles_of};

/// The unfinished tiles at the right of a tree: one row of fewer than 256 hashes for each level.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TreeEdge {
    size: u64,
    rows: Vec<Vec<Hash>>,
}

/// What appending changed: the grown edge and the tiles to write.
#[derive(Clone, Debug)]
pub struct Append {
    /// The edge after the new leaves.
    pub edge: TreeEdge,
    /// Every tile that is new or longer than before, whole.
    pub tiles: Vec<(TileId, Vec<Hash>)>,
}

impl TreeEdge {
    /// The tiles that [`TreeEdge::read`] needs for a tree of this size.
    pub fn tiles(size: u64) -> Vec<TileId> {
        tiles_of(std::iter::once(&(0..size))).into_iter().collect()
    }

    /// Reads the edge of a tree of this size from its tiles, or nothing when one of them is missing or short.
    pub fn read(size: u64, tiles: &Tiles) -> Option<Self> {
        let mut edge = Self {
            size,
            rows: Vec::new(),
        };
        let mut above = size;
        let mut level = 0;
        while above > 0 {
            let tile = TileId {
                level,
                index: above / TILE_WIDTH,
            };
            let row = match width(above) {
                0 => Vec::new(),
                width => tiles.row(tile)?.get(..width)?.to_vec(),
            };
            edge.rows.push(row);
            above /= TILE_WIDTH;
            level += 1;
        }
        Some(edge)
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The tree's root (RFC 6962 section 2.1).
    pub fn root(&self) -> Hash {
        self.subtrees()
            .reduce(|right, left| Hash::of_node(&left, &right))
            .unwrap_or_else(Hash::of_empty_tree)
    }

    /// The roots of the perfect subtrees that make up the tree, the smallest (rightmost) first.
    pub(super) fn subtrees(&self) -> impl Iterator<Item = Hash> {
        self.rows.iter().flat_map(|row| perfect_runs(row))
    }

    /// Appends leaves.
    pub fn append(&self, leaves: impl IntoIterator<Item = Hash>) -> Append {
        let mut edge = self.clone();
        let mut full = Vec::new();
        let mut touched = 0;
        for leaf in leaves {
            touched = touched.max(edge.push(leaf, &mut full));
        }
        let partial = (0..touched).filter_map(|level| edge.partial_tile(level));
        let tiles = full
            .into_iter()
            .chain(partial.collect::<Vec<_>>())
            .collect();
        Append { edge, tiles }
    }

    /// Adds one leaf, moving full rows to `full`, and says how many levels it touched.
    fn push(&mut self, leaf: Hash, full: &mut Vec<(TileId, Vec<Hash>)>) -> usize {
        self.size += 1;
        let mut carry = leaf;
        for level in 0.. {
            if level == self.rows.len() {
                self.rows.push(Vec::new());
            }
            self.rows[level].push(carry);
            if self.rows[level].len() < usize::try_from(TILE_WIDTH).expect("256 fits") {
                return level + 1;
            }
            let row = std::mem::take(&mut self.rows[level]);
            carry = Hash::of_perfect_tree(&row);
            let tile = self.tile_at(level);
            full.push((
                TileId {
                    index: tile.index - 1,
                    ..tile
                },
                row,
            ));
        }
        unreachable!("a row of fewer than 256 hashes ends the loop")
    }

    fn partial_tile(&self, level: usize) -> Option<(TileId, Vec<Hash>)> {
        let row = self.rows.get(level).filter(|row| !row.is_empty())?;
        Some((self.tile_at(level), row.clone()))
    }

    fn tile_at(&self, level: usize) -> TileId {
        let level = u8::try_from(level).expect("8 levels hold 2^64 leaves");
        TileId {
            level,
            index: self
                .size
                .checked_shr(8 * (u32::from(level) + 1))
                .unwrap_or(0),
        }
    }
}

fn width(count: u64) -> usize {
    usize::try_from(count % TILE_WIDTH).expect("below 256")
}

/// The roots of the perfect subtrees that make up a row, smallest (rightmost) first.
fn perfect_runs(row: &[Hash]) -> Vec<Hash> {
    let mut end = row.len();
    let mut runs = Vec::new();
    while end > 0 {
        let run = 1 << end.trailing_zeros();
        runs.push(Hash::of_perfect_tree(&row[end - run..end]));
        end -= run;
    }
    runs
}
