//! The rules of an innovation, each at its edges.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use time::macros::date;

use super::*;
use crate::catalog::{Affair, InnovationKind, Vocabulary as _};

const TODAY: Date = date!(2026 - 08 - 20);

fn draft() -> InnovationDraft {
    let body = r#"{
        "title": "SITARANG", "acronymOf": "Sistem Informasi Tata Ruang", "unitName": "Dinas PUPR",
        "agency": "0198f2c4-0000-7000-8000-000000000001", "nri": "012345",
        "externalIds": [{"scheme": "LAN", "value": "047"}], "kind": "TECHNOLOGY", "form": "PUBLIC_SERVICE",
        "isDigital": true, "initiator": "DEPARTMENT", "affairs": ["PUBLIC_WORKS", "LAND"], "sdgs": [9, 11],
        "unit": "0198f2c4-0000-7000-8000-00000000000a",
        "tags": ["tata ruang"], "summary": "Peta tata ruang kota.", "impact": "Izin lebih cepat.",
        "preconditions": ["Peta digital"], "startedOn": "2018", "trialOn": "2018-05", "implementedOn": "2019-01-02",
        "beneficiaries": {"count": 120, "unit": "orang", "period": "per bulan"}, "stage": "DEVELOPMENT",
        "adoption": "APPLIED", "sustained": {"answer": "YES", "reason": "Ada anggaran."},
        "point": {"lat": -0.22, "lng": 100.63}, "website": "https://example.go.id",
        "sources": [{"title": "Posmetro Padang", "url": "https://example.com"}]
    }"#;
    serde_json::from_str(body).unwrap()
}

fn faults(change: impl FnOnce(&mut InnovationDraft)) -> String {
    let mut draft = draft();
    change(&mut draft);
    let errors = Innovation::parse(&draft, TODAY).err();
    let fields = errors.iter().flat_map(FormErrors::fields);
    fields
        .map(|error| error.field.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[expect(clippy::unnecessary_wraps, reason = "it fills optional fields")]
fn some(raw: impl Into<String>) -> Option<String> {
    Some(raw.into())
}

#[test]
fn a_draft_comes_back_from_its_innovation() {
    let bare = InnovationDraft {
        title: "KIA".to_owned(),
        agency: draft().agency,
        stage: "CREATION".to_owned(),
        adoption: "INITIATIVE".to_owned(),
        ..InnovationDraft::default()
    };
    for draft in [draft(), bare] {
        let innovation = Innovation::parse(&draft, TODAY).unwrap();
        assert_eq!(InnovationDraft::from(&innovation), draft);
        assert_eq!(Innovation::read(&draft), Ok(innovation));
        let text = serde_json::to_string(&draft).unwrap();
        assert_eq!(
            serde_json::from_str::<InnovationDraft>(&text).unwrap(),
            draft
        );
        assert!(!text.contains("null") && !text.contains("[]"), "{text}");
    }
}

fn wrong_in_every_field() -> InnovationDraft {
    InnovationDraft {
        title: "ab".to_owned(),
        acronym_of: some("x".repeat(301)),
        agency: "42".to_owned(),
        unit: some("42"),
        unit_name: some("x".repeat(201)),
        nri: some("12345"),
        external_ids: vec![ExternalIdDraft::default()],
        kind: some("MAGIC"),
        form: some("MAGIC"),
        is_digital: None,
        initiator: some("MAGIC"),
        affairs: vec!["MAGIC".to_owned()],
        sdgs: vec![18],
        tags: vec!["x".to_owned()],
        summary: some("kata ".repeat(221)),
        background: some("kata ".repeat(331)),
        novelty: some("kata ".repeat(221)),
        implementation: some("kata ".repeat(221)),
        impact: some("kata ".repeat(661)),
        replicated_so_far: some("kata ".repeat(111)),
        replication_potential: some("kata ".repeat(221)),
        resources: some("kata ".repeat(221)),
        sustainability: some("kata ".repeat(551)),
        challenges: some("kata ".repeat(331)),
        lessons: some("kata ".repeat(331)),
        preconditions: vec!["x".repeat(301)],
        started_on: some("1944"),
        trial_on: some("soon"),
        implemented_on: some("2027"),
        beneficiaries: Some(BeneficiariesDraft {
            count: -1,
            unit: some("x".repeat(61)),
            period: some("x".repeat(61)),
        }),
        stage: "OTHER".to_owned(),
        adoption: String::new(),
        sustained: Some(SustainedDraft {
            answer: String::new(),
            reason: some("kata ".repeat(111)),
        }),
        point: Some(PointDraft {
            lat: f64::NAN,
            lng: 5.0,
        }),
        website: some("example"),
        sources: vec![SourceDraft {
            title: String::new(),
            url: some("example"),
        }],
        credits: vec!["x".to_owned()],
    }
}

#[test]
fn every_wrong_field_is_told_at_once() {
    let errors = Innovation::parse(&wrong_in_every_field(), TODAY).unwrap_err();
    let fields: Vec<_> = errors
        .fields()
        .iter()
        .map(|error| error.field.as_str())
        .collect();
    assert_eq!(
        fields.join(" "),
        "title acronymOf agency unit unitName nri externalIds[0].scheme externalIds[0].value kind form \
         initiator affairs[0] sdgs[0] tags[0] summary background novelty implementation impact \
         replicatedSoFar replicationPotential resources sustainability challenges lessons \
         preconditions[0] startedOn trialOn implementedOn beneficiaries.count beneficiaries.unit \
         beneficiaries.period stage adoption sustained.answer sustained.reason point.lat point.lng \
         website sources[0].title sources[0].url credits[0]"
    );
}

#[test]
fn texts_end_where_their_limits_say() {
    let total: usize = Texts::LIMITS.iter().map(|(_, limit)| limit).sum();
    assert_eq!(
        total,
        2_500 + 2 * 300,
        "the KIPP form, challenges and lessons"
    );
    for &(section, limit) in Texts::LIMITS {
        let outcome = |words: usize| {
            let mut body = serde_json::to_value(draft()).unwrap();
            body[section] = "kata ".repeat(words).into();
            let innovation = Innovation::parse(&serde_json::from_value(body).unwrap(), TODAY);
            innovation.map(|innovation| {
                innovation
                    .warnings()
                    .into_iter()
                    .map(|warning| warning.field)
                    .collect::<String>()
            })
        };
        assert_eq!(outcome(limit).unwrap(), "");
        assert_eq!(outcome(limit + 1).unwrap(), section);
        assert_eq!(outcome(limit * 11 / 10).unwrap(), section);
        assert_eq!(
            outcome(limit * 11 / 10 + 1).unwrap_err().fields()[0].field,
            section
        );
    }
}

#[test]
fn lines_have_their_bounds() {
    assert_eq!(faults(|draft| draft.acronym_of = some("x".repeat(300))), "");
    assert_eq!(faults(|draft| draft.unit_name = some("x".repeat(200))), "");
    assert_eq!(
        faults(|draft| draft.preconditions = vec!["x".repeat(300)]),
        ""
    );
    assert_eq!(faults(|draft| draft.tags = vec!["x".repeat(40)]), "");
    assert_eq!(faults(|draft| draft.tags = vec!["x".repeat(41)]), "tags[0]");
    for (nri, fault) in [
        ("000000", ""),
        ("1234567", "nri"),
        ("12345a", "nri"),
        ("", ""),
    ] {
        assert_eq!(faults(|draft| draft.nri = some(nri)), fault, "{nri}");
    }
}

#[test]
fn external_ids_have_a_scheme_and_a_value() {
    let check = |scheme: &str, value: &str, fault: &str| {
        let id = ExternalIdDraft {
            scheme: scheme.to_owned(),
            value: value.to_owned(),
        };
        assert_eq!(
            faults(|draft| draft.external_ids = vec![id]),
            fault,
            "{scheme} {value}"
        );
    };
    check("LA", "1", "");
    check(&"A".repeat(20), &"x".repeat(64), "");
    check("IGA_2026", "a b/c", "");
    check("L", "1", "externalIds[0].scheme");
    check(&"A".repeat(21), "1", "externalIds[0].scheme");
    check("lan", "1", "externalIds[0].scheme");
    check("LAN", &"x".repeat(65), "externalIds[0].value");
}

#[test]
fn lists_have_their_bounds_and_no_repeats() {
    let many = |count: usize| (0..count).map(|n| format!("tag {n}")).collect::<Vec<_>>();
    let ids = |count: usize| {
        let id = |value| ExternalIdDraft {
            scheme: "LAN".to_owned(),
            value,
        };
        many(count).into_iter().map(id).collect::<Vec<_>>()
    };
    let sources = |count: usize| {
        let source = |title| SourceDraft { title, url: None };
        many(count).into_iter().map(source).collect::<Vec<_>>()
    };
    assert_eq!(faults(|draft| draft.tags = many(10)), "");
    assert_eq!(faults(|draft| draft.tags = many(11)), "tags");
    assert_eq!(
        faults(|draft| draft.tags = vec!["Air  bersih".to_owned(), "air bersih".to_owned()]),
        "tags"
    );
    assert_eq!(faults(|draft| draft.preconditions = many(20)), "");
    assert_eq!(
        faults(|draft| draft.preconditions = many(21)),
        "preconditions"
    );
    assert_eq!(faults(|draft| draft.external_ids = ids(10)), "");
    assert_eq!(faults(|draft| draft.external_ids = ids(11)), "externalIds");
    assert_eq!(
        faults(|draft| draft.external_ids = [ids(1), ids(1)].concat()),
        "externalIds"
    );
    assert_eq!(faults(|draft| draft.sources = sources(20)), "");
    assert_eq!(faults(|draft| draft.sources = sources(21)), "sources");
    assert_eq!(faults(|draft| draft.credits = many(20)), "");
    assert_eq!(faults(|draft| draft.credits = many(21)), "credits");
}

#[test]
fn what_is_handed_in_says_what_it_is_about() {
    let told = |draft: &InnovationDraft| {
        let errors = Innovation::parse_submission(draft, TODAY).unwrap_err();
        let fields = errors.fields().iter();
        fields.map(|error| error.field.clone()).collect::<Vec<_>>()
    };
    assert!(Innovation::parse_submission(&draft(), TODAY).is_ok());
    let silent = InnovationDraft {
        affairs: Vec::new(),
        sdgs: Vec::new(),
        title: String::new(),
        ..draft()
    };
    assert_eq!(told(&silent), ["affairs", "sdgs", "title"]);
}

#[test]
fn a_tag_is_brought_to_one_spelling() {
    let tag = |raw| Tag::parse(raw).unwrap().to_string();
    assert_eq!(tag("umkm"), "umkm");
    assert_eq!(tag(" UMKM\t Desa "), "umkm desa");
    assert_eq!(tag("É  à"), "é à");
    assert!(Tag::parse(" x ").is_err());
}

#[test]
fn a_place_lies_in_indonesia() {
    let check = |lat, lng, fault: &str| {
        let point = Some(PointDraft { lat, lng });
        assert_eq!(faults(|draft| draft.point = point), fault, "{lat} {lng}");
    };
    check(-11.5, 94.5, "");
    check(6.5, 141.5, "");
    check(-11.51, 100.0, "point.lat");
    check(6.51, 100.0, "point.lat");
    check(0.0, 94.49, "point.lng");
    check(0.0, 141.51, "point.lng");
    check(f64::INFINITY, f64::NAN, "point.lat point.lng");
}

#[test]
fn beneficiaries_are_a_number_that_json_carries() {
    let check = |count, fault: &str| {
        let served = Some(BeneficiariesDraft {
            count,
            ..BeneficiariesDraft::default()
        });
        assert_eq!(
            faults(|draft| draft.beneficiaries = served),
            fault,
            "{count}"
        );
    };
    check(0, "");
    check((1 << 53) - 1, "");
    check(1 << 53, "beneficiaries.count");
    check(-1, "beneficiaries.count");
}

#[test]
fn dates_follow_one_another_up_to_today() {
    let with = |started: &str, trial: &str, implemented: &str| {
        faults(|draft| {
            draft.started_on = some(started);
            draft.trial_on = some(trial);
            draft.implemented_on = some(implemented);
        })
    };
    assert_eq!(with("2019", "2019-05", "2019"), "");
    assert_eq!(with("2019-06", "2019-05", "2020"), "trialOn");
    assert_eq!(with("2019-06", "", "2019-05-30"), "implementedOn");
    assert_eq!(with("2019-06", "2019", "2019-05-30"), "implementedOn");
    assert_eq!(with("2019", "2020", "2019"), "implementedOn");
    assert_eq!(with("2020", "2020", "2019"), "implementedOn implementedOn");
    assert_eq!(with("", "", "2026-08-20"), "");
    assert_eq!(with("", "", "2026-08-21"), "implementedOn");
    assert_eq!(with("", "", "2027"), "implementedOn");
    assert_eq!(with("2012-02-30", "", ""), "startedOn");
}

#[test]
fn the_year_is_that_of_use_else_of_the_start() {
    let year = |change: fn(&mut InnovationDraft)| {
        let mut draft = draft();
        change(&mut draft);
        Innovation::parse(&draft, TODAY).unwrap().year()
    };
    assert_eq!(year(|_| {}), Some(2019));
    assert_eq!(year(|draft| draft.implemented_on = None), Some(2018));
    assert_eq!(
        year(|draft| (draft.implemented_on, draft.started_on) = (None, None)),
        None
    );
}

#[test]
fn what_a_newer_node_says_is_read() {
    let text = serde_json::to_string(&draft()).unwrap();
    let newer = text
        .replace("DEVELOPMENT", "ORBIT")
        .replace("\"LAND\"", "\"SPACE\"")
        .replace("\"title\"", "\"orbit\":{\"height\":1},\"title\"");
    let draft: InnovationDraft = serde_json::from_str(&newer).unwrap();
    let innovation = Innovation::read(&draft).unwrap();
    assert_eq!(innovation.stage, LifecycleStage::Other);
    assert_eq!(
        innovation.classification.affairs.as_slice(),
        [Affair::PublicWorks, Affair::Other]
    );
    assert!(Innovation::parse(&draft, TODAY).is_err());
    let future = InnovationDraft {
        implemented_on: some("2040"),
        ..draft
    };
    assert!(Innovation::read(&future).is_ok());
}

#[test]
fn what_is_received_keeps_every_bound() {
    let draft = InnovationDraft {
        title: "ab".to_owned(),
        summary: some("kata ".repeat(221)),
        sdgs: vec![18],
        implemented_on: some("2017"),
        stage: String::new(),
        ..draft()
    };
    let errors = Innovation::read(&draft).unwrap_err();
    let fields: Vec<_> = errors
        .fields()
        .iter()
        .map(|error| error.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "title",
            "sdgs[0]",
            "summary",
            "implementedOn",
            "implementedOn",
            "stage"
        ]
    );
}

fn sentence(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    vec("[a-zA-Zé\"\\\\]{1,9}", words).prop_map(|words| words.join(" "))
}

prop_compose! {
    fn drafts()(
        title in sentence(3..9),
        summary in option::of(sentence(1..30)),
        tags in btree_set("[a-z]{2,9}", 0..10),
        affairs in subsequence(Affair::ALL.to_vec(), 0..=5),
        sdgs in btree_set(1..=17_i64, 0..17),
        kind in option::of(select(InnovationKind::ALL)),
        stage in select(LifecycleStage::ALL),
        implemented in option::of((1945..2026, 1..=12, 1..=28)),
        lat in -11.5..=6.5,
    ) -> InnovationDraft {
        InnovationDraft {
            title,
            agency: draft().agency,
            summary,
            tags: tags.into_iter().collect(),
            affairs: affairs.iter().map(ToString::to_string).collect(),
            sdgs: sdgs.into_iter().collect(),
            kind: kind.map(|kind| kind.to_string()),
            stage: stage.to_string(),
            adoption: "APPLIED".to_owned(),
            implemented_on: implemented.map(|(year, month, day)| format!("{year}-{month:02}-{day:02}")),
            point: Some(PointDraft { lat, lng: 100.0 }),
            ..InnovationDraft::default()
        }
    }
}

proptest! {
    #[test]
    fn any_draft_within_the_bounds_comes_back(draft in drafts()) {
        let innovation = Innovation::parse(&draft, TODAY).unwrap();
        prop_assert_eq!(InnovationDraft::from(&innovation), draft.clone());
        prop_assert_eq!(Innovation::read(&draft), Ok(innovation));
    }

    #[test]
    fn any_text_in_any_field_is_taken_or_refused(raw in "\\PC{0,30}|[0-9:/.-]{0,12}|\\s{0,3}") {
        let any = InnovationDraft {
            title: raw.clone(),
            agency: raw.clone(),
            nri: some(raw.clone()),
            external_ids: vec![ExternalIdDraft { scheme: raw.clone(), value: raw.clone() }],
            tags: vec![raw.clone()],
            affairs: vec![raw.clone()],
            summary: some(raw.clone()),
            started_on: some(raw.clone()),
            stage: raw.clone(),
            website: some(raw.clone()),
            ..draft()
        };
        if let Ok(innovation) = Innovation::read(&any) {
            let again = InnovationDraft::from(&innovation);
            prop_assert_eq!(Innovation::read(&again), Ok(innovation));
        }
        let alone = InnovationDraft { title: raw.clone(), tags: vec![raw.clone()], website: some(raw), ..draft() };
        if let Ok(innovation) = Innovation::read(&alone) {
            let again = InnovationDraft::from(&innovation);
            prop_assert_eq!(Innovation::read(&again), Ok(innovation));
        }
    }
}
