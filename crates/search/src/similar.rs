//! What is like an innovation: what shares its rarest words.

use std::collections::HashMap;

use domain::entry::Sight;
use domain::search::{is_stop_word, stem, tokens};
use tantivy::Term;

use crate::dictionary::Dictionary;
use crate::document::{DocumentId, DocumentTexts};
use crate::plan::Ranked;
use crate::request::Hit;
use crate::schema::Fields;
use crate::snapshot::Snapshot;
use crate::view::Figures;
use crate::{SearchError, ranking};
use domain::bits::Bits;

/// By how many words likeness is judged.
const MOST_WORDS: usize = 20;
/// How much a word of the title counts, one of the summary counting 1.
const IN_TITLE: f32 = 3.0;
/// How much a word of another text counts.
const IN_REST: f32 = 0.3;
/// Words are taken from no more than the beginning of a text, in bytes.
const MOST_BYTES: usize = 4000;

/// Finds what is most alike, without the innovation itself.
pub(crate) fn find(
    snapshot: &Snapshot,
    fields: &Fields,
    (to, texts): (&DocumentId, &DocumentTexts),
    sight: Sight,
    limit: usize,
) -> Result<Vec<Hit>, SearchError> {
    let view = snapshot.view(sight);
    let words = telling_words(snapshot.words(fields, sight), texts)?;
    let mut ranked = Vec::new();
    let mut tier = Vec::new();
    for (word, weight) in &words {
        for (field, factor) in [
            (fields.title, 2.0),
            (fields.names, 1.0),
            (fields.summary, 1.0),
            (fields.rest, 0.5),
        ] {
            ranked.push(Ranked {
                term: Term::from_field_text(field, word),
                weight: weight * factor,
            });
        }
    }
    for (part, open) in snapshot.parts().zip(view.open()) {
        let mut sharing = Bits::none(part.reader.max_doc());
        let inverted = part.reader.inverted_index(fields.stems)?;
        for (word, _) in &words {
            crate::matching::add_term(&inverted, word.as_bytes(), &mut sharing)?;
        }
        if let Some(open) = open {
            sharing.keep(open);
        }
        tier.push(sharing);
    }
    let ranked: Vec<&Ranked> = ranked.iter().collect();
    let figures = Figures { snapshot, view };
    let mut hits = ranking::best(&figures, &ranked, &[tier], (limit + 1, None))?;
    hits.retain(|hit| hit.id != *to);
    hits.truncate(limit);
    Ok(hits)
}

/// The words of texts that tell most about them, with what they weigh.
fn telling_words(
    dictionary: Dictionary<'_>,
    texts: &DocumentTexts,
) -> Result<Vec<(String, f32)>, SearchError> {
    let mut counts: HashMap<String, f32> = HashMap::new();
    let mut add = |text: &str, factor: f32| {
        let end = text.floor_char_boundary(MOST_BYTES);
        for token in tokens(&text[..end]) {
            let is_number = token.word.bytes().all(|byte| byte.is_ascii_digit());
            if !is_stop_word(&token.word) && !is_number && token.word.len() > 1 {
                *counts.entry(stem(&token.word).into_owned()).or_default() += factor;
            }
        }
    };
    add(&texts.title, IN_TITLE);
    for name in &texts.names {
        add(name, IN_TITLE / 2.0);
    }
    if let Some(text) = &texts.summary {
        add(text, 1.0);
    }
    for text in &texts.rest {
        add(text, IN_REST);
    }
    let all = dictionary.view.documents();
    let mut words = Vec::new();
    for (word, count) in counts {
        let frequency = dictionary.frequency(dictionary.fields.stems, &word)?;
        // What only this one says leads to no other.
        if frequency > 1 {
            let weight = (1.0 + count.ln_1p()) * rarity(frequency, all);
            words.push((word, weight));
        }
    }
    words
        .sort_unstable_by(|(a, weight), (b, other)| other.total_cmp(weight).then_with(|| a.cmp(b)));
    words.truncate(MOST_WORDS);
    Ok(words)
}

#[expect(clippy::cast_precision_loss, reason = "a weight need not be exact")]
fn rarity(frequency: u64, all: u64) -> f32 {
    (all.max(1) as f32 / frequency.max(1) as f32).ln_1p()
}
