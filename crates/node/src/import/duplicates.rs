//! Titles that may mean the same innovation, within a file and beside what the hub holds.
//!
//! Titles are compared only with those that share two of their three longest words (in blocks), so the cost grows with the
//! number of titles, not with its square. Blocks and the number of titles have bounds.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::catalog::fold;

/// The most titles that are kept for comparing.
const MOST_TITLES: usize = 300_000;
/// The most titles of one block; what so many share is a common phrase.
const MOST_IN_BLOCK: usize = 40;
/// How much of two titles' words must be the same, in hundredths of all their words (Jaccard's index).
const LEAST_ALIKE: usize = 70;
/// How many pairs are kept; more are counted.
const MOST_PAIRS: usize = 1000;

/// Words that tell nothing apart.
const COMMON: [&str; 14] = [
    "dan", "di", "ke", "dari", "untuk", "yang", "pada", "dengan", "melalui", "dalam", "berbasis",
    "contoh", "the", "of",
];

/// Where a title stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file, on this line.
    Line(u64),
    /// In this hub: the innovation's record.
    Held(String),
}

/// Two innovations that may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The line of the file.
    pub line: u64,
    /// What it is like.
    pub like: Place,
    /// The title on the line.
    pub title: String,
    /// How much of their words is the same, in hundredths.
    pub alike: usize,
    /// Whether both are of the same agency.
    pub is_same_agency: bool,
}

struct Title {
    words: Vec<u32>,
    agency: u64,
    place: Place,
    ids: Vec<u64>,
}

/// Titles seen so far, and pairs found among them.
#[derive(Default)]
pub struct Duplicates {
    titles: Vec<Title>,
    blocks: HashMap<u64, Vec<u32>>,
    /// The pairs, at most a thousand.
    pub pairs: Vec<Pair>,
    /// All pairs.
    pub found: u64,
    /// Titles that were not kept for comparing.
    pub left_out: u64,
}

fn hash(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The distinct words of a title, those that tell most (the longest) first.
fn words_of(title: &str) -> Vec<String> {
    let folded = fold(title);
    let mut seen = HashSet::new();
    let mut words: Vec<String> = folded
        .split(' ')
        .filter(|word| !COMMON.contains(word) && seen.insert(*word))
        .map(str::to_owned)
        .collect();
    words.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
    words
}

/// The blocks of a title: each two of its three longest words, or its only word.
fn blocks_of(words: &[String]) -> Vec<u64> {
    match words {
        [] => Vec::new(),
        [one] => vec![hash(one)],
        [one, other] => vec![hash(&format!("{one} {other}"))],
        [a, b, c, ..] => [(a, b), (a, c), (b, c)]
            .map(|(one, other)| hash(&format!("{one} {other}")))
            .to_vec(),
    }
}

/// How many hundredths of two sets of sorted words are in both.
fn alike(one: &[u32], other: &[u32]) -> usize {
    let shared = one.iter().filter(|word| other.binary_search(word).is_ok());
    let shared = shared.count();
    shared * 100 / (one.len() + other.len() - shared).max(1)
}

impl Duplicates {
    /// Keeps a title that the hub holds, with the numbers by which the innovation is known.
    pub fn hold(&mut self, title: &str, agency: &str, record: String, ids: &[String]) {
        let words = words_of(title);
        self.keep(&words, agency, Place::Held(record), ids);
    }

    /// Compares a title of the file with those before it, and keeps it. One with a number of the same innovation
    /// is that come again, not a duplicate.
    pub fn compare(&mut self, line: u64, title: &str, agency: &str, ids: &[String]) {
        let words = words_of(title);
        let sorted = sorted(&words);
        let agency_hash = hash(agency);
        let numbers: Vec<u64> = ids.iter().map(|id| hash(id)).collect();
        let mut compared = HashSet::new();
        let mut best: Option<Pair> = None;
        for block in blocks_of(&words) {
            for nth in self.blocks.get(&block).into_iter().flatten() {
                let other = &self.titles[*nth as usize];
                let is_the_same = other.ids.iter().any(|id| numbers.contains(id));
                if !compared.insert(*nth) || is_the_same {
                    continue;
                }
                let alike = alike(&sorted, &other.words);
                if alike >= LEAST_ALIKE && best.as_ref().is_none_or(|best| best.alike < alike) {
                    best = Some(Pair {
                        line,
                        like: other.place.clone(),
                        title: title.to_owned(),
                        alike,
                        is_same_agency: other.agency == agency_hash,
                    });
                }
            }
        }
        if let Some(pair) = best {
            self.found += 1;
            if self.pairs.len() < MOST_PAIRS {
                self.pairs.push(pair);
            }
        }
        self.keep(&words, agency, Place::Line(line), ids);
    }

    fn keep(&mut self, words: &[String], agency: &str, place: Place, ids: &[String]) {
        let Some(nth) = u32::try_from(self.titles.len())
            .ok()
            .filter(|_| self.titles.len() < MOST_TITLES)
        else {
            self.left_out += 1;
            return;
        };
        for block in blocks_of(words) {
            let block = self.blocks.entry(block).or_default();
            if block.len() < MOST_IN_BLOCK {
                block.push(nth);
            }
        }
        self.titles.push(Title {
            words: sorted(words),
            agency: hash(agency),
            place,
            ids: ids.iter().map(|id| hash(id)).collect(),
        });
    }
}

/// The words as numbers, sorted.
fn sorted(words: &[String]) -> Vec<u32> {
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    let mut numbers: Vec<u32> = words.iter().map(|word| hash(word) as u32).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_that_share_their_words_are_found() {
        let mut titles = Duplicates::default();
        titles.hold(
            "Antrean Daring Puskesmas Wates",
            "dinkes",
            "r1".to_owned(),
            &["r1".to_owned(), "LAN:1".to_owned()],
        );
        let check = |titles: &mut Duplicates,
                     line,
                     title: &str,
                     agency: &str,
                     id: Option<&str>,
                     expected: &str| {
            let ids: Vec<String> = id.into_iter().map(str::to_owned).collect();
            let before = titles.pairs.len();
            titles.compare(line, title, agency, &ids);
            let found: Vec<_> = titles.pairs[before..]
                .iter()
                .map(|pair| format!("{:?} {} {}", pair.like, pair.alike, pair.is_same_agency))
                .collect();
            assert_eq!(found.join(", "), expected, "{title}");
        };
        let titles = &mut titles;
        check(
            titles,
            2,
            "ANTREAN daring di Puskesmas-Wates",
            "dinkes",
            None,
            r#"Held("r1") 100 true"#,
        );
        check(
            titles,
            3,
            "Antrean Daring Puskesmas Wates",
            "rsud",
            None,
            r#"Held("r1") 100 false"#,
        );
        check(
            titles,
            4,
            "Antrean Daring Puskesmas Wates",
            "dinkes",
            Some("LAN:1"),
            "Line(2) 100 true",
        );
        check(
            titles,
            5,
            "Antrean Daring Puskesmas Wates Jaya",
            "dinkes",
            None,
            r#"Held("r1") 80 true"#,
        );
        check(titles, 6, "Antrean Luring Pasar Wates", "dinkes", None, "");
        check(titles, 7, "Lumbung", "desa", None, "");
        check(titles, 8, "Lumbung", "desa", None, "Line(7) 100 true");
        check(titles, 9, "---", "desa", None, "");
    }

    #[test]
    fn a_phrase_that_many_share_costs_no_more() {
        let mut titles = Duplicates::default();
        for line in 0..5000 {
            titles.compare(
                line,
                &format!("Pelayanan Administrasi Kependudukan nomor a{line} b{line} c{line}"),
                "x",
                &[],
            );
        }
        assert!(
            titles
                .blocks
                .values()
                .all(|block| block.len() <= MOST_IN_BLOCK)
        );
        assert_eq!(titles.found, 0);
    }
}
