//! Words that many rows share: states, stages and the like.

use std::collections::HashMap;

/// A word that many rows share, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u32);

/// The words that rows share.
#[derive(Debug, Default)]
pub(super) struct Words {
    words: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Words {
    pub(super) fn number(&mut self, word: &str) -> Word {
        if let Some(number) = self.find(word) {
            return number;
        }
        let number = u32::try_from(self.words.len()).expect("there are few words");
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        Word(number)
    }

    pub(super) fn find(&self, word: &str) -> Option<Word> {
        self.numbers.get(word).copied().map(Word)
    }

    pub(super) fn text(&self, word: Word) -> &str {
        &self.words[word.0 as usize]
    }
}
