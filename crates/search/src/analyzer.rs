//! Texts become terms of the index: the words of `domain::search`, as they are or as stems.

use std::collections::HashMap;

use domain::search::{is_stop_word, stem, tokens};
use tantivy::Index;
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};

/// The name of the analyzer that gives stems, without words that say nothing.
pub(crate) const STEMS: &str = "stems";
/// The name of the analyzer that gives words as they are.
pub(crate) const WORDS: &str = "words";

/// How many stems are remembered at most.
const MOST_REMEMBERED: usize = 20_000;

pub(crate) fn register(index: &Index) {
    let analyzers = index.tokenizers();
    analyzers.register(STEMS, TextAnalyzer::builder(Stems::default()).build());
    analyzers.register(WORDS, TextAnalyzer::builder(Words).build());
}

/// Gives the words of a text.
#[derive(Clone)]
struct Words;

impl Tokenizer for Words {
    type TokenStream<'a> = Given;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Given {
        Given::new(tokens(text).into_iter().map(|token| token.word).collect())
    }
}

/// Gives the stems of a text; words are few, so their stems are remembered.
#[derive(Clone, Default)]
struct Stems {
    known: HashMap<String, String>,
}

impl Tokenizer for Stems {
    type TokenStream<'a> = Given;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Given {
        let words = tokens(text).into_iter().map(|token| token.word);
        let stems = words
            .filter(|word| !is_stop_word(word))
            .map(|word| self.stem(word));
        Given::new(stems.collect())
    }
}

impl Stems {
    fn stem(&mut self, word: String) -> String {
        if let Some(known) = self.known.get(&word) {
            return known.clone();
        }
        let found = stem(&word).into_owned();
        if self.known.len() >= MOST_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(word, found.clone());
        found
    }
}

/// Terms that are there already, one place after the other.
struct Given {
    left: std::vec::IntoIter<String>,
    token: Token,
}

impl Given {
    fn new(words: Vec<String>) -> Self {
        Self {
            left: words.into_iter(),
            token: Token::default(),
        }
    }
}

impl TokenStream for Given {
    fn advance(&mut self) -> bool {
        let Some(word) = self.left.next() else {
            return false;
        };
        self.token.text = word;
        // It begins one before 0, so that the first word stands at 0.
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
