//! The parts of texts in which the words stand that were looked for, kept with what a text finds: who narrows a search down, or
//! turns back a page, is shown the same innovations again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::search::{Snippet, snippet};

use crate::document::DocumentId;
use crate::request::Matcher;

/// The most parts of one innovation.
const MOST_PARTS: usize = 3;
/// Of how many innovations the parts are kept for each text: two pages of usual size, some 20 KB.
const MOST_KEPT: usize = 40;

/// A part of a text of an innovation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The text's name.
    pub field: &'static str,
    /// The part.
    pub part: Snippet,
}

/// Parts by innovation and revision.
type Kept = HashMap<(DocumentId, u64), Arc<[Marked]>>;

/// The parts that are kept of one text.
#[derive(Debug, Default)]
pub(crate) struct Parts(Mutex<Kept>);

impl Parts {
    /// Those of a revision, made of its texts if they are not kept.
    pub(crate) fn of<'a, Texts: Iterator<Item = (&'static str, &'a str)>>(
        &self,
        matcher: &Matcher,
        id: DocumentId,
        revision: u64,
        texts: impl FnOnce() -> Texts,
    ) -> Arc<[Marked]> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (id, revision);
        if let Some(known) = kept().get(&key) {
            return Arc::clone(known);
        }
        let made: Arc<[Marked]> = best(matcher, texts()).into();
        let mut kept = kept();
        if kept.len() >= MOST_KEPT {
            // Others are among the best by now.
            kept.clear();
        }
        kept.insert(key, Arc::clone(&made));
        made
    }
}

/// A part of the title, which is the first text, and of those that hold most of the words.
fn best<'a>(
    matcher: &Matcher,
    texts: impl Iterator<Item = (&'static str, &'a str)>,
) -> Vec<Marked> {
    let part = |(nth, (field, text)): (usize, (&'static str, &str))| {
        if !matcher.may_be_in(text) {
            return None;
        }
        let part = snippet(text, |word| matcher.is_match(word))?;
        Some((nth > 0, Marked { field, part }))
    };
    let mut all: Vec<_> = texts.enumerate().filter_map(part).collect();
    // A stable sort: of texts with equally many words those that come first in a record.
    all.sort_by_key(|(is_rest, marked)| (*is_rest, std::cmp::Reverse(marked.part.matches)));
    let all = all.into_iter().map(|(_, marked)| marked);
    all.take(MOST_PARTS).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::identity::HubId;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> DocumentId {
        let hub = HubId::parse("kl-a").unwrap();
        (hub, Uuid::from_u128(number).into())
    }

    fn matcher() -> Matcher {
        let mut matcher = Matcher::default();
        matcher.words.insert("antrean".to_owned());
        matcher.sealed()
    }

    #[test]
    fn the_title_comes_first_then_what_holds_most_of_the_words() {
        let texts = [
            ("title", "Antrean daring"),
            ("summary", "Tanpa kata itu"),
            ("background", "Antrean"),
            ("impact", "antrean demi antrean"),
            ("lessons", "antrean"),
        ];
        let found = best(&matcher(), texts.into_iter());
        let fields: Vec<_> = found.iter().map(|marked| marked.field).collect();
        assert_eq!(fields, ["title", "impact", "background"]);
    }

    #[test]
    fn they_are_made_once_for_each_revision_and_few_are_kept() {
        let (parts, made) = (Parts::default(), Cell::new(0));
        let ask = |number, revision| {
            let texts = || {
                made.set(made.get() + 1);
                [("title", "Antrean")].into_iter()
            };
            parts.of(&matcher(), id(number), revision, texts)
        };
        let first = ask(1, 1);
        assert_eq!((ask(1, 1), made.get()), (first, 1));
        ask(1, 2);
        assert_eq!(made.get(), 2, "another revision says something else");
        for number in 0..100 {
            ask(number, 1);
        }
        assert!(parts.0.lock().unwrap().len() <= MOST_KEPT);
    }
}
