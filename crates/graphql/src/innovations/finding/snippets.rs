//! The parts of an innovation's texts in which the words stand that were looked for.

use domain::catalog::{Innovation, Line, Words};
use domain::search::snippet;
use search::Matcher;

use crate::row::{Rows, row};

/// The most snippets of one innovation.
const MOST: usize = 3;

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
pub(super) fn of(innovation: &Innovation, matcher: &Matcher) -> Rows<Snippet> {
    let mut rest = Vec::new();
    let mut title = None;
    for (field, text) in texts(innovation) {
        if !matcher.may_be_in(text) {
            continue;
        }
        let Some(cut) = snippet(text, |word| matcher.is_match(word)) else {
            continue;
        };
        let parts = cut.parts.into_iter().map(|part| SnippetPart {
            text: part.text,
            is_match: part.is_match,
        });
        let made = Snippet {
            field,
            parts: parts.collect(),
            is_cut_before: cut.is_cut_before,
            is_cut_after: cut.is_cut_after,
        };
        match field {
            "title" => title = Some(made),
            _ => rest.push((cut.matches, made)),
        }
    }
    // A stable sort: of texts with equally many words those that come first in a record.
    rest.sort_by_key(|(matches, _)| std::cmp::Reverse(*matches));
    let rest = rest.into_iter().map(|(_, made)| made);
    let best = title.into_iter().chain(rest).take(MOST);
    best.collect()
}

/// The texts of an innovation with the names of their fields, in the order of a record.
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
