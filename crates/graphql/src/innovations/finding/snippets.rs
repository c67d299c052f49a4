//! The parts of an innovation's texts in which the words stand that were looked for.

use domain::catalog::{Innovation, Line, Words};
use search::{Found, Marked};

use crate::innovations::Innovation as Shown;
use crate::row::{Rows, row};

row! {
    /// A part of a text in which words stand that were looked for. The texts are those of the record: plain, not HTML.
    pub(crate) struct Snippet {
        /// The field it is of, by its name in `Innovation`.
        field: &'static str,
        /// Its stretches; put together they are the part.
        parts: Rows<SnippetPart>,
        /// Whether text before it was left out.
        is_cut_before: bool,
        /// Whether text after it was left out.
        is_cut_after: bool,
    }
}

row! {
    /// A stretch of a snippet.
    pub(crate) struct SnippetPart {
        /// The text.
        text: String,
        /// Whether it is a word that was looked for.
        is_match: bool,
    }
}

/// The snippets of an innovation: of the title, and of the other texts that hold most of the words.
pub(super) fn of(shown: &Shown, found: &Found) -> Rows<Snippet> {
    let marked = found.marked(shown.key(), shown.revision_of(), || texts(shown.said()));
    marked.iter().map(Snippet::of).collect()
}

impl Snippet {
    fn of(marked: &Marked) -> Self {
        let part = &marked.part;
        let parts = part.parts.iter().map(|stretch| SnippetPart {
            text: stretch.text.clone(),
            is_match: stretch.is_match,
        });
        Self {
            field: marked.field,
            parts: parts.collect(),
            is_cut_before: part.is_cut_before,
            is_cut_after: part.is_cut_after,
        }
    }
}

/// The texts of an innovation with the names of their fields, the title first, in the order of a record.
fn texts(innovation: &Innovation) -> impl Iterator<Item = (&'static str, &str)> {
    let texts = &innovation.texts;
    let one = [
        ("title", Some(innovation.title.as_str())),
        (
            "acronymOf",
            innovation.acronym_of.as_ref().map(Line::as_str),
        ),
        ("summary", said(texts.summary.as_ref())),
        ("background", said(texts.background.as_ref())),
        ("novelty", said(texts.novelty.as_ref())),
        ("implementation", said(texts.implementation.as_ref())),
        ("impact", said(texts.impact.as_ref())),
        ("replicatedSoFar", said(texts.replicated_so_far.as_ref())),
        (
            "replicationPotential",
            said(texts.replication_potential.as_ref()),
        ),
        ("resources", said(texts.resources.as_ref())),
        ("sustainability", said(texts.sustainability.as_ref())),
        ("challenges", said(texts.challenges.as_ref())),
        ("lessons", said(texts.lessons.as_ref())),
        ("unitName", innovation.unit_name.as_ref().map(Line::as_str)),
    ];
    let tags = innovation
        .classification
        .tags
        .iter()
        .map(|tag| ("tags", tag.as_str()));
    let preconditions = innovation
        .preconditions
        .iter()
        .map(|line| ("preconditions", line.as_str()));
    let one = one
        .into_iter()
        .filter_map(|(field, text)| Some((field, text?)));
    one.chain(tags).chain(preconditions)
}

fn said<const LIMIT: usize>(text: Option<&Words<LIMIT>>) -> Option<&str> {
    text.map(Words::as_str)
}
