//! Rows by the innovation that they are about, so that who counts a few innovations looks at what belongs to those only.

/// The places of rows by the place of the innovation that they are about.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Where the rows of each innovation end; those of the next begin there.
    ends: Vec<u32>,
    rows: Vec<u32>,
    /// Rows about something else or nothing.
    others: Vec<u32>,
}

impl Groups {
    /// Groups rows, each given as its place and its innovation's.
    pub(super) fn of(rows: impl Iterator<Item = (u32, Option<u32>)> + Clone) -> Self {
        let mut groups = Self::default();
        for (place, innovation) in rows.clone() {
            let Some(innovation) = innovation.map(|it| it as usize) else {
                groups.others.push(place);
                continue;
            };
            if groups.ends.len() <= innovation {
                groups.ends.resize(innovation + 1, 0);
            }
            groups.ends[innovation] += 1;
        }
        let mut first = 0;
        for end in &mut groups.ends {
            first += std::mem::replace(end, first);
        }
        groups.rows = vec![0; first as usize];
        // Each end stands at its beginning, and moves on with every row that is put there.
        for (place, innovation) in rows {
            if let Some(innovation) = innovation {
                let end = &mut groups.ends[innovation as usize];
                groups.rows[*end as usize] = place;
                *end += 1;
            }
        }
        groups
    }

    /// The rows about an innovation, in the order in which they were given.
    pub(super) fn of_one(&self, innovation: u32) -> &[u32] {
        let at = innovation as usize;
        let Some(end) = self.ends.get(at) else {
            return &[];
        };
        let first = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[first as usize..*end as usize]
    }

    /// The rows that are about no innovation.
    pub(super) fn others(&self) -> &[u32] {
        &self.others
    }

    /// What they take in memory.
    pub(super) fn bytes(&self) -> usize {
        let places = self.ends.capacity() + self.rows.capacity() + self.others.capacity();
        places * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_with_their_innovation_in_their_order() {
        let rows = [
            (0, Some(3)),
            (1, None),
            (2, Some(0)),
            (3, Some(3)),
            (4, Some(5)),
            (6, None),
        ];
        let groups = Groups::of(rows.into_iter());
        let expected: [&[u32]; 7] = [&[2], &[], &[], &[0, 3], &[], &[4], &[]];
        for (innovation, expected) in (0..).zip(expected) {
            assert_eq!(groups.of_one(innovation), expected, "{innovation}");
        }
        assert_eq!(groups.others(), [1, 6]);
        assert_eq!(Groups::of([].into_iter()).of_one(0), [0_u32; 0]);
    }
}
