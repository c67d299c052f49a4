//! The fields of the index. What is changed here, or in how texts become words, needs another [`VERSION`].

use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

use crate::analyzer::{STEMS, WORDS};

/// The version of the schema and of the words in it: an index of another one is built anew.
pub(crate) const VERSION: u32 = 1;

/// The fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// The schema that they make.
    pub(crate) schema: Schema,
    /// The record's id.
    pub(crate) id: Field,
    /// Facts, see [`crate::fact`].
    pub(crate) facts: Field,
    /// Stems of the title.
    pub(crate) title: Field,
    /// Stems of what else it is called.
    pub(crate) names: Field,
    /// Stems of the summary.
    pub(crate) summary: Field,
    /// Stems of all other texts.
    pub(crate) rest: Field,
    /// Stems of whose it is and where.
    pub(crate) owner: Field,
    /// Stems of all texts, to know what holds a word.
    pub(crate) stems: Field,
    /// The words of all texts as they are written, at their places: for phrases, beginnings and slips.
    pub(crate) words: Field,
    /// The two halves of the record's id, the fingerprint, and when it was published.
    pub(crate) record_high: Field,
    pub(crate) record_low: Field,
    pub(crate) fingerprint: Field,
    pub(crate) published: Field,
}

pub(crate) const RECORD_HIGH: &str = "record_high";
pub(crate) const RECORD_LOW: &str = "record_low";
pub(crate) const FINGERPRINT: &str = "fingerprint";
pub(crate) const PUBLISHED: &str = "published";

fn text(tokenizer: &str, option: IndexRecordOption, has_lengths: bool) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(tokenizer)
        .set_index_option(option)
        .set_fieldnorms(has_lengths);
    TextOptions::default().set_indexing_options(indexing)
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::builder();
        let raw = || text("raw", IndexRecordOption::Basic, false);
        let scored = || text(STEMS, IndexRecordOption::WithFreqs, true);
        Self {
            id: schema.add_text_field("id", raw()),
            facts: schema.add_text_field("facts", raw()),
            title: schema.add_text_field("title", scored()),
            names: schema.add_text_field("names", scored()),
            summary: schema.add_text_field("summary", scored()),
            rest: schema.add_text_field("rest", scored()),
            owner: schema.add_text_field("owner", scored()),
            stems: schema.add_text_field("stems", text(STEMS, IndexRecordOption::Basic, false)),
            words: schema.add_text_field(
                "words",
                text(WORDS, IndexRecordOption::WithFreqsAndPositions, true),
            ),
            record_high: schema.add_u64_field(RECORD_HIGH, FAST),
            record_low: schema.add_u64_field(RECORD_LOW, FAST),
            fingerprint: schema.add_u64_field(FINGERPRINT, FAST),
            published: schema.add_i64_field(PUBLISHED, FAST),
            schema: schema.build(),
        }
    }
}
