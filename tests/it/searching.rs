//! Finding by words, on both databases: what the index has is what the store shows, whatever happened in between. `needs` is
//! what may help with needs; `served` are running hubs.

mod needs;
mod served;

use std::sync::Arc;

use domain::catalog::{AwardDraft, InnovationDraft};
use domain::entry::{Audience, Kind, Sight};
use domain::search::SearchText;
use graphql::{HubContext, Served};
use node::indexing::follower::Follower;
use node::system::{SystemClock, SystemEntropy};
use search::{Facet, Handle, Index, Request, State};
use serde_json::{Value, json};
use storage::logs::rebuild;
use testkit::judged;
use testkit::records::{self, agency, innovation, record};
use testkit::store::WHOLE_PAGES;
use testkit::{Backend, Store};
use uuid::Uuid;

on_both_databases! {
    words_find_records_and_their_owners,
    the_index_follows_every_sort_of_change,
    what_another_hub_says_of_an_innovation_is_followed,
    what_was_cut_off_is_caught_up,
    a_database_that_was_put_back_is_noticed,
    an_answer_tells_what_was_asked,
    a_viewer_is_told_of_nothing_hidden,
}

const OWNER: &str = "jipp-test/hub-a";

/// What people see of an index: for each query the records that are found, in order of their numbers, and how many are of
/// each award scheme.
type Seen = Vec<(Vec<u128>, Vec<(String, u64)>)>;

const QUERIES: [&str; 10] = [
    "",
    "sampah",
    "bank sampah",
    "melati",
    "mawar",
    "padang",
    "\"bank sampah\"",
    "kesehatan",
    "samp",
    "sampha",
];

fn ask(index: &Index, text: &str, sight: Sight) -> (Vec<u128>, Vec<(String, u64)>) {
    let request = Request {
        text: SearchText::parse(text),
        sight,
        limit: 50,
        ..Request::default()
    };
    let found = index.search(&request).unwrap();
    let mut numbers: Vec<u128> = found
        .hits
        .iter()
        .map(|hit| hit.id.1.as_uuid().as_u128())
        .collect();
    assert_eq!(found.total(), numbers.len() as u64, "{text}");
    numbers.sort_unstable();
    (numbers, found.count(Facet::Award).to_vec())
}

fn seen(follower: &Follower) -> Seen {
    QUERIES
        .iter()
        .map(|text| ask(follower.index(), text, Sight::All))
        .collect()
}

fn finds(follower: &Follower, text: &str, expected: &[u128]) {
    assert_eq!(
        ask(follower.index(), text, Sight::Public).0,
        expected,
        "{text}"
    );
}

/// An empty index beside a store.
fn empty(store: &Store) -> Follower {
    let (index, writer) = Index::in_memory(OWNER).unwrap();
    Follower::new(store.db.clone(), index, writer)
}

/// An index that was made from all that the store shows now.
async fn made_anew(store: &Store) -> Follower {
    let mut follower = empty(store);
    follower.look_at_all(|_| {}).await.unwrap();
    follower
}

/// Catches up, and sees that an index which is made anew is the same.
async fn follow(follower: &mut Follower, store: &Store) {
    follower.catch_up().await.unwrap();
    assert_eq!(seen(follower), seen(&made_anew(store).await));
    assert_eq!(
        follower.index().status().mark.position,
        store.db.refresh().await.unwrap()
    );
}

fn tagged(title: &str, summary: &str) -> InnovationDraft {
    InnovationDraft {
        summary: Some(summary.to_owned()),
        affairs: vec!["HEALTH".to_owned()],
        ..innovation(title, record(1))
    }
}

async fn catalog(backend: Backend) -> Store {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(1), 1, &agency("Dinas Kota Padang", Some("13.71")))
        .await;
    store
        .put_innovation(
            record(2),
            1,
            &tagged("Bank Sampah Melati", "Warga menabung sampah"),
        )
        .await;
    store
        .put_innovation(
            record(3),
            1,
            &tagged("Rumah Belajar", "Warga belajar bersama"),
        )
        .await;
    store
}

async fn words_find_records_and_their_owners(backend: Backend) {
    let store = catalog(backend).await;
    let follower = made_anew(&store).await;
    finds(&follower, "melati", &[2]);
    finds(&follower, "padang", &[2, 3]);
    finds(&follower, "sumatera barat", &[2, 3]);
    finds(&follower, "health", &[2, 3]);
    finds(&follower, "mempelajari", &[3]);
    finds(&follower, "melatti", &[2]);
}

async fn the_index_follows_every_sort_of_change(backend: Backend) {
    let store = catalog(backend).await;
    let mut follower = made_anew(&store).await;
    follow(&mut follower, &store).await;

    store
        .put_innovation(record(4), 1, &tagged("Taman Mawar", "Warga menanam"))
        .await;
    follow(&mut follower, &store).await;
    finds(&follower, "mawar", &[4]);

    store
        .put_innovation(record(2), 2, &tagged("Bank Sampah Mawar", "Warga menabung"))
        .await;
    follow(&mut follower, &store).await;
    finds(&follower, "melati", &[]);
    finds(&follower, "mawar", &[2, 4]);

    store.delete(record(4), 2, Kind::INNOVATION).await;
    follow(&mut follower, &store).await;
    finds(&follower, "mawar", &[2]);

    store
        .put_agency(record(1), 2, &agency("Dinas Kota Solok", Some("13.72")))
        .await;
    follow(&mut follower, &store).await;
    finds(&follower, "padang", &[]);
    finds(&follower, "solok", &[2, 3]);

    store.delete(record(1), 3, Kind::AGENCY).await;
    follow(&mut follower, &store).await;
    finds(&follower, "solok", &[]);

    store
        .issue(vec![records::put(
            record(9),
            1,
            Kind::HUB,
            &records::profile("Hub JIPP Mawar"),
            store.now(),
        )])
        .await;
    follow(&mut follower, &store).await;
    finds(&follower, "mawar", &[2, 3]);
    store.delete(record(9), 2, Kind::HUB).await;
    follow(&mut follower, &store).await;
    finds(&follower, "mawar", &[2]);

    let mut narrowed = records::put(
        record(3),
        2,
        Kind::INNOVATION,
        &tagged("Rumah Belajar", "Warga"),
        store.now(),
    );
    narrowed.audience = Audience::Network;
    store.issue(vec![narrowed]).await;
    follow(&mut follower, &store).await;
    finds(&follower, "belajar", &[]);
    assert_eq!(ask(follower.index(), "belajar", Sight::Network).0, [3]);

    rebuild::rebuild(&store.db, |_| {}).await.unwrap();
    follow(&mut follower, &store).await;
}

fn award(innovation: u128, scheme: &str) -> AwardDraft {
    AwardDraft {
        innovation: Some(format!("hub-a:{}", record(innovation))),
        scheme: scheme.to_owned(),
        tier: "Top 45".to_owned(),
        year: 2021,
        basis: "CONFIRMED".to_owned(),
        ..AwardDraft::default()
    }
}

async fn what_another_hub_says_of_an_innovation_is_followed(backend: Backend) {
    let store = catalog(backend).await;
    let giver = Store::fresh(backend, "hub-b").await;
    let mut follower = made_anew(&store).await;
    let put = |revision, award: &AwardDraft| {
        records::put(record(20), revision, Kind::AWARD, award, giver.now())
    };
    giver.issue(vec![put(1, &award(2, "KIPP"))]).await;
    store.pull(&giver, &giver.log, WHOLE_PAGES).await;
    follow(&mut follower, &store).await;
    assert_eq!(
        ask(follower.index(), "melati", Sight::Public).1,
        [("kipp".to_owned(), 1)]
    );

    giver.issue(vec![put(2, &award(3, "IGA"))]).await;
    store.pull(&giver, &giver.log, WHOLE_PAGES).await;
    follow(&mut follower, &store).await;
    assert_eq!(
        ask(follower.index(), "", Sight::Public).1,
        [("iga".to_owned(), 1)]
    );

    giver.delete(record(20), 3, Kind::AWARD).await;
    store.pull(&giver, &giver.log, WHOLE_PAGES).await;
    follow(&mut follower, &store).await;
    assert!(ask(follower.index(), "", Sight::Public).1.is_empty());
}

/// The process dies between the commit of the store and that of the index.
async fn what_was_cut_off_is_caught_up(backend: Backend) {
    let store = catalog(backend).await;
    let folder = store.site().folder().join("search");
    let open = || {
        let (index, writer) = Index::open(&folder, OWNER).unwrap();
        Follower::new(store.db.clone(), index, writer)
    };
    let mut follower = open();
    follower.look_at_all(|_| {}).await.unwrap();
    let known = follower.index().status().mark.position;
    drop(follower);

    store
        .put_innovation(record(2), 2, &tagged("Taman Mawar", "Warga menanam"))
        .await;
    store.delete(record(3), 2, Kind::INNOVATION).await;
    let mut follower = open();
    assert_eq!(follower.index().status().mark.position, known);
    finds(&follower, "melati", &[2]);
    follow(&mut follower, &store).await;
    finds(&follower, "melati", &[]);
    finds(&follower, "mawar", &[2]);
}

/// The folder of the index is that of another database of the hub: as if its own had been put back.
async fn a_database_that_was_put_back_is_noticed(backend: Backend) {
    let (store, other) = (catalog(backend).await, catalog(backend).await);
    let folder = store.site().folder().join("search");
    let (index, writer) = Index::open(&folder, OWNER).unwrap();
    let mut follower = Follower::new(store.db.clone(), index, writer);
    store
        .put_innovation(record(4), 1, &tagged("Taman Mawar", "Warga menanam"))
        .await;
    follower.look_at_all(|_| {}).await.unwrap();
    follower.close().await.unwrap();

    other.delete(record(2), 2, Kind::INNOVATION).await;
    let (index, writer) = Index::open(&folder, OWNER).unwrap();
    let mut follower = Follower::new(other.db.clone(), index, writer);
    finds(&follower, "melati", &[2]);
    follower.look_at_all(|_| {}).await.unwrap();
    assert_eq!(seen(&follower), seen(&made_anew(&other).await));
    finds(&follower, "melati", &[]);
    finds(&follower, "mawar", &[]);
}

fn schema(store: &Store, index: Option<Index>) -> Served {
    let handle = Handle::default();
    if let Some(index) = index {
        handle.set(State::Open(index));
    }
    let hub = HubContext {
        db: store.db.clone(),
        key: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        software: "simpul".to_owned(),
        process: Uuid::nil(),
        turns: Arc::default(),
        statistics: std::sync::Arc::default(),
        search: handle,
        accounts: std::sync::Arc::default(),
        refusals: std::sync::Arc::default(),
        desk: std::sync::Arc::default(),
        aside: tokio::runtime::Handle::current(),
        importing: None,
    };
    graphql::serve(hub, &graphql::guard::Limits::default())
}

async fn answer(schema: &Served, document: &str) -> Value {
    let answer = schema.execute(document).await;
    assert!(answer.errors.is_empty(), "{document}: {:?}", answer.errors);
    answer.data.into_json().unwrap()
}

async fn an_answer_tells_what_was_asked(backend: Backend) {
    let store = catalog(backend).await;
    let index = made_anew(&store).await.index().clone();
    let position = index.status().mark.position;
    let schema = schema(&store, Some(index));
    let document = r#"{ searchInnovations(text: "menabung sampha", first: 1) {
        totalCount didYouMean asOf { position } pageInfo { hasNextPage endCursor }
        edges { cursor node { title } snippets { field isCutBefore parts { text isMatch } } }
        facets { affairs { affair count } provinces { region { name } count } }
    } }"#;
    let found = answer(&schema, document).await;
    let expected = json!({ "searchInnovations": {
        "totalCount": 1, "didYouMean": "menabung sampah", "asOf": { "position": position },
        "pageInfo": { "hasNextPage": false, "endCursor": "1" },
        "edges": [{ "cursor": "1", "node": { "title": "Bank Sampah Melati" }, "snippets": [
            { "field": "title", "isCutBefore": false, "parts": [
                { "text": "Bank ", "isMatch": false },
                { "text": "Sampah", "isMatch": true },
                { "text": " Melati", "isMatch": false },
            ] },
            { "field": "summary", "isCutBefore": false, "parts": [
                { "text": "Warga ", "isMatch": false },
                { "text": "menabung", "isMatch": true },
                { "text": " ", "isMatch": false },
                { "text": "sampah", "isMatch": true },
            ] },
        ] }],
        "facets": {
            "affairs": [{ "affair": "HEALTH", "count": 1 }],
            "provinces": [{ "region": { "name": "Sumatera Barat" }, "count": 1 }],
        },
    } });
    assert_eq!(found, expected);

    let second = answer(
        &schema,
        r#"{ searchInnovations(text: "", first: 1, after: "1") { nodes { title } } }"#,
    )
    .await;
    assert_eq!(
        second["searchInnovations"]["nodes"],
        json!([{ "title": "Bank Sampah Melati" }])
    );
    for text in ["\\\"", "-", "*", "((AND", "\\u0000", "%_"] {
        answer(
            &schema,
            &format!(r#"{{ searchInnovations(text: "{text}") {{ totalCount }} }}"#),
        )
        .await;
    }
    let built = empty(&store).index().clone();
    built.note_progress(Some(search::Progress { done: 1, total: 2 }));
    for (index, reason) in [
        (None, "keeps no search index"),
        (Some(built), "1 of 2 records"),
    ] {
        let off = self::schema(&store, index)
            .execute(r#"{ searchInnovations(text: "a") { totalCount } }"#)
            .await;
        let error = off.errors[0].clone();
        assert!(error.message.contains(reason), "{}", error.message);
        let code = error.extensions.unwrap().get("code").unwrap().clone();
        assert_eq!(code.into_json().unwrap(), "SEARCH_NOT_READY");
    }
}

/// One request asks for no more than what ten searches cost.
#[tokio::test]
async fn a_request_has_few_searches() {
    let store = catalog(Backend::Sqlite).await;
    let schema = schema(&store, Some(made_anew(&store).await.index().clone()));
    let searches = |count: usize| -> String {
        let search = |number| {
            format!("s{number}: searchInnovations(text: \"a*\", first: 1) {{ totalCount }}")
        };
        format!("{{ {} }}", (0..count).map(search).collect::<String>())
    };
    let similar = |first: usize| {
        format!(
            "{{ innovations(first: {first}) {{ nodes {{ similarInnovations(first: 1) {{ title }} }} }} }}"
        )
    };
    let needs = |first: usize| {
        format!(
            "{{ needs(first: {first}) {{ nodes {{ matches(first: 5) {{ score reasons }} }} }} }}"
        )
    };
    for (document, is_answered) in [
        (searches(9), true),
        (searches(10), false),
        (similar(9), true),
        (similar(10), false),
        (needs(20), true),
        (needs(30), false),
    ] {
        let answer = schema.execute(&document).await;
        assert_eq!(
            answer.errors.is_empty(),
            is_answered,
            "{document}: {:?}",
            answer.errors
        );
    }
}

/// The order of what is found is what people judged it to be, over the real records.
#[tokio::test]
async fn what_is_looked_for_stands_first() {
    let catalog = judged::Catalog::open().await;
    let queries = judged::queries();
    let gains = queries
        .iter()
        .map(|query| query.ndcg(&catalog.search(&query.query)));
    let mean = gains.sum::<f64>() / f64::from(u32::try_from(queries.len()).unwrap());
    assert!(queries.len() >= 50 && mean >= 0.90, "nDCG@10 is {mean:.4}");
}

async fn a_viewer_is_told_of_nothing_hidden(backend: Backend) {
    let store = catalog(backend).await;
    let mut hidden = records::put(
        record(5),
        1,
        Kind::INNOVATION,
        &InnovationDraft {
            affairs: vec!["TOURISM".to_owned()],
            ..tagged("Bank Sampah Kenanga", "Rahasia")
        },
        store.now(),
    );
    hidden.audience = Audience::Network;
    store.issue(vec![hidden]).await;
    let schema = schema(&store, Some(made_anew(&store).await.index().clone()));
    let document = r#"{ searchInnovations(text: "sampah", first: 3) { totalCount
        facets { hubs { count } affairs { affair count } provinces { count } }
        nodes { title similarInnovations { title } } }
        slip: searchInnovations(text: "kenamga") { totalCount didYouMean edges { snippets { field } } }
        begun: searchInnovations(text: "kenan*") { totalCount didYouMean } }"#;
    let expected = json!({
        "searchInnovations": {
            "totalCount": 1,
            "facets": {
                "hubs": [{ "count": 1 }], "affairs": [{ "affair": "HEALTH", "count": 1 }], "provinces": [{ "count": 1 }],
            },
            "nodes": [{ "title": "Bank Sampah Melati", "similarInnovations": [{ "title": "Rumah Belajar" }] }],
        },
        "slip": { "totalCount": 0, "didYouMean": null, "edges": [] },
        "begun": { "totalCount": 0, "didYouMean": null },
    });
    assert_eq!(answer(&schema, document).await, expected);
    let index = made_anew(&store).await;
    assert_eq!(ask(index.index(), "sampah", Sight::Network).0, [2, 5]);
    assert_eq!(ask(index.index(), "kenan*", Sight::Network).0, [5]);
}
