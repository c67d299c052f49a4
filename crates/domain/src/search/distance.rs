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
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let changed = row[j] + usize::from(l != r);
            let mut least = changed.min(row[j + 1] + 1).min(next[j] + 1);
            let is_swap = i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r;
            if is_swap {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn short_words_are_taken_as_they_are() {
        let check = |word: &str, slips| assert_eq!(slips_allowed(word.len()), slips, "{word}");
        check("ktp", 0);
        check("desa", 1);
        check("sipeduli", 2);
    }
}
