//! What is asked of the index, and what it answers.

use std::collections::HashSet;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use domain::catalog::{AdoptionStatus, Affair, LifecycleStage, RegionCode, Sdg};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use domain::search::{Clause, SearchText, may_stem_to, stem, traces_of_stem};

use crate::document::DocumentId;
use crate::fact::Facet;
use crate::finding::Finding;
use crate::marked::Marked;
use crate::snapshot::Snapshot;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The text.
    pub text: SearchText,
    /// Which innovations are wanted.
    pub filter: Filter,
    /// What whoever asks may see; nothing else is found, counted or suggested.
    pub sight: Sight,
    /// How many of the best are passed over.
    pub skip: usize,
    /// How many are wanted after those.
    pub limit: usize,
}

/// Conditions that all must hold; of a list one value is enough, but for tags. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only innovations of these hubs.
    pub hubs: Vec<HubId>,
    /// Only innovations of this region and those within it.
    pub region: Option<RegionCode>,
    /// Only innovations of this agency of this hub.
    pub agency: Option<(HubId, RecordId)>,
    /// Only innovations with at least one of these affairs.
    pub affairs: Vec<Affair>,
    /// Only innovations with at least one of these goals.
    pub sdgs: Vec<Sdg>,
    /// Only innovations at one of these stages.
    pub stages: Vec<LifecycleStage>,
    /// Only innovations with one of these adoption statuses.
    pub adoptions: Vec<AdoptionStatus>,
    /// Only innovations of this year or later.
    pub year_from: Option<u16>,
    /// Only innovations of this year or earlier.
    pub year_to: Option<u16>,
    /// Only innovations with all these tags.
    pub tags: Vec<String>,
    /// Only innovations with all these words, or their beginnings, in the title.
    pub title_words: Option<String>,
    /// Only innovations that won an award of one of these schemes.
    pub awards: Vec<String>,
}

impl Request {
    /// Whether so much of the index is looked at that it should keep nobody else waiting: beginnings of words, and words that
    /// stand together.
    pub fn is_heavy(&self) -> bool {
        let mut clauses = self.text.wanted.iter().chain(&self.text.unwanted);
        clauses.any(|clause| !matches!(clause, Clause::Word(_)))
    }
}

/// A page of what was found.
#[derive(Clone)]
pub struct Found {
    /// The page's hits, the best first.
    pub hits: Vec<Hit>,
    /// Which state of the store was searched.
    pub mark: Mark,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) finding: Arc<Finding>,
}

impl Found {
    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.finding.total
    }

    /// The text as it may have been meant.
    pub fn did_you_mean(&self) -> Option<&str> {
        self.finding.did_you_mean()
    }

    /// The parts of an innovation's texts in which the words stand that were looked for: at most three, the first text's first.
    /// The texts are asked for if the parts of this revision are not kept.
    pub fn marked<'a, Texts: Iterator<Item = (&'static str, &'a str)>>(
        &self,
        id: DocumentId,
        revision: u64,
        texts: impl FnOnce() -> Texts,
    ) -> Arc<[Marked]> {
        self.finding.marked(id, revision, texts)
    }

    /// How many of all that was found have each value of a facet, the most frequent first.
    pub fn count(&self, facet: Facet) -> Arc<[(String, u64)]> {
        self.finding.count(&self.snapshot, facet)
    }
}

/// One innovation that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The record.
    pub id: DocumentId,
    /// How well it fits; only to be compared within one answer.
    pub score: f32,
}

/// A state of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The position of the newest commit that is in it.
    pub position: u64,
    /// When the store was read, in Unix milliseconds.
    pub at: i64,
}

/// Knows the words that were looked for, to mark them in texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    pub(crate) stems: HashSet<String>,
    pub(crate) words: HashSet<String>,
    pub(crate) beginnings: Vec<String>,
    /// With which letters the words begin, of which most words of a text do not.
    initials: u32,
    /// What stands in a text of plain letters in which one of the words stands; nothing if that is not told so quickly.
    traces: Option<AhoCorasick>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        // The rest is made of these.
        self.stems == other.stems
            && self.words == other.words
            && self.beginnings == other.beginnings
    }
}

impl Matcher {
    /// Looks at the words once more, after the last of them.
    pub(crate) fn sealed(self) -> Self {
        let initials = self.words.iter().fold(0, |all, word| all | initial(word));
        let traces = self.traces();
        Self {
            initials,
            traces,
            ..self
        }
    }

    fn traces(&self) -> Option<AhoCorasick> {
        let of_stems = self.stems.iter().flat_map(|stem| traces_of_stem(stem));
        let whole = self.words.iter().chain(&self.beginnings);
        let traces = of_stems.chain(whole.map(String::as_str));
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).build(traces).ok()
    }

    /// Whether one of them may stand in a text: quickly told, so that few texts need be cut into words.
    pub(crate) fn may_be_in(&self, text: &str) -> bool {
        // Letters with marks and apostrophes are folded before words are compared.
        // All bytes are looked at, several at once, which is quicker than to stop at the first that is odd.
        let is_odd = |byte: u8| matches!(byte, b'\'' | b'`' | 0x80..);
        let is_plain = !text.bytes().fold(false, |found, byte| found | is_odd(byte));
        match &self.traces {
            Some(traces) if is_plain => traces.is_match(text),
            _ => true,
        }
    }

    /// Whether a folded word is one of them.
    pub(crate) fn is_match(&self, word: &str) -> bool {
        (self.initials & initial(word) != 0 && self.words.contains(word))
            || self
                .beginnings
                .iter()
                .any(|beginning| word.starts_with(beginning.as_str()))
            || (self.may_have_stem(word) && self.stems.contains(stem(word).as_ref()))
    }

    /// Whether a word may have one of the stems: quickly told, so that few words need be stemmed.
    fn may_have_stem(&self, word: &str) -> bool {
        match &self.traces {
            Some(traces) => traces.is_match(word),
            None => self.stems.iter().any(|wanted| may_stem_to(word, wanted)),
        }
    }
}

/// The bit of a word's first letter; several letters share one.
fn initial(word: &str) -> u32 {
    word.bytes().next().map_or(0, |byte| 1 << (byte % 32))
}

#[cfg(test)]
mod tests {
    use domain::search::snippet;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_is_passed_over_in_which_a_word_stands(
            text in "((pe|me|di|ber)?(layan|daftar|Jum'at|usaha|LAUT|inovasi|service|café)(an|i|kan|s|d)?[ ,.'-]{1,2}){0,12}",
            stems in prop::collection::hash_set("(layan|daftar|jumat|usaha|laut|inovasi|servic|cafe|an)", 0..3),
            words in prop::collection::hash_set("(pelayanan|laut|services|jumat|cafe)", 0..2),
            beginnings in prop::collection::vec("(pel|in|ca)", 0..2),
        ) {
            let plain = Matcher { stems, words, beginnings, ..Matcher::default() };
            let naive = |word: &str| {
                plain.words.contains(word)
                    || plain.beginnings.iter().any(|beginning| word.starts_with(beginning))
                    || plain.stems.contains(stem(word).as_ref())
            };
            let sealed = plain.clone().sealed();
            let found = snippet(&text, |word| sealed.is_match(word));
            prop_assert_eq!(&found, &snippet(&text, naive));
            prop_assert!(found.is_none() || sealed.may_be_in(&text), "{}", text);
        }
    }

    #[test]
    fn a_text_without_any_of_the_words_is_passed_over() {
        let matcher = Matcher {
            stems: HashSet::from(["layan".to_owned()]),
            ..Matcher::default()
        };
        let matcher = matcher.sealed();
        for (text, expected) in [
            ("Usaha LAUT", false),
            ("MELAYANI", true),
            ("", false),
            ("Usaha Jum'at", true),
            ("Café", true),
        ] {
            assert_eq!(matcher.may_be_in(text), expected, "{text}");
        }
    }
}
