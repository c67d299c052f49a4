//! Which terms of the index a text asks for.
//!
//! Each thing that is looked for becomes a [`Need`]: what fulfils it, any one of which is enough, and by which terms those
//! that fulfil it are ranked. A word is fulfilled by its stem and by what is related to it; one that nobody wrote so, by
//! words that begin with it, if it may be unfinished, or else by words that are a slip away.

use domain::search::{Clause, SearchText, is_stop_word, related_words, slips_allowed, stem};
use tantivy::Term;

use crate::SearchError;
use crate::dictionary::Dictionary;
use crate::request::Matcher;
use crate::schema::Fields;

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
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ranked {
    pub(crate) term: Term,
    pub(crate) weight: f32,
}

/// One thing that is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Need {
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) ranked: Vec<Ranked>,
    matcher: Matcher,
    /// The thing as it may be typed, and whether that is another than was typed.
    shown: String,
    is_corrected: bool,
}

/// What a text asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) needs: Vec<Need>,
    pub(crate) unwanted: Vec<Alternative>,
    unwanted_shown: Vec<String>,
}

impl Plan {
    /// Makes the plan for somebody: words that stand only in what they may not see are to them as if nobody had written them.
    pub(crate) fn make(words: Dictionary<'_>, text: &SearchText) -> Result<Self, SearchError> {
        let maker = Maker {
            words,
            fields: words.fields,
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
        all.sealed()
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
    words: Dictionary<'a>,
    fields: &'a Fields,
}

impl Maker<'_> {
    fn need(&self, clause: &Clause, is_open: bool) -> Result<Need, SearchError> {
        let mut need = Need {
            shown: typed(clause),
            ..Need::default()
        };
        if !matches!(clause, Clause::Prefix(_)) {
            need.alternatives = self.exactly(clause)?;
        }
        match clause {
            Clause::Word(word) if is_stop_word(word) => self.rank_word(&mut need, word, 1.0),
            Clause::Word(word) => {
                self.rank(&mut need, word, 1.0);
                self.add_related(&mut need, word)?;
                let frequency = self.words.frequency(self.fields.stems, &stem(word))?;
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
                let words = self.words.words_beginning(word)?.into_iter();
                return Ok(words.map(|(word, _)| Alternative::Word(word)).collect());
            }
            Clause::Phrase(words) => vec![Alternative::Phrase(words.clone())],
            Clause::Compound(words) => {
                let whole = words.concat();
                let mut alternatives = vec![Alternative::Phrase(words.clone())];
                if self.words.frequency(self.fields.words, &whole)? > 0 {
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
            if self.words.frequency(field, term)? == 0 {
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

    /// Adds what is related to a word, as far as the index has it.
    fn add_related(&self, need: &mut Need, word: &str) -> Result<(), SearchError> {
        for related in related_words(word) {
            let words: Vec<&str> = related.split(' ').collect();
            let stems: Vec<String> = words.iter().map(|word| stem(word).into_owned()).collect();
            let alternative = match stems.as_slice() {
                [stem] => Alternative::Stem(stem.clone()),
                _ => Alternative::Phrase(words.iter().map(|&word| word.to_owned()).collect()),
            };
            if !self.is_there(&alternative)? {
                continue;
            }
            need.alternatives.push(alternative);
            for word in &words {
                self.rank(need, word, weight::OTHER / to_f32(words.len()));
            }
        }
        Ok(())
    }

    fn add_beginning(&self, need: &mut Need, word: &str) -> Result<(), SearchError> {
        let words = self.words.words_beginning(word)?;
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
            if self.words.frequency(self.fields.words, &whole)? == 0 {
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
            let frequency = self.words.frequency(self.fields.words, word)?;
            let is_absent = need.alternatives.is_empty();
            if !is_absent && (frequency == 0 || frequency > RARE) {
                continue;
            }
            let slips = slips_allowed(word.chars().count());
            // For a word that is rare, but known, only such are suggested that are far more frequent, and one slip away: two
            // slips make another word of too many.
            let (slips, least) = if is_absent {
                (slips, 1)
            } else {
                (slips.min(1), frequency * FAR_MORE)
            };
            let near = self.words.words_near(word, slips, least)?;
            let Some((best, _)) = near.first() else {
                continue;
            };
            if is_absent {
                for (found, _) in &near {
                    need.alternatives
                        .push(Alternative::Stem(stem(found).into_owned()));
                    self.rank(need, found, weight::OTHER);
                }
            }
            need.shown.clone_from(best);
            need.is_corrected = true;
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "these are words of a phrase, so there are few"
)]
fn to_f32(number: usize) -> f32 {
    number as f32
}
