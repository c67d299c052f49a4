//! What somebody typed to find something, parsed. Every text is a valid one: what makes no sense is passed over.

use super::is_stop_word;
use super::token::tokens;

/// A thing that is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Clause {
    /// A word, in any of its inflections.
    Word(String),
    /// A word of which only the beginning was given: `pelay*`.
    Prefix(String),
    /// Words that stand together: `"kartu keluarga"`.
    Phrase(Vec<String>),
    /// Words that were typed as one, such as `e-KTP`: together, or joined.
    Compound(Vec<String>),
}

/// What somebody typed, parsed.
///
/// `"…"` asks for a phrase, `word*` for beginnings, `-word` and `-"…"` for records without it. Other signs separate words.
/// Words that say nothing are left out, unless there are no others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SearchText {
    /// What is looked for, in the order in which it was typed.
    pub wanted: Vec<Clause>,
    /// What is not wanted.
    pub unwanted: Vec<Clause>,
    /// Whether the last thing is a word that may not be finished yet: nothing followed it.
    pub is_open: bool,
}

impl SearchText {
    /// The most characters that are looked at.
    pub const MOST_CHARS: usize = 300;
    /// The most words that are looked for, and the most that are not wanted; what follows is passed over.
    pub const MOST_CLAUSES: usize = 12;
    /// The most beginnings of words; a further one is taken for a whole word.
    pub const MOST_PREFIXES: usize = 4;
    /// The least letters of a beginning; a shorter one is taken for a whole word.
    pub const LEAST_LETTERS: usize = 2;
    /// The most phrases and words that were typed as one; further ones are passed over.
    pub const MOST_PHRASES: usize = 6;
    /// The most words of a phrase.
    const MOST_IN_PHRASE: usize = 12;

    /// Parses a text; this cannot fail.
    pub fn parse(raw: &str) -> Self {
        let text = beginning(raw);
        let mut parsed = Self::default();
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            let (is_wanted, after) = match rest.strip_prefix(['-', '−']) {
                Some(after) if !after.starts_with(char::is_whitespace) => (false, after),
                _ => (true, rest),
            };
            let (clause, after) = match quoted(after) {
                Some((inside, after)) => (phrase(inside), after),
                None => word(after),
            };
            rest = after;
            parsed.add(is_wanted, clause);
        }
        parsed.is_open = matches!(parsed.wanted.last(), Some(Clause::Word(_)))
            && parsed.unwanted.is_empty()
            && text.ends_with(char::is_alphanumeric);
        parsed.without_stop_words()
    }

    /// Whether nothing is looked for, so that everything is found that is not unwanted.
    pub const fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    fn add(&mut self, is_wanted: bool, clause: Option<Clause>) {
        let clause = clause.and_then(|clause| self.bounded(clause));
        let clauses = if is_wanted {
            &mut self.wanted
        } else {
            &mut self.unwanted
        };
        if let Some(clause) = clause
            && clauses.len() < Self::MOST_CLAUSES
            && !clauses.contains(&clause)
        {
            clauses.push(clause);
        }
    }

    /// A clause as it is taken, beside those that there are: what is dear is bounded.
    fn bounded(&self, clause: Clause) -> Option<Clause> {
        let all = || self.wanted.iter().chain(&self.unwanted);
        match clause {
            Clause::Prefix(word) => {
                let prefixes = all().filter(|clause| matches!(clause, Clause::Prefix(_)));
                let is_short = word.chars().count() < Self::LEAST_LETTERS;
                Some(if is_short || prefixes.count() >= Self::MOST_PREFIXES {
                    Clause::Word(word)
                } else {
                    Clause::Prefix(word)
                })
            }
            Clause::Phrase(_) | Clause::Compound(_) => {
                let is_phrase =
                    |clause: &&Clause| matches!(clause, Clause::Phrase(_) | Clause::Compound(_));
                (all().filter(is_phrase).count() < Self::MOST_PHRASES).then_some(clause)
            }
            Clause::Word(_) => Some(clause),
        }
    }

    fn without_stop_words(mut self) -> Self {
        let says_nothing =
            |clause: &Clause| matches!(clause, Clause::Word(word) if is_stop_word(word));
        if !self.wanted.iter().all(says_nothing) {
            let was_last = self.wanted.last().is_some_and(says_nothing);
            self.wanted.retain(|clause| !says_nothing(clause));
            self.is_open &= !was_last;
        }
        self.unwanted.retain(|clause| !says_nothing(clause));
        self
    }
}

/// What is looked at of a text: whole words, unless it is one.
fn beginning(raw: &str) -> &str {
    let Some((end, _)) = raw.char_indices().nth(SearchText::MOST_CHARS) else {
        return raw;
    };
    let text = &raw[..end];
    text.rfind(char::is_whitespace)
        .map_or(text, |end| &text[..end])
}

const QUOTES: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// What stands between quotes at the beginning, and what follows. A quote that is never closed quotes nothing.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix(QUOTES)?;
    let end = inside.find(QUOTES)?;
    let after = &inside[end..];
    let mut chars = after.chars();
    chars.next();
    Some((&inside[..end], chars.as_str()))
}

fn words_of(text: &str) -> Vec<String> {
    tokens(text).into_iter().map(|token| token.word).collect()
}

fn phrase(inside: &str) -> Option<Clause> {
    let mut words = words_of(inside);
    words.truncate(SearchText::MOST_IN_PHRASE);
    match words.len() {
        0 => None,
        1 => words.pop().map(Clause::Word),
        _ => Some(Clause::Phrase(words)),
    }
}

/// The next word, and what follows it. A quote inside of a word ends it.
fn word(text: &str) -> (Option<Clause>, &str) {
    let is_end = |c: char| c.is_whitespace() || QUOTES.contains(&c);
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[first..]
        .find(is_end)
        .map_or(text.len(), |end| first + end);
    let (raw, rest) = text.split_at(end);
    let mut words = words_of(raw);
    words.truncate(SearchText::MOST_IN_PHRASE);
    let clause = match words.len() {
        0 => None,
        1 if raw.ends_with('*') => words.pop().map(Clause::Prefix),
        1 => words.pop().map(Clause::Word),
        _ => Some(Clause::Compound(words)),
    };
    (clause, rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes clauses as they could be typed again; `…` behind one that is open.
    fn shown(text: &str) -> String {
        let parsed = SearchText::parse(text);
        let clause = |clause: &Clause| match clause {
            Clause::Word(word) => word.clone(),
            Clause::Prefix(word) => format!("{word}*"),
            Clause::Phrase(words) => format!("\"{}\"", words.join(" ")),
            Clause::Compound(words) => words.join("-"),
        };
        let unwanted = parsed
            .unwanted
            .iter()
            .map(|unwanted| format!("-{}", clause(unwanted)));
        let all: Vec<String> = parsed.wanted.iter().map(clause).chain(unwanted).collect();
        let open = if parsed.is_open { "…" } else { "" };
        format!("{}{open}", all.join(" "))
    }

    #[test]
    fn texts_are_understood() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text:?}");
        check("", "");
        check("SITARANG", "sitarang…");
        check("SITARANG ", "sitarang");
        check("pelayanan  Publik", "pelayanan publik…");
        check("pelayanan untuk desa", "pelayanan desa…");
        check("pelayanan untuk", "pelayanan");
        check("yang untuk", "yang untuk…");
        check("pelay*", "pelay*");
        check("\"kartu keluarga\" desa", "\"kartu keluarga\" desa…");
        check("“Kartu Keluarga”", "\"kartu keluarga\"");
        check("\"desa\"", "desa");
        check("sampah -bank", "sampah -bank");
        check("sampah -\"bank sampah\"", "sampah -\"bank sampah\"");
        check("x - y", "x y…");
        check("e-KTP", "e-ktp");
        check("sampah sampah", "sampah…");
        check("-sampah", "-sampah");
    }

    #[test]
    fn nonsense_is_passed_over() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text:?}");
        check("\"", "");
        check("\"kartu keluarga", "kartu keluarga…");
        check("*** -- \"\" (AND) +", "and");
        check("title:(x OR y)^2 ~", "title-x y-2");
        check("\0\u{202E}%' ;DROP TABLE--", "drop table");
        check(&"panjang ".repeat(100), "panjang…");
        check("x* pe* pe* -b*", "x pe* -b");
        check("ab* ac* -ad* ae* af* -ag*", "ab* ac* ae* af -ad* -ag");
        check(
            "\"a b\" c-d -\"e f\" g-h i-j k-l m-n \"o p\" -q-r",
            "\"a b\" c-d g-h i-j k-l -\"e f\"",
        );
        let many: Vec<String> = (0..100).map(|n| format!("kata{n}")).collect();
        assert_eq!(
            SearchText::parse(&many.join(" ")).wanted.len(),
            SearchText::MOST_CLAUSES
        );
    }

    proptest! {
        #[test]
        fn every_text_is_valid(text in any::<String>()) {
            let parsed = SearchText::parse(&text);
            prop_assert!(parsed.wanted.len() <= SearchText::MOST_CLAUSES);
        }

        #[test]
        fn signs_are_valid(text in "[-\"*a ]{0,12}") {
            SearchText::parse(&text);
        }
    }
}
