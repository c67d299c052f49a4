//! What somebody may not see, or what is gone, is in nothing that an answer tells them.

use domain::entry::Sight;
use domain::search::SearchText;
use proptest::prelude::*;

use super::{OWNER, document, hub, numbers, record};
use crate::{Document, Facet, Index, Mark, Request, Writer};

fn meant(index: &Index, text: &str, sight: Sight) -> Option<String> {
    let request = Request {
        text: SearchText::parse(text),
        sight,
        limit: 1,
        ..Request::default()
    };
    index
        .search(&request)
        .unwrap()
        .did_you_mean()
        .map(str::to_owned)
}

fn put_and_commit(writer: &mut Writer, documents: &[Document]) {
    for document in documents {
        writer.put(document, false).unwrap();
    }
    writer.commit(Mark::default(), true).unwrap();
}

/// A word that stands only in a record that was erased, or is for the network now, is no word any more: long before it
/// leaves the disk.
#[test]
fn words_of_what_is_gone_or_narrowed_are_not_suggested() {
    let (index, mut writer) = Index::in_memory(OWNER).unwrap();
    let mut narrowed = document(2, "Kembangloyang", "Jaringan");
    let erased = document(3, "Sangkuriangan", "Rahasia");
    let open = document(4, "Bank Sampah", "Sampah");
    put_and_commit(&mut writer, &[narrowed.clone(), erased, open]);
    let kembang = ("kembangloyamg", Some("kembangloyang"));
    let sangkuriang = ("sangkuriamgan", Some("sangkuriangan"));
    for (text, expected) in [kembang, sangkuriang] {
        assert_eq!(meant(&index, text, Sight::Public).as_deref(), expected);
    }

    narrowed.audience = 1;
    writer.remove(record(3));
    put_and_commit(&mut writer, &[narrowed]);
    assert!(writer.remains().unwrap() > 0, "nothing is purged yet");
    for (text, _) in [kembang, sangkuriang] {
        assert_eq!(meant(&index, text, Sight::Public), None);
    }
    assert_eq!(
        meant(&index, kembang.0, Sight::Network).as_deref(),
        kembang.1
    );
    assert_eq!(meant(&index, sangkuriang.0, Sight::All), None);
}

const WORDS: [&str; 14] = [
    "sampah",
    "sampan",
    "sampaj",
    "bank",
    "bang",
    "pelayanan",
    "melayani",
    "pelayaran",
    "kesehatan",
    "health",
    "puskesmas",
    "ktp",
    "desa",
    "village",
];

const ASKED: [&str; 16] = [
    "",
    "sampah",
    "sampax",
    "samp",
    "pe*",
    "pelay*",
    "bank sampah",
    "\"bank sampah\"",
    "bank-sampah",
    "kesehatan desa village",
    "health -bank",
    "ktp",
    "puskesmaz",
    "bangk desaa",
    "pelayanan health sampah",
    "-desa",
];

#[derive(Clone, Debug)]
struct Made {
    audience: u8,
    title: Vec<usize>,
    summary: Vec<usize>,
    is_erased: bool,
}

fn text(words: &[usize]) -> String {
    let words: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
    words.join(" ")
}

fn made() -> impl Strategy<Value = Made> {
    let words = |most| prop::collection::vec(0..WORDS.len(), 1..most);
    (0_u8..3, words(4), words(9), prop::bool::weighted(0.2)).prop_map(
        |(audience, title, summary, is_erased)| Made {
            audience,
            title,
            summary,
            is_erased,
        },
    )
}

fn documents(all: &[Made]) -> Vec<(Document, bool)> {
    let document = |(number, made): (u128, &Made)| {
        let mut document = document(number, &text(&made.title), &text(&made.summary));
        document.audience = made.audience;
        document.facts.year = Some(2020 + u16::from(made.audience));
        (document, made.is_erased)
    };
    (1..).zip(all).map(document).collect()
}

/// Everything that somebody is told, but for how it is worded.
type Told = (
    Vec<(u128, i64)>,
    u64,
    Option<String>,
    Vec<(String, u64)>,
    Vec<bool>,
);

fn told(index: &Index, text: &str, sight: Sight) -> Told {
    let request = Request {
        text: SearchText::parse(text),
        sight,
        limit: 5,
        ..Request::default()
    };
    let found = index.search(&request).unwrap();
    let facets = Facet::ALL
        .iter()
        .flat_map(|facet| found.count(*facet).to_vec());
    let facets = facets.collect();
    let is_marked = |(number, word): (u64, &&'static str)| {
        let text = || [("title", *word)].into_iter();
        !found
            .marked((hub("id-13"), record(0)), number, text)
            .is_empty()
    };
    let marked = (0..).zip(&WORDS).map(is_marked);
    let scores = found.hits.iter().map(|hit| rounded(hit.score));
    let hits = numbers(&found).into_iter().zip(scores).collect();
    (
        hits,
        found.total(),
        found.did_you_mean().map(str::to_owned),
        facets,
        marked.collect(),
    )
}

#[expect(clippy::cast_possible_truncation, reason = "scores are small")]
fn rounded(score: f32) -> i64 {
    (f64::from(score) * 1000.0).round() as i64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The public is told by the index of all records exactly what it is told by an index of the public records alone, whatever
    /// was asked while records came and went.
    #[test]
    fn hidden_records_change_nothing(all in prop::collection::vec(made(), 1..24)) {
        let all = documents(&all);
        let (whole, mut writer) = Index::in_memory(OWNER).unwrap();
        let ask_all = || {
            for sight in [Sight::Public, Sight::All] {
                for text in ASKED {
                    drop(told(&whole, text, sight));
                }
            }
        };
        for some in all.chunks(7) {
            let some: Vec<Document> = some.iter().map(|(document, _)| document.clone()).collect();
            put_and_commit(&mut writer, &some);
            ask_all();
        }
        for (document, _) in all.iter().filter(|(_, is_erased)| *is_erased) {
            writer.remove(document.id.1);
        }
        put_and_commit(&mut writer, &[]);
        for (sight, rank) in [(Sight::Public, 0), (Sight::All, 2)] {
            let (alone, mut writer) = Index::in_memory(OWNER).unwrap();
            let is_seen = |document: &Document| document.audience <= rank;
            let seen = all.iter().filter(|(document, is_erased)| is_seen(document) && !is_erased);
            let seen: Vec<Document> = seen.map(|(document, _)| document.clone()).collect();
            put_and_commit(&mut writer, &seen);
            for text in ASKED {
                prop_assert_eq!(told(&whole, text, sight), told(&alone, text, sight), "{}", text);
            }
            for document in &seen {
                let alike = |index: &Index| -> Vec<(u128, i64)> {
                    let hits = index.similar(&document.id, &document.texts, sight, 5).unwrap();
                    hits.iter().map(|hit| (hit.id.1.as_uuid().as_u128(), rounded(hit.score))).collect()
                };
                prop_assert_eq!(alike(&whole), alike(&alone));
            }
        }
    }
}
