//! What is for the network: who gets it, who does not, and what becomes of it when trust changes.

use domain::catalog::{MemberStatus, Vocabulary as _};
use domain::entry::Sight;
use domain::identity::RecordId;
use domain::log::LogState;
use domain::trust::{MemberKeyDraft, Membership, MembershipDraft};
use node::config::Config;
use node::hub::Hub;
use node::serving::{self, Pulling, Running};
use serde_json::{Value, json};
use storage::{holders, members, trust};
use testkit::api::{Answer, Api, client};
use testkit::patience::eventually;
use testkit::records::hub_id;
use testkit::{Drawing, Federation};
use time::OffsetDateTime;
use tokio::net::TcpListener;

const NONE: [&str; 0] = [];
const HUBS: [&str; 4] = ["k", "a", "b", "c"];
const CREATE: &str = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id audience } } }";
const REVISE: &str = "mutation($id: ID!, $revision: Long!, $input: InnovationInput!) {
    reviseInnovation(id: $id, revision: $revision, input: $input) { innovation { audience } } }";
const ERASE: &str = "mutation($id: ID!, $revision: Long!) { withdrawInnovation(id: $id, revision: $revision, reason: ERASURE) }";

/// Hubs that follow k, which admits a and b. All pull one another; c is a stranger to all and knows k.
async fn network() -> Federation {
    let mut drawing = Drawing::drawn("k -- a, k -- b, k -- c, a -> b, c -> a").on_postgres("b");
    for to in HUBS {
        for other in HUBS
            .into_iter()
            .filter(|other| *other != to && *other != "k")
        {
            drawing = drawing.stranger(to, other);
        }
    }
    let hubs = Federation::build(drawing).await;
    for hub in HUBS {
        let followed = trust::follow(&hubs.hub(hub).db, &hub_id("hub-k"), None).await;
        followed.unwrap();
    }
    for member in ["a", "b"] {
        say(&hubs, member, MemberStatus::Active).await;
    }
    hubs
}

async fn say(hubs: &Federation, member: &str, status: MemberStatus) {
    let k = hubs.hub("k");
    let id = hub_id(&format!("hub-{member}"));
    let listed = members::list(&k.db, k.db.hub()).await.unwrap();
    let before = listed.iter().find(|listed| listed.membership.hub == id);
    let draft = MembershipDraft {
        hub: id.to_string(),
        name: format!("Hub {member}"),
        keys: vec![MemberKeyDraft {
            key: hubs.hub(member).key.public().to_string(),
            ..MemberKeyDraft::default()
        }],
        status: status.code().to_owned(),
        ..MembershipDraft::default()
    };
    let membership = Membership::parse(&draft).unwrap();
    k.say_of_member(before, &membership).await.unwrap();
}

async fn publish(hubs: &Federation, at: &str, title: &str, audience: &str) -> String {
    let agency = hubs.agency(at).await;
    let input = json!({"title": title, "agency": agency, "audience": audience});
    let data = hubs.api(at).mutate(CREATE, json!({ "input": input })).await;
    let written = &data["createInnovation"]["innovation"];
    assert_eq!(written["audience"], audience);
    written["id"].as_str().unwrap().to_owned()
}

async fn revise(hubs: &Federation, at: &str, id: &str, revision: u64, input: Value) -> Value {
    let variables = json!({"id": id, "revision": revision, "input": input});
    let data = hubs.api(at).mutate(REVISE, variables).await;
    data["reviseInnovation"]["innovation"]["audience"].clone()
}

/// How many payloads of a's log hold a text in a hub's database.
async fn bodies(hubs: &Federation, at: &str, text: &str) -> usize {
    let bounds = storage::logs::read::PageBounds {
        entries: 1000,
        bytes: 4_000_000,
    };
    let log = hubs.log("a").await;
    let page = storage::logs::read::page(&hubs.hub(at).db, &log, 0, bounds, Sight::All).await;
    let Some(page) = page.unwrap() else { return 0 };
    let payloads = page.entries.into_iter().filter_map(|entry| entry.payload);
    payloads.filter(|payload| payload.contains(text)).count()
}

/// The titles that the operator of a hub sees.
async fn operator_titles(hubs: &Federation, at: &str) -> Vec<String> {
    let document = "{ innovations(first: 100, orderBy: TITLE_ASC) { nodes { title } totalCount } }";
    let data = hubs.api(at).mutate(document, json!({})).await;
    let nodes = data["innovations"]["nodes"].as_array().unwrap().clone();
    assert_eq!(data["innovations"]["totalCount"], nodes.len());
    let title = |node: &Value| node["title"].as_str().unwrap().to_owned();
    nodes.iter().map(title).collect()
}

#[expect(clippy::disallowed_methods, reason = "the hubs use the real clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

async fn ask(hubs: &Federation, at: &str, token: &str, document: &str) -> Answer {
    let body = json!({ "query": document });
    hubs.api(at).send(Some(token), &body).await
}

#[tokio::test]
async fn members_get_what_is_for_the_network_and_strangers_prove_the_log_without_it() {
    let hubs = network().await;
    publish(&hubs, "a", "Untuk semua", "PUBLIC").await;
    publish(&hubs, "a", "Untuk jaringan", "NETWORK").await;
    hubs.sync_until_quiet().await;
    for hub in HUBS {
        assert_eq!(
            hubs.titles(hub).await,
            ["Untuk semua"],
            "to anyone at {hub}"
        );
        assert_eq!(hubs.state(hub, "a").await, LogState::Proved, "at {hub}");
        assert_eq!(hubs.verify(hub).await, NONE);
        let expected = usize::from(hub != "c");
        assert_eq!(bodies(&hubs, hub, "jaringan").await, expected, "at {hub}");
    }
    let both = ["Untuk jaringan", "Untuk semua"];
    assert_eq!(operator_titles(&hubs, "b").await, both);
    assert_eq!(operator_titles(&hubs, "c").await, ["Untuk semua"]);
    // A restart of the projection changes nothing of it.
    for hub in HUBS {
        let before = operator_titles(&hubs, hub).await;
        storage::logs::rebuild::rebuild(&hubs.hub(hub).db, |_| {})
            .await
            .unwrap();
        assert_eq!(operator_titles(&hubs, hub).await, before, "at {hub}");
        assert_eq!(hubs.titles(hub).await, ["Untuk semua"], "at {hub}");
    }

    // Who becomes a member gets it in the next rounds, and who is none any more loses it.
    say(&hubs, "c", MemberStatus::Active).await;
    hubs.sync_until_quiet().await;
    assert_eq!(operator_titles(&hubs, "c").await, both);
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
    say(&hubs, "c", MemberStatus::Suspended).await;
    hubs.sync_until_quiet().await;
    assert_eq!(operator_titles(&hubs, "c").await, ["Untuk semua"]);
    assert_eq!(bodies(&hubs, "c", "jaringan").await, 0);
    assert_eq!(hubs.state("c", "a").await, LogState::Proved);
    assert_eq!(hubs.verify("c").await, NONE);
}

#[tokio::test]
async fn narrowing_and_erasing_reach_every_body_and_who_holds_tells_it() {
    let hubs = network().await;
    let id = publish(&hubs, "a", "Rahasia satu", "PUBLIC").await;
    let erased = publish(&hubs, "a", "Rahasia dua", "PUBLIC").await;
    hubs.sync_until_quiet().await;
    for hub in HUBS {
        assert_eq!(bodies(&hubs, hub, "Rahasia").await, 2, "at {hub}");
    }
    let input = json!({"title": "Rahasia satu", "agency": hubs.agency("a").await});
    let mut narrow = input.clone();
    narrow["audience"] = json!("NETWORK");
    assert_eq!(revise(&hubs, "a", &id, 1, narrow).await, "NETWORK");
    // An audience that is left out stays as it was: nothing is widened by silence.
    assert_eq!(revise(&hubs, "a", &id, 2, input).await, "NETWORK");
    hubs.api("a")
        .mutate(ERASE, json!({"id": erased, "revision": 1}))
        .await;

    let record = RecordId::parse(erased.rsplit_once(':').unwrap().1).unwrap();
    let holding = async || {
        let found = holders::find(&hubs.hub("a").db, &hub_id("hub-a"), record).await;
        found.unwrap().unwrap()
    };
    let before = holding().await;
    assert!(!before.is_everywhere());
    let told = before.sentences(&erased);
    assert!(
        told[0].starts_with("0 of 2 peers confirmed the erasure"),
        "{told:?}"
    );
    hubs.sync_until_quiet().await;
    for (hub, expected) in [("k", 1), ("a", 1), ("b", 1), ("c", 0)] {
        assert_eq!(bodies(&hubs, hub, "Rahasia").await, expected, "at {hub}");
        assert_eq!(hubs.titles(hub).await, NONE, "at {hub}");
        assert_eq!(hubs.state(hub, "a").await, LogState::Proved, "at {hub}");
    }
    assert!(holding().await.is_everywhere());
    let document = "query($id: ID!) { holders(record: $id) { isEverywhere summary peers { hub isConfirmed } } }";
    let variables = json!({ "id": erased });
    let refused = hubs.api("a").ask(document, variables.clone()).await;
    assert_eq!(refused.codes(), ["UNAUTHENTICATED"]);
    let data = hubs.api("a").mutate(document, variables).await;
    assert_eq!(data["holders"]["isEverywhere"], true, "{data}");
}

/// Everything that lists, counts, finds or proves, with variables for one record.
const EVERYTHING: &str = "query($id: ID!, $agency: ID!, $other: ID!) {
    innovations(first: 100) { totalCount edges { cursor node { title agency { name } regionCode } } pageInfo { endCursor hasNextPage } }
    titles: innovations(first: 1, orderBy: TITLE_ASC) { totalCount nodes { title } pageInfo { endCursor hasNextPage } }
    last: innovations(last: 1, orderBy: UPDATED_ASC) { nodes { title } pageInfo { startCursor hasPreviousPage } }
    words: innovations(filter: { titleWords: \"rahasia\" }) { totalCount nodes { title } }
    tags: innovations(filter: { tags: [\"tersembunyi\"] }) { totalCount nodes { title } }
    region: innovations(filter: { region: \"14\" }) { totalCount nodes { title } }
    year: innovations(filter: { yearFrom: 1999, yearTo: 1999 }) { totalCount nodes { title } }
    sdgs: innovations(filter: { sdgs: [3] }) { totalCount nodes { title } }
    hubs: innovations(filter: { hubs: [\"hub-a\"] }) { totalCount }
    owned: innovations(filter: { agency: $other }) { totalCount nodes { title } }
    agencies { totalCount edges { cursor node { name } } pageInfo { endCursor hasNextPage } }
    found: agencies(filter: { nameWords: \"rahasia\" }) { totalCount nodes { name } }
    within: agencies(filter: { region: \"14\" }) { totalCount }
    innovation(id: $id) { title }
    agency(id: $agency) { name }
    node(id: $id) { id }
    nodes(ids: [$id, $agency]) { id }
    receipt(record: $id) { header payload }
    mine: receipt(record: $agency) { header payload } }";
const ENTITIES: &str = "query($of: [_Any!]!) { _entities(representations: $of) { ... on Innovation { title } ... on Agency { name } } }";

#[tokio::test]
async fn whoever_is_nobody_sees_no_difference() {
    let hubs = network().await;
    let other = hubs.agency("a").await;
    publish(&hubs, "a", "Untuk semua", "PUBLIC").await;
    hubs.sync_until_quiet().await;
    let absent = "01a01d20-4040-7303-8303-030303030303";
    let (mut id, mut agency) = (
        format!("Innovation:hub-a:{absent}"),
        format!("Agency:hub-a:{absent}"),
    );
    let see = async |at: &str, id: &str, agency: &str| {
        let variables = json!({"id": id, "agency": agency, "other": other});
        let of = json!({"of": [{"__typename": "Innovation", "id": id}, {"__typename": "Agency", "id": agency}]});
        let api = hubs.api(at);
        [
            api.query(EVERYTHING, variables).await,
            api.query(ENTITIES, of).await,
        ]
    };
    let before = [
        see("a", &id, &agency).await,
        see("b", &id, &agency).await,
        see("k", &id, &agency).await,
    ];

    let register =
        "mutation($input: AgencyInput!) { registerAgency(input: $input) { id audience } }";
    let input = json!({"name": "Dinas Rahasia", "kind": "DEPARTMENT", "region": "14.01", "audience": "NETWORK"});
    let data = hubs
        .api("a")
        .mutate(register, json!({ "input": input }))
        .await;
    agency = data["registerAgency"]["id"].as_str().unwrap().to_owned();
    let hidden = json!({"title": "Rahasia", "agency": agency, "audience": "NETWORK", "tags": ["tersembunyi"],
        "implementedOn": "1999", "sdgs": [3]});
    let data = hubs
        .api("a")
        .mutate(CREATE, json!({ "input": hidden }))
        .await;
    id = data["createInnovation"]["innovation"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    publish(&hubs, "a", "Rahasia lain", "NETWORK").await;
    // What everybody may see names no agency that not everybody may see.
    let mut open = hidden.clone();
    open["audience"] = json!("PUBLIC");
    let refused = hubs
        .api("a")
        .ask_as_operator(CREATE, json!({ "input": open }))
        .await;
    assert_eq!(
        refused.codes(),
        ["BAD_USER_INPUT"],
        "{:?}",
        refused.messages()
    );

    hubs.sync_until_quiet().await;
    for (at, before) in ["a", "b", "k"].into_iter().zip(before) {
        assert_eq!(see(at, &id, &agency).await, before, "at {at}");
        // It is there all the same.
        let token = hubs.token(if at == "a" { "b" } else { "a" }, at);
        let document = "{ innovations(filter: { region: \"14\" }) { totalCount nodes { title agency { name } } } }";
        let answer = ask(&hubs, at, &token, document).await.data();
        let expected = json!({"totalCount": 1, "nodes": [{"title": "Rahasia", "agency": {"name": "Dinas Rahasia"}}]});
        assert_eq!(answer["innovations"], expected, "at {at}");
    }
    // Withdrawn, it is as if it had never been.
    hubs.withdraw("a", &id, 1).await;
    hubs.sync_until_quiet().await;
    let gone = see("b", &id, &agency).await;
    assert_eq!(gone[0]["receipt"], Value::Null);
}

#[tokio::test]
async fn only_a_good_token_of_a_member_opens_and_a_bad_one_is_an_error() {
    let hubs = network().await;
    publish(&hubs, "a", "Untuk jaringan", "NETWORK").await;
    hubs.sync_until_quiet().await;
    let count = "{ innovations { totalCount } }";
    let log = hubs.log("a").await;
    let entries = format!(
        "{{ entries(hub: \"hub-a\", epoch: {}, from: 0) {{ entries {{ payload }} }} }}",
        log.epoch
    );
    let good = hubs.token("b", "a");
    let seen = ask(&hubs, "a", &good, &entries).await.data();
    assert!(seen.to_string().contains("jaringan"));
    let replayed = ask(&hubs, "a", &good, count).await;
    assert_eq!(replayed.codes(), ["UNAUTHENTICATED"]);
    assert!(replayed.messages()[0].contains("used before"));
    let anyone = hubs.api("a").query(&entries, json!({})).await;
    assert!(!anyone.to_string().contains("jaringan"));

    let unknown = ask(&hubs, "a", &hubs.token("c", "a"), count).await;
    assert!(unknown.messages()[0].contains("not known here"));
    let elsewhere = ask(&hubs, "a", &hubs.token("b", "k"), count).await;
    assert!(elsewhere.messages()[0].contains("for hub hub-k"));
    for token in ["abc", "a.b.c"] {
        let refused = ask(&hubs, "a", token, count).await;
        assert_eq!(
            (refused.status, refused.codes()),
            (401, vec!["UNAUTHENTICATED"])
        );
    }
    let writing = "mutation { withdrawInnovation(id: \"x\", revision: 1) }";
    let refused = ask(&hubs, "a", &hubs.token("b", "a"), writing).await;
    assert_eq!(refused.codes(), ["UNAUTHENTICATED"], "a hub is no operator");

    // It is heard no more when the authority says so, whatever the token.
    say(&hubs, "b", MemberStatus::Suspended).await;
    hubs.sync_until_quiet().await;
    let suspended = ask(&hubs, "a", &hubs.token("b", "a"), count).await;
    assert!(suspended.messages()[0].contains("suspended"));
}

/// Serves a hub once more, as another process would.
async fn another(hub: &Hub) -> (Hub, Running) {
    let opened = Hub::open(Config::clone(&hub.config)).await;
    let opened = opened.expect("the hub opens twice");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serving::start_at(&opened, listener, Pulling::Never).unwrap();
    (opened, running)
}

#[tokio::test]
async fn a_token_that_was_used_is_refused_by_other_processes_and_after_a_restart() {
    let hubs = network().await;
    hubs.sync_until_quiet().await;
    let count = json!({"query": "{ innovations { totalCount } }"});
    for (from, to, expected) in [
        ("a", "b", "used before"),
        ("b", "a", "before this hub began"),
    ] {
        let token = hubs.token(from, to);
        let (other, serving) = another(hubs.hub(to)).await;
        let used = hubs.api(to).send(Some(&token), &count).await;
        assert_eq!(used.codes(), [""; 0], "{to}: {used:?}");
        if to == "b" {
            let api = Api::new(client(), &serving.url(), "");
            let refused = api.send(Some(&token), &count).await;
            assert_eq!(refused.codes(), ["UNAUTHENTICATED"], "{refused:?}");
            assert!(refused.messages()[0].contains(expected), "{refused:?}");
            let fresh = api.send(Some(&hubs.token(from, to)), &count).await;
            assert_eq!(fresh.codes(), [""; 0], "{fresh:?}");
        }
        serving.stop().await.unwrap();
        other.db.close().await.unwrap();

        let second = now().unix_timestamp();
        eventually("another second", async || {
            (now().unix_timestamp() > second).then_some(())
        })
        .await;
        hubs.take_offline(to).await;
        hubs.bring_back(to).await;
        let refused = hubs.api(to).send(Some(&token), &count).await;
        assert_eq!(refused.codes(), ["UNAUTHENTICATED"], "{to}: {refused:?}");
        assert!(
            refused.messages()[0].contains(expected),
            "{to}: {refused:?}"
        );
        let fresh = hubs.api(to).send(Some(&hubs.token(from, to)), &count).await;
        assert_eq!(fresh.codes(), [""; 0], "{to}: {fresh:?}");
    }
}
