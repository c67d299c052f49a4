//! How far apart two words are, in slips of the finger.

/// How many slips are forgiven in a word of so many letters, when nothing is found without any.
pub const fn slips_allowed(letters: usize) -> u8 {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// The least number of letters left out, put in, changed, or swapped with their neighbours that leads from one word to
/// the other.
pub fn distance(left: &str, right: &str) -> usize {
    distance_within(left, right, usize::MAX).unwrap_or(usize::MAX)
}

/// The same, if it is no more than `most`; words that are further apart are soon given up.
pub fn distance_within(left: &str, right: &str, most: usize) -> Option<usize> {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    // Rows of the usual table, of which three are needed: this one, and the two before it.
    let mut earlier = vec![0; right.len() + 1];
    let mut before: Vec<usize> = (0..=right.len()).collect();
    let mut row = vec![0; right.len() + 1];
    let mut least_before = 0;
    for (i, l) in left.iter().enumerate() {
        row[0] = i + 1;
        let mut least_here = row[0];
        for (j, r) in right.iter().enumerate() {
            let changed = before[j] + usize::from(l != r);
            let mut least = changed.min(before[j + 1] + 1).min(row[j] + 1);
            let is_swap = i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r;
            if is_swap {
                least = least.min(earlier[j - 1] + 1);
            }
            row[j + 1] = least;
            least_here = least_here.min(least);
        }
        // Every way on leads over this row, or with a swap from the one before it.
        if least_here > most && least_before >= most {
            return None;
        }
        least_before = least_here;
        std::mem::swap(&mut earlier, &mut before);
        std::mem::swap(&mut before, &mut row);
    }
    Some(before[right.len()]).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slips_are_counted() {
        let check = |left, right, expected| {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        };
        check("", "", 0);
        check("sitarang", "sitarang", 0);
        check("sitarang", "sitaramg", 1);
        check("sitarang", "sitarng", 1);
        check("sitarang", "istarang", 1);
        check("pelayanan", "pelyanan", 1);
        check("puskesmas", "pukesmass", 2);
        check("", "abc", 3);
    }

    proptest! {
        #[test]
        fn what_is_too_far_is_given_up_and_nothing_else(
            left in "[abé]{0,8}",
            right in "[abé]{0,8}",
            most in 0_usize..4,
        ) {
            let whole = distance(&left, &right);
            let expected = (whole <= most).then_some(whole);
            prop_assert_eq!(distance_within(&left, &right, most), expected);
            prop_assert_eq!(distance_within(&right, &left, most), expected);
        }
    }

    #[test]
    fn short_words_are_taken_as_they_are() {
        let check = |word: &str, slips| assert_eq!(slips_allowed(word.len()), slips, "{word}");
        check("ktp", 0);
        check("desa", 1);
        check("sipeduli", 2);
    }
}
