//! Texts for people, within bounds: one line of so many characters, or prose of so many words.

use std::fmt;

use serde::Serialize;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The line is too short or too long.
    #[error("has {chars} characters; {min} to {max} are allowed")]
    Length {
        /// What was given.
        chars: usize,
        /// The least allowed.
        min: usize,
        /// The most allowed.
        max: usize,
    },
    /// A control character, or one that changes the direction of the text around it.
    #[error("contains the character U+{0:04X}, which is not allowed here")]
    Character(u32),
    /// There is nothing but white space.
    #[error("is blank")]
    Blank,
    /// The prose has too many words.
    #[error("has {words} words; {limit} are asked for and at most {most} are taken")]
    Words {
        /// What was given.
        words: usize,
        /// The limit authors are told.
        limit: usize,
        /// The most that is taken.
        most: usize,
    },
    /// The prose is too long whatever its words.
    #[error("has {bytes} bytes; {most} are allowed")]
    Bytes {
        /// What was given.
        bytes: usize,
        /// The most allowed.
        most: usize,
    },
}

/// One line of `MIN` to `MAX` characters, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Line<const MIN: usize, const MAX: usize>(String);

/// A headline or the name of an organisation.
pub type Title = Line<3, 200>;

impl<const MIN: usize, const MAX: usize> Line<MIN, MAX> {
    /// Trims the text and checks its length and characters.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let line = raw.trim();
        let chars = line.chars().count();
        if !(MIN..=MAX).contains(&chars) {
            return Err(TextError::Length {
                chars,
                min: MIN,
                max: MAX,
            });
        }
        refuse_characters(line, |c| {
            c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
        })?;
        Ok(Self(line.to_owned()))
    }

    /// The line as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Line<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Prose, trimmed, whose authors are asked for at most `LIMIT` words (as the KIPP form does). A tenth more is taken
/// with a [warning](Words::warning), so that nobody loses a text to a different way of counting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Words<const LIMIT: usize>(String);

impl<const LIMIT: usize> Words<LIMIT> {
    /// The words that authors are asked for.
    pub const LIMIT: usize = LIMIT;
    /// The words that are taken at most.
    pub const MOST: usize = LIMIT * 110 / 100;
    /// The bytes that are taken at most, so that a word cannot be endless.
    pub const MOST_BYTES: usize = LIMIT * 40;

    /// Trims the text, brings its line ends to `\n` and checks its length and characters.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let text = raw.trim();
        if text.is_empty() {
            return Err(TextError::Blank);
        }
        if text.len() > Self::MOST_BYTES {
            return Err(TextError::Bytes {
                bytes: text.len(),
                most: Self::MOST_BYTES,
            });
        }
        let words = Self(with_plain_line_ends(text));
        refuse_characters(&words.0, |c| c.is_control() && !matches!(c, '\n' | '\t'))?;
        words.refuse_excess()
    }

    fn refuse_excess(self) -> Result<Self, TextError> {
        // A word and its space take two bytes, so most texts need no counting.
        if self.0.len() < Self::MOST * 2 || self.count() <= Self::MOST {
            return Ok(self);
        }
        Err(TextError::Words {
            words: self.count(),
            limit: LIMIT,
            most: Self::MOST,
        })
    }

    /// Counts the words: what stands between white space.
    pub fn count(&self) -> usize {
        self.0.split_whitespace().count()
    }

    /// Says by how much the text exceeds its limit, if it does.
    pub fn warning(&self) -> Option<String> {
        let words = self.count();
        (words > LIMIT).then(|| format!("has {words} words; {LIMIT} are asked for"))
    }

    /// The prose as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const LIMIT: usize> fmt::Display for Words<LIMIT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn with_plain_line_ends(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    }
}

fn refuse_characters(text: &str, refused: impl Fn(char) -> bool) -> Result<(), TextError> {
    // Most texts are of letters and spaces only, which no rule refuses; to see that takes a tenth of the time.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    match text.chars().find(|&c| refused(c) || turns_direction(c)) {
        Some(c) => Err(TextError::Character(c.into())),
        None => Ok(()),
    }
}

/// Such characters make a text read otherwise than it is stored (CVE-2021-42574), and no Indonesian text needs them.
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_3_to_200_characters_on_one_line() {
        let check = |raw: &str, expected: Result<&str, TextError>| {
            assert_eq!(
                Title::parse(raw),
                expected.map(|title| Line(title.to_owned())),
                "{raw:?}"
            );
        };
        let length = |chars| TextError::Length {
            chars,
            min: 3,
            max: 200,
        };
        check(" Aku \n", Ok("Aku"));
        check("éé", Err(length(2)));
        check("   ", Err(length(0)));
        check(&"é".repeat(200), Ok(&"é".repeat(200)));
        check(&"é".repeat(201), Err(length(201)));
        check("one\ntwo", Err(TextError::Character(0x0A)));
        check("one\u{2028}two", Err(TextError::Character(0x2028)));
        check("one\u{202E}two", Err(TextError::Character(0x202E)));
        check("one\0two", Err(TextError::Character(0)));
    }

    #[test]
    fn prose_may_pass_its_limit_by_a_tenth() {
        let check = |count: usize, taken: bool, warned: bool| {
            let words = Words::<20>::parse(&"kata ".repeat(count));
            assert_eq!(words.is_ok(), taken, "{count} words");
            let warning = words.ok().and_then(|words| words.warning());
            assert_eq!(warning.is_some(), warned, "{count} words");
        };
        check(1, true, false);
        check(20, true, false);
        check(21, true, true);
        check(22, true, true);
        check(23, false, false);
    }

    #[test]
    fn the_shortest_words_are_counted_too() {
        assert!(Words::<20>::parse(&"a ".repeat(22)).is_ok());
        assert_eq!(
            Words::<20>::parse(&"a ".repeat(23))
                .unwrap_err()
                .to_string(),
            "has 23 words; 20 are asked for and at most 22 are taken"
        );
    }

    #[test]
    fn prose_is_bounded_in_bytes_and_characters() {
        let check = |raw: &str, expected: Result<&str, TextError>| {
            assert_eq!(
                Words::<2>::parse(raw),
                expected.map(|text| Words(text.to_owned()))
            );
        };
        check(&"a".repeat(80), Ok(&"a".repeat(80)));
        check(
            &"a".repeat(81),
            Err(TextError::Bytes {
                bytes: 81,
                most: 80,
            }),
        );
        check(" one\r\n\ttwo ", Ok("one\n\ttwo"));
        check("one\rtwo", Err(TextError::Character(0x0D)));
        check("one\u{7}", Err(TextError::Character(7)));
        check("one\u{2066}", Err(TextError::Character(0x2066)));
        check(" \n", Err(TextError::Blank));
    }
}
