//! A tree in as few hashes as its root and appending need, for entries of a log that stand beside the one that is held.

use super::{Hash, TreeEdge};

/// The roots of the perfect subtrees that a tree is made of, the largest first: one for each bit that is set in its size.
///
/// Whoever holds it can prove what comes after, without anything that came before. It makes no tiles, as [`TreeEdge`] does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The tree of so many leaves with these subtrees, or nothing when they are more or fewer than its size has.
    pub fn new(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let is_whole = u32::try_from(roots.len()).is_ok_and(|count| count == size.count_ones());
        is_whole.then_some(Self { size, roots })
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its perfect subtrees, the largest first.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The tree's root (RFC 6962 section 2.1).
    pub fn root(&self) -> Hash {
        let subtrees = self.roots.iter().rev().copied();
        subtrees
            .reduce(|right, left| Hash::of_node(&left, &right))
            .unwrap_or_else(Hash::of_empty_tree)
    }

    /// Appends leaves.
    #[must_use]
    pub fn append(mut self, leaves: impl IntoIterator<Item = Hash>) -> Self {
        for leaf in leaves {
            let mut root = leaf;
            for _ in 0..self.size.trailing_ones() {
                let left = self.roots.pop().expect("one root for each bit of the size");
                root = Hash::of_node(&left, &root);
            }
            self.roots.push(root);
            self.size += 1;
        }
        self
    }
}

impl From<&TreeEdge> for Frontier {
    fn from(edge: &TreeEdge) -> Self {
        let mut roots: Vec<_> = edge.subtrees().collect();
        roots.reverse();
        Self {
            size: edge.size(),
            roots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u64) -> Hash {
        Hash::of_leaf(&number.to_be_bytes())
    }

    #[test]
    fn it_grows_as_the_edge_does() {
        let mut edge = TreeEdge::default();
        let mut frontier = Frontier::default();
        for number in 0..70_000_u64 {
            if number % 97 == 0 || number.is_power_of_two() {
                assert_eq!(frontier.root(), edge.root(), "{number} leaves");
                assert_eq!(Frontier::from(&edge), frontier, "{number} leaves");
            }
            edge = edge.append([leaf(number)]).edge;
            frontier = frontier.append([leaf(number)]);
        }
        assert_eq!(Frontier::from(&edge), frontier);
    }

    #[test]
    fn it_has_as_many_roots_as_its_size_has_bits() {
        let three = Frontier::default().append((0..3).map(leaf));
        let roots = three.roots().to_vec();
        assert_eq!(roots.len(), 2);
        assert_eq!(Frontier::new(3, roots.clone()), Some(three));
        for size in [0, 1, 2, 4, 7] {
            assert_eq!(Frontier::new(size, roots.clone()), None, "{size} leaves");
        }
        assert_eq!(Frontier::new(0, Vec::new()), Some(Frontier::default()));
    }
}
