//! What readers see is what the entries say: however they came, and again after a rebuild (invariant I17).
//!
//! The properties make up histories, let hubs pull them in pages of several sizes, and compare what all of them show.

use domain::catalog::{AgencyDraft, HubProfileDraft, InnovationDraft};
use domain::entry::Kind;
use domain::identity::RecordId;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use storage::logs::rebuild;
use testkit::dump::Dump;
use testkit::forge::Forge;
use testkit::postgres::Server;
use testkit::records::{agency, innovation, profile, record};
use testkit::store::WHOLE_PAGES;
use testkit::{Backend, Store};

use super::NONE;

on_both_databases! {
    an_agencys_region_reaches_its_innovations_whichever_comes_first,
    an_agency_that_is_gone_takes_its_region_along,
    a_record_that_becomes_another_kind_leaves_its_table,
    of_several_descriptions_of_a_hub_one_is_shown_however_they_came,
    rebuilding_and_writing_take_turns,
}

async fn rebuilding_and_writing_take_turns(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Satu", None))
        .await;
    for revision in 1..=12 {
        let title = format!("Judul {revision}");
        let draft = innovation(&title, record(1));
        let (rebuilt, ()) = tokio::join!(
            rebuild::rebuild(&store.db, |_| {}),
            store.put_innovation(record(2), revision, &draft)
        );
        rebuilt.unwrap();
    }
    let live = store.dump().await;
    rebuild::rebuild(&store.db, |_| {}).await.unwrap();
    assert_eq!(store.dump().await, live);
    assert_eq!(live.table("innovation").len(), 1);
}

#[test]
fn histories_of_a_hub_show_the_same_everywhere_on_sqlite() {
    check_property(Backend::Sqlite, 24, &histories(), history_shows_the_same);
}

#[test]
fn histories_of_a_hub_show_the_same_everywhere_on_postgres() {
    check_property(Backend::Postgres, 3, &histories(), history_shows_the_same);
}

#[test]
fn odd_logs_show_the_same_everywhere_on_sqlite() {
    check_property(Backend::Sqlite, 48, &odd_logs(), odd_log_shows_the_same);
}

#[test]
fn odd_logs_show_the_same_everywhere_on_postgres() {
    check_property(Backend::Postgres, 4, &odd_logs(), odd_log_shows_the_same);
}

pub(super) fn check_property<T: std::fmt::Debug>(
    backend: Backend,
    cases: u32,
    made_up: &impl Strategy<Value = T>,
    check: impl AsyncFn(Backend, T),
) {
    // One server for all cases.
    let _server = (backend == Backend::Postgres).then(Server::shared);
    let config = Config {
        cases,
        ..Config::with_source_file(file!())
    };
    let run = |value: T| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime
            .expect("a runtime can be made")
            .block_on(check(backend, value));
        Ok(())
    };
    TestRunner::new(config).run(made_up, run).unwrap();
}

/// What a hub says next. Each record is said in its next revision.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Agency {
        number: u8,
        region: Option<&'static str>,
    },
    Innovation {
        number: u8,
        agency: u8,
        title: u8,
        tags: Vec<&'static str>,
    },
    Profile {
        name: u8,
    },
    /// A kind of a newer version.
    Unknown {
        number: u8,
    },
    /// An innovation that breaks a rule.
    Broken {
        number: u8,
    },
    Gone {
        kind: &'static str,
        number: u8,
    },
}

fn said() -> impl Strategy<Value = Said> {
    let region = prop::option::of(prop::sample::select(vec!["13", "13.76", "35", "99"]));
    let tags = prop::sample::subsequence(vec!["air", "desa", "sekolah"], 0..=3);
    prop_oneof![
        3 => (0..2_u8, region).prop_map(|(number, region)| Said::Agency { number, region }),
        5 => (0..3_u8, 0..2_u8, any::<u8>(), tags)
            .prop_map(|(number, agency, title, tags)| Said::Innovation { number, agency, title, tags }),
        1 => any::<u8>().prop_map(|name| Said::Profile { name }),
        1 => (0..2_u8).prop_map(|number| Said::Unknown { number }),
        1 => (0..3_u8).prop_map(|number| Said::Broken { number }),
        2 => (0..2_u8).prop_map(|number| Said::Gone { kind: Kind::AGENCY, number }),
        2 => (0..3_u8).prop_map(|number| Said::Gone { kind: Kind::INNOVATION, number }),
    ]
}

/// What a hub says, in the batches in which it says it.
pub(super) fn histories() -> impl Strategy<Value = Vec<Vec<Said>>> {
    prop::collection::vec(prop::collection::vec(said(), 1..6), 1..8)
}

impl Said {
    fn kind(&self) -> &'static str {
        match self {
            Self::Agency { .. } => Kind::AGENCY,
            Self::Innovation { .. } | Self::Broken { .. } => Kind::INNOVATION,
            Self::Profile { .. } => Kind::HUB,
            Self::Unknown { .. } => "survey",
            Self::Gone { kind, .. } => kind,
        }
    }

    fn record(&self) -> RecordId {
        let number = match self {
            Self::Agency { number, .. }
            | Self::Innovation { number, .. }
            | Self::Unknown { number }
            | Self::Broken { number }
            | Self::Gone { number, .. } => *number,
            Self::Profile { .. } => 0,
        };
        numbered(self.kind(), number)
    }

    fn body(&self) -> Option<Value> {
        let body = match self {
            Self::Agency { number, region } => json!(agency(&format!("Dinas {number}"), *region)),
            Self::Innovation {
                number,
                agency,
                title,
                tags,
            } => json!(InnovationDraft {
                tags: tags.iter().map(ToString::to_string).collect(),
                external_ids: vec![domain::catalog::ExternalIdDraft {
                    scheme: "LAN".to_owned(),
                    value: number.to_string()
                }],
                ..innovation(&format!("Title {title}"), numbered(Kind::AGENCY, *agency))
            }),
            Self::Profile { name } => json!(profile(&format!("Hub {name}"))),
            Self::Unknown { .. } => json!({"questions": []}),
            Self::Broken { .. } => json!({"title": "x"}),
            Self::Gone { .. } => return None,
        };
        Some(body)
    }
}

/// The record with a number among those of its kind.
fn numbered(kind: &str, number: u8) -> RecordId {
    let first = match kind {
        Kind::AGENCY => 100,
        Kind::INNOVATION => 200,
        Kind::HUB => 300,
        _ => 400,
    };
    record(first + u128::from(number))
}

/// The newest revision of each record.
pub(super) type Revisions = std::collections::HashMap<RecordId, u64>;

/// Writes what a hub says into its log, each record in its next revision.
pub(super) async fn say(origin: &Store, revisions: &mut Revisions, batch: &[Said]) {
    let drafts = batch.iter().map(|said| {
        let revision = revisions.entry(said.record()).or_insert(0);
        *revision += 1;
        let at = origin.clock.pass(60);
        match said.body() {
            Some(body) => testkit::records::put(said.record(), *revision, said.kind(), &body, at),
            None => testkit::records::delete(said.record(), *revision, said.kind(), at),
        }
    });
    origin.issue(drafts.collect()).await;
}

async fn history_shows_the_same(backend: Backend, history: Vec<Vec<Said>>) {
    let origin = Store::fresh(backend, "hub-o").await;
    let mut revisions = Revisions::new();
    for batch in history {
        say(&origin, &mut revisions, &batch).await;
    }
    let shown = check_rebuild(&origin).await;
    for entries in [1, 3, WHOLE_PAGES] {
        let puller = Store::fresh(backend, "hub-p").await;
        puller.pull(&origin, &origin.log, entries).await;
        assert_eq!(
            check_rebuild(&puller).await,
            shown,
            "pulled in pages of {entries}"
        );
    }
}

/// What a store shows, which is the same after a rebuild.
pub(super) async fn check_rebuild(store: &Store) -> Dump {
    let live = store.dump().await;
    rebuild::rebuild(&store.db, |_| {})
        .await
        .expect("the entries can be read");
    assert_eq!(store.dump().await, live, "rebuilt, and before");
    assert_eq!(store.faults().await, NONE);
    live.without_bare_hubs()
}

/// An entry as no honest hub writes it: any revision, any kind, any audience.
#[derive(Clone, Debug)]
struct Odd {
    record: u8,
    revision: u64,
    kind: &'static str,
    audience: &'static str,
    version: u8,
    is_gone: bool,
    has_payload: bool,
}

fn odd_logs() -> impl Strategy<Value = Vec<Odd>> {
    let kind = prop::sample::select(vec![Kind::AGENCY, Kind::INNOVATION, "survey"]);
    let audience = prop::sample::select(vec!["public", "public", "public", "network"]);
    let version = prop::sample::select(vec![1_u8, 1, 1, 1, 2]);
    let odd = (
        0..3_u8,
        1..5_u64,
        kind,
        audience,
        version,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.9),
    );
    let odd = odd.prop_map(
        |(record, revision, kind, audience, version, is_gone, has_payload)| Odd {
            record,
            revision,
            kind,
            audience,
            version,
            is_gone,
            has_payload,
        },
    );
    prop::collection::vec(odd, 1..16)
}

async fn odd_log_shows_the_same(backend: Backend, log: Vec<Odd>) {
    let mut shown = Vec::new();
    for entries in [1, 4, log.len()] {
        let puller = Store::fresh(backend, "hub-p").await;
        let mut forge = Forge::of("hub-o");
        for page in log.chunks(entries) {
            for odd in page {
                odd.forge(&mut forge);
            }
            puller
                .apply(forge.page())
                .await
                .expect("a verified page is stored");
        }
        shown.push(check_rebuild(&puller).await);
    }
    assert_eq!(shown[0], shown[1], "in pages of one and of four");
    assert_eq!(shown[0], shown[2], "in pages of one and all at once");
}

impl Odd {
    fn forge(&self, forge: &mut Forge) {
        let id = record(self.record.into());
        if self.is_gone {
            forge.delete(id, self.revision, self.kind);
            return;
        }
        let body = match self.kind {
            Kind::AGENCY => json!(agency(&format!("Dinas {}", self.revision), Some("13"))),
            _ => json!(innovation(&format!("Title {}", self.revision), record(0))),
        };
        forge.put(id, self.revision, self.kind, &body, |header| {
            header["v"] = self.version.into();
            header["audience"] = self.audience.into();
        });
        if !self.has_payload {
            forge.without_payload();
        }
    }
}

/// What a puller shows of a forged log, pulled entry by entry and at once, which must be the same.
async fn shown_of(backend: Backend, log: &[(u128, u64, &str, Option<Value>)]) -> Dump {
    let mut shown = Vec::new();
    for entries in [1, log.len()] {
        let puller = Store::fresh(backend, "hub-p").await;
        let mut forge = Forge::of("hub-o");
        for page in log.chunks(entries) {
            for (number, revision, kind, body) in page {
                match body {
                    Some(body) => forge.put(record(*number), *revision, kind, body, |_| {}),
                    None => forge.delete(record(*number), *revision, kind),
                };
            }
            puller
                .apply(forge.page())
                .await
                .expect("a verified page is stored");
        }
        shown.push(check_rebuild(&puller).await);
    }
    assert_eq!(shown[0], shown[1], "entry by entry, and at once");
    shown.remove(0)
}

async fn an_agencys_region_reaches_its_innovations_whichever_comes_first(backend: Backend) {
    let (first, second): (AgencyDraft, AgencyDraft) =
        (agency("Dinas", Some("13")), agency("Dinas", Some("35")));
    let shown = shown_of(
        backend,
        &[
            (
                2,
                1,
                Kind::INNOVATION,
                Some(json!(innovation("Before", record(1)))),
            ),
            (1, 1, Kind::AGENCY, Some(json!(first))),
            (
                3,
                1,
                Kind::INNOVATION,
                Some(json!(innovation("After", record(1)))),
            ),
            (1, 2, Kind::AGENCY, Some(json!(second))),
        ],
    )
    .await;
    let innovations = shown.table("innovation");
    assert!(
        innovations.len() == 2 && innovations.iter().all(|line| line.contains("|35|")),
        "{shown:?}"
    );
}

async fn an_agency_that_is_gone_takes_its_region_along(backend: Backend) {
    let shown = shown_of(
        backend,
        &[
            (1, 1, Kind::AGENCY, Some(json!(agency("Dinas", Some("13"))))),
            (
                2,
                1,
                Kind::INNOVATION,
                Some(json!(innovation("Title", record(1)))),
            ),
            (1, 2, Kind::AGENCY, None),
        ],
    )
    .await;
    assert!(
        shown.table("innovation")[0].contains("|-|title|"),
        "{shown:?}"
    );
}

async fn a_record_that_becomes_another_kind_leaves_its_table(backend: Backend) {
    let hub: HubProfileDraft = profile("Hub Lama");
    let shown = shown_of(
        backend,
        &[
            (1, 1, Kind::HUB, Some(json!(hub))),
            (1, 2, Kind::AGENCY, Some(json!(agency("Dinas", None)))),
            (
                1,
                3,
                Kind::INNOVATION,
                Some(json!(innovation("Title", record(1)))),
            ),
        ],
    )
    .await;
    assert_eq!(
        (shown.table("hub"), shown.table("agency")),
        (&[][..], &[][..])
    );
    assert_eq!(shown.table("innovation").len(), 1);
}

async fn of_several_descriptions_of_a_hub_one_is_shown_however_they_came(backend: Backend) {
    let shown = shown_of(
        backend,
        &[
            (1, 1, Kind::HUB, Some(json!(profile("Hub Satu")))),
            (2, 1, Kind::HUB, Some(json!(profile("Hub Dua")))),
            (2, 2, Kind::HUB, None),
        ],
    )
    .await;
    assert!(shown.table("hub")[0].contains("|Hub Satu|"), "{shown:?}");
}
