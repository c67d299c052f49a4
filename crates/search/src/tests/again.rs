//! Who asks again, turns the page or narrows a search down is told what one is told who asks first.

use std::collections::BTreeMap;

use domain::catalog::{Affair, Vocabulary as _};
use domain::entry::Sight;
use domain::search::SearchText;
use proptest::prelude::*;

use super::{document, filled, numbers, record};
use crate::document::DocumentFacts;
use crate::{Document, Facet, Filter, Found, Index, Mark, Request};

const WORDS: [&str; 6] = ["antrean", "air", "bersih", "desa", "sampah", "warga"];
/// Words of which some are no words of any document, and a text of two that often have too little in common.
const TEXTS: [&str; 7] = [
    "desa",
    "air",
    "air -desa",
    "desa sampah",
    "antrian",
    "\"air bersih\"",
    "",
];

#[derive(Clone, Debug)]
struct Question {
    text: usize,
    year: Option<u16>,
    affairs: Vec<Affair>,
    skip: usize,
    limit: usize,
    sight: Sight,
}

fn questions() -> impl Strategy<Value = Vec<Question>> {
    let affairs = prop_oneof![
        Just(Vec::new()),
        Just(vec![Affair::Health]),
        Just(vec![Affair::Health, Affair::Education])
    ];
    let sight = prop_oneof![Just(Sight::Public), Just(Sight::All)];
    let years = prop::option::of(2020_u16..2023);
    let question = (
        0..TEXTS.len(),
        years,
        affairs,
        0_usize..9,
        1_usize..9,
        sight,
    );
    let question = question.prop_map(|(text, year, affairs, skip, limit, sight)| Question {
        text,
        year,
        affairs,
        skip,
        limit,
        sight,
    });
    prop::collection::vec(question, 12)
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let words = prop::collection::vec(0..WORDS.len(), 1..5);
    let made = (words, 2020_u16..2023, any::<bool>(), 0_u8..3);
    prop::collection::vec(made, 1..40).prop_map(|all| {
        let document =
            |(number, (words, year, is_school, audience)): (u128, (Vec<usize>, u16, bool, u8))| {
                let words: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
                let mut document = document(number, &words.join(" "), "");
                document.audience = audience;
                document.facts.year = Some(year);
                if is_school {
                    document.facts.affairs = vec![Affair::Education];
                }
                document
            };
        (1..).zip(all).map(document).collect()
    })
}

fn ask(index: &Index, question: &Question) -> Found {
    let request = Request {
        text: SearchText::parse(TEXTS[question.text]),
        filter: Filter {
            affairs: question.affairs.clone(),
            year_from: question.year,
            ..Filter::default()
        },
        sight: question.sight,
        skip: question.skip,
        limit: question.limit,
    };
    index.search(&request).unwrap()
}

/// All that a text finds.
fn everything(text: usize, sight: Sight) -> Question {
    Question {
        text,
        year: None,
        affairs: Vec::new(),
        skip: 0,
        limit: 300,
        sight,
    }
}

/// What is told but for the order of records, of which several may have the same score.
fn unranked(found: &Found) -> Told {
    let (mut numbers, _, total, meant, facets) = told(found);
    numbers.sort_unstable();
    (numbers, Vec::new(), total, meant, facets)
}

/// Everything that is told: records, their scores as bits, the total, what may be meant, facets.
type Told = (Vec<u128>, Vec<u32>, u64, Option<String>, Vec<(String, u64)>);

fn told(found: &Found) -> Told {
    let scores = found.hits.iter().map(|hit| hit.score.to_bits()).collect();
    let facets = Facet::ALL
        .iter()
        .flat_map(|facet| found.count(*facet).to_vec());
    let meant = found.did_you_mean().map(str::to_owned);
    (
        numbers(found),
        scores,
        found.total(),
        meant,
        facets.collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_asked_again_is_answered_as_if_for_the_first_time(
        documents in documents(),
        questions in questions(),
    ) {
        let (warm, _writer) = filled(&documents);
        for question in &questions {
            let (cold, _writer) = filled(&documents);
            prop_assert_eq!(told(&ask(&warm, question)), told(&ask(&cold, question)), "{:?}", question);
        }
    }

    /// What is known of a text goes on from one state of the index to the next, while documents come, change and go; what is told
    /// is as in an index that was made of the same documents at once.
    #[test]
    fn what_is_known_goes_on_when_documents_come(
        documents in documents(),
        later in prop::collection::vec((documents(), any::<bool>()), 1..5),
        texts in prop::collection::vec((0..TEXTS.len(), prop_oneof![Just(Sight::Public), Just(Sight::All)]), 2),
    ) {
        let (index, mut writer) = filled(&documents);
        let mut all: BTreeMap<_, Document> = documents.into_iter().map(|it| (it.id.1, it)).collect();
        for (some, is_new) in later {
            // Twice, so that also the best of all are kept.
            for (text, sight) in texts.iter().chain(&texts) {
                told(&ask(&index, &everything(*text, *sight)));
            }
            // Much less than is there, or what was known would not go on.
            for mut document in some.into_iter().take(all.len().div_ceil(5)) {
                if is_new {
                    document.id.1 = record(all.len() as u128 + 1);
                }
                document.published = i64::try_from(all.len()).unwrap();
                writer.put(&document, false).unwrap();
                all.insert(document.id.1, document);
            }
            writer.commit(Mark::default(), true).unwrap();
            let (at_once, _writer) = filled(&all.values().cloned().collect::<Vec<_>>());
            for (text, sight) in &texts {
                let question = everything(*text, *sight);
                let found = ask(&index, &question);
                let cold = ask(&at_once, &question);
                prop_assert_eq!(unranked(&found), unranked(&cold), "{:?}", question);
                prop_assert_eq!(told(&found).1, told(&cold).1, "{:?}", question);
                // Of few the best that are kept are told, under a condition that holds of all.
                let few = ask(&index, &Question { limit: 3, year: Some(2020), ..question });
                prop_assert_eq!(&few.hits[..], &found.hits[..few.hits.len()]);
            }
        }
    }

    /// Whichever way they are counted: document by document, by the sets of all values, or by what was not let through.
    #[test]
    fn facets_count_the_documents_that_are_found(
        documents in documents(),
        questions in questions(),
    ) {
        let (index, _writer) = filled(&documents);
        for question in questions {
            let all = ask(&index, &Question { skip: 0, limit: 100, ..question });
            let found = numbers(&all);
            let found = documents.iter().filter(|it| found.contains(&it.id.1.as_uuid().as_u128()));
            let facts: Vec<_> = found.map(|it| &it.facts).collect();
            let count = |value: &dyn Fn(&&&DocumentFacts) -> bool| facts.iter().filter(value).count() as u64;
            let counted = |facet: Facet| -> BTreeMap<String, u64> { all.count(facet).iter().cloned().collect() };
            let expected = (2020_u16..2023).map(|year| (year.to_string(), count(&|it| it.year == Some(year))));
            prop_assert_eq!(counted(Facet::Year), there(expected));
            let expected = [Affair::Health, Affair::Education].map(|affair| (affair.code().to_owned(), count(&|it| it.affairs.contains(&affair))));
            prop_assert_eq!(counted(Facet::Affair), there(expected.into_iter()));
        }
    }
}

fn there(counts: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, u64> {
    counts.filter(|(_, count)| *count > 0).collect()
}
