//! The index as a whole, with a handful of documents. `keeping` is what becomes of them on disk, `hidden` what some may not see,
//! `again` what is asked again.

mod again;
mod fitting;
mod hidden;
mod keeping;

use domain::catalog::{AdoptionStatus, Affair, LifecycleStage, RegionCode};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use domain::search::SearchText;
use uuid::Uuid;

use crate::{
    Document, DocumentFacts, DocumentTexts, Facet, Filter, Found, Index, Mark, Request, Writer,
};

const OWNER: &str = "jipp-test/id-13";

fn hub(id: &str) -> HubId {
    HubId::parse(id).unwrap()
}

fn record(number: u128) -> RecordId {
    Uuid::from_u128(number).into()
}

fn document(number: u128, title: &str, summary: &str) -> Document {
    Document {
        id: (hub("id-13"), record(number)),
        fingerprint: 1,
        audience: 0,
        published: i64::try_from(number).unwrap(),
        parts: vec![(hub("id-99"), record(number + 500))],
        texts: DocumentTexts {
            title: title.to_owned(),
            summary: Some(summary.to_owned()),
            ..DocumentTexts::default()
        },
        facts: DocumentFacts {
            agency: record(1000),
            region: Some(RegionCode::parse("13.76").unwrap()),
            affairs: vec![Affair::Health],
            sdgs: Vec::new(),
            stage: LifecycleStage::Creation,
            adoption: AdoptionStatus::Applied,
            year: Some(2021),
            awards: vec!["kipp".to_owned()],
            tags: vec!["jemput bola".to_owned()],
        },
    }
}

fn filled(documents: &[Document]) -> (Index, Writer) {
    let (index, mut writer) = Index::in_memory(OWNER).unwrap();
    for document in documents {
        writer.put(document, true).unwrap();
    }
    writer.commit(Mark { position: 7, at: 8 }, true).unwrap();
    (index, writer)
}

fn catalog() -> (Index, Writer) {
    filled(&[
        document(1, "SITARANG", "Sistem tata ruang kota yang melayani izin"),
        document(
            2,
            "Pelayanan KTP 1 Jam",
            "Penerbitan kartu tanda penduduk dipangkas",
        ),
        document(3, "SI PEDULI", "Layanan bagi ibu hamil di puskesmas"),
        document(4, "Bank Sampah", "Warga menabung sampah terpilah"),
        document(
            5,
            "Kartu Keluarga Daring",
            "Keluarga mengurus kartu dari rumah",
        ),
    ])
}

fn ask(index: &Index, text: &str) -> Found {
    let request = Request {
        text: SearchText::parse(text),
        limit: 20,
        ..Request::default()
    };
    index.search(&request).unwrap()
}

/// The numbers of the records that were found, the best first.
fn numbers(found: &Found) -> Vec<u128> {
    found
        .hits
        .iter()
        .map(|hit| hit.id.1.as_uuid().as_u128())
        .collect()
}

#[test]
fn words_find_what_was_meant() {
    let (index, _writer) = catalog();
    let check = |text: &str, expected: &[u128], meant: Option<&str>| {
        let found = ask(&index, text);
        assert_eq!(numbers(&found), expected, "{text}");
        assert_eq!(found.total(), expected.len() as u64, "{text}");
        assert_eq!(found.did_you_mean(), meant, "{text}");
    };
    check("sitarang", &[1], None);
    check("sitarang pasar", &[1], None);
    check("dilayani", &[2, 3, 1], None);
    check("sitaramg", &[1], Some("sitarang"));
    check("peny", &[], None);
    check("pendu", &[2], None);
    check("pendu ", &[], None);
    check("pendudok ", &[2], Some("penduduk"));
    check("pusk*", &[3], None);
    check("sipeduli", &[3], None);
    check("si tarang", &[1], None);
    check("ktp", &[2], None);
    check("\"kartu keluarga\"", &[5], None);
    check("\"keluarga kartu\"", &[], None);
    check("kartu -keluarga", &[2], None);
    check("kartu -\"kartu keluarga\"", &[2], None);
    check("village", &[], None);
}

#[test]
fn what_is_few_is_not_alone() {
    let (index, _writer) = catalog();
    let check = |text: &str, expected: &[u128]| {
        let mut found = numbers(&ask(&index, text));
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    };
    check("kartu keluarga", &[5]);
    check("kartu tanda", &[2]);
    check("keluarga warga", &[4, 5]);
    check("kartu rumah", &[5]);
    check("kartu keluarga penduduk", &[2, 5]);
    check("sampah ibu hamil", &[3]);
    check("sampah penduduk", &[2, 4]);
}

#[test]
fn an_empty_text_finds_all_the_newest_first() {
    let (index, _writer) = catalog();
    for text in ["", "  ", "\"\"", "***"] {
        assert_eq!(numbers(&ask(&index, text)), [5, 4, 3, 2, 1], "{text:?}");
    }
    assert_eq!(numbers(&ask(&index, "-sampah")), [5, 3, 2, 1]);
}

#[test]
fn pages_follow_each_other() {
    let (index, _writer) = catalog();
    let mut all = Vec::new();
    for skip in 0..5 {
        let request = Request {
            skip,
            limit: 1,
            ..Request::default()
        };
        let found = index.search(&request).unwrap();
        assert_eq!(found.total(), 5);
        all.extend(numbers(&found));
    }
    assert_eq!(all, [5, 4, 3, 2, 1]);
}

/// Two banks: number 4 of one hub, number 6 of another.
fn banks() -> (Index, Writer) {
    let mut other = document(6, "Bank Sampah Induk", "Sampah");
    other.id.0 = hub("id-35");
    other.facts = DocumentFacts {
        agency: record(2000),
        region: Some(RegionCode::parse("35").unwrap()),
        affairs: vec![Affair::Environment, Affair::Health],
        stage: LifecycleStage::Development,
        year: None,
        awards: Vec::new(),
        tags: Vec::new(),
        ..other.facts
    };
    filled(&[document(4, "Bank Sampah", "Sampah"), other])
}

#[test]
fn what_is_found_is_counted() {
    let (index, _writer) = banks();
    let found = ask(&index, "sampah");
    let check = |facet, expected: &[(&str, u64)]| {
        let counts = found.count(facet);
        let counts: Vec<(&str, u64)> = counts
            .iter()
            .map(|(value, count)| (value.as_str(), *count))
            .collect();
        assert_eq!(counts, expected, "{facet:?}");
    };
    check(Facet::Hub, &[("id-13", 1), ("id-35", 1)]);
    check(Facet::Province, &[("13", 1), ("35", 1)]);
    check(Facet::Affair, &[("HEALTH", 2), ("ENVIRONMENT", 1)]);
    check(Facet::Year, &[("2021", 1)]);
    check(Facet::Award, &[("kipp", 1)]);
    check(Facet::Stage, &[("CREATION", 1), ("DEVELOPMENT", 1)]);
}

#[test]
fn filters_let_through_what_they_name() {
    let (index, _writer) = banks();
    let check = |set: fn(&mut Filter), expected: &[u128]| {
        let mut request = Request {
            text: SearchText::parse("sampah"),
            limit: 20,
            ..Request::default()
        };
        set(&mut request.filter);
        let mut found = numbers(&index.search(&request).unwrap());
        found.sort_unstable();
        assert_eq!(found, expected, "{:?}", request.filter);
    };
    let region = |code: &str| RegionCode::parse(code).ok();
    check(|_| {}, &[4, 6]);
    check(|filter| filter.hubs = vec![hub("id-35")], &[6]);
    check(|filter| filter.affairs = vec![Affair::Environment], &[6]);
    check(
        |filter| filter.stages = vec![LifecycleStage::Creation],
        &[4],
    );
    check(|filter| filter.adoptions = vec![AdoptionStatus::Trial], &[]);
    check(|filter| filter.year_from = Some(2021), &[4]);
    check(|filter| filter.year_from = Some(2022), &[]);
    check(|filter| filter.year_to = Some(2021), &[4]);
    check(|filter| filter.awards = vec!["KIPP".to_owned()], &[4]);
    check(|filter| filter.tags = vec!["jemput bola".to_owned()], &[4]);
    check(|filter| filter.title_words = Some("Ind".to_owned()), &[6]);
    for (code, expected) in [
        ("13", &[4][..]),
        ("13.76", &[4]),
        ("13.71", &[]),
        ("35", &[6]),
    ] {
        let request = Request {
            filter: Filter {
                region: region(code),
                ..Filter::default()
            },
            limit: 20,
            ..Request::default()
        };
        assert_eq!(
            numbers(&index.search(&request).unwrap()),
            expected,
            "{code}"
        );
    }
    for (id, expected) in [("id-13", &[4][..]), ("id-35", &[])] {
        let request = Request {
            filter: Filter {
                agency: Some((hub(id), record(1000))),
                ..Filter::default()
            },
            limit: 20,
            ..Request::default()
        };
        assert_eq!(numbers(&index.search(&request).unwrap()), expected, "{id}");
    }
}

#[test]
fn what_may_not_be_seen_is_in_no_answer() {
    let mut hidden = document(9, "Rahasia Jaringan", "Sampah milik jaringan");
    hidden.audience = 1;
    let mut unknown = document(10, "Rahasia Lain", "Sampah bagi kelak");
    unknown.audience = 2;
    let open = document(4, "Bank Sampah", "Sampah");
    let (index, _writer) = filled(&[open.clone(), hidden, unknown]);
    let check = |sight, text: &str, expected: &[u128]| {
        let request = Request {
            text: SearchText::parse(text),
            sight,
            limit: 20,
            ..Request::default()
        };
        let found = index.search(&request).unwrap();
        let mut seen = numbers(&found);
        seen.sort_unstable();
        assert_eq!(
            (seen.as_slice(), found.total()),
            (expected, expected.len() as u64),
            "{sight:?} {text}"
        );
        let counted: u64 = found.count(Facet::Hub).iter().map(|(_, count)| count).sum();
        assert_eq!(counted, expected.len() as u64);
        let alike = index
            .similar(&(hub("id-35"), record(4)), &open.texts, sight, 5)
            .unwrap();
        assert_eq!(
            alike.iter().all(|hit| hit.id.1 == record(4)),
            sight == Sight::Public
        );
    };
    check(Sight::Public, "sampah", &[4]);
    check(Sight::Network, "sampah", &[4, 9]);
    check(Sight::All, "sampah", &[4, 9, 10]);
    check(Sight::Public, "", &[4]);
    check(Sight::Network, "jaringan", &[9]);
}

/// The words of records that somebody may not see are not suggested to them.
#[test]
fn hidden_words_are_not_suggested() {
    let mut hidden = document(9, "Kembangloyang", "Jaringan");
    hidden.audience = 1;
    let (index, _writer) = filled(&[document(4, "Bank Sampah", "Sampah"), hidden]);
    let meant = |sight| {
        let request = Request {
            text: SearchText::parse("kembangloyamg"),
            sight,
            limit: 1,
            ..Request::default()
        };
        index
            .search(&request)
            .unwrap()
            .did_you_mean()
            .map(str::to_owned)
    };
    assert_eq!(meant(Sight::Network).as_deref(), Some("kembangloyang"));
    assert_eq!(meant(Sight::Public), None);
}

/// Somebody wrote a rare word so: only what nearly everybody writes, and a single slip away, may be what was meant.
#[test]
fn for_a_word_that_is_known_only_a_single_slip_is_suggested() {
    let mut documents: Vec<Document> = (1..=30)
        .map(|number| document(number, "Pendampingan", "Warga"))
        .collect();
    documents.push(document(31, "Pendampinban", "Satu huruf lain"));
    documents.push(document(32, "Pendempinban", "Dua huruf lain"));
    let (index, _writer) = filled(&documents);
    let meant = |text| ask(&index, text).did_you_mean().map(str::to_owned);
    assert_eq!(meant("pendampinban").as_deref(), Some("pendampingan"));
    assert_eq!(meant("pendempinban"), None);
    // Nobody wrote this, so two slips are forgiven.
    assert_eq!(meant("pendempimgan").as_deref(), Some("pendampingan"));
}

#[test]
fn what_shares_rare_words_is_alike() {
    let (index, _writer) = filled(&[
        document(1, "Bank Sampah Mekar", "Warga menabung sampah terpilah"),
        document(2, "Bank Sampah Melati", "Sampah ditabung warga kampung"),
        document(3, "Rumah Belajar", "Warga belajar bersama"),
        document(4, "Pajak Daring", "Membayar pajak lewat bank"),
    ]);
    let texts = document(1, "Bank Sampah Mekar", "Warga menabung sampah terpilah").texts;
    let hits = index
        .similar(&(hub("id-13"), record(1)), &texts, Sight::Public, 3)
        .unwrap();
    let numbers: Vec<u128> = hits
        .iter()
        .map(|hit| hit.id.1.as_uuid().as_u128())
        .collect();
    assert_eq!(numbers[0], 2);
    assert!(!numbers.contains(&1));
}

proptest::proptest! {
    #[test]
    fn no_text_fails(text in ".{0,80}") {
        let (index, _writer) = catalog();
        ask(&index, &text);
    }
}
