//! Which innovations a list holds.

use domain::catalog::{
    AdoptionStatus, Affair, ExternalIdDraft, InnovationDraft, LifecycleStage, RegionCode, Sdg,
    Vocabulary as _,
};
use domain::identity::HubId;
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use testkit::records::{agency, hub_id, innovation, record};
use testkit::store::WHOLE_PAGES;
use testkit::{Backend, Store};

on_both_databases! {
    owners_are_hubs_regions_and_agencies,
    classification_is_by_any_of_some_and_all_tags,
    years_and_words_of_titles_narrow,
    own_innovations_are_known_by_their_external_ids,
}

/// A filter and the numbers of the innovations that it finds.
type Case = (InnovationFilter, &'static [u128]);

const ALL: &[u128] = &[1, 2, 3, 4, 5, 6, 7];

/// Seven innovations of two hubs, each with something of its own.
async fn classified(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-a").await;
    let agencies = [
        ("Dinas Kota", "13.76"),
        ("Dinas Provinsi", "13"),
        ("Dinas Jawa", "35.78"),
    ];
    for (number, (name, region)) in (1000..).zip(agencies) {
        let draft = agency(name, Some(region));
        store.put_agency(record(number), 1, &draft).await;
    }
    for (number, draft) in (1..).zip(drafts()) {
        store.put_innovation(record(number), 1, &draft).await;
    }
    let other = Store::fresh(backend, "hub-b").await;
    let draft = agency("Dinas Kota", Some("35"));
    other.put_agency(record(1000), 1, &draft).await;
    let draft = innovation("Lain", record(1000));
    other.put_innovation(record(7), 1, &draft).await;
    store.pull(&other, &other.log, WHOLE_PAGES).await;
    store
}

fn drafts() -> [InnovationDraft; 6] {
    let city = || innovation("Kota", record(1000));
    let java = |title| innovation(title, record(1002));
    [
        InnovationDraft {
            affairs: texts(&["HEALTH", "EDUCATION"]),
            sdgs: vec![3, 17],
            ..city()
        },
        InnovationDraft {
            affairs: texts(&["RESEARCH"]),
            sdgs: vec![1],
            tags: texts(&["air", "desa"]),
            ..city()
        },
        InnovationDraft {
            stage: "DEVELOPMENT".to_owned(),
            tags: texts(&["desa"]),
            ..innovation("Provinsi", record(1001))
        },
        InnovationDraft {
            adoption: "TRIAL".to_owned(),
            implemented_on: Some("2019".to_owned()),
            ..java("Jawa")
        },
        InnovationDraft {
            started_on: Some("2012-05".to_owned()),
            ..java("Layanan Terpadu Satu Pintu")
        },
        InnovationDraft {
            implemented_on: Some("2015".to_owned()),
            started_on: Some("2001".to_owned()),
            ..java("SITARANG 100% _")
        },
    ]
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

async fn check(backend: Backend, cases: Vec<Case>) {
    let store = classified(backend).await;
    let all = Stretch {
        order: Order::Published,
        direction: Direction::Ascending,
        after: None,
        before: None,
        limit: 100,
    };
    for (filter, expected) in cases {
        let found = innovations::list(&store.db, &filter, &all).await;
        let found = found.expect("the list can be read");
        let mut numbers: Vec<u128> = found
            .iter()
            .map(|place| place.record.as_uuid().as_u128())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, expected, "{filter:?}");
        let count = innovations::count(&store.db, &filter).await;
        let count = count.expect("they can be counted");
        assert_eq!(count, expected.len() as u64, "{filter:?}");
    }
}

fn none() -> InnovationFilter {
    InnovationFilter::default()
}

fn of_hubs(hubs: &[&str]) -> InnovationFilter {
    InnovationFilter {
        hubs: hubs.iter().map(|hub| hub_id(hub)).collect(),
        ..none()
    }
}

fn of_region(code: &str) -> InnovationFilter {
    InnovationFilter {
        region: Some(RegionCode::parse(code).expect("it is a code")),
        ..none()
    }
}

fn of_agency(hub: HubId, number: u128) -> InnovationFilter {
    InnovationFilter {
        agency: Some((hub, record(number))),
        ..none()
    }
}

async fn owners_are_hubs_regions_and_agencies(backend: Backend) {
    let (own, other) = (|| hub_id("hub-a"), || hub_id("hub-b"));
    let cases: Vec<Case> = vec![
        (none(), ALL),
        (of_hubs(&["hub-a"]), &[1, 2, 3, 4, 5, 6]),
        (of_hubs(&["hub-a", "hub-b", "hub-z"]), ALL),
        (of_hubs(&["hub-z"]), &[]),
        (of_region("13"), &[1, 2, 3]),
        (of_region("13.76"), &[1, 2]),
        (of_region("35"), &[4, 5, 6, 7]),
        (of_region("31"), &[]),
        (of_agency(own(), 1000), &[1, 2]),
        (of_agency(other(), 1000), &[7]),
        (of_agency(other(), 1001), &[]),
    ];
    check(backend, cases).await;
}

fn of_affairs(codes: &[&str]) -> InnovationFilter {
    let term = |code: &&str| Affair::find(code).expect("it is a term");
    InnovationFilter {
        affairs: codes.iter().map(term).collect(),
        ..none()
    }
}

fn of_sdgs(numbers: &[i64]) -> InnovationFilter {
    let goal = |number: &i64| Sdg::parse(*number).expect("it is a goal");
    InnovationFilter {
        sdgs: numbers.iter().map(goal).collect(),
        ..none()
    }
}

fn tagged(tags: &[&str]) -> InnovationFilter {
    InnovationFilter {
        tags: texts(tags),
        ..none()
    }
}

fn at_stages(stages: &[LifecycleStage]) -> InnovationFilter {
    InnovationFilter {
        stages: stages.to_vec(),
        ..none()
    }
}

async fn classification_is_by_any_of_some_and_all_tags(backend: Backend) {
    use LifecycleStage::{Creation, Development, Institutionalization};
    let trial = InnovationFilter {
        adoptions: vec![AdoptionStatus::Trial, AdoptionStatus::Initiative],
        ..none()
    };
    let cases: Vec<Case> = vec![
        (of_affairs(&["HEALTH"]), &[1]),
        (of_affairs(&["EDUCATION", "RESEARCH"]), &[1, 2]),
        (of_affairs(&["TRADE"]), &[]),
        (of_sdgs(&[1]), &[2]),
        (of_sdgs(&[17, 1]), &[1, 2]),
        (of_sdgs(&[2]), &[]),
        (at_stages(&[Development]), &[3]),
        (at_stages(&[Development, Creation]), ALL),
        (at_stages(&[Institutionalization]), &[]),
        (trial, &[4]),
        (tagged(&["desa"]), &[2, 3]),
        (tagged(&["desa", "air"]), &[2]),
        (tagged(&["sawah"]), &[]),
    ];
    check(backend, cases).await;
}

fn of_years(from: Option<u16>, to: Option<u16>) -> InnovationFilter {
    InnovationFilter {
        year_from: from,
        year_to: to,
        ..none()
    }
}

fn with_words(words: &str) -> InnovationFilter {
    InnovationFilter {
        title_words: Some(words.to_owned()),
        ..none()
    }
}

async fn years_and_words_of_titles_narrow(backend: Backend) {
    let all_at_once = InnovationFilter {
        year_from: Some(2016),
        hubs: vec![hub_id("hub-a")],
        ..of_region("35")
    };
    let cases: Vec<Case> = vec![
        (of_years(Some(2015), None), &[4, 6]),
        (of_years(None, Some(2015)), &[5, 6]),
        (of_years(Some(2013), Some(2018)), &[6]),
        (of_years(Some(2020), None), &[]),
        (with_words("LAYANAN"), &[5]),
        (with_words("terp sat"), &[5]),
        (with_words("pad sat"), &[]),
        (with_words("anan"), &[]),
        (with_words("sitarang"), &[6]),
        (with_words("k_ta"), &[]),
        (with_words("% _"), ALL),
        (with_words("  "), ALL),
        (all_at_once, &[4]),
    ];
    check(backend, cases).await;
}

async fn own_innovations_are_known_by_their_external_ids(backend: Backend) {
    let (store, other) = (
        Store::fresh(backend, "hub-a").await,
        Store::fresh(backend, "hub-b").await,
    );
    let with = |scheme: &str, value: &str| InnovationDraft {
        external_ids: vec![ExternalIdDraft {
            scheme: scheme.to_owned(),
            value: value.to_owned(),
        }],
        ..innovation("Title", record(1000))
    };
    for (number, scheme, value) in [(1, "LAN", "047"), (2, "LAN", "048"), (3, "ART", "047")] {
        let draft = with(scheme, value);
        store.put_innovation(record(number), 1, &draft).await;
    }
    other
        .put_innovation(record(4), 1, &with("LAN", "099"))
        .await;
    store.pull(&other, &other.log, WHOLE_PAGES).await;

    let wanted = [("LAN", "047"), ("LAN", "099"), ("ART", "048")];
    let found = innovations::find_own_by_external_ids(&store.db, &wanted).await;
    let found = found.expect("they can be looked up");
    let told: Vec<_> = found
        .iter()
        .map(|((scheme, value), place)| (scheme.as_str(), value.as_str(), place.record))
        .collect();
    assert_eq!(told, [("LAN", "047", record(1))]);
}
