//! Taking affixes away, so that "pelayanan", "layanan" and "melayani" are one word.

use std::borrow::Cow;
use std::sync::LazyLock;

use snowball_stemmers_rs::{Algorithm, Stemmer};

static INDONESIAN: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::Indonesian));
static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// A word shorter than this is left as it is: affixes cannot be told from it.
const LEAST_LETTERS: usize = 4;

/// Endings by which an English word is known that Indonesian words do not have.
const ENGLISH_ENDINGS: &[&str] = &[
    "able", "ably", "ance", "ances", "ated", "ates", "ation", "ations", "ches", "ed", "ence",
    "ences", "ers", "ess", "ful", "ies", "ing", "ings", "ise", "ised", "ism", "ity", "ive", "ize",
    "ized", "less", "ly", "ment", "ments", "ness", "ors", "ous", "sion", "sions", "tion", "tions",
    "ty", "ures", "vices",
];

/// The stem of a folded word. Indonesian affixes go first; a word that has none and looks English loses English ones, so
/// that each word has one stem, whatever the language of its text.
pub fn stem(word: &str) -> Cow<'_, str> {
    let is_word = word.len() >= LEAST_LETTERS && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_word {
        return Cow::Borrowed(word);
    }
    if looks_english(word) {
        return ENGLISH.stem(word);
    }
    INDONESIAN.stem(word)
}

fn looks_english(word: &str) -> bool {
    let of_plural = word.strip_suffix('s').is_some_and(|rest| {
        rest.ends_with(|c: char| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 's' | 'k' | 'r' | 'p'))
    });
    let of_e = word.len() > LEAST_LETTERS
        && word
            .strip_suffix('e')
            .is_some_and(|rest| !rest.ends_with(['a', 'e', 'i', 'o', 'u']));
    of_plural
        || of_e
        || ENGLISH_ENDINGS
            .iter()
            .any(|ending| word.ends_with(ending) && word.len() > ending.len() + 2)
}

/// Whether a word may have this stem: quickly told, so that few words of a text need be stemmed to find those that do.
pub fn may_stem_to(word: &str, stem: &str) -> bool {
    let [tail, head] = traces_of_stem(stem);
    word.contains(tail) || word.starts_with(head)
}

/// What of a stem stands in a word that has it, one or the other: all but its first letter, anywhere, or all but its last, at
/// the beginning. Indonesian stems lose affixes and at most change their first letter; English ones change their last.
pub fn traces_of_stem(stem: &str) -> [&str; 2] {
    let (mut tail, mut head) = (stem.chars(), stem.chars());
    tail.next();
    head.next_back();
    [tail.as_str(), head.as_str()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflections_meet() {
        let check = |words: &[&str]| {
            let stems: Vec<_> = words.iter().map(|word| stem(word)).collect();
            assert!(
                stems.iter().all(|found| *found == stems[0]),
                "{words:?}: {stems:?}"
            );
        };
        check(&["pelayanan", "layanan", "melayani", "dilayani"]);
        check(&["kesehatan", "sehat"]);
        check(&["pendaftaran", "mendaftar", "daftar"]);
        check(&["perizinan", "izin"]);
        check(&["pengaduan", "mengadu", "adukan"]);
        check(&["pembayaran", "membayar", "dibayarkan"]);
        check(&["bukunya", "bukuku", "buku"]);
        check(&["services", "service"]);
        check(&["innovation", "innovations", "innovative"]);
        check(&["licensing", "licensed"]);
    }

    #[test]
    fn names_and_numbers_stay() {
        for word in [
            "ktp",
            "si",
            "2021",
            "sitarang",
            "sipelandukilat",
            "puskesmas",
            "desa",
            "١٢٣",
        ] {
            assert_eq!(stem(word), word);
        }
    }

    #[test]
    fn what_has_a_stem_may_have_it() {
        let words = [
            "pelayanan",
            "menyapu",
            "mengajar",
            "memukul",
            "penanganan",
            "happiness",
            "services",
            "cities",
            "kepemimpinan",
            "pertanggungjawaban",
            "innovation",
            "terpadu",
            "mempermudah",
            "belajar",
        ];
        for word in words {
            assert!(may_stem_to(word, &stem(word)), "{word} -> {}", stem(word));
        }
        assert!(!may_stem_to("sekolah", "layan"));
    }
}
