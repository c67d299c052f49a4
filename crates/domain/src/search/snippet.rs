//! Cutting the part out of a text in which the words stand that were looked for.

use super::token::{each_token, usual_tokens};

/// How many words a snippet has at most.
const MOST_WORDS: usize = 30;
/// How many words stand before the first that was looked for, if there are so many.
const BEFORE: usize = 6;

/// A stretch of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The text, as the record has it.
    pub text: String,
    /// Whether it is a word that was looked for.
    pub is_match: bool,
}

/// A part of a text, cut where words end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Its stretches, which put together are the text.
    pub parts: Vec<Part>,
    /// Whether text before it was left out.
    pub is_cut_before: bool,
    /// Whether text after it was left out.
    pub is_cut_after: bool,
    /// How many words of it were looked for.
    pub matches: usize,
}

/// The stretch of a text that holds the most words that were looked for, the first of several; nothing if it holds none.
pub fn snippet(text: &str, mut is_match: impl FnMut(&str) -> bool) -> Option<Snippet> {
    let mut words = Vec::with_capacity(usual_tokens(text));
    let mut hits: Vec<usize> = Vec::new();
    each_token(text, |word, place| {
        if is_match(word) {
            hits.push(words.len());
        }
        words.push(place);
    });
    let start = best_start(&hits)?;
    let end = words.len().min(start + MOST_WORDS);
    // What is left over at the end of a short text is better spent on what stands before.
    let start = if end == words.len() {
        end.saturating_sub(MOST_WORDS)
    } else {
        start
    };
    let is_cut_before = start > 0;
    let is_cut_after = end < words.len();
    let mut at = if is_cut_before { words[start].start } else { 0 };
    let until = if is_cut_after {
        words[end - 1].end
    } else {
        text.len()
    };
    let mut parts = Vec::new();
    let mut push = |text: &str, is_match: bool| {
        if !text.is_empty() {
            parts.push(Part {
                text: text.to_owned(),
                is_match,
            });
        }
    };
    let inside = hits.iter().filter(|place| (start..end).contains(*place));
    let mut matches = 0;
    for place in inside {
        let place = &words[*place];
        push(&text[at..place.start], false);
        push(&text[place.clone()], true);
        at = place.end;
        matches += 1;
    }
    push(&text[at..until], false);
    Some(Snippet {
        parts,
        is_cut_before,
        is_cut_after,
        matches,
    })
}

/// Where the stretch begins that holds the most hits.
fn best_start(hits: &[usize]) -> Option<usize> {
    let begins = hits.iter().map(|hit| hit.saturating_sub(BEFORE));
    let held = |start: &usize| {
        hits.iter()
            .filter(|hit| (*start..start + MOST_WORDS).contains(*hit))
            .count()
    };
    // `max_by_key` takes the last of equals, so the order is turned.
    begins.rev().max_by_key(held)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::token::tokens;
    use super::*;

    /// Writes a snippet with its hits in brackets.
    fn shown(text: &str, wanted: &[&str]) -> Option<String> {
        let snippet = snippet(text, |word| wanted.contains(&word))?;
        let parts = snippet.parts.iter().map(|part| {
            if part.is_match {
                format!("[{}]", part.text)
            } else {
                part.text.clone()
            }
        });
        let before = if snippet.is_cut_before { "… " } else { "" };
        let after = if snippet.is_cut_after { " …" } else { "" };
        Some(format!("{before}{}{after}", parts.collect::<String>()))
    }

    #[test]
    fn hits_are_marked_where_they_stand() {
        let check = |text: &str, wanted: &[&str], expected: Option<&str>| {
            assert_eq!(shown(text, wanted).as_deref(), expected, "{text:?}");
        };
        check("", &["desa"], None);
        check("Kota kecil", &["desa"], None);
        check(
            "Desa <b>Mandiri</b>!",
            &["desa", "mandiri"],
            Some("[Desa] <b>[Mandiri]</b>!"),
        );
        check("e-KTP, Jum'at.", &["jumat"], Some("e-KTP, [Jum'at]."));
    }

    #[test]
    fn long_texts_are_cut_around_most_hits() {
        let words: Vec<String> = (0..200).map(|n| format!("w{n}")).collect();
        let text = words.join(" ");
        let check = |wanted: &[&str], first: &str, last: &str| {
            let found = snippet(&text, |word| wanted.contains(&word)).unwrap();
            let whole: String = found.parts.iter().map(|part| part.text.as_str()).collect();
            let shown: Vec<&str> = whole.split(' ').collect();
            assert_eq!(
                (shown[0], shown[shown.len() - 1]),
                (first, last),
                "{wanted:?}"
            );
            assert_eq!(shown.len(), MOST_WORDS);
        };
        check(&["w0"], "w0", "w29");
        check(&["w3", "w100", "w101"], "w94", "w123");
        check(&["w199"], "w170", "w199");
    }

    proptest! {
        #[test]
        fn a_short_text_comes_whole(text in "\\PC{0,80}", word in "[a-z]{1,2}") {
            if let Some(snippet) = snippet(&text, |found| found.contains(&word)) {
                let whole: String = snippet.parts.iter().map(|part| part.text.as_str()).collect();
                prop_assert!(text.contains(&whole));
                if tokens(&text).len() <= MOST_WORDS {
                    prop_assert_eq!(whole, text);
                }
            }
        }
    }
}
