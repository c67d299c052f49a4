//! Cutting a text into folded words.

use std::ops::Range;

use crate::catalog::{CharRole, char_role, push_folded};

/// The longest word that is looked at, in bytes; what is longer is cut. No word of either language comes near it.
const MOST_BYTES: usize = 64;
/// A word that is written apart from the one it belongs to has at most so many letters: "e-KTP", "SI PEDULI".
const MOST_JOINED: usize = 4;

/// Hardly any word is longer, in bytes.
const USUAL_BYTES: usize = 16;

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word as [`crate::catalog::fold`] writes it.
    pub word: String,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
}

/// The words of a text in their order: exactly those of the folded text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::with_capacity(usual_tokens(text));
    each_token(text, |word, place| {
        let word = word.to_owned();
        found.push(Token { word, place });
    });
    found
}

/// About how many words a text has.
pub(super) const fn usual_tokens(text: &str) -> usize {
    text.len() / 7
}

/// Tells each word of a text, folded, and where it stands, in their order.
pub(super) fn each_token(text: &str, mut tell: impl FnMut(&str, Range<usize>)) {
    let mut word = String::with_capacity(USUAL_BYTES);
    let (mut start, mut end) = (0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((place, c)) = chars.next() {
        let ends = match char_role(c) {
            CharRole::Silent => false,
            CharRole::Apostrophe => !chars.peek().is_some_and(|(_, next)| next.is_alphanumeric()),
            CharRole::Separator => true,
            CharRole::Letter => {
                if word.is_empty() {
                    start = place;
                }
                if word.len() < MOST_BYTES {
                    push_folded(&mut word, c);
                }
                end = place + c.len_utf8();
                false
            }
        };
        if ends && !word.is_empty() {
            tell(&word, start..end);
            word.clear();
        }
    }
    if !word.is_empty() {
        tell(&word, start..end);
    }
}

/// The words of a title as they would be if short ones were not written apart: of "SI PEDULI e-KTP" also "sipeduli" and
/// "ektp". People write such names either way.
pub fn joined(title: &str) -> Vec<String> {
    let words = tokens(title);
    let pairs = words.windows(2).filter(|pair| {
        let [first, second] = pair else { return false };
        first.word.len() <= MOST_JOINED || second.word.len() <= MOST_JOINED
    });
    pairs
        .map(|pair| pair.iter().map(|token| token.word.as_str()).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::fold;

    #[test]
    fn words_know_their_places() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found = tokens(text);
            let found: Vec<(&str, &str)> = found
                .iter()
                .map(|token| (token.word.as_str(), &text[token.place.clone()]))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("", &[]);
        check(
            "  e-KTP (2.0) ",
            &[("e", "e"), ("ktp", "KTP"), ("2", "2"), ("0", "0")],
        );
        check(
            "Jum'at, 'SIAP'-nya",
            &[("jumat", "Jum'at"), ("siap", "SIAP"), ("nya", "nya")],
        );
        check("Café «Ærø»", &[("cafe", "Café"), ("aero", "Ærø")]);
    }

    #[test]
    fn short_words_are_joined_with_their_neighbours() {
        let check = |title: &str, expected: &[&str]| assert_eq!(joined(title), expected, "{title}");
        check("SI PEDULI", &["sipeduli"]);
        check("e-KTP", &["ektp"]);
        check("Pelayanan Publik", &[]);
        check("SITARANG", &[]);
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_folded_text(text in "\\PC{0,60}") {
            let words: Vec<String> = tokens(&text).into_iter().map(|token| token.word).collect();
            let cut: Vec<String> = fold(&text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            if cut.iter().all(|word| word.len() < MOST_BYTES) {
                prop_assert_eq!(words, cut);
            }
        }

        #[test]
        fn places_lie_on_characters(text in "\\PC*") {
            for token in tokens(&text) {
                prop_assert!(text.get(token.place).is_some());
            }
        }
    }
}
