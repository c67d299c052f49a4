//! Proofs that an entry is in a tree and that one tree continues another (RFC 6962 sections 2.1.1 and 2.1.2,
//! verified as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say).
//!
//! Making a proof takes two steps, so that it needs no database here: [`inclusion`] or [`consistency`] name the ranges of
//! leaves whose roots make the proof, [`tiles`] the tiles to read, and [`Tiles::range_root`] computes each root.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Hash;
use super::tile::{self, TileId, Tiles};

/// The longest proof that a tree of 2^63 leaves can need.
pub const MAX_PROOF_HASHES: usize = 2 * 64;

/// The ranges whose roots prove that leaf `index` is in a tree of `size` leaves, in the proof's order.
pub fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let mut range = 0..size;
    while range.end - range.start > 1 {
        let middle = split(&range);
        if index < middle {
            path.push(middle..range.end);
            range.end = middle;
        } else {
            path.push(range.start..middle);
            range.start = middle;
        }
    }
    path.reverse();
    path
}

/// The ranges whose roots prove that a tree of `new` leaves begins with the tree of its first `old`, in the proof's order.
pub fn consistency(old: u64, new: u64) -> Vec<Range<u64>> {
    if old == 0 || old >= new {
        return Vec::new();
    }
    let mut path = Vec::new();
    let mut range = 0..new;
    while range.end != old {
        let middle = split(&range);
        if old <= middle {
            path.push(middle..range.end);
            range.end = middle;
        } else {
            path.push(range.start..middle);
            range.start = middle;
        }
    }
    if range.start > 0 {
        path.push(range);
    }
    path.reverse();
    path
}

/// The tiles to read for these ranges.
pub fn tiles(ranges: &[Range<u64>]) -> BTreeSet<TileId> {
    tile::tiles_of(ranges)
}

/// Computes a proof from tiles, or nothing when one of them is missing or short.
pub fn hashes(ranges: &[Range<u64>], tiles: &Tiles) -> Option<Vec<Hash>> {
    ranges.iter().map(|range| tiles.range_root(range)).collect()
}

/// Says whether `proof` shows that `leaf` is entry `index` of the tree with this size and root.
pub fn includes(leaf: &Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut folded = *leaf;
    for hash in proof {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            folded = Hash::of_node(hash, &folded);
            while node % 2 == 0 && node != 0 {
                node /= 2;
                last /= 2;
            }
        } else {
            folded = Hash::of_node(&folded, hash);
        }
        node /= 2;
        last /= 2;
    }
    last == 0 && folded == *root
}

/// Says whether `proof` shows that the tree of `new` leaves begins with the tree of `old`, given both roots.
pub fn continues(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 {
        return proof.is_empty() && *old_root == Hash::of_empty_tree();
    }
    if old >= new {
        return old == new && proof.is_empty() && old_root == new_root;
    }
    // A tree whose size is a power of two is itself the first node of the path.
    let (seed, path) = match proof.split_first() {
        _ if old.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
        None => return false,
    };
    folds_to_both(old, new, seed, path, old_root, new_root)
}

fn folds_to_both(
    old: u64,
    new: u64,
    seed: &Hash,
    path: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> bool {
    let shared = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> shared, (new - 1) >> shared);
    let (mut folded_old, mut folded_new) = (*seed, *seed);
    for hash in path {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            folded_old = Hash::of_node(hash, &folded_old);
            folded_new = Hash::of_node(hash, &folded_new);
            while node % 2 == 0 && node != 0 {
                node /= 2;
                last /= 2;
            }
        } else {
            folded_new = Hash::of_node(&folded_new, hash);
        }
        node /= 2;
        last /= 2;
    }
    last == 0 && folded_old == *old_root && folded_new == *new_root
}

/// The largest power of two below the range's length, as a place in the range (RFC 6962's k).
fn split(range: &Range<u64>) -> u64 {
    let length = range.end - range.start;
    range.start + (1 << (length - 1).ilog2())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::{TILE_WIDTH, TreeEdge};

    /// The tree hash as RFC 6962 section 2.1 defines it, without any of the shortcuts.
    fn reference_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_empty_tree(),
            [one] => *one,
            more => {
                let k = more.len().next_power_of_two() / 2;
                Hash::of_node(&reference_root(&more[..k]), &reference_root(&more[k..]))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count)
            .map(|i| Hash::of_leaf(&i.to_be_bytes()))
            .collect()
    }

    fn tiles_of_tree(leaves: &[Hash]) -> Tiles {
        let mut tiles = Tiles::default();
        for (id, hashes) in TreeEdge::default().append(leaves.iter().copied()).tiles {
            tiles.insert(id, hashes);
        }
        tiles
    }

    fn root(leaves: &[Hash]) -> Hash {
        TreeEdge::default()
            .append(leaves.iter().copied())
            .edge
            .root()
    }

    #[test]
    fn roots_agree_with_the_definition_around_every_tile_edge() {
        for size in [
            0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537,
        ] {
            let leaves = leaves(size);
            assert_eq!(root(&leaves), reference_root(&leaves), "size {size}");
        }
    }

    #[test]
    fn every_proof_of_small_trees_verifies_and_no_other_does() {
        for size in 1..=40 {
            let all = leaves(size);
            let tiles = tiles_of_tree(&all);
            let whole = root(&all);
            for index in 0..size {
                let proof = hashes(&inclusion(index, size), &tiles).unwrap();
                for claimed in 0..size {
                    let leaf = all[usize::try_from(index).unwrap()];
                    let holds = includes(&leaf, claimed, size, &whole, &proof);
                    assert_eq!(holds, claimed == index, "{claimed} for {index} of {size}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_longer_tree_proves_that_it_continues_a_shorter(old in 0_u64..1500, more in 0_u64..700, other in 1_u64..1500) {
            let new = old + more;
            let all = leaves(new);
            let tiles = tiles_of_tree(&all);
            let old_root = root(&all[..usize::try_from(old).unwrap()]);
            let proof = hashes(&consistency(old, new), &tiles).unwrap();
            prop_assert!(continues(old, &old_root, new, &root(&all), &proof));
            let false_root = Hash::of_leaf(b"another tree");
            prop_assert!(!continues(old, &false_root, new, &root(&all), &proof));
            prop_assert!(old == 0 || !continues(old, &old_root, new, &false_root, &proof));
            let mut longer = proof.clone();
            longer.push(false_root);
            prop_assert!(!continues(old, &old_root, new, &root(&all), &longer));
            if other != old && other < new && old > 0 {
                prop_assert!(!continues(other, &old_root, new, &root(&all), &proof));
            }
        }

        #[test]
        fn a_tree_grown_in_steps_is_the_tree_grown_at_once(steps in proptest::collection::vec(0_usize..600, 1..6)) {
            let all = leaves(steps.iter().sum::<usize>() as u64);
            let mut tiles = Tiles::default();
            let mut size = 0;
            for step in steps {
                let edge = TreeEdge::read(size as u64, &tiles).unwrap();
                let grown = edge.append(all[size..size + step].iter().copied());
                size += step;
                for (id, hashes) in grown.tiles {
                    prop_assert!(hashes.len() as u64 <= TILE_WIDTH);
                    tiles.insert(id, hashes);
                }
                prop_assert_eq!(grown.edge.root(), reference_root(&all[..size]));
                prop_assert_eq!(TreeEdge::read(size as u64, &tiles).unwrap(), grown.edge);
            }
        }

        #[test]
        fn a_leaf_of_a_large_tree_is_proved(size in 1_u64..70_000, pick in 0.0_f64..1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a pick below size")]
            let index = ((size as f64 * pick) as u64).min(size - 1);
            let all = leaves(size);
            let proof = hashes(&inclusion(index, size), &tiles_of_tree(&all)).unwrap();
            prop_assert!(includes(&all[usize::try_from(index).unwrap()], index, size, &root(&all), &proof));
        }
    }

    #[test]
    fn a_proof_of_a_million_leaves_reads_a_handful_of_tiles() {
        let ranges = consistency(999_999, 1_000_000);
        assert!(tiles(&ranges).len() <= 4);
    }
}
