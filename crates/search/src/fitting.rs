//! What may be what somebody wishes for: by affairs, goals and words, and how well proven and near it is.

use std::collections::HashSet;

use domain::catalog::{AdoptionStatus, Affair, LifecycleStage, RegionCode, Sdg, Vocabulary as _};
use domain::entry::Sight;
use domain::search::{is_stop_word, stem, tokens};

use crate::SearchError;
use crate::dictionary::Dictionary;
use crate::document::DocumentId;
use crate::fact::Facet;
use crate::matching::add_term;
use crate::schema::Fields;
use crate::segment::Facts;
use crate::snapshot::{Part, Snapshot};
use domain::bits::Bits;

/// By how many words a wish is judged: the rarest.
const MOST_WORDS: usize = 20;
/// A word that more than one of so many documents have tells nothing about a wish.
const COMMON: u64 = 5;
/// With fewer documents than this no word is common.
const FEW: u64 = 25;
/// Of so many of its words one must stand in a document, and two at least, for the document to share its words.
const ONE_OF: usize = 4;

/// How much speaks for an innovation: as `domain::catalog::MatchReason` weighs it, so that the best by all reasons are among
/// the most promising.
mod points {
    pub(super) const MAIN_AFFAIR: u32 = 40;
    pub(super) const WORDS: u32 = 30;
    pub(super) const AFFAIR: u32 = 20;
    pub(super) const SDG: u32 = 10;
    pub(super) const APPLIED: u32 = 5;
    pub(super) const INSTITUTIONALIZED: u32 = 4;
    pub(super) const PROVINCE: u32 = 3;
}

/// What somebody wishes for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// In their words.
    pub text: String,
    /// The affairs that it concerns, the main one first.
    pub affairs: Vec<Affair>,
    /// The goals that it serves.
    pub sdgs: Vec<Sdg>,
    /// Where it is felt.
    pub region: Option<RegionCode>,
    /// What whoever asks may see; nothing else is found.
    pub sight: Sight,
    /// How many are wanted.
    pub limit: usize,
}

/// An innovation that may be what somebody wishes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The record.
    pub id: DocumentId,
    /// Whether it has the words of the wish: a quarter of those that tell something, and two at least if there are two.
    pub shares_words: bool,
}

/// A document that shares something with a wish.
struct Candidate {
    /// Points, then how many words are shared.
    rank: (u32, u8),
    published: i64,
    shares_words: bool,
    part: usize,
    document: u32,
}

/// Finds those that share an affair, a goal or words with a wish and are still in use, the most promising first.
pub(crate) fn find(
    snapshot: &Snapshot,
    fields: &Fields,
    wish: &Wish,
) -> Result<Vec<Fit>, SearchError> {
    let dictionary = snapshot.words(fields, wish.sight);
    let words = telling_words(dictionary, &wish.text)?;
    let mut candidates = Vec::new();
    let opened = dictionary.view.open();
    for (place, (part, open)) in snapshot.parts().zip(opened).enumerate() {
        let shared = shared_words(part, fields, &words)?;
        candidates_of(
            place,
            part,
            open,
            wish,
            (&shared, words.len()),
            &mut candidates,
        );
    }
    candidates.sort_unstable_by(|one, other| {
        (other.rank, other.published).cmp(&(one.rank, one.published))
    });
    candidates.truncate(wish.limit);
    let facts: Vec<&Facts> = snapshot.parts().map(|part| part.facts).collect();
    let fit = |candidate: Candidate| Fit {
        id: facts[candidate.part].id(candidate.document),
        shares_words: candidate.shares_words,
    };
    Ok(candidates.into_iter().map(fit).collect())
}

fn candidates_of(
    place: usize,
    part: Part<'_>,
    open: Option<&Bits>,
    wish: &Wish,
    (shared, words): (&[u8], usize),
    candidates: &mut Vec<Candidate>,
) {
    let with = |facet, value: &str| part.facts.with(facet, value);
    let affair = |affair: &Affair| with(Facet::Affair, affair.code());
    let main: Vec<&Bits> = wish.affairs.first().and_then(affair).into_iter().collect();
    let others: Vec<&Bits> = wish.affairs.iter().skip(1).filter_map(affair).collect();
    let goals = wish.sdgs.iter();
    let goals: Vec<&Bits> = goals
        .filter_map(|goal| with(Facet::Sdg, &goal.number().to_string()))
        .collect();
    let province = wish.region.map(|region| region.province().to_string());
    let province = province.and_then(|province| with(Facet::Province, &province));
    let applied = with(Facet::Adoption, AdoptionStatus::Applied.code());
    let gone = with(Facet::Adoption, AdoptionStatus::Discontinued.code());
    let permanent = with(Facet::Stage, LifecycleStage::Institutionalization.code());

    let mut bound = Bits::none(part.reader.max_doc());
    for bits in main.iter().chain(&others).chain(&goals) {
        bound.add(bits);
    }
    for (document, _) in (0_u32..)
        .zip(shared)
        .filter(|(_, count)| is_enough(**count, words))
    {
        bound.insert(document);
    }
    if let Some(open) = open {
        bound.keep(open);
    }
    if let Some(gone) = gone {
        bound.take_out(gone);
    }
    for document in bound.iter() {
        let any = |sets: &[&Bits]| sets.iter().any(|bits| bits.contains(document));
        let is_in = |bits: Option<&Bits>| bits.is_some_and(|bits| bits.contains(document));
        let count = shared.get(document as usize).copied().unwrap_or_default();
        let shares_words = is_enough(count, words);
        let reasons = [
            (any(&main), points::MAIN_AFFAIR),
            (shares_words, points::WORDS),
            (any(&others), points::AFFAIR),
            (any(&goals), points::SDG),
            (is_in(applied), points::APPLIED),
            (is_in(permanent), points::INSTITUTIONALIZED),
            (is_in(province), points::PROVINCE),
        ];
        let points = reasons.iter().filter(|(is_so, _)| *is_so);
        candidates.push(Candidate {
            rank: (points.map(|(_, points)| points).sum(), count),
            published: part.facts.published(document),
            shares_words,
            part: place,
            document,
        });
    }
}

/// Whether so many of a wish's words are enough to share its words.
fn is_enough(count: u8, words: usize) -> bool {
    let least = words.div_ceil(ONE_OF).max(2).min(words);
    words > 0 && usize::from(count) >= least
}

/// How many of some words each document of a segment has.
fn shared_words(part: Part<'_>, fields: &Fields, words: &[String]) -> Result<Vec<u8>, SearchError> {
    let bound = part.reader.max_doc();
    let mut shared = vec![0_u8; bound as usize];
    let inverted = part.reader.inverted_index(fields.stems)?;
    for word in words {
        let mut with = Bits::none(bound);
        add_term(&inverted, word.as_bytes(), &mut with)?;
        for document in with.iter() {
            shared[document as usize] += 1;
        }
    }
    Ok(shared)
}

/// The stems of a text that tell something and that any document has, the rarest first.
fn telling_words(dictionary: Dictionary<'_>, text: &str) -> Result<Vec<String>, SearchError> {
    let documents = dictionary.view.documents();
    let common = if documents < FEW {
        documents
    } else {
        documents / COMMON
    };
    let mut met = HashSet::new();
    let mut words = Vec::new();
    for token in tokens(text) {
        let is_number = token.word.bytes().all(|byte| byte.is_ascii_digit());
        if is_stop_word(&token.word) || is_number || token.word.len() < 2 {
            continue;
        }
        let stem = stem(&token.word).into_owned();
        if !met.insert(stem.clone()) {
            continue;
        }
        let frequency = dictionary.frequency(dictionary.fields.stems, &stem)?;
        if (1..=common).contains(&frequency) {
            words.push((frequency, stem));
        }
    }
    words.sort_unstable();
    words.truncate(MOST_WORDS);
    Ok(words.into_iter().map(|(_, stem)| stem).collect())
}
