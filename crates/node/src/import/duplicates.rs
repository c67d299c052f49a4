//! Titles that may mean the same innovation, within a file and beside what the hub holds.
//!
//! Titles are compared only with those that share two of their three longest words (in blocks), so the cost grows with the
//! number of titles, not with its square. Blocks and the number of titles have bounds, and what was not compared is counted.
//!
//! Of what the hub holds, its own innovations come first ([`held_titles`]), then those of other hubs.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use domain::catalog::fold;
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use storage::Database;
use storage::bodies::{self, Content};
use storage::innovations::{self, Direction, InnovationFilter, InnovationRef, Order, Stretch};

use super::agency_key;

/// The most titles that are kept for comparing.
pub const MOST_TITLES: usize = 300_000;
/// The most of these that the hub holds, so that there is room for those of the file.
pub const MOST_HELD: u64 = 200_000;
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
    /// In this hub: an innovation of its own.
    Held(RecordId),
    /// In this hub: an innovation of another.
    Elsewhere(Arc<HubId>, RecordId),
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
pub struct Duplicates {
    titles: Vec<Title>,
    most: usize,
    blocks: HashMap<u64, Vec<u32>>,
    /// The pairs, at most a thousand.
    pub pairs: Vec<Pair>,
    /// All pairs.
    pub found: u64,
    /// Titles of the file with which later ones were not compared, since so many were kept already.
    pub left_out: u64,
    /// Innovations that the hub holds with which nothing was compared.
    pub held_left_out: u64,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self::of_at_most(MOST_TITLES)
    }
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
    /// Keeps so many titles for comparing, each in about 200 bytes.
    pub fn of_at_most(most: usize) -> Self {
        Self {
            titles: Vec::new(),
            most,
            blocks: HashMap::new(),
            pairs: Vec::new(),
            found: 0,
            left_out: 0,
            held_left_out: 0,
        }
    }

    /// Keeps a title that the hub holds, with the numbers by which the innovation is known.
    pub fn hold(&mut self, title: &str, agency: &str, place: Place, ids: &[String]) {
        let words = words_of(title);
        if !self.keep(&words, agency, place, ids) {
            self.held_left_out += 1;
        }
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
        if !self.keep(&words, agency, Place::Line(line), ids) {
            self.left_out += 1;
        }
    }

    /// Keeps a title, if there is room.
    fn keep(&mut self, words: &[String], agency: &str, place: Place, ids: &[String]) -> bool {
        let Some(nth) = u32::try_from(self.titles.len())
            .ok()
            .filter(|_| self.titles.len() < self.most)
        else {
            return false;
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
        true
    }
}

/// The titles that a hub holds, its own first, for comparing those of a file with them; so many of them at most.
pub async fn held_titles(db: &Database, most: u64) -> anyhow::Result<Duplicates> {
    let mut titles = Duplicates::default();
    let all = InnovationFilter {
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    let own = InnovationFilter {
        hubs: vec![db.hub().clone()],
        ..all.clone()
    };
    let mut left = most;
    for (filter, is_own) in [(&own, true), (&all, false)] {
        hold_all(db, filter, is_own, &mut left, &mut titles).await?;
    }
    let held = innovations::count(db, &all).await?;
    titles.held_left_out += held.saturating_sub(most - left);
    Ok(titles)
}

async fn hold_all(
    db: &Database,
    filter: &InnovationFilter,
    is_own: bool,
    left: &mut u64,
    titles: &mut Duplicates,
) -> anyhow::Result<()> {
    let mut hubs: HashSet<Arc<HubId>> = HashSet::new();
    let mut stretch = Stretch {
        order: Order::Published,
        direction: Direction::Descending,
        after: None,
        before: None,
        limit: 1000,
    };
    while *left > 0 {
        let mut page = innovations::list(db, filter, &stretch).await?;
        let Some(last) = page.last() else { break };
        stretch.after = Some((last.place.clone(), last.key));
        page.retain(|place| (place.hub == *db.hub()) == is_own);
        page.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= page.len() as u64;
        hold_page(db, &page, is_own, &mut hubs, titles).await?;
    }
    Ok(())
}

async fn hold_page(
    db: &Database,
    page: &[InnovationRef],
    is_own: bool,
    hubs: &mut HashSet<Arc<HubId>>,
    titles: &mut Duplicates,
) -> anyhow::Result<()> {
    let said = bodies::load(db, page.iter().map(|place| Some(place.entry))).await?;
    let agencies = bodies::load(db, page.iter().map(|place| place.agency)).await?;
    for ((place, body), agency) in page.iter().zip(said).zip(agencies) {
        let Some(Content::Innovation(said)) = body.as_ref().map(|body| &body.content) else {
            continue;
        };
        let agency = match agency.as_ref().map(|body| &body.content) {
            Some(Content::Agency(agency)) => agency_key(agency),
            _ => (String::new(), String::new()),
        };
        let agency = format!("{}\n{}", agency.0, agency.1);
        let (at, mut ids) = (place.record, vec![place.record.to_string()]);
        let at = if is_own {
            let numbers = said.external_ids.iter();
            ids.extend(numbers.map(|id| format!("{}:{}", id.scheme.as_str(), id.value)));
            Place::Held(at)
        } else {
            // A number that another hub's innovation has too makes it the likelier to be told twice.
            let hub = match hubs.get(&place.hub) {
                Some(hub) => Arc::clone(hub),
                None => Arc::new(place.hub.clone()),
            };
            hubs.insert(Arc::clone(&hub));
            Place::Elsewhere(hub, at)
        };
        titles.hold(said.title.as_str(), &agency, at, &ids);
    }
    Ok(())
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

    fn record() -> RecordId {
        RecordId::from(uuid::Uuid::nil())
    }

    fn at(place: &Place) -> String {
        match place {
            Place::Line(line) => format!("line {line}"),
            Place::Held(_) => "held".to_owned(),
            Place::Elsewhere(hub, _) => format!("of {hub}"),
        }
    }

    #[test]
    fn what_is_not_compared_is_counted() {
        let mut titles = Duplicates::of_at_most(2);
        let title = "Antrean Daring Puskesmas Wates";
        let hub = Arc::new(HubId::parse("id-13").unwrap());
        let there = Place::Elsewhere(hub, record());
        titles.hold(title, "dinkes", there.clone(), &[]);
        titles.compare(2, title, "dinkes", &[]);
        titles.compare(3, title, "dinkes", &[]);
        titles.hold(title, "dinkes", there, &[]);
        assert_eq!((titles.left_out, titles.held_left_out), (1, 1));
        let like: Vec<_> = titles.pairs.iter().map(|pair| at(&pair.like)).collect();
        assert_eq!(like, ["of id-13", "of id-13"]);
    }

    #[test]
    fn titles_that_share_their_words_are_found() {
        let mut titles = Duplicates::default();
        titles.hold(
            "Antrean Daring Puskesmas Wates",
            "dinkes",
            Place::Held(record()),
            &["LAN:1".to_owned()],
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
                .map(|pair| format!("{} {} {}", at(&pair.like), pair.alike, pair.is_same_agency))
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
            "held 100 true",
        );
        check(
            titles,
            3,
            "Antrean Daring Puskesmas Wates",
            "rsud",
            None,
            "held 100 false",
        );
        check(
            titles,
            4,
            "Antrean Daring Puskesmas Wates",
            "dinkes",
            Some("LAN:1"),
            "line 2 100 true",
        );
        check(
            titles,
            5,
            "Antrean Daring Puskesmas Wates Jaya",
            "dinkes",
            None,
            "held 80 true",
        );
        check(titles, 6, "Antrean Luring Pasar Wates", "dinkes", None, "");
        check(titles, 7, "Lumbung", "desa", None, "");
        check(titles, 8, "Lumbung", "desa", None, "line 7 100 true");
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
