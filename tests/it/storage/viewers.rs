//! What anybody sees of a log with records for the network is, byte for byte, what a node shows that never had them.

use std::collections::HashMap;
use std::sync::Arc;

use domain::catalog::InnovationDraft;
use domain::entry::Kind;
use graphql::{HubContext, Served};
use node::system::{SystemClock, SystemEntropy};
use proptest::prelude::*;
use serde_json::{Value, json};
use storage::{Database, pins};
use testkit::forge::Forge;
use testkit::records::{agency, hub_id, innovation, key_of, record};
use testkit::{Backend, Store};
use uuid::Uuid;

use super::projection::check_property;

const REGIONS: [&str; 3] = ["13", "13.76", "35"];
const TAGS: [&str; 3] = ["air", "desa", "sekolah"];
const ORDERS: [&str; 4] = ["PUBLISHED_DESC", "TITLE_ASC", "UPDATED_ASC", "UPDATED_DESC"];
/// Stands in every text of a record for the network, and nowhere else.
const HIDDEN: &str = "rahasia";

#[test]
fn anybody_sees_nothing_of_what_is_for_the_network_on_sqlite() {
    check_property(Backend::Sqlite, 48, &scenes(), sees_no_difference);
}

#[test]
fn anybody_sees_nothing_of_what_is_for_the_network_on_postgres() {
    check_property(Backend::Postgres, 4, &scenes(), sees_no_difference);
}

/// What a hub says next. Each record is said in its next revision.
#[derive(Clone, Debug)]
enum Said {
    Agency {
        number: u8,
        region: Option<&'static str>,
        is_hidden: bool,
    },
    Innovation {
        number: u8,
        agency: u8,
        title: u8,
        tags: Vec<&'static str>,
        year: u16,
        sdg: u8,
        is_hidden: bool,
    },
    Gone {
        kind: &'static str,
        number: u8,
        is_hidden: bool,
    },
}

/// What is asked of a list.
#[derive(Clone, Debug)]
struct Asked {
    words: Option<&'static str>,
    tag: Option<&'static str>,
    region: Option<&'static str>,
    year: Option<u16>,
    sdg: Option<u8>,
    agency: Option<u8>,
    order: &'static str,
    first: u8,
}

fn said() -> impl Strategy<Value = Said> {
    let region = prop::option::of(prop::sample::select(REGIONS.to_vec()));
    let tags = prop::sample::subsequence(TAGS.to_vec(), 0..=3);
    let number = 0..3_u8;
    prop_oneof![
        3 => (0..2_u8, region, any::<bool>())
            .prop_map(|(number, region, is_hidden)| Said::Agency { number, region, is_hidden }),
        8 => (number, 0..2_u8, any::<u8>(), tags, 2019..2022_u16, 1..4_u8, any::<bool>()).prop_map(
            |(number, agency, title, tags, year, sdg, is_hidden)| Said::Innovation {
                number, agency, title, tags, year, sdg, is_hidden
            }
        ),
        1 => (0..2_u8, any::<bool>())
            .prop_map(|(number, is_hidden)| Said::Gone { kind: Kind::AGENCY, number, is_hidden }),
        2 => (0..3_u8, any::<bool>())
            .prop_map(|(number, is_hidden)| Said::Gone { kind: Kind::INNOVATION, number, is_hidden }),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let some = |words: &[&'static str]| prop::option::of(prop::sample::select(words.to_vec()));
    (
        some(&[HIDDEN, "terbuka", "judul", "1"]),
        some(&TAGS),
        some(&["13", "13.76", "35", "99"]),
        prop::option::of(2018..2023_u16),
        prop::option::of(1..4_u8),
        prop::option::of(0..2_u8),
        prop::sample::select(ORDERS.to_vec()),
        prop::sample::select(vec![1_u8, 2, 100]),
    )
        .prop_map(
            |(words, tag, region, year, sdg, agency, order, first)| Asked {
                words,
                tag,
                region,
                year,
                sdg,
                agency,
                order,
                first,
            },
        )
}

/// What a hub says, in the pages in which it is pulled, and what is asked after each.
type Scene = (Vec<Vec<Said>>, Vec<Asked>);

fn scenes() -> impl Strategy<Value = Scene> {
    let pages = prop::collection::vec(prop::collection::vec(said(), 1..6), 1..6);
    (pages, prop::collection::vec(asked(), 1..5))
}

fn agency_of(number: u8) -> domain::identity::RecordId {
    record(100 + u128::from(number))
}

fn innovation_of(number: u8) -> domain::identity::RecordId {
    record(200 + u128::from(number))
}

impl Said {
    fn is_hidden(&self) -> bool {
        match self {
            Self::Agency { is_hidden, .. }
            | Self::Innovation { is_hidden, .. }
            | Self::Gone { is_hidden, .. } => *is_hidden,
        }
    }

    fn place(&self) -> (&'static str, domain::identity::RecordId) {
        match self {
            Self::Agency { number, .. } => (Kind::AGENCY, agency_of(*number)),
            Self::Innovation { number, .. } => (Kind::INNOVATION, innovation_of(*number)),
            Self::Gone { kind, number, .. } if *kind == Kind::AGENCY => (kind, agency_of(*number)),
            Self::Gone { kind, number, .. } => (kind, innovation_of(*number)),
        }
    }

    fn body(&self) -> Option<Value> {
        let word = if self.is_hidden() { HIDDEN } else { "terbuka" };
        let tag = |tag: &&str| {
            if self.is_hidden() {
                format!("{tag} {HIDDEN}")
            } else {
                (*tag).to_owned()
            }
        };
        match self {
            Self::Agency { number, region, .. } => {
                Some(json!(agency(&format!("Dinas {word} {number}"), *region)))
            }
            Self::Innovation {
                agency,
                title,
                tags,
                year,
                sdg,
                ..
            } => Some(json!(InnovationDraft {
                tags: tags.iter().map(tag).collect(),
                implemented_on: Some(year.to_string()),
                sdgs: vec![(*sdg).into()],
                summary: Some(format!("Ringkasan {word}")),
                ..innovation(&format!("Judul {word} {title}"), agency_of(*agency))
            })),
            Self::Gone { .. } => None,
        }
    }

    /// Adds it to both logs, which have the same headers; the second without what is for the network.
    fn forge(&self, revision: u64, logs: &mut [Forge; 2]) {
        let (kind, id) = self.place();
        let audience = if self.is_hidden() {
            "network"
        } else {
            "public"
        };
        for (place, forge) in logs.iter_mut().enumerate() {
            match self.body() {
                Some(body) => {
                    let narrow = |header: &mut Value| header["audience"] = json!(audience);
                    forge.put(id, revision, kind, &body, narrow);
                    if place == 1 && self.is_hidden() {
                        forge.without_payload();
                    }
                }
                None => {
                    forge.delete_for(id, revision, kind, audience);
                }
            }
        }
    }
}

impl Asked {
    /// One question in each, because the order of several answers is nobody's promise.
    fn documents(&self) -> [String; 2] {
        let mut filter = Vec::new();
        filter.extend(self.words.map(|words| format!("titleWords: \"{words}\"")));
        filter.extend(self.tag.map(|tag| format!("tags: [\"{tag}\"]")));
        filter.extend(self.region.map(|code| format!("region: \"{code}\"")));
        filter.extend(self.year.map(|year| format!("yearFrom: {year}")));
        filter.extend(self.sdg.map(|sdg| format!("sdgs: [{sdg}]")));
        let of = |number| format!("agency: \"Agency:hub-o:{}\"", agency_of(number));
        filter.extend(self.agency.map(of));
        let mut of_agencies = Vec::new();
        of_agencies.extend(self.words.map(|words| format!("nameWords: \"{words}\"")));
        of_agencies.extend(self.region.map(|code| format!("region: \"{code}\"")));
        let (first, order) = (self.first, self.order);
        let paging = "totalCount pageInfo { endCursor hasNextPage }";
        [
            format!(
                "{{ innovations(first: {first}, orderBy: {order}, filter: {{ {} }}) {{ {paging}
                    edges {{ cursor node {{ id revision title summary tags regionCode agency {{ id name }} }} }} }} }}",
                filter.join(", ")
            ),
            format!(
                "{{ agencies(first: {first}, filter: {{ {} }}) {{ {paging}
                    edges {{ cursor node {{ id name regionCode }} }} }} }}",
                of_agencies.join(", ")
            ),
        ]
    }
}

/// All that is asked for by its name: records, receipts, entries, payloads, heads.
fn by_name(size: u64) -> Vec<String> {
    let ids = (0..3)
        .map(|number| format!("Innovation:hub-o:{}", innovation_of(number)))
        .chain((0..2).map(|number| format!("Agency:hub-o:{}", agency_of(number))));
    let of_record = |id: String| {
        [
            format!(
                "{{ node(id: \"{id}\") {{ id ... on Innovation {{ title tags }} ... on Agency {{ name }} }} }}"
            ),
            format!(
                "{{ receipt(record: \"{id}\") {{ header payload index proof checkpoint publicKey }} }}"
            ),
        ]
    };
    let mut documents: Vec<String> = ids.flat_map(of_record).collect();
    let places: Vec<String> = (0..size).map(|place| place.to_string()).collect();
    let log = "hub: \"hub-o\", epoch: 1";
    documents.push(format!(
        "{{ entries({log}, from: 0, first: 1000) {{ entries {{ header payload }} proof checkpoint }} }}"
    ));
    documents.push(format!(
        "{{ payloads({log}, indexes: [{}]) {{ index payload }} }}",
        places.join(", ")
    ));
    documents.extend(
        [
            "{ heads { edges { cursor node { hub epoch size checkpoint } } pageInfo { endCursor } } }",
            "{ hub { hubId node { headsToken } } }",
            "{ hubs { totalCount nodes { hubId name } } }",
        ]
        .map(str::to_owned),
    );
    documents
}

fn schema(db: &Database) -> Served {
    let hub = HubContext {
        db: db.clone(),
        key: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        software: "simpul".to_owned(),
        process: Uuid::nil(),
        turns: Arc::default(),
        statistics: Arc::default(),
        search: search::Handle::default(),
        accounts: std::sync::Arc::default(),
        refusals: std::sync::Arc::default(),
        desk: std::sync::Arc::default(),
        aside: tokio::runtime::Handle::current(),
        importing: None,
    };
    graphql::serve(hub, &graphql::guard::Limits::default())
}

async fn answer(schema: &Served, document: &str) -> String {
    let answer = schema.execute(document).await;
    assert!(answer.errors.is_empty(), "{document}: {:?}", answer.errors);
    serde_json::to_string(&answer).unwrap()
}

/// A puller that is entitled to what is for the network.
async fn entitled(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-p").await;
    let hub = hub_id("hub-o");
    let pinned = pins::add(&store.db, &hub, &key_of(&hub).public(), store.now(), None).await;
    pinned.unwrap();
    store
}

async fn sees_no_difference(backend: Backend, (pages, asked): Scene) {
    let stores = [entitled(backend).await, entitled(backend).await];
    let [full, bare] = [schema(&stores[0].db), schema(&stores[1].db)];
    let mut logs = [Forge::of("hub-o"), Forge::of("hub-o")];
    let mut revisions = HashMap::new();
    let mut size = 0;
    for page in pages {
        for said in &page {
            let revision = revisions.entry(said.place()).or_insert(0);
            *revision += 1;
            said.forge(*revision, &mut logs);
        }
        size += page.len() as u64;
        for (store, log) in stores.iter().zip(&mut logs) {
            store.apply(log.page()).await.unwrap();
        }
        let documents = asked.iter().flat_map(Asked::documents).chain(by_name(size));
        for document in documents {
            let shown = answer(&full, &document).await;
            assert_eq!(shown, answer(&bare, &document).await, "{document}");
            assert!(!shown.to_lowercase().contains(HIDDEN), "{shown}");
        }
    }
}
