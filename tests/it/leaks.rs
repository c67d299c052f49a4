//! Whatever is asked, nobody reads what is not theirs, and nothing fails inside.
//!
//! A hub is given things that only some may see, each with a word of its own in every text. Thousands of documents written at
//! random for the whole schema, with the ids of these very things and the beginnings of these words as values, are then sent by
//! everybody who may not see them. None of the words may stand in any answer: in no field, error, suggestion, snippet or facet.
//! Curators and operators are asked too: they show that the documents do reach these things.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::Federation;
use testkit::api::Answer;

use super::accounts::signed_in;
use super::items::write;
use super::oracle::model::Model;
use super::oracle::variables;
use super::oracle::writing::{Pool, Writer};

/// Documents of each viewer.
const DOCUMENTS: usize = 700;
/// Of the root fields of queries, how many each viewer must be given an answer of: few need more than chance gives.
const FEWEST_ROOTS: usize = 30;

/// The secrets by what stands in their texts. What is asked for are the first letters.
const NETWORK: &str = "zqnetworkanoa";
const DRAFT: &str = "zqdraftbekantan";
const PERSON: &str = "zqpersoncendrawasih";
const HIDDEN: &str = "zqhiddendugong";
const ACCOUNT: &str = "zqaccountelang";
const PEER: &str = "zqpeergajah";
const SECRETS: [&str; 6] = [NETWORK, DRAFT, PERSON, HIDDEN, ACCOUNT, PEER];

/// What asks for each of them outright. Chance reaches few things that lie deep.
const OUTRIGHT: [&str; 6] = [
    "{ innovations(first: 10) { nodes { title summary tags } } }",
    "{ drafts(first: 10) { nodes { text { title summary } } } }",
    "{ people(first: 10) { nodes { name contact } } }",
    "{ threads(first: 10) { nodes { title hiddenHere { reason } posts { body } } } }",
    "{ accounts(first: 10) { nodes { name display } } }",
    "{ replicationStatus { peers { url lastError } } }",
];

/// How many letters of a secret are asked for.
const SHOWN: usize = 6;

struct Planted {
    hubs: Federation,
    ids: Vec<String>,
    agencies: [String; 2],
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

/// A hub with something of everything, and the ids of it all.
async fn planted() -> Planted {
    let hubs = Federation::of(["a", "b"]).await;
    let own = hubs.agency("a").await;
    let other = json!({"name": "Dinas Kedua", "kind": "DEPARTMENT"});
    let other = write(
        &hubs,
        "a",
        "registerAgency",
        json!({"input": other}),
        "{ id }",
    )
    .await;
    let other = text(&other["id"]);
    let mut ids = vec![own.clone(), other.clone()];
    let mut put = async |mutation: &str, arguments: Value, read: &str| {
        let mut made = write(&hubs, "a", mutation, arguments, read).await;
        if made["innovation"].is_object() {
            made = made["innovation"].take();
        }
        let found = ["id", "innovationId"].map(|name| made[name].as_str().map(str::to_owned));
        ids.extend(found.into_iter().flatten());
        made
    };

    let open = json!({"title": "Terbuka untuk umum", "agency": own, "summary": "Air bersih.", "tags": ["air"]});
    let open = text(
        &put(
            "createInnovation",
            json!({"input": open}),
            "{ innovation { id } }",
        )
        .await["id"],
    );
    let network = json!({"title": format!("{NETWORK} satu"), "agency": own, "summary": format!("Isi {NETWORK}."),
        "tags": [NETWORK], "audience": "NETWORK", "affairs": ["HEALTH"], "sdgs": [3]});
    put(
        "createInnovation",
        json!({"input": network}),
        "{ innovation { id } }",
    )
    .await;
    let draft = json!({"title": format!("{DRAFT} satu"), "agency": own, "summary": format!("Isi {DRAFT}.")});
    put(
        "draftInnovation",
        json!({"by": "Dinas Satu", "input": draft}),
        "{ id innovationId }",
    )
    .await;
    let person = json!({"name": format!("Ibu {PERSON}"), "office": "Puskesmas Bambu", "contact": format!("{PERSON}-kontak")});
    put("addPerson", json!({"input": person}), "{ id }").await;

    for (audience, word) in [("PUBLIC", HIDDEN), ("NETWORK", NETWORK)] {
        let thread = json!({"kind": "QUESTION", "title": format!("Apa itu {word}?"), "subject": open, "audience": audience});
        let thread = text(&put("openThread", json!({"input": thread}), "{ id }").await["id"]);
        let post = json!({"thread": thread, "body": format!("Jawab {word}."), "byOffice": "Dinas", "audience": audience});
        put("writePost", json!({"input": post}), "{ id }").await;
        if word == HIDDEN {
            let hide = json!({"id": thread, "reason": format!("Alasan {HIDDEN}.")});
            write(&hubs, "a", "hideHere", hide, "{ reason }").await;
        }
    }
    let account = json!({"name": "orang.lain", "display": format!("Akun {ACCOUNT}"), "roles": [{"role": "READER"}]});
    write(&hubs, "a", "addAccount", account, "{ secret }").await;
    hubs.add_peer("a", "b", &format!("http://127.0.0.1:1/{PEER}"))
        .await;
    Planted {
        agencies: [own, other],
        ids,
        hubs,
    }
}

impl Planted {
    fn pool(&self) -> Pool {
        let words = SECRETS.map(|word| word[..SHOWN].to_owned());
        let more = ["air", "terbuka", "orang.lain", "13.76"].map(str::to_owned);
        Pool {
            ids: self.ids.clone(),
            hubs: vec!["hub-a".to_owned(), "hub-b".to_owned()],
            words: words.into_iter().chain(more).collect(),
        }
    }

    /// Asks outright and at random, and gives the secrets that were told, each with what told it first, and the root fields of queries that were answered.
    async fn ask(
        &self,
        token: Option<&str>,
        seed: u64,
    ) -> (BTreeMap<&'static str, String>, BTreeSet<String>) {
        let mut model = Model::of(&graphql::whole_sdl());
        model.roots.retain(|(kind, _)| *kind == "query");
        let mut chance = fastrand::Rng::with_seed(seed);
        let (mut told, mut roots) = (BTreeMap::new(), BTreeSet::new());
        for query in OUTRIGHT {
            for secret in self.told(token, &json!({ "query": query })).await.1 {
                told.entry(secret).or_insert_with(|| query.to_owned());
            }
        }
        for _ in 0..DOCUMENTS {
            let document = Writer::with_pool(&model, &mut chance, self.pool()).document();
            let name = document.operations[0].name.clone();
            let given = variables::values(&document.operations[0], &model, &mut chance);
            let query = document.to_string();
            let body = json!({"query": query, "operationName": name, "variables": given});
            let (answer, found) = self.told(token, &body).await;
            for secret in found {
                let answered = || format!("{body} -> {}", answer.body);
                told.entry(secret).or_insert_with(answered);
            }
            if answer.codes().is_empty() {
                roots.extend(document.root_fields());
            }
        }
        (told, roots)
    }

    /// Asks once, and gives the secrets that the answer tells.
    async fn told(&self, token: Option<&str>, body: &Value) -> (Answer, Vec<&'static str>) {
        let answer = self.hubs.api("a").send(token, body).await;
        check(&answer, body);
        let said = answer.body.to_string();
        let found = SECRETS.into_iter().filter(|secret| said.contains(secret));
        let found = found.collect();
        (answer, found)
    }
}

/// What holds for every answer, whatever was asked.
#[track_caller]
fn check(answer: &Answer, asked: &Value) {
    assert!(answer.status < 500, "{} to {asked}", answer.status);
    let codes = answer.codes();
    assert!(
        !codes.contains(&"INTERNAL_SERVER_ERROR"),
        "{} to {asked}",
        answer.body
    );
}

#[tokio::test]
async fn nobody_reads_what_is_not_theirs() {
    let planted = planted().await;
    let hubs = &planted.hubs;
    let token = async |name: &str, roles: Value| {
        let mut browser = signed_in(hubs, "a", name, roles).await;
        browser.token("MANAGE").await
    };
    let reader = token("pembaca", json!([{"role": "READER"}])).await;
    let foreign = json!([{"role": "CONTRIBUTOR", "agency": planted.agencies[1]}]);
    let foreign = token("asing", foreign).await;
    let steward = token("pembina", json!([{"role": "STEWARD"}])).await;
    let curator = token("kurator", json!([{"role": "CURATOR"}])).await;
    let operator = token("pengelola", json!([{"role": "OPERATOR"}])).await;

    let all = BTreeSet::from(SECRETS);
    for (who, token, may_read) in [
        ("anyone", None, BTreeSet::new()),
        ("a reader", Some(&reader), BTreeSet::from([NETWORK])),
        (
            "a contributor of another agency",
            Some(&foreign),
            BTreeSet::from([NETWORK]),
        ),
        (
            "a steward",
            Some(&steward),
            BTreeSet::from([NETWORK, HIDDEN]),
        ),
        (
            "a curator",
            Some(&curator),
            BTreeSet::from([NETWORK, DRAFT, PERSON, HIDDEN, PEER]),
        ),
        ("an operator", Some(&operator), all),
    ] {
        let (told, roots) = planted.ask(token.map(String::as_str), 5).await;
        let secrets: BTreeSet<_> = told.keys().copied().collect();
        assert_eq!(secrets, may_read, "what {who} was told: {told:#?}");
        assert!(
            roots.len() >= FEWEST_ROOTS,
            "{who} was answered only {roots:?}"
        );
    }
}
