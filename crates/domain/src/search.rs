//! How texts, and what people type to find them, become words that find each other.
//!
//! - [`tokens`] cuts a text into folded words and knows where each stands.
//! - [`stem()`] takes affixes away, Indonesian ones first; [`is_stop_word`] knows the words that say nothing.
//! - [`SearchText`] is what somebody typed, parsed: words, phrases, beginnings of words, and what is not wanted.
//! - [`related_words`] are words that mean the same or nearly so, in both languages.
//! - [`distance()`] counts the slips between two words; [`slips_allowed`] says how many are forgiven.
//! - [`snippet()`] cuts the part out of a text in which the words stand.
//!
//! Not here: the index (`search`), and which records there are (`storage`).

mod distance;
mod query;
mod related;
mod snippet;
mod stem;
mod stop;
mod token;

pub use distance::{distance, distance_within, slips_allowed};
pub use query::{Clause, SearchText};
pub use related::related_words;
pub use snippet::{Part, Snippet, snippet};
pub use stem::{may_stem_to, stem, traces_of_stem};
pub use stop::is_stop_word;
pub use token::{Token, joined, tokens};
