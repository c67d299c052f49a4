//! Which terms of the index a text asks for.
//!
//! Each thing that is looked for becomes a [`Need`]: what fulfils it, any one of which is enough, and by which terms those
//! that fulfil it are ranked. A word is fulfilled by its stem and by what is related to it; one that nobody wrote so, by
//! words that begin with it, if it may be unfinished, or else by words that are a slip away.

use domain::entry::Sight;
use domain::search::{
    Clause, SearchText, distance, is_stop_word, related_words, slips_allowed, stem,
};
use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;

use crate::SearchError;
use crate::bits::Bits;
use crate::matching::add_term;
use crate::request::Matcher;
use crate::schema::Fields;
use crate::snapshot::Snapshot;

/// What a field weighs.
mod weight {
    pub(super) const TITLE: f32 = 3.0;
    pub(super) const NAMES: f32 = 2.0;
    pub(super) const SUMMARY: f32 = 1.2;
    pub(super) const REST: f32 = 0.6;
    pub(super) const OWNER: f32 = 0.8;
    /// That the word stands there exactly as it was typed.
    pub(super) const EXACT: f32 = 0.4;
    /// A word that is related to the one that was typed, or begins with it, or is a slip away from it.
    pub(super) const OTHER: f32 = 0.5;
}

/// A word that may be unfinished is completed only if fewer documents than this have it.
const FEW: u64 = 5;
/// The least letters of a word that is completed.
const LEAST_LETTERS: usize = 3;
/// The most words that one beginning stands for: the most frequent.
const MOST_WORDS: usize = 512;
/// The most words that are taken for a word with slips.
const MOST_NEAR: usize = 8;
/// Of so many words that are near, those are taken that may be seen.
const MOST_LOOKED_AT: usize = 40;
/// Of the words that one stands for, only so many count for ranking.
const MOST_RANKED: usize = 10;
/// A suggestion for a rare word is so many times as frequent as the word.
const FAR_MORE: u64 = 20;
/// A word that so few documents have may be one that its author mistyped.
const RARE: u64 = 2;

/// What fulfils a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alternative {
    /// A word with this stem.
    Stem(String),
    /// This very word.
    Word(String),
    /// These very words together.
    Phrase(Vec<String>),
    /// Words with all these stems, wherever they stand.
    Stems(Vec<String>),
}

/// A term by which documents are ranked.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    pub(crate) term: Term,
    pub(crate) weight: f32,
}

/// One thing that is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) ranked: Vec<Ranked>,
    matcher: Matcher,
    /// The thing as it may be typed, and whether that is another than was typed.
    shown: String,
    is_corrected: bool,
}

/// What a text asks for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) needs: Vec<Need>,
    pub(crate) unwanted: Vec<Alternative>,
    unwanted_shown: Vec<String>,
}

impl Plan {
    /// Makes the plan for somebody: words that stand only in what they may not see are to them as if nobody had written them.
    pub(crate) fn make(
        snapshot: &Snapshot,
        fields: &Fields,
        text: &SearchText,
        sight: Sight,
    ) -> Result<Self, SearchError> {
        let maker = Maker {
            snapshot,
            fields,
            sight,
        };
        let mut needs = Vec::with_capacity(text.wanted.len());
        for (place, clause) in text.wanted.iter().enumerate() {
            let is_open = text.is_open && place + 1 == text.wanted.len();
            needs.push(maker.need(clause, is_open)?);
        }
        maker.join_neighbours(&text.wanted, &mut needs)?;
        maker.forgive(&text.wanted, &mut needs)?;
        let mut unwanted = Vec::new();
        for clause in &text.unwanted {
            unwanted.extend(maker.exactly(clause)?);
        }
        let unwanted_shown = text
            .unwanted
            .iter()
            .map(|clause| format!("-{}", typed(clause)))
            .collect();
        Ok(Self {
            needs,
            unwanted,
            unwanted_shown,
        })
    }

    /// The terms by which all documents are ranked.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = &Ranked> {
        self.needs.iter().flat_map(|need| &need.ranked)
    }

    /// The text with words for those that may have been mistyped; nothing if there are none.
    pub(crate) fn did_you_mean(&self) -> Option<String> {
        let is_corrected = self.needs.iter().any(|need| need.is_corrected);
        let shown = self.needs.iter().map(|need| need.shown.as_str());
        let all: Vec<&str> = shown
            .chain(self.unwanted_shown.iter().map(String::as_str))
            .collect();
        is_corrected.then(|| all.join(" "))
    }

    /// What knows the words again.
    pub(crate) fn matcher(&self) -> Matcher {
        let mut all = Matcher::default();
        for Need { matcher, .. } in &self.needs {
            all.stems.extend(matcher.stems.iter().cloned());
            all.words.extend(matcher.words.iter().cloned());
            all.beginnings.extend(matcher.beginnings.iter().cloned());
        }
        all
    }
}

/// A clause as it may be typed again.
fn typed(clause: &Clause) -> String {
    match clause {
        Clause::Word(word) => word.clone(),
        Clause::Prefix(word) => format!("{word}*"),
        Clause::Phrase(words) => format!("\"{}\"", words.join(" ")),
        Clause::Compound(words) => words.join("-"),
    }
}

struct Maker<'a> {
    snapshot: &'a Snapshot,
    fields: &'a Fields,
    sight: Sight,
}

impl Maker<'_> {
    fn need(&self, clause: &Clause, is_open: bool) -> Result<Need, SearchError> {
        let mut need = Need {
            shown: typed(clause),
            alternatives: self.exactly(clause)?,
            ..Need::default()
        };
        match clause {
            Clause::Word(word) if is_stop_word(word) => self.rank_word(&mut need, word, 1.0),
            Clause::Word(word) => {
                self.rank(&mut need, word, 1.0);
                self.add_related(&mut need, word);
                let frequency = self.frequency(self.fields.stems, &stem(word))?;
                if is_open && frequency < FEW && word.chars().count() >= LEAST_LETTERS {
                    self.add_beginning(&mut need, word)?;
                }
            }
            Clause::Prefix(word) => {
                self.rank_word(&mut need, word, 1.0);
                self.add_beginning(&mut need, word)?;
            }
            Clause::Phrase(words) => {
                let said = words.iter().filter(|word| !is_stop_word(word));
                for word in said {
                    self.rank(&mut need, word, 1.0);
                }
            }
            Clause::Compound(words) => {
                self.rank(&mut need, &words.concat(), 1.0);
                for word in words {
                    self.rank(&mut need, word, weight::OTHER);
                }
            }
        }
        Ok(need)
    }

    /// What fulfils a clause as it was typed, as far as the index has it.
    fn exactly(&self, clause: &Clause) -> Result<Vec<Alternative>, SearchError> {
        let alternatives = match clause {
            Clause::Word(word) if is_stop_word(word) => vec![Alternative::Word(word.clone())],
            Clause::Word(word) => vec![Alternative::Stem(stem(word).into_owned())],
            Clause::Prefix(word) => {
                let words = self.words_beginning(word)?;
                words
                    .into_iter()
                    .map(|(word, _)| Alternative::Word(word))
                    .collect()
            }
            Clause::Phrase(words) => vec![Alternative::Phrase(words.clone())],
            Clause::Compound(words) => {
                let whole = words.concat();
                let mut alternatives = vec![Alternative::Phrase(words.clone())];
                if self.frequency(self.fields.words, &whole)? > 0 {
                    alternatives.push(Alternative::Stem(stem(&whole).into_owned()));
                } else {
                    let said = words.iter().filter(|word| !is_stop_word(word));
                    alternatives.push(Alternative::Stems(
                        said.map(|word| stem(word).into_owned()).collect(),
                    ));
                }
                alternatives
            }
        };
        let mut there = Vec::with_capacity(alternatives.len());
        for alternative in alternatives {
            if self.is_there(&alternative)? {
                there.push(alternative);
            }
        }
        Ok(there)
    }

    /// Whether the index has all words of an alternative; whether any document has them together is seen when it is searched.
    fn is_there(&self, alternative: &Alternative) -> Result<bool, SearchError> {
        let (field, terms) = match alternative {
            Alternative::Stem(term) => (self.fields.stems, std::slice::from_ref(term)),
            Alternative::Word(term) => (self.fields.words, std::slice::from_ref(term)),
            Alternative::Phrase(terms) => (self.fields.words, terms.as_slice()),
            Alternative::Stems(terms) => (self.fields.stems, terms.as_slice()),
        };
        for term in terms {
            if self.frequency(field, term)? == 0 {
                return Ok(false);
            }
        }
        Ok(!terms.is_empty())
    }

    /// Ranks by a word in any of its inflections, and a little more as it was typed.
    fn rank(&self, need: &mut Need, word: &str, factor: f32) {
        let stem = stem(word);
        let fields = [
            (self.fields.title, weight::TITLE),
            (self.fields.names, weight::NAMES),
            (self.fields.summary, weight::SUMMARY),
            (self.fields.rest, weight::REST),
            (self.fields.owner, weight::OWNER),
        ];
        for (field, weight) in fields {
            need.ranked.push(Ranked {
                term: Term::from_field_text(field, &stem),
                weight: weight * factor,
            });
        }
        need.matcher.stems.insert(stem.into_owned());
        self.rank_word(need, word, weight::EXACT * factor);
    }

    fn rank_word(&self, need: &mut Need, word: &str, weight: f32) {
        need.ranked.push(Ranked {
            term: Term::from_field_text(self.fields.words, word),
            weight,
        });
        need.matcher.words.insert(word.to_owned());
    }

    fn add_related(&self, need: &mut Need, word: &str) {
        for related in related_words(word) {
            let words: Vec<&str> = related.split(' ').collect();
            let stems: Vec<String> = words.iter().map(|word| stem(word).into_owned()).collect();
            need.alternatives.push(match stems.as_slice() {
                [stem] => Alternative::Stem(stem.clone()),
                _ => Alternative::Phrase(words.iter().map(|&word| word.to_owned()).collect()),
            });
            for word in &words {
                self.rank(need, word, weight::OTHER / to_f32(words.len()));
            }
        }
    }

    fn add_beginning(&self, need: &mut Need, word: &str) -> Result<(), SearchError> {
        let words = self.words_beginning(word)?;
        for (place, (found, _)) in words.into_iter().enumerate() {
            if place < MOST_RANKED && found != word {
                self.rank(need, &found, weight::OTHER);
            }
            need.alternatives.push(Alternative::Word(found));
        }
        need.matcher.beginnings.push(word.to_owned());
        Ok(())
    }

    /// Two words that follow each other may be one in the records: "si tarang" is SITARANG.
    fn join_neighbours(&self, clauses: &[Clause], needs: &mut [Need]) -> Result<(), SearchError> {
        for (place, pair) in clauses.windows(2).enumerate() {
            let [Clause::Word(first), Clause::Word(second)] = pair else {
                continue;
            };
            let whole = format!("{first}{second}");
            if self.frequency(self.fields.words, &whole)? == 0 {
                continue;
            }
            for need in &mut needs[place..place + 2] {
                need.alternatives
                    .push(Alternative::Stem(stem(&whole).into_owned()));
            }
            self.rank(&mut needs[place], &whole, 1.0);
        }
        Ok(())
    }

    /// Words that the index does not have are taken for those that are a slip away, and for rare ones such are suggested.
    fn forgive(&self, clauses: &[Clause], needs: &mut [Need]) -> Result<(), SearchError> {
        for (clause, need) in clauses.iter().zip(needs) {
            let Clause::Word(word) = clause else { continue };
            let frequency = self.frequency(self.fields.words, word)?;
            let is_absent = need.alternatives.is_empty();
            if !is_absent && (frequency == 0 || frequency > RARE) {
                continue;
            }
            let near = self.words_near(word)?;
            let Some((best, best_frequency)) = near.first() else {
                continue;
            };
            if is_absent {
                for (found, _) in &near {
                    need.alternatives
                        .push(Alternative::Stem(stem(found).into_owned()));
                    self.rank(need, found, weight::OTHER);
                }
            }
            if is_absent || *best_frequency >= frequency * FAR_MORE {
                need.shown.clone_from(best);
                need.is_corrected = true;
            }
        }
        Ok(())
    }

    /// How many documents that may be seen have a term; some that are gone may be counted.
    fn frequency(&self, field: Field, term: &str) -> Result<u64, SearchError> {
        let mut frequency = 0;
        for part in self.snapshot.parts() {
            let inverted = part.reader.inverted_index(field)?;
            let Some(info) = inverted.terms().get(term.as_bytes())? else {
                continue;
            };
            frequency += if part.facts.hides(self.sight) {
                let mut with = Bits::none(part.reader.max_doc());
                add_term(&inverted, term.as_bytes(), &mut with)?;
                with.keep(&part.facts.seen(self.sight, part.reader.max_doc()));
                with.count()
            } else {
                u64::from(info.doc_freq)
            };
        }
        Ok(frequency)
    }

    /// The words of the index that begin so, the most frequent first.
    fn words_beginning(&self, beginning: &str) -> Result<Vec<(String, u64)>, SearchError> {
        let mut words = Frequencies::default();
        for part in self.snapshot.parts() {
            let inverted = part.reader.inverted_index(self.fields.words)?;
            let range = inverted.terms().range().ge(beginning.as_bytes());
            let mut terms = range.into_stream()?;
            while let Some((term, info)) = terms.next() {
                if !term.starts_with(beginning.as_bytes()) {
                    break;
                }
                words.add(term, info.doc_freq);
            }
        }
        Ok(words.sorted(MOST_WORDS, |_| 0))
    }

    /// The words of the index that are as few slips away as any, the most frequent first, but for the word itself.
    fn words_near(&self, word: &str) -> Result<Vec<(String, u64)>, SearchError> {
        let slips = slips_allowed(word.chars().count());
        if slips == 0 {
            return Ok(Vec::new());
        }
        let term = Term::from_field_text(self.fields.words, word);
        let mut words = Frequencies::default();
        for part in self.snapshot.parts() {
            let inverted = part.reader.inverted_index(self.fields.words)?;
            let automaton = FuzzyTermQuery::new(term.clone(), slips, true).automaton()?;
            let mut terms = inverted.terms().search(automaton).into_stream()?;
            while let Some((term, info)) = terms.next() {
                words.add(term, info.doc_freq);
            }
        }
        words.0.remove(word);
        let mut near = Vec::new();
        for (found, _) in words.sorted(MOST_LOOKED_AT, |found| distance(word, found)) {
            let frequency = self.frequency(self.fields.words, &found)?;
            if frequency > 0 {
                near.push((found, frequency));
            }
        }
        near.truncate(MOST_NEAR);
        let least = near.first().map(|(found, _)| distance(word, found));
        near.retain(|(found, _)| Some(distance(word, found)) == least);
        Ok(near)
    }
}

/// How many documents have each word.
#[derive(Default)]
struct Frequencies(std::collections::HashMap<String, u64>);

impl Frequencies {
    fn add(&mut self, term: &[u8], documents: u32) {
        if let Ok(word) = std::str::from_utf8(term) {
            *self.0.entry(word.to_owned()).or_default() += u64::from(documents);
        }
    }

    /// At most so many, those of the least rank first, and of these the most frequent.
    fn sorted(self, most: usize, rank: impl Fn(&str) -> usize) -> Vec<(String, u64)> {
        let mut words: Vec<(usize, String, u64)> = self
            .0
            .into_iter()
            .map(|(word, frequency)| (rank(&word), word, frequency))
            .collect();
        words.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then(b.2.cmp(&a.2))
                .then_with(|| a.1.cmp(&b.1))
        });
        words.truncate(most);
        words
            .into_iter()
            .map(|(_, word, frequency)| (word, frequency))
            .collect()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "these are words of a phrase, so there are few"
)]
fn to_f32(number: usize) -> f32 {
    number as f32
}
